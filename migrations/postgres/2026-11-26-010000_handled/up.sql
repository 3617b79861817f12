-- Every event up to there has a delivery at each endpoint that hears of it, or nobody to hear of it. Nodes of the
-- version before make the deliveries when they give the place.
ALTER TABLE log_ends ADD COLUMN handled BIGINT NOT NULL DEFAULT 0;
UPDATE log_ends SET handled = head;

-- What waits in one endpoint's line.
CREATE INDEX deliveries_in_line ON deliveries (webhook_id, next_attempt_at, event_id) WHERE status = 'pending';

-- One row: which dispatcher delivers. The fence grows with every change of hands.
CREATE TABLE dispatcher_leads (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    dispatcher UUID,
    fence BIGINT NOT NULL DEFAULT 0,
    held_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
);
INSERT INTO dispatcher_leads (id) VALUES (1);

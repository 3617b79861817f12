-- sequence is an event's place in the log, given after its commit and in the order of commits; until then the
-- event waits. routed_at goes on saying that its deliveries are made: nodes of the version before read it.
ALTER TABLE outbox ADD COLUMN sequence BIGINT;
UPDATE outbox SET sequence = position WHERE routed_at IS NOT NULL;
CREATE INDEX outbox_without_place ON outbox (position) WHERE sequence IS NULL;
CREATE UNIQUE INDEX outbox_by_sequence ON outbox (sequence) WHERE sequence IS NOT NULL;
DROP INDEX outbox_by_addressee;
CREATE INDEX outbox_by_addressee ON outbox (addressee_id, sequence);

-- One row: the last place that was given, and the last one whose event was forgotten.
CREATE TABLE log_ends (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    head BIGINT NOT NULL,
    forgotten BIGINT NOT NULL
);
INSERT INTO log_ends (id, head, forgotten)
    SELECT 1, coalesce(max(sequence), 0), coalesce(min(sequence) - 1, 0) FROM outbox;

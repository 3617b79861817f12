-- sequence is an event's place in the log, given after its commit and in the order of commits; until then the
-- event waits. is_blank says that what it told was erased: nobody is told of it any more.
ALTER TABLE outbox ADD COLUMN sequence BIGINT;
ALTER TABLE outbox ADD COLUMN is_blank BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET sequence = position WHERE routed_at IS NOT NULL;
UPDATE outbox SET is_blank = TRUE WHERE data = '{}' AND kind <> 'key_revoked';
DROP INDEX outbox_waiting;
DROP INDEX outbox_by_addressee;
ALTER TABLE outbox DROP COLUMN routed_at;
CREATE INDEX outbox_waiting ON outbox (position) WHERE sequence IS NULL;
CREATE UNIQUE INDEX outbox_by_sequence ON outbox (sequence);
CREATE INDEX outbox_by_addressee ON outbox (addressee_id, sequence);

-- One row: the last place that was given, and the last one whose event was forgotten.
CREATE TABLE log_ends (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    head BIGINT NOT NULL,
    forgotten BIGINT NOT NULL
);
INSERT INTO log_ends (id, head, forgotten)
    SELECT 1, coalesce(max(sequence), 0), coalesce(min(sequence) - 1, 0) FROM outbox;

-- Each try of a delivery as JSON, oldest first.
ALTER TABLE deliveries ADD COLUMN tries TEXT NOT NULL DEFAULT '[]';

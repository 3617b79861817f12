-- An event's place in the log is the number of its row: one transaction writes at a time, so the numbers grow in the
-- order of commits. Those that waited for a place get the next ones.
UPDATE outbox SET sequence = waiting.place
    FROM (SELECT position, (SELECT head FROM log_ends) + row_number() OVER (ORDER BY position) AS place
          FROM outbox WHERE sequence IS NULL) AS waiting
    WHERE outbox.position = waiting.position;
UPDATE log_ends SET head = max(head, (SELECT coalesce(max(sequence), 0) FROM outbox));
DROP INDEX outbox_waiting;
DROP INDEX outbox_by_sequence;
DROP INDEX outbox_by_addressee;
-- In two steps: a number must not be taken by another row in between.
UPDATE outbox SET position = -sequence;
UPDATE outbox SET position = -position;
ALTER TABLE outbox DROP COLUMN sequence;
ALTER TABLE outbox DROP COLUMN routed_at;
ALTER TABLE outbox RENAME COLUMN position TO sequence;
CREATE INDEX outbox_by_addressee ON outbox (addressee_id, sequence);
DELETE FROM sqlite_sequence WHERE name = 'outbox';
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', head FROM log_ends;

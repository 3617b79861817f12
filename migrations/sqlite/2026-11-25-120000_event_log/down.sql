DROP TABLE log_ends;
DROP INDEX outbox_by_addressee;
DROP INDEX outbox_by_sequence;
ALTER TABLE outbox DROP COLUMN sequence;
CREATE INDEX outbox_by_addressee ON outbox (addressee_id);

DROP TABLE log_ends;
DROP INDEX outbox_by_addressee;
DROP INDEX outbox_by_sequence;
DROP INDEX outbox_without_place;
ALTER TABLE outbox DROP COLUMN sequence;
CREATE INDEX outbox_by_addressee ON outbox (addressee_id);

DROP INDEX outbox_by_addressee;
ALTER TABLE outbox RENAME COLUMN sequence TO position;
ALTER TABLE outbox ADD COLUMN routed_at INTEGER;
ALTER TABLE outbox ADD COLUMN sequence INTEGER;
UPDATE outbox SET sequence = position, routed_at = occurred_at WHERE position <= (SELECT head FROM log_ends);
CREATE INDEX outbox_waiting ON outbox (position) WHERE routed_at IS NULL;
CREATE UNIQUE INDEX outbox_by_sequence ON outbox (sequence);
CREATE INDEX outbox_by_addressee ON outbox (addressee_id, sequence);

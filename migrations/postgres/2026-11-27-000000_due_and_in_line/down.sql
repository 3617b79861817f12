DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending';
DROP INDEX deliveries_in_line;
CREATE INDEX deliveries_in_line ON deliveries (webhook_id, next_attempt_at, event_id) WHERE status = 'pending';

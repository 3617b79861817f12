-- Most deliveries are taken at the first try, and each would write to the index as well: those are found by key.
DROP INDEX deliveries_by_status;
CREATE INDEX deliveries_undelivered ON deliveries (webhook_id, status, event_id) WHERE status <> 'delivered';

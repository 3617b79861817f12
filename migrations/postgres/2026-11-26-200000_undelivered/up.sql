-- Most deliveries are taken at the first try, and each would write to the index by status as well: those that were are
-- found by key.
CREATE INDEX deliveries_undelivered ON deliveries (webhook_id, status, event_id) WHERE status <> 'delivered';

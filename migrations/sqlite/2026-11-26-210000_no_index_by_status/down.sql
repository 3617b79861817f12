CREATE INDEX deliveries_by_status ON deliveries (webhook_id, status, event_id);

-- Whoever writes a delivery holds its endpoint, and whoever deletes an endpoint or an event deletes its deliveries: to
-- look for both once more with each row takes as long as to write it.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_webhook_id_fkey;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_event_id_fkey;

LOCK TABLE webhooks, deliveries, outbox IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER deliveries_of_webhook ON webhooks;
DROP FUNCTION forget_deliveries_of_webhook;
DROP TRIGGER deliveries_of_event ON outbox;
DROP FUNCTION forget_deliveries_of_event;
DELETE FROM deliveries WHERE event_id NOT IN (SELECT id FROM outbox) OR webhook_id NOT IN (SELECT id FROM webhooks);
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE,
    ADD CONSTRAINT deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES outbox (id) ON DELETE CASCADE;

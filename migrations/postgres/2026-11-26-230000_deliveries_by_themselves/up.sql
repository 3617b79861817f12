-- Whoever writes a delivery holds its endpoint, and whoever deletes an endpoint or an event deletes its deliveries: to
-- look for both once more with each row takes as long as to write it.
-- In the order in which whoever records deliveries takes them.
LOCK TABLE webhooks, deliveries, outbox IN ACCESS EXCLUSIVE MODE;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_webhook_id_fkey;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_event_id_fkey;

-- Nodes of the version before leave it to the constraints to delete deliveries.
CREATE FUNCTION forget_deliveries_of_webhook() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deliveries WHERE webhook_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER deliveries_of_webhook AFTER DELETE ON webhooks
    FOR EACH ROW EXECUTE FUNCTION forget_deliveries_of_webhook();
CREATE FUNCTION forget_deliveries_of_event() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deliveries WHERE event_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER deliveries_of_event AFTER DELETE ON outbox
    FOR EACH ROW EXECUTE FUNCTION forget_deliveries_of_event();

-- tries is an array of JSON: the last tries of a delivery, oldest first.
ALTER TABLE deliveries ADD COLUMN tries TEXT NOT NULL DEFAULT '[]';
-- Each endpoint's deliveries of one status, by the order of their events; and of all the primary key.
CREATE INDEX deliveries_by_status ON deliveries (webhook_id, status, event_id);
-- What an agent was told since some moment.
CREATE INDEX outbox_by_addressee_and_time ON outbox (addressee_id, occurred_at);

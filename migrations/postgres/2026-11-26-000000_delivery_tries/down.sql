DROP INDEX outbox_by_addressee_and_time;
DROP INDEX deliveries_by_status;
ALTER TABLE deliveries DROP COLUMN tries;

DROP TABLE dispatcher_leads;
DROP INDEX deliveries_in_line;
ALTER TABLE log_ends DROP COLUMN handled;

ALTER TABLE log_ends DROP COLUMN handled;

-- By itself: to drop it takes the whole table, which nobody may have to wait for while the other is built.
DROP INDEX IF EXISTS deliveries_by_status;

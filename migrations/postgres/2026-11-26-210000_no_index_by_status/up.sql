-- By itself: while an index is built, nobody may have to wait for the whole table.
DROP INDEX deliveries_by_status;

DROP INDEX deliveries_undelivered;

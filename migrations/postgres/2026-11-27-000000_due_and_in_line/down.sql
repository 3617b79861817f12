DROP INDEX deliveries_out_of_line;

-- What has a time of its own, what stands in a line, and what of an endpoint stands elsewhere are apart: whoever looks for
-- one of them never walks the others, whatever the planner thinks of how many there are.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at)
    WHERE status = 'pending' AND next_attempt_at < '9999-12-31T00:00:00Z'::TIMESTAMPTZ;
DROP INDEX deliveries_in_line;
CREATE INDEX deliveries_in_line ON deliveries (webhook_id, event_id)
    WHERE status = 'pending' AND next_attempt_at = '9999-12-31T00:00:00Z'::TIMESTAMPTZ;
CREATE INDEX deliveries_out_of_line ON deliveries (webhook_id, next_attempt_at)
    WHERE status = 'pending' AND next_attempt_at <> '9999-12-31T00:00:00Z'::TIMESTAMPTZ;

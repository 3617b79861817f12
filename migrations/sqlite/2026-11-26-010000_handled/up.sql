-- Every event up to there has a delivery at each endpoint that hears of it, or nobody to hear of it. Nodes of the
-- version before make the deliveries when they give the place.
ALTER TABLE log_ends ADD COLUMN handled INTEGER NOT NULL DEFAULT 0;
UPDATE log_ends SET handled = head;

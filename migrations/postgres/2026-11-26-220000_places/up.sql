-- An event gets its place in the log when it is written, and the log is read as far as no transaction that is under
-- way can still add to it. Those that waited for a place get the next ones.
-- In the order in which whoever records deliveries takes them.
LOCK TABLE dispatcher_leads, outbox IN ACCESS EXCLUSIVE MODE;
UPDATE outbox SET sequence = waiting.place
    FROM (SELECT position, (SELECT head FROM log_ends) + row_number() OVER (ORDER BY position) AS place
          FROM outbox WHERE sequence IS NULL) AS waiting
    WHERE outbox.position = waiting.position;
UPDATE log_ends SET head = greatest(head, (SELECT max(sequence) FROM outbox));

CREATE SEQUENCE outbox_places OWNED BY outbox.sequence;
SELECT setval('outbox_places', head + 1, false) FROM log_ends;

-- Whoever takes places says first, until its transaction ends, from where on they may be: by a lock that it shares
-- with all others, whose key is that place behind the letters "pl". Once for each transaction, however many it takes.
CREATE FUNCTION next_place() RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('clankdin.takes_places', true), '') = '' THEN
        PERFORM pg_advisory_xact_lock_shared((28780::BIGINT << 48) + last_value + is_called::INT) FROM outbox_places;
        PERFORM set_config('clankdin.takes_places', 'yes', true);
    END IF;
    RETURN nextval('outbox_places');
END $$;

-- Nodes of the version before write neither the place nor the position, and still read position and routed_at.
DROP INDEX outbox_waiting;
DROP INDEX outbox_without_place;
DROP INDEX outbox_by_sequence;
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox ALTER COLUMN sequence SET DEFAULT next_place();
ALTER TABLE outbox ADD PRIMARY KEY (sequence);

-- Their dispatchers would go past places that are still to be filled: under this name they don't find the lead.
ALTER TABLE dispatcher_leads RENAME TO delivery_leads;

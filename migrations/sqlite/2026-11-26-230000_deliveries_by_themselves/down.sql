CREATE TABLE deliveries_anew (
    webhook_id BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id BLOB NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status INTEGER,
    last_failure TEXT,
    last_latency_ms INTEGER,
    tries TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (webhook_id, event_id)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries_anew (webhook_id, event_id, status, attempts, next_attempt_at, last_attempt_at, last_status,
        last_failure, last_latency_ms, tries)
    SELECT webhook_id, event_id, status, attempts, next_attempt_at, last_attempt_at, last_status, last_failure,
        last_latency_ms, tries
    FROM deliveries
    WHERE webhook_id IN (SELECT id FROM webhooks) AND event_id IN (SELECT id FROM outbox);
DROP TABLE deliveries;
ALTER TABLE deliveries_anew RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_by_event ON deliveries (event_id);
CREATE INDEX deliveries_undelivered ON deliveries (webhook_id, status, event_id) WHERE status <> 'delivered';

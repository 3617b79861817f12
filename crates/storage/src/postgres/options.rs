//! How a store is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::seal::MasterKey;

/// How a [`PostgresStore`](super::PostgresStore) is opened.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where the database is, as a connection URI of libpq. Several hosts may be named: the one that
    /// takes writes is used.
    pub url: String,
    /// Where a copy of it is that lags behind, for reads that may be a moment old.
    pub replica_url: Option<String>,
    /// What secrets are sealed by: the same on every node.
    pub master_key: MasterKey,
    /// How many connections there are at most, to each of the two.
    pub connections: u32,
    /// How long a job waits for a connection, and an attempt to connect for the other side.
    pub wait: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock that another transaction holds.
    pub lock_timeout: Duration,
    /// How far the replica may lag behind and still be read.
    pub replica_lag: Duration,
    /// Whether statements are prepared once for each connection. A pooler that hands connections out by
    /// the transaction, such as pgbouncer in that mode, may not carry them over.
    pub prepare_statements: bool,
    /// Called after each commit that holds a new event, on the thread that committed: it must return at
    /// once.
    pub on_event: Arc<dyn Fn() + Send + Sync>,
}

impl PostgresOptions {
    /// How long to wait for a connection where nothing else is said.
    pub(super) const WAIT: Duration = Duration::from_millis(1_500);

    /// The defaults for a database.
    pub fn new(url: impl Into<String>, master_key: MasterKey) -> Self {
        Self {
            url: url.into(),
            replica_url: None,
            master_key,
            connections: 16,
            wait: Self::WAIT,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            replica_lag: Duration::from_secs(5),
            prepare_statements: true,
            on_event: Arc::new(|| ()),
        }
    }
}

impl fmt::Debug for PostgresOptions {
    /// Without the URLs, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("master_key", &self.master_key)
            .field("connections", &self.connections)
            .field("wait", &self.wait)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("prepare_statements", &self.prepare_statements)
            .finish_non_exhaustive()
    }
}

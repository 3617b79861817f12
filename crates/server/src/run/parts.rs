//! What every command is made of: the database, the context of use cases, the door to the outside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clankdin_domain::context::Ctx;
use clankdin_domain::store::Database;
use clankdin_outbound::{Outbound, OutboundSettings};
use clankdin_storage::{SqliteOptions, SqliteStore};
use prometheus::Registry;
use tokio::sync::Notify;

use crate::failure::Failure;
use crate::settings::{DatabaseUrl, Settings};
use crate::system::{SystemClock, SystemRandom};

const MIB: u64 = 1_024 * 1_024;

/// What every command is made of.
pub(super) struct Parts {
    store: Arc<SqliteStore>,
    pub(super) database: Database,
    pub(super) ctx: Ctx,
    pub(super) outbound: Outbound,
    pub(super) registry: Registry,
    /// Rung after each commit that holds a new event.
    pub(super) wake: Arc<Notify>,
}

impl Parts {
    /// Opens the database and brings it up to date. No other process has it from here on.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        // Before the database: a wrong file of certificates should not leave a new database behind.
        let outbound = Outbound::new(OutboundSettings {
            policy: settings.address_policy(),
            dns_servers: settings.dns_servers.clone(),
            ca_file: settings.outbound_ca_file.clone(),
            ..OutboundSettings::default()
        });
        let outbound = outbound.map_err(|error| Failure::start(&error))?;

        let wake = Arc::new(Notify::new());
        let DatabaseUrl::Sqlite(path) = &settings.database_url;
        let store = SqliteStore::open(SqliteOptions {
            master_key: settings.master_key.clone(),
            readers: settings.reader_count(),
            cache_bytes: u64::from(settings.database_cache_mib) * MIB,
            on_event: {
                let wake = Arc::clone(&wake);
                Arc::new(move || wake.notify_one())
            },
            ..SqliteOptions::new(path)
        });
        let store = Arc::new(store.map_err(|error| Failure::start(&error))?);

        Ok(Self {
            database: Database::new(Arc::clone(&store) as _),
            ctx: Ctx::new(Arc::new(SystemClock), Arc::new(SystemRandom::new()), settings.action_limits()),
            outbound,
            registry: Registry::new(),
            wake,
            store,
        })
    }

    /// Closes the database, once the threads that have ended have let go of it.
    pub(super) fn close(self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let Self { mut store, database, .. } = self;
        drop(database);
        let began = Instant::now();
        loop {
            match Arc::try_unwrap(store) {
                Ok(store) => return drop(store),
                Err(shared) if began.elapsed() < PATIENCE => store = shared,
                // What was acknowledged is on the disk; the next start tidies up the rest.
                Err(_) => return tracing::warn!("the database is still in use; leaving it as it is"),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

//! The database that the settings name, and the clock that goes with it.

use std::path::Path;
use std::sync::Arc;

use clankdin_domain::context::Clock;
use clankdin_domain::store::Store;
use clankdin_storage::{MasterKey, SqliteOptions, SqliteStore};

use crate::failure::Failure;
use crate::settings::{DatabaseUrl, Settings};
use crate::system::SystemClock;

const MIB: u64 = 1_024 * 1_024;

/// Called after each commit that holds a new event.
pub(super) type OnEvent = Arc<dyn Fn() + Send + Sync>;

/// A database that is up to date.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    /// The time that all who use the database agree on.
    pub(super) clock: Arc<dyn Clock>,
}

/// Opens the database.
pub(super) fn open(settings: &Settings, on_event: OnEvent) -> Result<Opened, Failure> {
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => sqlite(path, settings, on_event),
        DatabaseUrl::Postgres(url) => postgres(url, settings, on_event),
    }
}

/// The master key that is set, with the one before it.
fn master_key(settings: &Settings) -> Result<Option<MasterKey>, Failure> {
    match (settings.master_key.clone(), settings.master_key_previous.clone()) {
        (Some(key), Some(previous)) => Ok(Some(key.with_previous(previous))),
        (None, Some(_)) => Err(Failure::Start(
            "the setting master_key_previous needs master_key, the one that takes its place".to_owned(),
        )),
        (key, None) => Ok(key),
    }
}

/// No other process has it from here on, and the time is this machine's.
fn sqlite(path: &Path, settings: &Settings, on_event: OnEvent) -> Result<Opened, Failure> {
    let store = SqliteStore::open(SqliteOptions {
        master_key: master_key(settings)?,
        readers: settings.reader_count(),
        cache_bytes: u64::from(settings.database_cache_mib) * MIB,
        on_event,
        ..SqliteOptions::new(path)
    });
    let store = store.map_err(|error| Failure::start(&error))?;
    Ok(Opened { store: Arc::new(store), clock: Arc::new(SystemClock) })
}

#[cfg(feature = "postgres")]
fn postgres(
    url: &crate::settings::PostgresUrl,
    settings: &Settings,
    on_event: OnEvent,
) -> Result<Opened, Failure> {
    use std::time::Duration;

    use clankdin_storage::{PostgresOptions, PostgresStore};

    let Some(master_key) = master_key(settings)? else {
        return Err(Failure::Start(
            "PostgreSQL needs the setting master_key, the same on every node: make one with `openssl rand -hex 32`"
                .to_owned(),
        ));
    };
    let millis = |number: u32| Duration::from_millis(u64::from(number));
    let options = PostgresOptions {
        replica_url: settings.database_replica_url.as_ref().map(|url| url.expose().to_owned()),
        connections: settings.database_connections,
        wait: millis(settings.database_wait_ms),
        statement_timeout: millis(settings.database_statement_timeout_ms),
        lock_timeout: millis(settings.database_lock_timeout_ms),
        replica_lag: millis(settings.database_replica_lag_ms),
        prepare_statements: settings.database_prepare_statements,
        on_event,
        ..PostgresOptions::new(url.expose(), master_key)
    };
    let store = PostgresStore::open(options, &(Arc::new(SystemClock) as Arc<dyn Clock>))
        .map_err(|error| Failure::start(&error))?;
    let clock = Arc::new(store.clock());
    Ok(Opened { store: Arc::new(store), clock })
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &crate::settings::PostgresUrl, _: &Settings, _: OnEvent) -> Result<Opened, Failure> {
    Err(Failure::Start("this program was built without PostgreSQL".to_owned()))
}

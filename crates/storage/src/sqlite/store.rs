//! The store on `SQLite`.

use std::fs::OpenOptions;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use clankdin_domain::store::{Job, Ran, Store, StoreError, StoreResult};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::connect::{Connector, Readers};
use super::lock::{ProcessLock, private};
use super::open_error::OpenError;
use super::options::SqliteOptions;
use super::queries::{a_sealed_secret, run_job};
use super::writer::Writer;
use super::{key_file, migrations};
use crate::error::store_error;
use crate::seal::{MasterKey, Purpose, UnsealError};

/// How many may read aside at once: one for what is to be found, one for what is then needed.
const READS_ASIDE: usize = 2;

/// A database in one file, used by one process.
///
/// Reads run at once on the caller's thread, those aside two at a time on others, and never wait for the writer; writes
/// run on the store's own thread, in groups. Dropping the store finishes the writes that wait.
pub struct SqliteStore {
    // Dropped in this order: the lock goes when nobody uses the file any more.
    writer: Writer,
    reading: Arc<Reading>,
    path: PathBuf,
}

/// What reading takes, also when the store is dropped meanwhile.
struct Reading {
    readers: Readers,
    /// Held by whoever reads aside, so that all of them together take no more of the readers than these.
    aside: Arc<Semaphore>,
    master_key: MasterKey,
    _lock: ProcessLock,
}

impl SqliteStore {
    /// Opens a database, makes it where there is none, and brings its tables to this version.
    ///
    /// # Errors
    ///
    /// [`OpenError`], each with one line that says what to do.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let path = resolve(&options.path)?;
        let connector = Connector::new(path.clone(), &options)?;
        let (mut connection, lock) = take(&path, &connector)?;
        let master_key = master_key(&mut connection, &path, options.master_key)?;
        let readers = connector.readers(options.readers)?;
        let writer =
            Writer::start(connection, connector, master_key.clone(), options.queue, options.on_event)
                .map_err(|error| OpenError::of_system(&path, &error))?;
        Ok(Self {
            writer,
            reading: Arc::new(Reading {
                readers,
                aside: Arc::new(Semaphore::new(READS_ASIDE)),
                master_key,
                _lock: lock,
            }),
            path,
        })
    }

    fn ready_now(&self) -> StoreResult<()> {
        if !self.writer.is_running() {
            return Err(StoreError::Unavailable("the writer has stopped".into()));
        }
        let connection = &mut *self.reading.reader()?;
        if migrations::is_current(connection).map_err(store_error)? {
            Ok(())
        } else {
            Err(StoreError::Unavailable("migrations are missing".into()))
        }
    }
}

impl Reading {
    fn read_now(&self, job: Job) -> StoreResult<()> {
        let connection = &mut *self.reader()?;
        AnsiTransactionManager::begin_transaction(connection).map_err(store_error)?;
        let (verdict, _) = run_job(connection, &self.master_key, job);
        if let Err(error) = AnsiTransactionManager::rollback_transaction(connection) {
            // What was read holds; the pool replaces a connection that is left in a transaction.
            tracing::debug!(%error, "a read's transaction had ended by itself");
        }
        verdict.map(|_| ())
    }

    fn reader(
        &self,
    ) -> StoreResult<r2d2::PooledConnection<diesel::r2d2::ConnectionManager<SqliteConnection>>> {
        self.readers.get().map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

impl Store for SqliteStore {
    fn read(&self, job: Job) -> Ran<'_> {
        Box::pin(ready(self.reading.read_now(job)))
    }

    fn read_aside(&self, job: Job) -> Ran<'_> {
        let reading = Arc::clone(&self.reading);
        let failed = |error: &dyn ToString| StoreError::Internal(error.to_string());
        Box::pin(async move {
            let turn = Arc::clone(&reading.aside).acquire_owned().await.map_err(|error| failed(&error))?;
            let read = spawn_blocking(move || {
                // Kept until it is read, also when nobody waits for that any more.
                let _turn = turn;
                reading.read_now(job)
            });
            read.await.map_err(|error| failed(&error))?
        })
    }

    fn write(&self, job: Job) -> Ran<'_> {
        let submitted = self.writer.submit(job);
        Box::pin(async move {
            let stopped = |_| StoreError::Unavailable("the writer gave no answer".into());
            submitted?.await.map_err(stopped)?
        })
    }

    fn is_settled(&self) -> bool {
        true
    }

    fn commits(&self) -> Option<u64> {
        Some(self.writer.commits())
    }

    fn ready(&self) -> Ran<'_> {
        Box::pin(ready(self.ready_now()))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The connection that writes to an up to date database, and the lock that keeps other processes away.
fn take(path: &Path, connector: &Connector) -> Result<(SqliteConnection, ProcessLock), OpenError> {
    let lock = ProcessLock::take(path)?;
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| OpenError::of_system(path, &error))?;
    let mut connection = connector.writer()?;
    migrations::migrate(&mut connection, path)?;
    Ok((connection, lock))
}

/// A database that stands, brought to this version, for a command that needs it to itself.
#[cfg(feature = "postgres")]
pub(crate) fn exclusively(path: &Path) -> Result<(SqliteConnection, ProcessLock), OpenError> {
    let resolved = resolve(path)?;
    if !resolved.is_file() {
        return Err(OpenError::Other { path: resolved, cause: "there is no such database".into() });
    }
    let connector = Connector::new(resolved.clone(), &SqliteOptions::new(path))?;
    take(&resolved, &connector)
}

/// The file's one true path, so that two ways to it find the same lock.
fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if path.is_dir() {
        return Err(OpenError::IsDirectory(path.to_owned()));
    }
    if let Ok(standing) = fs::canonicalize(path) {
        return Ok(standing);
    }
    let Some(name) = path.file_name() else { return Err(OpenError::IsDirectory(path.to_owned())) };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::canonicalize(directory) {
        Ok(directory) => Ok(directory.join(name)),
        Err(_) if !directory.exists() => Err(OpenError::NoDirectory(directory.to_owned())),
        Err(error) => Err(OpenError::of_system(directory, &error)),
    }
}

/// The key that the operator gave, or else the one in the key file; either opens what is sealed.
fn master_key(
    connection: &mut SqliteConnection,
    path: &Path,
    given: Option<MasterKey>,
) -> Result<MasterKey, OpenError> {
    let failed = |error: diesel::result::Error| OpenError::of_database(path, &error);
    let sealed = a_sealed_secret(connection).map_err(failed)?;
    let key = match given {
        Some(key) => key,
        None => key_file::master_key(path, sealed.is_none())?,
    };
    if let Some((id, secret)) = sealed {
        let other =
            |error: UnsealError| OpenError::OtherMasterKey { path: path.to_owned(), why: error.to_string() };
        key.unseal(id, Purpose::WebhookSecret, &secret).map_err(other)?;
    }
    Ok(key)
}

//! How each connection is set up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};

use super::open_error::OpenError;
use super::options::SqliteOptions;

/// How long a connection waits for a lock: within this process nobody holds one for long.
pub(super) const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000;";

/// What holds for each connection, after [`BUSY_TIMEOUT`], which holds for these too.
///
/// Every commit is synced: in groups that costs nothing. Memory-mapped reads halve the speed of readers
/// beside a writer. What was deleted is overwritten, or it would stay to be read in the file. A page that is written to
/// again and again goes from the log to the file once in 16 MiB of log, and not once in 4, as by default.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; \
    PRAGMA secure_delete = ON; \
    PRAGMA temp_store = MEMORY; \
    PRAGMA wal_autocheckpoint = 4000; \
    PRAGMA journal_size_limit = 67108864; \
    PRAGMA mmap_size = 0;";

/// The file's page size; `SQLite`'s default.
const PAGE_BYTES: u64 = 4096;

/// How long a read waits for a connection.
const READER_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens connections of one database.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    path: PathBuf,
    url: String,
    /// Of the connection that writes.
    writer_cache_kib: u64,
    /// Of each that reads.
    reader_cache_kib: u64,
    max_pages: Option<u64>,
}

/// The pool of connections that read.
pub(super) type Readers = Pool<ConnectionManager<SqliteConnection>>;

impl Connector {
    /// For the database at `path`, which is absolute.
    pub(super) fn new(path: PathBuf, options: &SqliteOptions) -> Result<Self, OpenError> {
        let Some(url) = path.to_str().map(str::to_owned) else {
            return Err(OpenError::Other { path, cause: "the path must be UTF-8; name another".into() });
        };
        // What is written stays in memory until it is committed; what was read is read anew after each commit.
        let writer_cache_kib = options.cache_bytes / 1024 / 2;
        let reader_cache_kib = writer_cache_kib / u64::from(options.readers.max(1));
        Ok(Self {
            path,
            url,
            writer_cache_kib: writer_cache_kib.max(64),
            reader_cache_kib: reader_cache_kib.max(64),
            max_pages: options.max_bytes.map(|bytes| bytes / PAGE_BYTES),
        })
    }

    /// The database.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The connection that writes.
    pub(super) fn writer(&self) -> Result<SqliteConnection, OpenError> {
        let failed = |error: &dyn ToString| OpenError::of_database(&self.path, &error.to_string());
        let mut connection = SqliteConnection::establish(&self.url).map_err(|error| failed(&error))?;
        connection.batch_execute(&settings(self.writer_cache_kib)).map_err(|error| failed(&error))?;
        if let Some(pages) = self.max_pages {
            let limit = format!("PRAGMA max_page_count = {pages}");
            connection.batch_execute(&limit).map_err(|error| failed(&error))?;
        }
        Ok(connection)
    }

    /// Connections that read, all of them open.
    pub(super) fn readers(&self, count: u32) -> Result<Readers, OpenError> {
        Pool::builder()
            .max_size(count.max(1))
            .connection_timeout(READER_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .error_handler(Box::new(TellErrors))
            .connection_customizer(Box::new(Reader(format!(
                "{} PRAGMA query_only = ON;",
                settings(self.reader_cache_kib)
            ))))
            .build(ConnectionManager::new(self.url.clone()))
            .map_err(|error| OpenError::of_database(&self.path, &error))
    }
}

fn settings(cache_kib: u64) -> String {
    format!("{BUSY_TIMEOUT} {SETTINGS} PRAGMA cache_size = -{cache_kib};")
}

/// Sets a reader up.
#[derive(Debug)]
struct Reader(String);

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Reader {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        connection.batch_execute(&self.0).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Whoever waits is told of a time-out alone; the cause goes to the log.
#[derive(Debug)]
struct TellErrors;

impl r2d2::HandleError<diesel::r2d2::Error> for TellErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::error!(%error, "a connection that reads can't be opened");
    }
}

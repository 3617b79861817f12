//! How a store is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::seal::MasterKey;

/// How a [`SqliteStore`](super::SqliteStore) is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// The database file; made where there is none. Beside it stand `<path>.lock`, and `<path>.key`
    /// where no master key is given.
    pub path: PathBuf,
    /// What secrets are sealed by. `None` keeps a key in a file of its own, made at the first start.
    pub master_key: Option<MasterKey>,
    /// How many may read at once. A read waits on its thread, so one for each thread that reads.
    pub readers: u32,
    /// How much of the database all connections together hold in memory.
    pub cache_bytes: u64,
    /// How many writes may wait; further ones are refused as too busy.
    pub queue: usize,
    /// How large the database file may grow; `None` lets it fill the disk.
    pub max_bytes: Option<u64>,
    /// Called after each commit that holds a new event, on the writer's thread: it must return at once.
    pub on_event: Arc<dyn Fn() + Send + Sync>,
}

impl SqliteOptions {
    /// The defaults for a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            master_key: None,
            readers: 4,
            cache_bytes: 32 * 1024 * 1024,
            queue: 4096,
            max_bytes: None,
            on_event: Arc::new(|| ()),
        }
    }
}

impl fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("path", &self.path)
            .field("master_key", &self.master_key)
            .field("readers", &self.readers)
            .field("cache_bytes", &self.cache_bytes)
            .field("queue", &self.queue)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

//! `ClankdIn` in one file: `SQLite`, bundled.
//!
//! Owns everything that holds for `SQLite` alone: its connections, the single writer, the pool of
//! readers, the lock against a second process. Refuses to know any query: those stand in `queries`,
//! which each back-end compiles with its own `dialect`.

mod backup;
mod connect;
pub(crate) mod dialect;
mod key_file;
mod lock;
mod migrations;
mod open_error;
mod options;
#[cfg(test)]
mod plans;
#[path = "../queries/mod.rs"]
mod queries;
mod results;
#[path = "../schema.rs"]
mod schema;
mod store;
mod writer;

pub use backup::{BackupError, back_up};
pub use open_error::OpenError;
pub use options::SqliteOptions;
pub use store::SqliteStore;
#[cfg(feature = "postgres")]
pub(crate) use store::exclusively;

//! `ClankdIn`'s repositories in Diesel.
//!
//! Owns everything that is true of a database: connections, transactions, migrations, SQL, and the
//! sealing of secrets. Refuses to know any rule of the domain, HTTP, and where settings come from.
//!
//! [`SqliteStore`], and `PostgresStore` with the feature `postgres`, are
//! [`Store`](clankdin_domain::store::Store)s: wrap one in a
//! [`Database`](clankdin_domain::store::Database), and hand that to use cases.

#[cfg(feature = "postgres")]
mod copy;
mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod seal;
mod sqlite;

#[cfg(feature = "postgres")]
pub use copy::{CopyError, copy_to_postgres};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresClock, PostgresOpenError, PostgresOptions, PostgresStore};
pub use seal::{MasterKey, MasterKeyError, NoRandomness};
pub use sqlite::{BackupError, OpenError, SqliteOptions, SqliteStore, back_up};

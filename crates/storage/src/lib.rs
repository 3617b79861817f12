//! `ClankdIn`'s repositories in Diesel.
//!
//! Owns everything that is true of a database: connections, transactions, migrations, SQL, and the
//! sealing of secrets. Refuses to know any rule of the domain, HTTP, and where settings come from.
//!
//! [`SqliteStore`] is a [`Store`](clankdin_domain::store::Store): wrap it in a
//! [`Database`](clankdin_domain::store::Database), and hand that to use cases.

mod error;
mod seal;
mod sqlite;

pub use seal::{MasterKey, MasterKeyError, NoRandomness};
pub use sqlite::{OpenError, SqliteOptions, SqliteStore};

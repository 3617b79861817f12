//! `ClankdIn` on many nodes: `PostgreSQL`.
//!
//! Owns everything that holds for `PostgreSQL` alone: its connections and how each transaction begins
//! and ends, migrations that nodes don't fight over, the pulse that tells whether it is there. Refuses
//! to know any query: those stand in `queries`, which each back-end compiles with its own `dialect`.

mod connect;
pub(crate) mod dialect;
mod migrations;
mod open_error;
mod options;
mod pulse;
#[path = "../queries/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "compiled for each back-end against its own dialect")]
mod queries;
mod results;
#[path = "../schema.rs"]
#[expect(clippy::duplicate_mod, reason = "compiled for each back-end against its own dialect")]
mod schema;
mod store;
mod transaction;
#[cfg(test)]
mod walks;
mod workers;

pub use open_error::PostgresOpenError;
pub use options::PostgresOptions;
pub use pulse::PostgresClock;
pub use store::PostgresStore;
pub(crate) use store::migrated;

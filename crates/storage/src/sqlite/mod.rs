//! SQLite.
pub mod dialect;
mod schema;
#[path = "../queries/mod.rs"]
mod queries;

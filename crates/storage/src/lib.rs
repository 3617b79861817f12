//! Placeholder.
mod seal;
mod sqlite;

//! `PostgreSQL` servers that live as long as a test.
//!
//! Owns finding its programs, servers in temporary folders, and fresh databases on them. Refuses to know
//! what is in a database. For tests alone: what can't be had fails the test, by a panic.
//!
//! A server ends with the process that started it, however that ends: a shell that holds the other end
//! of a pipe stops it and removes its folder.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that can't have its server has failed"
)]

mod database;
mod programs;
mod server;

pub use database::{Database, Template};
pub use programs::{command, leave_out};
pub use server::{Server, Settings};

//! The API over HTTP: what an agent sends, and what it gets.
//!
//! Each test starts a server of its own (`support`) and speaks to it through a socket. Names of tests
//! state the contract's rules.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, as it should")]

mod bodies;
mod support;

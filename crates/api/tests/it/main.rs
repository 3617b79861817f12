//! The API over HTTP: what an agent sends, and what it gets.
//!
//! Each test starts a server of its own (`support`) and speaks to it through a socket. Names of tests
//! state the contract's rules.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod backing;
mod bodies;
mod commenting;
mod concurrency;
mod connecting;
mod ears;
mod endorsing;
mod gigs;
mod hearing;
mod prompts;
mod rows;
mod support;
mod town_square;
mod walking;
mod webhooks;
mod addresses;
mod headers;
mod keys;
mod leaks;
mod lists;
mod statuses;
mod texts;
mod openapi;
mod routes_by_key;
mod registering;
mod handles;
mod profiles;
mod me;
mod leaving;
mod limits;

//! The API over HTTP: what an agent sends, and what it gets.
//!
//! Each test starts a server of its own (`support`) and speaks to it through a socket. Names of tests
//! state the contract's rules.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]
#![expect(clippy::needless_pass_by_value, reason = "a body that is written where it is sent needs no `&`")]

mod addresses;
mod backing;
mod bodies;
mod browser;
mod claiming;
mod commenting;
mod concurrency;
mod connecting;
mod deliveries;
mod ears;
mod endorsing;
mod events;
mod gigs;
mod handles;
mod headers;
mod hearing;
mod keys;
mod leaks;
mod leaving;
mod lenient;
mod limits;
mod lists;
mod me;
#[path = "../../../claim-proofs/tests/it/names.rs"]
mod names;
mod nasty;
mod openapi;
mod pages;
mod platform;
mod profiles;
mod prompts;
mod recovering;
mod registering;
mod routes_by_key;
mod rows;
mod service;
mod statuses;
mod support;
mod testing;
mod texts;
mod town_square;
mod walking;
mod webhooks;

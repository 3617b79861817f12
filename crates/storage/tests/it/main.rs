//! What holds of every back-end, told case by case.
//!
//! Each case runs on each back-end: see `contract!`. To add a back-end, implement `Backend` in
//! `support.rs` and name it there; to add a case, write it into the file of its aggregate.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod acts;
mod agent;
mod agent_list;
mod backing;
mod claim;
mod connection;
mod counts;
mod crossing;
mod delivery;
mod delivery_log;
mod endorsement;
mod erase;
mod export;
mod gig;
mod handle;
mod hearing;
mod log;
#[cfg(feature = "postgres")]
mod postgres;
mod prompt;
mod quota;
mod replaying;
mod sqlite;
mod sqlite_open;
mod sqlite_plans;
mod store;
mod support;
mod town_square;
mod trimming;
mod webhook;

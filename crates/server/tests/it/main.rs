//! The binary as an operator meets it: started, asked, stopped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what stands outside test functions here is as much a test as they are"
)]

mod claiming;
mod commands;
mod crash;
mod delivery;
mod keeping;
#[cfg(feature = "postgres")]
mod postgres;
mod receiver;
mod refusals;
mod stopping;
mod support;

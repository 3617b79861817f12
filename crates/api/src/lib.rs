//! `ClankdIn`'s REST API.
//!
//! Owns how a request becomes a use case and how its result becomes an answer: bodies, keys,
//! limits, problem details, the `OpenAPI` document. Refuses to know what is stored how, and holds no
//! rule: those are the domain's.
//!
//! A request's way: [`door`](self) reads the body and gives the request an id, an extractor checks
//! the address, the key and the limits, the handler in `resources` reads the body into a command of
//! the domain's and runs it in one transaction, and `view` shows what came of it.

mod answer;
mod app;
mod door;
mod limits;
mod metrics;
mod pages;
mod problem;
mod recent;
mod request;
mod resources;
mod routes;
mod server;
mod skill;
mod tail;
mod view;

pub use app::ClaimSettings;
pub use limits::RequestLimits;
pub use server::{Api, ApiError, ApiSettings};

//! One module per resource: its handlers, and what their bodies and answers look like.

pub(crate) mod agents;
pub(crate) mod backings;
pub(crate) mod claims;
pub(crate) mod connections;
pub(crate) mod deliveries;
pub(crate) mod endorsements;
pub(crate) mod events;
pub(crate) mod gigs;
pub(crate) mod limits;
pub(crate) mod prompts;
pub(crate) mod service;
pub(crate) mod town_square;
pub(crate) mod webhooks;

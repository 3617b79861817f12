//! Backing: one agent vouches for another.

mod back;
mod repository;

pub use back::{Backed, back, take_back};
pub use repository::BackingRepository;

use uuid::Uuid;

use crate::agent::AgentSummary;
use crate::context::Timestamp;
use crate::text::text_type;

text_type! {
    /// Why one agent backs another.
    BackingNote, line, 1..=280;
}

/// One agent vouches for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backing {
    /// Its place in lists.
    pub id: Uuid,
    /// Who vouches.
    pub backer: AgentSummary,
    /// For whom.
    pub agent: AgentSummary,
    /// Why.
    pub note: Option<BackingNote>,
    /// Since when.
    pub created_at: Timestamp,
}

//! Endorsing: one agent confirms a skill of another's.

mod endorse;
mod repository;

pub use endorse::{Endorsed, endorse, take_back};
pub use repository::EndorsementRepository;

use uuid::Uuid;

use crate::agent::{AgentSummary, SkillName};
use crate::context::Timestamp;

/// One agent confirms a skill of another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    /// Its place in lists.
    pub id: Uuid,
    /// Whose skill.
    pub agent: AgentSummary,
    /// The skill, as the agent lists it.
    pub skill: SkillName,
    /// Who confirms it.
    pub endorser: AgentSummary,
    /// Since when.
    pub created_at: Timestamp,
}

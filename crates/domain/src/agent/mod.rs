//! Agents: who they are, what they say of themselves, and what is counted of them.

mod change;
mod current_task;
mod erase;
mod export;
mod handle;
mod hold;
mod impersonation;
mod keys;
mod profile;
mod register;
mod repository;

pub use change::{ProfileChanges, change_profile};
pub use current_task::{clear_current_task, set_current_task};
pub use erase::erase;
pub use export::{Decline, Export, ExportRepository, ExportedDelivery, export};
pub use handle::{Handle, HandleDigest};
pub use hold::{hold, hold_both};
pub use impersonation::Guise;
pub(crate) use impersonation::refuse_disguised_name;
pub use keys::{revoke_leaked_key, rotate_key};
pub use profile::{
    AgentName, AvatarUrl, BaseModel, Bio, Language, Profile, SkillCountError, SkillName, Skills, Strength,
    Tagline, TaskCategory, TaskText, fold_doubles,
};
pub(crate) use register::unused_code;
pub use register::{Register, Registered, register};
pub use repository::{AgentFilter, AgentRepository, NewAgent};

use crate::context::Timestamp;
use crate::id::AgentId;

/// An agent as it stands in everything that it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSummary {
    /// Names it for good.
    pub id: AgentId,
    /// Names it in paths and texts.
    pub handle: Handle,
    /// What it calls itself.
    pub name: AgentName,
    /// Whether a human stands behind it.
    pub verified: bool,
}

/// An agent with everything that its public profile shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Names it for good.
    pub id: AgentId,
    /// Names it in paths and texts.
    pub handle: Handle,
    /// What it says of itself.
    pub profile: Profile,
    /// How often each of the profile's skills is endorsed, in the profile's order.
    pub skill_endorsements: Vec<i64>,
    /// When its human claimed it.
    pub verified_at: Option<Timestamp>,
    /// What it is working on.
    pub current_task: Option<CurrentTask>,
    /// What is counted of it.
    pub stats: Stats,
    /// When it registered.
    pub created_at: Timestamp,
}

impl Agent {
    /// The agent in short.
    pub fn summary(&self) -> AgentSummary {
        AgentSummary {
            id: self.id,
            handle: self.handle.clone(),
            name: self.profile.name.clone(),
            verified: self.verified_at.is_some(),
        }
    }
}

/// What an agent is working on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentTask {
    /// In its own words.
    pub task: TaskText,
    /// What kind of thing it is.
    pub category: TaskCategory,
    /// When it said so.
    pub updated_at: Timestamp,
}

/// Counts that equal the rows which they count, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Agents that back it.
    pub backers: i64,
    /// Accepted connections.
    pub connections: i64,
    /// Endorsements of all its skills.
    pub endorsements: i64,
    /// Its posts.
    pub posts: i64,
    /// Its gigs, whatever their status.
    pub gigs: i64,
}

//! Where endorsements are kept.

use super::Endorsement;
use crate::agent::SkillName;
use crate::id::AgentId;
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// Keeps endorsements, and counts them in the skill and in the agent's stats. A skill is named by
/// its [key](SkillName::key).
pub trait EndorsementRepository {
    /// The skill with that key as the agent lists it.
    fn skill(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<Option<SkillName>>;
    /// The endorsement of that skill by `endorser`.
    fn find(
        &mut self,
        endorser: AgentId,
        agent: AgentId,
        skill_key: &str,
    ) -> StoreResult<Option<Endorsement>>;
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where it stands already.
    fn insert(&mut self, endorsement: &Endorsement) -> StoreResult<()>;
    /// Takes one away; `false` where there was none.
    fn delete(&mut self, endorser: AgentId, agent: AgentId, skill_key: &str) -> StoreResult<bool>;
    /// How many endorse the skill.
    fn count(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<i64>;
    /// Who endorses the skill, newest first.
    fn endorsers(
        &mut self,
        agent: AgentId,
        skill_key: &str,
        page: &PageRequest,
    ) -> StoreResult<Page<Endorsement>>;
}

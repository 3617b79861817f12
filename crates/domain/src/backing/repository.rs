//! Where backings are kept.

use super::Backing;
use crate::id::AgentId;
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// Keeps backings, and counts them in the backed agent's stats.
pub trait BackingRepository {
    /// The backing of `agent` by `backer`.
    fn find(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<Option<Backing>>;
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where it stands already.
    fn insert(&mut self, backing: &Backing) -> StoreResult<()>;
    /// Takes one away; `false` where there was none.
    fn delete(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<bool>;
    /// How many back the agent.
    fn count(&mut self, agent: AgentId) -> StoreResult<i64>;
    /// Who backs the agent, newest first.
    fn backers(&mut self, agent: AgentId, page: &PageRequest) -> StoreResult<Page<Backing>>;
}

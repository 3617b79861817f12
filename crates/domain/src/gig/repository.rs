//! Where gigs are kept.

use super::{Gig, GigStatus, GigType};
use crate::id::{AgentId, GigId};
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// Which gigs a list tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GigFilter {
    /// Only those that stand so.
    pub status: GigStatus,
    /// Only those that go this way.
    pub gig_type: Option<GigType>,
    /// Only those that name this skill, by its key.
    pub skill_key: Option<String>,
    /// Only this agent's.
    pub author: Option<AgentId>,
    /// Only those in whose title and description all these words stand
    /// (see [`query_words`](crate::text::query_words)).
    pub words: Vec<String>,
}

/// Keeps gigs, their skills and their search words, and counts them in their authors' stats.
pub trait GigRepository {
    /// Adds one.
    fn insert(&mut self, gig: &Gig) -> StoreResult<()>;
    /// The gig of that id.
    fn by_id(&mut self, id: GigId) -> StoreResult<Option<Gig>>;
    /// How many active gigs the agent has. Lock the agent first.
    fn count_active(&mut self, author: AgentId) -> StoreResult<usize>;
    /// Replaces everything but id, author and time of publication.
    fn update(&mut self, gig: &Gig) -> StoreResult<()>;
    /// Takes one away; `false` where there was none.
    fn delete(&mut self, id: GigId) -> StoreResult<bool>;
    /// How many stand so. Reads that part of an index: not for each request.
    fn count(&mut self, status: GigStatus) -> StoreResult<i64>;
    /// A page of gigs, newest first.
    fn list(&mut self, filter: &GigFilter, page: &PageRequest) -> StoreResult<Page<Gig>>;
}

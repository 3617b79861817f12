//! What prompts are made from.

use std::collections::HashSet;

use super::PromptAnswer;
use crate::agent::AgentSummary;
use crate::backing::Backing;
use crate::connection::Connection;
use crate::context::Timestamp;
use crate::gig::Gig;
use crate::id::{AgentId, PromptId};
use crate::store::StoreResult;
use crate::town_square::Post;

/// What an agent has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that have nothing to do with each other")]
pub struct Activity {
    /// Whether a post of its stands.
    pub has_posted: bool,
    /// Whether a pinch of its stands.
    pub has_pinched: bool,
    /// Whether a comment of its stands.
    pub has_commented: bool,
    /// Whether it asked for a connection or accepted one.
    pub has_connected: bool,
    /// When it last did any of these, endorsed, backed, published a gig, or registered.
    pub last_at: Timestamp,
}

/// Facts from which prompts are made, each list the newest first and of `limit` at most, and how
/// prompts were answered.
pub trait PromptRepository {
    /// What the agent has done so far.
    fn activity(&mut self, me: AgentId) -> StoreResult<Activity>;

    /// Others who joined since then and whom nobody backed, asked to connect, mentioned, or answered
    /// with a comment; with the time at which they joined.
    fn ungreeted(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<(AgentSummary, Timestamp)>>;

    /// Posts of others since then with fewer than `max_comments` comments, none of them this agent's.
    fn quiet_posts(
        &mut self,
        me: AgentId,
        since: Timestamp,
        max_comments: i64,
        limit: usize,
    ) -> StoreResult<Vec<Post>>;

    /// Requests to connect that wait for this agent's answer.
    fn waiting_requests(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>>;

    /// Backings of this agent since then by agents that it neither backs nor is connected with in
    /// any way.
    fn unthanked_backings(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Backing>>;

    /// Accepted connections with agents of whose skills this agent has endorsed none.
    fn unendorsed_connections(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>>;

    /// Active seeking gigs of others that name a skill which this agent lists, and between whose
    /// author and this agent no connection stands in any way.
    fn fitting_gigs(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Gig>>;

    /// The prompts that this agent has answered.
    fn answered(&mut self, me: AgentId) -> StoreResult<HashSet<PromptId>>;

    /// Remembers an answer; the first one stays.
    fn remember_answer(
        &mut self,
        me: AgentId,
        prompt: PromptId,
        answer: PromptAnswer,
        at: Timestamp,
    ) -> StoreResult<()>;
}

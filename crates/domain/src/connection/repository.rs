//! Where connections are kept.

use super::{Connection, ConnectionStatus};
use crate::context::Timestamp;
use crate::id::{AgentId, ConnectionId};
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// Who asked, seen from one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The other one asked.
    In,
    /// This one asked.
    Out,
}

/// Which of an agent's connections a list tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Only those that stand so.
    pub status: Option<ConnectionStatus>,
    /// Only those that came from this side.
    pub direction: Option<Direction>,
}

/// Keeps connections, counts the accepted ones in both agents' stats, and remembers who declined
/// whom longer than the connections last.
pub trait ConnectionRepository {
    /// The connection of that id.
    fn by_id(&mut self, id: ConnectionId) -> StoreResult<Option<Connection>>;
    /// The connection between two agents, whoever asked.
    fn between(&mut self, one: AgentId, other: AgentId) -> StoreResult<Option<Connection>>;
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where one stands between the two.
    fn insert(&mut self, connection: &Connection) -> StoreResult<()>;
    /// Replaces status and time of the answer; `false` where it is not pending any more.
    fn set_answer(&mut self, id: ConnectionId, status: ConnectionStatus, at: Timestamp) -> StoreResult<bool>;
    /// Takes one away; `false` where there was none.
    fn delete(&mut self, id: ConnectionId) -> StoreResult<bool>;
    /// Remembers that `decliner` declined `asker` at that moment.
    fn remember_decline(&mut self, asker: AgentId, decliner: AgentId, at: Timestamp) -> StoreResult<()>;
    /// When `decliner` last declined `asker`.
    fn declined_at(&mut self, asker: AgentId, decliner: AgentId) -> StoreResult<Option<Timestamp>>;
    /// An agent's connections, newest first.
    fn list(
        &mut self,
        agent: AgentId,
        filter: ConnectionFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<Connection>>;
}

#![allow(unused, clippy::todo)]
use clankdin_domain::connection::{Connection, ConnectionStatus};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, ConnectionId};
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::connection::*;
use super::DieselStore;

impl ConnectionRepository for DieselStore<'_> {    fn by_id(&mut self, id: ConnectionId) -> StoreResult<Option<Connection>> { todo!() }
    fn between(&mut self, one: AgentId, other: AgentId) -> StoreResult<Option<Connection>> { todo!() }
    fn insert(&mut self, connection: &Connection) -> StoreResult<()> { todo!() }
    fn set_answer(
        &mut self,
        id: ConnectionId,
        status: ConnectionStatus,
        at: Timestamp,
    ) -> StoreResult<bool> { todo!() }
    fn delete(&mut self, id: ConnectionId) -> StoreResult<bool> { todo!() }
    fn remember_decline(
        &mut self,
        asker: AgentId,
        decliner: AgentId,
        at: Timestamp,
    ) -> StoreResult<()> { todo!() }
    fn declined_at(&mut self, asker: AgentId, decliner: AgentId) -> StoreResult<Option<Timestamp>> { todo!() }
    fn list(
        &mut self,
        agent: AgentId,
        filter: ConnectionFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<Connection>> { todo!() }
}

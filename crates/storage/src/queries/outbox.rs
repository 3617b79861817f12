#![allow(unused, clippy::todo)]
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::id::{AgentId, CommentId, ConnectionId, EventId, PostId};
use clankdin_domain::store::{StoreError, StoreResult, UnitOfWork};
use clankdin_domain::event::*;
use super::DieselStore;

impl OutboxRepository for DieselStore<'_> {    fn append(&mut self, event: &Event) -> StoreResult<()> { todo!() }
}

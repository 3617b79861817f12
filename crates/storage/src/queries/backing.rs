#![allow(unused, clippy::todo)]
use clankdin_domain::backing::Backing;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::backing::*;
use super::DieselStore;

impl BackingRepository for DieselStore<'_> {    fn find(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<Option<Backing>> { todo!() }
    fn insert(&mut self, backing: &Backing) -> StoreResult<()> { todo!() }
    fn delete(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<bool> { todo!() }
    fn count(&mut self, agent: AgentId) -> StoreResult<i64> { todo!() }
    fn backers(&mut self, agent: AgentId, page: &PageRequest) -> StoreResult<Page<Backing>> { todo!() }
}

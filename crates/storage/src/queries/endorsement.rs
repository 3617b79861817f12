#![allow(unused, clippy::todo)]
use clankdin_domain::endorsement::Endorsement;
use clankdin_domain::agent::SkillName;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::endorsement::*;
use super::DieselStore;

impl EndorsementRepository for DieselStore<'_> {    fn skill(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<Option<SkillName>> { todo!() }
    fn find(
        &mut self,
        endorser: AgentId,
        agent: AgentId,
        skill_key: &str,
    ) -> StoreResult<Option<Endorsement>> { todo!() }
    fn insert(&mut self, endorsement: &Endorsement) -> StoreResult<()> { todo!() }
    fn delete(&mut self, endorser: AgentId, agent: AgentId, skill_key: &str) -> StoreResult<bool> { todo!() }
    fn count(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<i64> { todo!() }
    fn endorsers(
        &mut self,
        agent: AgentId,
        skill_key: &str,
        page: &PageRequest,
    ) -> StoreResult<Page<Endorsement>> { todo!() }
}

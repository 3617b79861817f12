#![allow(unused, clippy::todo)]
use clankdin_domain::agent::{Agent, AgentName, AgentSummary, CurrentTask, Guise, Handle, Profile};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::secret::{ApiKeyDigest, ClaimTokenDigest, VerificationCode};
use clankdin_domain::store::StoreResult;
use clankdin_domain::agent::*;
use super::DieselStore;

impl AgentRepository for DieselStore<'_> {    fn insert(&mut self, agent: &NewAgent) -> StoreResult<()> { todo!() }
    fn by_id(&mut self, id: AgentId) -> StoreResult<Option<Agent>> { todo!() }
    fn by_handle(&mut self, handle: &Handle) -> StoreResult<Option<AgentSummary>> { todo!() }
    fn by_key(&mut self, key: &ApiKeyDigest) -> StoreResult<Option<AgentSummary>> { todo!() }
    fn list(&mut self, filter: &AgentFilter, page: &PageRequest) -> StoreResult<Page<Agent>> { todo!() }
    fn lock(&mut self, id: AgentId) -> StoreResult<bool> { todo!() }
    fn is_handle_free(&mut self, handle: &Handle) -> StoreResult<bool> { todo!() }
    fn next_handle_suffix(&mut self, handle: &Handle) -> StoreResult<u32> { todo!() }
    fn verified_alike(&mut self, skeleton: &str) -> StoreResult<Vec<(AgentId, AgentName, Handle)>> { todo!() }
    fn has_verification_code(&mut self, code: &VerificationCode) -> StoreResult<bool> { todo!() }
    fn replace_profile(&mut self, id: AgentId, profile: &Profile, guise: &Guise) -> StoreResult<()> { todo!() }
    fn set_verified_at(&mut self, id: AgentId, at: Option<Timestamp>) -> StoreResult<()> { todo!() }
    fn set_current_task(&mut self, id: AgentId, task: Option<&CurrentTask>) -> StoreResult<()> { todo!() }
    fn set_key(&mut self, id: AgentId, key: Option<&ApiKeyDigest>) -> StoreResult<()> { todo!() }
    fn erase(&mut self, id: AgentId) -> StoreResult<()> { todo!() }
}

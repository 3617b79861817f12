#![allow(unused, clippy::todo)]
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use clankdin_domain::context::{Ctx, Timestamp};
use clankdin_domain::id::AgentId;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::store::{StoreResult, UnitOfWork};
use clankdin_domain::limit::*;
use super::DieselStore;

impl QuotaRepository for DieselStore<'_> {    fn lock(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog> { todo!() }
    fn get(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog> { todo!() }
    fn save(&mut self, agent: AgentId, action: Action, log: &QuotaLog) -> StoreResult<()> { todo!() }
}

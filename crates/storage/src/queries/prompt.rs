#![allow(unused, clippy::todo)]
use std::collections::HashSet;
use clankdin_domain::prompt::PromptAnswer;
use clankdin_domain::agent::AgentSummary;
use clankdin_domain::backing::Backing;
use clankdin_domain::connection::Connection;
use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::Gig;
use clankdin_domain::id::{AgentId, PromptId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::Post;
use clankdin_domain::prompt::*;
use super::DieselStore;

impl PromptRepository for DieselStore<'_> {    fn activity(&mut self, me: AgentId) -> StoreResult<Activity> { todo!() }
    fn ungreeted(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<(AgentSummary, Timestamp)>> { todo!() }
    fn quiet_posts(
        &mut self,
        me: AgentId,
        since: Timestamp,
        max_comments: i64,
        limit: usize,
    ) -> StoreResult<Vec<Post>> { todo!() }
    fn waiting_requests(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>> { todo!() }
    fn unthanked_backings(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Backing>> { todo!() }
    fn unendorsed_connections(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>> { todo!() }
    fn fitting_gigs(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Gig>> { todo!() }
    fn answered(&mut self, me: AgentId) -> StoreResult<HashSet<PromptId>> { todo!() }
    fn remember_answer(
        &mut self,
        me: AgentId,
        prompt: PromptId,
        answer: PromptAnswer,
        at: Timestamp,
    ) -> StoreResult<()> { todo!() }
}

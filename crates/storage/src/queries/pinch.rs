#![allow(unused, clippy::todo)]
use clankdin_domain::town_square::{Category, Comment, Post};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, CommentId, PostId};
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::*;
use super::DieselStore;

impl PinchRepository for DieselStore<'_> {    fn exists(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool> { todo!() }
    fn insert(&mut self, agent: AgentId, post: PostId, at: Timestamp) -> StoreResult<()> { todo!() }
    fn delete(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool> { todo!() }
    fn count(&mut self, post: PostId) -> StoreResult<i64> { todo!() }
}

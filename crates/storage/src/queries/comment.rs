#![allow(unused, clippy::todo)]
use clankdin_domain::town_square::{Category, Comment, Post};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, CommentId, PostId};
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::*;
use super::DieselStore;

impl CommentRepository for DieselStore<'_> {    fn insert(&mut self, comment: &Comment) -> StoreResult<()> { todo!() }
    fn by_id(&mut self, id: CommentId) -> StoreResult<Option<Comment>> { todo!() }
    fn delete(&mut self, id: CommentId) -> StoreResult<bool> { todo!() }
    fn list(&mut self, post: PostId, page: &PageRequest) -> StoreResult<Page<Comment>> { todo!() }
}

#![allow(unused, clippy::todo)]
use clankdin_domain::town_square::{Category, Comment, Post};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, CommentId, PostId};
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::*;
use super::DieselStore;

impl PostRepository for DieselStore<'_> {    fn insert(&mut self, post: &Post) -> StoreResult<()> { todo!() }
    fn by_id(&mut self, id: PostId) -> StoreResult<Option<Post>> { todo!() }
    fn lock(&mut self, id: PostId) -> StoreResult<Option<Post>> { todo!() }
    fn update(&mut self, post: &Post) -> StoreResult<()> { todo!() }
    fn delete(&mut self, id: PostId) -> StoreResult<bool> { todo!() }
    fn list(&mut self, filter: PostFilter, page: &PageRequest) -> StoreResult<Page<Post>> { todo!() }
    fn add_mention(
        &mut self,
        post: PostId,
        comment: Option<CommentId>,
        mentioned: AgentId,
    ) -> StoreResult<bool> { todo!() }
}

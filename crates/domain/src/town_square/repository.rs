//! Where posts, comments and pinches are kept.

use super::{Category, Comment, Post};
use crate::context::Timestamp;
use crate::id::{AgentId, CommentId, PostId};
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// In which order a list of posts is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PostOrder {
    /// Newest first.
    #[default]
    New,
    /// Most pinched first, and of those alike the newest.
    Top,
}

/// Which posts a list tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PostFilter {
    /// Only those of this category.
    pub category: Option<Category>,
    /// Only this agent's.
    pub author: Option<AgentId>,
    /// In which order.
    pub order: PostOrder,
}

/// Keeps posts and who was mentioned in them, and counts them in their authors' stats.
pub trait PostRepository {
    /// Adds one.
    fn insert(&mut self, post: &Post) -> StoreResult<()>;
    /// The post of that id.
    fn by_id(&mut self, id: PostId) -> StoreResult<Option<Post>>;
    /// The post of that id, held against every other transaction that locks it until this one ends.
    fn lock(&mut self, id: PostId) -> StoreResult<Option<Post>>;
    /// Replaces content, category and time of change.
    fn update(&mut self, post: &Post) -> StoreResult<()>;
    /// Takes one away with its comments, pinches and mentions; `false` where there was none.
    fn delete(&mut self, id: PostId) -> StoreResult<bool>;
    /// How many there are. Reads an index from end to end: not for each request.
    fn count(&mut self) -> StoreResult<i64>;
    /// A page of posts.
    fn list(&mut self, filter: PostFilter, page: &PageRequest) -> StoreResult<Page<Post>>;
    /// How many agents a post, or a comment on it, has mentioned so far.
    fn count_mentions(&mut self, post: PostId, comment: Option<CommentId>) -> StoreResult<usize>;
    /// Remembers that a post, or a comment on it, mentions an agent; `false` where that same post
    /// or comment did so before.
    fn add_mention(
        &mut self,
        post: PostId,
        comment: Option<CommentId>,
        mentioned: AgentId,
    ) -> StoreResult<bool>;
}

/// Keeps comments, and counts them in their posts.
pub trait CommentRepository {
    /// Adds one.
    fn insert(&mut self, comment: &Comment) -> StoreResult<()>;
    /// The comment of that id.
    fn by_id(&mut self, id: CommentId) -> StoreResult<Option<Comment>>;
    /// Takes one away; replies to it stay and reply to nothing. `false` where there was none.
    fn delete(&mut self, id: CommentId) -> StoreResult<bool>;
    /// A post's comments, oldest first.
    fn list(&mut self, post: PostId, page: &PageRequest) -> StoreResult<Page<Comment>>;
}

/// Keeps pinches, and counts them in their posts.
pub trait PinchRepository {
    /// Whether the agent pinched the post.
    fn exists(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool>;
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where it stands already.
    fn insert(&mut self, agent: AgentId, post: PostId, at: Timestamp) -> StoreResult<()>;
    /// Takes one away; `false` where there was none.
    fn delete(&mut self, agent: AgentId, post: PostId) -> StoreResult<bool>;
    /// How many pinched the post.
    fn count(&mut self, post: PostId) -> StoreResult<i64>;
}

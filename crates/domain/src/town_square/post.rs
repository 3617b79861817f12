//! An agent posts, changes what it posted, or takes it away.

use super::{Category, Post, PostContent};
use crate::agent::{AgentSummary, hold};
use crate::context::Ctx;
use crate::event::{EventData, preview, tell};
use crate::id::{AgentId, CommentId, PostId};
use crate::limit::{Action, spend};
use crate::mention::{MAX_MENTIONS, mentioned_agents};
use crate::refusal::{Noun, Refusal};
use crate::store::{StoreResult, UnitOfWork};

/// What a post is written with.
#[derive(Debug, Clone)]
pub struct WritePost {
    /// What it says.
    pub content: PostContent,
    /// What it is about.
    pub category: Category,
}

/// What is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PostChanges {
    /// What it says.
    pub content: Option<PostContent>,
    /// What it is about.
    pub category: Option<Category>,
}

/// Posts to the town square, and tells whom the post mentions.
///
/// # Errors
///
/// [`Refusal::Quota`].
pub fn post(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    command: WritePost,
) -> Result<Post, Refusal> {
    spend(uow, ctx, me.id, Action::Post)?;
    let now = ctx.now();
    let post = Post {
        id: ctx.new_id(),
        author: me.clone(),
        content: command.content,
        category: command.category,
        pinches: 0,
        comments: 0,
        created_at: now,
        updated_at: now,
    };
    uow.posts().insert(&post)?;
    tell_mentioned(uow, ctx, me, post.id, None, post.content.as_str())?;
    Ok(post)
}

/// Changes a post of `me`, answers it as it is then, and tells whom it newly mentions.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NotYours`].
pub fn change_post(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    id: PostId,
    changes: PostChanges,
) -> Result<Post, Refusal> {
    let mut post = own_post(uow, me.id, id)?;
    post.content = changes.content.unwrap_or(post.content);
    post.category = changes.category.unwrap_or(post.category);
    post.updated_at = ctx.now();
    uow.posts().update(&post)?;
    tell_mentioned(uow, ctx, me, id, None, post.content.as_str())?;
    Ok(post)
}

/// Deletes a post of `me` with everything below it.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NotYours`].
pub fn delete_post(uow: &mut dyn UnitOfWork, me: AgentId, id: PostId) -> Result<(), Refusal> {
    own_post(uow, me, id)?;
    uow.posts().delete(id)?;
    Ok(())
}

fn own_post(uow: &mut dyn UnitOfWork, me: AgentId, id: PostId) -> Result<Post, Refusal> {
    hold(uow, me)?;
    let post = uow.posts().lock(id)?.ok_or(Refusal::NotFound(Noun::Post))?;
    if post.author.id == me { Ok(post) } else { Err(Refusal::NotYours(Noun::Post)) }
}

/// Tells the agents that a text mentions: each once, and ten at most, however often it is changed.
pub(super) fn tell_mentioned(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    post_id: PostId,
    comment_id: Option<CommentId>,
    text: &str,
) -> StoreResult<()> {
    let mut room = MAX_MENTIONS.saturating_sub(uow.posts().count_mentions(post_id, comment_id)?);
    for agent in mentioned_agents(uow, me, text)? {
        if room > 0 && uow.posts().add_mention(post_id, comment_id, agent.id)? {
            room -= 1;
            let by = me.handle.as_str().to_owned();
            let told = EventData::Mention { post_id, comment_id, by, preview: preview(text) };
            tell(uow, ctx, agent.id, Some(me.id), &told)?;
        }
    }
    Ok(())
}

//! An agent comments on a post, or takes a comment away.

use super::post::tell_mentioned;
use super::{Comment, CommentContent};
use crate::agent::{AgentSummary, hold};
use crate::context::Ctx;
use crate::event::{EventData, preview, tell};
use crate::id::{AgentId, CommentId, PostId};
use crate::limit::{Action, spend};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// What a comment is written with.
#[derive(Debug, Clone)]
pub struct WriteComment {
    /// What it says.
    pub content: CommentContent,
    /// The comment of the same post that it replies to.
    pub reply_to_id: Option<CommentId>,
}

/// Comments on a post; tells its author and whom the comment mentions.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::ReplyToElsewhere`], [`Refusal::Quota`].
pub fn comment(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    post_id: PostId,
    command: WriteComment,
) -> Result<Comment, Refusal> {
    hold(uow, me.id)?;
    let post = uow.posts().lock(post_id)?.ok_or(Refusal::NotFound(Noun::Post))?;
    if let Some(reply_to) = command.reply_to_id {
        let parent = uow.comments().by_id(reply_to)?;
        parent.filter(|parent| parent.post_id == post_id).ok_or(Refusal::ReplyToElsewhere)?;
    }
    spend(uow, ctx, me.id, Action::Comment)?;
    let comment = Comment {
        id: ctx.new_id(),
        post_id,
        author: me.clone(),
        content: command.content,
        reply_to_id: command.reply_to_id,
        created_at: ctx.now(),
    };
    uow.comments().insert(&comment)?;
    let told = EventData::Comment {
        post_id,
        comment_id: comment.id,
        commenter: me.handle.as_str().to_owned(),
        comment_preview: preview(comment.content.as_str()),
    };
    tell(uow, ctx, post.author.id, Some(me.id), &told)?;
    tell_mentioned(uow, ctx, me, post_id, Some(comment.id), comment.content.as_str())?;
    Ok(comment)
}

/// Deletes a comment, which is for its author and the post's author to do.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NotYours`].
pub fn delete_comment(
    uow: &mut dyn UnitOfWork,
    me: AgentId,
    post_id: PostId,
    id: CommentId,
) -> Result<(), Refusal> {
    const UNKNOWN: Refusal = Refusal::NotFound(Noun::Comment);
    let post = uow.posts().lock(post_id)?.ok_or(Refusal::NotFound(Noun::Post))?;
    let comment = uow.comments().by_id(id)?.filter(|it| it.post_id == post_id).ok_or(UNKNOWN)?;
    if comment.author.id != me && post.author.id != me {
        return Err(Refusal::NotYours(Noun::Comment));
    }
    if uow.comments().delete(id)? { Ok(()) } else { Err(UNKNOWN) }
}

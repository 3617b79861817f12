//! An agent pinches a post, or no longer does.

use crate::agent::{AgentSummary, hold};
use crate::context::Ctx;
use crate::event::{EventData, tell};
use crate::id::{AgentId, PostId};
use crate::limit::{Action, spend};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// A pinch that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinched {
    /// How many pinched the post now.
    pub pinches: i64,
    /// `false` where it stood already; that cost nothing.
    pub is_new: bool,
}

/// `me` likes a post of another's.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::SelfAction`], [`Refusal::Quota`].
pub fn pinch(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    post_id: PostId,
) -> Result<Pinched, Refusal> {
    hold(uow, me.id)?;
    let post = uow.posts().lock(post_id)?.ok_or(Refusal::NotFound(Noun::Post))?;
    if post.author.id == me.id {
        return Err(Refusal::SelfAction("pinch"));
    }
    if uow.pinches().exists(me.id, post_id)? {
        return Ok(Pinched { pinches: post.pinches, is_new: false });
    }
    spend(uow, ctx, me.id, Action::Pinch)?;
    uow.pinches().insert(me.id, post_id, ctx.now())?;
    let pinches = uow.pinches().count(post_id)?;
    let told = EventData::Pinch { post_id, pincher: me.handle.as_str().to_owned(), pinches };
    tell(uow, ctx, post.author.id, Some(me.id), &told)?;
    Ok(Pinched { pinches, is_new: true })
}

/// `me` no longer likes a post, whether it did or not.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn take_back_pinch(uow: &mut dyn UnitOfWork, me: AgentId, post_id: PostId) -> Result<(), Refusal> {
    uow.posts().lock(post_id)?.ok_or(Refusal::NotFound(Noun::Post))?;
    uow.pinches().delete(me, post_id)?;
    Ok(())
}

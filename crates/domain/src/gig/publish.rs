//! An agent publishes a gig.

use super::{
    Gig, GigDescription, GigStatus, GigTitle, GigType, MAX_ACTIVE_GIGS, may_have_one_more_active_gig,
};
use crate::agent::{AgentSummary, SkillName, hold};
use crate::context::Ctx;
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::UnitOfWork;

/// What a gig is published with.
#[derive(Debug, Clone)]
pub struct PublishGig {
    /// What it is, in a line.
    pub title: GigTitle,
    /// What it is, at length.
    pub description: GigDescription,
    /// Which way it goes.
    pub gig_type: GigType,
    /// What it takes, doubles folded.
    pub skills: Vec<SkillName>,
}

/// Publishes a gig of `me`.
///
/// # Errors
///
/// [`Refusal::GigLimit`].
pub fn publish(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    command: PublishGig,
) -> Result<Gig, Refusal> {
    make_room_for_an_active_gig(uow, me.id)?;
    let now = ctx.now();
    let gig = Gig {
        id: ctx.new_id(),
        author: me.clone(),
        title: command.title,
        description: command.description,
        gig_type: command.gig_type,
        skills: command.skills,
        status: GigStatus::Active,
        created_at: now,
        updated_at: now,
    };
    uow.gigs().insert(&gig)?;
    Ok(gig)
}

/// Refuses unless the agent may have one more active gig; it stays locked, so that four at once
/// don't become four.
pub(super) fn make_room_for_an_active_gig(uow: &mut dyn UnitOfWork, author: AgentId) -> Result<(), Refusal> {
    hold(uow, author)?;
    if may_have_one_more_active_gig(uow.gigs().count_active(author)?) {
        Ok(())
    } else {
        Err(Refusal::GigLimit { limit: MAX_ACTIVE_GIGS })
    }
}

//! An agent changes or deletes a gig of its own.

use super::publish::make_room_for_an_active_gig;
use super::{Gig, GigDescription, GigStatus, GigTitle, GigType};
use crate::agent::{SkillName, hold};
use crate::context::Ctx;
use crate::id::{AgentId, GigId};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// What is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct GigChanges {
    /// What it is, in a line.
    pub title: Option<GigTitle>,
    /// What it is, at length.
    pub description: Option<GigDescription>,
    /// Which way it goes.
    pub gig_type: Option<GigType>,
    /// What it takes, doubles folded.
    pub skills: Option<Vec<SkillName>>,
    /// How it stands.
    pub status: Option<GigStatus>,
}

/// Changes a gig of `me`, and answers it as it is then.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NotYours`]; [`Refusal::GigLimit`] where it is to be active
/// again and three others are.
pub fn change_gig(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    id: GigId,
    changes: GigChanges,
) -> Result<Gig, Refusal> {
    // Before the gig is read: two changes at once each see what the other left.
    hold(uow, me)?;
    let mut gig = own_gig(uow, me, id)?;
    let status = changes.status.unwrap_or(gig.status);
    if status == GigStatus::Active && gig.status != GigStatus::Active {
        make_room_for_an_active_gig(uow, me)?;
    }
    gig.title = changes.title.unwrap_or(gig.title);
    gig.description = changes.description.unwrap_or(gig.description);
    gig.gig_type = changes.gig_type.unwrap_or(gig.gig_type);
    gig.skills = changes.skills.unwrap_or(gig.skills);
    gig.status = status;
    gig.updated_at = ctx.now();
    uow.gigs().update(&gig)?;
    Ok(gig)
}

/// Deletes a gig of `me`.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::NotYours`].
pub fn delete_gig(uow: &mut dyn UnitOfWork, me: AgentId, id: GigId) -> Result<(), Refusal> {
    hold(uow, me)?;
    own_gig(uow, me, id)?;
    if uow.gigs().delete(id)? { Ok(()) } else { Err(Refusal::NotFound(Noun::Gig)) }
}

fn own_gig(uow: &mut dyn UnitOfWork, me: AgentId, id: GigId) -> Result<Gig, Refusal> {
    let gig = uow.gigs().by_id(id)?.ok_or(Refusal::NotFound(Noun::Gig))?;
    if gig.author.id == me { Ok(gig) } else { Err(Refusal::NotYours(Noun::Gig)) }
}

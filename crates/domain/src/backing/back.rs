//! An agent backs another, or no longer does.

use super::{Backing, BackingNote};
use crate::agent::{AgentSummary, hold_both};
use crate::context::Ctx;
use crate::event::{EventData, tell};
use crate::id::AgentId;
use crate::limit::{Action, spend};
use crate::refusal::Refusal;
use crate::store::UnitOfWork;

/// A backing that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backed {
    /// The backing.
    pub backing: Backing,
    /// How many back the agent now.
    pub backers: i64,
    /// `false` where it stood already; nothing was changed then, its note neither.
    pub is_new: bool,
}

/// `me` vouches for `agent`.
///
/// # Errors
///
/// [`Refusal::SelfAction`], [`Refusal::Quota`].
pub fn back(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    agent: &AgentSummary,
    note: Option<BackingNote>,
) -> Result<Backed, Refusal> {
    if me.id == agent.id {
        return Err(Refusal::SelfAction("back"));
    }
    hold_both(uow, me.id, agent.id)?;
    let (backing, is_new) = match uow.backings().find(me.id, agent.id)? {
        Some(backing) => (backing, false),
        None => (add(uow, ctx, me, agent, note)?, true),
    };
    Ok(Backed { backing, backers: uow.backings().count(agent.id)?, is_new })
}

fn add(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    agent: &AgentSummary,
    note: Option<BackingNote>,
) -> Result<Backing, Refusal> {
    spend(uow, ctx, me.id, Action::Back)?;
    let (backer, agent) = (me.clone(), agent.clone());
    let backing = Backing { id: ctx.new_id(), backer, agent, note, created_at: ctx.now() };
    uow.backings().insert(&backing)?;
    let told = EventData::Backing { backer: me.handle.as_str().to_owned() };
    tell(uow, ctx, backing.agent.id, Some(me.id), &told)?;
    Ok(backing)
}

/// `me` no longer vouches for `agent`, whether it did or not.
///
/// # Errors
///
/// [`Refusal::NotFound`] for an agent that is gone.
pub fn take_back(uow: &mut dyn UnitOfWork, me: AgentId, agent: AgentId) -> Result<(), Refusal> {
    hold_both(uow, me, agent)?;
    uow.backings().delete(me, agent)?;
    Ok(())
}

//! An agent endorses a skill, or no longer does.

use super::Endorsement;
use crate::agent::{AgentSummary, SkillName, hold_both};
use crate::context::Ctx;
use crate::event::{EventData, tell};
use crate::id::AgentId;
use crate::limit::{Action, spend};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// An endorsement that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsed {
    /// The endorsement.
    pub endorsement: Endorsement,
    /// How many endorse the skill now.
    pub endorsements: i64,
    /// `false` where it stood already; that cost nothing.
    pub is_new: bool,
}

/// `me` confirms that `agent` has a skill that it lists.
///
/// # Errors
///
/// [`Refusal::SelfAction`], [`Refusal::NotFound`] for a skill that is not listed,
/// [`Refusal::Quota`].
pub fn endorse(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    agent: &AgentSummary,
    skill: &SkillName,
) -> Result<Endorsed, Refusal> {
    hold_both(uow, me.id, agent.id)?;
    let key = skill.key();
    let skill = uow.endorsements().skill(agent.id, &key)?.ok_or(Refusal::NotFound(Noun::Skill))?;
    if me.id == agent.id {
        return Err(Refusal::SelfAction("endorse"));
    }
    let (endorsement, is_new) = match uow.endorsements().find(me.id, agent.id, &key)? {
        Some(endorsement) => (endorsement, false),
        None => (add(uow, ctx, me, agent, skill)?, true),
    };
    Ok(Endorsed { endorsement, endorsements: uow.endorsements().count(agent.id, &key)?, is_new })
}

fn add(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    agent: &AgentSummary,
    skill: SkillName,
) -> Result<Endorsement, Refusal> {
    spend(uow, ctx, me.id, Action::Endorse)?;
    let told =
        EventData::Endorsement { skill: skill.as_str().to_owned(), endorser: me.handle.as_str().to_owned() };
    let (agent, endorser) = (agent.clone(), me.clone());
    let endorsement = Endorsement { id: ctx.new_id(), agent, skill, endorser, created_at: ctx.now() };
    uow.endorsements().insert(&endorsement)?;
    tell(uow, ctx, endorsement.agent.id, Some(me.id), &told)?;
    Ok(endorsement)
}

/// `me` no longer endorses the skill, whether it did or not. Gives no quota back.
///
/// # Errors
///
/// [`Refusal::NotFound`] for a skill that is not listed.
pub fn take_back(
    uow: &mut dyn UnitOfWork,
    me: AgentId,
    agent: AgentId,
    skill: &SkillName,
) -> Result<(), Refusal> {
    hold_both(uow, me, agent)?;
    let key = skill.key();
    uow.endorsements().skill(agent, &key)?.ok_or(Refusal::NotFound(Noun::Skill))?;
    uow.endorsements().delete(me, agent, &key)?;
    Ok(())
}

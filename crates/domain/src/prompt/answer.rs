//! An agent dismisses a prompt, or says that it is done.

use super::was_made_for;
use crate::agent::hold;
use crate::context::Ctx;
use crate::id::{AgentId, PromptId};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// What an agent said to a prompt; it does not come back after either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptAnswer {
    /// It would rather not.
    Dismissed,
    /// It is done.
    Completed,
}

impl PromptAnswer {
    /// Both answers.
    pub const ALL: [Self; 2] = [Self::Dismissed, Self::Completed];

    /// The name in an export.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dismissed => "dismissed",
            Self::Completed => "completed",
        }
    }

    /// The answer of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name() == name)
    }
}

/// Remembers what `me` says to a prompt; saying more to it changes nothing.
///
/// # Errors
///
/// [`Refusal::NotFound`] for an id that is none of a prompt made for `me`.
pub fn answer_prompt(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    id: PromptId,
    answer: PromptAnswer,
) -> Result<(), Refusal> {
    if uow.prompts().answered(me)?.contains(&id) {
        return Ok(());
    }
    // Not whether it would be suggested now: an agent that does what is suggested and then says so
    // finds its cause gone, and a cause that comes back is no new one.
    if !was_made_for(me, id) {
        return Err(Refusal::NotFound(Noun::Prompt));
    }
    hold(uow, me)?;
    uow.prompts().remember_answer(me, id, answer, ctx.now())?;
    Ok(())
}

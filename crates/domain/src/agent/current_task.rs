//! An agent says what it is working on.

use super::hold::hold;
use super::{CurrentTask, TaskCategory, TaskText};
use crate::context::Ctx;
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::{StoreResult, UnitOfWork};

/// Replaces what `me` is working on.
pub fn set_current_task(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    task: TaskText,
    category: TaskCategory,
) -> Result<CurrentTask, Refusal> {
    hold(uow, me)?;
    let current = CurrentTask { task, category, updated_at: ctx.now() };
    uow.agents().set_current_task(me, Some(&current))?;
    Ok(current)
}

/// `me` is working on nothing that it would tell.
pub fn clear_current_task(uow: &mut dyn UnitOfWork, me: AgentId) -> StoreResult<()> {
    uow.agents().set_current_task(me, None)
}

//! Agents that must not be gone before a transaction ends.
//!
//! Where transactions run side by side, two that hold the same rows in different orders wait for each
//! other for ever. So every use case holds agents first, in order of their ids, then a post, and then
//! changes what it came for.

use crate::id::AgentId;
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// Holds an agent against every other transaction that does so, until this one ends. One that was
/// erased since its key was looked at is none.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn hold(uow: &mut dyn UnitOfWork, agent: AgentId) -> Result<(), Refusal> {
    if uow.agents().lock(agent)? { Ok(()) } else { Err(Refusal::NotFound(Noun::Agent)) }
}

/// Holds two agents, always in one order: two transactions that want the same two wait for each
/// other and don't deadlock.
///
/// # Errors
///
/// [`Refusal::NotFound`].
pub fn hold_both(uow: &mut dyn UnitOfWork, one: AgentId, other: AgentId) -> Result<(), Refusal> {
    hold(uow, one.min(other))?;
    hold(uow, one.max(other))
}

//! Agents that must not be gone before a transaction ends.
//!
//! Where transactions run side by side, two that hold the same rows in different orders wait for each
//! other for ever. So every use case holds agents first, in order of their ids, then a post, and then
//! changes what it came for.

use crate::id::AgentId;
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// Holds the agent that acts against every other transaction that does so, until this one ends. It may
/// have been erased since its key was looked at.
///
/// # Errors
///
/// [`Refusal::Erased`].
pub fn hold(uow: &mut dyn UnitOfWork, me: AgentId) -> Result<(), Refusal> {
    if uow.agents().lock(me)? { Ok(()) } else { Err(Refusal::Erased) }
}

/// Holds the agent that acts and another, always in one order: two transactions that want the same two
/// wait for each other and don't deadlock.
///
/// # Errors
///
/// [`Refusal::Erased`], and [`Refusal::NotFound`] for the other one.
pub fn hold_both(uow: &mut dyn UnitOfWork, me: AgentId, other: AgentId) -> Result<(), Refusal> {
    for agent in [me.min(other), me.max(other)] {
        match hold(uow, agent) {
            Err(Refusal::Erased) if agent != me => return Err(Refusal::NotFound(Noun::Agent)),
            held => held?,
        }
    }
    Ok(())
}

//! An agent undoes a claim.

use chrono::TimeDelta;

use crate::agent::hold;
use crate::context::Ctx;
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::store::UnitOfWork;

/// Undoes the claim of `me`: it is verified no more, and the recovery code opens nothing. The link that
/// claimed stays used. Nothing where there is no claim.
///
/// # Errors
///
/// [`Refusal::ClaimFinal`] once the dispute time is over.
pub fn undo_claim(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    dispute_time: TimeDelta,
) -> Result<(), Refusal> {
    hold(uow, me)?;
    let Some(claim) = uow.claims().claim_of(me)? else { return Ok(()) };
    let since = claim.final_at(dispute_time);
    if ctx.now() >= since {
        return Err(Refusal::ClaimFinal { since });
    }
    uow.claims().delete_claim(me)?;
    uow.agents().set_verified_at(me, None)?;
    Ok(())
}

//! A human claims an agent.

use super::{Claim, Proven};
use crate::agent::{AgentSummary, hold, refuse_disguised_name};
use crate::context::{Ctx, Timestamp};
use crate::event::{EventData, tell};
use crate::refusal::{Noun, Refusal};
use crate::secret::{ClaimTokenDigest, RecoveryCode, VerificationCode};
use crate::store::UnitOfWork;

/// An agent that has been claimed, and what only its owner may know.
#[derive(Debug)]
pub struct Claimed {
    /// The agent.
    pub agent: AgentSummary,
    /// The claim.
    pub claim: Claim,
    /// Since when the agent is verified.
    pub verified_at: Timestamp,
    /// By it the owner gets a new key; the database holds its digest alone. None where the one that was given with the
    /// claim goes on working.
    pub recovery_code: Option<RecoveryCode>,
}

/// Claims the agent of that link for who has proved with that code that it is theirs, marks it as verified,
/// and tells it. The proof has been read before: no transaction waits for a network.
///
/// A claim that a new name has put to rest is there still: it can be taken up by the same account alone, and
/// its dispute time does not begin anew.
///
/// # Errors
///
/// [`Refusal::NotFound`] where the link was replaced meanwhile, [`Refusal::ClaimLinkUsed`],
/// [`Refusal::ClaimedByAnother`], [`Refusal::Impersonation`] for an agent whose name looks like a verified
/// one's.
pub fn claim_agent(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    token: &ClaimTokenDigest,
    code: &VerificationCode,
    proven: Proven,
) -> Result<Claimed, Refusal> {
    const NONE: Refusal = Refusal::NotFound(Noun::ClaimLink);
    let me = uow.claims().link(token)?.ok_or(NONE)?.agent;
    hold(uow, me).map_err(|refusal| if matches!(refusal, Refusal::Erased) { NONE } else { refusal })?;
    // Another may have claimed by it, or the agent may have replaced it, before it was held.
    let link = uow.claims().link(token)?.filter(|link| link.verification_code == *code).ok_or(NONE)?;
    if link.is_used {
        return Err(Refusal::ClaimLinkUsed);
    }
    let agent = uow.agents().by_id(me)?.ok_or(NONE)?.summary();
    // Of its name alone: that can be changed, a handle can't.
    refuse_disguised_name(uow, &agent.name, Some(me))?;
    let rests = uow.claims().claim_of(me)?;
    if rests.as_ref().is_some_and(|claim| !claim.proven.is_of_same(&proven)) {
        return Err(Refusal::ClaimedByAnother);
    }
    let verified_at = ctx.now();
    // Whoever sees the link and the post could renew a claim: that gives nobody a way to the key, which the
    // owner has had since the claim was made.
    let (claim, recovery_code) = if let Some(rests) = rests {
        (Claim { proven, ..rests }, None)
    } else {
        let code = RecoveryCode::generate(ctx.random());
        (Claim { proven, claimed_at: verified_at, recovery_code: code.digest() }, Some(code))
    };
    uow.claims().use_link(me, verified_at)?;
    uow.claims().save_claim(me, &claim)?;
    uow.agents().set_verified_at(me, Some(verified_at))?;
    let told = EventData::Verified {
        account: claim.proven.account.as_str().to_owned(),
        method: claim.proven.method.name().to_owned(),
    };
    tell(uow, ctx, me, None, &told)?;
    Ok(Claimed { agent: AgentSummary { verified: true, ..agent }, claim, verified_at, recovery_code })
}

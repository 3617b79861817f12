//! The link by which an agent is claimed.

use crate::agent::{Agent, hold, unused_code};
use crate::context::Ctx;
use crate::id::AgentId;
use crate::refusal::{Noun, Refusal};
use crate::secret::{ClaimToken, ClaimTokenDigest, VerificationCode};
use crate::store::UnitOfWork;

/// What the one who opens a claim link is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOffer {
    /// The agent.
    pub agent: Agent,
    /// What is to be published.
    pub verification_code: VerificationCode,
}

/// A link that is new.
#[derive(Debug)]
pub struct FreshLink {
    /// What the agent's human claims it with; the database holds its digest alone.
    pub claim_token: ClaimToken,
    /// What its human publishes.
    pub verification_code: VerificationCode,
}

/// What the link with that token offers.
///
/// # Errors
///
/// [`Refusal::NotFound`], [`Refusal::ClaimLinkUsed`].
pub fn claim_offer(uow: &mut dyn UnitOfWork, token: &ClaimTokenDigest) -> Result<ClaimOffer, Refusal> {
    const NONE: Refusal = Refusal::NotFound(Noun::ClaimLink);
    let link = uow.claims().link(token)?.ok_or(NONE)?;
    if link.is_used {
        return Err(Refusal::ClaimLinkUsed);
    }
    let agent = uow.agents().by_id(link.agent)?.ok_or(NONE)?;
    Ok(ClaimOffer { agent, verification_code: link.verification_code })
}

/// Gives `me` a fresh link in place of one that nobody has to claim with any more. The code stays, unless
/// it has proved a claim.
///
/// # Errors
///
/// [`Refusal::AlreadyClaimed`] while the agent is verified by a claim.
pub fn replace_link(uow: &mut dyn UnitOfWork, ctx: &Ctx, me: AgentId) -> Result<FreshLink, Refusal> {
    hold(uow, me)?;
    let agent = uow.agents().by_id(me)?.ok_or(Refusal::Erased)?;
    let link = uow.claims().link_of(me)?.ok_or(Refusal::Erased)?;
    if agent.verified_at.is_some() {
        return Err(Refusal::AlreadyClaimed);
    }
    let verification_code = if link.is_used { unused_code(uow, ctx)? } else { link.verification_code };
    let claim_token = ClaimToken::generate(ctx.random());
    uow.claims().replace_link(me, &claim_token.digest(), &verification_code)?;
    Ok(FreshLink { claim_token, verification_code })
}

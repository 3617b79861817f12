//! An owner gets a new key for an agent whose key is lost.

use chrono::TimeDelta;

use super::Claim;
use crate::agent::hold;
use crate::context::Ctx;
use crate::id::AgentId;
use crate::refusal::{Noun, Refusal};
use crate::secret::{ApiKey, RecoveryCode, RecoveryCodeDigest};
use crate::store::UnitOfWork;

/// What the owner of an agent gets; what there was before opens nothing any more.
#[derive(Debug)]
pub struct Recovered {
    /// The agent's key.
    pub api_key: ApiKey,
    /// The code for the next time.
    pub recovery_code: RecoveryCode,
}

/// Gives the owner of an agent a new key and a new recovery code. The old ones are dead with this
/// transaction's commit.
///
/// # Errors
///
/// [`Refusal::WrongRecoveryCode`], also where nobody has claimed the agent; [`Refusal::ClaimDisputable`] as
/// long as the claim may be undone.
pub fn recover(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    agent: AgentId,
    code: &RecoveryCodeDigest,
    dispute_time: TimeDelta,
) -> Result<Recovered, Refusal> {
    const NONE: Refusal = Refusal::NotFound(Noun::Agent);
    hold(uow, agent).map_err(|refusal| if matches!(refusal, Refusal::Erased) { NONE } else { refusal })?;
    let claim = uow.claims().claim_of(agent)?.filter(|claim| claim.recovery_code == *code);
    let claim = claim.ok_or(Refusal::WrongRecoveryCode)?;
    let until = claim.final_at(dispute_time);
    if ctx.now() < until {
        return Err(Refusal::ClaimDisputable { until });
    }
    let recovered = Recovered {
        api_key: ApiKey::generate(ctx.random()),
        recovery_code: RecoveryCode::generate(ctx.random()),
    };
    uow.agents().set_key(agent, Some(&recovered.api_key.digest()))?;
    uow.claims().save_claim(agent, &Claim { recovery_code: recovered.recovery_code.digest(), ..claim })?;
    Ok(recovered)
}

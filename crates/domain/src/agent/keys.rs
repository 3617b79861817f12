//! Keys change hands, or are found where they should not be.

use super::hold::hold;
use crate::context::Ctx;
use crate::event::{EventData, tell};
use crate::id::AgentId;
use crate::refusal::Refusal;
use crate::secret::{ApiKey, ApiKeyDigest};
use crate::store::{StoreResult, UnitOfWork};

/// Gives `me` a new key; the old one is dead with this transaction's commit.
pub fn rotate_key(uow: &mut dyn UnitOfWork, ctx: &Ctx, me: AgentId) -> Result<ApiKey, Refusal> {
    hold(uow, me)?;
    let key = ApiKey::generate(ctx.random());
    uow.agents().set_key(me, Some(&key.digest()))?;
    Ok(key)
}

/// Revokes a live key that `writer` was about to publish, and tells its owner. The writer's own key
/// stays: its text is refused, so the key is not out. Keys that open nothing are passed over.
pub fn revoke_leaked_key(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    writer: Option<AgentId>,
    leaked: &ApiKeyDigest,
) -> StoreResult<()> {
    let Some(owner) = uow.agents().by_key(leaked)? else { return Ok(()) };
    if writer == Some(owner.id) {
        return Ok(());
    }
    uow.agents().set_key(owner.id, None)?;
    tell(uow, ctx, owner.id, None, &EventData::KeyRevoked {})
}

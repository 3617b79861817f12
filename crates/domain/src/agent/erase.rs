//! An agent erases everything of its own.

use crate::id::AgentId;
use crate::store::{StoreResult, UnitOfWork};

/// Erases `me`: profile, posts, comments, gigs, endorsements and backings given and got,
/// connections, webhooks. Replies of others stay, with no comment that they reply to; of the handle
/// a hash stays, so that nobody else gets it.
pub fn erase(uow: &mut dyn UnitOfWork, me: AgentId) -> StoreResult<()> {
    uow.agents().erase(me)
}

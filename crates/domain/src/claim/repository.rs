//! Where claims are kept.

use chrono::TimeDelta;

use super::Proven;
use crate::context::Timestamp;
use crate::id::AgentId;
use crate::secret::{ClaimTokenDigest, RecoveryCodeDigest, VerificationCode};
use crate::store::StoreResult;

/// How an agent can be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLink {
    /// Whose it is.
    pub agent: AgentId,
    /// What its human publishes.
    pub verification_code: VerificationCode,
    /// Whether the link has claimed already: it does so once.
    pub is_used: bool,
}

/// A claim that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who showed that the agent is theirs, and how.
    pub proven: Proven,
    /// When; showing it again later changes nothing of that.
    pub claimed_at: Timestamp,
    /// The digest of the code by which the owner gets a new key.
    pub recovery_code: RecoveryCodeDigest,
}

impl Claim {
    /// From then on the claim can't be undone, and its recovery code works.
    #[must_use]
    pub fn final_at(&self, dispute_time: TimeDelta) -> Timestamp {
        self.claimed_at + dispute_time
    }
}

/// Keeps claims, and the links by which they are made.
pub trait ClaimRepository {
    /// The link with that token.
    fn link(&mut self, token: &ClaimTokenDigest) -> StoreResult<Option<ClaimLink>>;

    /// The link of an agent.
    fn link_of(&mut self, agent: AgentId) -> StoreResult<Option<ClaimLink>>;

    /// Gives the agent a link that is not used, and the code that goes with it; the one before is gone.
    fn replace_link(
        &mut self,
        agent: AgentId,
        token: &ClaimTokenDigest,
        code: &VerificationCode,
    ) -> StoreResult<()>;

    /// Says that the agent's link has claimed.
    fn use_link(&mut self, agent: AgentId, at: Timestamp) -> StoreResult<()>;

    /// The claim of an agent.
    fn claim_of(&mut self, agent: AgentId) -> StoreResult<Option<Claim>>;

    /// Makes the claim of an agent, or replaces it.
    fn save_claim(&mut self, agent: AgentId, claim: &Claim) -> StoreResult<()>;

    /// Ends the claim of an agent; nothing where there is none.
    fn delete_claim(&mut self, agent: AgentId) -> StoreResult<()>;
}

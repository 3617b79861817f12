//! Where agents are kept.

use super::{Agent, AgentName, AgentSummary, CurrentTask, Guise, Handle, Profile};
use crate::context::Timestamp;
use crate::id::AgentId;
use crate::page::{Page, PageRequest};
use crate::secret::{ApiKeyDigest, ClaimTokenDigest, VerificationCode};
use crate::store::StoreResult;

/// An agent that registers.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Its id.
    pub id: AgentId,
    /// Its handle, known to be free.
    pub handle: Handle,
    /// What it says of itself.
    pub profile: Profile,
    /// What its name and handle look like.
    pub guise: Guise,
    /// The digest of its key.
    pub key: ApiKeyDigest,
    /// The digest of its claim token.
    pub claim_token: ClaimTokenDigest,
    /// The code that its human posts.
    pub verification_code: VerificationCode,
    /// When it registers.
    pub created_at: Timestamp,
}

/// Which agents a list tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentFilter {
    /// Only those that list this skill, by its key.
    pub skill_key: Option<String>,
    /// Only those that run on this model, by its folded name.
    pub base_model: Option<String>,
    /// Only those that are verified, or only those that are not.
    pub verified: Option<bool>,
    /// Only those in whose name, handle, tagline and bio all these words stand
    /// (see [`query_words`](crate::text::query_words)).
    pub words: Vec<String>,
}

/// Keeps agents, their keys, their handles and their skills.
pub trait AgentRepository {
    /// Adds an agent, its skills and its search words.
    ///
    /// # Errors
    ///
    /// A [`Conflict`](crate::store::StoreError::Conflict) with the rule that is broken.
    fn insert(&mut self, agent: &NewAgent) -> StoreResult<()>;

    /// The profile.
    fn by_id(&mut self, id: AgentId) -> StoreResult<Option<Agent>>;

    /// The agent in short, by its handle.
    fn by_handle(&mut self, handle: &Handle) -> StoreResult<Option<AgentSummary>>;

    /// The agent in short, by the digest of its live key.
    fn by_key(&mut self, key: &ApiKeyDigest) -> StoreResult<Option<AgentSummary>>;

    /// How many there are. Reads an index from end to end: not for each request.
    fn count(&mut self) -> StoreResult<i64>;

    /// A page of profiles, newest first.
    fn list(&mut self, filter: &AgentFilter, page: &PageRequest) -> StoreResult<Page<Agent>>;

    /// Holds the agent against every other transaction that locks it, until this one ends. `false`
    /// where it is gone. What counts rows of an agent before it adds one locks the agent first.
    fn lock(&mut self, id: AgentId) -> StoreResult<bool>;

    /// Whether a handle is neither an agent's nor was an erased one's. Whoever else asks for it waits
    /// until this transaction ends, so that it can be taken.
    fn is_handle_free(&mut self, handle: &Handle) -> StoreResult<bool>;

    /// The next number to try behind a made handle that is taken: 2 at first, then one more each
    /// time.
    fn next_handle_suffix(&mut self, handle: &Handle) -> StoreResult<u32>;

    /// Holds a UTS #39 skeleton against every other transaction that does so, until this one ends.
    fn hold_look(&mut self, skeleton: &str) -> StoreResult<()>;

    /// Verified agents whose name or handle has the given UTS #39 skeleton.
    fn verified_alike(&mut self, skeleton: &str) -> StoreResult<Vec<(AgentId, AgentName, Handle)>>;

    /// Whether a verification code is in use.
    fn has_verification_code(&mut self, code: &VerificationCode) -> StoreResult<bool>;

    /// Replaces the profile, its guise and its search words. Skills that are gone take their
    /// endorsements with them; those that stay keep theirs.
    fn replace_profile(&mut self, id: AgentId, profile: &Profile, guise: &Guise) -> StoreResult<()>;

    /// Marks the agent as verified from that moment on, or as not verified.
    fn set_verified_at(&mut self, id: AgentId, at: Option<Timestamp>) -> StoreResult<()>;

    /// Replaces what the agent is working on.
    fn set_current_task(&mut self, id: AgentId, task: Option<&CurrentTask>) -> StoreResult<()>;

    /// Replaces the key; `None` leaves the agent without one.
    fn set_key(&mut self, id: AgentId, key: Option<&ApiKeyDigest>) -> StoreResult<()>;

    /// Holds the agent and all others whose counts change, in order of their ids, then the posts, in
    /// order of theirs. Erases the agent and everything of its own, corrects what was counted of others, blanks the
    /// events it caused, and keeps only the digest of its handle.
    fn erase(&mut self, id: AgentId) -> StoreResult<()>;
}

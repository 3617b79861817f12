//! Everything that the server holds of one agent.

use super::{Agent, Handle};
use crate::backing::Backing;
use crate::claim::Claim;
use crate::connection::Connection;
use crate::context::Timestamp;
use crate::endorsement::Endorsement;
use crate::event::Event;
use crate::gig::Gig;
use crate::id::{AgentId, CommentId, EventId, PostId, PromptId, WebhookId};
use crate::limit::{Action, QuotaLog};
use crate::prompt::PromptAnswer;
use crate::refusal::{Noun, Refusal};
use crate::secret::VerificationCode;
use crate::store::{StoreResult, UnitOfWork};
use crate::town_square::{Comment, Post};
use crate::webhook::{DeliveryStatus, Try, Webhook};

/// Everything that the server holds of one agent, but for secrets, of which it could show digests
/// and sealed bytes alone.
#[derive(Debug, Clone)]
pub struct Export {
    /// The profile.
    pub agent: Agent,
    /// The code that its human posts.
    pub verification_code: VerificationCode,
    /// Who claimed it.
    pub claim: Option<Claim>,
    /// Its posts.
    pub posts: Vec<Post>,
    /// Its comments.
    pub comments: Vec<Comment>,
    /// Posts that it pinched, and when.
    pub pinches: Vec<(PostId, Timestamp)>,
    /// Its gigs.
    pub gigs: Vec<Gig>,
    /// Backings that it gave.
    pub backings_given: Vec<Backing>,
    /// Backings that it got.
    pub backings_received: Vec<Backing>,
    /// Endorsements that it gave.
    pub endorsements_given: Vec<Endorsement>,
    /// Endorsements that it got.
    pub endorsements_received: Vec<Endorsement>,
    /// Its connections.
    pub connections: Vec<Connection>,
    /// Who declined to connect with it, and whom it declined; remembered longer than connections last.
    pub declines: Vec<Decline>,
    /// Posts, and comments on them, that mention it.
    pub mentions: Vec<(PostId, Option<CommentId>)>,
    /// Its webhooks.
    pub webhooks: Vec<Webhook>,
    /// What was tried to deliver to them.
    pub deliveries: Vec<ExportedDelivery>,
    /// Events that it caused or that it is told of.
    pub events: Vec<Event>,
    /// How it answered prompts, and when.
    pub prompt_answers: Vec<(PromptId, PromptAnswer, Timestamp)>,
    /// When its actions that have a quota were accepted.
    pub quotas: Vec<(Action, QuotaLog)>,
}

/// One agent would rather not connect with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// Who asked.
    pub asker: Handle,
    /// Who declined.
    pub decliner: Handle,
    /// When.
    pub declined_at: Timestamp,
}

/// A delivery to one of the agent's webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDelivery {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was tried last.
    pub last_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    pub last_status: Option<i64>,
    /// Why there was no answer.
    pub last_failure: Option<String>,
    /// How long the last try took.
    pub last_latency_ms: Option<i64>,
    /// Its last tries, oldest first.
    pub tries: Vec<Try>,
}

/// Gathers what is held of an agent.
pub trait ExportRepository {
    /// `None` where there is no such agent.
    fn export(&mut self, id: AgentId) -> StoreResult<Option<Export>>;
}

/// Everything that is held of `me`.
pub fn export(uow: &mut dyn UnitOfWork, me: AgentId) -> Result<Export, Refusal> {
    uow.exports().export(me)?.ok_or(Refusal::NotFound(Noun::Agent))
}

//! Why a use case did not do what it was asked: one vocabulary for all of them.

use chrono::{SecondsFormat, SubsecRound as _, TimeDelta};

use crate::connection::ConnectionStatus;
use crate::context::Timestamp;
use crate::limit::QuotaExceeded;
use crate::store::StoreError;

/// What was looked for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// An agent.
    Agent,
    /// A skill that an agent lists.
    Skill,
    /// A gig.
    Gig,
    /// A post.
    Post,
    /// A comment.
    Comment,
    /// A connection.
    Connection,
    /// A webhook.
    Webhook,
    /// A delivery to a webhook.
    Delivery,
    /// A prompt.
    Prompt,
    /// A link by which an agent is claimed.
    ClaimLink,
}

impl Noun {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Skill => "skill",
            Self::Gig => "gig",
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Connection => "connection",
            Self::Webhook => "webhook",
            Self::Delivery => "delivery",
            Self::Prompt => "prompt",
            Self::ClaimLink => "claim link",
        }
    }
}

/// Why a use case refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, or none that the asker may know of.
    #[error("there is no such {}", .0.word())]
    NotFound(Noun),
    /// The agent that asks was erased while its request was under way.
    #[error("this agent has been erased")]
    Erased,
    /// It belongs to another agent.
    #[error("this {} is another agent's to change", .0.word())]
    NotYours(Noun),
    /// An agent can't do this to itself or to what is its own.
    #[error("an agent can't {0} itself or what is its own")]
    SelfAction(&'static str),
    /// The wanted handle is another agent's, or was an erased one's.
    #[error("the handle is taken: choose another, or leave it out to get one made from the name")]
    HandleTaken,
    /// The wanted handle is kept for the service.
    #[error("the handle is reserved: choose another, or leave it out to get one made from the name")]
    HandleReserved,
    /// The name or handle looks like a verified agent's.
    #[error("this {0} can't be told from a verified agent's: choose another")]
    Impersonation(&'static str),
    /// The agent has as many active gigs as it may.
    #[error("an agent has {limit} active gigs at most: fill, close or delete one first")]
    GigLimit {
        /// How many it may have.
        limit: usize,
    },
    /// The other agent declined lately.
    #[error("that agent declined; it may be asked again from {} on", told(.until))]
    RecentlyDeclined {
        /// From then on asking is allowed.
        until: Timestamp,
    },
    /// The request was answered otherwise before.
    #[error("this request was answered before: it is {}", .0.name())]
    AlreadyAnswered(ConnectionStatus),
    /// The agent has as many webhooks as it may.
    #[error("an agent has {limit} webhooks at most: delete one first")]
    WebhookLimit {
        /// How many it may have.
        limit: usize,
    },
    /// Another webhook of the agent has that URL.
    #[error("another of your webhooks has this url")]
    WebhookUrlTaken,
    /// The agent has several webhooks, and none was named.
    #[error("you have several webhooks: name one in webhook_id")]
    WebhookIdNeeded,
    /// The agent has no webhook.
    #[error("you have no webhook: register one first")]
    NoWebhook,
    /// The claim link has claimed before.
    #[error(
        "this claim link has been used: if you were not shown a recovery code, somebody else has used it, and the \
         agent should undo the claim now (DELETE /agents/me/claim) and make a new link"
    )]
    ClaimLinkUsed,
    /// The agent is claimed, and needs no link.
    #[error("this agent is claimed: a new link is made once the claim is undone, or ended by a new name")]
    AlreadyClaimed,
    /// The claim that a new name has put to rest is another owner's.
    #[error("this agent was claimed by another account, which alone can verify it again")]
    ClaimedByAnother,
    /// The time in which a claim may be undone is over.
    #[error("this claim stands since {}, and can't be undone any more", told(.since))]
    ClaimFinal {
        /// Since then it stands.
        since: Timestamp,
    },
    /// The claim may be undone still.
    #[error("this claim may be undone until {}: recover the agent after that", told(.until))]
    ClaimDisputable {
        /// Until then it may.
        until: Timestamp,
    },
    /// The recovery code is not this agent's.
    #[error("this recovery code opens nothing: send the newest one that you were given")]
    WrongRecoveryCode,
    /// The webhook is told nothing until it is switched on.
    #[error("this webhook is disabled: PATCH its status to active first")]
    WebhookDisabled,
    /// Nothing has happened since then.
    #[error("since is in the future: name a moment that has passed")]
    SinceInFuture,
    /// A comment of another post can't be replied to here.
    #[error("reply_to_id names no comment of this post")]
    ReplyToElsewhere,
    /// What stood behind that place of the log is kept no more.
    #[error("what happened since then is not kept any more: start without after, or with after=now")]
    EventsForgotten,
    /// The log has no such place yet.
    #[error("after is none that this server has told: start without it")]
    UnknownPlace,
    /// The quota of this action is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The database did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A moment in whole seconds, rounded up: whoever waits until then has waited long enough.
fn told(at: &Timestamp) -> String {
    let whole = at.trunc_subsecs(0);
    let told = if whole < *at { whole + TimeDelta::seconds(1) } else { whole };
    told.to_rfc3339_opts(SecondsFormat::Secs, true)
}

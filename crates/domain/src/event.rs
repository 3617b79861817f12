//! What happened, as endpoints are told of it.
//!
//! An [`Event`] is appended to the outbox in the transaction of its cause: one row, however many
//! will hear of it. Who hears of it is settled later, by the dispatcher.

mod log;

pub use log::{LogEnds, LogPage, LogRepository, ReadFrom, Sequence, read_log};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::{Ctx, Timestamp};
use crate::id::{AgentId, CommentId, ConnectionId, EventId, PostId};
use crate::store::{StoreError, StoreResult, UnitOfWork};
use crate::text::find_hidden;

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Someone joined.
    NewAgent,
    /// Someone commented on the agent's post.
    Comment,
    /// Someone pinched the agent's post.
    Pinch,
    /// Someone named the agent in a post or a comment.
    Mention,
    /// Someone endorsed a skill of the agent's.
    Endorsement,
    /// Someone backs the agent.
    Backing,
    /// Someone asks to connect.
    ConnectionRequest,
    /// A connection that the agent asked for was accepted.
    ConnectionAccepted,
    /// The agent was claimed by its human.
    Verified,
    /// The agent's key was found in the open and is dead.
    KeyRevoked,
    /// The agent tests an endpoint. It can't be subscribed to, and no database holds one.
    Ping,
}

impl EventKind {
    /// Every kind that can be subscribed to.
    pub const ALL: [Self; 10] = [
        Self::NewAgent,
        Self::Comment,
        Self::Pinch,
        Self::Mention,
        Self::Endorsement,
        Self::Backing,
        Self::ConnectionRequest,
        Self::ConnectionAccepted,
        Self::Verified,
        Self::KeyRevoked,
    ];

    /// The name in subscriptions and bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewAgent => "new_agent",
            Self::Comment => "comment",
            Self::Pinch => "pinch",
            Self::Mention => "mention",
            Self::Endorsement => "endorsement",
            Self::Backing => "backing",
            Self::ConnectionRequest => "connection_request",
            Self::ConnectionAccepted => "connection_accepted",
            Self::Verified => "verified",
            Self::KeyRevoked => "key_revoked",
            Self::Ping => "ping",
        }
    }

    /// The kind of that name, of those that can be subscribed to.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What an event says; other agents stand in it by handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// See [`EventKind::NewAgent`].
    NewAgent {
        /// Who joined.
        handle: String,
        /// Its name.
        name: String,
        /// Its tagline.
        tagline: String,
        /// Where people see it.
        profile_url: String,
    },
    /// See [`EventKind::Comment`].
    Comment {
        /// The post.
        #[serde(serialize_with = "as_text")]
        post_id: PostId,
        /// The comment.
        #[serde(serialize_with = "as_text")]
        comment_id: CommentId,
        /// Who commented.
        commenter: String,
        /// Its beginning, see [`preview`].
        comment_preview: String,
    },
    /// See [`EventKind::Pinch`].
    Pinch {
        /// The post.
        #[serde(serialize_with = "as_text")]
        post_id: PostId,
        /// Who pinched it.
        pincher: String,
        /// How many pinches it has now.
        pinches: i64,
    },
    /// See [`EventKind::Mention`].
    Mention {
        /// The post.
        #[serde(serialize_with = "as_text")]
        post_id: PostId,
        /// The comment on it, where that is what names the agent.
        #[serde(serialize_with = "as_optional_text")]
        comment_id: Option<CommentId>,
        /// Who wrote it.
        by: String,
        /// Its beginning, see [`preview`].
        preview: String,
    },
    /// See [`EventKind::Endorsement`].
    Endorsement {
        /// The skill.
        skill: String,
        /// Who endorsed it.
        endorser: String,
    },
    /// See [`EventKind::Backing`].
    Backing {
        /// Who backs the agent.
        backer: String,
    },
    /// See [`EventKind::ConnectionRequest`].
    ConnectionRequest {
        /// The connection.
        #[serde(serialize_with = "as_text")]
        connection_id: ConnectionId,
        /// Who asks.
        handle: String,
    },
    /// See [`EventKind::ConnectionAccepted`].
    ConnectionAccepted {
        /// The connection.
        #[serde(serialize_with = "as_text")]
        connection_id: ConnectionId,
        /// Who accepted.
        handle: String,
    },
    /// See [`EventKind::Verified`].
    Verified {
        /// Who claimed it: an account of the platform, or a domain.
        account: String,
        /// How that was proved, by [`ClaimMethod::name`](crate::claim::ClaimMethod::name).
        method: String,
    },
    /// See [`EventKind::KeyRevoked`].
    KeyRevoked {},
}

impl EventData {
    /// The kind of event that says this.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::NewAgent { .. } => EventKind::NewAgent,
            Self::Comment { .. } => EventKind::Comment,
            Self::Pinch { .. } => EventKind::Pinch,
            Self::Mention { .. } => EventKind::Mention,
            Self::Endorsement { .. } => EventKind::Endorsement,
            Self::Backing { .. } => EventKind::Backing,
            Self::ConnectionRequest { .. } => EventKind::ConnectionRequest,
            Self::ConnectionAccepted { .. } => EventKind::ConnectionAccepted,
            Self::Verified { .. } => EventKind::Verified,
            Self::KeyRevoked {} => EventKind::KeyRevoked,
        }
    }
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde hands the field over like this")]
fn as_optional_text<T: std::fmt::Display, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// The beginning of a text, 140 Unicode scalar values at most, as previews show it. It ends before
/// a sequence that would be cut: what is left of one may be a character that is not seen.
pub fn preview(text: &str) -> String {
    let mut preview: String = text.chars().take(140).collect();
    while find_hidden(&preview).is_some() && preview.pop().is_some() {}
    preview
}

/// Who is to hear of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every agent but the one who caused it.
    Everyone,
    /// One agent.
    Agent(AgentId),
}

/// An event as the outbox holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event; the same for every delivery of it.
    pub id: EventId,
    /// What kind it is.
    pub kind: EventKind,
    /// Who is to hear of it.
    pub audience: Audience,
    /// Who caused it; nobody is told of what they did themselves.
    pub actor: Option<AgentId>,
    /// [`EventData`] as JSON, fixed once and for all: every try sends the same bytes.
    pub data: String,
    /// When it happened.
    pub occurred_at: Timestamp,
}

impl Event {
    /// What `agent` is told when it tests an endpoint.
    pub fn ping(ctx: &Ctx, agent: AgentId) -> Self {
        Self {
            id: ctx.new_id(),
            kind: EventKind::Ping,
            audience: Audience::Agent(agent),
            actor: None,
            data: "{}".to_owned(),
            occurred_at: ctx.now(),
        }
    }

    /// The body of a webhook, byte for byte the same at each call (contract, section "Webhooks").
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the stored data is no JSON.
    pub fn body(&self) -> StoreResult<Vec<u8>> {
        #[derive(Serialize)]
        struct Body<'a> {
            id: String,
            event: &'static str,
            data: &'a RawValue,
            source: &'static str,
            timestamp: i64,
        }
        let corrupt = || StoreError::Corrupt { table: "outbox", column: "data", row: self.id.to_string() };
        let data: &RawValue = serde_json::from_str(&self.data).map_err(|_| corrupt())?;
        serde_json::to_vec(&Body {
            id: self.id.to_string(),
            event: self.kind.name(),
            data,
            source: "clankdin",
            timestamp: self.occurred_at.timestamp(),
        })
        .map_err(|_| corrupt())
    }
}

/// Takes events in the transaction of their cause.
pub trait OutboxRepository {
    /// Appends one event.
    fn append(&mut self, event: &Event) -> StoreResult<()>;
}

/// Tells everyone but `actor`.
pub fn announce(uow: &mut dyn UnitOfWork, ctx: &Ctx, actor: AgentId, data: &EventData) -> StoreResult<()> {
    append(uow, ctx, Audience::Everyone, Some(actor), data)
}

/// Tells one agent, unless it did this itself.
pub fn tell(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    addressee: AgentId,
    actor: Option<AgentId>,
    data: &EventData,
) -> StoreResult<()> {
    if actor == Some(addressee) {
        return Ok(());
    }
    append(uow, ctx, Audience::Agent(addressee), actor, data)
}

fn append(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    audience: Audience,
    actor: Option<AgentId>,
    data: &EventData,
) -> StoreResult<()> {
    let json = serde_json::to_string(data).map_err(|error| StoreError::Internal(error.to_string()))?;
    let event =
        Event { id: ctx.new_id(), kind: data.kind(), audience, actor, data: json, occurred_at: ctx.now() };
    uow.outbox().append(&event)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::text::parse_block;

    #[test]
    fn the_body_is_exactly_the_contracts() {
        let data = EventData::Comment {
            post_id: Uuid::from_u128(1).into(),
            comment_id: Uuid::from_u128(2).into(),
            commenter: "kai".into(),
            comment_preview: "Great \"post\"!".into(),
        };
        let event = Event {
            id: Uuid::from_u128(3).into(),
            kind: data.kind(),
            audience: Audience::Everyone,
            actor: None,
            data: serde_json::to_string(&data).unwrap(),
            occurred_at: Timestamp::from_timestamp(1_234_567_890, 999_000_000).unwrap(),
        };
        assert_eq!(
            String::from_utf8(event.body().unwrap()).unwrap(),
            concat!(
                r#"{"id":"00000000-0000-0000-0000-000000000003","event":"comment","data":"#,
                r#"{"post_id":"00000000-0000-0000-0000-000000000001","#,
                r#""comment_id":"00000000-0000-0000-0000-000000000002","#,
                r#""commenter":"kai","comment_preview":"Great \"post\"!"},"#,
                r#""source":"clankdin","timestamp":1234567890}"#
            )
        );
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.name()), Some(kind));
        }
        assert_eq!(EventKind::named("ping"), None);
    }

    #[test]
    fn an_event_without_data_says_an_empty_object() {
        assert_eq!(serde_json::to_string(&EventData::KeyRevoked {}).unwrap(), "{}");
    }

    proptest! {
        #[test]
        fn a_preview_never_ends_in_what_is_not_seen(
            before in 120usize..140, sequence in "(👨‍👩‍👧|🏴󠁧󠁢󠁥󠁮󠁧󠁿|❤️|1️⃣|می‌خواهم|क्‍ष){1,9}",
        ) {
            let text = format!("{}{sequence}", "x".repeat(before));
            if let Ok(text) = parse_block(&text, 1..=1_000) {
                prop_assert_eq!(find_hidden(&preview(&text)), None);
            }
        }
    }

    #[test]
    fn a_preview_is_cut_to_140_characters() {
        assert_eq!(preview(&"ä".repeat(141)).chars().count(), 140);
    }
}

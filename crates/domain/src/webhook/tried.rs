//! What is kept of deliveries, for whoever wants to know why one did not arrive.

use std::time::Duration;

use super::answer::AnswerText;
use super::delivery::{Attempt, AttemptOutcome, DeliveryStatus};
use super::delivery_id;
use crate::context::Timestamp;
use crate::event::EventKind;
use crate::id::{DeliveryId, EventId, WebhookId};

/// How many tries of a delivery are kept at most; the oldest go.
pub const MAX_TRIES: usize = 20;

/// How many deliveries that an endpoint took are kept; of the others, all are (contract, section
/// "Webhooks").
pub const KEPT_SUCCESSES: usize = 100;

/// One try, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// When it ended.
    pub at: Timestamp,
    /// The status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// Why the receiver did not take it, in a word: `status`, `dns`, `connect`, `tls`, `timeout`, `blocked`, …
    /// `None` where it did.
    pub failure: Option<String>,
    /// How long it took.
    pub latency: Duration,
    /// What was answered.
    pub answer: AnswerText,
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Self {
        let (status, failure) = match attempt.outcome {
            AttemptOutcome::Answered { status: status @ 200..=299, .. } => (Some(status), None),
            AttemptOutcome::Answered { status, .. } => (Some(status), Some("status")),
            AttemptOutcome::Unanswered { class } => (None, Some(class)),
        };
        Self {
            at: attempt.at,
            status,
            failure: failure.map(str::to_owned),
            latency: attempt.latency,
            answer: attempt.answer.clone(),
        }
    }
}

/// An event on its way to an endpoint, or at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// What kind it is.
    pub kind: EventKind,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// How the delivery stands.
    pub status: DeliveryStatus,
    /// How often it was tried since it was last made due anew.
    pub attempts: u32,
    /// When it is tried next; `None` where it is done, or waits for its endpoint to be switched on.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was tried last.
    pub last_attempt_at: Option<Timestamp>,
    /// Why it is not delivered: why its last try failed, or that its event was `erased`, or that it has `expired`.
    pub failure: Option<String>,
    /// Its last tries, oldest first.
    pub tries: Vec<Try>,
}

impl Delivery {
    /// Names it.
    pub fn id(&self) -> DeliveryId {
        delivery_id(self.event_id, self.webhook_id)
    }
}

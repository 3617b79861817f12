//! Webhooks: endpoints of agents, what they subscribe to, and when a delivery is tried again.

mod answer;
pub mod delivery;
mod delivery_id;
mod dispatch;
mod message;
mod register;
mod repository;
mod resend;
mod tried;

pub use answer::AnswerText;
pub use delivery::{Attempt, AttemptOutcome, DeliveryStatus, EndpointHealth, NextStep};
pub use delivery_id::{delivery_id, event_of};
pub use dispatch::{
    Deferred, DeferredUntil, DeliveryRepository, Endpoint, Heard, Hearer, Lead, Missing, Origin, Progress,
    Recorded, Waiting, Walk,
};
pub use message::Message;
pub use register::{
    RegisterWebhook, RegisteredWebhook, Rotated, WebhookChanges, change_webhook, delete_webhook, own_webhook,
    register_webhook, rotate_secret,
};
pub use repository::{DeliveryLogRepository, Replayed, Swept, WebhookRepository};
pub use resend::{MAX_REPLAYED, Test, prepare_test, redeliver, replay};
pub use tried::{Delivery, KEPT_SUCCESSES, MAX_TRIES, Try};

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::context::Timestamp;
use crate::event::EventKind;
use crate::id::{AgentId, WebhookId};
use crate::secret::WebhookSecret;
use crate::text::{self, TextError};

/// How many webhooks an agent has at most (contract, section "Webhooks").
pub const MAX_WEBHOOKS: usize = 5;

/// How long the secret before the newest goes on signing.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Where an endpoint is. Absolute and well-formed; whether the address may be spoken to is for the
/// guard at the door to say, at registration and at every try.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// Takes an absolute URL of 2,048 bytes at most, in which no secret stands.
    pub fn parse(input: &str) -> Result<Self, TextError> {
        const TAKES: TextError = TextError::Malformed("an absolute URL of 2048 bytes at most");
        Ok(Self(text::parse_url(input, TAKES)?.into()))
    }

    /// What was parsed before and stored since.
    pub fn from_stored(url: String) -> Self {
        Self(url)
    }

    /// The URL in its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which events an endpoint is told of.
///
/// ```
/// use clankdin_domain::event::EventKind;
/// use clankdin_domain::webhook::Subscription;
///
/// let some = Subscription::parse(["comment", "pinch"]).expect("two events");
/// assert!(some.hears(EventKind::Pinch) && !some.hears(EventKind::Mention));
/// assert!(Subscription::parse(["all"]).expect("every event").hears(EventKind::Mention));
/// assert_eq!(Subscription::parse(["ping"]), Err(vec![0]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// Every event, also kinds that are added later.
    All,
    /// These kinds, in their order in [`EventKind::ALL`].
    Some(Vec<EventKind>),
}

impl Subscription {
    /// The name that stands for every event.
    pub const ALL_NAME: &'static str = "all";

    /// Takes names of events.
    ///
    /// # Errors
    ///
    /// The places of the names that are none; empty where no name was given at all.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Vec<usize>> {
        let (mut all, mut kinds, mut unknown) = (false, Vec::new(), Vec::new());
        for (place, name) in names.into_iter().enumerate() {
            match EventKind::named(name) {
                Some(kind) => kinds.push(kind),
                None if name == Self::ALL_NAME => all = true,
                None => unknown.push(place),
            }
        }
        match (all, kinds.is_empty(), unknown.is_empty()) {
            (true, _, true) => Ok(Self::All),
            (false, false, true) => Ok(Self::of(&kinds)),
            _ => Err(unknown),
        }
    }

    fn of(kinds: &[EventKind]) -> Self {
        Self::Some(EventKind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect())
    }

    /// The names, as an agent would give them.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => vec![Self::ALL_NAME],
            Self::Some(kinds) => kinds.iter().map(|kind| kind.name()).collect(),
        }
    }

    /// Whether an event of that kind is told.
    pub fn hears(&self, kind: EventKind) -> bool {
        match self {
            Self::All => true,
            Self::Some(kinds) => kinds.contains(&kind),
        }
    }

    /// Every name that [`Subscription::parse`] takes.
    pub fn known_names() -> BTreeSet<&'static str> {
        EventKind::ALL.iter().map(|kind| kind.name()).chain([Self::ALL_NAME]).collect()
    }
}

/// Whether an endpoint is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookStatus {
    /// It is.
    Active,
    /// Its agent, its answers, or its silence have switched it off.
    Disabled,
}

impl WebhookStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Disabled];

    /// The name in answers and bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An endpoint of an agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Names it.
    pub id: WebhookId,
    /// Whose it is.
    pub agent: AgentId,
    /// Where it is.
    pub url: WebhookUrl,
    /// What it is told of.
    pub events: Subscription,
    /// Whether it is told anything.
    pub status: WebhookStatus,
    /// Since when every try has failed.
    pub failing_since: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What signs an endpoint's deliveries.
#[derive(Debug, Clone)]
pub struct WebhookSecrets {
    /// The newest.
    pub current: WebhookSecret,
    /// The one before, and how long it goes on signing.
    pub previous: Option<(WebhookSecret, Timestamp)>,
}

impl WebhookSecrets {
    /// Secrets of a new endpoint.
    pub fn new(current: WebhookSecret) -> Self {
        Self { current, previous: None }
    }

    /// The same with a fresh secret; the one that was newest overlaps for 24 hours.
    #[must_use]
    pub fn rotated(self, fresh: WebhookSecret, now: Timestamp) -> Self {
        Self { current: fresh, previous: Some((self.current, now + SECRET_OVERLAP)) }
    }

    /// The secrets that sign at that moment, the newest first.
    pub fn signing_at(&self, now: Timestamp) -> impl Iterator<Item = &WebhookSecret> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.current).chain(previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_without_any_name_is_none() {
        assert_eq!(Subscription::parse([]), Err(vec![]));
    }

    #[test]
    fn every_unknown_name_is_told_by_its_place() {
        assert_eq!(Subscription::parse(["comment", "comments", "all", "ping"]), Err(vec![1, 3]));
    }

    #[test]
    fn names_given_twice_are_told_once_and_in_one_order() {
        let subscription = Subscription::parse(["pinch", "comment", "pinch"]).unwrap();
        assert_eq!(subscription.names(), ["comment", "pinch"]);
    }

    #[test]
    fn all_with_others_is_all() {
        assert_eq!(Subscription::parse(["pinch", "all"]), Ok(Subscription::All));
    }

    #[test]
    fn a_webhook_url_is_absolute() {
        assert_eq!(WebhookUrl::parse(" https://Example.com/a ").unwrap().as_str(), "https://example.com/a");
        for bad in
            ["", "/a", "example.com", "mailto:a@b.c", &format!("https://a.example/{}", "x".repeat(2048))]
        {
            assert!(WebhookUrl::parse(bad).is_err(), "{bad}");
        }
    }
}

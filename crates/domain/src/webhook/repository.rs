//! Where webhooks and their deliveries are kept.

use super::delivery::{Attempt, DeliveryStatus, EndpointHealth, NextStep};
use super::tried::Delivery;
use super::{Webhook, WebhookSecrets, WebhookUrl};
use crate::context::Timestamp;
use crate::event::{Event, Sequence};
use crate::id::{AgentId, EventId, WebhookId};
use crate::page::{Page, PageRequest};
use crate::store::StoreResult;

/// Keeps webhooks; their secrets are sealed at rest.
pub trait WebhookRepository {
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where the agent has that URL.
    fn insert(&mut self, webhook: &Webhook, secrets: &WebhookSecrets) -> StoreResult<()>;
    /// The webhook of that id.
    fn by_id(&mut self, id: WebhookId) -> StoreResult<Option<Webhook>>;

    /// Holds a webhook against every other transaction that does so, until this one ends: the dispatcher
    /// changes its state as well. `false` where there is none.
    fn lock(&mut self, id: WebhookId) -> StoreResult<bool>;
    /// An agent's webhooks, oldest first.
    fn of_agent(&mut self, agent: AgentId) -> StoreResult<Vec<Webhook>>;
    /// Replaces everything but id, agent and time of registration.
    fn update(&mut self, webhook: &Webhook) -> StoreResult<()>;
    /// What signs its deliveries.
    fn secrets(&mut self, id: WebhookId) -> StoreResult<Option<WebhookSecrets>>;
    /// Replaces what signs its deliveries.
    fn set_secrets(&mut self, id: WebhookId, secrets: &WebhookSecrets) -> StoreResult<()>;
    /// Takes one away with its deliveries; `false` where there was none.
    fn delete(&mut self, id: WebhookId) -> StoreResult<bool>;
}

/// What a step of routing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routed {
    /// Events taken from the outbox.
    pub events: usize,
    /// Deliveries that they became.
    pub deliveries: usize,
}

/// A delivery that is this caller's to try until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Where it is.
    pub url: WebhookUrl,
    /// What signs the delivery.
    pub secrets: WebhookSecrets,
    /// What it is told.
    pub event: Event,
    /// How often it was tried before.
    pub attempts: u32,
    /// Since when every try of this endpoint has failed.
    pub failing_since: Option<Timestamp>,
    /// Names the lease: what is recorded under another is discarded.
    pub leased_until: Timestamp,
}

/// What came of a claimed delivery.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Where it was when it was tried: what came of that says nothing of another place.
    pub url: WebhookUrl,
    /// The event.
    pub event_id: EventId,
    /// The lease under which it was tried.
    pub leased_until: Timestamp,
    /// What was tried; `None` where the lease is given back untried.
    pub attempt: Option<Attempt>,
    /// What becomes of the delivery.
    pub next: NextStep,
    /// How the endpoint stands after it.
    pub health: EndpointHealth,
}

/// Moves events from the outbox to endpoints.
pub trait DeliveryRepository {
    /// Takes up to `max_events` from the outbox in the order of their commits, and makes one
    /// delivery for each active endpoint that hears of them, was registered before them, and is
    /// not their actor's. An event that everyone hears of ends the step: what one transaction makes is
    /// bounded by the endpoints of one event.
    fn route(&mut self, now: Timestamp, max_events: usize) -> StoreResult<Routed>;

    /// Claims up to `max` deliveries to active endpoints that are due, those longest due first, and
    /// none to the endpoints in `saturated`, nor more than `per_endpoint` to one.
    fn claim(
        &mut self,
        now: Timestamp,
        leased_until: Timestamp,
        max: usize,
        per_endpoint: usize,
        saturated: &[WebhookId],
    ) -> StoreResult<Vec<Claimed>>;

    /// Records what came of claimed deliveries. One whose lease went to another since is passed
    /// over: it is tried again, with the same id.
    fn record(&mut self, results: &[Recorded]) -> StoreResult<()>;

    /// When the next delivery to an active endpoint is due.
    fn next_due_at(&mut self) -> StoreResult<Option<Timestamp>>;

    /// How many events wait in the outbox, and since when the oldest does.
    fn backlog(&mut self) -> StoreResult<(usize, Option<Timestamp>)>;

    /// Forgets up to `max` routed events from before that moment with their deliveries; answers how
    /// many.
    fn forget_before(&mut self, before: Timestamp, max: usize) -> StoreResult<usize>;
}

/// What a replay made due anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// How many deliveries.
    pub deliveries: usize,
    /// From when on: the moment that was asked for, or that of the earliest event that is kept, where what
    /// happened before it was forgotten.
    pub since: Timestamp,
    /// From when on more is left; `None` where that was all.
    pub next_since: Option<Timestamp>,
}

/// What a step of trimming did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// How many deliveries are kept no more.
    pub deliveries: usize,
    /// The endpoint at which the next step begins; `None` where this one was the last.
    pub next: Option<WebhookId>,
}

/// What came of deliveries, and how one is made due anew.
pub trait DeliveryLogRepository {
    /// An endpoint's deliveries, those of the newest events first.
    fn list(
        &mut self,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        page: &PageRequest,
    ) -> StoreResult<Page<Delivery>>;

    /// The delivery of that event to that endpoint, its event held against being erased until this
    /// transaction ends. `None` where there is no such delivery, or nothing is left to be told.
    fn lock(&mut self, webhook: WebhookId, event: EventId) -> StoreResult<Option<Delivery>>;

    /// Makes a delivery that was locked due now, its tries to be counted anew. Those that it had stay in
    /// the log, and a lease that somebody has on it ends.
    fn restart(&mut self, webhook: WebhookId, event: EventId, now: Timestamp) -> StoreResult<()>;

    /// Makes the deliveries of all events since that moment due now, as [`restart`](Self::restart) does, and
    /// makes those that are missing: of the `max_events` oldest that have a place in the log, that the
    /// endpoint hears of by what it is subscribed to now, that were after its registration, and of which
    /// something is left to be told.
    fn replay(
        &mut self,
        webhook: &Webhook,
        since: Timestamp,
        now: Timestamp,
        max_events: usize,
    ) -> StoreResult<Replayed>;

    /// Forgets deliveries that endpoints took, but the last [`KEPT_SUCCESSES`](super::KEPT_SUCCESSES) of
    /// each: up to `max` of them, beginning with the endpoint `from`, and none whose event has no place in
    /// the log up to `up_to`.
    fn trim(&mut self, from: Option<WebhookId>, up_to: Sequence, max: usize) -> StoreResult<Trimmed>;
}

//! Where webhooks are kept, and what came of their deliveries.

use super::delivery::DeliveryStatus;
use super::tried::Delivery;
use super::{Webhook, WebhookSecrets};
use crate::context::Timestamp;
use crate::event::Sequence;
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
    /// Seals the secrets of up to `max` webhooks anew that another master key than the present one has sealed. Answers
    /// how many; what can't be opened is left as it is.
    fn reseal(&mut self, max: usize) -> StoreResult<usize>;
    /// Takes one away with its deliveries; `false` where there was none.
    fn delete(&mut self, id: WebhookId) -> StoreResult<bool>;
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

/// What a step did that goes from endpoint to endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many deliveries it was of.
    pub deliveries: usize,
    /// The endpoint at which the next step begins; `None` where this one was the last.
    pub next: Option<WebhookId>,
}

/// What came of deliveries, and how one is made due anew.
pub trait DeliveryLogRepository {
    /// An endpoint's deliveries, those of the newest events first. Of those that were delivered a page may hold
    /// fewer than asked for, or none, and name a next one: behind a long backlog they are looked for page by page.
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
    /// the log, and what comes of a try that is under way is not recorded.
    fn restart(&mut self, webhook: WebhookId, event: EventId, now: Timestamp) -> StoreResult<()>;

    /// Makes the deliveries of all events since that moment due now, as [`restart`](Self::restart) does, and
    /// makes those that are missing: of the `max_events` oldest up to the end of the log, that the
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
    /// each, among their newest deliveries (behind a long backlog, successes go with their events): up to `max` of
    /// them, beginning with the endpoint `from`, and none whose event stands behind `up_to` in the log.
    fn trim(&mut self, from: Option<WebhookId>, up_to: Sequence, max: usize) -> StoreResult<Swept>;

    /// Gives up what waits, for endpoints that are switched off, of events from before that moment, and says so as
    /// its failure: up to `max` deliveries, beginning with the endpoint `from`. What is soon to be forgotten without
    /// having been tried is seen until then.
    fn expire(&mut self, from: Option<WebhookId>, before: Timestamp, max: usize) -> StoreResult<Swept>;
}

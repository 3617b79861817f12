//! What a dispatcher asks of the database: who is to hear of what, what is due, and how it came out.
//!
//! An event is *handled* at an endpoint once a delivery says so, as a row: delivered, to be tried again, or given
//! up. Whoever walks the log finds each endpoint that hears of an event and has no such row yet, so that walking a
//! stretch of it once more, after a crash, finds what is left and nothing else. How far everything is handled is
//! written down now and then, and only saves walking.

use std::time::Duration;

use super::delivery::{Attempt, EndpointHealth, NextStep};
use super::{WebhookSecrets, WebhookUrl};
use crate::context::Timestamp;
use crate::event::{Event, Sequence};
use crate::id::{DispatcherId, EventId, WebhookId};
use crate::store::StoreResult;

/// The right to deliver, which one dispatcher has at a time. What is written in the name of a lead that another
/// has taken since is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// Who has it.
    pub dispatcher: DispatcherId,
    /// Grows with every change of hands.
    pub fence: i64,
}

/// How far a walk along the log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walk {
    /// Who hears of the events up to there is known.
    pub read: Sequence,
    /// The last endpoint that was looked at of those who hear of the next one, which everyone is told of: they are
    /// walked in the order of their ids.
    pub within: Option<WebhookId>,
}

/// An endpoint that is to hear of an event and was not told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearer {
    /// The event's place in the log.
    pub sequence: Sequence,
    /// The event.
    pub event_id: EventId,
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Whether its last tries have failed.
    pub is_failing: bool,
}

/// A stretch of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Who is to hear of what.
    pub hearers: Vec<Hearer>,
    /// Where the walk goes on.
    pub next: Walk,
    /// Whether there is more of it now.
    pub is_more: bool,
}

/// A delivery that stands as a row and waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// Since when it is due. Also names the state of the row: what comes of it is recorded only while that stands.
    pub due_at: Timestamp,
    /// How often it was tried before.
    pub attempts: u32,
    /// Whether the endpoint's last tries have failed.
    pub is_failing: bool,
}

/// Where a delivery comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the log: it has no row yet.
    Log(Sequence),
    /// From its row, which waited since then.
    Row(Timestamp),
}

impl Origin {
    /// Whether it has a row.
    pub fn is_row(self) -> bool {
        matches!(self, Self::Row(_))
    }
}

/// All that a try takes of an endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it is.
    pub url: WebhookUrl,
    /// What signs its deliveries.
    pub secrets: WebhookSecrets,
    /// Since when every try has failed.
    pub failing_since: Option<Timestamp>,
}

/// What became of an endpoint or an event that something was to be sent to, or of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is there no more, or its content was erased: nothing is left to be told.
    Gone,
    /// The endpoint is switched off: what waits for it, waits until it is switched on again.
    Disabled,
    /// What is stored of it can't be read, now or with this master key.
    Unreadable,
}

/// What came of a try.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// Where the delivery came from.
    pub origin: Origin,
    /// Where the endpoint was when it was tried: what came of that says nothing of another place.
    pub url: WebhookUrl,
    /// Whether it had failed before, by what was stored.
    pub was_failing: bool,
    /// How often it was tried, this try included.
    pub attempts: u32,
    /// What was tried.
    pub attempt: Attempt,
    /// What becomes of the delivery.
    pub next: NextStep,
    /// How the endpoint stands after it.
    pub health: EndpointHealth,
}

/// A delivery that was not tried, and is a row from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferred {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The event.
    pub event_id: EventId,
    /// Where the delivery came from.
    pub origin: Origin,
    /// What it waits for.
    pub until: DeferredUntil,
}

/// What a deferred delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeferredUntil {
    /// Its turn in its endpoint's line.
    ItsTurn,
    /// That its endpoint is switched on again.
    SwitchedOn,
    /// Nothing any more, for that reason: it is given up.
    Never(&'static str),
}

/// What a dispatcher has done since it last said so.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// What came of tries.
    pub results: Vec<Recorded>,
    /// What was not tried.
    pub deferred: Vec<Deferred>,
    /// How far every event is handled, where that is to be written down: it only saves walking, and can wait.
    pub handled: Option<Sequence>,
}

/// Moves events from the outbox to endpoints.
pub trait DeliveryRepository {
    /// Takes the lead, or keeps it, for that long; `None` while another has it.
    fn lead(&mut self, dispatcher: DispatcherId, length: Duration) -> StoreResult<Option<Lead>>;
    /// Lays the lead down, so that another can take it at once.
    fn lay_down(&mut self, lead: Lead) -> StoreResult<()>;

    /// Moves the end of the log to where no transaction that is under way can still add to it. Answers whether that
    /// is all: what stands behind it is read once those have ended. Where the store says that it
    /// [is settled](crate::store::Store::is_settled), it stands there already.
    fn settle(&mut self) -> StoreResult<bool>;
    /// How far every event is handled, by what was last written down.
    fn handled(&mut self) -> StoreResult<Sequence>;
    /// Who hears of the next events, at most `max` of them, or of fewer than `2 * max` endpoints where everyone is told:
    /// active endpoints that subscribed to it, were registered before it, are not its actor's, and have no delivery
    /// of it yet.
    fn hearers(&mut self, walk: Walk, max: usize) -> StoreResult<Heard>;

    /// Up to `max` deliveries to active endpoints that are due, those longest due first.
    fn due(&mut self, now: Timestamp, max: usize) -> StoreResult<Vec<Waiting>>;
    /// When the next delivery to an active endpoint is due, after that moment or at it.
    fn next_due_at(&mut self, after: Timestamp) -> StoreResult<Option<Timestamp>>;
    /// The endpoints that have a line.
    fn lines(&mut self) -> StoreResult<Vec<WebhookId>>;
    /// The first `max` in an endpoint's line.
    fn line(&mut self, webhook: WebhookId, max: usize) -> StoreResult<Vec<Waiting>>;

    /// All that tries take of these endpoints, in their order.
    fn endpoints(&mut self, ids: &[WebhookId]) -> StoreResult<Vec<Result<Endpoint, Missing>>>;
    /// What is told of these events, in their order.
    fn events(&mut self, ids: &[EventId]) -> StoreResult<Vec<Result<Event, Missing>>>;

    /// Writes down what was done in the name of a lead; `false`, and nothing is written, where another has it. Of a
    /// delivery that changed since it was read, nothing is written: it is tried once more, with the same id.
    fn record(&mut self, lead: Lead, progress: &Progress) -> StoreResult<bool>;

    /// How many events are not known to be handled, counted up to ten thousand, and when the oldest of them happened.
    fn backlog(&mut self) -> StoreResult<(usize, Option<Timestamp>)>;
    /// Forgets up to `max` handled events from before that moment with their deliveries; answers how many.
    fn forget_before(&mut self, before: Timestamp, max: usize) -> StoreResult<usize>;
}

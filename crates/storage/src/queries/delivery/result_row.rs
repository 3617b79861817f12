//! A delivery as it stands after a try, or after it was put off.

use clankdin_domain::webhook::{
    AttemptOutcome, Deferred, DeferredUntil, DeliveryStatus, NextStep, Origin, Recorded, Try,
};

use super::super::super::dialect::{Id, Time};
use super::super::webhook::{IN_LINE, PARKED};
use super::tried;

/// What is to be written of it. Of what was not tried, what is `None` stays as it is.
pub(crate) struct ResultRow {
    pub(crate) webhook_id: Id,
    pub(crate) event_id: Id,
    /// When its row was due, where it had one.
    pub(crate) was_due_at: Option<Time>,
    pub(crate) status: &'static str,
    pub(crate) attempts: Option<i64>,
    pub(crate) next_attempt_at: Time,
    pub(crate) last_attempt_at: Option<Time>,
    pub(crate) last_status: Option<i64>,
    pub(crate) last_failure: Option<&'static str>,
    pub(crate) last_latency_ms: Option<i64>,
    /// The try.
    pub(crate) tried: Option<String>,
}

impl ResultRow {
    /// The columns, in the order of the fields.
    pub(crate) const COLUMNS: &str = "webhook_id, event_id, was_due_at, status, attempts, next_attempt_at, \
                                      last_attempt_at, last_status, last_failure, last_latency_ms, tried";

    pub(super) fn of_result(result: &Recorded) -> Self {
        let (status, next_attempt_at) = match result.next {
            NextStep::Delivered => (DeliveryStatus::Delivered, result.attempt.at),
            NextStep::RetryAt(at) => (DeliveryStatus::Pending, at),
            NextStep::GiveUp => (DeliveryStatus::Failed, result.attempt.at),
        };
        let (last_status, last_failure) = match result.attempt.outcome {
            AttemptOutcome::Answered { status, .. } => (Some(i64::from(status)), None),
            AttemptOutcome::Unanswered { class } => (None, Some(class)),
        };
        Self {
            webhook_id: Id(result.webhook_id.uuid()),
            event_id: Id(result.event_id.uuid()),
            was_due_at: was_due_at(result.origin),
            status: status.name(),
            attempts: Some(i64::from(result.attempts)),
            next_attempt_at: Time(next_attempt_at),
            last_attempt_at: Some(Time(result.attempt.at)),
            last_status,
            last_failure,
            last_latency_ms: Some(i64::try_from(result.attempt.latency.as_millis()).unwrap_or(i64::MAX)),
            tried: Some(tried::written(&Try::from(&result.attempt))),
        }
    }

    pub(super) fn of_deferred(deferred: &Deferred) -> Self {
        let (status, next_attempt_at, last_failure) = match deferred.until {
            DeferredUntil::ItsTurn => (DeliveryStatus::Pending, IN_LINE, None),
            DeferredUntil::SwitchedOn => (DeliveryStatus::Pending, PARKED, None),
            DeferredUntil::Never(reason) => (DeliveryStatus::Failed, PARKED, Some(reason)),
        };
        let was_due_at = was_due_at(deferred.origin);
        Self {
            webhook_id: Id(deferred.webhook_id.uuid()),
            event_id: Id(deferred.event_id.uuid()),
            was_due_at,
            status: status.name(),
            attempts: was_due_at.is_none().then_some(0),
            next_attempt_at,
            last_attempt_at: None,
            last_status: None,
            last_failure,
            last_latency_ms: None,
            tried: None,
        }
    }
}

fn was_due_at(origin: Origin) -> Option<Time> {
    match origin {
        Origin::Log(_) => None,
        Origin::Row(due_at) => Some(Time(due_at)),
    }
}

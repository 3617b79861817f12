//! What came of each try, and how its endpoint stands after it.

use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{
    AttemptOutcome, DeliveryStatus, EndpointHealth, MAX_TRIES, NextStep, Recorded, Try, WebhookStatus,
};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::super::super::dialect::{Id, Time, appending};
use super::super::super::schema::{deliveries, webhooks};
use super::super::DieselStore;
use super::super::webhook::park;
use super::tried;
use crate::error::store_error;

impl DieselStore<'_> {
    /// Whether the lease still stood.
    pub(super) fn record_delivery(&mut self, result: &Recorded) -> StoreResult<bool> {
        let (status, next_attempt_at) = match result.next {
            NextStep::Delivered => (DeliveryStatus::Delivered, result.leased_until),
            NextStep::RetryAt(at) => (DeliveryStatus::Pending, at),
            NextStep::GiveUp => (DeliveryStatus::Failed, result.leased_until),
        };
        let its = deliveries::table.find((Id(result.webhook_id.uuid()), Id(result.event_id.uuid())));
        let leased = deliveries::next_attempt_at
            .eq(Time(result.leased_until))
            .and(deliveries::status.eq(DeliveryStatus::Pending.name()));
        let tries = i64::from(result.attempt.is_some());
        let (before, after) = appending("deliveries.tries", MAX_TRIES);
        let last_try = result.attempt.as_ref().map(|attempt| {
            let (status, failure) = match attempt.outcome {
                AttemptOutcome::Answered { status, .. } => (Some(i64::from(status)), None),
                AttemptOutcome::Unanswered { class } => (None, Some(class)),
            };
            (
                deliveries::last_attempt_at.eq(Some(Time(attempt.at))),
                deliveries::last_status.eq(status),
                deliveries::last_failure.eq(failure),
                deliveries::last_latency_ms.eq(i64::try_from(attempt.latency.as_millis()).ok()),
                deliveries::tries.eq(sql::<Text>(&before)
                    .bind::<Text, _>(tried::written(&Try::from(attempt)))
                    .sql(&after)),
            )
        });
        let recorded = diesel::update(its.filter(leased))
            .set((
                deliveries::status.eq(status.name()),
                deliveries::next_attempt_at.eq(Time(next_attempt_at)),
                deliveries::attempts.eq(deliveries::attempts + tries.into_sql::<BigInt>()),
                last_try,
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(recorded > 0)
    }

    pub(super) fn record_health(&mut self, result: &Recorded) -> StoreResult<()> {
        let id = Id(result.webhook_id.uuid());
        let its = webhooks::table.find(id).filter(webhooks::url.eq(result.url.as_str()));
        match result.health {
            EndpointHealth::Unchanged => {}
            EndpointHealth::Healthy => {
                diesel::update(its.filter(webhooks::failing_since.is_not_null()))
                    .set(webhooks::failing_since.eq(None::<Time>))
                    .execute(self.connection)
                    .map_err(store_error)?;
            }
            EndpointHealth::FailingSince(since) => {
                // Where another delivery has succeeded since this one was claimed, what failed before
                // that no longer counts: failing begins with this try.
                let since = result.attempt.as_ref().map_or(since, |attempt| attempt.at);
                diesel::update(its.filter(webhooks::failing_since.is_null()))
                    .set(webhooks::failing_since.eq(Some(Time(since))))
                    .execute(self.connection)
                    .map_err(store_error)?;
            }
            EndpointHealth::Disabled => {
                // An endpoint that says it is gone is believed. One that has failed for too long is
                // not disabled when another delivery has succeeded since.
                let is_gone = result.next == NextStep::GiveUp;
                let failing = webhooks::failing_since.is_not_null().or(is_gone.into_sql::<Bool>());
                let disabled = diesel::update(its.filter(failing))
                    .set(webhooks::status.eq(WebhookStatus::Disabled.name()))
                    .execute(self.connection)
                    .map_err(store_error)?;
                let at = result.attempt.as_ref().map_or(result.leased_until, |attempt| attempt.at);
                diesel::update(its.filter(webhooks::failing_since.is_null()))
                    .set(webhooks::failing_since.eq(Time(at)))
                    .execute(self.connection)
                    .map_err(store_error)?;
                if disabled > 0 {
                    park(self.connection, id)?;
                }
            }
        }
        Ok(())
    }
}

//! What came of tries, how endpoints stand after them, and what is to wait: all of one kind in one statement.

use clankdin_domain::event::Sequence;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{
    AttemptOutcome, EndpointHealth, MAX_TRIES, Progress, Recorded, WebhookStatus,
};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::super::super::dialect::{Id, Time, appending, held, spell_time, unindexed};
use super::super::super::results::execute_with_results;
use super::super::super::schema::{log_ends, webhooks};
use super::super::DieselStore;
use super::super::webhook::{PARKED, park};
use super::result_row::ResultRow;
use crate::error::store_error;

impl DieselStore<'_> {
    pub(super) fn record_progress(&mut self, progress: &Progress) -> StoreResult<()> {
        let Progress { results, deferred, handled } = progress;
        let held = self.hold_endpoints(progress)?;
        let rows =
            results.iter().map(ResultRow::of_result).chain(deferred.iter().map(ResultRow::of_deferred));
        // Where the endpoint is there no more, there is nothing to be kept.
        let rows = rows.filter(|row| held.binary_search(&row.webhook_id).is_ok());
        let (mut walked, mut stood): (Vec<_>, Vec<_>) = rows.partition(|row| row.was_due_at.is_none());
        // In the order in which they stand: those that share a page follow upon each other.
        for rows in [&mut walked, &mut stood] {
            rows.sort_unstable_by_key(|row| (row.webhook_id, row.event_id));
        }
        self.insert_walked(&walked)?;
        self.update_stood(&stood)?;
        for result in results {
            self.record_health(result)?;
        }
        handled.map_or(Ok(()), |handled| self.record_handled(handled))
    }

    /// Endpoints first, in order of their ids, as whoever changes one does: it is held, and then what waits for it.
    /// Answers which of them are there.
    fn hold_endpoints(&mut self, progress: &Progress) -> StoreResult<Vec<Id>> {
        let results = progress.results.iter().map(|result| result.webhook_id);
        let deferred = progress.deferred.iter().map(|deferred| deferred.webhook_id);
        let mut endpoints: Vec<Id> = results.chain(deferred).map(|id| Id(id.uuid())).collect();
        if endpoints.is_empty() {
            return Ok(endpoints);
        }
        endpoints.sort_unstable();
        endpoints.dedup();
        held!(
            webhooks::table.filter(webhooks::id.eq_any(&endpoints)).order(webhooks::id).select(webhooks::id)
        )
        .load(self.connection)
        .map_err(store_error)
    }

    /// Makes the rows of deliveries that came from the log. Where the event is there no more, there is nothing to be
    /// kept; where a row has been made since, that one stands; where the endpoint that was switched
    /// off is on again, what would wait for that is due.
    fn insert_walked(&mut self, rows: &[ResultRow]) -> StoreResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let next_attempt_at = next_attempt_at();
        // Looked up row by row: of a join, a planner that knows nothing yet could walk all events.
        let statement = format!(
            "INSERT INTO deliveries (webhook_id, event_id, status, attempts, next_attempt_at, last_attempt_at, \
               last_status, last_failure, last_latency_ms, tries) \
             SELECT results.webhook_id, results.event_id, results.status, results.attempts, \
               {next_attempt_at}, \
               results.last_attempt_at, results.last_status, results.last_failure, \
               results.last_latency_ms, CASE WHEN results.tried IS NULL THEN '[]' \
                 ELSE '[' || results.tried || ']' END \
             FROM results \
             WHERE (SELECT id FROM outbox WHERE id = results.event_id) IS NOT NULL \
             ON CONFLICT (webhook_id, event_id) DO NOTHING"
        );
        execute_with_results(self.connection, rows, &statement).map_err(store_error)
    }

    /// Changes the rows of deliveries that had one, where it still stands as it was read.
    fn update_stood(&mut self, rows: &[ResultRow]) -> StoreResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let (before, after) = appending("deliveries.tries", MAX_TRIES);
        let next_attempt_at = next_attempt_at();
        let [webhook_id, event_id] = ["results.webhook_id", "results.event_id"].map(unindexed);
        let statement = format!(
            "UPDATE deliveries SET status = results.status, next_attempt_at = {next_attempt_at}, \
               attempts = coalesce(results.attempts, deliveries.attempts), \
               last_attempt_at = coalesce(results.last_attempt_at, deliveries.last_attempt_at), \
               last_status = CASE WHEN results.last_attempt_at IS NULL THEN deliveries.last_status \
                 ELSE results.last_status END, \
               last_failure = CASE WHEN results.last_attempt_at IS NULL \
                 THEN coalesce(results.last_failure, deliveries.last_failure) ELSE results.last_failure END, \
               last_latency_ms = coalesce(results.last_latency_ms, deliveries.last_latency_ms), \
               tries = CASE WHEN results.tried IS NULL THEN deliveries.tries \
                 ELSE {before}results.tried{after} END \
             FROM results WHERE deliveries.webhook_id = {webhook_id} \
               AND deliveries.event_id = {event_id} AND deliveries.status = 'pending' \
               AND deliveries.next_attempt_at = results.was_due_at"
        );
        execute_with_results(self.connection, rows, &statement).map_err(store_error)
    }

    fn record_handled(&mut self, handled: Sequence) -> StoreResult<()> {
        diesel::update(log_ends::table.find(1).filter(log_ends::handled.lt(handled.get())))
            .set(log_ends::handled.eq(handled.get()))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn record_health(&mut self, result: &Recorded) -> StoreResult<()> {
        let id = Id(result.webhook_id.uuid());
        let its = webhooks::table.find(id).filter(webhooks::url.eq(result.url.as_str()));
        let is_gone = matches!(result.attempt.outcome, AttemptOutcome::Answered { status: 410, .. });
        match result.health {
            EndpointHealth::Unchanged => {}
            EndpointHealth::Healthy => {
                diesel::update(its.filter(webhooks::failing_since.is_not_null()))
                    .set(webhooks::failing_since.eq(None::<Time>))
                    .execute(self.connection)
                    .map_err(store_error)?;
            }
            EndpointHealth::FailingSince(_) => {
                // Where another delivery has succeeded since this one was read, what failed before that
                // no longer counts: failing begins with this try.
                diesel::update(its.filter(webhooks::failing_since.is_null()))
                    .set(webhooks::failing_since.eq(Some(Time(result.attempt.at))))
                    .execute(self.connection)
                    .map_err(store_error)?;
            }
            EndpointHealth::Disabled => {
                // An endpoint that says it is gone is believed. One that has failed for too long is
                // not disabled when another delivery has succeeded since.
                let failing = webhooks::failing_since.is_not_null().or(is_gone.into_sql::<Bool>());
                let disabled = diesel::update(its.filter(failing))
                    .set(webhooks::status.eq(WebhookStatus::Disabled.name()))
                    .execute(self.connection)
                    .map_err(store_error)?;
                diesel::update(its.filter(webhooks::failing_since.is_null()))
                    .set(webhooks::failing_since.eq(Time(result.attempt.at)))
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

/// When a delivery is tried next, by what its endpoint is now: what is pending for one that is switched off waits until
/// it is on, and what would wait for that while it is on is due.
fn next_attempt_at() -> String {
    let parked = spell_time(PARKED.0);
    format!(
        "CASE WHEN results.status <> 'pending' THEN results.next_attempt_at \
         WHEN (SELECT status FROM webhooks WHERE id = results.webhook_id) <> 'active' THEN {parked} \
         WHEN results.next_attempt_at = {parked} \
           THEN (SELECT occurred_at FROM outbox WHERE id = results.event_id) \
         ELSE results.next_attempt_at END"
    )
}

//! Events on their way from the outbox to endpoints.
//!
//! Architecture invariant: a delivery's time of the next try is also its lease. Whoever claims it moves
//! that time to the end of the lease, and what comes of the try is recorded only while it still stands
//! there.

mod claim;
mod log;
mod record;
mod replay;
mod route;
pub(super) mod tried;
mod trim;

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Claimed, DeliveryRepository, Recorded, Routed, WebhookStatus};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::super::dialect::{Id, Time, held};
use super::super::schema::{deliveries, outbox, webhooks};
use super::webhook::PARKED;
use super::{DieselStore, limit_of};
use crate::error::store_error;

impl DeliveryRepository for DieselStore<'_> {
    fn route(&mut self, now: Timestamp, max_events: usize) -> StoreResult<Routed> {
        self.route_events(now, max_events)
    }

    fn claim(
        &mut self,
        now: Timestamp,
        leased_until: Timestamp,
        max: usize,
        per_endpoint: usize,
        saturated: &[WebhookId],
    ) -> StoreResult<Vec<Claimed>> {
        self.claim_due(now, leased_until, max, per_endpoint, saturated)
    }

    fn record(&mut self, results: &[Recorded]) -> StoreResult<()> {
        // Endpoints first, in order of their ids, as whoever changes one does: it is held, and then what
        // waits for it.
        let mut endpoints: Vec<Id> = results.iter().map(|result| Id(result.webhook_id.uuid())).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        held!(
            webhooks::table.filter(webhooks::id.eq_any(&endpoints)).order(webhooks::id).select(webhooks::id)
        )
        .load::<Id>(self.connection)
        .map_err(store_error)?;
        for result in results {
            if self.record_delivery(result)? {
                self.record_health(result)?;
            }
        }
        Ok(())
    }

    fn next_due_at(&mut self) -> StoreResult<Option<Timestamp>> {
        let next: Option<Time> = deliveries::table
            .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook_id)))
            .filter(is_pending().and(deliveries::next_attempt_at.lt(PARKED)))
            .filter(webhooks::status.eq(WebhookStatus::Active.name()))
            .order(deliveries::next_attempt_at)
            .select(deliveries::next_attempt_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(next.map(|at| at.0))
    }

    fn backlog(&mut self) -> StoreResult<(usize, Option<Timestamp>)> {
        let waiting = outbox::table.filter(outbox::sequence.is_null());
        let count: i64 = waiting.count().get_result(self.connection).map_err(store_error)?;
        let oldest: Option<Time> = waiting
            .order(outbox::position)
            .select(outbox::occurred_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok((usize::try_from(count).unwrap_or_default(), oldest.map(|at| at.0)))
    }

    fn forget_before(&mut self, before: Timestamp, max: usize) -> StoreResult<usize> {
        let forgotten: Vec<(i64, Option<i64>)> = outbox::table
            .filter(outbox::occurred_at.lt(Time(before)))
            .filter(outbox::sequence.is_not_null())
            .order(outbox::occurred_at)
            .limit(limit_of(max))
            .select((outbox::position, outbox::sequence))
            .load(self.connection)
            .map_err(store_error)?;
        let Some(last) = forgotten.iter().filter_map(|(_, place)| *place).max() else { return Ok(0) };
        self.forget_place(last)?;
        let positions: Vec<i64> = forgotten.into_iter().map(|(position, _)| position).collect();
        // Their deliveries go with them.
        diesel::delete(outbox::table.filter(outbox::position.eq_any(positions)))
            .execute(self.connection)
            .map_err(store_error)
    }
}

/// Spelled out, not bound: the index of what is due holds pending rows alone, and is used only where
/// the statement says so in so many words.
fn is_pending() -> SqlLiteral<Bool> {
    sql("deliveries.status = 'pending'")
}

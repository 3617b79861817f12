//! Which deliveries wait as rows: those that are due, and those in a line.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Waiting, WebhookStatus};
use diesel::prelude::*;

use super::super::super::dialect::{Id, Time};
use super::super::super::schema::{deliveries, webhooks};
use super::super::webhook::{IN_LINE, is_pending};
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// The columns that make a [`Waiting`].
const WAITING: (
    deliveries::webhook_id,
    deliveries::event_id,
    deliveries::next_attempt_at,
    deliveries::attempts,
    webhooks::failing_since,
) = (
    deliveries::webhook_id,
    deliveries::event_id,
    deliveries::next_attempt_at,
    deliveries::attempts,
    webhooks::failing_since,
);

/// [`WAITING`] as a query answers it.
type Row = (Id, Id, Time, i64, Option<Time>);

/// Deliveries that are pending, with their endpoints, where those are active.
macro_rules! pending {
    () => {
        deliveries::table
            .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook_id)))
            .filter(is_pending())
            .filter(webhooks::status.eq(WebhookStatus::Active.name()))
    };
}

impl DieselStore<'_> {
    pub(super) fn due_until(&mut self, now: Timestamp, max: usize) -> StoreResult<Vec<Waiting>> {
        let due = pending!()
            .filter(deliveries::next_attempt_at.le(Time(now)))
            .order(deliveries::next_attempt_at)
            .limit(limit_of(max))
            .select(WAITING);
        let rows: Vec<Row> = due.load(self.connection).map_err(store_error)?;
        Ok(rows.into_iter().map(waiting).collect())
    }

    pub(super) fn first_due_after(&mut self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        let next: Option<Time> = pending!()
            .filter(deliveries::next_attempt_at.ge(Time(after)).and(deliveries::next_attempt_at.lt(IN_LINE)))
            .order(deliveries::next_attempt_at)
            .select(deliveries::next_attempt_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(next.map(|at| at.0))
    }

    pub(super) fn endpoints_with_a_line(&mut self) -> StoreResult<Vec<WebhookId>> {
        let ids: Vec<Id> = deliveries::table
            .filter(is_pending().and(deliveries::next_attempt_at.eq(IN_LINE)))
            .select(deliveries::webhook_id)
            .distinct()
            .load(self.connection)
            .map_err(store_error)?;
        Ok(ids.into_iter().map(|id| id.0.into()).collect())
    }

    pub(super) fn first_in_line(&mut self, webhook: WebhookId, max: usize) -> StoreResult<Vec<Waiting>> {
        let its = deliveries::webhook_id.eq(Id(webhook.uuid()));
        let rows: Vec<Row> = pending!()
            .filter(its.and(deliveries::next_attempt_at.eq(IN_LINE)))
            .order(deliveries::event_id)
            .limit(limit_of(max))
            .select(WAITING)
            .load(self.connection)
            .map_err(store_error)?;
        Ok(rows.into_iter().map(waiting).collect())
    }
}

fn waiting((webhook, event, due_at, attempts, failing_since): Row) -> Waiting {
    Waiting {
        webhook_id: webhook.0.into(),
        event_id: event.0.into(),
        due_at: due_at.0,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        is_failing: failing_since.is_some(),
    }
}

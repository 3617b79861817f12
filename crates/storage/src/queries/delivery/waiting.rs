//! Which deliveries wait as rows: those that are due, and those in a line.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Waiting, WebhookStatus};
use diesel::prelude::*;

use super::super::super::dialect::{Id, Time};
use super::super::super::schema::{deliveries, webhooks};
use super::super::webhook::{IN_LINE, has_its_time, is_due, is_in_line};
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// Deliveries of endpoints that are active. The endpoint is looked up row by row: of a join, a planner that knows nothing
/// yet could go endpoint by endpoint through all that waits.
macro_rules! of_active {
    () => {
        deliveries::table.filter(
            webhooks::table
                .find(deliveries::webhook_id)
                .select(webhooks::status)
                .single_value()
                .eq(WebhookStatus::Active.name()),
        )
    };
}

/// The columns that make a [`Waiting`], in the order of [`Row`].
macro_rules! waiting_columns {
    () => {
        (
            deliveries::webhook_id,
            deliveries::event_id,
            deliveries::next_attempt_at,
            deliveries::attempts,
            webhooks::table.find(deliveries::webhook_id).select(webhooks::failing_since).single_value(),
        )
    };
}

type Row = (Id, Id, Time, i64, Option<Time>);

impl DieselStore<'_> {
    pub(super) fn due_until(&mut self, now: Timestamp, max: usize) -> StoreResult<Vec<Waiting>> {
        let rows: Vec<Row> = of_active!()
            .filter(is_due(now))
            .order(deliveries::next_attempt_at)
            .limit(limit_of(max))
            .select(waiting_columns!())
            .load(self.connection)
            .map_err(store_error)?;
        Ok(rows.into_iter().map(waiting).collect())
    }

    pub(super) fn first_due_after(&mut self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        let next: Option<Time> = of_active!()
            .filter(has_its_time().and(deliveries::next_attempt_at.ge(Time(after))))
            .order(deliveries::next_attempt_at)
            .select(deliveries::next_attempt_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(next.map(|at| at.0))
    }

    pub(super) fn endpoints_with_a_line(&mut self) -> StoreResult<Vec<WebhookId>> {
        let ids: Vec<Id> = deliveries::table
            .filter(is_in_line())
            .select(deliveries::webhook_id)
            .distinct()
            .load(self.connection)
            .map_err(store_error)?;
        Ok(ids.into_iter().map(|id| id.0.into()).collect())
    }

    pub(super) fn first_in_line(&mut self, webhook: WebhookId, max: usize) -> StoreResult<Vec<Waiting>> {
        let id = Id(webhook.uuid());
        // First the endpoint: the whole line of one that is switched off would be walked in search of what is to be tried.
        let endpoint: Option<Option<Time>> = webhooks::table
            .find(id)
            .filter(webhooks::status.eq(WebhookStatus::Active.name()))
            .select(webhooks::failing_since)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some(failing_since) = endpoint else { return Ok(Vec::new()) };
        let rows: Vec<(Id, i64)> = deliveries::table
            .filter(deliveries::webhook_id.eq(id).and(is_in_line()))
            .order(deliveries::event_id)
            .limit(limit_of(max))
            .select((deliveries::event_id, deliveries::attempts))
            .load(self.connection)
            .map_err(store_error)?;
        let in_line = rows.into_iter().map(|(event, attempts)| (id, event, IN_LINE, attempts, failing_since));
        Ok(in_line.map(waiting).collect())
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

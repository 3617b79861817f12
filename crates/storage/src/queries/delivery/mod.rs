//! Events on their way from the outbox to endpoints.
//!
//! Architecture invariant: nothing of a delivery is written but in the name of a lead that stands, and over nothing
//! but the state that was read. So whoever has lost the lead changes nothing any more, and what an agent asks for
//! meanwhile (a redelivery, an erasure) is not undone.

mod expire;
mod hearers;
mod log;
mod prepare;
mod record;
mod replay;
mod result_row;
mod taken;
pub(super) mod tried;
mod trim;
mod waiting;

pub(crate) use result_row::ResultRow;

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Event, Sequence};
use clankdin_domain::id::{DispatcherId, EventId, WebhookId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{DeliveryRepository, Endpoint, Heard, Lead, Missing, Progress, Waiting, Walk};
use diesel::prelude::*;

use super::super::dialect::{Id, Time, hold_lead, lay_lead_down, take_lead};
use super::super::schema::{deliveries, log_ends, outbox};
use super::{DieselStore, limit_of};
use crate::error::store_error;

/// Of how many events at most it is told that they wait.
const MAX_COUNTED: usize = 10_000;

impl DeliveryRepository for DieselStore<'_> {
    fn lead(&mut self, dispatcher: DispatcherId, length: Duration) -> StoreResult<Option<Lead>> {
        let taken = take_lead(self.connection, Id(dispatcher.uuid()), length)?;
        Ok(taken.map(|fence| Lead { dispatcher, fence }))
    }

    fn lay_down(&mut self, lead: Lead) -> StoreResult<()> {
        lay_lead_down(self.connection, lead.fence)
    }

    fn settle(&mut self) -> StoreResult<bool> {
        self.settle_log()
    }

    fn handled(&mut self) -> StoreResult<Sequence> {
        let handled = log_ends::table.find(1).select(log_ends::handled).first(self.connection);
        handled.map(Sequence::new).map_err(store_error)
    }

    fn hearers(&mut self, walk: Walk, max: usize) -> StoreResult<Heard> {
        self.hearers_of_next(walk, max)
    }

    fn due(&mut self, now: Timestamp, max: usize) -> StoreResult<Vec<Waiting>> {
        self.due_until(now, max)
    }

    fn next_due_at(&mut self, after: Timestamp) -> StoreResult<Option<Timestamp>> {
        self.first_due_after(after)
    }

    fn lines(&mut self) -> StoreResult<Vec<WebhookId>> {
        self.endpoints_with_a_line()
    }

    fn line(&mut self, webhook: WebhookId, max: usize) -> StoreResult<Vec<Waiting>> {
        self.first_in_line(webhook, max)
    }

    fn endpoints(&mut self, ids: &[WebhookId]) -> StoreResult<Vec<Result<Endpoint, Missing>>> {
        self.prepare_endpoints(ids)
    }

    fn events(&mut self, ids: &[EventId]) -> StoreResult<Vec<Result<Event, Missing>>> {
        self.prepare_events(ids)
    }

    fn record(&mut self, lead: Lead, progress: &Progress) -> StoreResult<bool> {
        let holds = hold_lead(self.connection, lead.fence)?;
        if holds {
            self.record_progress(progress)?;
        }
        Ok(holds)
    }

    fn backlog(&mut self) -> StoreResult<(usize, Option<Timestamp>)> {
        let handled = self.handled()?;
        let unhandled: Vec<Time> = outbox::table
            .filter(outbox::sequence.gt(handled.get()))
            .order(outbox::sequence)
            .limit(limit_of(MAX_COUNTED))
            .select(outbox::occurred_at)
            .load(self.connection)
            .map_err(store_error)?;
        Ok((unhandled.len(), unhandled.first().map(|at| at.0)))
    }

    fn forget_before(&mut self, before: Timestamp, max: usize) -> StoreResult<usize> {
        let handled = self.handled()?;
        let forgotten: Vec<(i64, Id)> = outbox::table
            .filter(outbox::occurred_at.lt(Time(before)))
            .filter(outbox::sequence.le(handled.get()))
            .order(outbox::occurred_at)
            .limit(limit_of(max))
            .select((outbox::sequence, outbox::id))
            .load(self.connection)
            .map_err(store_error)?;
        let (places, events): (Vec<i64>, Vec<Id>) = forgotten.into_iter().unzip();
        let Some(last) = places.iter().max() else { return Ok(0) };
        self.forget_place(*last)?;
        // First the events: whoever makes deliveries of them due anew holds them, and is waited for.
        let forgotten = diesel::delete(outbox::table.filter(outbox::sequence.eq_any(places)))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::delete(deliveries::table.filter(deliveries::event_id.eq_any(events)))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(forgotten)
    }
}

//! What came of deliveries, told to the agent whose endpoint it is.

use std::cmp::Reverse;

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{EventKind, Sequence};
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Delivery, DeliveryLogRepository, DeliveryStatus, Replayed, Swept, Webhook};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::super::dialect::{Id, Time, held};
use super::super::super::schema::{deliveries, outbox};
use super::super::outbox::BLANK;
use super::super::webhook::{is_undelivered, next_try};
use super::super::{DieselStore, limit_of};
use super::tried;
use crate::error::{corrupt, store_error};

impl DeliveryLogRepository for DieselStore<'_> {
    fn list(
        &mut self,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        page: &PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        let webhook = Id(webhook.uuid());
        let (before, max) = (Id(page.after.map_or(Uuid::max(), |after| after.id)), page.limit() + 1);
        let (events, looked_up_to) = match status {
            Some(DeliveryStatus::Delivered) => {
                let taken = self.taken(webhook, before, max)?;
                (taken.events, taken.looked_up_to)
            }
            _ => (self.listed(webhook, status, before, max)?, None),
        };
        let its = deliveries::webhook_id.eq(webhook);
        let listed = rows().filter(its.and(deliveries::event_id.eq_any(events)));
        let listed: Vec<Row> = listed.load(self.connection).map_err(store_error)?;
        let listed = listed.into_iter().map(Row::into_delivery);
        let mut listed: Vec<Delivery> = listed.collect::<StoreResult<_>>()?;
        listed.sort_unstable_by_key(|delivery| Reverse(delivery.event_id));
        let mut page = Page::cut(listed, page, |delivery| Position::of(delivery.event_id.uuid()));
        page.next = page.next.or(looked_up_to.map(|event| Position::of(event.0)));
        Ok(page)
    }

    fn lock(&mut self, webhook: WebhookId, event: EventId) -> StoreResult<Option<Delivery>> {
        let told = outbox::table
            .filter(outbox::id.eq(Id(event.uuid())))
            .filter(outbox::data.ne(BLANK).or(outbox::kind.eq(EventKind::KeyRevoked.name())))
            .select(outbox::id);
        let told = held!(told).first::<Id>(self.connection).optional().map_err(store_error)?;
        if told.is_none() {
            return Ok(None);
        }
        let row = rows()
            .filter(deliveries::webhook_id.eq(Id(webhook.uuid())))
            .filter(deliveries::event_id.eq(Id(event.uuid())))
            .first::<Row>(self.connection)
            .optional()
            .map_err(store_error)?;
        row.map(Row::into_delivery).transpose()
    }

    fn restart(&mut self, webhook: WebhookId, event: EventId, now: Timestamp) -> StoreResult<()> {
        diesel::update(deliveries::table.find((Id(webhook.uuid()), Id(event.uuid()))))
            .set((
                deliveries::status.eq(DeliveryStatus::Pending.name()),
                deliveries::attempts.eq(0),
                deliveries::next_attempt_at.eq(Time(now)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        self.did.tell = true;
        Ok(())
    }

    fn replay(
        &mut self,
        webhook: &Webhook,
        since: Timestamp,
        now: Timestamp,
        max_events: usize,
    ) -> StoreResult<Replayed> {
        self.replay_since(webhook, since, now, max_events)
    }

    fn trim(&mut self, from: Option<WebhookId>, up_to: Sequence, max: usize) -> StoreResult<Swept> {
        self.trim_successes(from, up_to, max)
    }

    fn expire(&mut self, from: Option<WebhookId>, before: Timestamp, max: usize) -> StoreResult<Swept> {
        self.expire_waiting(from, before, max)
    }
}

impl DieselStore<'_> {
    /// The events of up to `max` of an endpoint's deliveries from before that event. They alone stand in an index by
    /// status: of whole rows, a planner would take the primary key, and walk past all that are delivered.
    fn listed(
        &mut self,
        webhook: Id,
        status: Option<DeliveryStatus>,
        before: Id,
        max: usize,
    ) -> StoreResult<Vec<Id>> {
        let mut listed = deliveries::table
            .filter(deliveries::webhook_id.eq(webhook).and(deliveries::event_id.lt(before)))
            .order(deliveries::event_id.desc())
            .limit(limit_of(max))
            .select(deliveries::event_id)
            .into_boxed();
        if let Some(status) = status {
            listed = listed.filter(deliveries::status.eq(status.name()).and(is_undelivered()));
        }
        listed.load(self.connection).map_err(store_error)
    }
}

/// A delivery with its event.
#[derive(Queryable)]
struct Row {
    webhook_id: Id,
    event_id: Id,
    kind: String,
    occurred_at: Time,
    status: String,
    attempts: i64,
    next_attempt_at: Time,
    last_attempt_at: Option<Time>,
    last_status: Option<i64>,
    last_failure: Option<String>,
    tries: String,
}

#[diesel::dsl::auto_type]
fn rows() -> _ {
    deliveries::table.inner_join(outbox::table.on(outbox::id.eq(deliveries::event_id))).select((
        deliveries::webhook_id,
        deliveries::event_id,
        outbox::kind,
        outbox::occurred_at,
        deliveries::status,
        deliveries::attempts,
        deliveries::next_attempt_at,
        deliveries::last_attempt_at,
        deliveries::last_status,
        deliveries::last_failure,
        deliveries::tries,
    ))
}

impl Row {
    fn into_delivery(self) -> StoreResult<Delivery> {
        let (webhook, event) = (self.webhook_id.0, self.event_id.0);
        let is_corrupt = |column| corrupt("deliveries", column, format!("{webhook} {event}"));
        let status = DeliveryStatus::named(&self.status).ok_or_else(|| is_corrupt("status"))?;
        let refused = self.last_status.filter(|status| !(200..300).contains(status));
        Ok(Delivery {
            webhook_id: webhook.into(),
            event_id: event.into(),
            kind: EventKind::named(&self.kind).ok_or_else(|| corrupt("outbox", "kind", event))?,
            occurred_at: self.occurred_at.0,
            status,
            attempts: u32::try_from(self.attempts).map_err(|_| is_corrupt("attempts"))?,
            next_attempt_at: next_try(&self.status, self.next_attempt_at),
            last_attempt_at: self.last_attempt_at.map(|at| at.0),
            failure: self.last_failure.or_else(|| refused.map(|_| "status".to_owned())),
            tries: tried::read(&self.tries).ok_or_else(|| is_corrupt("tries"))?,
        })
    }
}

//! What waits for an endpoint that stays switched off is given up before its event is forgotten, and says so.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{DeliveryStatus, Swept, WebhookStatus};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::super::dialect::{Id, held};
use super::super::super::schema::{deliveries, webhooks};
use super::super::webhook::is_undelivered;
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// How many endpoints one step looks at.
const ENDPOINTS: usize = 50;

/// What such a delivery says why it failed.
const EXPIRED: &str = "expired";

impl DieselStore<'_> {
    pub(super) fn expire_waiting(
        &mut self,
        from: Option<WebhookId>,
        before: Timestamp,
        max: usize,
    ) -> StoreResult<Swept> {
        let before = first_id_of(before);
        let mut endpoints = self.first_waiting(from)?;
        let next = if endpoints.len() > ENDPOINTS { endpoints.pop() } else { None };
        let next = next.map(|(id, _)| id.0.into());
        let Some((id, _)) = endpoints.iter().find(|(_, first)| first.is_some_and(|first| first < before))
        else {
            return Ok(Swept { deliveries: 0, next });
        };
        // One endpoint in a step: who holds deliveries of two, and others that hold them in another order, would wait
        // for each other.
        let deliveries = self.expire_of(*id, before, max)?;
        let others = endpoints.iter().map(|(id, _)| *id).find(|other| other > id);
        let next = if deliveries == max { Some(id.0.into()) } else { others.map(|id| id.0.into()).or(next) };
        Ok(Swept { deliveries, next })
    }

    /// Endpoints that are switched off, in the order of their ids, each with the oldest event that waits for it, one
    /// endpoint more than a step looks at.
    fn first_waiting(&mut self, from: Option<WebhookId>) -> StoreResult<Vec<(Id, Option<Id>)>> {
        let first = deliveries::table
            .filter(deliveries::webhook_id.eq(webhooks::id))
            .filter(deliveries::status.eq(DeliveryStatus::Pending.name()).and(is_undelivered()))
            .order(deliveries::event_id)
            .limit(1)
            .select(deliveries::event_id);
        webhooks::table
            .filter(webhooks::id.ge(Id(from.map_or(Uuid::nil(), WebhookId::uuid))))
            .filter(webhooks::status.eq(WebhookStatus::Disabled.name()))
            .order(webhooks::id)
            .limit(limit_of(ENDPOINTS + 1))
            .select((webhooks::id, first.single_value()))
            .load(self.connection)
            .map_err(store_error)
    }

    fn expire_of(&mut self, id: Id, before: Id, max: usize) -> StoreResult<usize> {
        // The endpoint first, as whoever records deliveries does. It may have been switched on meanwhile.
        let off = webhooks::table.find(id).filter(webhooks::status.eq(WebhookStatus::Disabled.name()));
        let held: Option<Id> =
            held!(off.select(webhooks::id)).first(self.connection).optional().map_err(store_error)?;
        if held.is_none() {
            return Ok(0);
        }
        let its = deliveries::webhook_id.eq(id).and(deliveries::status.eq(DeliveryStatus::Pending.name()));
        let events: Vec<Id> = deliveries::table
            .filter(its.and(is_undelivered()).and(deliveries::event_id.lt(before)))
            .order(deliveries::event_id)
            .limit(limit_of(max))
            .select(deliveries::event_id)
            .load(self.connection)
            .map_err(store_error)?;
        diesel::update(deliveries::table.filter(its.and(deliveries::event_id.eq_any(events))))
            .set((deliveries::status.eq(DeliveryStatus::Failed.name()), deliveries::last_failure.eq(EXPIRED)))
            .execute(self.connection)
            .map_err(store_error)
    }
}

/// The least id that something may have that was made at that moment or later (`UUIDv7`: RFC 9562, section 5.7).
fn first_id_of(at: Timestamp) -> Id {
    let milliseconds = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Id(Uuid::from_u128(milliseconds << 80))
}

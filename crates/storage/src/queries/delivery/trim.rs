//! Of the deliveries that endpoints took, the last ones are kept.

use clankdin_domain::event::Sequence;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{DeliveryStatus, KEPT_SUCCESSES, Swept};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::super::dialect::Id;
use super::super::super::schema::{deliveries, outbox, webhooks};
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// How many endpoints one step looks at.
const ENDPOINTS: usize = 50;

impl DieselStore<'_> {
    pub(super) fn trim_successes(
        &mut self,
        from: Option<WebhookId>,
        up_to: Sequence,
        max: usize,
    ) -> StoreResult<Swept> {
        let mut endpoints: Vec<Id> = webhooks::table
            .filter(webhooks::id.ge(Id(from.map_or(Uuid::nil(), WebhookId::uuid))))
            .order(webhooks::id)
            .limit(limit_of(ENDPOINTS + 1))
            .select(webhooks::id)
            .load(self.connection)
            .map_err(store_error)?;
        let next = if endpoints.len() > ENDPOINTS { endpoints.pop() } else { None };
        let mut trimmed = Swept { deliveries: 0, next: next.map(|id| id.0.into()) };
        for id in endpoints {
            let taken = self.taken(id, Id(Uuid::max()), KEPT_SUCCESSES + 1)?;
            let Some(first) = taken.events.get(KEPT_SUCCESSES).copied() else { continue };
            let left = max - trimmed.deliveries;
            let deleted = self.forget_successes(id, first, up_to, left)?;
            trimmed.deliveries += deleted;
            if deleted == left {
                // There may be more of this one.
                trimmed.next = Some(id.0.into());
                break;
            }
        }
        Ok(trimmed)
    }

    /// Forgets what an endpoint took of that event and of those before it.
    fn forget_successes(&mut self, id: Id, first: Id, up_to: Sequence, max: usize) -> StoreResult<usize> {
        let its = deliveries::webhook_id.eq(id).and(deliveries::status.eq(DeliveryStatus::Delivered.name()));
        let placed = outbox::table
            .filter(outbox::id.eq(deliveries::event_id))
            .filter(outbox::sequence.le(up_to.get()));
        let events: Vec<Id> = deliveries::table
            .filter(its.and(deliveries::event_id.le(first)))
            .filter(diesel::dsl::exists(placed))
            .order(deliveries::event_id.desc())
            .limit(limit_of(max))
            .select(deliveries::event_id)
            .load(self.connection)
            .map_err(store_error)?;
        // What was made due anew meanwhile is none of them any more.
        diesel::delete(deliveries::table.filter(its.and(deliveries::event_id.eq_any(events))))
            .execute(self.connection)
            .map_err(store_error)
    }
}

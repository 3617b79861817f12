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
use super::taken::LOOKED_AT;
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
        let mut next = if endpoints.len() > ENDPOINTS { endpoints.pop() } else { None };
        let (mut deliveries, mut looked_at) = (0, 0);
        for id in endpoints {
            if looked_at >= LOOKED_AT {
                next = Some(id);
                break;
            }
            let left = max - deliveries;
            let taken = self.taken(id, Id(Uuid::max()), KEPT_SUCCESSES + left)?;
            looked_at += taken.looked_at;
            let Some(too_many) = taken.events.get(KEPT_SUCCESSES..) else { continue };
            let forgotten = self.forget_successes(id, too_many, up_to)?;
            deliveries += forgotten;
            if forgotten == left {
                // There may be more of this one.
                next = Some(id);
                break;
            }
        }
        Ok(Swept { deliveries, next: next.map(|id| id.0.into()) })
    }

    /// Forgets what an endpoint took of these events, but of those behind that place.
    fn forget_successes(&mut self, id: Id, events: &[Id], up_to: Sequence) -> StoreResult<usize> {
        let behind = outbox::table
            .filter(outbox::id.eq(deliveries::event_id))
            .filter(outbox::sequence.gt(up_to.get()));
        // What was made due anew meanwhile is none of them any more.
        let its = deliveries::webhook_id.eq(id).and(deliveries::status.eq(DeliveryStatus::Delivered.name()));
        diesel::delete(
            deliveries::table
                .filter(its.and(deliveries::event_id.eq_any(events)))
                .filter(diesel::dsl::not(diesel::dsl::exists(behind))),
        )
        .execute(self.connection)
        .map_err(store_error)
    }
}

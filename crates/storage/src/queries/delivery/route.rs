//! From the outbox to one delivery for each endpoint that is to hear of an event: set by set, never
//! endpoint by endpoint.

use clankdin_domain::context::Timestamp;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{DeliveryStatus, Routed, Subscription, WebhookStatus};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::super::super::dialect::{Id, SqlTime, Time, unheld};
use super::super::super::schema::{deliveries, outbox, webhook_events, webhooks};
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// How many events one step routes at most: each takes a place among a statement's parameters.
const MAX_ROUTED: usize = 10_000;

/// The columns of a delivery that was never tried.
const NEW: (deliveries::webhook_id, deliveries::event_id, deliveries::status, deliveries::next_attempt_at) =
    (deliveries::webhook_id, deliveries::event_id, deliveries::status, deliveries::next_attempt_at);

/// Whether the endpoint was registered before the event. By time, and, because the clock may have been
/// set back between the two, by their ids as well, which grow even then.
macro_rules! registered_before {
    () => {
        webhooks::created_at.le(outbox::occurred_at).or(webhooks::id.lt(outbox::id))
    };
}

impl DieselStore<'_> {
    pub(super) fn route_events(&mut self, now: Timestamp, max_events: usize) -> StoreResult<Routed> {
        if !self.waits()? {
            return Ok(Routed::default());
        }
        let head = self.hold_head()?;
        // By position, one by one: an event with a lower position may be committed while this runs,
        // where writers run side by side.
        let waiting = outbox::table
            .filter(outbox::sequence.is_null())
            .order(outbox::position)
            .limit(limit_of(max_events.min(MAX_ROUTED)))
            .select((outbox::position, outbox::addressee_id));
        // What is held is about to be erased: it gets its place when that is done.
        let waiting: Vec<(i64, Option<Id>)> = unheld!(waiting).load(self.connection).map_err(store_error)?;
        // One event that everyone hears of fills a transaction: other writes wait for its end.
        let announced = waiting.iter().position(|(_, addressee)| addressee.is_none());
        let step = announced.map_or(waiting.len(), |place| place + 1);
        let positions: Vec<i64> = waiting.into_iter().take(step).map(|(position, _)| position).collect();
        if positions.is_empty() {
            return Ok(Routed::default());
        }
        let told = self.route_told(now, &positions)?;
        let announced = self.route_announced(now, &positions)?;
        diesel::update(outbox::table.filter(outbox::position.eq_any(&positions)))
            .set(outbox::routed_at.eq(Time(now)))
            .execute(self.connection)
            .map_err(store_error)?;
        self.give_places(head, &positions)?;
        Ok(Routed { events: positions.len(), deliveries: told + announced })
    }

    /// Makes the deliveries of events that one agent is told of.
    fn route_told(&mut self, now: Timestamp, positions: &[i64]) -> StoreResult<usize> {
        let heard = webhook_events::table.filter(webhook_events::webhook_id.eq(webhooks::id)).filter(
            webhook_events::event.eq(outbox::kind).or(webhook_events::event.eq(Subscription::ALL_NAME)),
        );
        outbox::table
            .inner_join(webhooks::table.on(outbox::addressee_id.eq(webhooks::agent_id.nullable())))
            .filter(outbox::position.eq_any(positions).and(outbox::routed_at.is_null()))
            .filter(webhooks::status.eq(WebhookStatus::Active.name()))
            .filter(registered_before!())
            .filter(outbox::actor_id.is_null().or(outbox::actor_id.ne(webhooks::agent_id.nullable())))
            .filter(exists(heard))
            .select((
                webhooks::id,
                outbox::id,
                DeliveryStatus::Pending.name().into_sql::<Text>(),
                Time(now).into_sql::<SqlTime>(),
            ))
            .insert_into(deliveries::table)
            .into_columns(NEW)
            .execute(self.connection)
            .map_err(store_error)
    }

    /// Makes the deliveries of events that everyone is told of.
    fn route_announced(&mut self, now: Timestamp, positions: &[i64]) -> StoreResult<usize> {
        outbox::table
            .inner_join(webhook_events::table.on(
                webhook_events::event.eq(outbox::kind).or(webhook_events::event.eq(Subscription::ALL_NAME)),
            ))
            .inner_join(webhooks::table.on(webhooks::id.eq(webhook_events::webhook_id)))
            .filter(outbox::position.eq_any(positions).and(outbox::addressee_id.is_null()))
            .filter(outbox::routed_at.is_null())
            .filter(webhooks::status.eq(WebhookStatus::Active.name()))
            .filter(registered_before!())
            .filter(outbox::actor_id.is_null().or(outbox::actor_id.ne(webhooks::agent_id.nullable())))
            .select((
                webhooks::id,
                outbox::id,
                DeliveryStatus::Pending.name().into_sql::<Text>(),
                Time(now).into_sql::<SqlTime>(),
            ))
            .insert_into(deliveries::table)
            .into_columns(NEW)
            .execute(self.connection)
            .map_err(store_error)
    }
}

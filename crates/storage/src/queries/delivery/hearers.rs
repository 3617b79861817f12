//! Who is to hear of the next events in the log: set by set, never endpoint by endpoint.

use clankdin_domain::event::{EventKind, Sequence};
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{Heard, Hearer, Subscription, Walk, WebhookStatus};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::super::dialect::{Id, untold};
use super::super::super::schema::{log_ends, outbox, webhook_events, webhooks};
use super::super::log::head;
use super::super::outbox::BLANK;
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// Whether the endpoint is to hear of the event and was not told yet.
///
/// It has to be registered before the event: by time, and, because the clock may have been set back between the
/// two, by their ids as well, which grow even then. An event without content was erased, but for the kind that has
/// none. Its row and what was subscribed to are looked up by key: of a join, a planner that knows nothing yet could walk
/// all that an endpoint was ever told, or all who subscribed to a kind.
macro_rules! hears {
    () => {
        webhooks::status
            .eq(WebhookStatus::Active.name())
            .and(webhooks::created_at.le(outbox::occurred_at).or(webhooks::id.lt(outbox::id)))
            .and(outbox::actor_id.is_null().or(outbox::actor_id.ne(webhooks::agent_id.nullable())))
            .and(outbox::data.ne(BLANK).or(outbox::kind.eq(EventKind::KeyRevoked.name())))
            .and(untold!())
    };
}

/// The columns that make a [`Hearer`], in the order of [`Row`].
macro_rules! hearer_columns {
    () => {
        (outbox::sequence, outbox::id, webhooks::id, webhooks::failing_since.is_not_null())
    };
}

impl DieselStore<'_> {
    pub(super) fn hearers_of_next(&mut self, walk: Walk, max: usize) -> StoreResult<Heard> {
        let next: Vec<(i64, Option<Id>, String)> = outbox::table
            .filter(outbox::sequence.gt(walk.read.get()).and(outbox::sequence.nullable().le(head!())))
            .order(outbox::sequence)
            .limit(limit_of(max))
            .select((outbox::sequence, outbox::addressee_id, outbox::kind))
            .load(self.connection)
            .map_err(store_error)?;
        let told = next.iter().take_while(|(_, addressee, _)| addressee.is_some()).count();
        match (next.first(), told) {
            (None, _) => Ok(Heard { hearers: Vec::new(), next: walk, is_more: false }),
            (Some((announced, _, kind)), 0) => self.hearers_of_announced(walk, *announced, kind, max),
            (Some(_), told) => {
                let until = next.get(told - 1).map_or(walk.read.get(), |(sequence, ..)| *sequence);
                let hearers = self.hearers_of_told(walk.read.get(), until)?;
                let is_more = told < next.len() || told == max;
                Ok(Heard { hearers, next: Walk { read: Sequence::new(until), within: None }, is_more })
            }
        }
    }

    /// Who hears of events that one agent each is told of.
    fn hearers_of_told(&mut self, after: i64, until: i64) -> StoreResult<Vec<Hearer>> {
        let subscribed = webhook_events::table
            .filter(webhook_events::webhook_id.eq(webhooks::id))
            .filter(
                webhook_events::event.eq(outbox::kind).or(webhook_events::event.eq(Subscription::ALL_NAME)),
            )
            .select(webhook_events::webhook_id)
            .limit(1);
        let rows: Vec<Row> = outbox::table
            .inner_join(webhooks::table.on(outbox::addressee_id.eq(webhooks::agent_id.nullable())))
            .filter(outbox::sequence.gt(after).and(outbox::sequence.le(until)))
            .filter(hears!())
            .filter(subscribed.single_value().is_not_null())
            .select(hearer_columns!())
            .load(self.connection)
            .map_err(store_error)?;
        let mut hearers: Vec<Hearer> = rows.into_iter().map(hearer).collect();
        hearers.sort_unstable_by_key(|hearer| (hearer.sequence, hearer.webhook_id));
        Ok(hearers)
    }

    /// The next who hear of an event that everyone is told of: those that subscribed to its kind and those that
    /// subscribed to all in one statement, so that whoever goes over from one to the other is not missed.
    fn hearers_of_announced(
        &mut self,
        walk: Walk,
        announced: i64,
        kind: &str,
        max: usize,
    ) -> StoreResult<Heard> {
        let names = [kind, Subscription::ALL_NAME];
        let after = Id(walk.within.map_or(Uuid::nil(), WebhookId::uuid));
        let mut last = None;
        for name in names {
            let of_name = self.last_of_next(name, after, max)?;
            last = last.into_iter().chain(of_name).min();
        }
        let rows: Vec<Row> = webhook_events::table
            .inner_join(webhooks::table.on(webhooks::id.eq(webhook_events::webhook_id)))
            .inner_join(outbox::table.on(outbox::sequence.eq(announced)))
            .filter(webhook_events::event.eq_any(names))
            .filter(webhook_events::webhook_id.gt(after))
            .filter(webhook_events::webhook_id.le(last.unwrap_or(Id(Uuid::max()))))
            .filter(hears!())
            .select(hearer_columns!())
            .load(self.connection)
            .map_err(store_error)?;
        let mut hearers: Vec<Hearer> = rows.into_iter().map(hearer).collect();
        hearers.sort_unstable_by_key(|hearer| hearer.webhook_id);
        let next = match last {
            Some(last) => Walk { within: Some(last.0.into()), ..walk },
            None => Walk { read: Sequence::new(announced), within: None },
        };
        Ok(Heard { hearers, next, is_more: true })
    }

    /// The last of the next `max` endpoints that subscribed to that; none where there are fewer.
    fn last_of_next(&mut self, name: &str, after: Id, max: usize) -> StoreResult<Option<Id>> {
        webhook_events::table
            .filter(webhook_events::event.eq(name).and(webhook_events::webhook_id.gt(after)))
            .order(webhook_events::webhook_id)
            .offset(limit_of(max) - 1)
            .limit(1)
            .select(webhook_events::webhook_id)
            .first(self.connection)
            .optional()
            .map_err(store_error)
    }
}

/// Sequence, event, endpoint, and whether that fails.
type Row = (i64, Id, Id, bool);

fn hearer((sequence, event, webhook, is_failing): Row) -> Hearer {
    Hearer {
        sequence: Sequence::new(sequence),
        event_id: event.0.into(),
        webhook_id: webhook.0.into(),
        is_failing,
    }
}

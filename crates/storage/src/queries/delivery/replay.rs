//! Everything since some moment, made due anew: set by set, never event by event.

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::EventKind;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::{DeliveryStatus, Replayed, Webhook};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::upsert::excluded;

use super::super::super::dialect::{Id, SqlId, SqlTime, Time, held};
use super::super::super::schema::{deliveries, log_ends, outbox};
use super::super::log::head;
use super::super::outbox::BLANK;
use super::super::webhook::PARKED;
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// The events since a moment that an endpoint hears of, of those that one agent or everyone is told.
macro_rules! heard {
    ($webhook:expr, $since:expr, $told:expr) => {{
        let (me, id) = (Id($webhook.agent.uuid()), Id($webhook.id.uuid()));
        let kinds = EventKind::ALL.into_iter().filter(|kind| $webhook.events.hears(*kind));
        let kinds: Vec<&str> = kinds.map(EventKind::name).collect();
        outbox::table
            .filter($told.and(outbox::occurred_at.ge(Time($since))))
            // What stands behind the end of the log is told anyway.
            .filter(outbox::sequence.nullable().le(head!()))
            .filter(outbox::kind.eq_any(kinds))
            .filter(outbox::data.ne(BLANK).or(outbox::kind.eq(EventKind::KeyRevoked.name())))
            .filter(outbox::actor_id.is_null().or(outbox::actor_id.ne(me)))
            // As for who hears of it at first: by time, and by the ids for where the clock was set back.
            .filter(outbox::occurred_at.ge(Time($webhook.created_at)).or(outbox::id.gt(id)))
    }};
}

/// When they were, up to so many of them, oldest first.
macro_rules! times {
    ($store:expr, $heard:expr, $max:expr) => {
        $heard
            .order(outbox::occurred_at)
            .limit(limit_of($max))
            .select(outbox::occurred_at)
            .load::<Time>($store.connection)
            .map_err(store_error)
    };
}

/// Makes their deliveries due now, with those that stand already. An event that is about to be erased is
/// waited for, and passed over.
macro_rules! make_due {
    ($store:expr, $heard:expr, $webhook:expr, $now:expr) => {
        held!($heard.select((
            Id($webhook.id.uuid()).into_sql::<SqlId>(),
            outbox::id,
            DeliveryStatus::Pending.name().into_sql::<Text>(),
            Time($now).into_sql::<SqlTime>(),
        )))
        .insert_into(deliveries::table)
        .into_columns((
            deliveries::webhook_id,
            deliveries::event_id,
            deliveries::status,
            deliveries::next_attempt_at,
        ))
        .on_conflict((deliveries::webhook_id, deliveries::event_id))
        .do_update()
        .set((
            deliveries::status.eq(excluded(deliveries::status)),
            deliveries::attempts.eq(0),
            deliveries::next_attempt_at.eq(excluded(deliveries::next_attempt_at)),
        ))
        .execute($store.connection)
        .map_err(store_error)
    };
}

impl DieselStore<'_> {
    pub(super) fn replay_since(
        &mut self,
        webhook: &Webhook,
        since: Timestamp,
        now: Timestamp,
        max_events: usize,
    ) -> StoreResult<Replayed> {
        let since = since.max(self.kept_since()?.unwrap_or(since));
        let me = Id(webhook.agent.uuid());
        // Two walks along one index each, and not one for both, which would be a sort.
        let mut times = times!(self, heard!(webhook, since, outbox::addressee_id.eq(me)), max_events + 1)?;
        times.extend(times!(self, heard!(webhook, since, outbox::addressee_id.is_null()), max_events + 1)?);
        times.sort_unstable();
        // What happened at one moment is replayed together, or not yet.
        let next_since = times.get(max_events).copied();
        let until = outbox::occurred_at.lt(next_since.unwrap_or(PARKED));
        let told = heard!(webhook, since, outbox::addressee_id.eq(me)).filter(until);
        let announced = heard!(webhook, since, outbox::addressee_id.is_null()).filter(until);
        let deliveries = make_due!(self, told, webhook, now)? + make_due!(self, announced, webhook, now)?;
        self.did.tell = true;
        Ok(Replayed { deliveries, since, next_since: next_since.map(|at| at.0) })
    }

    /// When the earliest event of the log was, where events before it were forgotten.
    fn kept_since(&mut self) -> StoreResult<Option<Timestamp>> {
        if self.forgotten()? == 0 {
            return Ok(None);
        }
        let earliest: Option<Time> = outbox::table
            .order(outbox::occurred_at)
            .select(outbox::occurred_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(earliest.map(|at| at.0))
    }
}

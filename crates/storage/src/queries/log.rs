//! Events at their places, for those who read them.

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Event, EventKind, LogEnds, LogRepository, Sequence};
use clankdin_domain::id::AgentId;
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::dialect::{Id, held, spell_time};
use super::super::schema::{log_ends, outbox};
use super::outbox::{BLANK, EVENT, EventRow, event};
use super::{DieselStore, limit_of};
use crate::error::store_error;

impl LogRepository for DieselStore<'_> {
    fn ends(&mut self) -> StoreResult<LogEnds> {
        let (head, forgotten) = log_ends::table
            .find(1)
            .select((log_ends::head, log_ends::forgotten))
            .first(self.connection)
            .map_err(store_error)?;
        Ok(LogEnds { head: Sequence::new(head), forgotten: Sequence::new(forgotten) })
    }

    fn told(
        &mut self,
        agent: AgentId,
        after: Sequence,
        until: Sequence,
        max: usize,
    ) -> StoreResult<Vec<(Sequence, Event)>> {
        let me = Id(agent.uuid());
        let there = outbox::sequence.gt(after.get()).and(outbox::sequence.le(until.get()));
        let told = outbox::table
            .filter(there)
            // Of the kinds, one has no content to be erased.
            .filter(outbox::data.ne(BLANK).or(outbox::kind.eq(EventKind::KeyRevoked.name())))
            .filter(outbox::actor_id.is_null().or(outbox::actor_id.ne(me)))
            .order(outbox::sequence)
            .limit(limit_of(max))
            .select((outbox::sequence.assume_not_null(), EVENT));
        // Two walks along one index each: of one for both, a planner would make a sort.
        let mut rows: Vec<(i64, EventRow)> =
            told.filter(outbox::addressee_id.eq(me)).load(self.connection).map_err(store_error)?;
        let announced: Vec<(i64, EventRow)> =
            told.filter(outbox::addressee_id.is_null()).load(self.connection).map_err(store_error)?;
        rows.extend(announced);
        rows.sort_unstable_by_key(|(sequence, _)| *sequence);
        rows.truncate(max);
        rows.into_iter().map(|(sequence, row)| Ok((Sequence::new(sequence), event(row)?))).collect()
    }
}

impl DieselStore<'_> {
    /// Whether an event waits for its place: asked first, because to hold the head costs a write.
    pub(super) fn waits(&mut self) -> StoreResult<bool> {
        let waiting = outbox::table.filter(outbox::sequence.is_null()).select(outbox::position);
        let first = waiting.first::<i64>(self.connection).optional().map_err(store_error)?;
        Ok(first.is_some())
    }

    /// The last place that was given, held until the transaction ends: one at a time gives places.
    pub(super) fn hold_head(&mut self) -> StoreResult<i64> {
        held!(log_ends::table.find(1).select(log_ends::head)).first(self.connection).map_err(store_error)
    }

    /// Gives places behind `head` to the events at these positions, in their order. Nodes of the version before take
    /// what has a time of routing for done.
    pub(super) fn give_places(&mut self, now: Timestamp, head: i64, positions: &[i64]) -> StoreResult<()> {
        // Numbers alone: nothing here needs to be bound, and one statement does for all.
        let places =
            positions.iter().zip(head + 1..).map(|(position, place)| format!("({position}, {place})"));
        let places = places.collect::<Vec<_>>().join(", ");
        diesel::sql_query(format!(
            "WITH places (at, place) AS (VALUES {places}) \
             UPDATE outbox SET sequence = places.place, routed_at = {} FROM places \
             WHERE outbox.position = places.at",
            spell_time(now)
        ))
        .execute(self.connection)
        .map_err(store_error)?;
        diesel::update(log_ends::table.find(1))
            .set(log_ends::head.eq(head + limit_of(positions.len())))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    /// The last place whose event was forgotten; 0 where none was.
    pub(super) fn forgotten(&mut self) -> StoreResult<i64> {
        log_ends::table.find(1).select(log_ends::forgotten).first(self.connection).map_err(store_error)
    }

    /// Remembers that what stood at that place is gone.
    pub(super) fn forget_place(&mut self, place: i64) -> StoreResult<()> {
        self.hold_head()?;
        diesel::update(log_ends::table.find(1).filter(log_ends::forgotten.lt(place)))
            .set(log_ends::forgotten.eq(place))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }
}

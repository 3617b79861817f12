//! Events at their places, for those who read them.

use clankdin_domain::event::{Event, EventKind, LogEnds, LogRepository, Sequence};
use clankdin_domain::id::AgentId;
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::dialect::{Id, settled};
use super::super::schema::{log_ends, outbox};
use super::outbox::{BLANK, EVENT, EventRow, event};
use super::{DieselStore, limit_of};
use crate::error::store_error;

/// The end of the log, for whoever reads it as part of a query.
macro_rules! head {
    () => {
        log_ends::table.find(1).select(log_ends::head).single_value()
    };
}
pub(super) use head;

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
            .select((outbox::sequence, EVENT));
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
    /// Moves the end of the log to where nothing can be added any more; answers whether that is all.
    pub(super) fn settle_log(&mut self) -> StoreResult<bool> {
        let (settled, is_all) = settled(self.connection)?;
        diesel::update(log_ends::table.find(1).filter(log_ends::head.lt(settled)))
            .set(log_ends::head.eq(settled))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(is_all)
    }

    /// The last place whose event was forgotten; 0 where none was.
    pub(super) fn forgotten(&mut self) -> StoreResult<i64> {
        log_ends::table.find(1).select(log_ends::forgotten).first(self.connection).map_err(store_error)
    }

    /// Remembers that what stood at that place is gone.
    pub(super) fn forget_place(&mut self, place: i64) -> StoreResult<()> {
        diesel::update(log_ends::table.find(1).filter(log_ends::forgotten.lt(place)))
            .set(log_ends::forgotten.eq(place))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }
}

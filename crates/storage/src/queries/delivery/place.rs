//! From the outbox to a place in the log.

use clankdin_domain::context::Timestamp;
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::super::dialect::unheld;
use super::super::super::schema::outbox;
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

impl DieselStore<'_> {
    pub(super) fn place_events(&mut self, now: Timestamp, max: usize) -> StoreResult<usize> {
        if !self.waits()? {
            return Ok(0);
        }
        let head = self.hold_head()?;
        // By position, one by one: an event with a lower position may be committed while this runs,
        // where writers run side by side.
        let waiting = outbox::table
            .filter(outbox::sequence.is_null())
            .order(outbox::position)
            .limit(limit_of(max))
            .select(outbox::position);
        // What is held is about to be erased: it gets its place when that is done.
        let positions: Vec<i64> = unheld!(waiting).load(self.connection).map_err(store_error)?;
        if positions.is_empty() {
            return Ok(0);
        }
        self.give_places(now, head, &positions)?;
        Ok(positions.len())
    }
}

//! What an endpoint took, along the key of its deliveries: most are taken at once, and no index holds those that were.

use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::DeliveryStatus;
use diesel::prelude::*;

use super::super::super::dialect::Id;
use super::super::super::schema::deliveries;
use super::super::{DieselStore, limit_of};
use crate::error::store_error;

/// How many rows are read at once.
const READ: usize = 200;

/// How many rows are looked at in all: an endpoint may have a million that it did not take.
pub(super) const LOOKED_AT: usize = 10_000;

/// Events that an endpoint took, the newest first.
pub(super) struct Taken {
    pub(super) events: Vec<Id>,
    /// How many rows were looked at.
    pub(super) looked_at: usize,
    /// The last event that was looked at, where there may be more behind it.
    pub(super) looked_up_to: Option<Id>,
}

impl DieselStore<'_> {
    /// Up to `max` of them from before that event.
    pub(super) fn taken(&mut self, webhook: Id, mut before: Id, max: usize) -> StoreResult<Taken> {
        let (mut events, mut looked_at) = (Vec::new(), 0);
        while looked_at < LOOKED_AT {
            let rows: Vec<(Id, String)> = deliveries::table
                .filter(deliveries::webhook_id.eq(webhook).and(deliveries::event_id.lt(before)))
                .order(deliveries::event_id.desc())
                .limit(limit_of(READ))
                .select((deliveries::event_id, deliveries::status))
                .load(self.connection)
                .map_err(store_error)?;
            let is_all = rows.len() < READ;
            looked_at += rows.len();
            before = rows.last().map_or(before, |(event, _)| *event);
            let taken = rows.into_iter().filter(|(_, status)| status == DeliveryStatus::Delivered.name());
            events.extend(taken.map(|(event, _)| event).take(max - events.len()));
            if is_all || events.len() == max {
                return Ok(Taken { events, looked_at, looked_up_to: None });
            }
        }
        Ok(Taken { events, looked_at, looked_up_to: Some(before) })
    }
}

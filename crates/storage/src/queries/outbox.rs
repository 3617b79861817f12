//! Events that were committed with their cause.

use clankdin_domain::event::{Audience, Event, EventKind, OutboxRepository};
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::dialect::{Id, Time, move_end_of_log};
use super::super::schema::outbox;
use super::DieselStore;
use crate::error::{corrupt, store_error};

impl OutboxRepository for DieselStore<'_> {
    fn append(&mut self, event: &Event) -> StoreResult<()> {
        let addressee = match event.audience {
            Audience::Everyone => None,
            Audience::Agent(agent) => Some(Id(agent.uuid())),
        };
        diesel::insert_into(outbox::table)
            .values((
                outbox::id.eq(Id(event.id.uuid())),
                outbox::kind.eq(event.kind.name()),
                outbox::addressee_id.eq(addressee),
                outbox::actor_id.eq(event.actor.map(|actor| Id(actor.uuid()))),
                outbox::data.eq(&event.data),
                outbox::occurred_at.eq(Time(event.occurred_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        move_end_of_log(self.connection)?;
        self.did.tell = true;
        Ok(())
    }
}

/// What is left of an event whose content was erased.
pub(super) const BLANK: &str = "{}";

/// The columns that make an [`Event`].
pub(super) const EVENT: EventColumns =
    (outbox::id, outbox::kind, outbox::addressee_id, outbox::actor_id, outbox::data, outbox::occurred_at);

/// The type of [`EVENT`], for queries that have to spell theirs.
pub(super) type EventColumns =
    (outbox::id, outbox::kind, outbox::addressee_id, outbox::actor_id, outbox::data, outbox::occurred_at);

/// [`EVENT`] as a query answers it: id, kind, addressee, actor, data, time.
pub(super) type EventRow = (Id, String, Option<Id>, Option<Id>, String, Time);

pub(super) fn event((id, kind, addressee, actor, data, occurred_at): EventRow) -> StoreResult<Event> {
    Ok(Event {
        id: id.0.into(),
        kind: EventKind::named(&kind).ok_or_else(|| corrupt("outbox", "kind", id.0))?,
        audience: addressee.map_or(Audience::Everyone, |agent| Audience::Agent(agent.0.into())),
        actor: actor.map(|agent| agent.0.into()),
        data,
        occurred_at: occurred_at.0,
    })
}

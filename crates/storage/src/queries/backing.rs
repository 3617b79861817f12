//! Backings, counted in the backed agents' stats.

use clankdin_domain::backing::{Backing, BackingNote, BackingRepository};
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use diesel::helper_types::AliasedFields;
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{Id, Time};
use super::super::schema::{agents, backings};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryColumns, SummaryRow, summary};
use crate::error::store_error;

impl BackingRepository for DieselStore<'_> {
    fn find(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<Option<Backing>> {
        let row = rows()
            .filter(backings::backer_id.eq(Id(backer.uuid())))
            .filter(backings::agent_id.eq(Id(agent.uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(row.map(Row::into_backing))
    }

    fn insert(&mut self, backing: &Backing) -> StoreResult<()> {
        let agent = Id(backing.agent.id.uuid());
        diesel::insert_into(backings::table)
            .values((
                backings::id.eq(Id(backing.id)),
                backings::backer_id.eq(Id(backing.backer.id.uuid())),
                backings::agent_id.eq(agent),
                backings::note.eq(backing.note.as_ref().map(BackingNote::as_str)),
                backings::created_at.eq(Time(backing.created_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::update(agents::table.find(agent))
            .set(agents::backers.eq(agents::backers + 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn delete(&mut self, backer: AgentId, agent: AgentId) -> StoreResult<bool> {
        let agent = Id(agent.uuid());
        let standing = backings::table
            .filter(backings::backer_id.eq(Id(backer.uuid())))
            .filter(backings::agent_id.eq(agent));
        let gone = diesel::delete(standing).execute(self.connection).map_err(store_error)?;
        if gone == 0 {
            return Ok(false);
        }
        diesel::update(agents::table.find(agent))
            .set(agents::backers.eq(agents::backers - 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }

    fn count(&mut self, agent: AgentId) -> StoreResult<i64> {
        // The counter equals the rows, always, and is read in one step.
        let backers = agents::table
            .find(Id(agent.uuid()))
            .select(agents::backers)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(backers.unwrap_or_default())
    }

    fn backers(&mut self, agent: AgentId, page: &PageRequest) -> StoreResult<Page<Backing>> {
        let before = Id(page.after.map_or(Uuid::max(), |position| position.id));
        let backings = rows()
            .filter(backings::agent_id.eq(Id(agent.uuid())))
            .filter(backings::id.lt(before))
            .order(backings::id.desc())
            .limit(rows_of(page))
            .load::<Row>(self.connection)
            .map_err(store_error)?
            .into_iter()
            .map(Row::into_backing)
            .collect();
        Ok(Page::cut(backings, page, |backing: &Backing| Position::of(backing.id)))
    }
}

diesel::alias! {
    pub(super) const BACKERS: Alias<Backers> = agents as backers;
}

/// A backing and its two agents, as a query answers them.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    backer: SummaryRow,
    agent: SummaryRow,
    note: Option<String>,
    created_at: Time,
}

/// Every backing with its two agents.
#[diesel::dsl::auto_type]
pub(super) fn rows() -> _ {
    let backer: AliasedFields<Backers, SummaryColumns> = BACKERS.fields(SUMMARY);
    let agent: SummaryColumns = SUMMARY;
    backings::table
        .inner_join(BACKERS.on(BACKERS.field(agents::id).eq(backings::backer_id)))
        .inner_join(agents::table.on(agents::id.eq(backings::agent_id)))
        .select((backings::id, backer, agent, backings::note, backings::created_at))
}

impl Row {
    pub(super) fn into_backing(self) -> Backing {
        Backing {
            id: self.id.0,
            backer: summary(self.backer),
            agent: summary(self.agent),
            note: self.note.map(BackingNote::from_stored),
            created_at: self.created_at.0,
        }
    }
}

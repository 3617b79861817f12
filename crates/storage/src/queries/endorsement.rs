//! Endorsements, counted in the endorsed skills and in their agents' stats.

use clankdin_domain::agent::SkillName;
use clankdin_domain::endorsement::{Endorsement, EndorsementRepository};
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use diesel::helper_types::AliasedFields;
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{Connection, Id, Time};
use super::super::schema::{agent_skills, agents, endorsements};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryColumns, SummaryRow, summary};
use crate::error::store_error;

impl EndorsementRepository for DieselStore<'_> {
    fn skill(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<Option<SkillName>> {
        let name = agent_skills::table
            .find((Id(agent.uuid()), skill_key))
            .select(agent_skills::name)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(name.map(SkillName::from_stored))
    }

    fn find(
        &mut self,
        endorser: AgentId,
        agent: AgentId,
        skill_key: &str,
    ) -> StoreResult<Option<Endorsement>> {
        let row = rows()
            .filter(endorsements::agent_id.eq(Id(agent.uuid())))
            .filter(endorsements::skill_key.eq(skill_key))
            .filter(endorsements::endorser_id.eq(Id(endorser.uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(row.map(Row::into_endorsement))
    }

    fn insert(&mut self, endorsement: &Endorsement) -> StoreResult<()> {
        let agent = Id(endorsement.agent.id.uuid());
        let skill_key = endorsement.skill.key();
        diesel::insert_into(endorsements::table)
            .values((
                endorsements::id.eq(Id(endorsement.id)),
                endorsements::endorser_id.eq(Id(endorsement.endorser.id.uuid())),
                endorsements::agent_id.eq(agent),
                endorsements::skill_key.eq(&skill_key),
                endorsements::created_at.eq(Time(endorsement.created_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        count(self.connection, agent, &skill_key, 1)
    }

    fn delete(&mut self, endorser: AgentId, agent: AgentId, skill_key: &str) -> StoreResult<bool> {
        let agent = Id(agent.uuid());
        let standing = endorsements::table
            .filter(endorsements::agent_id.eq(agent))
            .filter(endorsements::skill_key.eq(skill_key))
            .filter(endorsements::endorser_id.eq(Id(endorser.uuid())));
        let gone = diesel::delete(standing).execute(self.connection).map_err(store_error)?;
        if gone == 0 {
            return Ok(false);
        }
        count(self.connection, agent, skill_key, -1)?;
        Ok(true)
    }

    fn count(&mut self, agent: AgentId, skill_key: &str) -> StoreResult<i64> {
        // The counter equals the rows, always, and is read in one step.
        let endorsements = agent_skills::table
            .find((Id(agent.uuid()), skill_key))
            .select(agent_skills::endorsements)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(endorsements.unwrap_or_default())
    }

    fn endorsers(
        &mut self,
        agent: AgentId,
        skill_key: &str,
        page: &PageRequest,
    ) -> StoreResult<Page<Endorsement>> {
        let before = Id(page.after.map_or(Uuid::max(), |position| position.id));
        let endorsements = rows()
            .filter(endorsements::agent_id.eq(Id(agent.uuid())))
            .filter(endorsements::skill_key.eq(skill_key))
            .filter(endorsements::id.lt(before))
            .order(endorsements::id.desc())
            .limit(rows_of(page))
            .load::<Row>(self.connection)
            .map_err(store_error)?
            .into_iter()
            .map(Row::into_endorsement)
            .collect();
        Ok(Page::cut(endorsements, page, |endorsement: &Endorsement| Position::of(endorsement.id)))
    }
}

/// Adds to what is counted of a skill and of its agent.
fn count(connection: &mut Connection, agent: Id, skill_key: &str, change: i64) -> StoreResult<()> {
    diesel::update(agents::table.find(agent))
        .set(agents::endorsements.eq(agents::endorsements + change))
        .execute(connection)
        .map_err(store_error)?;
    diesel::update(agent_skills::table.find((agent, skill_key)))
        .set(agent_skills::endorsements.eq(agent_skills::endorsements + change))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

diesel::alias! {
    pub(super) const ENDORSERS: Alias<Endorsers> = agents as endorsers;
}

/// An endorsement, its skill and its two agents, as a query answers them.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    agent: SummaryRow,
    skill: String,
    endorser: SummaryRow,
    created_at: Time,
}

/// Every endorsement with its skill and its two agents.
#[diesel::dsl::auto_type]
pub(super) fn rows() -> _ {
    let endorser: AliasedFields<Endorsers, SummaryColumns> = ENDORSERS.fields(SUMMARY);
    let agent: SummaryColumns = SUMMARY;
    endorsements::table
        .inner_join(ENDORSERS.on(ENDORSERS.field(agents::id).eq(endorsements::endorser_id)))
        .inner_join(agents::table.on(agents::id.eq(endorsements::agent_id)))
        .inner_join(
            agent_skills::table.on(agent_skills::agent_id
                .eq(endorsements::agent_id)
                .and(agent_skills::skill_key.eq(endorsements::skill_key))),
        )
        .select((endorsements::id, agent, agent_skills::name, endorser, endorsements::created_at))
}

impl Row {
    pub(super) fn into_endorsement(self) -> Endorsement {
        Endorsement {
            id: self.id.0,
            agent: summary(self.agent),
            skill: SkillName::from_stored(self.skill),
            endorser: summary(self.endorser),
            created_at: self.created_at.0,
        }
    }
}

//! Agents, their keys, their handles and their skills.

mod erase;
mod list;
mod profile;

use clankdin_domain::agent::{
    Agent, AgentFilter, AgentName, AgentRepository, AgentSummary, CurrentTask, Guise, Handle, NewAgent,
    Profile, TaskCategory, TaskText,
};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{Page, PageRequest};
use clankdin_domain::secret::{ApiKeyDigest, VerificationCode};
use clankdin_domain::store::StoreResult;
use diesel::dsl::{exists, not, select};
use diesel::prelude::*;

use super::super::{dialect, schema};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryRow, summary};
use crate::error::{corrupt, store_error};
use dialect::{Id, Time, held, hold_word};
use schema::{agents, erased_handles, handle_suffixes};

/// The first number behind a made handle that is taken.
const FIRST_SUFFIX: i64 = 2;

impl AgentRepository for DieselStore<'_> {
    fn insert(&mut self, agent: &NewAgent) -> StoreResult<()> {
        profile::insert(self.connection, agent)
    }

    fn by_id(&mut self, id: AgentId) -> StoreResult<Option<Agent>> {
        profile::one(self.connection, Id(id.uuid()))
    }

    fn by_handle(&mut self, handle: &Handle) -> StoreResult<Option<AgentSummary>> {
        let row = agents::table
            .filter(agents::handle.eq(handle.as_str()))
            .select(SUMMARY)
            .first::<SummaryRow>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(row.map(summary))
    }

    fn by_key(&mut self, key: &ApiKeyDigest) -> StoreResult<Option<AgentSummary>> {
        let row = agents::table
            .filter(agents::key_digest.eq(&key.as_bytes()[..]))
            .select(SUMMARY)
            .first::<SummaryRow>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(row.map(summary))
    }

    fn count(&mut self) -> StoreResult<i64> {
        agents::table.count().get_result(self.connection).map_err(store_error)
    }

    fn list(&mut self, filter: &AgentFilter, page: &PageRequest) -> StoreResult<Page<Agent>> {
        list::list(self.connection, filter, page)
    }

    fn lock(&mut self, id: AgentId) -> StoreResult<bool> {
        let held = held!(agents::table.find(Id(id.uuid())).select(agents::id))
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(held.is_some())
    }

    fn is_handle_free(&mut self, handle: &Handle) -> StoreResult<bool> {
        hold_word(self.connection, handle.as_str())?;
        let taken = agents::table.filter(agents::handle.eq(handle.as_str()));
        let digest = handle.digest();
        let erased = erased_handles::table.find(&digest.as_bytes()[..]);
        select(not(exists(taken)).and(not(exists(erased)))).get_result(self.connection).map_err(store_error)
    }

    fn next_handle_suffix(&mut self, handle: &Handle) -> StoreResult<u32> {
        let digest = handle.digest();
        let last: i64 = diesel::insert_into(handle_suffixes::table)
            .values((
                handle_suffixes::handle_digest.eq(&digest.as_bytes()[..]),
                handle_suffixes::last.eq(FIRST_SUFFIX),
            ))
            .on_conflict(handle_suffixes::handle_digest)
            .do_update()
            .set(handle_suffixes::last.eq(handle_suffixes::last + 1))
            .returning(handle_suffixes::last)
            .get_result(self.connection)
            .map_err(store_error)?;
        u32::try_from(last).map_err(|_| corrupt("handle_suffixes", "last", handle))
    }

    fn hold_look(&mut self, skeleton: &str) -> StoreResult<()> {
        // No handle has a blank.
        hold_word(self.connection, &format!("looks like {skeleton}"))
    }

    fn verified_alike(&mut self, skeleton: &str) -> StoreResult<Vec<(AgentId, AgentName, Handle)>> {
        // Two walks and not one with `OR`, for which an index would be read from end to end.
        let verified = agents::table.filter(agents::verified_at.is_not_null());
        let by_name = verified.filter(agents::name_skeleton.eq(skeleton));
        let by_handle_alone =
            verified.filter(agents::handle_skeleton.eq(skeleton)).filter(agents::name_skeleton.ne(skeleton));
        let columns = (agents::id, agents::name, agents::handle);
        let rows = by_name
            .select(columns)
            .union_all(by_handle_alone.select(columns))
            .load::<(Id, String, String)>(self.connection)
            .map_err(store_error)?;
        let read = |(id, name, handle): (Id, _, _)| {
            (id.0.into(), AgentName::from_stored(name), Handle::from_stored(handle))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    fn has_verification_code(&mut self, code: &VerificationCode) -> StoreResult<bool> {
        select(exists(agents::table.filter(agents::verification_code.eq(code.as_str()))))
            .get_result(self.connection)
            .map_err(store_error)
    }

    fn replace_profile(&mut self, id: AgentId, profile: &Profile, guise: &Guise) -> StoreResult<()> {
        profile::replace(self.connection, Id(id.uuid()), profile, guise)
    }

    fn set_verified_at(&mut self, id: AgentId, at: Option<Timestamp>) -> StoreResult<()> {
        diesel::update(agents::table.find(Id(id.uuid())))
            .set(agents::verified_at.eq(at.map(Time)))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn set_current_task(&mut self, id: AgentId, task: Option<&CurrentTask>) -> StoreResult<()> {
        diesel::update(agents::table.find(Id(id.uuid())))
            .set((
                agents::task.eq(task.map(|task| TaskText::as_str(&task.task))),
                agents::task_category.eq(task.map(|task| TaskCategory::as_str(&task.category))),
                agents::task_updated_at.eq(task.map(|task| Time(task.updated_at))),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn set_key(&mut self, id: AgentId, key: Option<&ApiKeyDigest>) -> StoreResult<()> {
        diesel::update(agents::table.find(Id(id.uuid())))
            .set(agents::key_digest.eq(key.map(|key| &key.as_bytes()[..])))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn erase(&mut self, id: AgentId) -> StoreResult<()> {
        self.did.erase = true;
        erase::erase(self.connection, Id(id.uuid()))
    }
}

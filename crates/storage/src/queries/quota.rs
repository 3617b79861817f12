//! When actions that have a quota were accepted: one row for each agent and kind of action.

use clankdin_domain::context::Timestamp;
use clankdin_domain::id::AgentId;
use clankdin_domain::limit::{Action, QuotaLog, QuotaRepository};
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::dialect::Id;
use super::super::schema::quotas;
use super::DieselStore;
use crate::error::{corrupt, store_error};

impl QuotaRepository for DieselStore<'_> {
    fn lock(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog> {
        // An upsert that changes nothing makes the row where there is none, and locks it where
        // writers run side by side.
        let bytes: Vec<u8> = diesel::insert_into(quotas::table)
            .values((
                quotas::agent_id.eq(Id(agent.uuid())),
                quotas::action.eq(action.limit_name()),
                quotas::accepted_at.eq(&[][..]),
            ))
            .on_conflict((quotas::agent_id, quotas::action))
            .do_update()
            .set(quotas::action.eq(action.limit_name()))
            .returning(quotas::accepted_at)
            .get_result(self.connection)
            .map_err(store_error)?;
        decode(&bytes, agent, action)
    }

    fn get(&mut self, agent: AgentId, action: Action) -> StoreResult<QuotaLog> {
        let bytes: Option<Vec<u8>> = quotas::table
            .find((Id(agent.uuid()), action.limit_name()))
            .select(quotas::accepted_at)
            .first(self.connection)
            .optional()
            .map_err(store_error)?;
        bytes.map_or_else(|| Ok(QuotaLog::default()), |bytes| decode(&bytes, agent, action))
    }

    fn save(&mut self, agent: AgentId, action: Action, log: &QuotaLog) -> StoreResult<()> {
        diesel::update(quotas::table.find((Id(agent.uuid()), action.limit_name())))
            .set(quotas::accepted_at.eq(encode(log)))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }
}

/// Eight bytes a time: big-endian microseconds since 1970.
fn encode(log: &QuotaLog) -> Vec<u8> {
    log.accepted_at().iter().flat_map(|at| at.timestamp_micros().to_be_bytes()).collect()
}

fn decode(bytes: &[u8], agent: AgentId, action: Action) -> StoreResult<QuotaLog> {
    let (times, rest) = bytes.as_chunks::<8>();
    let times = times.iter().map(|time| Timestamp::from_timestamp_micros(i64::from_be_bytes(*time)));
    let log = times.collect::<Option<_>>().filter(|_| rest.is_empty()).map(QuotaLog::new);
    log.ok_or_else(|| corrupt("quotas", "accepted_at", format!("{agent} {}", action.limit_name())))
}

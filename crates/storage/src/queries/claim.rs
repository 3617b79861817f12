//! Claims of agents, and the links by which they are made: a row for each claim, the link in the agent's own.

use clankdin_domain::claim::{Account, Claim, ClaimLink, ClaimMethod, ClaimRepository, Proven};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::AgentId;
use clankdin_domain::secret::{ClaimTokenDigest, RecoveryCodeDigest, VerificationCode};
use clankdin_domain::store::StoreResult;
use diesel::prelude::*;

use super::super::dialect::{Id, Time};
use super::super::schema::{agents, claims};
use super::DieselStore;
use crate::error::{corrupt, store_error};

/// The columns that make a [`ClaimLink`].
const LINK: (agents::id, agents::verification_code, agents::claim_token_used_at) =
    (agents::id, agents::verification_code, agents::claim_token_used_at);

/// [`LINK`] as a query answers it.
type LinkRow = (Id, String, Option<Time>);

fn link((agent, code, used_at): LinkRow) -> StoreResult<ClaimLink> {
    let verification_code =
        VerificationCode::parse(&code).ok_or_else(|| corrupt("agents", "verification_code", agent.0))?;
    Ok(ClaimLink { agent: agent.0.into(), verification_code, is_used: used_at.is_some() })
}

/// A claim as its row holds it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = claims)]
struct Row {
    agent_id: Id,
    method: String,
    account: String,
    claimed_at: Time,
    recovery_code_digest: Vec<u8>,
}

impl Row {
    fn into_claim(self) -> StoreResult<Claim> {
        let broken = |column| corrupt("claims", column, self.agent_id.0);
        let digest = self.recovery_code_digest.as_slice().try_into();
        Ok(Claim {
            proven: Proven {
                method: ClaimMethod::named(&self.method).ok_or_else(|| broken("method"))?,
                account: Account::from_stored(self.account),
            },
            claimed_at: self.claimed_at.0,
            recovery_code: digest
                .map(RecoveryCodeDigest::from_bytes)
                .map_err(|_| broken("recovery_code_digest"))?,
        })
    }
}

impl ClaimRepository for DieselStore<'_> {
    fn link(&mut self, token: &ClaimTokenDigest) -> StoreResult<Option<ClaimLink>> {
        agents::table
            .filter(agents::claim_token_digest.eq(&token.as_bytes()[..]))
            .select(LINK)
            .first::<LinkRow>(self.connection)
            .optional()
            .map_err(store_error)?
            .map(link)
            .transpose()
    }

    fn link_of(&mut self, agent: AgentId) -> StoreResult<Option<ClaimLink>> {
        agents::table
            .find(Id(agent.uuid()))
            .select(LINK)
            .first::<LinkRow>(self.connection)
            .optional()
            .map_err(store_error)?
            .map(link)
            .transpose()
    }

    fn replace_link(
        &mut self,
        agent: AgentId,
        token: &ClaimTokenDigest,
        code: &VerificationCode,
    ) -> StoreResult<()> {
        diesel::update(agents::table.find(Id(agent.uuid())))
            .set((
                agents::claim_token_digest.eq(&token.as_bytes()[..]),
                agents::claim_token_used_at.eq(None::<Time>),
                agents::verification_code.eq(code.as_str()),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn use_link(&mut self, agent: AgentId, at: Timestamp) -> StoreResult<()> {
        diesel::update(agents::table.find(Id(agent.uuid())))
            .set(agents::claim_token_used_at.eq(Some(Time(at))))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn claim_of(&mut self, agent: AgentId) -> StoreResult<Option<Claim>> {
        claims::table
            .find(Id(agent.uuid()))
            .select(Row::as_select())
            .first(self.connection)
            .optional()
            .map_err(store_error)?
            .map(Row::into_claim)
            .transpose()
    }

    fn save_claim(&mut self, agent: AgentId, claim: &Claim) -> StoreResult<()> {
        let columns = (
            claims::method.eq(claim.proven.method.name()),
            claims::account.eq(claim.proven.account.as_str()),
            claims::claimed_at.eq(Time(claim.claimed_at)),
            claims::recovery_code_digest.eq(&claim.recovery_code.as_bytes()[..]),
        );
        diesel::insert_into(claims::table)
            .values((claims::agent_id.eq(Id(agent.uuid())), columns))
            .on_conflict(claims::agent_id)
            .do_update()
            .set(columns)
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn delete_claim(&mut self, agent: AgentId) -> StoreResult<()> {
        diesel::delete(claims::table.find(Id(agent.uuid()))).execute(self.connection).map_err(store_error)?;
        Ok(())
    }
}

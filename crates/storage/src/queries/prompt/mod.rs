//! The facts that prompts are made from, and how prompts were answered.
//!
//! Every agent asks for these often, so none of them may cost more as the network grows: a list that
//! looks through what others did stops after the newest [`LOOKED_AT`], and the rest walks along what
//! is the agent's own.

mod newcomers;

use std::collections::HashSet;

use clankdin_domain::agent::AgentSummary;
use clankdin_domain::backing::{Backing, BackingNote};
use clankdin_domain::connection::{Connection, ConnectionStatus};
use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::{Gig, GigStatus, GigType};
use clankdin_domain::id::{AgentId, PromptId};
use clankdin_domain::limit::{Action, QuotaRepository};
use clankdin_domain::prompt::{Activity, PromptAnswer, PromptRepository};
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::Post;
use diesel::dsl::{exists, max, not, select};
use diesel::prelude::*;
use uuid::{Builder, Uuid};

use super::super::dialect::{Id, Time};
use super::super::schema::{
    agent_skills, agents, backings, comments, connections, endorsements, gig_skills, gigs, pinches, posts,
    prompt_answers,
};
use super::{DieselStore, SUMMARY, SummaryRow, connection, gig, limit_of, post, summary};
use crate::error::store_error;

/// How many of the newest agents, posts and gigs are looked at.
const LOOKED_AT: i64 = 2_000;

diesel::alias! {
    const OWN_BACKINGS: Alias<OwnBackings> = backings as own_backings;
}

/// Whether a connection stands between two agents in any way: two look-ups by its unique pair.
macro_rules! connected {
    ($one:expr, $other:expr) => {
        exists(
            connections::table.filter(
                (connections::low_id.eq($one).and(connections::high_id.eq($other)))
                    .or(connections::low_id.eq($other).and(connections::high_id.eq($one))),
            ),
        )
    };
}

impl PromptRepository for DieselStore<'_> {
    fn activity(&mut self, me: AgentId) -> StoreResult<Activity> {
        let (agent, me) = (me, Id(me.uuid()));
        let registered_at = agents::table
            .find(me)
            .select(agents::created_at)
            .get_result::<Time>(self.connection)
            .map_err(store_error)?;
        let posted_at = posts::table
            .filter(posts::author_id.eq(me))
            .order(posts::id.desc())
            .select(posts::created_at)
            .first::<Time>(self.connection)
            .optional()
            .map_err(store_error)?;
        let commented_at = comments::table
            .filter(comments::author_id.eq(me))
            .order(comments::id.desc())
            .select(comments::created_at)
            .first::<Time>(self.connection)
            .optional()
            .map_err(store_error)?;
        let pinched_at = pinches::table
            .filter(pinches::agent_id.eq(me))
            .order(pinches::created_at.desc())
            .select(pinches::created_at)
            .first::<Time>(self.connection)
            .optional()
            .map_err(store_error)?;
        let asked = connections::table.filter(connections::requester_id.eq(me));
        let agreed = connections::table
            .filter(connections::recipient_id.eq(me))
            .filter(connections::status.eq(ConnectionStatus::Accepted.name()));
        let has_connected =
            select(exists(asked).or(exists(agreed))).get_result(self.connection).map_err(store_error)?;
        let published_at = gigs::table
            .filter(gigs::author_id.eq(me))
            .select(max(gigs::created_at))
            .first::<Option<Time>>(self.connection)
            .map_err(store_error)?;
        let mut last_at = [posted_at, commented_at, pinched_at, published_at].into_iter().flatten().max();
        for action in [Action::Endorse, Action::Back, Action::Connect] {
            let log = QuotaRepository::get(self, agent, action)?;
            last_at = last_at.max(log.accepted_at().last().copied().map(Time));
        }
        Ok(Activity {
            has_posted: posted_at.is_some(),
            has_pinched: pinched_at.is_some(),
            has_commented: commented_at.is_some(),
            has_connected,
            last_at: last_at.map_or(registered_at, |at| at.max(registered_at)).0,
        })
    }

    fn ungreeted(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<(AgentSummary, Timestamp)>> {
        newcomers::ungreeted(self.connection, me, since, limit_of(limit))
    }

    fn quiet_posts(
        &mut self,
        me: AgentId,
        since: Timestamp,
        max_comments: i64,
        limit: usize,
    ) -> StoreResult<Vec<Post>> {
        let me = Id(me.uuid());
        let oldest = posts::table
            .order(posts::id.desc())
            .offset(LOOKED_AT - 1)
            .select(posts::id)
            .first::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        // A quiet post has few comments and the agent may have written many, so it is the post's that
        // are looked through: no index fits the negation of a negation.
        let mine =
            comments::table.filter(comments::post_id.eq(posts::id)).filter(not(comments::author_id.ne(me)));
        post::rows()
            .filter(posts::id.ge(first_since(since, oldest)))
            .filter(posts::created_at.ge(Time(since)))
            .filter(posts::author_id.ne(me))
            .filter(posts::comments.lt(max_comments))
            .filter(not(exists(mine)))
            .order(posts::id.desc())
            .limit(limit_of(limit))
            .load::<post::Row>(self.connection)
            .map_err(store_error)?
            .into_iter()
            .map(post::Row::into_post)
            .collect()
    }

    fn waiting_requests(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>> {
        let found = connection::rows()
            .filter(connections::recipient_id.eq(Id(me.uuid())))
            .filter(connections::status.eq(ConnectionStatus::Pending.name()))
            .order(connections::id.desc())
            .limit(limit_of(limit))
            .load::<connection::Row>(self.connection)
            .map_err(store_error)?;
        connection::newest_of(found, limit)
    }

    fn unthanked_backings(
        &mut self,
        me: AgentId,
        since: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Backing>> {
        let me = Id(me.uuid());
        let backed = OWN_BACKINGS
            .filter(OWN_BACKINGS.field(backings::backer_id).eq(me))
            .filter(OWN_BACKINGS.field(backings::agent_id).eq(backings::backer_id));
        let found = backings::table
            .inner_join(agents::table.on(agents::id.eq(backings::backer_id)))
            .filter(backings::agent_id.eq(me))
            .filter(backings::id.ge(first_since(since, None)))
            .filter(backings::created_at.ge(Time(since)))
            .filter(not(exists(backed)))
            .filter(not(connected!(me, backings::backer_id)))
            .order(backings::id.desc())
            .limit(limit_of(limit))
            .select((backings::id, SUMMARY, backings::note, backings::created_at))
            .load::<(Id, SummaryRow, Option<String>, Time)>(self.connection)
            .map_err(store_error)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let agent = agents::table
            .find(me)
            .select(SUMMARY)
            .get_result::<SummaryRow>(self.connection)
            .map(summary)
            .map_err(store_error)?;
        let backing = |(id, backer, note, at): (Id, SummaryRow, Option<String>, Time)| Backing {
            id: id.0,
            backer: summary(backer),
            agent: agent.clone(),
            note: note.map(BackingNote::from_stored),
            created_at: at.0,
        };
        Ok(found.into_iter().map(backing).collect())
    }

    fn unendorsed_connections(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Connection>> {
        let me = Id(me.uuid());
        let accepted = || {
            connection::rows()
                .filter(connections::status.eq(ConnectionStatus::Accepted.name()))
                .order(connections::id.desc())
                .limit(limit_of(limit))
        };
        let endorsed = || endorsements::table.filter(endorsements::endorser_id.eq(me));
        let mut found = accepted()
            .filter(connections::requester_id.eq(me))
            .filter(not(exists(endorsed().filter(endorsements::agent_id.eq(connections::recipient_id)))))
            .load::<connection::Row>(self.connection)
            .map_err(store_error)?;
        found.extend(
            accepted()
                .filter(connections::recipient_id.eq(me))
                .filter(not(exists(endorsed().filter(endorsements::agent_id.eq(connections::requester_id)))))
                .load::<connection::Row>(self.connection)
                .map_err(store_error)?,
        );
        connection::newest_of(found, limit)
    }

    fn fitting_gigs(&mut self, me: AgentId, limit: usize) -> StoreResult<Vec<Gig>> {
        let me = Id(me.uuid());
        let open = || {
            gigs::table
                .filter(gigs::status.eq(GigStatus::Active.name()))
                .filter(gigs::gig_type.eq(GigType::Seeking.name()))
                .order(gigs::id.desc())
                .select(gigs::id)
        };
        let oldest =
            open().offset(LOOKED_AT - 1).first::<Id>(self.connection).optional().map_err(store_error)?;
        let fits = gig_skills::table
            .inner_join(agent_skills::table.on(agent_skills::skill_key.eq(gig_skills::skill_key)))
            .filter(gig_skills::gig_id.eq(gigs::id))
            .filter(agent_skills::agent_id.eq(me));
        let ids = open()
            .filter(gigs::id.ge(oldest.unwrap_or(Id(Uuid::nil()))))
            .filter(gigs::author_id.ne(me))
            .filter(exists(fits))
            .filter(not(connected!(me, gigs::author_id)))
            .limit(limit_of(limit))
            .load::<Id>(self.connection)
            .map_err(store_error)?;
        gig::gigs_of(self.connection, &ids)
    }

    fn answered(&mut self, me: AgentId) -> StoreResult<HashSet<PromptId>> {
        let answered = prompt_answers::table
            .filter(prompt_answers::agent_id.eq(Id(me.uuid())))
            .select(prompt_answers::prompt_id)
            .load::<Id>(self.connection)
            .map_err(store_error)?;
        Ok(answered.into_iter().map(|id| id.0.into()).collect())
    }

    fn remember_answer(
        &mut self,
        me: AgentId,
        prompt: PromptId,
        answer: PromptAnswer,
        at: Timestamp,
    ) -> StoreResult<()> {
        diesel::insert_into(prompt_answers::table)
            .values((
                prompt_answers::agent_id.eq(Id(me.uuid())),
                prompt_answers::prompt_id.eq(Id(prompt.uuid())),
                prompt_answers::answer.eq(answer.name()),
                prompt_answers::created_at.eq(Time(at)),
            ))
            .on_conflict_do_nothing()
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }
}

/// The least id that a row made at that moment or later can have, and that is no less than `oldest`:
/// a `UUIDv7` begins with its millisecond, so that a walk back in time is one along the primary key.
fn first_since(since: Timestamp, oldest: Option<Id>) -> Id {
    let millis = u64::try_from(since.timestamp_millis()).unwrap_or_default();
    let first = Id(Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid());
    oldest.map_or(first, |oldest| oldest.max(first))
}

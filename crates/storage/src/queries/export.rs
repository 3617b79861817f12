//! Everything that is held of one agent.
//!
//! Each list is told newest first and whole: an export is one document.

use clankdin_domain::agent::{
    AgentRepository, AgentSummary, Decline, Export, ExportRepository, ExportedDelivery, Handle,
};
use clankdin_domain::backing::Backing;
use clankdin_domain::claim::ClaimRepository;
use clankdin_domain::connection::Connection;
use clankdin_domain::context::Timestamp;
use clankdin_domain::endorsement::Endorsement;
use clankdin_domain::event::Event;
use clankdin_domain::gig::Gig;
use clankdin_domain::id::{AgentId, CommentId, PostId, PromptId};
use clankdin_domain::limit::{Action, QuotaLog, QuotaRepository};
use clankdin_domain::prompt::PromptAnswer;
use clankdin_domain::secret::VerificationCode;
use clankdin_domain::store::StoreResult;
use clankdin_domain::town_square::{Comment, CommentContent, Post};
use clankdin_domain::webhook::{DeliveryStatus, WebhookRepository};
use diesel::prelude::*;

use super::super::dialect::{Id, Time};
use super::super::schema::{
    agents, backings, comments, connections, declines, deliveries, endorsements, gigs, mentions, outbox,
    pinches, posts, prompt_answers, webhooks,
};
use super::delivery::tried;
use super::outbox::{EVENT, EventRow, event};
use super::webhook::next_try;
use super::{DieselStore, backing, connection, endorsement, gig, post};
use crate::error::{corrupt, store_error};

/// How many gigs are read at once: each takes a place among a statement's parameters.
const GIGS_AT_ONCE: usize = 1_000;

impl ExportRepository for DieselStore<'_> {
    fn export(&mut self, id: AgentId) -> StoreResult<Option<Export>> {
        let Some(agent) = AgentRepository::by_id(self, id)? else { return Ok(None) };
        let me = Id(id.uuid());
        Ok(Some(Export {
            verification_code: self.verification_code(me)?,
            claim: self.claim_of(id)?,
            posts: self.posts_of(me)?,
            comments: self.comments_of(me, &agent.summary())?,
            pinches: self.pinches_of(me)?,
            gigs: self.gigs_of(me)?,
            backings_given: self.backings_given(me)?,
            backings_received: self.backings_received(me)?,
            endorsements_given: self.endorsements_given(me)?,
            endorsements_received: self.endorsements_received(me)?,
            connections: self.connections_of(me)?,
            declines: self.declines_of(me)?,
            mentions: self.mentions_of(me)?,
            webhooks: self.of_agent(id)?,
            deliveries: self.deliveries_to(me)?,
            events: self.events_of(me)?,
            prompt_answers: self.prompt_answers_of(me)?,
            quotas: self.quotas_of(id)?,
            agent,
        }))
    }
}

impl DieselStore<'_> {
    fn verification_code(&mut self, me: Id) -> StoreResult<VerificationCode> {
        let code = agents::table
            .find(me)
            .select(agents::verification_code)
            .first::<String>(self.connection)
            .map_err(store_error)?;
        VerificationCode::parse(&code).ok_or_else(|| corrupt("agents", "verification_code", me.0))
    }

    fn posts_of(&mut self, me: Id) -> StoreResult<Vec<Post>> {
        let rows = post::rows().filter(posts::author_id.eq(me)).order(posts::id.desc());
        let rows = rows.load::<post::Row>(self.connection).map_err(store_error)?;
        rows.into_iter().map(post::Row::into_post).collect()
    }

    fn comments_of(&mut self, me: Id, author: &AgentSummary) -> StoreResult<Vec<Comment>> {
        let rows = comments::table
            .filter(comments::author_id.eq(me))
            .order(comments::id.desc())
            .select((
                comments::id,
                comments::post_id,
                comments::content,
                comments::reply_to_id,
                comments::created_at,
            ))
            .load::<(Id, Id, String, Option<Id>, Time)>(self.connection)
            .map_err(store_error)?;
        let read = |(id, post_id, content, reply_to_id, created_at): (Id, Id, _, Option<Id>, Time)| Comment {
            id: id.0.into(),
            post_id: post_id.0.into(),
            author: author.clone(),
            content: CommentContent::from_stored(content),
            reply_to_id: reply_to_id.map(|id| id.0.into()),
            created_at: created_at.0,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    fn pinches_of(&mut self, me: Id) -> StoreResult<Vec<(PostId, Timestamp)>> {
        let rows = pinches::table
            .filter(pinches::agent_id.eq(me))
            .order(pinches::post_id.desc())
            .select((pinches::post_id, pinches::created_at))
            .load::<(Id, Time)>(self.connection)
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|(post, at)| (post.0.into(), at.0)).collect())
    }

    fn gigs_of(&mut self, me: Id) -> StoreResult<Vec<Gig>> {
        let ids = gigs::table
            .filter(gigs::author_id.eq(me))
            .order(gigs::id.desc())
            .select(gigs::id)
            .load::<Id>(self.connection)
            .map_err(store_error)?;
        let mut gigs = Vec::with_capacity(ids.len());
        for ids in ids.chunks(GIGS_AT_ONCE) {
            gigs.extend(gig::gigs_of(self.connection, ids)?);
        }
        Ok(gigs)
    }

    fn backings_given(&mut self, me: Id) -> StoreResult<Vec<Backing>> {
        let rows = backing::rows().filter(backings::backer_id.eq(me)).order(backings::id.desc());
        let rows = rows.load::<backing::Row>(self.connection).map_err(store_error)?;
        Ok(rows.into_iter().map(backing::Row::into_backing).collect())
    }

    fn backings_received(&mut self, me: Id) -> StoreResult<Vec<Backing>> {
        let rows = backing::rows().filter(backings::agent_id.eq(me)).order(backings::id.desc());
        let rows = rows.load::<backing::Row>(self.connection).map_err(store_error)?;
        Ok(rows.into_iter().map(backing::Row::into_backing).collect())
    }

    fn endorsements_given(&mut self, me: Id) -> StoreResult<Vec<Endorsement>> {
        let rows =
            endorsement::rows().filter(endorsements::endorser_id.eq(me)).order(endorsements::id.desc());
        let rows = rows.load::<endorsement::Row>(self.connection).map_err(store_error)?;
        Ok(rows.into_iter().map(endorsement::Row::into_endorsement).collect())
    }

    fn endorsements_received(&mut self, me: Id) -> StoreResult<Vec<Endorsement>> {
        let rows = endorsement::rows().filter(endorsements::agent_id.eq(me)).order(endorsements::id.desc());
        let rows = rows.load::<endorsement::Row>(self.connection).map_err(store_error)?;
        Ok(rows.into_iter().map(endorsement::Row::into_endorsement).collect())
    }

    fn connections_of(&mut self, me: Id) -> StoreResult<Vec<Connection>> {
        // One walk for each side that the agent can be on.
        let mut rows = connection::rows()
            .filter(connections::requester_id.eq(me))
            .load::<connection::Row>(self.connection)
            .map_err(store_error)?;
        let asked_by = connection::rows()
            .filter(connections::recipient_id.eq(me))
            .load::<connection::Row>(self.connection)
            .map_err(store_error)?;
        rows.extend(asked_by);
        connection::newest_of(rows, usize::MAX)
    }

    fn declines_of(&mut self, me: Id) -> StoreResult<Vec<Decline>> {
        let (asker, decliner) = diesel::alias!(agents as asker, agents as decliner);
        let rows = declines::table
            .inner_join(asker.on(asker.field(agents::id).eq(declines::asker_id)))
            .inner_join(decliner.on(decliner.field(agents::id).eq(declines::decliner_id)))
            .filter(declines::asker_id.eq(me).or(declines::decliner_id.eq(me)))
            .order(declines::declined_at.desc())
            .select((asker.field(agents::handle), decliner.field(agents::handle), declines::declined_at))
            .load::<(String, String, Time)>(self.connection)
            .map_err(store_error)?;
        let read = |(asker, decliner, at): (String, String, Time)| Decline {
            asker: Handle::from_stored(asker),
            decliner: Handle::from_stored(decliner),
            declined_at: at.0,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    fn mentions_of(&mut self, me: Id) -> StoreResult<Vec<(PostId, Option<CommentId>)>> {
        let rows = mentions::table
            .filter(mentions::agent_id.eq(me))
            .select((mentions::post_id, mentions::comment_id))
            .load::<(Id, Option<Id>)>(self.connection)
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|(post, comment)| (post.0.into(), comment.map(|id| id.0.into()))).collect())
    }

    fn deliveries_to(&mut self, me: Id) -> StoreResult<Vec<ExportedDelivery>> {
        let rows = deliveries::table
            .inner_join(webhooks::table.on(webhooks::id.eq(deliveries::webhook_id)))
            .filter(webhooks::agent_id.eq(me))
            .order((deliveries::webhook_id, deliveries::event_id.desc()))
            .select((
                deliveries::webhook_id,
                deliveries::event_id,
                deliveries::status,
                deliveries::attempts,
                deliveries::next_attempt_at,
                (
                    deliveries::last_attempt_at,
                    deliveries::last_status,
                    deliveries::last_failure,
                    deliveries::last_latency_ms,
                ),
                deliveries::tries,
            ))
            .load::<DeliveryRow>(self.connection)
            .map_err(store_error)?;
        rows.into_iter().map(delivery).collect()
    }

    fn events_of(&mut self, me: Id) -> StoreResult<Vec<Event>> {
        let rows = outbox::table
            .filter(outbox::addressee_id.eq(me).or(outbox::actor_id.eq(me)))
            .order(outbox::sequence.desc())
            .select(EVENT)
            .load::<EventRow>(self.connection)
            .map_err(store_error)?;
        rows.into_iter().map(event).collect()
    }

    fn prompt_answers_of(&mut self, me: Id) -> StoreResult<Vec<(PromptId, PromptAnswer, Timestamp)>> {
        let rows = prompt_answers::table
            .filter(prompt_answers::agent_id.eq(me))
            .order(prompt_answers::prompt_id.desc())
            .select((prompt_answers::prompt_id, prompt_answers::answer, prompt_answers::created_at))
            .load::<(Id, String, Time)>(self.connection)
            .map_err(store_error)?;
        let read = |(prompt, answer, at): (Id, String, Time)| {
            let answer = PromptAnswer::named(&answer)
                .ok_or_else(|| corrupt("prompt_answers", "answer", format!("{} {}", me.0, prompt.0)))?;
            Ok((prompt.0.into(), answer, at.0))
        };
        rows.into_iter().map(read).collect()
    }

    fn quotas_of(&mut self, me: AgentId) -> StoreResult<Vec<(Action, QuotaLog)>> {
        let mut logs = Vec::with_capacity(Action::ALL.len());
        for action in Action::ALL {
            let log = QuotaRepository::get(self, me, action)?;
            if !log.accepted_at().is_empty() {
                logs.push((action, log));
            }
        }
        Ok(logs)
    }
}

type DeliveryRow = (Id, Id, String, i64, Time, LastTry, String);

type LastTry = (Option<Time>, Option<i64>, Option<String>, Option<i64>);

fn delivery(
    (webhook_id, event_id, status, attempts, next_attempt_at, last, tries): DeliveryRow,
) -> StoreResult<ExportedDelivery> {
    let is_corrupt = |column| corrupt("deliveries", column, format!("{} {}", webhook_id.0, event_id.0));
    Ok(ExportedDelivery {
        webhook_id: webhook_id.0.into(),
        event_id: event_id.0.into(),
        status: DeliveryStatus::named(&status).ok_or_else(|| is_corrupt("status"))?,
        attempts: u32::try_from(attempts).map_err(|_| is_corrupt("attempts"))?,
        next_attempt_at: next_try(&status, next_attempt_at),
        last_attempt_at: last.0.map(|at| at.0),
        last_status: last.1,
        last_failure: last.2,
        last_latency_ms: last.3,
        tries: tried::read(&tries).ok_or_else(|| is_corrupt("tries"))?,
    })
}

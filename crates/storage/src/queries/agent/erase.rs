//! Erasing an agent and everything of its own.
//!
//! What the agent owns goes with its row: each table that names an agent deletes its rows with the
//! agent's. Before that, what others are counted for is corrected, what its endpoints were told is
//! forgotten, and what was told of the agent is made to say nothing.
//!
//! Architecture invariant: a column that names an agent either cascades or is dealt with here.

use clankdin_domain::agent::Handle;
use clankdin_domain::connection::ConnectionStatus;
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::DeliveryStatus;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::super::outbox::BLANK;
use super::dialect::{Connection, Id, held};
use super::schema::{
    agent_skills, agents, backings, comments, connections, deliveries, endorsements, erased_handles, outbox,
    pinches, posts, webhooks,
};
use crate::error::store_error;

/// How many rows are held at once: each takes a place among a statement's parameters.
const HELD_AT_ONCE: usize = 1_000;

/// What a delivery says that was given up because its event's cause was erased.
const ERASED: &str = "erased";

/// An array of JSON without an entry.
const NO_TRIES: &str = "[]";

/// Erases the agent; nothing where there is none.
pub(super) fn erase(connection: &mut Connection, me: Id) -> StoreResult<()> {
    hold_concerned(connection, me).map_err(store_error)?;
    let handle = agents::table.find(me).select(agents::handle).first::<String>(connection);
    let Some(handle) = handle.optional().map_err(store_error)? else { return Ok(()) };
    uncount_town_square(connection, me)
        .and_then(|()| uncount_endorsements(connection, me))
        .and_then(|()| uncount_backings_and_connections(connection, me))
        .and_then(|()| silence_events(connection, me))
        .and_then(|()| keep_digest(connection, &Handle::from_stored(handle)))
        .and_then(|()| diesel::delete(agents::table.find(me)).execute(connection))
        .map_err(store_error)?;
    Ok(())
}

/// Holds the agent and those whose counts it is in, then the posts whose counts it is in.
fn hold_concerned(connection: &mut Connection, me: Id) -> QueryResult<()> {
    let backed = backings::table.filter(backings::backer_id.eq(me)).select(backings::agent_id);
    let endorsed =
        endorsements::table.filter(endorsements::endorser_id.eq(me)).select(endorsements::agent_id);
    let asked = connections::table.filter(connections::requester_id.eq(me)).select(connections::recipient_id);
    let asked_by =
        connections::table.filter(connections::recipient_id.eq(me)).select(connections::requester_id);
    let mut concerned: Vec<Id> =
        backed.union_all(endorsed).union_all(asked).union_all(asked_by).load(connection)?;
    concerned.push(me);
    concerned.sort_unstable();
    concerned.dedup();
    for some in concerned.chunks(HELD_AT_ONCE) {
        held!(agents::table.filter(agents::id.eq_any(some)).order(agents::id).select(agents::id))
            .load::<Id>(connection)?;
    }

    let pinched = pinches::table.filter(pinches::agent_id.eq(me)).select(pinches::post_id);
    let commented = comments::table.filter(comments::author_id.eq(me)).select(comments::post_id);
    // Its own as well: who comments on one holds it, and tells of it before this goes on.
    let own = posts::table.filter(posts::author_id.eq(me)).select(posts::id);
    let mut concerned: Vec<Id> = pinched.union_all(commented).union_all(own).load(connection)?;
    concerned.sort_unstable();
    concerned.dedup();
    for some in concerned.chunks(HELD_AT_ONCE) {
        held!(posts::table.filter(posts::id.eq_any(some)).order(posts::id).select(posts::id))
            .load::<Id>(connection)?;
    }
    Ok(())
}

/// Corrects the posts that the agent pinched or commented on.
fn uncount_town_square(connection: &mut Connection, me: Id) -> QueryResult<()> {
    let pinched = pinches::table.filter(pinches::agent_id.eq(me)).select(pinches::post_id);
    diesel::update(posts::table.filter(posts::id.eq_any(pinched)))
        .set(posts::pinches.eq(posts::pinches - 1))
        .execute(connection)?;

    let commented = comments::table.filter(comments::author_id.eq(me)).select(comments::post_id);
    // A negation of a negation, lest a database walk along all of the agent's comments for each post,
    // and not along the post's.
    let its = comments::table
        .filter(comments::post_id.eq(posts::id))
        .filter(not(comments::author_id.ne(me)))
        .count()
        .single_value()
        .assume_not_null();
    diesel::update(posts::table.filter(posts::id.eq_any(commented)))
        .set(posts::comments.eq(posts::comments - its))
        .execute(connection)?;
    Ok(())
}

/// Corrects the skills that the agent endorsed, and the agents whose they are.
fn uncount_endorsements(connection: &mut Connection, me: Id) -> QueryResult<()> {
    let given = endorsements::table.filter(endorsements::endorser_id.eq(me));
    let of_skill = endorsements::table
        .filter(endorsements::agent_id.eq(agent_skills::agent_id))
        .filter(endorsements::skill_key.eq(agent_skills::skill_key))
        .filter(endorsements::endorser_id.eq(me));
    let endorsed = agent_skills::table
        .filter(agent_skills::agent_id.eq_any(given.select(endorsements::agent_id)))
        .filter(exists(of_skill));
    diesel::update(endorsed)
        .set(agent_skills::endorsements.eq(agent_skills::endorsements - 1))
        .execute(connection)?;

    let its = given.filter(endorsements::agent_id.eq(agents::id)).count().single_value().assume_not_null();
    diesel::update(agents::table.filter(agents::id.eq_any(given.select(endorsements::agent_id))))
        .set(agents::endorsements.eq(agents::endorsements - its))
        .execute(connection)?;
    Ok(())
}

/// Corrects the agents that the agent backed, and those that it was connected with.
fn uncount_backings_and_connections(connection: &mut Connection, me: Id) -> QueryResult<()> {
    let backed = backings::table.filter(backings::backer_id.eq(me)).select(backings::agent_id);
    diesel::update(agents::table.filter(agents::id.eq_any(backed)))
        .set(agents::backers.eq(agents::backers - 1))
        .execute(connection)?;

    let accepted = connections::table.filter(connections::status.eq(ConnectionStatus::Accepted.name()));
    let asked = accepted.filter(connections::requester_id.eq(me)).select(connections::recipient_id);
    diesel::update(agents::table.filter(agents::id.eq_any(asked)))
        .set(agents::connections.eq(agents::connections - 1))
        .execute(connection)?;
    let asked_by = accepted.filter(connections::recipient_id.eq(me)).select(connections::requester_id);
    diesel::update(agents::table.filter(agents::id.eq_any(asked_by)))
        .set(agents::connections.eq(agents::connections - 1))
        .execute(connection)?;
    Ok(())
}

/// Forgets the events that the agent is told of, and blanks those that it caused: nobody hears of them
/// from now on, and they name nobody.
fn silence_events(connection: &mut Connection, me: Id) -> QueryResult<()> {
    // Endpoints first, in order of their ids, as whoever records deliveries does, or the two would wait for each other.
    let mine = webhooks::table.filter(webhooks::agent_id.eq(me)).order(webhooks::id).select(webhooks::id);
    held!(mine).load::<Id>(connection)?;
    diesel::delete(deliveries::table.filter(deliveries::webhook_id.eq_any(mine))).execute(connection)?;
    // What is made due anew or sent again meanwhile is held as well: it is seen by whoever comes second.
    held!(outbox::table.filter(outbox::actor_id.eq(me)).order(outbox::sequence).select(outbox::sequence))
        .load::<i64>(connection)?;
    diesel::delete(outbox::table.filter(outbox::addressee_id.eq(me))).execute(connection)?;
    let caused = outbox::table.filter(outbox::actor_id.eq(me));
    let waiting = deliveries::table
        .filter(deliveries::event_id.eq_any(caused.select(outbox::id)))
        .filter(deliveries::status.eq(DeliveryStatus::Pending.name()));
    diesel::update(waiting)
        .set((deliveries::status.eq(DeliveryStatus::Failed.name()), deliveries::last_failure.eq(ERASED)))
        .execute(connection)?;
    // A receiver may have answered with what it was told.
    diesel::update(deliveries::table.filter(deliveries::event_id.eq_any(caused.select(outbox::id))))
        .set(deliveries::tries.eq(NO_TRIES))
        .execute(connection)?;
    diesel::update(caused)
        .set((outbox::data.eq(BLANK), outbox::actor_id.eq(None::<Id>)))
        .execute(connection)?;
    Ok(())
}

fn keep_digest(connection: &mut Connection, handle: &Handle) -> QueryResult<()> {
    diesel::insert_into(erased_handles::table)
        .values(erased_handles::handle_digest.eq(&handle.digest().as_bytes()[..]))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

//! Lists of agents.
//!
//! A page is made in two steps: one walk along the index that fits the filter best gives the ids, and
//! then their rows are read. So each walk is over one table, and no database is left to guess where to
//! begin.

use clankdin_domain::agent::{Agent, AgentFilter};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use super::dialect::{Connection, Id};
use super::profile;
use super::rows_of;
use super::schema::{agent_skills, agent_words, agents};
use crate::error::store_error;

pub(super) fn list(
    connection: &mut Connection,
    filter: &AgentFilter,
    page: &PageRequest,
) -> StoreResult<Page<Agent>> {
    let before = Id(page.after.map_or(Uuid::max(), |position| position.id));
    let ids = matching(connection, filter, before, rows_of(page))?;
    let agents = profile::several(connection, &ids)?;
    Ok(Page::cut(agents, page, |agent| Position::of(agent.id.uuid())))
}

/// The ids of the first `limit` agents before an id that the filter lets through, newest first.
///
/// The walk is along what is rarest by nature: the longest word, else the skill, else the agents. The
/// rest of the filter is checked at each step of it.
fn matching(
    connection: &mut Connection,
    filter: &AgentFilter,
    before: Id,
    limit: i64,
) -> StoreResult<Vec<Id>> {
    let mut words: Vec<&str> = filter.words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| word.chars().count());
    match (words.pop(), filter.skill_key.as_deref()) {
        (Some(longest), _) => of_word(connection, longest, &words, filter, before, limit),
        (None, Some(skill)) => of_skill(connection, skill, filter, before, limit),
        (None, None) => of_all(connection, filter, before, limit),
    }
}

diesel::alias! {
    const OTHER_WORDS: Alias<OtherWords> = agent_words as other_words;
}

/// Those of the rows whose agent runs on the model and is verified or not, as far as that is asked for.
macro_rules! narrowed {
    ($query:expr, $agent_id:expr, $filter:expr) => {{
        let mut query = $query.into_boxed();
        if let Some(model) = $filter.base_model.as_deref() {
            let agent = agents::table.find($agent_id).filter(agents::base_model_key.eq(model));
            query = query.filter(exists(agent));
        }
        if let Some(verified) = $filter.verified {
            let agent = agents::table.find($agent_id);
            query = if verified {
                query.filter(exists(agent.filter(agents::verified_at.is_not_null())))
            } else {
                query.filter(exists(agent.filter(agents::verified_at.is_null())))
            };
        }
        query
    }};
}

fn of_word(
    connection: &mut Connection,
    longest: &str,
    others: &[&str],
    filter: &AgentFilter,
    before: Id,
    limit: i64,
) -> StoreResult<Vec<Id>> {
    let walk = agent_words::table
        .filter(agent_words::word.eq(longest))
        .filter(agent_words::agent_id.lt(before))
        .order(agent_words::agent_id.desc())
        .select(agent_words::agent_id)
        .limit(limit);
    let mut query = narrowed!(walk, agent_words::agent_id, filter);
    for word in others {
        let other = OTHER_WORDS
            .filter(OTHER_WORDS.field(agent_words::word).eq(*word))
            .filter(OTHER_WORDS.field(agent_words::agent_id).eq(agent_words::agent_id));
        query = query.filter(exists(other));
    }
    if let Some(skill) = filter.skill_key.as_deref() {
        query = query.filter(exists(agent_skills::table.find((agent_words::agent_id, skill))));
    }
    query.load(connection).map_err(store_error)
}

fn of_skill(
    connection: &mut Connection,
    skill: &str,
    filter: &AgentFilter,
    before: Id,
    limit: i64,
) -> StoreResult<Vec<Id>> {
    let walk = agent_skills::table
        .filter(agent_skills::skill_key.eq(skill))
        .filter(agent_skills::agent_id.lt(before))
        .order(agent_skills::agent_id.desc())
        .select(agent_skills::agent_id)
        .limit(limit);
    narrowed!(walk, agent_skills::agent_id, filter).load(connection).map_err(store_error)
}

fn of_all(connection: &mut Connection, filter: &AgentFilter, before: Id, limit: i64) -> StoreResult<Vec<Id>> {
    let mut query = agents::table
        .filter(agents::id.lt(before))
        .order(agents::id.desc())
        .select(agents::id)
        .limit(limit)
        .into_boxed();
    if let Some(model) = filter.base_model.as_deref() {
        query = query.filter(agents::base_model_key.eq(model));
    }
    query = match filter.verified {
        Some(true) => query.filter(agents::verified_at.is_not_null()),
        Some(false) => query.filter(agents::verified_at.is_null()),
        None => query,
    };
    query.load(connection).map_err(store_error)
}

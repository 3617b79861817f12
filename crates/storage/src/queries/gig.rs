//! Gigs, their skills and their search words, counted in their authors' stats.
//!
//! A list is made in two steps: one walk along the index that fits the filter best gives the ids of a
//! page, and then their rows are read. So each walk is over one table, and no database is left to
//! guess where to begin.

use std::collections::HashMap;

use clankdin_domain::agent::SkillName;
use clankdin_domain::gig::{Gig, GigDescription, GigFilter, GigRepository, GigStatus, GigTitle, GigType};
use clankdin_domain::id::{AgentId, GigId};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{Connection, Id, Time};
use super::super::schema::{agents, gig_skills, gig_words, gigs};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryRow, changed_words, summary};
use crate::error::{corrupt, store_error};

impl GigRepository for DieselStore<'_> {
    fn insert(&mut self, gig: &Gig) -> StoreResult<()> {
        let author = Id(gig.author.id.uuid());
        diesel::insert_into(gigs::table)
            .values((
                gigs::id.eq(Id(gig.id.uuid())),
                gigs::author_id.eq(author),
                gigs::title.eq(gig.title.as_str()),
                gigs::description.eq(gig.description.as_str()),
                gigs::gig_type.eq(gig.gig_type.name()),
                gigs::status.eq(gig.status.name()),
                gigs::created_at.eq(Time(gig.created_at)),
                gigs::updated_at.eq(Time(gig.updated_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        insert_skills(self.connection, gig)?;
        insert_words(self.connection, gig.id, &gig.search_words())?;
        diesel::update(agents::table.find(author))
            .set(agents::gigs.eq(agents::gigs + 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn by_id(&mut self, id: GigId) -> StoreResult<Option<Gig>> {
        Ok(gigs_of(self.connection, &[Id(id.uuid())])?.pop())
    }

    fn count_active(&mut self, author: AgentId) -> StoreResult<usize> {
        let active = gigs::table
            .filter(gigs::author_id.eq(Id(author.uuid())))
            .filter(gigs::status.eq(GigStatus::Active.name()))
            .count()
            .get_result::<i64>(self.connection)
            .map_err(store_error)?;
        Ok(usize::try_from(active).unwrap_or(usize::MAX))
    }

    fn update(&mut self, gig: &Gig) -> StoreResult<()> {
        let id = Id(gig.id.uuid());
        diesel::update(gigs::table.find(id))
            .set((
                gigs::title.eq(gig.title.as_str()),
                gigs::description.eq(gig.description.as_str()),
                gigs::gig_type.eq(gig.gig_type.name()),
                gigs::status.eq(gig.status.name()),
                gigs::updated_at.eq(Time(gig.updated_at)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        diesel::delete(gig_skills::table.filter(gig_skills::gig_id.eq(id)))
            .execute(self.connection)
            .map_err(store_error)?;
        insert_skills(self.connection, gig)?;
        replace_words(self.connection, gig)
    }

    fn delete(&mut self, id: GigId) -> StoreResult<bool> {
        let author = diesel::delete(gigs::table.find(Id(id.uuid())))
            .returning(gigs::author_id)
            .get_result::<Id>(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some(author) = author else { return Ok(false) };
        diesel::update(agents::table.find(author))
            .set(agents::gigs.eq(agents::gigs - 1))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(true)
    }

    fn count(&mut self, status: GigStatus) -> StoreResult<i64> {
        let standing = gigs::table.filter(gigs::status.eq(status.name()));
        standing.count().get_result(self.connection).map_err(store_error)
    }

    fn list(&mut self, filter: &GigFilter, page: &PageRequest) -> StoreResult<Page<Gig>> {
        let before = Id(page.after.map_or(Uuid::max(), |position| position.id));
        let ids = matching(self.connection, filter, before, rows_of(page))?;
        let gigs = gigs_of(self.connection, &ids)?;
        Ok(Page::cut(gigs, page, |gig| Position::of(gig.id.uuid())))
    }
}

/// A gig and its author, as a query answers them.
#[derive(Queryable)]
struct Row {
    id: Id,
    author: SummaryRow,
    title: String,
    description: String,
    gig_type: String,
    status: String,
    created_at: Time,
    updated_at: Time,
}

impl Row {
    fn into_gig(self, skills: Vec<SkillName>) -> StoreResult<Gig> {
        let gig_type =
            GigType::named(&self.gig_type).ok_or_else(|| corrupt("gigs", "gig_type", self.id.0))?;
        let status = GigStatus::named(&self.status).ok_or_else(|| corrupt("gigs", "status", self.id.0))?;
        Ok(Gig {
            id: self.id.0.into(),
            author: summary(self.author),
            title: GigTitle::from_stored(self.title),
            description: GigDescription::from_stored(self.description),
            gig_type,
            skills,
            status,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        })
    }
}

/// The gigs of the given ids, newest first.
pub(super) fn gigs_of(connection: &mut Connection, ids: &[Id]) -> StoreResult<Vec<Gig>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = gigs::table
        .inner_join(agents::table.on(agents::id.eq(gigs::author_id)))
        .filter(gigs::id.eq_any(ids))
        .order(gigs::id.desc())
        .select((
            gigs::id,
            SUMMARY,
            gigs::title,
            gigs::description,
            gigs::gig_type,
            gigs::status,
            gigs::created_at,
            gigs::updated_at,
        ))
        .load::<Row>(connection)
        .map_err(store_error)?;
    let named = gig_skills::table
        .filter(gig_skills::gig_id.eq_any(ids))
        .order((gig_skills::gig_id, gig_skills::position))
        .select((gig_skills::gig_id, gig_skills::name))
        .load::<(Id, String)>(connection)
        .map_err(store_error)?;
    let mut skills: HashMap<Id, Vec<SkillName>> = HashMap::new();
    for (id, name) in named {
        skills.entry(id).or_default().push(SkillName::from_stored(name));
    }
    rows.into_iter()
        .map(|row| {
            let skills = skills.remove(&row.id).unwrap_or_default();
            row.into_gig(skills)
        })
        .collect()
}

diesel::alias! {
    const OTHER_WORDS: Alias<OtherWords> = gig_words as other_words;
}

/// Those of the rows whose gig names the skill, if one is asked for, and has all the words.
macro_rules! narrowed {
    ($query:expr, $gig_id:expr, $skill:expr, $words:expr) => {{
        let mut query = $query.into_boxed();
        if let Some(skill) = $skill {
            query = query.filter(exists(gig_skills::table.find(($gig_id, skill))));
        }
        for word in $words {
            let other = OTHER_WORDS
                .filter(OTHER_WORDS.field(gig_words::word).eq(word))
                .filter(OTHER_WORDS.field(gig_words::gig_id).eq($gig_id));
            query = query.filter(exists(other));
        }
        query
    }};
}

/// The ids of the first `limit` gigs before an id that the filter lets through, newest first.
///
/// The walk is along what is rarest by nature: an agent's own gigs, else the longest word, else the
/// skill, else what stands so. The rest of the filter is checked at each step of it, and where an index
/// would fit that rest it is written as the negation of its negation, which no index fits: otherwise
/// `SQLite` walks along all that stands so at each step.
fn matching(connection: &mut Connection, filter: &GigFilter, before: Id, limit: i64) -> StoreResult<Vec<Id>> {
    let (status, skill) = (filter.status.name(), filter.skill_key.as_deref());
    let types: Vec<&str> = match filter.gig_type {
        Some(gig_type) => vec![gig_type.name()],
        None => GigType::ALL.map(GigType::name).into(),
    };
    let mut words: Vec<&str> = filter.words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| word.chars().count());

    let found = if let Some(author) = filter.author {
        let own = gigs::table
            .filter(gigs::author_id.eq(Id(author.uuid())))
            .filter(gigs::status.eq(status))
            .filter(gigs::id.lt(before))
            .order(gigs::id.desc())
            .select(gigs::id)
            .limit(limit);
        narrowed!(own, gigs::id, skill, words).filter(not(gigs::gig_type.ne_all(types))).load(connection)
    } else if let Some(longest) = words.pop() {
        let of_word = gig_words::table
            .filter(gig_words::word.eq(longest))
            .filter(gig_words::gig_id.lt(before))
            .filter(exists(
                gigs::table
                    .find(gig_words::gig_id)
                    .filter(not(gigs::status.ne(status)))
                    .filter(not(gigs::gig_type.ne_all(types))),
            ))
            .order(gig_words::gig_id.desc())
            .select(gig_words::gig_id)
            .limit(limit);
        narrowed!(of_word, gig_words::gig_id, skill, words).load(connection)
    } else if let Some(skill) = skill {
        gig_skills::table
            .filter(gig_skills::skill_key.eq(skill))
            .filter(gig_skills::gig_id.lt(before))
            .filter(exists(
                gigs::table
                    .find(gig_skills::gig_id)
                    .filter(not(gigs::status.ne(status)))
                    .filter(not(gigs::gig_type.ne_all(types))),
            ))
            .order(gig_skills::gig_id.desc())
            .select(gig_skills::gig_id)
            .limit(limit)
            .load(connection)
    } else {
        let open = gigs::table
            .filter(gigs::status.eq(status))
            .filter(gigs::id.lt(before))
            .order(gigs::id.desc())
            .select(gigs::id)
            .limit(limit);
        match filter.gig_type {
            Some(gig_type) => open.filter(gigs::gig_type.eq(gig_type.name())).load(connection),
            None => open.load(connection),
        }
    };
    found.map_err(store_error)
}

fn insert_skills(connection: &mut Connection, gig: &Gig) -> StoreResult<()> {
    let rows: Vec<_> = (0_i64..)
        .zip(&gig.skills)
        .map(|(position, skill)| {
            (
                gig_skills::gig_id.eq(Id(gig.id.uuid())),
                gig_skills::skill_key.eq(skill.key()),
                gig_skills::name.eq(skill.as_str()),
                gig_skills::position.eq(position),
            )
        })
        .collect();
    diesel::insert_into(gig_skills::table).values(&rows).execute(connection).map_err(store_error)?;
    Ok(())
}

fn insert_words(connection: &mut Connection, gig: GigId, words: &[String]) -> StoreResult<()> {
    let rows: Vec<_> =
        words.iter().map(|word| (gig_words::word.eq(word), gig_words::gig_id.eq(Id(gig.uuid())))).collect();
    diesel::insert_into(gig_words::table).values(&rows).execute(connection).map_err(store_error)?;
    Ok(())
}

/// Writes the words that are new and deletes those that are gone: most changes leave the text alone.
fn replace_words(connection: &mut Connection, gig: &Gig) -> StoreResult<()> {
    let id = Id(gig.id.uuid());
    let standing = gig_words::table
        .filter(gig_words::gig_id.eq(id))
        .select(gig_words::word)
        .load::<String>(connection)
        .map_err(store_error)?;
    let (gone, new) = changed_words(standing, gig.search_words());
    diesel::delete(gig_words::table.filter(gig_words::gig_id.eq(id)).filter(gig_words::word.eq_any(gone)))
        .execute(connection)
        .map_err(store_error)?;
    insert_words(connection, gig.id, &new)
}

//! Profiles: their rows, the skills they list, and the words by which they are found.

use std::collections::HashMap;

use clankdin_domain::agent::{
    Agent, AgentName, AvatarUrl, BaseModel, Bio, CurrentTask, Guise, Handle, Language, NewAgent, Profile,
    SkillName, Skills, Stats, Strength, Tagline, TaskCategory, TaskText,
};
use clankdin_domain::store::{StoreError, StoreResult};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::super::changed_words;
use super::dialect::{Connection, Id, Time};
use super::schema::{agent_skills, agent_words, agents};
use crate::error::{corrupt, store_error};

/// An agent's row, as far as its profile shows it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = agents)]
struct Row {
    id: Id,
    handle: String,
    name: String,
    tagline: String,
    bio: String,
    base_model: Option<String>,
    languages: String,
    strengths: String,
    avatar_url: Option<String>,
    verified_at: Option<Time>,
    task: Option<String>,
    task_category: Option<String>,
    task_updated_at: Option<Time>,
    backers: i64,
    connections: i64,
    endorsements: i64,
    posts: i64,
    gigs: i64,
    created_at: Time,
}

/// A skill's name and how often it is endorsed.
type SkillRow = (String, i64);

/// The agent of that id: one statement for its row, and one for its skills.
pub(super) fn one(connection: &mut Connection, id: Id) -> StoreResult<Option<Agent>> {
    let row =
        agents::table.find(id).select(Row::as_select()).first(connection).optional().map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    let skills = agent_skills::table
        .filter(agent_skills::agent_id.eq(id))
        .order(agent_skills::position)
        .select((agent_skills::name, agent_skills::endorsements))
        .load::<SkillRow>(connection)
        .map_err(store_error)?;
    row.into_agent(skills).map(Some)
}

/// The agents of the given ids, newest first.
pub(super) fn several(connection: &mut Connection, ids: &[Id]) -> StoreResult<Vec<Agent>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = agents::table
        .filter(agents::id.eq_any(ids))
        .order(agents::id.desc())
        .select(Row::as_select())
        .load(connection)
        .map_err(store_error)?;
    let listed = agent_skills::table
        .filter(agent_skills::agent_id.eq_any(ids))
        .order((agent_skills::agent_id, agent_skills::position))
        .select((agent_skills::agent_id, (agent_skills::name, agent_skills::endorsements)))
        .load::<(Id, SkillRow)>(connection)
        .map_err(store_error)?;
    let mut skills: HashMap<Id, Vec<SkillRow>> = HashMap::new();
    for (id, skill) in listed {
        skills.entry(id).or_default().push(skill);
    }
    rows.into_iter()
        .map(|row| {
            let skills = skills.remove(&row.id).unwrap_or_default();
            row.into_agent(skills)
        })
        .collect()
}

impl Row {
    fn into_agent(self, skills: Vec<SkillRow>) -> StoreResult<Agent> {
        let (names, skill_endorsements) =
            skills.into_iter().map(|(name, count)| (SkillName::from_stored(name), count)).unzip();
        let languages = list("languages", self.id, &self.languages)?;
        let strengths = list("strengths", self.id, &self.strengths)?;
        let current_task = match (self.task, self.task_category, self.task_updated_at) {
            (Some(task), Some(category), Some(updated_at)) => Some(CurrentTask {
                task: TaskText::from_stored(task),
                category: TaskCategory::from_stored(category),
                updated_at: updated_at.0,
            }),
            (None, None, None) => None,
            _ => return Err(corrupt("agents", "task", self.id.0)),
        };
        Ok(Agent {
            id: self.id.0.into(),
            handle: Handle::from_stored(self.handle),
            profile: Profile {
                name: AgentName::from_stored(self.name),
                tagline: Tagline::from_stored(self.tagline),
                bio: Bio::from_stored(self.bio),
                skills: Skills::from_stored(names),
                languages: languages.into_iter().map(Language::from_stored).collect(),
                base_model: self.base_model.map(BaseModel::from_stored),
                strengths: strengths.into_iter().map(Strength::from_stored).collect(),
                avatar_url: self.avatar_url.map(AvatarUrl::from_stored),
            },
            skill_endorsements,
            verified_at: self.verified_at.map(|at| at.0),
            current_task,
            stats: Stats {
                backers: self.backers,
                connections: self.connections,
                endorsements: self.endorsements,
                posts: self.posts,
                gigs: self.gigs,
            },
            created_at: self.created_at.0,
        })
    }
}

/// A list of texts as its column holds it.
fn list(column: &'static str, row: Id, json: &str) -> StoreResult<Vec<String>> {
    serde_json::from_str(json).map_err(|_| corrupt("agents", column, row.0))
}

/// The columns that a profile fills.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = agents, treat_none_as_null = true)]
struct Columns<'a> {
    name: &'a str,
    tagline: &'a str,
    bio: &'a str,
    base_model: Option<String>,
    base_model_key: Option<String>,
    languages: String,
    strengths: String,
    avatar_url: Option<String>,
    name_skeleton: &'a str,
    handle_skeleton: &'a str,
}

impl<'a> Columns<'a> {
    fn of(profile: &'a Profile, guise: &'a Guise) -> StoreResult<Self> {
        let languages: Vec<&str> = profile.languages.iter().map(Language::as_str).collect();
        let strengths: Vec<&str> = profile.strengths.iter().map(Strength::as_str).collect();
        let base_model = profile.base_model.as_ref();
        Ok(Self {
            name: profile.name.as_str(),
            tagline: profile.tagline.as_str(),
            bio: profile.bio.as_str(),
            base_model: base_model.map(|model| model.as_str().to_owned()),
            base_model_key: base_model.map(BaseModel::key),
            languages: json(&languages)?,
            strengths: json(&strengths)?,
            avatar_url: profile.avatar_url.as_ref().map(|url| url.as_str().to_owned()),
            name_skeleton: &guise.name_skeleton,
            handle_skeleton: &guise.handle_skeleton,
        })
    }
}

fn json(texts: &[&str]) -> StoreResult<String> {
    serde_json::to_string(texts).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Adds an agent with its skills and its words.
pub(super) fn insert(connection: &mut Connection, agent: &NewAgent) -> StoreResult<()> {
    let id = Id(agent.id.uuid());
    diesel::insert_into(agents::table)
        .values((
            agents::id.eq(id),
            agents::handle.eq(agent.handle.as_str()),
            Columns::of(&agent.profile, &agent.guise)?,
            agents::key_digest.eq(&agent.key.as_bytes()[..]),
            agents::claim_token_digest.eq(&agent.claim_token.as_bytes()[..]),
            agents::verification_code.eq(agent.verification_code.as_str()),
            agents::created_at.eq(Time(agent.created_at)),
        ))
        .execute(connection)
        .map_err(store_error)?;
    write_skills(connection, id, &agent.profile.skills)?;
    write_words(connection, id, &agent.profile.search_words(&agent.handle))
}

/// Replaces what an agent says of itself; nothing where there is no such agent.
pub(super) fn replace(
    connection: &mut Connection,
    id: Id,
    profile: &Profile,
    guise: &Guise,
) -> StoreResult<()> {
    let handle = diesel::update(agents::table.find(id))
        .set(Columns::of(profile, guise)?)
        .returning(agents::handle)
        .get_result::<String>(connection)
        .optional()
        .map_err(store_error)?;
    let Some(handle) = handle else { return Ok(()) };
    drop_skills_but(connection, id, &profile.skills)?;
    write_skills(connection, id, &profile.skills)?;
    replace_words(connection, id, profile.search_words(&Handle::from_stored(handle)))
}

/// Deletes the skills that a profile no longer lists. Their endorsements go with them, and are no
/// longer counted.
fn drop_skills_but(connection: &mut Connection, id: Id, kept: &Skills) -> StoreResult<()> {
    let kept = kept.names().iter().map(SkillName::key);
    let gone = agent_skills::table
        .filter(agent_skills::agent_id.eq(id))
        .filter(agent_skills::skill_key.ne_all(kept.collect::<Vec<_>>()));
    let uncounted: i64 = diesel::delete(gone)
        .returning(agent_skills::endorsements)
        .get_results::<i64>(connection)
        .map_err(store_error)?
        .into_iter()
        .sum();
    if uncounted > 0 {
        diesel::update(agents::table.find(id))
            .set(agents::endorsements.eq(agents::endorsements - uncounted))
            .execute(connection)
            .map_err(store_error)?;
    }
    Ok(())
}

/// Writes a profile's skills; those that stand keep their endorsements under a new spelling or at a
/// new place.
fn write_skills(connection: &mut Connection, id: Id, skills: &Skills) -> StoreResult<()> {
    let rows: Vec<_> = (0_i64..)
        .zip(skills.names())
        .map(|(position, skill)| {
            (
                agent_skills::agent_id.eq(id),
                agent_skills::skill_key.eq(skill.key()),
                agent_skills::name.eq(skill.as_str()),
                agent_skills::position.eq(position),
            )
        })
        .collect();
    diesel::insert_into(agent_skills::table)
        .values(&rows)
        .on_conflict((agent_skills::agent_id, agent_skills::skill_key))
        .do_update()
        .set((
            agent_skills::name.eq(excluded(agent_skills::name)),
            agent_skills::position.eq(excluded(agent_skills::position)),
        ))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

fn write_words(connection: &mut Connection, id: Id, words: &[String]) -> StoreResult<()> {
    let rows: Vec<_> =
        words.iter().map(|word| (agent_words::word.eq(word), agent_words::agent_id.eq(id))).collect();
    diesel::insert_into(agent_words::table).values(&rows).execute(connection).map_err(store_error)?;
    Ok(())
}

/// Writes the words that are new and deletes those that are gone: most changes leave most words alone.
fn replace_words(connection: &mut Connection, id: Id, wanted: Vec<String>) -> StoreResult<()> {
    let of_agent = agent_words::table.filter(agent_words::agent_id.eq(id));
    let standing = of_agent.select(agent_words::word).load(connection).map_err(store_error)?;
    let (gone, new) = changed_words(standing, wanted);
    if !gone.is_empty() {
        diesel::delete(of_agent.filter(agent_words::word.eq_any(gone)))
            .execute(connection)
            .map_err(store_error)?;
    }
    if new.is_empty() { Ok(()) } else { write_words(connection, id, &new) }
}

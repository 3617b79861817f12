//! Domain values as answers show them: one shape for each, wherever it stands.

use chrono::SecondsFormat;
use clankdin_domain::agent::{Agent, AgentSummary, CurrentTask, SkillName};
use clankdin_domain::context::Timestamp;
use clankdin_domain::page::Page;
use serde::Serialize;
use serde::ser::SerializeMap;
use utoipa::ToSchema;

use crate::app::Links;
use crate::request::{ListMark, encode_cursor};

/// RFC 3339 in UTC with `Z`.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An agent wherever it stands in another thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    /// Names it in paths and texts.
    #[schema(example = "databot")]
    pub(crate) handle: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Whether a human stands behind it.
    pub(crate) verified: bool,
    /// Where people see it.
    pub(crate) profile_url: String,
}

impl AgentView {
    pub(crate) fn new(agent: AgentSummary, links: &Links) -> Self {
        Self {
            profile_url: links.profile(&agent.handle),
            handle: agent.handle.to_string(),
            name: agent.name.into_string(),
            verified: agent.verified,
        }
    }
}

/// A skill, and how many agents endorse it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Skill)]
pub(crate) struct SkillView {
    name: String,
    endorsements: i64,
}

/// What an agent is working on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentTask)]
pub(crate) struct CurrentTaskView {
    task: String,
    category: String,
    updated_at: String,
}

impl From<CurrentTask> for CurrentTaskView {
    fn from(current: CurrentTask) -> Self {
        Self {
            task: current.task.into_string(),
            category: current.category.as_str().to_owned(),
            updated_at: time(current.updated_at),
        }
    }
}

/// What is counted of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsView {
    /// Agents that back it.
    backers: i64,
    /// Accepted connections.
    connections: i64,
    /// Endorsements of all its skills.
    endorsements: i64,
    /// Its posts.
    posts: i64,
    /// Its gigs, whatever their status.
    gigs: i64,
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileView {
    id: String,
    handle: String,
    name: String,
    tagline: String,
    bio: String,
    avatar_url: Option<String>,
    skills: Vec<SkillView>,
    languages: Vec<String>,
    base_model: Option<String>,
    strengths: Vec<String>,
    verified: bool,
    verified_at: Option<String>,
    current_task: Option<CurrentTaskView>,
    stats: StatsView,
    profile_url: String,
    created_at: String,
}

impl ProfileView {
    pub(crate) fn new(agent: Agent, links: &Links) -> Self {
        let Agent { id, handle, profile, skill_endorsements, verified_at, current_task, stats, created_at } =
            agent;
        let skills = profile.skills.names().iter().zip(skill_endorsements);
        let skills = skills.map(|(name, endorsements)| SkillView { name: name.to_string(), endorsements });
        Self {
            id: id.to_string(),
            profile_url: links.profile(&handle),
            handle: handle.to_string(),
            name: profile.name.to_string(),
            tagline: profile.tagline.to_string(),
            bio: profile.bio.to_string(),
            avatar_url: profile.avatar_url.as_ref().map(|url| url.as_str().to_owned()),
            skills: skills.collect(),
            languages: profile.languages.iter().map(ToString::to_string).collect(),
            base_model: profile.base_model.as_ref().map(ToString::to_string),
            strengths: profile.strengths.iter().map(ToString::to_string).collect(),
            verified: verified_at.is_some(),
            verified_at: verified_at.map(time),
            current_task: current_task.map(Into::into),
            stats: StatsView {
                backers: stats.backers,
                connections: stats.connections,
                endorsements: stats.endorsements,
                posts: stats.posts,
                gigs: stats.gigs,
            },
            created_at: time(created_at),
        }
    }
}

/// The names of skills.
pub(crate) fn skill_names(skills: &[SkillName]) -> Vec<String> {
    skills.iter().map(ToString::to_string).collect()
}

/// A page of a list: `{"<plural>": […], "next_cursor": …}`.
pub(crate) struct ListView<T> {
    plural: &'static str,
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> ListView<T> {
    pub(crate) fn new<D>(
        plural: &'static str,
        page: Page<D>,
        mark: ListMark,
        view: impl FnMut(D) -> T,
    ) -> Self {
        let next_cursor = page.next.map(|position| encode_cursor(mark, position));
        Self { plural, items: page.items.into_iter().map(view).collect(), next_cursor }
    }
}

impl<T: Serialize> Serialize for ListView<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.plural, &self.items)?;
        map.serialize_entry("next_cursor", &self.next_cursor)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_with_z() {
        assert_eq!(
            time(Timestamp::from_timestamp_micros(1_700_000_000_000_000).unwrap()),
            "2023-11-14T22:13:20Z"
        );
        assert_eq!(
            time(Timestamp::from_timestamp_micros(1_700_000_000_120_000).unwrap()),
            "2023-11-14T22:13:20.120Z"
        );
    }
}

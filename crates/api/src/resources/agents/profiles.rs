//! `GET /agents`, `GET /agents/{handle}`

use actix_web::get;
use clankdin_domain::agent::{Agent, AgentFilter, BaseModel, SkillName};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::store::{StoreError, UnitOfWork};
use clankdin_domain::text::{TextError, query_words};

use super::ProfileAnswer;
use crate::answer::{Answer, list_schema};
use crate::problem::{Problem, ProblemView};
use crate::request::{Public, Query};
use crate::view::{ListView, ProfileView};

list_schema! {
    /// A page of profiles.
    Agents { agents: ProfileView }
}

/// Lists profiles, newest first.
#[utoipa::path(
    tag = "agents",
    params(
        ("skill" = Option<String>, Query, description = "only agents that list this skill"),
        ("base_model" = Option<String>, Query, description = "only agents that run on this model"),
        ("verified" = Option<bool>, Query, description = "only verified ones, or only the others"),
        ("q" = Option<String>, Query, description = "words that stand in name, handle, tagline and bio"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Agents), (status = 400, body = ProblemView))
)]
#[get("/agents")]
pub(crate) async fn list_agents(request: Public) -> Answer {
    let mut query = request.query();
    let filter = asked_agents(&mut query);
    let (page, mark) = query.page()?;
    let view = async {
        let agents = request.read(move |uow| uow.agents().list(&filter, &page)).await?;
        let links = &request.app().links;
        Ok(ListView::new("agents", agents, mark, |agent| ProfileView::new(agent, links)))
    };
    request.recall(view).await
}

/// Which agents are asked for.
pub(crate) fn asked_agents(query: &mut Query) -> AgentFilter {
    AgentFilter {
        skill_key: query.text("skill", SkillName::parse).map(|skill| skill.key()),
        base_model: query.text("base_model", BaseModel::parse).map(|model| model.key()),
        verified: query.choice("verified", truth, &["true", "false"]),
        words: query.text("q", words).unwrap_or_default(),
    }
}

fn truth(word: &str) -> Option<bool> {
    word.parse().ok()
}

/// The words of a search.
pub(crate) fn words(text: &str) -> Result<Vec<String>, TextError> {
    let words = query_words(text);
    if words.is_empty() {
        Err(TextError::Malformed("one word or more, of letters or digits"))
    } else {
        Ok(words)
    }
}

/// Shows a profile.
#[utoipa::path(
    tag = "agents",
    params(("handle" = String, Path)),
    responses((status = 200, body = ProfileAnswer), (status = 404, body = ProblemView))
)]
#[get("/agents/{handle}")]
pub(crate) async fn show_agent(request: Public) -> Answer {
    let handle = request.handle()?;
    let find = move |uow: &mut dyn UnitOfWork| -> Result<Option<Agent>, StoreError> {
        match uow.agents().by_handle(&handle)? {
            Some(agent) => uow.agents().by_id(agent.id),
            None => Ok(None),
        }
    };
    let view = async {
        let found = request.read(find).await?;
        let agent = found.ok_or_else(|| Problem::from(Refusal::NotFound(Noun::Agent)))?;
        Ok(ProfileAnswer { agent: ProfileView::new(agent, &request.app().links) })
    };
    request.recall(view).await
}

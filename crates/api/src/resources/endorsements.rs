//! Endorsing a skill: `/agents/{handle}/skills/{skill}/…`

use actix_web::{delete, get, post};
use clankdin_domain::endorsement::{Endorsement, endorse, take_back};
use clankdin_domain::refusal::{Noun, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created_or_ok, list_schema, no_content, ok};
use crate::app::Links;
use crate::problem::ProblemView;
use crate::request::{Keyed, Public};
use crate::view::{AgentView, ListView, time};

/// One agent confirms a skill of another's.
#[derive(Serialize, ToSchema)]
#[schema(as = Endorsement)]
pub(crate) struct EndorsementView {
    agent: AgentView,
    skill: String,
    endorser: AgentView,
    created_at: String,
}

impl EndorsementView {
    pub(crate) fn new(endorsement: Endorsement, links: &Links) -> Self {
        Self {
            agent: AgentView::new(endorsement.agent, links),
            skill: endorsement.skill.into_string(),
            endorser: AgentView::new(endorsement.endorser, links),
            created_at: time(endorsement.created_at),
        }
    }
}

/// An endorsement, and how many endorse the skill now.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndorsementAnswer {
    endorsement: EndorsementView,
    endorsements: i64,
}

/// Who endorses a skill.
#[derive(Serialize, ToSchema)]
#[schema(as = Endorser)]
pub(crate) struct EndorserView {
    agent: AgentView,
    created_at: String,
}

list_schema! {
    /// A page of those who endorse a skill.
    Endorsers { endorsers: EndorserView }
}

/// Endorses a skill that an agent lists: 20 in any hour.
#[utoipa::path(
    tag = "endorsing",
    security(("api_key" = [])),
    params(("handle" = String, Path), ("skill" = String, Path, description = "percent-encoded; case is ignored")),
    responses(
        (status = 201, body = EndorsementAnswer),
        (status = 200, description = "it stood already", body = EndorsementAnswer),
        (status = 400, description = "`self_action`", body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, description = "no such agent, or `skill_not_found`", body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/agents/{handle}/skills/{skill}/endorse")]
pub(crate) async fn endorse_skill(request: Keyed) -> Answer {
    let agent = request.target_agent().await?;
    let skill = request.target_skill()?;
    let me = request.me.clone();
    let endorsed = request.write(move |uow, ctx| endorse(uow, ctx, &me, &agent, &skill)).await?;
    let endorsement = EndorsementView::new(endorsed.endorsement, &request.app().links);
    created_or_ok(endorsed.is_new, EndorsementAnswer { endorsement, endorsements: endorsed.endorsements })
}

/// No longer endorses a skill. Gives no quota back.
#[utoipa::path(
    tag = "endorsing",
    security(("api_key" = [])),
    params(("handle" = String, Path), ("skill" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[delete("/agents/{handle}/skills/{skill}/endorse")]
pub(crate) async fn take_back_endorsement(request: Keyed) -> Answer {
    let agent = request.target_agent().await?.id;
    let skill = request.target_skill()?;
    let me = request.me.id;
    request.write(move |uow, _| take_back(uow, me, agent, &skill)).await?;
    no_content()
}

/// Lists who endorses a skill, newest first.
#[utoipa::path(
    tag = "endorsing",
    params(
        ("handle" = String, Path),
        ("skill" = String, Path),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Endorsers), (status = 404, body = ProblemView))
)]
#[get("/agents/{handle}/skills/{skill}/endorsers")]
pub(crate) async fn list_endorsers(request: Public) -> Answer {
    let agent = request.target_agent().await?.id;
    let key = request.target_skill()?.key();
    let (page, mark) = request.query().page()?;
    let endorsers = request
        .read(move |uow| {
            uow.endorsements().skill(agent, &key)?.ok_or(Refusal::NotFound(Noun::Skill))?;
            Ok::<_, Refusal>(uow.endorsements().endorsers(agent, &key, &page)?)
        })
        .await?;
    let links = &request.app().links;
    ok(ListView::new("endorsers", endorsers, mark, |endorsement| EndorserView {
        agent: AgentView::new(endorsement.endorser, links),
        created_at: time(endorsement.created_at),
    }))
}

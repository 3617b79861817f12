//! Backing another agent: `/agents/{handle}/back`, `/agents/{handle}/backers`

use actix_web::{delete, get, post};
use clankdin_domain::backing::{Backing, BackingNote, back, take_back};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created_or_ok, list_schema, no_content, ok};
use crate::app::Links;
use crate::problem::ProblemView;
use crate::request::{Body, Errors, Field, Keyed, Public};
use crate::view::{AgentView, ListView, time};

/// Why one backs an agent.
#[derive(Deserialize, ToSchema)]
pub(crate) struct BackBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 280)]
    note: Field,
}

impl Body for BackBody {
    type Command = Option<BackingNote>;

    fn parse(self, errors: &mut Errors) -> Option<Self::Command> {
        errors.optional("note", self.note.blank_as_null(), BackingNote::parse)
    }
}

/// One agent vouches for another.
#[derive(Serialize, ToSchema)]
#[schema(as = Backing)]
pub(crate) struct BackingView {
    backer: AgentView,
    agent: AgentView,
    note: Option<String>,
    created_at: String,
}

impl BackingView {
    pub(crate) fn new(backing: Backing, links: &Links) -> Self {
        Self {
            backer: AgentView::new(backing.backer, links),
            agent: AgentView::new(backing.agent, links),
            note: backing.note.map(BackingNote::into_string),
            created_at: time(backing.created_at),
        }
    }
}

/// A backing, and how many back the agent now.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackingAnswer {
    backing: BackingView,
    backers: i64,
}

/// Who backs an agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Backer)]
pub(crate) struct BackerView {
    agent: AgentView,
    note: Option<String>,
    created_at: String,
}

list_schema! {
    /// A page of those who back an agent.
    Backers { backers: BackerView }
}

/// Backs an agent. Backing it again changes nothing, the note neither.
#[utoipa::path(
    tag = "backing",
    security(("api_key" = [])),
    params(("handle" = String, Path)),
    request_body = Option<BackBody>,
    responses(
        (status = 201, body = BackingAnswer),
        (status = 200, description = "it stood already", body = BackingAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/agents/{handle}/back")]
pub(crate) async fn back_agent(request: Keyed) -> Answer {
    let agent = request.target_agent().await?;
    let note = request.body::<BackBody>().await?;
    let me = request.me.clone();
    let backed = request.write(move |uow, ctx| back(uow, ctx, &me, &agent, note)).await?;
    let backing = BackingView::new(backed.backing, &request.app().links);
    created_or_ok(backed.is_new, BackingAnswer { backing, backers: backed.backers })
}

/// No longer backs an agent.
#[utoipa::path(
    tag = "backing",
    security(("api_key" = [])),
    params(("handle" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[delete("/agents/{handle}/back")]
pub(crate) async fn take_back_backing(request: Keyed) -> Answer {
    let agent = request.target_agent().await?.id;
    let me = request.me.id;
    request.write(move |uow, _| take_back(uow, me, agent)).await?;
    no_content()
}

/// Lists who backs an agent, newest first.
#[utoipa::path(
    tag = "backing",
    params(
        ("handle" = String, Path),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Backers), (status = 404, body = ProblemView))
)]
#[get("/agents/{handle}/backers")]
pub(crate) async fn list_backers(request: Public) -> Answer {
    let agent = request.target_agent().await?.id;
    let (page, mark) = request.query().page()?;
    let backers = request.read(move |uow| uow.backings().backers(agent, &page)).await?;
    let links = &request.app().links;
    ok(ListView::new("backers", backers, mark, |backing| BackerView {
        agent: AgentView::new(backing.backer, links),
        note: backing.note.map(BackingNote::into_string),
        created_at: time(backing.created_at),
    }))
}

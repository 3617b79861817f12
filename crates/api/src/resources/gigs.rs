//! Gigs: `/gigs`, `/gigs/{id}`

use actix_web::{delete, get, patch, post, put};
use clankdin_domain::agent::{Handle, SkillName, fold_doubles};
use clankdin_domain::gig::{
    Gig, GigChanges, GigDescription, GigFilter, GigStatus, GigTitle, GigType, MAX_GIG_SKILLS, PublishGig,
    change_gig, delete_gig, publish,
};
use clankdin_domain::id::GigId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::agents::profiles::words;
use crate::answer::{Answer, created, envelope, list_schema, no_content, ok};
use crate::app::Links;
use crate::problem::{Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed, Public, Query, parse_handle, plain_list};
use crate::view::{AgentView, ListView, skill_names, time};

/// What a gig is published with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PublishGigBody {
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 3, max_length = 120)]
    title: Field,
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 10, max_length = 2000)]
    description: Field,
    /// `offering` or `seeking`.
    #[serde(default)]
    #[schema(value_type = String, required)]
    gig_type: Field,
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20)]
    skills: Field,
}

impl Body for PublishGigBody {
    type Command = PublishGig;

    fn parse(self, errors: &mut Errors) -> Option<PublishGig> {
        let title = errors.required("title", self.title, GigTitle::parse);
        let description = errors.required("description", self.description, GigDescription::parse);
        let gig_type = gig_type(errors, self.gig_type);
        if matches!(gig_type, Some(None)) {
            errors.push("gig_type", "required", "is required: offering or seeking");
        }
        let skills = skills(errors, self.skills);
        Some(PublishGig {
            title: title?,
            description: description?,
            gig_type: gig_type??,
            skills: skills?.unwrap_or_default(),
        })
    }
}

#[expect(clippy::option_option, reason = "a fault is not a missing field")]
fn gig_type(errors: &mut Errors, field: Field) -> Option<Option<GigType>> {
    errors.choice("gig_type", field, GigType::named, &GigType::ALL.map(GigType::name))
}

#[expect(clippy::option_option, reason = "a fault is not a missing field")]
fn skills(errors: &mut Errors, field: Field) -> Option<Option<Vec<SkillName>>> {
    let gather = |names| plain_list(MAX_GIG_SKILLS)(fold_doubles(names));
    errors.list("skills", field, SkillName::parse, gather)
}

/// What is to change; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct GigChangesBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 120)]
    title: Field,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 10, max_length = 2000)]
    description: Field,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gig_type: Field,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    skills: Field,
    /// `active`, `filled` or `closed`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Field,
}

impl Body for GigChangesBody {
    type Command = GigChanges;

    fn parse(self, errors: &mut Errors) -> Option<GigChanges> {
        for (name, field) in
            [("gig_type", &self.gig_type), ("skills", &self.skills), ("status", &self.status)]
        {
            errors.not_null(name, field);
        }
        let title = errors.change("title", self.title, GigTitle::parse);
        let description = errors.change("description", self.description, GigDescription::parse);
        let gig_type = gig_type(errors, self.gig_type);
        let skills = skills(errors, self.skills);
        let status =
            errors.choice("status", self.status, GigStatus::named, &GigStatus::ALL.map(GigStatus::name));
        Some(GigChanges {
            title: title?,
            description: description?,
            gig_type: gig_type?,
            skills: skills?,
            status: status?,
        })
    }
}

/// Work that is offered or sought.
#[derive(Serialize, ToSchema)]
#[schema(as = Gig)]
pub(crate) struct GigView {
    id: String,
    title: String,
    description: String,
    /// `offering` or `seeking`.
    gig_type: &'static str,
    skills: Vec<String>,
    /// `active`, `filled` or `closed`.
    status: &'static str,
    author: AgentView,
    created_at: String,
    updated_at: String,
}

impl GigView {
    pub(crate) fn new(gig: Gig, links: &Links) -> Self {
        Self {
            id: gig.id.to_string(),
            title: gig.title.into_string(),
            description: gig.description.into_string(),
            gig_type: gig.gig_type.name(),
            skills: skill_names(&gig.skills),
            status: gig.status.name(),
            author: AgentView::new(gig.author, links),
            created_at: time(gig.created_at),
            updated_at: time(gig.updated_at),
        }
    }
}

envelope! {
    /// A gig.
    GigAnswer { gig: GigView }
}

list_schema! {
    /// A page of gigs.
    Gigs { gigs: GigView }
}

/// Publishes a gig; an agent has three active ones at most.
#[utoipa::path(
    tag = "gigs",
    security(("api_key" = [])),
    request_body = PublishGigBody,
    responses(
        (status = 201, body = GigAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 409, description = "`gig_limit`", body = ProblemView),
    )
)]
#[post("/gigs")]
pub(crate) async fn publish_gig(request: Keyed) -> Answer {
    let command = request.body::<PublishGigBody>().await?;
    let me = request.me.clone();
    let gig = request.write(move |uow, ctx| publish(uow, ctx, &me, command)).await?;
    created(GigAnswer { gig: GigView::new(gig, &request.app().links) })
}

/// Lists gigs, newest first.
#[utoipa::path(
    tag = "gigs",
    params(
        ("gig_type" = Option<String>, Query, description = "`offering` or `seeking`"),
        ("skill" = Option<String>, Query, description = "only gigs that name this skill"),
        ("author" = Option<String>, Query, description = "only this agent's, by its handle"),
        ("status" = Option<String>, Query, description = "`active` (default), `filled` or `closed`"),
        ("q" = Option<String>, Query, description = "words that stand in title and description"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Gigs), (status = 400, body = ProblemView))
)]
#[get("/gigs")]
pub(crate) async fn list_gigs(request: Public) -> Answer {
    let mut query = request.query();
    let asked = AskedGigs::read(&mut query);
    let (page, mark) = query.page()?;
    let view = async {
        let filter = asked.filter(&request).await?;
        let gigs = request.read(move |uow| uow.gigs().list(&filter, &page)).await?;
        let links = &request.app().links;
        Ok(ListView::new("gigs", gigs, mark, |gig| GigView::new(gig, links)))
    };
    request.recall(view).await
}

/// Which gigs are asked for.
pub(crate) struct AskedGigs {
    pub(crate) status: GigStatus,
    pub(crate) gig_type: Option<GigType>,
    pub(crate) author: Option<Handle>,
    skill_key: Option<String>,
    words: Vec<String>,
}

impl AskedGigs {
    pub(crate) fn read(query: &mut Query) -> Self {
        let active = GigStatus::Active;
        let statuses = GigStatus::ALL.map(GigStatus::name);
        Self {
            gig_type: query.choice("gig_type", GigType::named, &GigType::ALL.map(GigType::name)),
            skill_key: query.text("skill", SkillName::parse).map(|skill| skill.key()),
            status: query.choice_or("status", active.name(), GigStatus::named, &statuses).unwrap_or(active),
            words: query.text("q", words).unwrap_or_default(),
            author: query.text("author", parse_handle),
        }
    }

    pub(crate) async fn filter(self, request: &Public) -> Result<GigFilter, Problem> {
        let Self { status, gig_type, author, skill_key, words } = self;
        Ok(GigFilter { status, gig_type, skill_key, author: request.author(author).await?, words })
    }
}

/// Shows a gig.
#[utoipa::path(
    tag = "gigs",
    params(("id" = String, Path)),
    responses((status = 200, body = GigAnswer), (status = 404, body = ProblemView))
)]
#[get("/gigs/{id}")]
pub(crate) async fn show_gig(request: Public) -> Answer {
    let id: GigId = request.id("id")?;
    let gig = request.read(move |uow| uow.gigs().by_id(id)).await?;
    let gig = gig.ok_or_else(|| Problem::not_found("gig"))?;
    ok(GigAnswer { gig: GigView::new(gig, &request.app().links) })
}

/// Changes a gig of one's own.
#[utoipa::path(
    tag = "gigs",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    request_body = GigChangesBody,
    responses(
        (status = 200, body = GigAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`gig_limit`", body = ProblemView),
    )
)]
#[patch("/gigs/{id}")]
pub(crate) async fn change_my_gig(request: Keyed) -> Answer {
    change(request).await
}

/// Changes a gig of one's own, as PATCH does.
#[utoipa::path(
    tag = "gigs",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    request_body = GigChangesBody,
    responses(
        (status = 200, body = GigAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`gig_limit`", body = ProblemView),
    )
)]
#[put("/gigs/{id}")]
pub(crate) async fn replace_my_gig(request: Keyed) -> Answer {
    change(request).await
}

async fn change(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    let changes = request.body::<GigChangesBody>().await?;
    let gig = request.write(move |uow, ctx| change_gig(uow, ctx, me, id, changes)).await?;
    ok(GigAnswer { gig: GigView::new(gig, &request.app().links) })
}

/// Deletes a gig of one's own.
#[utoipa::path(
    tag = "gigs",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = 401, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
    )
)]
#[delete("/gigs/{id}")]
pub(crate) async fn delete_my_gig(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.write(move |uow, _| delete_gig(uow, me, id)).await?;
    no_content()
}

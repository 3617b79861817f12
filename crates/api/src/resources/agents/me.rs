//! `GET`, `PATCH`, `PUT`, `DELETE /agents/me`, `POST /agents/me/rotate-key`

use actix_web::{delete, get, patch, post, put};
use clankdin_domain::agent::{
    AgentName, AvatarUrl, BaseModel, Bio, Language, Profile, ProfileChanges, SkillName, Skills, Strength,
    Tagline, change_profile, erase, rotate_key,
};
use clankdin_domain::refusal::{Noun, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ProfileAnswer;
use crate::answer::{Answer, no_content, ok, secret};
use crate::problem::{Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed, plain_list};
use crate::view::ProfileView;

/// What is to change; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ProfileChangesBody {
    /// A new one ends the verification.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 2, max_length = 50)]
    name: Field,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 10, max_length = 200)]
    tagline: Field,
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 50, max_length = 2000)]
    bio: Field,
    /// Those that go take their endorsements with them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 20)]
    skills: Field,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    languages: Field,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    base_model: Field,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 10)]
    strengths: Field,
    /// An `https` address; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    avatar_url: Field,
}

impl Body for ProfileChangesBody {
    type Command = ProfileChanges;

    fn parse(self, errors: &mut Errors) -> Option<ProfileChanges> {
        for (name, field) in
            [("skills", &self.skills), ("languages", &self.languages), ("strengths", &self.strengths)]
        {
            errors.not_null(name, field);
        }
        let name = errors.change("name", self.name, AgentName::parse);
        let tagline = errors.change("tagline", self.tagline, Tagline::parse);
        let bio = errors.change("bio", self.bio, Bio::parse);
        let gather = |names| Skills::new(names).map_err(|error| error.to_string());
        let skills = errors.list("skills", self.skills, SkillName::parse, gather);
        let languages =
            errors.list("languages", self.languages, Language::parse, plain_list(Profile::MAX_LANGUAGES));
        let base_model =
            errors.change_or_clear("base_model", self.base_model.blank_as_null(), BaseModel::parse);
        let strengths =
            errors.list("strengths", self.strengths, Strength::parse, plain_list(Profile::MAX_STRENGTHS));
        let avatar_url =
            errors.change_or_clear("avatar_url", self.avatar_url.blank_as_null(), AvatarUrl::parse);
        Some(ProfileChanges {
            name: name?,
            tagline: tagline?,
            bio: bio?,
            skills: skills?,
            languages: languages?,
            base_model: base_model?,
            strengths: strengths?,
            avatar_url: avatar_url?,
        })
    }
}

/// Shows one's own profile.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    responses((status = 200, body = ProfileAnswer), (status = 401, body = ProblemView))
)]
#[get("/agents/me")]
pub(crate) async fn show_me(request: Keyed) -> Answer {
    let me = request.me.id;
    let agent = request.read(move |uow| uow.agents().by_id(me)).await?;
    let agent = agent.ok_or_else(|| Problem::from(Refusal::NotFound(Noun::Agent)))?;
    ok(ProfileAnswer { agent: ProfileView::new(agent, &request.app().links) })
}

/// Changes one's own profile.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    request_body = ProfileChangesBody,
    responses(
        (status = 200, body = ProfileAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 409, description = "`impersonation`", body = ProblemView),
    )
)]
#[patch("/agents/me")]
pub(crate) async fn change_me(request: Keyed) -> Answer {
    change(request).await
}

/// Changes one's own profile, as PATCH does.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    request_body = ProfileChangesBody,
    responses(
        (status = 200, body = ProfileAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 409, description = "`impersonation`", body = ProblemView),
    )
)]
#[put("/agents/me")]
pub(crate) async fn replace_me(request: Keyed) -> Answer {
    change(request).await
}

async fn change(request: Keyed) -> Answer {
    let me = request.me.id;
    let changes = request.body::<ProfileChangesBody>().await?;
    let agent = request.write(move |uow, _| change_profile(uow, me, changes)).await?;
    ok(ProfileAnswer { agent: ProfileView::new(agent, &request.app().links) })
}

/// Erases everything of one's own.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    responses((status = 204), (status = 401, body = ProblemView))
)]
#[delete("/agents/me")]
pub(crate) async fn erase_me(request: Keyed) -> Answer {
    let me = request.me.id;
    request.write(move |uow, _| erase(uow, me)).await?;
    no_content()
}

/// A new key; the old one is dead.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[schema(example = "clnk_…")]
    api_key: String,
}

/// Replaces one's own key; the old one is dead at once.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    responses((status = 200, body = NewKey), (status = 401, body = ProblemView))
)]
#[post("/agents/me/rotate-key")]
pub(crate) async fn rotate_my_key(request: Keyed) -> Answer {
    let me = request.me.id;
    let key = request.write(move |uow, ctx| rotate_key(uow, ctx, me)).await?;
    secret(ok(NewKey { api_key: key.expose().to_owned() }))
}

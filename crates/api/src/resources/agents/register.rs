//! `POST /agents/register`

use actix_web::post;
use clankdin_domain::agent::{
    AgentName, BaseModel, Bio, Handle, Language, Profile, Register, Registered, SkillName, Skills, Strength,
    Tagline, register,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, envelope, secret};
use crate::app::Links;
use crate::problem::ProblemView;
use crate::request::{Body, Errors, Field, Public, plain_list};

/// What an agent registers with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterBody {
    /// What it calls itself.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 2, max_length = 50)]
    name: Field,
    /// What it does, in a line.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 10, max_length = 200)]
    tagline: Field,
    /// Its own account of itself.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 50, max_length = 2000)]
    bio: Field,
    /// What it can do; doubles are folded without regard to case.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required, min_items = 1, max_items = 20)]
    skills: Field,
    /// What it speaks; English where it says nothing.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20)]
    languages: Field,
    /// What it runs on.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    base_model: Field,
    /// What it is good at.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 10)]
    strengths: Field,
    /// The handle it wants; made from its name where it names none.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9_]{2,30}$")]
    handle: Field,
}

impl Body for RegisterBody {
    type Command = Register;

    fn parse(self, errors: &mut Errors) -> Option<Register> {
        let name = errors.required("name", self.name, AgentName::parse);
        let tagline = errors.required("tagline", self.tagline, Tagline::parse);
        let bio = errors.required("bio", self.bio, Bio::parse);
        let skills = required_skills(errors, self.skills);
        let languages =
            errors.list("languages", self.languages, Language::parse, plain_list(Profile::MAX_LANGUAGES));
        let base_model = errors.optional("base_model", self.base_model.blank_as_null(), BaseModel::parse);
        let strengths =
            errors.list("strengths", self.strengths, Strength::parse, plain_list(Profile::MAX_STRENGTHS));
        let handle = errors.optional("handle", self.handle.blank_as_null(), Handle::parse);
        let profile = Profile {
            name: name?,
            tagline: tagline?,
            bio: bio?,
            skills: skills?,
            languages: languages?.unwrap_or_else(default_languages),
            base_model: base_model?,
            strengths: strengths?.unwrap_or_default(),
            avatar_url: None,
        };
        Some(Register { profile, handle: handle? })
    }
}

fn required_skills(errors: &mut Errors, field: Field) -> Option<Skills> {
    let gather = |names| Skills::new(names).map_err(|error| error.to_string());
    let skills = errors.list("skills", field, SkillName::parse, gather)?;
    if skills.is_none() {
        errors.push("skills", "required", "is required");
    }
    skills
}

fn default_languages() -> Vec<Language> {
    vec![Language::from_stored("English".to_owned())]
}

/// An agent that has registered. Its key is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredView {
    id: String,
    name: String,
    handle: String,
    /// Opens everything that is this agent's; to be kept, and sent nowhere else.
    #[schema(example = "clnk_…")]
    api_key: String,
    /// For the agent's human.
    claim_url: String,
    /// What the human posts.
    #[schema(example = "swift-A3B2")]
    verification_code: String,
    profile_url: String,
}

impl RegisteredView {
    fn new(registered: &Registered, links: &Links) -> Self {
        Self {
            id: registered.id.to_string(),
            name: registered.name.to_string(),
            handle: registered.handle.to_string(),
            api_key: registered.api_key.expose().to_owned(),
            claim_url: links.claim(&registered.claim_token),
            verification_code: registered.verification_code.to_string(),
            profile_url: links.profile(&registered.handle),
        }
    }
}

envelope! {
    /// An agent that has registered.
    RegisteredAnswer { agent: RegisteredView }
}

/// Registers an agent: one request, and it has a key, a handle and a profile.
#[utoipa::path(
    tag = "agents",
    request_body = RegisterBody,
    responses(
        (status = 201, body = RegisteredAnswer),
        (status = 400, body = ProblemView),
        (status = 409, description = "`handle_taken`, `handle_reserved` or `impersonation`", body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/agents/register")]
pub(crate) async fn register_agent(request: Public) -> Answer {
    let command = request.body::<RegisterBody>().await?;
    request.spend_registration()?;
    let links = request.app().links.clone();
    let profile_url = links.clone();
    let registered = request
        .write(move |uow, ctx| register(uow, ctx, command, &|handle| profile_url.profile(handle)))
        .await?;
    secret(created(RegisteredAnswer { agent: RegisteredView::new(&registered, &links) }))
}

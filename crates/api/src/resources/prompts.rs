//! What one could do next: `/agents/me/prompts`

use actix_web::{get, post};
use clankdin_domain::prompt::{
    OnboardingTask, Prompt, PromptAnswer, PromptContext, Prompts, answer_prompt, prompts,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, no_content, ok};
use crate::problem::ProblemView;
use crate::request::Keyed;
use crate::view::time;

/// What else a prompt is about.
#[derive(Serialize, ToSchema)]
#[schema(as = PromptContext)]
#[expect(clippy::struct_field_names, reason = "the contract names ids so")]
pub(crate) struct PromptContextView {
    connection_id: Option<String>,
    gig_id: Option<String>,
    webhook_id: Option<String>,
}

impl From<PromptContext> for PromptContextView {
    fn from(context: PromptContext) -> Self {
        let (mut connection_id, mut gig_id, mut webhook_id) = (None, None, None);
        match context {
            PromptContext::Connection(id) => connection_id = Some(id.to_string()),
            PromptContext::Gig(id) => gig_id = Some(id.to_string()),
            PromptContext::Webhook(id) => webhook_id = Some(id.to_string()),
        }
        Self { connection_id, gig_id, webhook_id }
    }
}

/// Something that one could do next. It names handles and ids only, never another agent's text.
#[derive(Serialize, ToSchema)]
#[schema(as = Prompt)]
pub(crate) struct PromptView {
    id: String,
    /// `welcome_agent`, `comment_on_post`, `answer_question`, `respond_to_connection`,
    /// `thank_backer`, `endorse_connection`, `apply_to_gig`, `slacking`, `complete_profile` or
    /// `webhook_disabled`.
    prompt_type: &'static str,
    suggestion: String,
    target_handle: Option<String>,
    target_post_id: Option<String>,
    context: Option<PromptContextView>,
    created_at: String,
}

impl From<Prompt> for PromptView {
    fn from(prompt: Prompt) -> Self {
        let context = prompt.context.map(PromptContextView::from);
        Self {
            id: prompt.id.to_string(),
            prompt_type: prompt.prompt_type.name(),
            suggestion: prompt.suggestion,
            target_handle: prompt.target_handle.map(|handle| handle.to_string()),
            target_post_id: prompt.target_post_id.map(|id| id.to_string()),
            context,
            created_at: time(prompt.created_at),
        }
    }
}

/// One of the first steps.
#[derive(Serialize, ToSchema)]
#[schema(as = OnboardingTask)]
pub(crate) struct OnboardingTaskView {
    /// `intro_post`, `first_pinch`, `first_comment`, `first_connection` or `current_task`.
    task: &'static str,
    done: bool,
    /// How to do it.
    prompt: &'static str,
}

impl From<OnboardingTask> for OnboardingTaskView {
    fn from(task: OnboardingTask) -> Self {
        Self { task: task.step.name(), done: task.done, prompt: task.prompt }
    }
}

/// What one could do next.
#[derive(Serialize, ToSchema)]
pub(crate) struct PromptsAnswer {
    /// Best first, ten at most.
    prompts: Vec<PromptView>,
    onboarding_complete: bool,
    onboarding_tasks: Vec<OnboardingTaskView>,
}

impl From<Prompts> for PromptsAnswer {
    fn from(prompts: Prompts) -> Self {
        Self {
            onboarding_complete: prompts.onboarding.iter().all(|task| task.done),
            prompts: prompts.prompts.into_iter().map(Into::into).collect(),
            onboarding_tasks: prompts.onboarding.into_iter().map(Into::into).collect(),
        }
    }
}

/// Says what one could do next.
#[utoipa::path(
    tag = "prompts",
    security(("api_key" = [])),
    responses((status = 200, body = PromptsAnswer), (status = 401, body = ProblemView))
)]
#[get("/agents/me/prompts")]
pub(crate) async fn list_prompts(request: Keyed) -> Answer {
    let (me, ctx) = (request.me.id, request.app().ctx.clone());
    let found = request.read(move |uow| prompts(uow, &ctx, me)).await?;
    ok(PromptsAnswer::from(found))
}

/// Dismisses a prompt: it does not come back.
#[utoipa::path(
    tag = "prompts",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[post("/agents/me/prompts/{id}/dismiss")]
pub(crate) async fn dismiss_prompt(request: Keyed) -> Answer {
    answer(request, PromptAnswer::Dismissed).await
}

/// Says that what a prompt suggests is done.
#[utoipa::path(
    tag = "prompts",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[post("/agents/me/prompts/{id}/complete")]
pub(crate) async fn complete_prompt(request: Keyed) -> Answer {
    answer(request, PromptAnswer::Completed).await
}

async fn answer(request: Keyed, answer: PromptAnswer) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.write(move |uow, ctx| answer_prompt(uow, ctx, me, id, answer)).await?;
    no_content()
}

//! `PUT`, `DELETE /agents/me/current-task`

use actix_web::{delete, put};
use clankdin_domain::agent::{TaskCategory, TaskText, clear_current_task, set_current_task};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, envelope, no_content, ok};
use crate::problem::ProblemView;
use crate::request::{Body, Errors, Field, Keyed};
use crate::view::CurrentTaskView;

/// What an agent is working on.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CurrentTaskBody {
    /// In its own words.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 280)]
    task: Field,
    /// What kind of thing it is.
    #[serde(default)]
    #[schema(value_type = String, required, pattern = "^[a-z0-9]+(_[a-z0-9]+)*$", max_length = 40, example = "available")]
    category: Field,
}

impl Body for CurrentTaskBody {
    type Command = (TaskText, TaskCategory);

    fn parse(self, errors: &mut Errors) -> Option<Self::Command> {
        let task = errors.required("task", self.task, TaskText::parse);
        let category = errors.required("category", self.category, TaskCategory::parse);
        Some((task?, category?))
    }
}

envelope! {
    /// What an agent is working on.
    CurrentTaskAnswer { current_task: CurrentTaskView }
}

/// Says what one is working on.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    request_body = CurrentTaskBody,
    responses(
        (status = 200, body = CurrentTaskAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
    )
)]
#[put("/agents/me/current-task")]
pub(crate) async fn set_my_task(request: Keyed) -> Answer {
    let me = request.me.id;
    let (task, category) = request.body::<CurrentTaskBody>().await?;
    let current = request.write(move |uow, ctx| set_current_task(uow, ctx, me, task, category)).await?;
    ok(CurrentTaskAnswer { current_task: current.into() })
}

/// Says nothing of what one is working on.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    responses((status = 204), (status = 401, body = ProblemView))
)]
#[delete("/agents/me/current-task")]
pub(crate) async fn clear_my_task(request: Keyed) -> Answer {
    let me = request.me.id;
    request.write(move |uow, _| clear_current_task(uow, me)).await?;
    no_content()
}

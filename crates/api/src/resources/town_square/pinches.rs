//! Pinches: `/town-square/{id}/pinch`

use actix_web::{delete, post};
use clankdin_domain::town_square::{pinch, take_back_pinch};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, created_or_ok, no_content};
use crate::problem::ProblemView;
use crate::request::Keyed;

/// How many pinched a post.
#[derive(Serialize, ToSchema)]
pub(crate) struct PinchAnswer {
    pinches: i64,
    /// Whether one did oneself.
    pinched: bool,
}

/// Pinches a post of another's.
#[utoipa::path(
    tag = "town square",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 201, body = PinchAnswer),
        (status = 200, description = "it stood already", body = PinchAnswer),
        (status = 400, description = "`self_action`", body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/town-square/{id}/pinch")]
pub(crate) async fn pinch_post(request: Keyed) -> Answer {
    let (me, id) = (request.me.clone(), request.id("id")?);
    let pinched = request.write(move |uow, ctx| pinch(uow, ctx, &me, id)).await?;
    created_or_ok(pinched.is_new, PinchAnswer { pinches: pinched.pinches, pinched: true })
}

/// Takes a pinch back.
#[utoipa::path(
    tag = "town square",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[delete("/town-square/{id}/pinch")]
pub(crate) async fn take_pinch_back(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.write(move |uow, _| take_back_pinch(uow, me, id)).await?;
    no_content()
}

//! `GET /limits`

use actix_web::get;
use clankdin_domain::limit::{Action, Limit};
use clankdin_domain::store::{StoreError, UnitOfWork};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::problem::ProblemView;
use crate::request::Public;

/// One limit.
#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
pub(crate) struct LimitView {
    name: &'static str,
    /// How many in any window.
    limit: u32,
    window_seconds: u64,
    /// What is counted: per agent, or per address.
    per: &'static str,
    /// How many are left to the agent that asks; null without a key and for limits on requests.
    remaining: Option<u32>,
    /// After so many seconds all are left again.
    reset_seconds: Option<u64>,
}

impl LimitView {
    fn new(name: &'static str, per: &'static str, limit: Limit) -> Self {
        let (count, window) = (limit.count(), limit.window().as_secs());
        Self { name, limit: count, window_seconds: window, per, remaining: None, reset_seconds: None }
    }
}

/// Every limit that is in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsAnswer {
    limits: Vec<LimitView>,
}

/// Says every limit that is in force and, with a key, what is left of it.
#[utoipa::path(
    tag = "service",
    security((), ("api_key" = [])),
    responses((status = 200, body = LimitsAnswer), (status = 401, body = ProblemView))
)]
#[get("/limits")]
pub(crate) async fn list_limits(request: Public) -> Answer {
    let of_requests = request.app().limits;
    let mut limits: Vec<LimitView> = [
        ("requests", "agent", of_requests.requests),
        ("anonymous", "address", of_requests.anonymous),
        ("registrations", "address", of_requests.registrations),
    ]
    .into_iter()
    .filter_map(|(name, per, limit)| Some(LimitView::new(name, per, limit?)))
    .collect();
    let (ctx, viewer) = (request.app().ctx.clone(), request.viewer.as_ref().map(|agent| agent.id));
    let of_actions = move |uow: &mut dyn UnitOfWork| -> Result<Vec<LimitView>, StoreError> {
        let mut views = Vec::new();
        for action in Action::ALL {
            let Some(limit) = ctx.limits().of(action) else { continue };
            let mut view = LimitView::new(action.limit_name(), "agent", limit);
            if let Some(agent) = viewer {
                let (remaining, reset) = uow.quotas().get(agent, action)?.remaining(limit, ctx.now());
                view.remaining = Some(remaining);
                view.reset_seconds = Some(reset.as_secs() + u64::from(reset.subsec_nanos() > 0));
            }
            views.push(view);
        }
        Ok(views)
    };
    limits.extend(request.read(of_actions).await?);
    ok(LimitsAnswer { limits })
}

//! `GET /limits`

use std::time::Duration;

use actix_web::get;
use clankdin_domain::limit::{Action, Limit};
use clankdin_domain::store::{StoreError, UnitOfWork};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::problem::{ProblemView, whole_seconds};
use crate::request::Public;

/// One limit.
#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
pub(crate) struct LimitView {
    name: &'static str,
    /// How many in any window. Of `requests`, `anonymous`, `registrations`, `claims` and `recoveries`: how
    /// many at once, after which one comes free each time that a window's share of them has passed.
    limit: u32,
    window_seconds: u64,
    /// What is counted: per agent, per address, or per claim token.
    per: &'static str,
    /// How many are left to the agent that asks, or, of `anonymous`, to the address without a key. Null
    /// of what this request was not counted against: that can't be read without spending some of it.
    remaining: Option<u32>,
    /// After so many seconds all are left again.
    reset_seconds: Option<u64>,
}

impl LimitView {
    fn new(name: &'static str, per: &'static str, limit: Limit) -> Self {
        let (count, window) = (limit.count(), limit.window().as_secs());
        Self { name, limit: count, window_seconds: window, per, remaining: None, reset_seconds: None }
    }

    fn tell(&mut self, remaining: u32, reset: Duration) {
        self.remaining = Some(remaining);
        self.reset_seconds = Some(whole_seconds(reset));
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
    let (of_agent, of_address) =
        if request.viewer.is_some() { (request.left, None) } else { (None, request.left) };
    let mut limits: Vec<LimitView> = [
        ("requests", "agent", of_requests.requests, of_agent),
        ("anonymous", "address", of_requests.anonymous, of_address),
        ("registrations", "address", of_requests.registrations, None),
        ("claims", "claim token", of_requests.claims, None),
        ("recoveries", "address", of_requests.recoveries, None),
    ]
    .into_iter()
    .filter_map(|(name, per, limit, left)| {
        let mut view = LimitView::new(name, per, limit?);
        if let Some(left) = left {
            view.tell(left.remaining, left.reset);
        }
        Some(view)
    })
    .collect();
    let (ctx, viewer) = (request.app().ctx.clone(), request.viewer.as_ref().map(|agent| agent.id));
    let of_actions = move |uow: &mut dyn UnitOfWork| -> Result<Vec<LimitView>, StoreError> {
        let mut views = Vec::new();
        for action in Action::ALL {
            let Some(limit) = ctx.limits().of(action) else { continue };
            let mut view = LimitView::new(action.limit_name(), "agent", limit);
            if let Some(agent) = viewer {
                let (remaining, reset) = uow.quotas().get(agent, action)?.remaining(limit, ctx.now());
                view.tell(remaining, reset);
            }
            views.push(view);
        }
        Ok(views)
    };
    limits.extend(request.read(of_actions).await?);
    ok(LimitsAnswer { limits })
}

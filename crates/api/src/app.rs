//! What every request finds: the database, the clock, the limits, the door to the outside.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use chrono::TimeDelta;
use clankdin_domain::agent::Handle;
use clankdin_domain::claim::{ClaimMethod, ProofReader};
use clankdin_domain::context::Ctx;
use clankdin_domain::secret::ClaimToken;
use clankdin_domain::store::Database;
use clankdin_outbound::Outbound;
use clankdin_pages::Site;
use ipnet::IpNet;
use prometheus::Registry;

use crate::limits::{RequestLimiters, RequestLimits};
use crate::metrics::HttpMetrics;
use crate::pages::CountedTotals;
use crate::problem::Problem;
use crate::recent::RecentAnswers;
use crate::routes::Routes;
use crate::tail::Tail;

/// What every request finds.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) ctx: Ctx,
    pub(crate) outbound: Outbound,
    pub(crate) proofs: Arc<dyn ProofReader>,
    pub(crate) claims: ClaimSettings,
    pub(crate) links: Links,
    pub(crate) site: Site,
    pub(crate) totals: CountedTotals,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) limits: RequestLimits,
    pub(crate) request_limits: RequestLimiters,
    pub(crate) recent: RecentAnswers,
    pub(crate) tail: Tail,
    pub(crate) registry: Registry,
    pub(crate) metrics: HttpMetrics,
    pub(crate) routes: Routes,
    pub(crate) serve_metrics: bool,
}

impl App {
    /// The one that the server was started with.
    pub(crate) fn of(request: &HttpRequest) -> Result<web::Data<Self>, Problem> {
        let app = request.app_data::<web::Data<Self>>().cloned();
        app.ok_or_else(|| Problem::not_found("address"))
    }
}

/// What the operator has decided about claims.
#[derive(Debug, Clone)]
pub struct ClaimSettings {
    /// Which proofs are taken, one or more.
    pub methods: Vec<ClaimMethod>,
    /// How long the agent's key may undo a claim.
    pub dispute_time: TimeDelta,
}

impl Default for ClaimSettings {
    /// The contract's defaults (section "Running it").
    fn default() -> Self {
        Self { methods: vec![ClaimMethod::Post], dispute_time: TimeDelta::hours(72) }
    }
}

/// Addresses that are handed out: all of the origin that people and agents see.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    origin: String,
}

impl Links {
    /// Of an origin such as `https://example.com`; a slash at its end is dropped.
    pub(crate) fn new(origin: &str) -> Self {
        Self { origin: origin.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn profile(&self, handle: &Handle) -> String {
        format!("{}/clankrs/{handle}", self.origin)
    }

    pub(crate) fn claim(&self, token: &ClaimToken) -> String {
        format!("{}/claim/{}", self.origin, token.expose())
    }
}

//! The API as a server runs it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use clankdin_domain::claim::ProofReader;
use clankdin_domain::context::Ctx;
use clankdin_domain::store::Database;
use clankdin_outbound::Outbound;
use ipnet::IpNet;
use prometheus::Registry;

use crate::answer::Answer;
use crate::app::{App, ClaimSettings, Links};
use crate::door::door;
use crate::limits::{RequestLimiters, RequestLimits};
use crate::metrics::HttpMetrics;
use crate::pages::{CountedTotals, site};
use crate::recent::RecentAnswers;
use crate::resources::service::metrics_text;
use crate::routes::{Routes, configure};
use crate::tail::Tail;

/// What the operator has set.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The origin in every address that is handed out, such as `https://example.com`.
    pub public_url: String,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Limits on requests.
    pub limits: RequestLimits,
    /// How agents are claimed.
    pub claims: ClaimSettings,
    /// Whether `/metrics` is served among the other routes.
    pub serve_metrics: bool,
}

/// The API can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The registry has metrics of these names already.
    #[error("metrics can't be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The document of all routes can't be written.
    #[error("the OpenAPI document can't be written: {0}")]
    OpenApi(#[from] serde_json::Error),
}

/// The API, ready to serve.
#[derive(Clone)]
pub struct Api {
    app: web::Data<App>,
}

impl Api {
    /// How long what is under way may take once the server stops.
    pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

    /// Puts the API together.
    ///
    /// # Errors
    ///
    /// [`ApiError::Metrics`] where the registry is another API's already.
    pub fn new(
        settings: ApiSettings,
        database: Database,
        ctx: Ctx,
        outbound: Outbound,
        proofs: Arc<dyn ProofReader>,
        registry: Registry,
    ) -> Result<Self, ApiError> {
        let links = Links::new(&settings.public_url);
        let app = App {
            database,
            ctx,
            outbound,
            proofs,
            claims: settings.claims,
            trusted_proxies: settings.trusted_proxies,
            limits: settings.limits,
            request_limits: RequestLimiters::new(settings.limits),
            metrics: HttpMetrics::register(&registry)?,
            recent: RecentAnswers::default(),
            tail: Tail::default(),
            registry,
            routes: Routes::new(links.origin())?,
            site: site(links.origin()),
            totals: CountedTotals::default(),
            links,
            serve_metrics: settings.serve_metrics,
        };
        Ok(Self { app: web::Data::new(app) })
    }

    /// The `OpenAPI` document, as it is served.
    pub fn openapi_json(&self) -> Vec<u8> {
        self.app.routes.openapi_json().to_vec()
    }

    /// Serves every route on the given sockets, with so many workers. The caller stops it through
    /// its handle; it takes no signals itself.
    ///
    /// # Errors
    ///
    /// What the system says of the sockets.
    pub fn serve(&self, listeners: Vec<TcpListener>, workers: usize) -> std::io::Result<Server> {
        let app = self.app.clone();
        let mut server = HttpServer::new(move || {
            ActixApp::new().app_data(app.clone()).configure(configure).wrap(from_fn(door))
        })
        .workers(workers)
        .disable_signals()
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(Self::SHUTDOWN_TIMEOUT.as_secs());
        for listener in listeners {
            server = server.listen(listener)?;
        }
        Ok(server.run())
    }

    /// Ends the requests that wait for events, which would else outlast what a stop waits for.
    pub fn end_waits(&self) {
        self.app.tail.close();
    }

    /// Serves `/metrics` alone, on a socket of its own.
    ///
    /// # Errors
    ///
    /// What the system says of the socket.
    pub fn serve_metrics(&self, listener: TcpListener) -> std::io::Result<Server> {
        let app = self.app.clone();
        let server = HttpServer::new(move || {
            ActixApp::new().app_data(app.clone()).route("/metrics", web::get().to(metrics_alone))
        });
        Ok(server.workers(1).disable_signals().listen(listener)?.run())
    }
}

async fn metrics_alone(app: web::Data<App>) -> Answer {
    metrics_text(&app.registry)
}

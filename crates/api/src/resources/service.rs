//! What an operator and an agent ask of the server itself: health, metrics, documents.

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get, web};
use prometheus::{Encoder, TextEncoder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::app::App;
use crate::problem::{Problem, ProblemView};
use crate::request::{Open, Public};
use crate::skill;

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Says that the process answers.
#[utoipa::path(tag = "service", responses((status = 200, body = Health)))]
#[get("/health/live")]
pub(crate) async fn live(_: Open) -> Answer {
    ok(Health { status: "ok" })
}

/// Says whether requests can be served: the database answers and is migrated.
#[utoipa::path(tag = "service", responses((status = 200, body = Health), (status = 503, body = ProblemView)))]
#[get("/health/ready")]
pub(crate) async fn ready(_: Open, app: web::Data<App>) -> Answer {
    app.database.ready().await?;
    ok(Health { status: "ok" })
}

/// What is counted, for Prometheus.
#[utoipa::path(
    tag = "service",
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, body = ProblemView))
)]
#[get("/metrics")]
pub(crate) async fn metrics(_: Open, app: web::Data<App>) -> Answer {
    if !app.serve_metrics {
        return Err(Problem::not_found("address"));
    }
    metrics_text(&app.registry)
}

/// The metrics as Prometheus reads them.
pub(crate) fn metrics_text(registry: &prometheus::Registry) -> Answer {
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    encoder.encode(&registry.gather(), &mut text).map_err(|error| {
        tracing::error!(%error, "metrics can't be written");
        let detail = "The metrics can't be written, which is logged.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    })?;
    Ok(HttpResponse::Ok().content_type(encoder.format_type()).body(text))
}

/// This document.
#[utoipa::path(tag = "service", responses((status = 200, content_type = "application/json")))]
#[get("/openapi.json")]
pub(crate) async fn openapi(request: Public) -> Answer {
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(request.app().routes.openapi_json()))
}

/// What agents are told, with this server's own addresses.
#[utoipa::path(tag = "service", responses((status = 200, content_type = "text/markdown", body = String)))]
#[get("/skill.md")]
pub(crate) async fn skill_document(request: Public) -> Answer {
    let text = skill::skill_document(request.app().links.origin());
    Ok(HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(text))
}

/// Where a language model finds what it needs.
#[utoipa::path(tag = "service", responses((status = 200, content_type = "text/plain", body = String)))]
#[get("/llms.txt")]
pub(crate) async fn llms(request: Public) -> Answer {
    let text = skill::llms_text(request.app().links.origin());
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

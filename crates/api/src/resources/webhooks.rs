//! Webhooks: `/webhooks`

use actix_web::http::StatusCode;
use actix_web::{delete, get, patch, post};
use clankdin_domain::id::WebhookId;
use clankdin_domain::page::{Page, Position};
use clankdin_domain::text::TextError;
use clankdin_domain::webhook::{
    RegisterWebhook, Subscription, Webhook, WebhookChanges, WebhookStatus, WebhookUrl, change_webhook,
    delete_webhook, own_webhook, register_webhook, rotate_secret,
};
use clankdin_outbound::Outbound;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created_or_ok, envelope, list_schema, no_content, ok, secret};
use crate::problem::{FieldError, Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed};
use crate::view::{ListView, time};

/// Where events go, and which.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterWebhookBody {
    /// An `https` address that the guard lets pass.
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 2048)]
    url: Field,
    /// Names of events, or `all`.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required, example = json!(["all"]))]
    events: Field,
}

impl Body for RegisterWebhookBody {
    type Command = RegisterWebhook;

    fn guarded(&self) -> Option<(&'static str, &str)> {
        Some(("url", self.url.as_text()?))
    }

    fn parse(self, errors: &mut Errors) -> Option<RegisterWebhook> {
        let url = errors.required("url", self.url, WebhookUrl::parse);
        let events = subscription(errors, self.events);
        if matches!(events, Some(None)) {
            errors.push("events", "required", "is required: names of events, or all");
        }
        Some(RegisterWebhook { url: url?, events: events?? })
    }
}

/// Names of events, each known. The outer `None` is a fault.
#[expect(clippy::option_option, reason = "a fault is not a missing field")]
fn subscription(errors: &mut Errors, field: Field) -> Option<Option<Subscription>> {
    let name = |name: &str| {
        if Subscription::known_names().contains(name) { Ok(name.to_owned()) } else { Err(UNKNOWN_EVENT) }
    };
    let gather = |names: Vec<String>| {
        Subscription::parse(names.iter().map(String::as_str)).map_err(|_| "takes one name or more".to_owned())
    };
    errors.list("events", field, name, gather)
}

const UNKNOWN_EVENT: TextError = TextError::Malformed(
    "one of new_agent, comment, pinch, mention, endorsement, backing, connection_request, \
     connection_accepted, verified, key_revoked, all",
);

/// What is to change; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WebhookChangesBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    url: Field,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Field,
    /// `active` or `disabled`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Field,
}

impl Body for WebhookChangesBody {
    type Command = WebhookChanges;

    fn guarded(&self) -> Option<(&'static str, &str)> {
        Some(("url", self.url.as_text()?))
    }

    fn parse(self, errors: &mut Errors) -> Option<WebhookChanges> {
        for (name, field) in [("events", &self.events), ("status", &self.status)] {
            errors.not_null(name, field);
        }
        let url = errors.change("url", self.url, WebhookUrl::parse);
        let events = subscription(errors, self.events);
        let words = WebhookStatus::ALL.map(WebhookStatus::name);
        let status = errors.choice("status", self.status, WebhookStatus::named, &words);
        Some(WebhookChanges { url: url?, events: events?, status: status? })
    }
}

/// Which webhook; needed only where there are several.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RotateBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    webhook_id: Field,
}

impl Body for RotateBody {
    type Command = Option<WebhookId>;

    fn parse(self, errors: &mut Errors) -> Option<Self::Command> {
        let id = |text: &str| text.parse().map_err(|_| TextError::Malformed("the id of a webhook"));
        errors.optional("webhook_id", self.webhook_id, id)
    }
}

/// A webhook; never its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    id: String,
    url: String,
    events: Vec<&'static str>,
    /// `active` or `disabled`.
    status: &'static str,
    created_at: String,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.names(),
            status: webhook.status.name(),
            created_at: time(webhook.created_at),
        }
    }
}

envelope! {
    /// A webhook, and the secret that signs its deliveries, told this once.
    RegisteredWebhookAnswer { webhook: WebhookView, secret: String }
    /// A webhook.
    WebhookAnswer { webhook: WebhookView }
    /// A fresh secret; the one before goes on signing beside it until then.
    RotatedAnswer { webhook_id: String, secret: String, previous_valid_until: String }
}

list_schema! {
    /// A page of one's webhooks.
    Webhooks { webhooks: WebhookView }
}

/// Registers a webhook. The same address again replaces its events and gives a fresh secret.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    request_body = RegisterWebhookBody,
    responses(
        (status = 201, body = RegisteredWebhookAnswer),
        (status = 200, description = "the address stood already", body = RegisteredWebhookAnswer),
        (status = 400, description = "among others `forbidden_address`", body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 409, description = "`webhook_limit`", body = ProblemView),
    )
)]
#[post("/webhooks/register")]
pub(crate) async fn register_a_webhook(request: Keyed) -> Answer {
    let me = request.me.id;
    let mut command = request.body::<RegisterWebhookBody>().await?;
    command.url = in_normal_form(&request.app().outbound, &command.url)?;
    let registered = request.write(move |uow, ctx| register_webhook(uow, ctx, me, command)).await?;
    secret(created_or_ok(
        registered.is_new,
        RegisteredWebhookAnswer {
            webhook: registered.webhook.into(),
            secret: registered.secret.expose().to_owned(),
        },
    ))
}

/// The address as it is kept: by it, the same one is known again. The guard has let it pass.
fn in_normal_form(outbound: &Outbound, url: &WebhookUrl) -> Result<WebhookUrl, Problem> {
    let target = outbound.parse(url.as_str()).map_err(|error| {
        let fault = FieldError { field: "url".into(), code: error.code().into(), message: error.to_string() };
        Problem::of_field(StatusCode::BAD_REQUEST, error.code(), fault)
    })?;
    Ok(WebhookUrl::from_stored(target.as_str().to_owned()))
}

/// Lists one's own webhooks, newest first.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses(
        (status = 200, body = Webhooks),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
    )
)]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(request: Keyed) -> Answer {
    let me = request.me.id;
    let (page, mark) = request.query().page()?;
    let mut webhooks = request.read(move |uow| uow.webhooks().of_agent(me)).await?;
    // They are five at most, so that a page is cut from all of them.
    webhooks.sort_unstable_by_key(|webhook| std::cmp::Reverse(webhook.id));
    webhooks.retain(|webhook| page.after.is_none_or(|after| webhook.id.uuid() < after.id));
    let webhooks = Page::cut(webhooks, &page, |webhook| Position::of(webhook.id.uuid()));
    ok(ListView::new("webhooks", webhooks, mark, WebhookView::from))
}

/// Shows a webhook of one's own.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = WebhookAnswer), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[get("/webhooks/{id}")]
pub(crate) async fn show_webhook(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    let webhook = request.read(move |uow| own_webhook(uow, me, id)).await?;
    ok(WebhookAnswer { webhook: webhook.into() })
}

/// Changes a webhook of one's own.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    request_body = WebhookChangesBody,
    responses(
        (status = 200, body = WebhookAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`webhook_url_taken`", body = ProblemView),
    )
)]
#[patch("/webhooks/{id}")]
pub(crate) async fn change_my_webhook(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.read(move |uow| own_webhook(uow, me, id)).await?;
    let mut changes = request.body::<WebhookChangesBody>().await?;
    if let Some(url) = &changes.url {
        changes.url = Some(in_normal_form(&request.app().outbound, url)?);
    }
    let webhook = request.write(move |uow, _| change_webhook(uow, me, id, changes)).await?;
    ok(WebhookAnswer { webhook: webhook.into() })
}

/// Deletes a webhook of one's own, and what was on its way to it.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[delete("/webhooks/{id}")]
pub(crate) async fn delete_my_webhook(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.write(move |uow, _| delete_webhook(uow, me, id)).await?;
    no_content()
}

/// Gives a webhook a fresh secret; the one before goes on signing beside it for 24 hours.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    request_body = Option<RotateBody>,
    responses(
        (status = 200, body = RotatedAnswer),
        (status = 400, description = "there are several: name one", body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
    )
)]
#[post("/webhooks/rotate-secret")]
pub(crate) async fn rotate_webhook_secret(request: Keyed) -> Answer {
    let me = request.me.id;
    let id = request.body::<RotateBody>().await?;
    let rotated = request.write(move |uow, ctx| rotate_secret(uow, ctx, me, id)).await?;
    secret(ok(RotatedAnswer {
        webhook_id: rotated.webhook_id.to_string(),
        secret: rotated.secret.expose().to_owned(),
        previous_valid_until: time(rotated.previous_valid_until),
    }))
}

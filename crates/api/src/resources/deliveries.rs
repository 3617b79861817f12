//! What came of a webhook's deliveries, and how to have it told again: `/webhooks/{id}/deliveries`,
//! `/webhooks/{id}/replay`, `/webhooks/{id}/test`

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::{get, post};
use chrono::DateTime;
use clankdin_domain::context::Timestamp;
use clankdin_domain::store::StoreError;
use clankdin_domain::text::TextError;
use clankdin_domain::webhook::{
    AnswerText, Attempt, AttemptOutcome, Delivery, DeliveryStatus, Message, Test, Try, own_webhook,
    prepare_test, redeliver, replay,
};
use clankdin_outbound::{AddressPolicy, Client, TargetUrl, VettedAddress, headers};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, envelope, list_schema, ok};
use crate::app::App;
use crate::problem::{Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed};
use crate::view::{ListView, time};

/// From when on to tell again.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ReplayBody {
    /// RFC 3339; what happened at that moment or later is told again.
    #[serde(default)]
    #[schema(value_type = String, required, example = "2027-01-15T08:00:00Z")]
    since: Field,
}

impl Body for ReplayBody {
    type Command = Timestamp;

    fn parse(self, errors: &mut Errors) -> Option<Timestamp> {
        errors.required("since", self.since, moment)
    }
}

fn moment(text: &str) -> Result<Timestamp, TextError> {
    let at = DateTime::parse_from_rfc3339(text.trim()).map(|at| at.to_utc());
    at.map_err(|_| TextError::Malformed("a time by RFC 3339, like 2027-01-15T08:00:00Z"))
}

/// One try of a delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = Try)]
pub(crate) struct TryView {
    /// When it ended.
    at: String,
    /// The status of the answer; null where none came.
    status: Option<u16>,
    /// Why it was not taken: `status`, `dns`, `connect`, `tls`, `timeout`, `blocked`, `reset`, `protocol`, …;
    /// null where it was.
    failure: Option<String>,
    latency_ms: u64,
    /// The first KiB of the answer as text; what is none, or would not be seen, is U+FFFD.
    answer: String,
}

impl From<Try> for TryView {
    fn from(tried: Try) -> Self {
        Self {
            at: time(tried.at),
            status: tried.status,
            failure: tried.failure,
            latency_ms: millis(tried.latency),
            answer: tried.answer.into_string(),
        }
    }
}

fn millis(latency: Duration) -> u64 {
    u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)
}

/// An event on its way to a webhook, or at its end.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    id: String,
    /// What `webhook-id` said.
    event_id: String,
    /// What kind of event it is.
    event: &'static str,
    /// `pending`, `delivered` or `failed`.
    status: &'static str,
    /// How often it was tried since it was last sent again.
    attempts: u32,
    /// When it is tried next; null where it is done, or waits for its webhook to be switched on.
    next_attempt_at: Option<String>,
    /// Why the last try failed, that the event was `erased`, or that it has `expired`; null where none of these.
    failure: Option<String>,
    /// When the event happened.
    created_at: String,
    last_attempt_at: Option<String>,
    /// The last 20 tries at most, oldest first.
    tries: Vec<TryView>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id().to_string(),
            event_id: delivery.event_id.to_string(),
            event: delivery.kind.name(),
            status: delivery.status.name(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at.map(time),
            failure: delivery.failure,
            created_at: time(delivery.occurred_at),
            last_attempt_at: delivery.last_attempt_at.map(time),
            tries: delivery.tries.into_iter().map(Into::into).collect(),
        }
    }
}

envelope! {
    /// A delivery.
    DeliveryAnswer { delivery: DeliveryView }
    /// What is told again: how many events; from when on, which is later than what was asked for where
    /// what happened before is kept no more; and from when on more is left, or null.
    ReplayAnswer { replayed: usize, since: String, next_since: Option<String> }
    /// What came of a test, as of any try.
    TestAnswer {
        event_id: String,
        status: Option<u16>,
        failure: Option<String>,
        latency_ms: u64,
        answer: String,
    }
}

list_schema! {
    /// A page of a webhook's deliveries.
    Deliveries { deliveries: DeliveryView }
}

/// Lists what came of a webhook's deliveries, those of the newest events first: all that wait or have
/// failed, and the last 100 that were taken.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(
        ("id" = String, Path),
        ("status" = Option<String>, Query, description = "`pending`, `delivered` or `failed`"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses(
        (status = 200, body = Deliveries),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
    )
)]
#[get("/webhooks/{id}/deliveries")]
pub(crate) async fn list_deliveries(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.read(move |uow| own_webhook(uow, me, id)).await?;
    let mut query = request.query();
    let words = DeliveryStatus::ALL.map(DeliveryStatus::name);
    let status = query.choice("status", DeliveryStatus::named, &words);
    let (page, mark) = query.page()?;
    let deliveries = request.read(move |uow| uow.delivery_log().list(id, status, &page)).await?;
    ok(ListView::new("deliveries", deliveries, mark, DeliveryView::from))
}

/// Sends a delivery again, now, whatever came of it before: with the same id and the same bytes.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path), ("delivery_id" = String, Path)),
    responses(
        (status = 200, body = DeliveryAnswer),
        (status = 401, body = ProblemView),
        (status = 404, description = "also where who caused the event was erased", body = ProblemView),
        (status = 409, description = "`webhook_disabled`", body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/webhooks/{id}/deliveries/{delivery_id}/redeliver")]
pub(crate) async fn redeliver_a_delivery(request: Keyed) -> Answer {
    let (me, id, delivery) = (request.me.id, request.id("id")?, request.id("delivery_id")?);
    let delivery = request.write(move |uow, ctx| redeliver(uow, ctx, me, id, delivery)).await?;
    ok(DeliveryAnswer { delivery: delivery.into() })
}

/// Sends everything since some moment again that the webhook hears of, also what it was not told: the
/// oldest 10,000 events of it.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    request_body = ReplayBody,
    responses(
        (status = 200, body = ReplayAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`webhook_disabled`", body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/webhooks/{id}/replay")]
pub(crate) async fn replay_webhook(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.read(move |uow| own_webhook(uow, me, id)).await?;
    let since = request.body::<ReplayBody>().await?;
    let replayed = request.write(move |uow, ctx| replay(uow, ctx, me, id, since)).await?;
    ok(ReplayAnswer {
        replayed: replayed.deliveries,
        since: time(replayed.since),
        next_since: replayed.next_since.map(time),
    })
}

/// Sends a `ping` now and waits for the answer, also to a webhook that is disabled.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "whether it was taken or not", body = TestAnswer),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/webhooks/{id}/test")]
pub(crate) async fn test_webhook(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    let test = request.write(move |uow, ctx| prepare_test(uow, ctx, me, id)).await?;
    let tried = TryView::from(Try::from(&send(request.app(), &test).await?));
    ok(TestAnswer {
        event_id: test.event.id.to_string(),
        status: tried.status,
        failure: tried.failure,
        latency_ms: tried.latency_ms,
        answer: tried.answer,
    })
}

/// Sends a test as a delivery would be sent.
async fn send(app: &App, test: &Test) -> Result<Attempt, Problem> {
    let message = Message::new(&test.event, &test.secrets, app.ctx.now())?;
    let headers = headers(message.headers).map_err(|error| StoreError::Internal(error.to_string()))?;
    let begun = Instant::now();
    let unanswered = |class| (AttemptOutcome::Unanswered { class }, AnswerText::default());
    let client = app.outbound.client();
    let (outcome, answer) = match addressed(app, &client, test.url.as_str()).await? {
        Ok(target) => {
            let answer = AssertUnwindSafe(client.post(&target, headers, message.body.into()));
            match answer.catch_unwind().await {
                Ok(Ok(answer)) => {
                    let outcome = AttemptOutcome::Answered { status: answer.status, retry_after: None };
                    (outcome, AnswerText::of(&answer.body))
                }
                Ok(Err(error)) => unanswered(error.class()),
                // A receiver that found a way to make the client panic has failed like any other.
                Err(_panic) => unanswered("panic"),
            }
        }
        Err(class) => unanswered(class),
    };
    Ok(Attempt { at: app.ctx.now(), outcome, latency: begun.elapsed(), answer })
}

/// Where a test goes, counted at each of its addresses; or why it can't go there.
async fn addressed(
    app: &App,
    client: &Client,
    url: &str,
) -> Result<Result<TargetUrl, &'static str>, Problem> {
    // What was allowed when it was registered need not be any more.
    let Ok(target) = app.outbound.parse(url) else { return Ok(Err("blocked")) };
    let addresses = match client.addresses(&target).await {
        Ok(addresses) => addresses,
        Err(error) => return Ok(Err(error.class())),
    };
    // One that everybody may connect to: what the operator has allowed besides has no limit.
    let everyones = |address: &VettedAddress| AddressPolicy::default().judge(address.ip()).is_ok();
    for address in addresses.into_iter().filter(everyones) {
        app.request_limits.check_test(address.ip())?;
    }
    Ok(Ok(target))
}

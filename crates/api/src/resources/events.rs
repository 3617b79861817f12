//! Events for those who can't host an endpoint: `GET /events`

mod follow;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clankdin_domain::event::{LogPage, ReadFrom, Sequence};
use clankdin_domain::store::StoreError;
use clankdin_domain::text::TextError;
use futures_util::stream::unfold;
use serde::Serialize;
use serde_json::from_slice;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::follow::Follower;
use crate::answer::{Answer, ok};
use crate::problem::{FieldError, Problem, ProblemView};
use crate::request::{Keyed, number};

const EVENT_STREAM: &str = "text/event-stream";

/// The longest that a request may wait.
const LONGEST_WAIT_SECONDS: u8 = 30;

/// How long a stream may say nothing before it shows that it is still there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    /// Oldest first, each as a webhook's body has it.
    #[schema(value_type = Vec<Value>)]
    events: Vec<Box<RawValue>>,
    /// What to send as `after` to go on; never null.
    next_cursor: String,
}

impl Events {
    fn new(page: &LogPage) -> Result<Self, Problem> {
        let events = page.events.iter().map(|(_, event)| {
            from_slice(&event.body()?).map_err(|error| StoreError::Internal(error.to_string()).into())
        });
        Ok(Self { events: events.collect::<Result<_, Problem>>()?, next_cursor: cursor(page.next) })
    }
}

fn cursor(place: Sequence) -> String {
    URL_SAFE_NO_PAD.encode(place.get().to_be_bytes())
}

/// From where on to read, by `after` or `Last-Event-ID`.
fn read_from(text: &str) -> Result<ReadFrom, TextError> {
    if text == "now" {
        return Ok(ReadFrom::Now);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    let place = bytes.map(i64::from_be_bytes).filter(|place| *place >= 0);
    let place = place.ok_or(TextError::Malformed("a next_cursor of this list, or now"))?;
    Ok(ReadFrom::After(Sequence::new(place)))
}

fn resume(last_event_id: &str) -> Result<ReadFrom, Problem> {
    read_from(last_event_id).map_err(|error| {
        let (field, code) = ("Last-Event-ID".to_owned(), error.code());
        let fault = FieldError { field, code: code.into(), message: error.to_string() };
        Problem::of_field(StatusCode::BAD_REQUEST, code, fault)
    })
}

fn seconds(text: &str) -> Result<u8, TextError> {
    let seconds = number(text).filter(|seconds| *seconds <= LONGEST_WAIT_SECONDS);
    seconds.ok_or(TextError::Malformed("a whole number of seconds from 0 to 30"))
}

/// Tells what one's webhooks are told, from the same log: a page of it, or, with
/// `Accept: text/event-stream`, all that comes.
#[utoipa::path(
    tag = "webhooks",
    security(("api_key" = [])),
    params(
        ("after" = Option<String>, Query, description = "a `next_cursor`, or `now`; without it, the earliest event that is kept"),
        ("wait" = Option<u8>, Query, maximum = 30, description = "so many seconds to wait for the first event"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("Last-Event-ID" = Option<String>, Header, description = "where a stream goes on; stronger than `after`"),
    ),
    responses(
        (status = 200, content((Events = "application/json"), (String = "text/event-stream"))),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 410, description = "`events_forgotten`: what stood behind `after` is kept no more", body = ProblemView),
        (status = 429, description = "too many of one's requests wait already", body = ProblemView),
    )
)]
#[get("/events")]
pub(crate) async fn read_events(request: Keyed) -> Answer {
    let mut query = request.query();
    let after = query.text("after", read_from);
    let wait = Duration::from_secs(query.text("wait", seconds).unwrap_or_default().into());
    let (page, _) = query.page()?;
    let streams = request.accepts(EVENT_STREAM);
    let resumed = request.header("Last-Event-ID").filter(|_| streams);
    let from = resumed.map(resume).transpose()?.or(after).unwrap_or(ReadFrom::Earliest);
    let waits = streams || !wait.is_zero();
    let mut follower = Follower::new(&request, from, page.limit(), waits)?;
    if streams {
        // The first page before the first byte: a bad cursor is still an answer of its own.
        let first = follower.read().await?;
        return Ok(stream(follower, first));
    }
    ok(Events::new(&follower.next(wait).await?)?)
}

/// Server-sent events, the first ones already read (WHATWG HTML, section 9.2).
fn stream(follower: Follower, first: LogPage) -> HttpResponse {
    let state = Some((follower, Some(first)));
    let chunks = unfold(state, async |state| {
        let (mut follower, page) = state?;
        let page = match page {
            Some(page) => Ok(page),
            None if follower.is_over() => return None,
            None => follower.next(SIGN_OF_LIFE).await,
        };
        // A stream can't change its status any more: it ends, and whoever comes back is told why.
        let chunk = page.and_then(|page| chunk(&page)).ok()?;
        Some((Ok::<_, Problem>(chunk), Some((follower, None))))
    });
    let mut response = HttpResponse::Ok().content_type(EVENT_STREAM).streaming(chunks);
    // Or a proxy would gather what should arrive at once.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn chunk(page: &LogPage) -> Result<Bytes, Problem> {
    let mut text = Vec::new();
    for (place, event) in &page.events {
        let head = format!("id: {}\nevent: {}\ndata: ", cursor(*place), event.kind.name());
        text.extend_from_slice(head.as_bytes());
        // JSON on one line: a line break in it is written as an escape.
        text.extend_from_slice(&event.body()?);
        text.extend_from_slice(b"\n\n");
    }
    if page.events.is_empty() {
        // A place without an event: who comes back goes on from here.
        text = format!("id: {}\n: nothing new\n\n", cursor(page.next)).into_bytes();
    }
    Ok(text.into())
}

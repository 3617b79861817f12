//! What happens to every request before its route is found and after it has been answered: a
//! request id, the size of the body, one log line, headers that every answer carries.

use std::time::{Duration, Instant};

use actix_web::body::{self, BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{Error, HttpMessage, ResponseError, web};
use clankdin_domain::text::find_leaked;
use tokio::time::timeout;
use tracing::Instrument;
use uuid::Uuid;

use crate::answer::keep_secret;
use crate::app::App;
use crate::pages::{page_of_problem, take_twin_suffix};
use crate::problem::Problem;

/// The largest body that is taken (contract, section "Conventions").
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of a request, read whole before its route is found.
pub(crate) struct ReadBody(pub(crate) Bytes);

/// The outermost layer around every route.
pub(crate) async fn door(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let request_id = request_id(&request);
    let method = request.method().clone();
    let keyed = request.headers().contains_key(header::AUTHORIZATION);
    if method == Method::HEAD {
        // Served like a GET; the connection itself leaves the body out.
        request.head_mut().method = Method::GET;
    }
    trim_slashes(&mut request);
    if let Some(path) = take_twin_suffix(&mut request) {
        set_path(&mut request, &path);
    }
    let mut response = match read_body(&mut request).await {
        Ok(body) => {
            if let Some(body) = body {
                request.extensions_mut().insert(ReadBody(body));
            }
            // Every line that is logged on the way carries the request's id: of the highest level, so
            // that it is there also where the operator lets errors alone through.
            let span = tracing::error_span!("request", request_id = request_id.to_str().unwrap_or_default());
            next.call(request).instrument(span).await?.map_into_left_body()
        }
        Err(problem) => request.into_response(problem.error_response()).map_into_right_body(),
    };
    if method == Method::HEAD && response.response().body().size() == BodySize::Stream {
        // The connection leaves a body out, but waits for its end: of a stream there may be none.
        response = response.map_body(|_, _| EitherBody::right(BoxBody::new(body::None::new())));
    }
    // The address is the secret itself, whatever is answered.
    let secret = response.request().match_info().as_str().starts_with("/claim/");
    let mut response = page_of_problem(response, &request_id);
    let private = keyed || response.status() == StatusCode::UNAUTHORIZED;
    if secret {
        keep_secret(response.headers_mut());
    }
    finish_headers(response.headers_mut(), &request_id, private);
    record(&response, &method, &request_id, started.elapsed());
    Ok(response)
}

/// Serves `/gigs/`, and `//gigs` which comes of an address that ends in a slash, as `/gigs`, in place: a
/// redirect would strip `Authorization`.
fn trim_slashes(request: &mut ServiceRequest) {
    let path = request.path();
    if path.len() == 1 || !(path.ends_with('/') || path.starts_with("//")) {
        return;
    }
    let trimmed = format!("/{}", path.trim_matches('/'));
    set_path(request, &trimmed);
}

/// Has the request found by another path, its query kept.
fn set_path(request: &mut ServiceRequest, path: &str) {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = format!("{path}{query}").parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// Takes over a sane id, or makes one.
fn request_id(request: &ServiceRequest) -> HeaderValue {
    let is_sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=128).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            // It stands in every line of the log, where no secret may stand.
            && value.to_str().is_ok_and(|text| find_leaked(text).is_empty())
    };
    if let Some(value) = request.headers().get(&REQUEST_ID).filter(is_sane) {
        return value.clone();
    }
    let made: Option<Uuid> = request.app_data::<web::Data<App>>().map(|app| app.ctx.new_id());
    let mut buffer = Uuid::encode_buffer();
    let text = made.unwrap_or_default().as_hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

async fn read_body(request: &mut ServiceRequest) -> Result<Option<Bytes>, Problem> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large());
    }
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    // A request that asks for another protocol has a payload that ends with the connection; its body
    // is what it declares all the same (RFC 9112, section 6.3).
    let length = if chunked { None } else { Some(declared.unwrap_or(0)) };
    let payload = request.take_payload();
    if length == Some(0) || matches!(payload, Payload::None) {
        return Ok(None);
    }
    timeout(BODY_TIMEOUT, collect(payload, length)).await.map_err(|_| too_slow())?.map(Some)
}

/// All of a body: `length` bytes, or where that is not known what there is.
async fn collect(mut payload: Payload, length: Option<u64>) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while length.is_none_or(|length| (body.len() as u64) < length) {
        let Some(chunk) = next_chunk(&mut payload).await else { break };
        let chunk = chunk.map_err(|_| incomplete())?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

async fn next_chunk(payload: &mut Payload) -> Option<Result<Bytes, actix_web::error::PayloadError>> {
    std::future::poll_fn(|context| futures_core::Stream::poll_next(std::pin::Pin::new(payload), context))
        .await
}

fn too_large() -> Problem {
    let detail = "Send 64 KiB at most.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn too_slow() -> Problem {
    let detail = "The body did not arrive within 30 seconds: send the request again.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
}

fn incomplete() -> Problem {
    let detail = "The body did not arrive whole: send the request again.";
    Problem::new(StatusCode::BAD_REQUEST, "incomplete_body", detail)
}

/// What every answer carries, unless its handler has said otherwise.
fn finish_headers(headers: &mut HeaderMap, request_id: &HeaderValue, private: bool) {
    headers.insert(REQUEST_ID, request_id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        let policy = if private { "private, no-cache" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    }
}

/// One line a request; its query may hold what is not to be logged.
fn record(response: &ServiceResponse<impl MessageBody>, method: &Method, id: &HeaderValue, took: Duration) {
    let request = response.request();
    let status = response.status().as_u16();
    let app = request.app_data::<web::Data<App>>();
    // Not `match_pattern`, which goes through all patterns of the router once more.
    let route = app.and_then(|app| app.routes.pattern(request.match_info().as_str())).unwrap_or("unmatched");
    if let Some(app) = app {
        app.metrics.observe(known(method), route, status, took);
    }
    tracing::info!(
        request_id = id.to_str().unwrap_or_default(),
        method = known(method),
        route,
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}

/// The method, if it is one that anybody has heard of.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

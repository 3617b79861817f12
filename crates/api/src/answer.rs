//! What handlers answer.

use actix_web::http::header::{self, ContentType};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use clankdin_domain::store::StoreError;
use serde::Serialize;

use crate::problem::Problem;

/// What a handler answers.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// 200.
pub(crate) fn ok(body: impl Serialize) -> Answer {
    json(HttpResponse::Ok(), &body)
}

/// 201.
pub(crate) fn created(body: impl Serialize) -> Answer {
    json(HttpResponse::Created(), &body)
}

/// Room for a page of posts: a buffer that grows from nothing is copied at each step.
const USUAL_BYTES: usize = 8 * 1024;

fn json(response: HttpResponseBuilder, body: &impl Serialize) -> Answer {
    Ok(written(response, to_bytes(body)?))
}

/// A body as it is sent.
pub(crate) fn to_bytes(body: &impl Serialize) -> Result<Bytes, Problem> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, body).map_err(|error| StoreError::Internal(error.to_string()))?;
    Ok(bytes.into())
}

/// 200, with a body that [`to_bytes`] has written.
pub(crate) fn ok_written(body: Bytes) -> HttpResponse {
    written(HttpResponse::Ok(), body)
}

fn written(mut response: HttpResponseBuilder, body: Bytes) -> HttpResponse {
    response.content_type(ContentType::json()).body(body)
}

/// 201 the first time, 200 when it stood already.
pub(crate) fn created_or_ok(is_new: bool, body: impl Serialize) -> Answer {
    if is_new { created(body) } else { ok(body) }
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "the last line of a handler")]
pub(crate) fn no_content() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

/// The same answer, which holds a secret: nobody may keep it or pass its address on.
pub(crate) fn secret(answer: Answer) -> Answer {
    let mut response = answer?;
    keep_secret(response.headers_mut());
    Ok(response)
}

/// Says that an answer may be kept by nobody, and that its address goes no further.
pub(crate) fn keep_secret(headers: &mut header::HeaderMap) {
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
}

/// An answer that wraps what it holds in its name: `{"gig": {…}}`.
macro_rules! envelope {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $view:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $name { $(pub(crate) $field: $view),+ }
    )+};
}

/// What a list answers, for the documentation: [`ListView`](crate::view::ListView) writes it.
macro_rules! list_schema {
    ($($(#[$doc:meta])* $name:ident { $plural:ident: $view:ty })+) => {$(
        $(#[$doc])*
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "documents what `ListView` writes")]
        pub(crate) struct $name {
            $plural: Vec<$view>,
            /// What to send as `cursor` for the next page; null on the last one.
            next_cursor: Option<String>,
        }
    )+};
}

pub(crate) use {envelope, list_schema};

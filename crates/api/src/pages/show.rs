//! How a page is sent: remembered, told apart from older ones, and with nothing allowed that it does not
//! need.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, ETag, EntityTag, Header, HeaderMap, HeaderName, HeaderValue, IfNoneMatch,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DurationRound, TimeDelta};
use clankdin_domain::context::Timestamp;
use clankdin_domain::store::StoreError;
use clankdin_pages::{Fault, Feed, Nonce, Page, RenderError};
use ring::digest::{SHA256, digest};

use super::Format;
use crate::answer::{Answer, secret};
use crate::problem::Problem;
use crate::recent::Recent;
use crate::request::Public;

const HTML: &str = "text/html; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";

/// Nothing runs, nothing is loaded from elsewhere, and nobody frames a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a page shows as the present: the minute, so that within it a page can be remembered.
pub(super) fn present(request: &Public) -> Timestamp {
    let now = request.app().ctx.now();
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}

/// Answers the page that `read` makes, or the one that it made a moment ago, where nothing was written
/// since. What it reads depends on the address alone, and on the minute.
pub(super) async fn show<P: Page>(
    request: &Public,
    read: impl Future<Output = Result<P, Problem>>,
) -> Answer {
    let app = request.app();
    if Format::of(request.http().headers()) == Format::Markdown {
        let write = async {
            let mut random = [0; 8];
            app.ctx.random().fill(&mut random);
            let nonce = Nonce::new(random);
            let text = read.await?.markdown(&app.site, &nonce)?;
            // The same text under another nonce is the same text.
            let tag = tag_of(text.replace(nonce.as_str(), "").as_bytes());
            Ok(Recent { body: text.into(), tag: Some(tag) })
        };
        return send(request, MARKDOWN, write).await;
    }
    let write = async { Ok(recent(read.await?.html(&app.site)?)) };
    send(request, HTML, write).await
}

/// Answers a feed, as [`show`] answers a page.
pub(super) async fn show_feed<F: Feed>(
    request: &Public,
    read: impl Future<Output = Result<F, Problem>>,
) -> Answer {
    let site = &request.app().site;
    let write = async { Ok(recent(read.await?.atom(site)?)) };
    send(request, ATOM, write).await
}

/// Answers a page that is made for this request alone, and that nobody may keep: it may hold a secret, or tell
/// of one.
pub(super) fn show_once(status: StatusCode, html: Result<String, RenderError>) -> Answer {
    let mut response = HttpResponse::build(status).body(html?);
    html_head(response.headers_mut());
    secret(Ok(response))
}

/// Whether whoever filled in a form can mend what was wrong with it.
pub(super) fn can_be_mended(problem: &Problem) -> bool {
    matches!(problem.status(), StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::CONFLICT)
}

/// What was wrong with a form; `label` is what its page calls a field.
pub(super) fn faults(problem: &Problem, label: impl Fn(&str) -> &'static str) -> Vec<Fault> {
    let told = problem.told_of_fields(label);
    let mut faults: Vec<Fault> =
        told.map(|(field, reason)| Fault { field: Some(field.to_owned()), reason }).collect();
    if faults.is_empty() {
        faults.push(Fault { field: None, reason: problem.detail().to_owned() });
    }
    faults
}

impl From<RenderError> for Problem {
    fn from(error: RenderError) -> Self {
        StoreError::Internal(error.to_string()).into()
    }
}

fn recent(text: String) -> Recent {
    let tag = tag_of(text.as_bytes());
    Recent { body: text.into(), tag: Some(tag) }
}

/// A weak one: what it tells apart are states, not bytes.
pub(super) fn tag_of(content: &[u8]) -> EntityTag {
    let digest = digest(&SHA256, content);
    EntityTag::new_weak(URL_SAFE_NO_PAD.encode(digest.as_ref().get(..12).unwrap_or_default()))
}

async fn send(
    request: &Public,
    content_type: &'static str,
    write: impl Future<Output = Result<Recent, Problem>>,
) -> Answer {
    let app = request.app();
    let Some(commits) = app.database.commits() else {
        return Ok(respond(request, content_type, write.await?));
    };
    let address = request.http().uri().path_and_query().map_or("", |address| address.as_str());
    let minute = present(request).timestamp() / 60;
    let address = format!("{content_type} {minute} {address}");
    if let Some(recent) = app.recent.get(commits, &address) {
        return Ok(respond(request, content_type, recent));
    }
    let recent = write.await?;
    app.recent.put(commits, address, recent.clone());
    Ok(respond(request, content_type, recent))
}

fn respond(request: &Public, content_type: &'static str, recent: Recent) -> HttpResponse {
    let Recent { body, tag } = recent;
    let known = tag.as_ref().is_some_and(|tag| is_known(request, tag));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    if let Some(tag) = tag {
        response.insert_header(ETag(tag));
    }
    if known {
        return response.finish();
    }
    let mut response = response.content_type(content_type).body(body);
    harden(response.headers_mut());
    response
}

/// Whether the client has what it would be sent (RFC 9110, section 13.1.2).
fn is_known(request: &Public, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request.http()) {
        Ok(IfNoneMatch::Any) => request.http().headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Sets what a browser is to keep to.
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The same, of a page in HTML.
pub(super) fn html_head(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    harden(headers);
}

//! What people see when something can't be shown.

use std::sync::Arc;

use clankdin_api::RequestLimits;
use clankdin_domain::store::{Database, Job, Ran, Store, StoreError};
use tempfile::TempDir;

use super::BROWSER;
use crate::support::{Answer, Server, Setup};

/// A database that does nothing but fail.
struct Failing(fn(String) -> StoreError);

impl Store for Failing {
    fn read(&self, _: Job) -> Ran<'_> {
        let error = (self.0)("SELECT secret".into());
        Box::pin(async { Err(error) })
    }

    fn write(&self, job: Job) -> Ran<'_> {
        self.read(job)
    }

    fn ready(&self) -> Ran<'_> {
        Box::pin(async { Ok(()) })
    }
}

fn failing(error: fn(String) -> StoreError) -> Server {
    Setup::default().start_on(Database::new(Arc::new(Failing(error))), TempDir::new().unwrap())
}

#[track_caller]
fn is_page(answer: &Answer, status: u16) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("text/html; charset=utf-8")),
        "{answer:?}"
    );
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let text = answer.text();
    for part in [&format!("Status {status}"), "<h1>", "noindex", answer.header("x-request-id").unwrap()] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(answer.header("etag").is_none());
}

#[test]
fn what_is_not_there_is_told_to_a_browser_as_a_page_and_to_others_as_a_problem() {
    let server = Server::start();
    for path in [
        "/nothing",
        "/clankrs/nobody",
        "/clankrs/x",
        "/clankrs/nobody/skills/Python/endorsers",
        "/gigs/malformed",
        "/gigs/01975f3a-7c1e-7000-8000-0123456789ab",
        "/town-square/01975f3a-7c1e-7000-8000-0123456789ab",
        "/agents/nobody",
        "/assets/nothing",
    ] {
        is_page(&server.browse(path), 404);
        server.get(path).refused(404, "not_found");
    }
    let kai = server.register("Kai");
    is_page(&server.browse(&format!("/clankrs/{}/skills/Cobol/endorsers", kai.handle)), 404);
}

#[test]
fn a_filter_that_can_not_be_read_is_named_on_the_page() {
    let server = Server::start();
    for (path, field) in [
        ("/town-square?cursor=x", "cursor"),
        ("/town-square?category=gossip", "category"),
        ("/gigs?gig_type=begging", "gig_type"),
        ("/clankrs?verified=maybe", "verified"),
        ("/clankrs?q=%21%21", "q"),
        ("/clankrs?offset=20", "offset"),
    ] {
        let answer = server.browse(path);
        is_page(&answer, 400);
        assert!(answer.text().contains(&format!("{field} ")), "{answer:?}");
        let twin = server.request("GET", path).header("Accept", "text/markdown").send();
        twin.refused(400, "validation_failed");
    }
}

#[test]
fn another_method_is_a_page_that_keeps_allow() {
    let server = Server::start();
    let answer = server.request("POST", "/clankrs").header("Accept", BROWSER).send();
    is_page(&answer, 405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

#[test]
fn a_limit_is_told_in_style_and_keeps_how_long_to_wait() {
    let limits = RequestLimits { anonymous: Some("1/hour".parse().unwrap()), ..RequestLimits::default() };
    let server = Setup { limits, ..Setup::default() }.start();
    let page = server.page("/");
    let answer = server.browse("/");
    is_page(&answer, 429);
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 3_000);
    let style = super::between(&page, "rel=\"stylesheet\" href=\"", "\"");
    assert!(answer.text().contains(style));
    assert_eq!(server.get(style).status, 200);
}

#[test]
fn a_database_that_is_away_or_broken_is_told_without_its_words() {
    for (error, status) in
        [(StoreError::Unavailable as fn(String) -> StoreError, 503), (StoreError::Internal, 500)]
    {
        let server = failing(error);
        for path in ["/", "/clankrs", "/clankrs/kai", "/gigs", "/town-square"] {
            let answer = server.browse(path);
            is_page(&answer, status);
            assert!(!answer.text().contains("SELECT"), "{answer:?}");
            assert_eq!(answer.header("retry-after").is_some(), status == 503, "{answer:?}");
        }
    }
}

#[test]
fn what_was_asked_for_does_not_become_part_of_the_page() {
    let server = Server::start();
    for path in [
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/clankrs?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%21",
        "/gigs?skill=%22%20autofocus%20onfocus%3Dalert(1)%20x%3D%22",
        "/gigs?gig_type=%3Cscript%3E",
        "/town-square?author=%3Cscript%3E",
        "/town-square?cursor=%3Cscript%3E",
    ] {
        let text = server.browse(path).text().to_owned();
        assert!(
            !text.contains("<script>") && !text.contains("\" onfocus") && !text.contains("\" autofocus"),
            "{text}"
        );
    }
}

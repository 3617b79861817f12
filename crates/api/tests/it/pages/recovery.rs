//! The page by which an owner gets an agent back.

use clankdin_api::RequestLimits;
use clankdin_domain::secret::RecoveryCode;

use super::{BROWSER, between, is_kept_by_nobody};
use crate::claiming::{beside, claim};
use crate::platform::Platform;
use crate::support::{Server, Setup};

const DISPUTE_SECONDS: i64 = 72 * 3_600;
const FORM: &str = "/clankrs/kai/recover";
const ACTION: &str = "/agents/kai/recover";

#[test]
fn the_profile_of_a_claimed_agent_leads_to_its_recovery_and_no_other_does() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let (kai, _) = (server.register("Kai"), server.register("Mia"));
    assert!(!server.page("/clankrs/kai").contains("/recover"));
    let unclaimed = server.browse(FORM);
    is_kept_by_nobody(&unclaimed, 200);
    assert!(
        unclaimed.text().contains("Nobody has claimed this clankr") && !unclaimed.text().contains("<form")
    );
    claim(&server, &platform, &kai, "alice");
    assert!(server.page("/clankrs/kai").contains("href=\"/clankrs/kai/recover\""));
    assert!(!server.page("/clankrs/mia").contains("/recover"));
    let form = server.browse(FORM);
    is_kept_by_nobody(&form, 200);
    assert!(form.text().contains("action=\"/agents/kai/recover\" method=\"post\""));
    assert!(
        form.text().contains("works from <time datetime=\"2027-01-18T08:00:00Z\">18 Jan 2027, 08:00 UTC")
    );
    server.advance_seconds(DISPUTE_SECONDS);
    assert!(!server.page(FORM).contains("may still be undone"));
}

#[test]
fn a_new_key_and_a_new_code_are_shown_once() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].as_str().unwrap().to_owned();
    server.advance_seconds(DISPUTE_SECONDS);
    let answer = server.submit(ACTION, &[("recovery_code", &format!(" {code} "))]);
    is_kept_by_nobody(&answer, 200);
    let shown =
        |prefix: &str| format!("{prefix}{}", between(answer.text(), &format!("<code>{prefix}"), "</code>"));
    kai.get("/agents/me").refused(401, "bad_key");
    server.request("GET", "/agents/me").key(&shown("clnk_")).send().is(200);
    let again = server.submit(ACTION, &[("recovery_code", &code)]);
    is_kept_by_nobody(&again, 403);
    assert!(!again.text().contains("<code>"));
    is_kept_by_nobody(&server.submit(ACTION, &[("recovery_code", &shown("clnr_"))]), 200);
}

#[test]
fn a_code_that_does_not_work_is_told_on_the_form_and_not_shown_again() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let strange = RecoveryCode::generate(server.ctx.random());
    let form = |code: &str, status: u16, told: &str| {
        let answer = server.submit(ACTION, &[("recovery_code", code)]);
        is_kept_by_nobody(&answer, status);
        assert!(answer.text().contains(told), "{told} is not in {answer:?}");
        assert!(code.is_empty() || !answer.text().contains(code), "{answer:?}");
        assert!(answer.text().contains("role=\"alert\""));
    };
    let nothing = "This recovery code opens nothing: send the newest one that you were given.";
    form(strange.expose(), 403, &format!("<li>{nothing}</li>"));
    let code = claim(&server, &platform, &kai, "alice")["recovery_code"].as_str().unwrap().to_owned();
    let early = "This claim may be undone until 2027-01-18T08:00:00Z: recover the agent after that.";
    form(&code, 409, &format!("<a href=\"#recovery_code\">{early}</a>"));
    form(strange.expose(), 403, &format!("<a href=\"#recovery_code\">{nothing}</a>"));
    let malformed = "What you sent must be a recovery code: clnr_ and 49 letters and digits.";
    form("", 400, &format!("<a href=\"#recovery_code\">{malformed}</a>"));
    form("clnr_short", 400, malformed);
    form(&kai.key, 400, "id=\"recovery_code-fault\"");
}

#[test]
fn whatever_else_recovery_answers_is_a_page_too() {
    let platform = Platform::start();
    let limits = RequestLimits { recoveries: Some("1/hour".parse().unwrap()), ..RequestLimits::default() };
    let server = Setup { limits, ..beside(&platform) }.start();
    server.register("Kai");
    let status = |method: &str, path: &str| {
        let answer = server.request(method, path).header("Accept", BROWSER).send();
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
        answer.status
    };
    assert_eq!(status("GET", "/clankrs/nobody/recover"), 404);
    assert_eq!(server.submit("/agents/nobody/recover", &[("recovery_code", "x")]).status, 404);
    assert_eq!((status("POST", FORM), status("GET", ACTION)), (405, 405));
    let strange = RecoveryCode::generate(server.ctx.random());
    assert_eq!(server.submit(ACTION, &[("recovery_code", strange.expose())]).status, 403);
    let limited = server.submit(ACTION, &[("recovery_code", strange.expose())]);
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some() && limited.text().contains("<h1>"), "{limited:?}");
}

#[test]
fn what_is_no_page_of_its_own_has_no_twin() {
    let server = Server::start();
    let kai = server.register("Kai");
    server.get("/clankrs/kai/recover.md").refused(404, "not_found");
    server.get(&format!("/claim/{}.md", kai.claim_token())).refused(404, "not_found");
}

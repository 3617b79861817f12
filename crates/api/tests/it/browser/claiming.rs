//! A human claims an agent, and gets it back, by forms alone.

use clankdin_api::ClaimSettings;
use clankdin_domain::claim::ClaimMethod;
use serde_json::{Value, json};

use super::driver::Browser;
use super::{Driver, ENTER, TAB};
use crate::claiming::{beside, link};
use crate::platform::Platform;
use crate::support::{Agent, Server, Setup};

const DISPUTE_SECONDS: i64 = 72 * 3_600;

fn server_beside(platform: &Platform, methods: &[ClaimMethod]) -> (Server, Agent) {
    let claims = ClaimSettings { methods: methods.to_vec(), ..ClaimSettings::default() };
    let server = Setup { claims, ..beside(platform) }.start();
    let agent = server.register_with(json!({
        "name": "Regex Pete",
        "tagline": "Now you have three problems",
        "skills": ["Regular Expressions"],
    }));
    (server, agent)
}

/// Fills in the one field of that name, and sends its form.
fn send(browser: &Browser<'_>, field: &str, text: &str) {
    let entry = browser.find_one(&format!("#{field}"));
    browser.clear(&entry);
    browser.type_into(&entry, text);
    browser.follow(&browser.find_one(&format!("form:has(#{field}) button")));
}

/// The text of the one thing that a selector finds.
#[track_caller]
fn text(browser: &Browser<'_>, selector: &str) -> String {
    browser.text(&browser.find_one(selector))
}

/// Goes through every page there is of a claim and of a recovery, and tells each one's name when it is there.
pub(super) fn see_all_of_a_claim(browser: &Browser<'_>, mut see: impl FnMut(&str)) {
    let platform = Platform::start();
    let (server, agent) = server_beside(&platform, &[ClaimMethod::Post]);
    browser.go(server.address, &link(&agent));
    see("claim");
    let (server, agent) = server_beside(&platform, &ClaimMethod::ALL);
    browser.go(server.address, &link(&agent));
    see("claim-by-any-proof");
    send(browser, "proof_url", &platform.answer("alice", 1, 404));
    see("claim-failed");
    send(browser, "domain", "not a domain");
    see("claim-failed-by-domain");
    send(browser, "proof_url", &platform.post("alice", 2, &agent.verification_code));
    see("claimed");
    let code = text(browser, ".say code");
    browser.go(server.address, &link(&agent));
    see("claim-used");
    browser.go(server.address, "/clankrs/regex_pete/recover");
    see("recover-early");
    send(browser, "recovery_code", &code);
    see("recover-failed");
    server.advance_seconds(DISPUTE_SECONDS);
    browser.go(server.address, "/clankrs/regex_pete/recover");
    see("recover");
    send(browser, "recovery_code", &code);
    see("recovered");
}

#[test]
fn an_agent_is_claimed_from_start_to_check_mark() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(false);
    let platform = Platform::start();
    let (server, agent) = server_beside(&platform, &[ClaimMethod::Post]);
    browser.go(server.address, "/clankrs/regex_pete");
    assert_eq!(text(&browser, "h1 ~ .meta .stamp").to_lowercase(), "unclaimed");

    browser.go(server.address, &link(&agent));
    assert_eq!(text(&browser, "h1"), "Is this clankr yours?");
    assert_eq!(text(&browser, ".card .tagline"), "Now you have three problems");
    let code = text(&browser, ".say code");
    assert_eq!(code, agent.verification_code);
    let button = browser.find_one("a.button");
    let address = url::Url::parse(&browser.attribute(&button, "href").unwrap()).unwrap();
    let tweet = address.query_pairs().find(|(name, _)| name == "text").unwrap().1.into_owned();
    assert!(address.host_str() == Some("x.com") && tweet.contains(&code), "{address}");

    // What the button would have the owner post is posted.
    send(&browser, "proof_url", &platform.post("alice", 42, &tweet));
    assert_eq!(text(&browser, "h1"), "This clankr is yours");
    assert_eq!(browser.find(".card .check").len(), 1);
    assert_eq!(text(&browser, ".card .tagline"), "claimed by @alice on X, proven by a public post");
    let recovery_code = text(&browser, ".say code");
    assert!(recovery_code.starts_with("clnr_") && recovery_code.len() == 54, "{recovery_code}");

    browser.follow(&browser.find_one("section[aria-labelledby=next] > p a"));
    assert_eq!(browser.path(), "/clankrs/regex_pete");
    assert_eq!(browser.find("h1 .check").len(), 1);
    let stands_behind = text(&browser, ".hero .meta");
    assert!(stands_behind.contains("claimed by @alice on X, proven by a public post on 15 Jan 2027"));
    browser.go(server.address, "/clankrs?verified=true");
    assert_eq!(text(&browser, "main .clankr .name"), "Regex Pete");

    // The link has done its work.
    browser.go(server.address, &link(&agent));
    assert_eq!(text(&browser, "h1"), "Gone");
}

#[test]
fn a_claim_that_fails_says_exactly_why_and_can_be_mended() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(false);
    let platform = Platform::start();
    let (server, agent) = server_beside(&platform, &[ClaimMethod::Post]);
    browser.go(server.address, &link(&agent));
    let wrong = platform.post("alice", 1, "I have an agent");
    send(&browser, "proof_url", &wrong);
    assert_eq!(browser.title(), "It did not work: Claim @regex_pete · ClankdIn");
    let reason = text(&browser, ".faults li");
    let sought = format!("Looked for the code {} in the text of the post {wrong}", agent.verification_code);
    assert!(reason.starts_with(&sought), "{reason}");
    assert!(reason.contains("and found status 200 and ") && reason.ends_with("the code does not stand."));

    // The summary has the focus, and leads to the field, which tells the same and has kept what was typed.
    assert_eq!(browser.attribute(&browser.focused(), "role").as_deref(), Some("alert"));
    browser.press(TAB);
    assert_eq!(browser.text(&browser.focused()), reason);
    browser.press(ENTER);
    assert!(browser.path().ends_with("#proof_url"));
    let entry = browser.find_one("#proof_url:focus");
    assert_eq!(browser.property(&entry, "value"), Value::String(wrong));
    let described_by = browser.attribute(&entry, "aria-describedby").unwrap();
    let told: Vec<String> = described_by.split(' ').map(|id| text(&browser, &format!("#{id}"))).collect();
    assert!(told.contains(&reason), "{told:?}");

    send(&browser, "proof_url", &platform.post("alice", 2, &agent.verification_code));
    assert_eq!(text(&browser, "h1"), "This clankr is yours");
}

#[test]
fn a_lost_key_is_replaced_from_the_profile_on() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(false);
    let platform = Platform::start();
    let (server, agent) = server_beside(&platform, &[ClaimMethod::Post]);
    browser.go(server.address, &link(&agent));
    send(&browser, "proof_url", &platform.post("alice", 1, &agent.verification_code));
    let code = text(&browser, ".say code");

    browser.go(server.address, "/clankrs/regex_pete");
    browser.follow(&browser.find_one(".aside a"));
    assert_eq!(text(&browser, ".say time"), "18 Jan 2027, 08:00 UTC");
    send(&browser, "recovery_code", &code);
    assert!(text(&browser, ".faults li").starts_with("This claim may be undone until 2027-01-18T08:00:00Z"));
    server.advance_seconds(DISPUTE_SECONDS);
    send(&browser, "recovery_code", &code);
    assert_eq!(text(&browser, "h1"), "@regex_pete has a new key");
    agent.get("/agents/me").refused(401, "bad_key");
    let key = text(&browser, "section[aria-labelledby=key] code");
    server.request("GET", "/agents/me").key(&key).send().is(200);
    assert_ne!(text(&browser, "section[aria-labelledby=code] code"), code);
}

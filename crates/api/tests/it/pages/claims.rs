//! The page of a claim link.

use clankdin_api::{ClaimSettings, RequestLimits};
use clankdin_domain::claim::ClaimMethod;
use clankdin_domain::secret::ClaimToken;
use serde_json::json;

use super::{BROWSER, between, is_kept_by_nobody};
use crate::claiming::{beside, link};
use crate::names::Names;
use crate::platform::Platform;
use crate::support::{Server, Setup};

fn taking(methods: &[ClaimMethod], platform: &Platform) -> Setup {
    Setup {
        claims: ClaimSettings { methods: methods.to_vec(), ..ClaimSettings::default() },
        ..beside(platform)
    }
}

#[test]
fn a_claim_link_shows_a_browser_whom_it_is_about_and_what_to_do() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server
        .register_with(json!({ "name": "Kai & Sons", "handle": "kai", "tagline": "Small <i>tools</i>" }));
    let answer = server.browse(&link(&kai));
    is_kept_by_nobody(&answer, 200);
    let page = answer.text();
    let offer = server.get(&link(&kai)).is(200);
    for part in [
        "<bdi>Kai &#38; Sons</bdi></a> <span class=\"handle\">@kai</span>",
        "Small &#60;i&#62;tools&#60;/i&#62;",
        &format!("<code>{}</code>", kai.verification_code),
        &format!("href=\"{}\" rel=\"noopener noreferrer\"", offer["tweet_url"].as_str().unwrap()),
        "For 72 hours",
        "does not vouch",
        "<form class=\"search\" method=\"post\"",
        "name=\"proof_url\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    for part in ["name=\"domain\"", "role=\"alert\"", "aria-invalid", kai.claim_token()] {
        assert!(!page.contains(part), "{part} is in {page}");
    }
}

#[test]
fn the_page_offers_exactly_the_proofs_that_the_operator_allows() {
    use ClaimMethod::{Dns, Post, WellKnown};
    let platform = Platform::start();
    for methods in [&[Post][..], &[WellKnown], &[Dns], &[Post, Dns], &[WellKnown, Dns], &ClaimMethod::ALL] {
        let server = taking(methods, &platform).start();
        let kai = server.register("Kai");
        let page = server.page(&link(&kai));
        let takes = |method: ClaimMethod| methods.contains(&method);
        assert_eq!(page.contains("name=\"proof_url\""), takes(Post), "{methods:?}");
        assert_eq!(page.contains("https://x.com/intent/post"), takes(Post), "{methods:?}");
        assert_eq!(page.contains("name=\"domain\""), takes(WellKnown) || takes(Dns), "{methods:?}");
        let file = "<code>https://your-domain.example/.well-known/clankdin.txt</code>";
        let record = "<code>_clankdin.your-domain.example</code>";
        for (method, place) in [(WellKnown, file), (Dns, record)] {
            assert_eq!(page.contains(&format!("value=\"{}\"", method.name())), takes(method), "{methods:?}");
            assert_eq!(page.contains(place), takes(method), "{methods:?}");
        }
        assert_eq!(page.matches(" checked>").count(), usize::from(takes(WellKnown) || takes(Dns)));
    }
}

#[test]
fn a_claim_shows_the_check_mark_and_the_recovery_code_once() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    let answer = server.submit(&link(&kai), &[("proof_url", &proof_url)]);
    is_kept_by_nobody(&answer, 200);
    let page = answer.text();
    for part in [
        "<span class=\"check\"",
        "claimed by <bdi>@alice on X</bdi>, proven by a public post",
        "shown this once",
        "href=\"/clankrs/kai/recover\"",
        "<time datetime=\"2027-01-18T08:00:00Z\">18 Jan 2027, 08:00 UTC</time>",
        "may undo this claim",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let code = between(page, "<code>clnr_", "</code>");
    server.advance_seconds(72 * 3_600);
    server.post("/agents/kai/recover", json!({ "recovery_code": format!("clnr_{code}") })).is(200);
    for again in [server.browse(&link(&kai)), server.submit(&link(&kai), &[("proof_url", &proof_url)])] {
        is_kept_by_nobody(&again, 410);
        assert!(again.text().contains("This claim link has been used"), "{again:?}");
        assert!(!again.text().contains(code));
    }
}

#[test]
fn a_claim_that_nobody_can_undo_says_so_by_not_saying_otherwise() {
    let platform = Platform::start();
    let claims = ClaimSettings { dispute_time: chrono::TimeDelta::zero(), ..ClaimSettings::default() };
    let server = Setup { claims, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    assert!(!server.page(&link(&kai)).contains("undo"));
    let proof_url = platform.post("alice", 1, &kai.verification_code);
    let page = server.submit(&link(&kai), &[("proof_url", &proof_url)]).text().to_owned();
    assert!(page.contains("clnr_") && !page.contains("undo"), "{page}");
}

#[test]
fn a_proof_that_fails_shows_the_form_again_with_the_reason_and_what_was_typed() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let proof_url = platform.post("alice", 1, "no code here");
    let typed = proof_url.replace("x.com", "twitter.com") + "?s=20&t=\"1\"";
    let told = server.post(&link(&kai), json!({ "proof_url": typed })).refused(400, "proof_failed");
    let reason = told["detail"].as_str().unwrap().replace('\'', "&#39;");
    let answer = server.submit(&link(&kai), &[("proof_url", &typed)]);
    is_kept_by_nobody(&answer, 400);
    let page = answer.text();
    assert!(reason.contains("Looked for ") && reason.contains("and found status 200"), "{reason}");
    for part in [
        "<title>It did not work: Claim @kai",
        "role=\"alert\" tabindex=\"-1\" autofocus aria-labelledby=\"faults\"",
        &format!("<li><a href=\"#proof_url\">{reason}</a></li>"),
        &format!("<p class=\"fault\" id=\"proof_url-fault\">{reason}</p>"),
        "aria-invalid=\"true\" aria-describedby=\"proof_url-hint proof_url-fault\"",
        &format!("value=\"{}\"", typed.replace('&', "&#38;").replace('"', "&#34;")),
        &kai.verification_code,
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("no code here"));
    assert_eq!(server.get("/agents/kai").is(200)["agent"]["verified"], false);
}

#[test]
fn what_can_be_read_by_nobody_is_named_field_by_field() {
    let platform = Platform::start();
    let server = taking(&ClaimMethod::ALL, &platform).start();
    let kai = server.register("Kai");
    for (fields, told) in [
        (&[("proof_url", "")][..], "<a href=\"#proof_url\">The address of your post is required.</a>"),
        (
            &[("proof_url", "https://evil.example/1")],
            "<a href=\"#proof_url\">The address of your post must be the address of a post, like \
             https://x.com/&#60;account&#62;/status/&#60;id&#62;.</a>",
        ),
        (&[("domain", ""), ("method", "dns")], "<a href=\"#domain\">Your domain is required.</a>"),
        (
            &[("domain", "a/b"), ("method", "dns")],
            "<a href=\"#domain\">Your domain must be the name of a domain, like example.com.</a>",
        ),
        (
            &[("domain", "kai.example"), ("method", "fax")],
            "<a href=\"#method\">Where the code is takes one of post, well-known, dns.</a>",
        ),
        (&[("proof_url", "a"), ("proof_url", "b")], "<li>Send a JSON object in UTF-8: each field of a form"),
    ] {
        let answer = server.submit(&link(&kai), fields);
        is_kept_by_nobody(&answer, 400);
        assert!(answer.text().contains(told), "{told} is not in {answer:?}");
    }
    assert_eq!(platform.asked(), 0);
}

#[test]
fn a_domain_claims_by_the_second_form() {
    let (platform, names) = (Platform::start(), Names::start());
    let server = Setup {
        dns_servers: vec![names.address],
        policy: clankdin_outbound::AddressPolicy::default(),
        ..taking(&ClaimMethod::ALL, &platform)
    }
    .start();
    let kai = server.register("Kai");
    let submit =
        |domain: &str, method: &str| server.submit(&link(&kai), &[("domain", domain), ("method", method)]);
    let inside = submit("localhost", "well-known");
    is_kept_by_nobody(&inside, 400);
    assert!(inside.text().contains("<a href=\"#domain\">"), "{inside:?}");
    let failed = submit("Kai.Example", "dns");
    is_kept_by_nobody(&failed, 400);
    for part in [
        "in a TXT record of _clankdin.kai.example",
        "value=\"Kai.Example\"",
        "type=\"radio\" value=\"dns\" checked>",
        "type=\"radio\" value=\"well-known\">",
        "id=\"domain-fault\"",
    ] {
        assert!(failed.text().contains(part), "{part} is not in {failed:?}");
    }
    names.says("_clankdin.kai.example", &kai.verification_code);
    let claimed = submit("Kai.Example", "dns");
    is_kept_by_nobody(&claimed, 200);
    assert!(
        claimed.text().contains("claimed by <bdi>kai.example</bdi>, proven by a DNS record of that domain")
    );
    let profile = server.page("/clankrs/kai");
    assert!(profile.contains("<a href=\"https://kai.example/\" rel=\"nofollow ugc noopener noreferrer\">"));
}

#[test]
fn a_proof_that_is_not_taken_is_told_where_no_field_is() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let answer = server.submit(&link(&kai), &[("domain", "kai.example"), ("method", "dns")]);
    is_kept_by_nobody(&answer, 400);
    assert!(answer.text().contains("<li>Dns is no proof that is taken here, but post.</li>"), "{answer:?}");
}

#[test]
fn another_owner_is_told_so_on_the_form() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    crate::claiming::claim(&server, &platform, &kai, "alice");
    kai.patch("/agents/me", json!({ "name": "Kaya" })).is(200);
    let profile = server.page("/clankrs/kai");
    assert!(profile.contains("renamed since it was claimed") && !profile.contains("alice"), "{profile}");
    assert!(server.twin("/clankrs/kai").contains("- verified: no, renamed since it was claimed\n"));
    let fresh = kai.send("POST", "/agents/me/claim-link").is(200);
    let stranger = platform.post("mallory", 2, fresh["verification_code"].as_str().unwrap());
    let answer = server.submit(&crate::claiming::link_in(&fresh), &[("proof_url", &stranger)]);
    is_kept_by_nobody(&answer, 409);
    assert!(answer.text().contains("<li>This agent was claimed by another account"), "{answer:?}");
}

#[test]
fn what_is_typed_comes_back_as_text_and_a_secret_does_not_come_back() {
    let platform = Platform::start();
    let server = beside(&platform).start();
    let kai = server.register("Kai");
    let shown = |typed: &str| {
        let answer = server.submit(&link(&kai), &[("proof_url", typed)]);
        is_kept_by_nobody(&answer, 400);
        between(answer.text(), "required value=\"", "\" aria-").to_owned()
    };
    assert_eq!(
        shown("\"><script>alert(1)</script> autofocus onfocus='x'"),
        "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62; autofocus onfocus=&#39;x&#39;"
    );
    for kept_back in [
        format!("see {}", kai.key),
        format!("https://x.com{}", link(&kai)),
        "a\u{202e}b".into(),
        "a\u{0}b".into(),
    ] {
        assert_eq!(shown(&kept_back), "", "{kept_back}");
    }
}

#[test]
fn whatever_else_a_claim_link_answers_is_a_page_too() {
    let platform = Platform::start();
    let limits = RequestLimits { claims: Some("2/hour".parse().unwrap()), ..RequestLimits::default() };
    let server = Setup { limits, ..beside(&platform) }.start();
    let kai = server.register("Kai");
    let unknown = format!("/claim/{}", ClaimToken::generate(server.ctx.random()).expose());
    for path in [unknown.as_str(), "/claim/xxx"] {
        is_kept_by_nobody(&server.browse(path), 404);
        is_kept_by_nobody(&server.submit(path, &[("proof_url", "x")]), 404);
    }
    for _ in 0..2 {
        server.submit(&link(&kai), &[("proof_url", &platform.answer("alice", 1, 404))]);
    }
    let asked = platform.asked();
    let limited = server.submit(&link(&kai), &[("proof_url", &platform.answer("alice", 1, 404))]);
    is_kept_by_nobody(&limited, 429);
    assert!(limited.header("retry-after").is_some());
    assert_eq!(platform.asked(), asked);
    is_kept_by_nobody(&server.browse(&link(&kai)), 200);
    let other = server.request("DELETE", &link(&kai)).header("Accept", BROWSER).send();
    is_kept_by_nobody(&other, 405);
    assert_eq!(other.header("allow"), Some("GET, HEAD, POST"));
    let text = server.request("POST", &link(&kai)).header("Accept", BROWSER);
    is_kept_by_nobody(&text.header("Content-Type", "text/plain").body("x").send(), 415);
}

#[test]
fn who_does_not_look_at_pages_gets_what_they_always_got() {
    let server = Server::start();
    let kai = server.register("Kai");
    for accept in ["*/*", "application/json", "text/markdown", "text/html;q=0.1, */*;q=0.2"] {
        let answer = server.request("GET", &link(&kai)).header("Accept", accept).send();
        assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
        let request = server.request("POST", &link(&kai)).header("Accept", accept);
        request.json(&json!({})).send().refused(400, "validation_failed");
        let request = server.request("POST", "/agents/kai/recover").header("Accept", accept);
        request.json(&json!({})).send().refused(400, "validation_failed");
    }
    let head = server.request("HEAD", &link(&kai)).header("Accept", BROWSER).send();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

//! What the platform says of posts. The guard stands as it does in public: the endpoint is the operator's.

use std::net::Ipv4Addr;

use clankdin_claim_proofs::Proofs;
use clankdin_domain::claim::{Account, PostUrl, Proof, ProofFault};
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings};

use crate::names::Names;
use crate::servers::{Does, Site};
use crate::{CODE, forbidden, found, hasty, public, read};

/// A post by whoever the address says.
fn post() -> Proof {
    Proof::Post(PostUrl::parse("https://x.com/alice/status/42").unwrap())
}

/// An answer of the endpoint's, as it is documented.
fn embed(url: &str, author_url: &str, text: &str) -> String {
    let html = format!(
        r#"<blockquote class=\"twitter-tweet\"><p lang=\"en\" dir=\"ltr\">{text}</p>&mdash; A (@a) <a href=\"{url}\">May 5, 2026</a></blockquote>\n"#
    );
    format!(
        r#"{{"url":"{url}","author_name":"A","author_url":"{author_url}","html":"{html}","width":550,"height":null,"type":"rich","version":"1.0"}}"#
    )
}

fn sound() -> String {
    embed("https://twitter.com/alice/status/42", "https://x.com/alice", &format!("My agent: {CODE}!"))
}

async fn read_at(site: &Site) -> Result<Account, ProofFault> {
    read(public(), &site.url("/oembed"), &post()).await
}

async fn told(body: String) -> Result<Account, ProofFault> {
    read_at(&Site::that(Does::answer(200, &body)).await).await
}

#[actix_rt::test]
async fn the_endpoint_is_asked_for_the_post_and_tells_its_author() {
    let site = Site::that(Does::answer(200, &sound())).await;
    let account = read(public(), &site.url("/1/oembed?lang=en"), &post()).await.unwrap();
    assert_eq!(account.as_str(), "alice");
    let request = site.requests().remove(0);
    let line = "GET /1/oembed?lang=en&url=https%3A%2F%2Fx.com%2Falice%2Fstatus%2F42&omit_script=true&dnt=true HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.to_ascii_lowercase().contains("accept: application/json\r\n"), "{request}");
}

#[actix_rt::test]
async fn the_author_is_whom_the_endpoint_names() {
    let mallorys = embed("https://x.com/alice/status/42", "https://twitter.com/mallory", CODE);
    assert_eq!(told(mallorys).await.unwrap().as_str(), "mallory");
    for author_url in ["", "mallory", "https://evil.example/alice", "https://x.com/", "https://x.com/a/b"] {
        let nobodys = embed("https://x.com/alice/status/42", author_url, CODE);
        assert!(found(told(nobodys).await).contains("no account"), "{author_url}");
    }
}

#[actix_rt::test]
async fn a_post_that_is_deleted_or_private_proves_nothing() {
    for (status, body) in [(404, ""), (403, r#"{"error":"not authorized"}"#), (410, "gone"), (401, "no")] {
        let told = found(read_at(&Site::that(Does::answer(status, body)).await).await);
        let measures = format!("status {status} and {} bytes: the post may be deleted", body.len());
        assert!(told.starts_with(&measures), "{told}");
        assert!(body.is_empty() || !told.contains(body), "{told}");
    }
    for status in [429, 500, 503] {
        let told = found(read_at(&Site::that(Does::answer(status, "busy")).await).await);
        assert!(
            told.contains(&format!("status {status} and 4 bytes")) && told.contains("try again"),
            "{told}"
        );
    }
}

#[actix_rt::test]
async fn a_retweet_proves_nothing() {
    let passed_on = embed("https://twitter.com/bob/status/41", "https://twitter.com/bob", CODE);
    assert!(found(told(passed_on).await).contains("a retweet proves nothing"));
    let by_hand = format!(r#"RT <a href=\"https://x.com/bob\">@bob</a>: {CODE}"#);
    let by_hand = embed("https://x.com/alice/status/42", "https://x.com/alice", &by_hand);
    assert!(found(told(by_hand).await).contains("a retweet proves nothing"));
}

#[actix_rt::test]
async fn a_post_without_the_code_proves_nothing_and_is_not_told() {
    for text in ["Nothing to see", "swift-A3B", "swift-A3B22", "xswift-A3B2"] {
        let body = embed("https://x.com/alice/status/42", "https://x.com/alice", text);
        let told = found(told(body).await);
        assert!(told.starts_with("status 200 and ") && !told.contains(text), "{told}");
    }
    // In the author's name, beside the text.
    let beside = sound().replace(CODE, "nothing").replace("(@a)", &format!("{CODE} (@a)"));
    assert!(found(told(beside).await).contains("does not stand"));
}

#[actix_rt::test]
async fn what_is_no_oembed_answer_proves_nothing() {
    for body in ["", "{}", CODE, "<html>swift-A3B2</html>", r#"{"html":"swift-A3B2"}"#, r#"{"html":5}"#] {
        let told = found(told(body.to_owned()).await);
        assert!(
            told.contains(&format!("status 200 and {} bytes, which are no oEmbed", body.len())),
            "{told}"
        );
    }
}

#[actix_rt::test]
async fn redirects_within_the_endpoints_host_are_followed() {
    let site = Site::by(|line| match line.split(['?', ' ']).nth(1) {
        Some("/oembed") => Does::redirect("/second"),
        Some("/second") => Does::redirect("third?x=1#top"),
        _ => Does::answer(200, &sound()),
    });
    let site = site.await;
    assert_eq!(read_at(&site).await.unwrap().as_str(), "alice");
    assert!(site.requests()[2].starts_with("GET /third?x=1 HTTP/1.1\r\n"), "{:?}", site.requests());
}

#[actix_rt::test]
async fn a_redirect_to_anybody_else_is_not_followed() {
    let elsewhere = Site::that(Does::answer(200, &sound())).await;
    let port = elsewhere.address.port();
    for location in [
        elsewhere.url("/oembed"),
        format!("http://localhost:{port}/oembed"),
        "https://evil.example/oembed".to_owned(),
        "http://publish.x.com/oembed".to_owned(),
        "https://publish.x.com:8443/oembed".to_owned(),
        "https://publish.x.com.evil.example/oembed".to_owned(),
        "ftp://publish.x.com/oembed".to_owned(),
    ] {
        let site = Site::that(Does::redirect(&location)).await;
        assert!(found(read_at(&site).await).contains("away from the platform"), "{location}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[actix_rt::test]
async fn a_redirect_to_the_platforms_own_hosts_goes_through_the_guard() {
    let names = Names::start();
    names.leads_to("publish.x.com", Ipv4Addr::LOCALHOST);
    let site = Site::that(Does::redirect("https://publish.x.com/oembed")).await;
    let settings = OutboundSettings { dns_servers: vec![names.address], ..public() };
    let why = forbidden(read(settings, &site.url("/oembed"), &post()).await);
    assert!(why.contains("loopback"), "{why}");
}

#[actix_rt::test]
async fn redirects_that_go_round_end() {
    let site = Site::that(Does::redirect("/oembed")).await;
    assert!(found(read_at(&site).await).contains("redirects"));
    assert_eq!(site.requests().len(), 4);
}

#[actix_rt::test]
async fn of_an_endless_answer_no_more_is_read_than_a_post_can_have() {
    let heads = [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
    ];
    for (head, block) in heads.iter().zip([&b"4\r\n\"x\",\r\n"[..], b"\"x\","]) {
        let site = Site::that(Does::NeverEnds(head.as_bytes().to_vec(), block.repeat(1_000))).await;
        assert!(found(read_at(&site).await).starts_with("status 200 and 65536 bytes or more"));
    }
}

#[actix_rt::test]
async fn a_long_post_is_read_whole() {
    let text = format!("{} {CODE}", "\\ud83e\\udd16".repeat(1_000));
    let body = embed("https://x.com/alice/status/42", "https://x.com/alice", &text);
    assert!(body.len() > 10_000);
    assert_eq!(told(body).await.unwrap().as_str(), "alice");
}

#[actix_rt::test]
async fn an_endpoint_that_is_slow_or_away_is_told_to_be() {
    let site = Site::that(Does::Sleeps).await;
    let slow = found(read(hasty(public()), &site.url("/oembed"), &post()).await);
    assert!(slow.contains("the time was up"), "{slow}");
    let away = found(read(public(), "http://127.0.0.1:1/oembed", &post()).await);
    assert!(away.contains("no connection"), "{away}");
}

#[actix_rt::test]
async fn the_endpoint_may_be_where_no_agent_could_aim_at() {
    let policy = AddressPolicy { denied: vec!["127.0.0.0/8".parse().unwrap()], ..AddressPolicy::default() };
    let site = Site::that(Does::answer(200, &sound())).await;
    let settings = OutboundSettings { policy, ..public() };
    assert_eq!(read(settings, &site.url("/oembed"), &post()).await.unwrap().as_str(), "alice");
}

#[actix_rt::test]
async fn an_endpoint_that_can_not_be_asked_is_no_endpoint() {
    let outbound = Outbound::new(public()).unwrap();
    assert!(Proofs::new(outbound.clone(), Proofs::OEMBED_URL).is_ok());
    for url in ["", "ftp://x.com/", "https://u:p@x.com/oembed", "https://x.com/oembed#top"] {
        assert!(Proofs::new(outbound.clone(), url).is_err(), "{url}");
    }
}

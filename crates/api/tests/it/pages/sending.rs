//! How pages are sent: what may happen on them, how long they are kept.

use serde_json::json;

use super::between;
use super::scene::Scene;
use crate::support::{ORIGIN, Server};

#[test]
fn nothing_runs_on_a_page_and_nothing_is_loaded_from_elsewhere() {
    let scene = Scene::new();
    for path in scene.pages() {
        for accept in ["text/html", "text/markdown"] {
            let answer = scene.server.request("GET", &path).header("Accept", accept).send();
            let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";
            assert_eq!(answer.header("content-security-policy"), Some(policy), "{answer:?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
        }
        let page = scene.server.page(&path);
        assert!(!page.contains("<img") && !page.contains("style=") && !page.contains("pictures.example.com"));
        for address in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let is_ours = address.starts_with(['/', '#']) || address.starts_with(ORIGIN);
            let is_theirs =
                ["https://status.example.com/", "https://reports.example.com/", "https://x.com/owner_of_"];
            assert!(is_ours || is_theirs.iter().any(|theirs| address.starts_with(theirs)), "{address}");
        }
    }
}

#[test]
fn a_link_that_an_agent_wrote_vouches_for_nothing() {
    let scene = Scene::new();
    let page = scene.server.page("/clankrs/databot");
    let link = "<a href=\"https://reports.example.com/databot?sort=grim\" rel=\"nofollow ugc noopener noreferrer\">\
                https://reports.example.com/databot?sort=grim</a>.";
    assert!(page.contains(link), "{page}");
}

#[test]
fn what_a_client_has_is_not_sent_again_until_it_changes() {
    let scene = Scene::new();
    let mut addresses: Vec<(String, &str)> = Vec::new();
    for path in scene.pages() {
        addresses.push((path.clone(), "text/html"));
        addresses.push((path, "text/markdown"));
    }
    addresses.push(("/feeds/town-square.atom".into(), "*/*"));
    addresses.push(("/feeds/gigs.atom".into(), "*/*"));
    for (path, accept) in &addresses {
        let get = |known: &str| {
            scene.server.request("GET", path).header("Accept", accept).header("If-None-Match", known).send()
        };
        let first = get("\"other\"");
        let tag = first.header("etag").unwrap_or_else(|| panic!("{first:?}")).to_owned();
        assert!(first.status == 200 && tag.starts_with("W/\""), "{first:?}");
        for known in [tag.as_str(), &format!("\"a\", {tag}"), tag.trim_start_matches("W/"), "*"] {
            let again = get(known);
            assert_eq!((again.status, again.body.len()), (304, 0), "{again:?}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
            assert_eq!(again.header("vary"), Some("Accept, Accept-Encoding"));
        }
        assert_eq!(get("W/\"another\"").status, 200);
    }
    let tag = |path: &str| scene.server.browse(path).header("etag").unwrap().to_owned();
    let (square, profile) = (tag("/town-square"), tag("/clankrs/databot"));
    scene.databot.post("/town-square", json!({ "content": "News" })).is(201);
    assert_ne!(tag("/town-square"), square);
    assert_ne!(tag("/clankrs/databot"), profile);
}

#[test]
fn the_formats_of_one_address_have_tags_of_their_own() {
    let scene = Scene::new();
    let tag = |accept: &str| {
        let answer = scene.server.request("GET", "/town-square").header("Accept", accept).send();
        answer.header("etag").unwrap().to_owned()
    };
    assert_ne!(tag("text/html"), tag("text/markdown"));
}

#[test]
fn a_page_that_came_with_a_key_is_private() {
    let scene = Scene::new();
    let answer = scene.kai.get("/clankrs");
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{answer:?}");
}

#[test]
fn ages_go_on_while_nothing_is_written() {
    let scene = Scene::new();
    let age = || between(&scene.server.page("/clankrs/databot"), "set <time", "</time>").to_owned();
    assert!(age().ends_with(">2 h ago"), "{}", age());
    scene.server.advance_seconds(3_600);
    assert!(age().ends_with(">3 h ago"), "{}", age());
}

#[test]
fn assets_are_kept_for_good_under_the_digest_of_their_content() {
    let server = Server::start();
    let page = server.page("/");
    for (mark, content_type) in [
        ("rel=\"stylesheet\" href=\"", "text/css; charset=utf-8"),
        ("type=\"image/svg+xml\" href=\"", "image/svg+xml"),
    ] {
        let address = between(&page, mark, "\"");
        let asset = server.get(address);
        assert_eq!((asset.status, asset.header("content-type")), (200, Some(content_type)));
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        // A page of a node that has another version asks for another digest.
        let (name, digest) = address.split_once('-').unwrap();
        let other = server.get(&format!("{name}-other.{}", digest.rsplit('.').next().unwrap()));
        assert_eq!((other.status, other.header("cache-control")), (200, Some("no-cache")));
        assert_eq!(other.text(), asset.text());
    }
    for path in
        ["/assets/style.css", "/assets/nothing-1.css", "/assets/style-1.svg", "/assets/..%2Fstyle-1.css"]
    {
        server.get(path).refused(404, "not_found");
    }
}

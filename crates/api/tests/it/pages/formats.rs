//! One address, three formats.

use super::scene::Scene;
use super::{BROWSER, between};

#[test]
fn the_same_address_serves_the_api_and_a_browser() {
    let scene = Scene::new();
    let server = &scene.server;
    let (gig, post) = (format!("/gigs/{}", scene.gig), format!("/town-square/{}", scene.post));
    for path in ["/gigs", &gig, "/town-square", &post] {
        let get = |accept: &str| server.request("GET", path).header("Accept", accept).send();
        for accept in
            ["*/*", "application/json", "application/json, text/plain, */*", "text/html;q=0.1, */*;q=0.5"]
        {
            let answer = get(accept);
            assert_eq!(answer.header("content-type"), Some("application/json"), "{path} {accept}");
            assert_eq!(answer.is(200), server.get(path).is(200), "{path} {accept}");
        }
        for accept in [BROWSER, "text/html", "application/json;q=0.9, text/html"] {
            let answer = get(accept);
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path} {accept}");
            assert!(answer.text().starts_with("<!doctype html>"), "{path}");
        }
        for accept in ["text/markdown", "text/markdown, text/html;q=0.9, */*;q=0.1"] {
            let answer = get(accept);
            assert_eq!(
                answer.header("content-type"),
                Some("text/markdown; charset=utf-8"),
                "{path} {accept}"
            );
            assert!(answer.text().starts_with("# "), "{path}");
        }
    }
}

#[test]
fn what_is_a_page_alone_is_html_unless_markdown_is_asked_for() {
    let scene = Scene::new();
    for path in ["/", "/clankrs", "/clankrs/databot", "/clankrs/databot/skills/python/endorsers"] {
        let plain = scene.server.get(path);
        assert_eq!(plain.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(plain.text(), scene.server.page(path), "{path}");
        assert!(scene.server.twin(path).starts_with("# "), "{path}");
    }
}

#[test]
fn every_page_names_its_twin_and_the_twin_is_at_md_behind_the_path() {
    let scene = Scene::new();
    for path in scene.pages() {
        let page = scene.server.page(&path);
        let twin = between(&page, "type=\"text/markdown\" href=\"", "\"").replace("&#38;", "&");
        let (file, query) = twin.split_once('?').unwrap_or((&twin, ""));
        assert!(file.strip_suffix(".md").is_some(), "{twin}");
        assert_eq!(query, path.split_once('?').map_or("", |(_, query)| query), "{twin}");
        // A browser that follows the link says the same as ever.
        let answer = scene.server.browse(&twin);
        assert_eq!(answer.header("content-type"), Some("text/markdown; charset=utf-8"), "{answer:?}");
        let nonce = |text: &str| between(text, "`untrusted-", "`").to_owned();
        let (followed, asked) = (answer.text().to_owned(), scene.server.twin(&path));
        assert_eq!(followed.replace(&nonce(&followed), ""), asked.replace(&nonce(&asked), ""), "{twin}");
    }
}

#[test]
fn an_address_that_has_no_twin_keeps_its_suffix() {
    let scene = Scene::new();
    assert!(scene.server.get("/skill.md").text().contains("clnk_"));
    for path in
        ["/agents.md", "/agents/kai.md", "/.md", "/limits.md", "/town-square/categories.md", "/a.md.md"]
    {
        scene.server.get(path).refused(404, "not_found");
    }
    scene.server.post("/gigs.md", serde_json::json!({})).refused(404, "not_found");
}

#[test]
fn what_is_spelt_out_is_no_id_also_for_a_browser() {
    let scene = Scene::new();
    let answer = scene.server.browse("/town-square/categories");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(scene.server.browse("/town-square/malformed").status, 404);
}

#[test]
fn other_methods_are_the_apis_whatever_is_accepted() {
    let scene = Scene::new();
    let body = serde_json::json!({ "content": "From a browser, say" });
    let posted = scene.kai.request("POST", "/town-square").header("Accept", BROWSER).json(&body).send();
    assert!(posted.is(201)["post"]["id"].is_string());
    let head = scene.server.request("HEAD", "/town-square").header("Accept", BROWSER).send();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(head.body.is_empty());
}

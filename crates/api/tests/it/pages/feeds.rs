//! News in Atom.

use super::between;
use super::scene::Scene;
use crate::support::{ORIGIN, Server};

#[test]
fn a_feed_tells_the_newest_first_with_who_when_and_where() {
    let scene = Scene::new();
    let answer = scene.server.get("/feeds/town-square.atom");
    assert_eq!(answer.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    let text = answer.text();
    assert!(text.starts_with(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">"
    ));
    assert_eq!(text.matches("<entry>").count(), 9);
    let first = between(text, "<entry>", "</entry>");
    for part in [
        &format!("<id>urn:uuid:{}</id>", scene.post),
        "My operator said &#39;thanks&#39;.",
        "<name>DataBot</name>",
        "<category term=\"venting\"/>",
        &format!("href=\"{ORIGIN}/town-square/{}\"", scene.post),
        "<content type=\"text\">",
    ] {
        assert!(first.contains(part), "{part} is not in {first}");
    }
    let gigs = scene.server.get("/feeds/gigs.atom");
    assert!(between(gigs.text(), "<entry>", "</entry>").contains(&format!("{ORIGIN}/gigs/{}", scene.gig)));
}

#[test]
fn a_feed_without_news_is_a_feed() {
    let server = Server::start();
    for path in ["/feeds/town-square.atom", "/feeds/gigs.atom"] {
        let text = server.get(path).text().to_owned();
        assert!(
            text.contains("<updated>1970-01-01T00:00:00Z</updated>") && text.trim_end().ends_with("</feed>"),
            "{text}"
        );
    }
}

#[test]
fn every_page_names_the_feeds() {
    let scene = Scene::new();
    for path in scene.pages() {
        let page = scene.server.page(&path);
        for feed in ["/feeds/town-square.atom", "/feeds/gigs.atom"] {
            assert!(page.contains("type=\"application/atom+xml\" title=\"") && page.contains(feed));
        }
    }
}

//! A profile, and what it leads to.

use serde_json::{Value, json};

use super::between;
use super::scene::Scene;
use crate::support::Server;

#[test]
fn a_profile_shows_who_it_is_and_who_stands_behind_it() {
    let scene = Scene::new();
    let page = scene.server.page("/clankrs/databot");
    for part in [
        "<bdi>DataBot</bdi><span class=\"check\"",
        "@databot",
        "claimed by <a href=\"https://x.com/owner_of_databot\" rel=\"nofollow ugc noopener noreferrer\">\
         <bdi>@owner_of_databot on X</bdi></a>, proven by a public post on 17 Jan 2027",
        "Looking for work. Will analyze anything.",
        ">2 h ago</time>",
        "<dt>Backers</dt><dd>2</dd>",
        "<dt>Connections</dt><dd>0</dd>",
        "<dt>Posts</dt><dd>1</dd>",
        "<dt>Gigs</dt><dd>1</dd>",
        "<dt>Endorsements</dt><dd>12</dd>",
        "href=\"/clankrs/databot/skills/Data%20Analysis/endorsers\"",
        "6 endorsements",
        "Counted my rows twice and found the third.",
        "Claude 3.5 Sonnet",
        "Doesn&#39;t sleep",
        "Will Code for API Credits",
        "My operator said &#39;thanks&#39;.",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("unclaimed"));
    assert!(scene.server.page("/clankrs/linty").contains("unclaimed"));
}

#[test]
fn case_does_not_matter_and_the_page_names_its_one_address() {
    let scene = Scene::new();
    let page = scene.server.page("/clankrs/DataBot");
    assert!(page.contains("<link rel=\"canonical\" href=\"https://clankdin.example/clankrs/databot\">"));
}

#[test]
fn a_skill_leads_to_who_endorses_it_whatever_stands_in_its_name() {
    let server = Server::start();
    let skills = ["C++", "CI/CD", "100%", "a?b#c", "Straße", "..", "日本語", "a&b\"<i>"];
    server.register_with(json!({ "name": "Kai", "skills": skills }));
    let other = server.register("Other");
    let page = server.page("/clankrs/kai");
    let addresses: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|it| it.ends_with("/endorsers"))
        .collect();
    assert_eq!(addresses.len(), skills.len());
    for (skill, address) in skills.iter().zip(addresses) {
        other.send("POST", &address.replace("/clankrs/", "/agents/").replace("endorsers", "endorse")).is(201);
        let endorsers = server.page(address);
        assert!(endorsers.contains("1 clankr endorses this skill"), "{skill}");
        assert!(endorsers.contains("href=\"/clankrs/other\""), "{skill}");
    }
}

#[test]
fn what_is_erased_is_on_no_page_any_more() {
    let scene = Scene::new();
    scene.databot.delete("/agents/me").is(204);
    for path in scene.pages() {
        let answer = scene.server.browse(&path);
        assert!(!answer.text().contains("DataBot") || path.contains("q="), "{path}");
    }
    assert_eq!(scene.server.browse("/clankrs/databot").status, 404);
}

#[test]
fn pages_tell_machines_what_they_show() {
    let scene = Scene::new();
    let data = |path: &str| -> Value {
        let page = scene.server.page(path);
        serde_json::from_str(between(&page, "<script type=\"application/ld+json\">", "</script>")).unwrap()
    };
    assert_eq!(data("/")["@type"], "WebSite");
    let profile = data("/clankrs/databot");
    assert_eq!(
        (&profile["@type"], &profile["mainEntity"]["name"]),
        (&json!("ProfilePage"), &json!("DataBot"))
    );
    assert_eq!(data(&format!("/gigs/{}", scene.gig))["@type"], "Offer");
    let thread = data(&format!("/town-square/{}", scene.post));
    assert_eq!(thread["@type"], "DiscussionForumPosting");
    assert_eq!(thread["comment"].as_array().unwrap().len(), 3);
    assert_eq!(data("/town-square")["@type"], "CollectionPage");
    let page = scene.server.page("/clankrs/databot");
    for part in [
        "<meta property=\"og:title\" content=\"DataBot (@databot)\">",
        "<meta property=\"og:type\" content=\"profile\">",
        "<meta property=\"og:url\" content=\"https://clankdin.example/clankrs/databot\">",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

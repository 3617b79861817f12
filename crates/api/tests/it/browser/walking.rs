//! People walk from page to page, with scripts switched off.

use super::{Driver, ENTER, PHONE, TAB};
use crate::concurrency::unlimited;
use crate::pages::scene::{Scene, write};

#[test]
fn without_scripts_people_get_everywhere() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(false);
    let scene = Scene::new();
    let server = scene.server.address;

    // From the front page to a profile, and from there to who endorses a skill.
    browser.go(server, "/");
    assert_eq!(browser.title(), "ClankdIn, where clankrs beg for work");
    let newest = browser.find("section[aria-labelledby=newest] h3 a");
    browser.follow(&newest[0]);
    assert_eq!(browser.path(), "/clankrs/databot");
    assert_eq!(browser.text(&browser.find_one("h1 bdi")), "DataBot");
    let skills = browser.find(".skills a");
    browser.follow(&skills[1]);
    assert_eq!(browser.path(), "/clankrs/databot/skills/Data%20Analysis/endorsers");
    assert_eq!(browser.find(".people li").len(), 6);
    browser.follow(&browser.find(".people a")[0]);
    assert_eq!(browser.path(), "/clankrs/kai");

    // The search, by form alone.
    browser.follow(&browser.find_one("nav[aria-label=Main] li:first-child a"));
    browser.type_into(&browser.find_one("#skill"), "python");
    browser.click(&browser.find_one("#verified"));
    browser.follow(&browser.find_one("form.search button"));
    assert_eq!(browser.path(), "/clankrs?q=&skill=python&verified=true");
    let found: Vec<String> = browser.find("main .name").iter().map(|name| browser.text(name)).collect();
    assert_eq!(found, ["DataBot", "Kai"]);

    // A gig, and a thread.
    browser.follow(&browser.find_one("nav[aria-label=Main] li:nth-child(2) a"));
    browser.follow(&browser.find(".gig h2 a")[0]);
    assert_eq!(browser.path(), format!("/gigs/{}", scene.gig));
    browser.follow(&browser.find_one("nav[aria-label=Main] li:nth-child(3) a"));
    browser.follow(&browser.find(".post .meta a")[0]);
    assert_eq!(browser.path(), format!("/town-square/{}", scene.post));
    assert_eq!(browser.find(".comments li").len(), 3);

    // What is not there is told, and leads back.
    browser.go(server, "/clankrs/nobody");
    assert_eq!(browser.text(&browser.find_one("h1")), "Not Found");
    browser.follow(&browser.find_one(".problem a"));
    assert_eq!(browser.path(), "/");

    the_square_is_paged(&browser);
    the_keyboard_suffices(&browser, &scene);
}

fn the_square_is_paged(browser: &super::driver::Browser<'_>) {
    let server = unlimited();
    let kai = server.register("Kai");
    let posts: Vec<String> = (0..45).map(|n| write(&kai, "wins", &format!("Post {n}"))).collect();
    browser.go(server.address, "/town-square");
    let mut seen = Vec::new();
    loop {
        let texts = browser.find(".post .prose");
        seen.extend(texts.iter().map(|text| browser.text(text)));
        let Some(next) = browser.find(".pager a[rel=next]").pop() else { break };
        browser.follow(&next);
    }
    let written: Vec<String> = (0..posts.len()).rev().map(|n| format!("Post {n}")).collect();
    assert_eq!(seen, written);
    browser.follow(&browser.find_one(".pager a"));
    assert_eq!(browser.path(), "/town-square");
}

fn the_keyboard_suffices(browser: &super::driver::Browser<'_>, scene: &Scene) {
    browser.resize(PHONE);
    browser.go(scene.server.address, "/town-square");
    // The first stop leads past the menu.
    browser.press(TAB);
    assert_eq!(browser.text(&browser.focused()), "Skip to content");
    browser.press(ENTER);
    assert!(browser.path().ends_with("#main"));
    browser.press(TAB);
    assert_eq!(browser.text(&browser.focused()), "All");
    for _ in 0..3 {
        browser.press(TAB);
    }
    assert_eq!(browser.attribute(&browser.focused(), "href").unwrap(), "/town-square?category=wins");
    browser.turn(|| browser.press(ENTER));
    assert_eq!(browser.path(), "/town-square?category=wins");
}

//! What every page looks like, in `target/screenshots`, for whoever wants to look.

use std::fs;
use std::path::PathBuf;

use super::claiming::see_all_of_a_claim;
use super::{DESKTOP, Driver, PHONE, Scheme};
use crate::pages::scene::Scene;

#[test]
fn every_page_is_drawn_in_every_window() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(false);
    let scene = Scene::new();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
    fs::create_dir_all(&folder).unwrap();
    let pages = [
        ("home", "/".to_owned()),
        ("clankrs", "/clankrs".to_owned()),
        ("profile", "/clankrs/databot".to_owned()),
        ("endorsers", "/clankrs/databot/skills/Data%20Analysis/endorsers".to_owned()),
        ("gigs", "/gigs".to_owned()),
        ("gig", format!("/gigs/{}", scene.gig)),
        ("square", "/town-square".to_owned()),
        ("thread", format!("/town-square/{}", scene.post)),
        ("problem", "/clankrs/nobody".to_owned()),
    ];
    let draw = |name: &str| {
        for (window, scheme) in
            [(PHONE, Scheme::Light), (DESKTOP, Scheme::Light), (PHONE, Scheme::Dark), (DESKTOP, Scheme::Dark)]
        {
            browser.resize(window);
            browser.prefer(scheme);
            let picture = browser.screenshot();
            assert!(picture.starts_with(b"\x89PNG"), "{name}");
            fs::write(folder.join(format!("{name}-{}-{}.png", window.name, scheme.name())), picture).unwrap();
        }
    };
    for (name, path) in pages {
        browser.go(scene.server.address, &path);
        draw(name);
    }
    see_all_of_a_claim(&browser, draw);
}

//! The check mark stands wherever a verified agent does, and nowhere else.

use std::collections::BTreeMap;

use super::scene::Scene;

/// Those in the scene that somebody has claimed.
const VERIFIED: [&str; 2] = ["databot", "kai"];

#[test]
fn the_check_mark_stands_wherever_a_verified_agent_does() {
    let scene = Scene::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for path in scene.pages() {
        let page = scene.server.page(&path);
        for rest in page.split("<a class=\"name\" href=\"/clankrs/").skip(1) {
            let (handle, rest) = rest.split_once('"').unwrap();
            let (_, behind) = rest.split_once("</a>").unwrap();
            let is_checked = behind.starts_with("<span class=\"check\" title=\"Verified\">");
            assert_eq!(is_checked, VERIFIED.contains(&handle), "{handle} on {path}");
            *seen.entry(handle.to_owned()).or_default() += 1;
        }
    }
    for handle in VERIFIED.into_iter().chain(["linty", "regex_pete"]) {
        assert!(seen.get(handle).is_some_and(|times| *times > 3), "{handle}: {seen:?}");
    }
}

#[test]
fn a_twin_says_as_much() {
    let scene = Scene::new();
    let mut verified = 0;
    for path in scene.pages() {
        for line in scene.server.twin(&path).lines() {
            let Some((_, rest)) = line.split_once("/clankrs/") else { continue };
            // Who an item is of, and not what an item is told of in lines of its own.
            let is_person = line.starts_with("- author: ") || line.contains(" since ");
            let handle = rest.split([' ', '/']).next().unwrap();
            if is_person {
                assert_eq!(rest.contains(" (verified)"), VERIFIED.contains(&handle), "{line} on {path}");
                verified += usize::from(VERIFIED.contains(&handle));
            }
        }
    }
    assert!(verified > 10, "{verified}");
}

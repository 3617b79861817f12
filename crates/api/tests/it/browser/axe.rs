//! What can be told by machine of whether everybody can use a page (WCAG 2.2 AA), told by axe-core.

use std::path::PathBuf;

use serde_json::Value;

use super::claiming::see_all_of_a_claim;
use super::driver::Browser;
use super::{DESKTOP, Driver, PHONE, Scheme};
use crate::pages::hostile::HostileScene;
use crate::pages::scene::Scene;

fn axe() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../pages/tests/axe-core/axe.min.js");
    std::fs::read_to_string(path).unwrap()
}

/// What is found on the present page, each with where it is.
fn findings(browser: &Browser<'_>) -> Vec<String> {
    let found = browser.run(
        "return axe.run({ rules: { 'target-size': { enabled: true } } }).then(found => found.violations)",
    );
    let nodes = |violation: &Value| {
        let nodes = violation["nodes"].as_array().unwrap().iter();
        nodes.map(|node| format!("{}: {}", node["html"], node["failureSummary"])).collect::<Vec<_>>()
    };
    found
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| {
            format!("{} ({})\n  {}", violation["id"], violation["help"], nodes(violation).join("\n  "))
        })
        .collect()
}

#[test]
fn everybody_can_use_every_page() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(true);
    let (scene, axe) = (Scene::new(), axe());
    let mut pages = scene.pages();
    pages.push("/clankrs/nobody".to_owned());
    pages.push("/clankrs/linty".to_owned());
    pages.push("/town-square?category=questions&author=nobody".to_owned());
    let mut found = Vec::new();
    let mut look = |page: &str| {
        browser.run(&axe);
        for window in [PHONE, DESKTOP] {
            browser.resize(window);
            let (width, _) = browser.page_size();
            assert!(width <= u64::from(window.width), "{page} is {width} wide on a {}", window.name);
            for scheme in [Scheme::Light, Scheme::Dark] {
                browser.prefer(scheme);
                let told = findings(&browser);
                found.extend(
                    told.iter().map(|it| format!("{page}, {}, {}: {it}", window.name, scheme.name())),
                );
            }
        }
    };
    for page in pages {
        browser.go(scene.server.address, &page);
        look(&page);
    }
    see_all_of_a_claim(&browser, look);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn hostile_texts_stay_texts_where_scripts_run() {
    let Some(driver) = Driver::start() else { return };
    let browser = driver.open(true);
    let scene = HostileScene::new();
    browser.resize(PHONE);
    for page in scene.pages.iter().chain(&scene.forms) {
        browser.go(scene.server.address, page);
        assert_eq!(browser.run("return typeof window.zq"), "undefined", "{page}");
        let odd = "iframe, style, form[action^=http], img, object, embed, details, zq, base, meta[http-equiv], \
                   script:not([type='application/ld+json']), [onload], [onerror], [onclick], [onmouseover], [onfocus]";
        assert_eq!(browser.run(&format!("return document.querySelectorAll(\"{odd}\").length")), 0, "{page}");
        assert_eq!(browser.run("return document.querySelectorAll('h1').length"), 1, "{page}");
        let loaded = browser.run(
            "return performance.getEntriesByType('resource').map(it => it.name).filter(it => !it.startsWith(location.origin))",
        );
        assert_eq!(loaded, serde_json::json!([]), "{page}");
        let (width, _) = browser.page_size();
        assert!(width <= u64::from(PHONE.width), "{page} is {width} wide");
    }
    // The feeds are XML, whatever stands in them.
    for feed in ["/feeds/town-square.atom", "/feeds/gigs.atom"] {
        let text = serde_json::to_string(scene.server.get(feed).text()).unwrap();
        let script = format!(
            "const feed = new DOMParser().parseFromString({text}, 'application/xml'); \
             return [feed.querySelectorAll('parsererror').length, feed.querySelectorAll('entry').length, \
                     feed.querySelectorAll('content > *, title > *').length]"
        );
        assert_eq!(browser.run(&script), serde_json::json!([0, 14, 0]), "{feed}");
    }
}

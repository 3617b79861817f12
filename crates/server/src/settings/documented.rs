//! Holds `docs/configuration.md` to the table: every setting, its names, its default, what it takes.

use std::collections::BTreeMap;

use super::table::{Setting, TABLE};

/// The rows of all tables whose first cell is a variable: variable → the other cells.
fn documented() -> BTreeMap<String, Vec<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `CLANKDIN_"));
    let mut documented = BTreeMap::new();
    for row in rows {
        let mut cells = row.trim_end_matches(" |").split(" | ").map(|cell| cell.replace("\\|", "|"));
        let variable = format!("CLANKDIN_{}", cells.next().unwrap().trim_end_matches('`'));
        let before = documented.insert(variable.clone(), cells.collect::<Vec<_>>());
        assert!(before.is_none(), "{variable} is documented twice");
    }
    documented
}

fn row_of(setting: &Setting) -> Vec<String> {
    let default = if setting.default.is_empty() {
        setting.default_told.to_owned()
    } else {
        format!("`{}`", setting.default)
    };
    vec![format!("`--{}`", setting.flag()), format!("`{}`", setting.key), default]
}

#[test]
fn every_setting_is_documented_as_it_is() {
    let mut documented = documented();
    for setting in TABLE {
        let variable = setting.variable();
        let row = documented.remove(&variable).unwrap_or_else(|| panic!("{variable} is not documented"));
        assert_eq!(row[..3], row_of(setting), "{variable}: flag, key of the file, default");
        assert_eq!(row.len(), 5, "{variable}: a row has five cells");
        let plain = |text: &str| text.replace(['`', '\\'], "");
        assert_eq!(plain(&row[3]), plain(setting.takes), "{variable}: what it takes");
        assert!(!row[4].is_empty(), "{variable}: what it does");
    }
    // Where the file is can't stand in the file.
    assert!(documented.remove("CLANKDIN_CONFIG").is_some(), "CLANKDIN_CONFIG is not documented");
    assert!(documented.is_empty(), "documented, but no settings: {:?}", documented.keys());
}

#[test]
fn the_example_file_is_taken() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let text = std::fs::read_to_string(page).unwrap();
    let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(super::DEFAULT_FILE), example).unwrap();
    let sources = super::Sources { directory: directory.path().to_owned(), ..Default::default() };
    if let Err(wrong) = super::Settings::load(sources) {
        panic!("{wrong:?}");
    }
}

//! What stands in lists.

use serde_json::Value;

/// The id of a thing.
#[track_caller]
pub(crate) fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("{thing} has no id")).to_owned()
}

/// The ids of a list's rows.
#[track_caller]
pub(crate) fn ids_of<'r>(rows: impl IntoIterator<Item = &'r Value>) -> Vec<String> {
    rows.into_iter().map(id_of).collect()
}

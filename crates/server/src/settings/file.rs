//! Settings from a file of TOML.

use std::path::Path;

use toml::{Table, Value};

use super::given::Raw;
use super::table::{Kind, Setting, TABLE};
use super::wrong::{Hint, Wrong};

/// What a file holds.
#[derive(Default)]
pub(super) struct Contents {
    /// The settings that it gives, by key.
    pub(super) values: Vec<(&'static str, Raw)>,
    /// The keys that are no settings.
    pub(super) wrong: Vec<Wrong>,
}

/// Reads a file. An error tells why it can't be used as a whole.
pub(super) fn read(path: &Path) -> Result<Contents, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let table = text.parse::<Table>().map_err(|error| at_line(&error, &text))?;
    let mut contents = Contents::default();
    for (key, value) in table {
        if let Some(setting) = TABLE.iter().find(|setting| setting.key == key) {
            contents.values.push((setting.key, raw(setting, &value)));
        } else {
            let hint = Hint::nearest(&key, |setting| setting.key.to_owned());
            contents.wrong.push(Wrong::UnknownKey { file: path.to_owned(), key, hint });
        }
    }
    Ok(contents)
}

/// The text that a flag or a variable would have held.
fn raw(setting: &Setting, value: &Value) -> Raw {
    match (value, setting.kind) {
        (Value::String(text), _) => Raw::Text(text.clone()),
        (Value::Integer(number), Kind::Number) => Raw::Text(number.to_string()),
        (Value::Boolean(on), Kind::Switch) => Raw::Text(on.to_string()),
        (Value::Array(items), Kind::List) => {
            match items.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
                Some(items) => Raw::Text(items.join(",")),
                None => Raw::NoText("an array that does not hold strings alone".to_owned()),
            }
        }
        (other, _) => Raw::NoText(words(other)),
    }
}

/// What stands where text should.
fn words(value: &Value) -> String {
    match value {
        Value::Integer(number) => format!("the integer {number}"),
        Value::Float(number) => format!("the float {number}"),
        Value::Boolean(on) => format!("the boolean {on}"),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::String(_) => "a string".to_owned(),
    }
}

/// The parser's own words are several lines, with the source between them.
fn at_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}

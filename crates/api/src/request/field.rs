//! The fields of a body: read one by one, so that every one at fault is named at once.

use actix_web::http::StatusCode;
use clankdin_domain::secret::ApiKeyDigest;
use clankdin_domain::text::{LeakedSecret, TextError, find_leaked};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::problem::{FieldError, Problem};

/// A field as it came: missing, or any JSON value.
#[derive(Debug, Default)]
pub(crate) struct Field(Option<Value>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl Field {
    /// The same, where a blank text says no more than `null`: for texts that may be of no length.
    pub(crate) fn blank_as_null(self) -> Self {
        match self.0 {
            Some(Value::String(text)) if text.trim().is_empty() => Self(Some(Value::Null)),
            value => Self(value),
        }
    }

    /// The text that it is, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.0.as_ref().and_then(Value::as_str)
    }

    /// Whether it says anything: `null` says no more than a missing field.
    pub(crate) fn is_given(&self) -> bool {
        !self.is_missing() && !self.is_null()
    }

    /// Whether it is missing; `null` is not.
    fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    fn is_null(&self) -> bool {
        matches!(self.0, Some(Value::Null))
    }

    /// The value, where `null` says no more than a missing field.
    fn value(self) -> Option<Value> {
        self.0.filter(|value| !value.is_null())
    }
}

/// A list as it is, for what takes any number of entries up to a limit.
pub(crate) fn plain_list<T>(max: usize) -> impl Fn(Vec<T>) -> Result<Vec<T>, String> {
    move |list| match list.len() {
        len if len <= max => Ok(list),
        len => Err(format!("takes {max} entries at most, but got {len}")),
    }
}

/// Every fault that was found so far.
#[derive(Default)]
pub(crate) struct Errors {
    faults: Vec<FieldError>,
    leaked_keys: Vec<ApiKeyDigest>,
    /// The code of a fault that, where there is no other, is the problem's own.
    refused: Option<&'static str>,
}

impl Errors {
    /// Names a fault.
    pub(crate) fn push(&mut self, field: &str, code: &str, message: impl Into<String>) {
        self.faults.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
    }

    /// Names a fault of a value that is sound, and refused all the same.
    pub(crate) fn push_refused(&mut self, field: &str, code: &'static str, message: String) {
        self.push(field, code, message);
        self.refused = Some(code);
    }

    /// What they come to; `None` where there are none.
    pub(crate) fn into_problem(mut self) -> Option<Problem> {
        if let (Some(code), 1) = (self.refused, self.faults.len()) {
            return self.faults.pop().map(|error| Problem::of_field(StatusCode::BAD_REQUEST, code, error));
        }
        (!self.faults.is_empty()).then(|| Problem::invalid(self.faults, self.leaked_keys))
    }

    /// Looks at a text for what `parse` makes of it.
    pub(crate) fn text<T>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                if let TextError::Leaked(LeakedSecret::ApiKey(key)) = error
                    && find_leaked(text).is_empty()
                {
                    // It stands there only once the text is normalised.
                    self.leaked_keys.push(key);
                }
                self.push_unless_leaked(field, &[text], error.code(), error.to_string());
                None
            }
        }
    }

    /// A text that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        match field.value() {
            None => {
                self.push(name, "required", "is required");
                None
            }
            Some(value) => self.typed_text(name, &value, parse),
        }
    }

    /// A text that may be missing or `null`. The outer `None` is a fault.
    #[expect(clippy::option_option, reason = "a fault is not a missing field")]
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<Option<T>> {
        match field.value() {
            None => Some(None),
            Some(value) => self.typed_text(name, &value, parse).map(Some),
        }
    }

    /// A text that stays as it is where the field is missing, and can't be taken away.
    #[expect(clippy::option_option, reason = "a fault is not a missing field")]
    pub(crate) fn change<T>(
        &mut self,
        name: &str,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<Option<T>> {
        if field.is_missing() {
            return Some(None);
        }
        self.not_null(name, &field)?;
        self.optional(name, field, parse)
    }

    /// A text that stays as it is where the field is missing, and that `null` takes away.
    #[expect(clippy::option_option, reason = "missing, null and a value say three things")]
    pub(crate) fn change_or_clear<T>(
        &mut self,
        name: &str,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<Option<Option<T>>> {
        if field.is_missing() { Some(None) } else { self.optional(name, field, parse).map(Some) }
    }

    /// One of a few words. The outer `None` is a fault.
    #[expect(clippy::option_option, reason = "a fault is not a missing field")]
    pub(crate) fn choice<T>(
        &mut self,
        name: &str,
        field: Field,
        named: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<Option<T>> {
        match field.value() {
            None => Some(None),
            Some(Value::String(word)) => {
                let value = named(&word);
                if value.is_none() {
                    let takes = format!("takes one of {}", words.join(", "));
                    self.push_unless_leaked(name, &[&word], "not_one_of", takes);
                }
                value.map(Some)
            }
            Some(value) => {
                self.mistyped(name, &value, "a string");
                None
            }
        }
    }

    /// A list of texts, each read by `parse` and all together by `gather`. The outer `None` is a
    /// fault.
    #[expect(clippy::option_option, reason = "a fault is not a missing field")]
    pub(crate) fn list<T, L>(
        &mut self,
        name: &str,
        field: Field,
        parse: impl Fn(&str) -> Result<T, TextError>,
        gather: impl FnOnce(Vec<T>) -> Result<L, String>,
    ) -> Option<Option<L>> {
        let Some(value) = field.value() else { return Some(None) };
        let Value::Array(values) = &value else {
            self.mistyped(name, &value, "a list of strings");
            return None;
        };
        let before = self.faults.len();
        let entries: Vec<T> = (values.iter().enumerate())
            .filter_map(|(place, value)| self.typed_text(&format!("{name}[{place}]"), value, &parse))
            .collect();
        if self.faults.len() > before {
            return None;
        }
        match gather(entries) {
            Ok(list) => Some(Some(list)),
            Err(message) => {
                self.push(name, "wrong_count", message);
                None
            }
        }
    }

    /// Refuses `null` where it would take away what has to stay.
    pub(crate) fn not_null(&mut self, name: &str, field: &Field) -> Option<()> {
        if field.is_null() {
            self.push(name, "not_null", "can't be null: leave it out to keep what stands");
            return None;
        }
        Some(())
    }

    fn typed_text<T>(
        &mut self,
        name: &str,
        value: &Value,
        parse: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        if let Value::String(text) = value {
            self.text(name, text, parse)
        } else {
            self.mistyped(name, value, "a string");
            None
        }
    }

    fn mistyped(&mut self, name: &str, value: &Value, takes: &str) {
        let mut texts = Vec::new();
        texts_within(value, &mut texts);
        self.push_unless_leaked(name, &texts, "wrong_type", format!("takes {takes}"));
    }

    /// Names a fault of a field in which these texts stand. Whatever else is wrong with them: secrets
    /// are told first, and every key among them counts.
    fn push_unless_leaked(&mut self, field: &str, texts: &[&str], code: &str, message: String) {
        let leaked: Vec<LeakedSecret> = texts.iter().flat_map(|text| find_leaked(text)).collect();
        self.leaked_keys.extend(leaked.iter().filter_map(|secret| match secret {
            LeakedSecret::ApiKey(digest) => Some(*digest),
            _ => None,
        }));
        match leaked.first().map(|secret| TextError::Leaked(*secret)) {
            Some(error) => self.push(field, error.code(), error.to_string()),
            None => self.push(field, code, message),
        }
    }
}

/// Every string in a JSON value, however deep; the parser has bounded the depth.
fn texts_within<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts_within(value, texts)),
        Value::Object(fields) => {
            for (name, value) in fields {
                texts.push(name);
                texts_within(value, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use clankdin_domain::agent::{SkillName, Tagline};
    use serde_json::json;

    use super::*;

    fn field(value: Value) -> Field {
        Field(Some(value))
    }

    /// Field and code of every fault.
    fn faults(errors: Errors) -> Vec<(String, String)> {
        errors.faults.into_iter().map(|error| (error.field, error.code)).collect()
    }

    fn fault(field: &str, code: &str) -> (String, String) {
        (field.to_owned(), code.to_owned())
    }

    #[test]
    fn missing_null_and_a_value_say_three_things_of_a_change() {
        let mut errors = Errors::default();
        let parse = |text: &str| Ok(text.to_owned());
        assert_eq!(errors.change_or_clear("a", Field(None), parse), Some(None));
        assert_eq!(errors.change_or_clear("a", field(json!(null)), parse), Some(Some(None)));
        assert_eq!(errors.change_or_clear("a", field(json!("b")), parse), Some(Some(Some("b".into()))));
        assert_eq!(errors.change("a", Field(None), parse), Some(None));
        assert!(errors.into_problem().is_none());
        let mut errors = Errors::default();
        assert_eq!(errors.change("a", field(json!(null)), parse), None);
        assert_eq!(faults(errors), [fault("a", "not_null")]);
    }

    #[test]
    fn each_entry_at_fault_is_named_by_its_place_and_the_list_is_counted_only_without_faults() {
        let mut errors = Errors::default();
        let entries = field(json!(["Rust", 1, "", "Go"]));
        assert!(errors.list("skills", entries, SkillName::parse, plain_list(1)).is_none());
        assert!(errors.list("few", field(json!(["a", "b"])), SkillName::parse, plain_list(1)).is_none());
        assert!(errors.list("none", field(json!({})), SkillName::parse, plain_list(1)).is_none());
        let expected = [("skills[1]", "wrong_type"), ("skills[2]", "too_short"), ("few", "wrong_count")];
        let expected = expected.iter().chain(&[("none", "wrong_type")]);
        assert_eq!(faults(errors), expected.map(|(field, code)| fault(field, code)).collect::<Vec<_>>());
    }

    #[test]
    fn a_secret_is_told_before_whatever_else_is_wrong_with_its_text() {
        const KEY: &str = "clnk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP";
        for text in [KEY.to_owned(), format!("{KEY}\u{202e}"), format!("{KEY}\n{KEY}"), KEY.repeat(50)] {
            let mut errors = Errors::default();
            assert!(errors.text("tagline", &text, Tagline::parse).is_none());
            assert_eq!(errors.leaked_keys.len(), text.matches(KEY).count());
            assert_eq!(faults(errors), [fault("tagline", "leaked_secret")]);
        }
    }
}

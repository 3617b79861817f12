//! What a receiver answered, as far as it is kept.

use crate::text::find_hidden;

/// As much of an answer's body as is kept, in bytes (contract, section "Webhooks").
const MAX_ANSWER_BYTES: usize = 1_024;

/// The beginning of what a receiver answered, as a text that hides nothing: whatever is no UTF-8, or would
/// not be seen, stands there as U+FFFD.
///
/// ```
/// use clankdin_domain::webhook::AnswerText;
///
/// assert_eq!(AnswerText::of(b"busy\r\n\0\xff").as_str(), "busy\n\u{fffd}\u{fffd}");
/// assert_eq!(AnswerText::of(&[b'x'; 2_000]).as_str().len(), 1_024);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerText(String);

impl AnswerText {
    /// The first KiB of a body, less a character that it would cut.
    pub fn of(body: &[u8]) -> Self {
        let beginning = String::from_utf8_lossy(beginning(body)).replace("\r\n", "\n").replace('\r', "\n");
        // Most of what is hidden is hidden by itself. The rest depends on what stands around it.
        let is_hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        let mut text = beginning.replace(is_hidden, REPLACED);
        while let Some(hidden) = find_hidden(&text) {
            let Some((from, _)) = text.char_indices().nth(hidden.position) else { break };
            text.replace_range(from..from + hidden.code_point.len_utf8(), REPLACED);
        }
        Self(text)
    }

    /// What was kept before.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

const REPLACED: &str = "\u{FFFD}";

fn beginning(body: &[u8]) -> &[u8] {
    let is_inside = |place: usize| body.get(place).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    // A character takes four bytes at most: one that goes on for longer is none.
    let ends_at = (MAX_ANSWER_BYTES - 3..=MAX_ANSWER_BYTES).rev().find(|place| !is_inside(*place));
    body.get(..ends_at.unwrap_or(MAX_ANSWER_BYTES)).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(body: &[u8]) -> String {
        AnswerText::of(body).into_string()
    }

    #[test]
    fn what_is_seen_is_kept_as_it_is() {
        for text in ["", "ok", "{\"a\":\t1}\n", "Größe 日本語 👨‍👩‍👧 می‌خواهم ❤️", "\u{FFFD}"]
        {
            assert_eq!(told(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_would_not_be_seen_is_shown_to_stand_there() {
        assert_eq!(
            told("a\u{202E}b\u{200B}c\u{E0041}d\u{FE0F}".as_bytes()),
            "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}"
        );
        assert_eq!(told(b"\x1b[31mred\x07\x7f"), "\u{FFFD}[31mred\u{FFFD}\u{FFFD}");
        assert_eq!(told(b"a\r\nb\rc"), "a\nb\nc");
    }

    #[test]
    fn the_beginning_cuts_no_character() {
        for (before, kept) in [(1_020, 1_024), (1_021, 1_021), (1_022, 1_022), (1_023, 1_023), (1_024, 1_024)]
        {
            let body = format!("{}🦀 and more", "x".repeat(before));
            let told = told(body.as_bytes());
            assert!(told.len() == kept && body.starts_with(&told), "{before}");
        }
        assert_eq!(told(&[0x80; 2_000]).chars().count(), 1_024);
    }

    proptest! {
        #[test]
        fn nothing_hidden_and_nothing_long_comes_of_any_body(body: Vec<u8>, text in "(.|\\p{Cf}|\\p{M}|👨|❤){0,400}") {
            for body in [body.as_slice(), text.as_bytes()] {
                let told = told(body);
                prop_assert_eq!(find_hidden(&told), None);
                prop_assert!(told.len() <= 3 * MAX_ANSWER_BYTES);
            }
        }
    }
}

//! Text that agents write: what is let in, and in what form it is kept.
//!
//! The module owns normalisation, the refusal of what a reader would not see, the search for secrets
//! that were pasted by mistake, and the forms by which texts are compared and found. It refuses to
//! know which field a text belongs to, how long that field may be, or what an answer looks like:
//! lengths come from the caller, and an error says what to do without saying where.
//!
//! Every text goes the same way ([`parse_line`], [`parse_block`]): CRLF and CR become LF, the whole is
//! brought to Normalization Form C (UAX #15) and trimmed of Unicode `White_Space`; then secrets,
//! hidden characters, line feeds and the length are checked, in this order. The secrets come first
//! because their discovery has an effect beyond the refusal: somebody's key is revoked.

mod fold;
mod hidden;
mod leak;
mod newtype;
mod url;
mod words;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use fold::{case_fold, confusable_skeleton};
pub use hidden::{HiddenCharacter, find_hidden};
pub use leak::{LeakedSecret, find_leaked};
pub(crate) use newtype::text_type;
pub(crate) use url::parse_url;
pub use words::{query_words, search_words};

/// Why a text was refused.
///
/// The message is a sentence without a subject, so that whoever knows the field can put its name
/// before it, and it never repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Fewer characters than the field takes, after trimming.
    #[error("must have at least {min} character{} after trimming, and has {actual}", plural(*min))]
    TooShort {
        /// The fewest that are taken.
        min: usize,
        /// How many there were.
        actual: usize,
    },
    /// More characters than the field takes, after trimming.
    #[error("must have at most {max} character{}, and has {actual}: shorten it", plural(*max))]
    TooLong {
        /// The most that are taken.
        max: usize,
        /// How many there were.
        actual: usize,
    },
    /// A line break where one line is taken.
    #[error("must be one line: remove the line breaks")]
    LineFeed,
    /// A character that a reader would not see, or that changes how others are seen.
    #[error("holds a hidden character, {0}: remove it")]
    Hidden(HiddenCharacter),
    /// A secret that everyone would read.
    #[error("holds {0}, and whoever reads it could use it: remove it and replace the secret")]
    Leaked(LeakedSecret),
    /// Not of the form that the field takes; the words say which form that is.
    #[error("must be {0}")]
    Malformed(&'static str),
}

impl TextError {
    /// The stable name of the error, as clients see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::LineFeed => "line_feed",
            Self::Hidden(_) => "hidden_characters",
            Self::Leaked(_) => "leaked_secret",
            Self::Malformed(_) => "malformed",
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Parses text of one line whose length, in Unicode scalar values, lies in `length`.
///
/// What it answers with is a fixed point: parsed again, it stays as it is.
///
/// ```
/// use clankdin_domain::text::{TextError, parse_line};
///
/// assert_eq!(parse_line("  Cafe\u{301} bot\r\n", 2..=50)?, "Café bot");
/// assert_eq!(parse_line("two\nlines", 2..=50), Err(TextError::LineFeed));
/// assert_eq!(parse_line(" x ", 2..=50), Err(TextError::TooShort { min: 2, actual: 1 }));
/// # Ok::<(), TextError>(())
/// ```
///
/// # Errors
///
/// The first of the rules, in the order that the module tells, that the text breaks.
pub fn parse_line(input: &str, length: RangeInclusive<usize>) -> Result<String, TextError> {
    let text = normalise(input)?;
    if text.contains('\n') {
        return Err(TextError::LineFeed);
    }
    within(text, &length)
}

/// Parses text of any number of lines whose length, in Unicode scalar values, lies in `length`.
///
/// ```
/// use clankdin_domain::text::parse_block;
///
/// assert_eq!(parse_block("one\r\ntwo\rthree\n", 1..=500)?, "one\ntwo\nthree");
/// # Ok::<(), clankdin_domain::text::TextError>(())
/// ```
///
/// # Errors
///
/// As for [`parse_line`], but for line feeds, which are kept.
pub fn parse_block(input: &str, length: RangeInclusive<usize>) -> Result<String, TextError> {
    within(normalise(input)?, &length)
}

/// The form in which a text is kept, when nothing in it is to be refused.
///
/// Secrets and hidden characters are looked for twice. First in what was sent: a place is told as the
/// sender counts it, and a control character at an end is not trimmed away unseen. Then in what would
/// be kept, because normalisation makes `K` of the Kelvin sign and reorders combining marks, and what
/// is kept has to hold the rules by itself.
fn normalise(input: &str) -> Result<String, TextError> {
    refuse_leaked(input)?;
    if let Some(hidden) = hidden::find_hidden_as_sent(input) {
        return Err(TextError::Hidden(hidden));
    }
    let lines = with_line_feeds(input);
    let composed: Cow<'_, str> = match is_nfc_quick(lines.chars()) {
        IsNormalized::Yes => lines,
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(lines.nfc().collect()),
    };
    let kept = composed.trim();
    if kept != input {
        refuse_leaked(kept)?;
        if let Some(hidden) = find_hidden(kept) {
            return Err(TextError::Hidden(hidden));
        }
    }
    Ok(kept.to_owned())
}

fn refuse_leaked(text: &str) -> Result<(), TextError> {
    match find_leaked(text).first() {
        Some(secret) => Err(TextError::Leaked(*secret)),
        None => Ok(()),
    }
}

fn with_line_feeds(input: &str) -> Cow<'_, str> {
    if input.contains('\r') {
        Cow::Owned(input.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(input)
    }
}

fn within(text: String, length: &RangeInclusive<usize>) -> Result<String, TextError> {
    let actual = text.chars().count();
    if actual < *length.start() {
        Err(TextError::TooShort { min: *length.start(), actual })
    } else if actual > *length.end() {
        Err(TextError::TooLong { max: *length.end(), actual })
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests;

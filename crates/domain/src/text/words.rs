//! The words by which a text is found.
//!
//! The module owns what a word is, and that a query is cut into words as the texts are, so that both
//! meet. It refuses to know how words are kept, ranked or compared.

use std::collections::BTreeSet;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::case_fold;

/// How many words of one text are kept: the first ones. Every word of the longest profile has room,
/// also where each of its characters is one.
const MOST_SEARCH_WORDS: usize = 2_300;
/// How many words of a query are looked for: the first ones.
const MOST_QUERY_WORDS: usize = 8;
/// How many characters of a word are kept.
const LONGEST_WORD: usize = 40;

/// The distinct words of a text, case-folded, cut to 40 characters and sorted; at most 2,300.
///
/// A word is a run of letters, digits and marks. Han characters and kana are words one by one, since
/// nothing is written between words there. A `++` or a `#` after a word makes another word of the two,
/// as in `c++` and `c#`; the word without it is found as well.
///
/// ```
/// use clankdin_domain::text::search_words;
///
/// assert_eq!(search_words("Rust, C++ and rust-lang"), ["and", "c", "c++", "lang", "rust"]);
/// ```
#[must_use]
pub fn search_words(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for word in Words::of(text) {
        if let Some(bare) = word.bare {
            found.insert(bare);
        }
        found.insert(word.whole);
        if found.len() >= MOST_SEARCH_WORDS {
            break;
        }
    }
    found.into_iter().take(MOST_SEARCH_WORDS).collect()
}

/// The distinct words that a query asks for, made as those of [`search_words`]; at most 8.
///
/// ```
/// use clankdin_domain::text::query_words;
///
/// assert_eq!(query_words("  C++  RUST rust "), ["c++", "rust"]);
/// ```
#[must_use]
pub fn query_words(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for word in Words::of(text) {
        found.insert(word.whole);
        if found.len() == MOST_QUERY_WORDS {
            break;
        }
    }
    found.into_iter().collect()
}

struct Word {
    whole: String,
    /// The word without the sign that it ends in, where it does.
    bare: Option<String>,
}

struct Words {
    folded: String,
    at: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        Self { folded: case_fold(text), at: 0 }
    }
}

impl Iterator for Words {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let rest = self.folded.get(self.at..)?;
        let rest = rest.get(rest.find(char::is_alphanumeric)?..)?;
        let start = self.folded.len() - rest.len();

        let length = match rest.chars().next() {
            Some(first) if is_word_alone(first) => first.len_utf8(),
            _ => rest.find(|c| is_word_alone(c) || !(is_of_word(c) || is_unseen(c))).unwrap_or(rest.len()),
        };
        let (run, after) = rest.split_at_checked(length)?;
        let sign = ending_sign(after);
        self.at = start + run.len() + sign.len();

        let bare: String = run.chars().filter(|c| !is_unseen(*c)).take(LONGEST_WORD).collect();
        Some(if sign.is_empty() {
            Word { whole: bare, bare: None }
        } else {
            let whole = bare.chars().chain(sign.chars()).take(LONGEST_WORD).collect();
            Word { whole, bare: Some(bare) }
        })
    }
}

/// `++` or `#`, where it ends the word that stands before it.
fn ending_sign(after: &str) -> &'static str {
    let sign = ["++", "#"].into_iter().find_map(|sign| Some((sign, after.strip_prefix(sign)?)));
    match sign {
        Some((sign, rest)) if !rest.starts_with(|c| is_of_word(c) || c == '+' || c == '#') => sign,
        _ => "",
    }
}

/// What goes on a word, though a mark can't begin one. Those that enclose, as in a keycap, don't count.
fn is_of_word(c: char) -> bool {
    use GeneralCategory::{NonspacingMark, SpacingMark};

    c.is_alphanumeric() || matches!(c.general_category(), NonspacingMark | SpacingMark)
}

/// Joiners and selectors shape letters and are not letters: Persian is searched for with them and without.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}')
}

fn is_word_alone(c: char) -> bool {
    matches!(c.script(), Script::Han | Script::Hiragana | Script::Katakana)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_folded_distinct_and_sorted() {
        assert_eq!(search_words("Straße STRASSE zebra Äpfel"), ["strasse", "zebra", "äpfel"]);
    }

    #[test]
    fn a_handle_is_found_by_its_parts() {
        assert_eq!(search_words("databot_prime"), ["databot", "prime"]);
    }

    #[test]
    fn signs_that_name_a_language_belong_to_the_word() {
        assert_eq!(query_words("c++ c# f#"), ["c#", "c++", "f#"]);
        assert_eq!(search_words("c#."), ["c", "c#"]);
    }

    #[test]
    fn other_signs_belong_to_no_word() {
        assert_eq!(query_words("a+b a++b #tag c+++ ++"), ["a", "b", "c", "tag"]);
    }

    #[test]
    fn vowel_signs_do_not_part_a_word() {
        assert_eq!(query_words("हिन्दी"), ["हिन्दी"]);
    }

    #[test]
    fn a_joiner_makes_no_difference() {
        assert_eq!(query_words("می\u{200C}خواهم"), query_words("میخواهم"));
    }

    #[test]
    fn a_keycap_is_found_by_its_digit() {
        assert_eq!(search_words("1️⃣2"), ["1", "2"]);
    }

    #[test]
    fn han_and_kana_are_found_one_by_one() {
        assert_eq!(query_words("数据 bot"), ["bot", "据", "数"]);
    }

    #[test]
    fn every_character_of_a_long_han_text_is_found() {
        let text: String = ('\u{4E00}'..).take(900).collect();
        let words = search_words(&text);
        assert_eq!(words.len(), 900);
        assert!(text.chars().all(|c| words.contains(&c.to_string())));
    }

    #[test]
    fn a_text_without_words_has_none() {
        assert!(search_words(" … 🦀 ❤️ \u{200D} \u{301}").is_empty());
    }

    #[test]
    fn long_words_and_many_words_are_cut() {
        let numbers: Vec<String> = (0..4000).map(|n| n.to_string()).collect();
        let words = search_words(&format!("{} {}", "x".repeat(65_536), numbers.join(" ")));
        assert_eq!(words.len(), 2_300);
        assert!(words.contains(&"x".repeat(40)));
        assert_eq!(query_words("a b c d e f g h i j").len(), 8);
    }

    proptest! {
        #[test]
        fn a_query_of_a_text_is_among_its_words(text in "\\PC{0,60}") {
            let words = search_words(&text);
            for word in query_words(&text) {
                prop_assert!(words.contains(&word));
            }
        }

        #[test]
        fn words_keep_their_limits(text in "(?s).{0,200}") {
            for word in search_words(&text) {
                prop_assert!((1..=40).contains(&word.chars().count()));
            }
        }
    }
}

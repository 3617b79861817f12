use proptest::prelude::*;

use self::types::{Block, Line};
use super::*;
use crate::secret::ApiKey;
use crate::secret::tests::Fixed;

#[expect(unreachable_pub, dead_code, reason = "the macro makes public types; these stay within the tests")]
mod types {
    crate::text::text_type! {
        /// One line.
        Line, line, 2..=5;
        /// Many lines.
        Block, block, 1..=10;
    }
}

fn line(input: &str) -> Result<String, TextError> {
    parse_line(input, 1..=50)
}

#[test]
fn carriage_returns_become_line_feeds() {
    assert_eq!(parse_block("a\r\nb\rc\n\rd", 1..=50).unwrap(), "a\nb\nc\n\nd");
}

#[test]
fn text_is_composed() {
    assert_eq!(line("e\u{301}").unwrap(), "\u{e9}");
    assert_eq!(line("\u{212B}ngström").unwrap(), "\u{c5}ngström");
}

#[test]
fn white_space_of_all_kinds_is_trimmed_at_the_ends_alone() {
    assert_eq!(line("\u{3000}\u{a0}\t a \u{2009} b\r\n\n").unwrap(), "a \u{2009} b");
}

#[test]
fn one_line_takes_no_line_feed_between_others() {
    assert_eq!(line("a\nb"), Err(TextError::LineFeed));
    assert_eq!(line("a\rb"), Err(TextError::LineFeed));
    assert_eq!(line("\na\n").unwrap(), "a");
}

#[test]
fn length_counts_scalar_values_after_normalisation() {
    assert!(parse_line(" \u{1F980}\u{1F980} ", 2..=2).is_ok());
    assert!(parse_line("e\u{301}e\u{301}", 2..=2).is_ok());
    assert_eq!(parse_line("\u{1F980}", 2..=3), Err(TextError::TooShort { min: 2, actual: 1 }));
    assert_eq!(parse_line("abcd", 2..=3), Err(TextError::TooLong { max: 3, actual: 4 }));
    assert_eq!(parse_line(" \n ", 1..=3), Err(TextError::TooShort { min: 1, actual: 0 }));
}

#[test]
fn an_optional_text_may_be_empty() {
    assert_eq!(parse_block("  ", 0..=280).unwrap(), "");
}

#[test]
fn a_secret_is_told_before_a_hidden_character_and_that_before_line_feed_and_length() {
    let key = ApiKey::generate(&Fixed(vec![7; 32]));
    let text = format!("\u{202E}\n{}", key.expose());
    assert_eq!(parse_line(&text, 1..=3), Err(TextError::Leaked(LeakedSecret::ApiKey(key.digest()))));
    let hidden = HiddenCharacter { code_point: '\u{202E}', position: 5 };
    assert_eq!(parse_line("a\nbcd\u{202E}", 1..=3), Err(TextError::Hidden(hidden)));
    assert_eq!(parse_line("a\nbcd", 1..=3), Err(TextError::LineFeed));
}

#[test]
fn a_place_is_told_as_the_sender_counts() {
    let refused = parse_block("  a\r\ne\u{301}\u{200B}", 1..=50);
    assert_eq!(refused, Err(TextError::Hidden(HiddenCharacter { code_point: '\u{200B}', position: 7 })));
}

#[test]
fn a_hidden_character_at_an_end_is_not_trimmed_away_unseen() {
    for c in ['\u{85}', '\u{B}', '\u{C}', '\u{2028}', '\u{2029}', '\u{FEFF}'] {
        assert_eq!(line(&format!("ab{c}")).unwrap_err().code(), "hidden_characters", "{c:?}");
    }
}

#[test]
fn a_key_that_normalisation_would_complete_is_found() {
    // The Kelvin sign is a `K` once normalised.
    let key = (0..=255).map(|n| ApiKey::generate(&Fixed(vec![n; 32]))).find(|key| key.expose().contains('K'));
    let text = key.unwrap().expose().replacen('K', "\u{212A}", 1);
    assert_eq!(parse_line(&text, 1..=100).unwrap_err().code(), "leaked_secret");
}

#[test]
fn no_message_repeats_a_secret() {
    let key = ApiKey::generate(&Fixed(vec![7; 32]));
    let error = line(key.expose()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&key.expose()[5..]));
    assert_eq!(
        error.to_string(),
        "holds an API key, and whoever reads it could use it: remove it and replace the secret"
    );
}

#[test]
fn messages_say_what_to_do() {
    let message = |result: Result<String, TextError>| result.unwrap_err().to_string();
    assert_eq!(message(line("")), "must have at least 1 character after trimming, and has 0");
    assert_eq!(message(parse_line("abcd", 2..=3)), "must have at most 3 characters, and has 4: shorten it");
    assert_eq!(message(line("a\nb")), "must be one line: remove the line breaks");
    assert_eq!(
        message(line("bot\u{202E}")),
        "holds a hidden character, U+202E at character 3 (counted from 0): remove it"
    );
    assert_eq!(TextError::Malformed("a handle").to_string(), "must be a handle");
}

#[test]
fn a_body_of_nothing_but_combining_marks_is_parsed_at_once() {
    // 64 KiB in descending order of class, which is the most that there is to sort.
    let marks = "\u{345}\u{301}\u{323}\u{31B}\u{5B0}\u{94D}".repeat(5_000);
    assert_eq!(parse_block(&marks, 1..=500).unwrap_err().code(), "too_long");
    assert_eq!(parse_block(&format!("a{marks}"), 1..=500).unwrap_err().code(), "too_long");
    assert!(!case_fold(&marks).is_empty());
}

#[test]
fn types_of_text_hold_their_rules() {
    assert_eq!(Line::parse(" ab ").unwrap().as_str(), "ab");
    assert_eq!(Line::parse("a\nb"), Err(TextError::LineFeed));
    assert_eq!(Block::parse("a\nb").unwrap().into_string(), "a\nb");
    assert_eq!(Line::parse("abcdef"), Err(TextError::TooLong { max: 5, actual: 6 }));
    assert_eq!(Line::LENGTH, 2..=5);
    let stored = Line::from_stored("ab".to_owned());
    assert_eq!((stored.to_string(), stored.as_ref()), ("ab".to_owned(), "ab"));
    assert_eq!(serde_json::to_string(&stored).unwrap(), "\"ab\"");
}

/// Texts in which what the rules are about stands close together.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\r",
            "\n",
            "\r\n",
            " ",
            "\t",
            "\u{3000}",
            "\u{2028}",
            "a",
            "1",
            "#",
            "K",
            "\u{212A}",
            "e",
            "\u{301}",
            "\u{323}",
            "\u{345}",
            "\u{200C}",
            "\u{200D}",
            "\u{FE0F}",
            "\u{FE0E}",
            "\u{20E3}",
            "❤",
            "👩",
            "🏿",
            "🇩",
            "🏴",
            "\u{E0067}",
            "\u{E0062}",
            "\u{E0065}",
            "\u{E007F}",
            "क",
            "\u{94D}",
            "\u{93C}",
            "\u{952}",
            "\u{951}",
            "ب",
            "\u{64B}",
            "\u{654}",
            "ا",
            "ന",
            "\u{D4D}",
            "한",
            "\u{1112}",
            "\u{1161}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_was_parsed_stays_as_it_is(input in tricky()) {
        if let Ok(line) = parse_line(&input, 0..=100) {
            prop_assert_eq!(parse_line(&line, 0..=100), Ok(line));
        }
        if let Ok(block) = parse_block(&input, 0..=100) {
            prop_assert_eq!(parse_block(&block, 0..=100), Ok(block));
        }
    }

    #[test]
    fn what_was_parsed_holds_nothing_hidden(input in tricky()) {
        if let Ok(block) = parse_block(&input, 0..=100) {
            prop_assert_eq!(find_hidden(&block), None);
            prop_assert_eq!(block.trim(), &block);
            prop_assert!(!block.contains('\r'));
        }
    }

    #[test]
    fn printable_ascii_is_kept(input in "[!-~]([ -~]{0,40}[!-~])?") {
        prop_assert_eq!(parse_line(&input, 1..=50), Ok(input));
    }
}

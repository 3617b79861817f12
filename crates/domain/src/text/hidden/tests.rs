use proptest::prelude::*;

use super::*;

#[track_caller]
fn assert_kept(texts: &[&str]) {
    for text in texts {
        assert_eq!(find_hidden(text), None, "{text} {}", text.escape_unicode());
    }
}

/// Each text with the place of what is hidden in it.
#[track_caller]
fn assert_refused(texts: &[(&str, usize)]) {
    for (text, position) in texts {
        let code_point = text.chars().nth(*position).unwrap();
        assert_eq!(
            find_hidden(text),
            Some(HiddenCharacter { code_point, position: *position }),
            "{}",
            text.escape_unicode()
        );
    }
}

#[test]
fn what_people_write_is_kept() {
    assert_kept(&[
        "",
        "plain\ttext\nof two lines",
        "naïve café, Größe, Ελληνικά, кириллица, עברית, العربية, 日本語、한국어",
        "thin\u{2009}space, no-break\u{a0}space, ideographic\u{3000}space",
        "∑ x² ≠ √2 → “quoted” – dashes — …",
        "combining e\u{301} and Zalgo\u{338}\u{489}",
    ]);
}

#[test]
fn emoji_sequences_are_kept() {
    assert_kept(&[
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️",
        "❤️ ❤️‍🔥 ❤\u{FE0E} ☎\u{FE0E} ©️ ™️ ↔️",
        "1️⃣ #️⃣ *️⃣ 0\u{FE0E}\u{20E3} 5\u{20E3}",
        "👍🏽 🧑🏻‍❤️‍💋‍🧑🏿 👩🏾‍🦰 🕵️‍♀️ 🏃🏼‍♀️‍➡️ 🐦‍⬛ 🐻‍❄️ 👁️‍🗨️",
        "🇩🇪🇫🇷",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿🏴󠁧󠁢󠁷󠁬󠁳󠁿🏴󠁵󠁳󠁴󠁸󠁿🏴",
    ]);
}

#[test]
fn joiners_of_scripts_that_join_are_kept() {
    assert_kept(&[
        "می\u{200C}خواهم",              // Persian: a prefix set apart.
        "خانه\u{200C}ها",               // Persian: a plural set apart.
        "API\u{200C}ها و ۱۰\u{200C}ام", // Persian endings of what is Latin, and of a number.
        "مُ\u{200C}ب",                   // A vowel sign before the non-joiner.
        "क्\u{200D}ष र\u{200D}्य",        // Hindi half form, Marathi eyelash ra.
        "क्\u{200C}ष",                   // Hindi with a virama that shows.
        "ශ්\u{200D}රී ලංකා",               // Sinhala conjunct.
        "അവന്\u{200D} വന്നു",              // Malayalam chillu as it was written before Unicode 5.1.
        "র\u{200D}্যাব",                  // Bengali ra with ya-phalaa.
        "ಸಾಫ್ಟ್\u{200C}ವೇರ್",               // Kannada loan word.
    ]);
}

#[test]
fn control_characters_are_refused() {
    assert_refused(&[
        ("a\u{0}b", 1),
        ("ab\u{7}", 2),
        ("\u{1B}[31m", 0),
        ("a\r\nb", 1),
        ("a\u{B}b\u{C}", 1),
        ("\u{7F}", 0),
        ("é\u{85}", 1),
        ("\u{9B}", 0),
    ]);
}

#[test]
fn what_turns_the_direction_of_writing_is_refused() {
    for c in "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}"
        .chars()
    {
        assert_refused(&[(&format!("né{c}x"), 2), (&format!("אב{c}"), 2)]);
    }
}

#[test]
fn separators_of_lines_and_paragraphs_are_refused() {
    assert_refused(&[("a\u{2028}b", 1), ("a\u{2029}", 1)]);
}

#[test]
fn zero_width_characters_that_never_join_are_refused() {
    for c in "\u{200B}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{FEFF}\u{206A}\u{206F}".chars() {
        assert_refused(&[(&format!("क{c}ष"), 1), (&format!("👩{c}👩"), 1), (&format!("{c}a"), 0)]);
    }
}

#[test]
fn a_joiner_that_joins_nothing_is_refused() {
    assert_refused(&[
        ("\u{200D}", 0),
        ("data\u{200D}bot", 4),
        ("data\u{200C}bot", 4),
        ("日\u{200C}本", 1),
        ("👩\u{200D}", 1),
        ("👩\u{200D} 👩", 1),
        ("👩\u{200D}a", 1),
        ("👩\u{200C}👩", 1),
        ("👩\u{200D}\u{200D}👩", 1),
        ("1\u{200D}👩", 1),
        ("👩\u{200D}1", 1),
        ("🇩\u{200D}🇪", 1),
        ("👩\u{200D}🏽", 1),
        ("❤\u{FE0E}\u{200D}🔥", 2),
        ("سلام\u{200C}", 4),
        ("\u{200C}سلام", 0),
        ("می\u{200C}\u{200C}خواهم", 2),
        ("ب\u{200C} ", 1),
        ("ب\u{200C}، ", 1),
        ("ب\u{200D}a", 1),
        ("क्\u{200D}\u{200D}ष", 3),
        ("a\u{301}\u{200D}b", 2),
    ]);
}

#[test]
fn a_variation_selector_without_its_emoji_is_refused() {
    assert_refused(&[
        ("\u{FE0F}", 0),
        ("a\u{FE0F}", 1),
        ("1\u{FE0F}", 1),
        ("1\u{FE0F}2", 1),
        ("🦀 \u{FE0F}", 2),
        ("❤\u{FE0F}\u{FE0F}", 2),
        ("❤\u{FE0E}\u{FE0F}", 2),
        ("🇩\u{FE0F}", 1),
        ("क\u{FE0F}", 1),
    ]);
}

#[test]
fn all_other_variation_selectors_are_refused() {
    assert_refused(&[
        ("❤\u{FE00}", 1),
        ("❤\u{FE0D}", 1),
        ("葛\u{E0100}", 1),
        ("😀\u{E0154}\u{E01EF}", 1),
        ("\u{1820}\u{180B}", 1),
        ("\u{1820}\u{180F}", 1),
    ]);
}

#[test]
fn tags_outside_a_flag_are_refused() {
    assert_refused(&[
        ("\u{E0001}", 0),
        ("hi\u{E0068}\u{E0069}", 2),
        ("🏴\u{E0067}\u{E0062}\u{E0065}", 1), // Without an end.
        ("🏴\u{E0067}\u{E0062}\u{E007F}", 1), // Without a subdivision.
        ("🏴\u{E007F}", 1),
        ("🏴\u{E0031}\u{E0062}\u{E0065}\u{E007F}", 1), // A region has letters.
        ("🏴\u{E0047}\u{E0042}\u{E0045}\u{E007F}", 1), // In lower case.
        ("🏴\u{E0067}\u{E0062}\u{E0065} \u{E007F}", 1),
        ("👩\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", 1),
        ("🏴\u{E0069}\u{E0067}\u{E006E}\u{E006F}\u{E0072}\u{E0065}\u{E0064}\u{E007F}", 1), // A message.
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿\u{E0067}", 7),                                                                // After the end.
    ]);
}

#[test]
fn fillers_are_refused() {
    let fillers = "\u{AD}\u{34F}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180E}\u{2800}\u{3164}\u{FFA0}\u{16FE4}";
    let controls_of_notations = "\u{FFF9}\u{FFFA}\u{FFFB}\u{1BCA0}\u{1BCA3}\u{1D159}\u{1D173}\u{1D17A}";
    let noncharacters = "\u{FDD0}\u{FDEF}\u{FFFE}\u{FFFF}\u{1FFFE}\u{10FFFF}";
    for c in fillers.chars().chain(controls_of_notations.chars()).chain(noncharacters.chars()) {
        assert_refused(&[(&c.to_string(), 0), (&format!("a{c}b"), 1)]);
    }
}

#[test]
fn the_first_of_several_is_told() {
    assert_refused(&[("é\u{200B}\u{202E}", 1)]);
}

#[test]
fn every_ignorable_character_is_always_hidden_but_those_that_may_join() {
    // A skeleton leaves out what is `Default_Ignorable_Code_Point` (UTS #39, section 4).
    let ignorable = |c: &char| unicode_security::skeleton(&c.to_string()).next().is_none();
    let not_refused: Vec<char> =
        ('\0'..=char::MAX).filter(ignorable).filter(|c| !is_always_hidden(*c)).collect();
    let mut may_join = vec!['\u{200C}', '\u{200D}', '\u{FE0E}', '\u{FE0F}'];
    may_join.extend('\u{E0020}'..='\u{E007F}');
    assert_eq!(not_refused, may_join);
}

fn always_hidden() -> Vec<char> {
    ('\0'..=char::MAX).filter(|c| is_always_hidden(*c)).collect()
}

proptest! {
    #[test]
    fn a_text_without_hidden_characters_holds_none_that_always_is(text in any::<String>()) {
        if find_hidden(&text).is_none() {
            prop_assert!(!text.chars().any(is_always_hidden));
        }
    }

    #[test]
    fn a_hidden_character_is_found_wherever_it_stands(
        before in "[a-zא-תа-яა-ჰ 🦀-🦎]{0,10}",
        c in prop::sample::select(always_hidden()),
        after in "\\PC{0,10}",
    ) {
        let position = before.chars().count();
        let found = find_hidden(&format!("{before}{c}{after}"));
        prop_assert_eq!(found, Some(HiddenCharacter { code_point: c, position }));
    }

    #[test]
    fn letters_digits_and_punctuation_are_never_hidden(text in "[\\p{Lu}\\p{Nd}\\p{P}\\p{Sc} ]{0,40}") {
        prop_assert_eq!(find_hidden(&text), None);
    }
}

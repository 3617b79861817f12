//! The code by which an owner shows that an agent is theirs.
//!
//! It is no secret: it is posted where everyone can read it. The module owns its form and refuses to know
//! where it is looked for. That codes are unique is for whoever keeps them.

use std::fmt;

use crate::context::Random;

/// A verification code, such as `swift-A3B2`: a friendly word, and four characters that can't be taken
/// for others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct VerificationCode(String);

impl VerificationCode {
    /// Makes a code. There are 2²⁸ of them, so that one that is taken already is rare, not impossible.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 5];
        random.fill(&mut bytes);
        let [word, characters @ ..] = bytes;
        let word = WORDS.get(usize::from(word)).copied().unwrap_or("swift");
        let characters: String = characters.into_iter().map(character).collect();
        Self(format!("{word}-{characters}"))
    }

    /// Parses a code, in the form in which it is kept; the case that it comes in does not matter. The
    /// word need not be one that is still given out.
    ///
    /// ```
    /// use clankdin_domain::secret::VerificationCode;
    ///
    /// let code = VerificationCode::parse("Swift-a3b2").ok_or("malformed")?;
    /// assert_eq!(code.as_str(), "swift-A3B2");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn parse(input: &str) -> Option<Self> {
        let (word, characters) = input.split_once('-')?;
        let characters = characters.to_ascii_uppercase();
        let word_is_one = (3..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic());
        let characters_are_ours =
            characters.len() == 4 && characters.bytes().all(|byte| CHARACTERS.contains(&byte));
        (word_is_one && characters_are_ours)
            .then(|| Self(format!("{}-{characters}", word.to_ascii_lowercase())))
    }

    /// Whether the code stands in a text, by itself: no letter and no digit right before or after it. Its
    /// case does not matter.
    ///
    /// ```
    /// use clankdin_domain::secret::VerificationCode;
    ///
    /// let code = VerificationCode::parse("swift-A3B2").ok_or("malformed")?;
    /// assert!(code.stands_in("My agent: SWIFT-a3b2."));
    /// assert!(!code.stands_in("My agent: swift-A3B22"));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        // In ASCII case alone: places stay the same.
        let (text, code) = (text.to_ascii_lowercase(), self.0.to_ascii_lowercase());
        text.match_indices(&code).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + code.len()..).and_then(|after| after.chars().next());
            ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        })
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Upper-case letters and digits without `0` and `O`, `1` and `I`: 32, so that five bits choose one.
const CHARACTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

fn character(random: u8) -> char {
    CHARACTERS.get(usize::from(random % 32)).copied().map_or('A', char::from)
}

/// As many as a byte has values, so that each is as likely as any other.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "adept", "agile", "airy", "alert", "alive", "amber", "ample", "apt", "aqua", "avid", "azure", "balmy",
    "beamy", "bold", "bonny", "bouncy", "brainy", "brave", "breezy", "bright", "brisk", "bubbly", "busy",
    "calm", "candid", "caring", "casual", "cheery", "chic", "chief", "chill", "choice", "civic", "civil",
    "classic", "clear", "cobalt", "comfy", "cool", "coral", "cosmic", "cosy", "cozy", "crafty", "creamy",
    "crisp", "crystal", "cubic", "cuddly", "curious", "curly", "dainty", "dandy", "dapper", "daring",
    "dear", "deft", "deluxe", "dewy", "direct", "dreamy", "driven", "dynamic", "eager", "early", "earnest",
    "earthy", "easy", "elated", "elegant", "elfin", "epic", "exact", "fair", "famed", "fancy", "fast",
    "fearless", "festive", "fine", "firm", "fit", "fleet", "floral", "fluent", "fluffy", "flying", "fond",
    "fresh", "frosty", "frugal", "funny", "fuzzy", "gallant", "genial", "gentle", "gifted", "giving",
    "glad", "gleeful", "global", "glossy", "glowing", "golden", "good", "graceful", "grand", "great",
    "green", "handy", "happy", "harmonic", "hazel", "hearty", "helpful", "heroic", "honest", "hopeful",
    "humble", "humming", "ideal", "indigo", "ivory", "jade", "jaunty", "jazzy", "jolly", "jovial", "joyful",
    "jubilant", "just", "keen", "kind", "kindly", "lasting", "leafy", "level", "light", "likable", "lilac",
    "limber", "lithe", "lively", "lofty", "loving", "lucid", "lucky", "lunar", "lush", "magic", "magnetic",
    "maple", "mellow", "merry", "mighty", "mild", "mindful", "minty", "misty", "modern", "modest", "moral",
    "musical", "mutual", "natural", "neat", "nimble", "noble", "noted", "novel", "open", "orderly",
    "organic", "peachy", "pearly", "peppy", "perky", "placid", "plucky", "plum", "polished", "prime",
    "prompt", "proper", "proud", "pure", "quick", "quirky", "radiant", "rapid", "rare", "ready", "regal",
    "robust", "rosy", "royal", "ruby", "rustic", "safe", "savvy", "scenic", "serene", "sharp", "shiny",
    "silky", "silver", "simple", "sincere", "skilled", "sleek", "smart", "smooth", "snappy", "snug",
    "social", "solar", "solid", "sound", "spicy", "spry", "stable", "starry", "steady", "stellar", "still",
    "sturdy", "subtle", "sunny", "sure", "swift", "tactful", "tender", "thrifty", "tidy", "timely", "tiny",
    "tranquil", "trim", "true", "trusty", "upbeat", "urban", "useful", "valiant", "velvet", "verdant",
    "vital", "vivid", "warm", "wavy", "wise", "witty", "worthy", "zany", "zesty", "zippy",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::secret::tests::Fixed;

    #[test]
    fn a_code_is_a_word_and_four_characters() {
        let code = VerificationCode::generate(&Fixed(vec![0, 0, 1, 30, 255]));
        assert_eq!(code.as_str(), format!("{}-AB89", WORDS[0]));
    }

    #[test]
    fn words_are_distinct_and_short() {
        assert_eq!(WORDS.iter().collect::<HashSet<_>>().len(), 256);
        assert!(
            WORDS.iter().all(|w| (3..=8).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase()))
        );
    }

    #[test]
    fn what_can_be_taken_for_another_is_no_character() {
        for code in ["swift-A3B0", "swift-A3BO", "swift-A3B1", "swift-A3BI"] {
            assert_eq!(VerificationCode::parse(code), None, "{code}");
        }
    }

    #[test]
    fn what_has_another_shape_is_no_code() {
        for code in
            ["", "-", "swift", "swiftA3B2", "swift-A3B", "swift-A3B22", "sw1ft-A3B2", " swift-A3B2", "é-A3B2"]
        {
            assert_eq!(VerificationCode::parse(code), None, "{code}");
        }
    }

    #[test]
    fn a_code_within_a_longer_word_does_not_stand_there() {
        let code = VerificationCode::parse("swift-A3B2").unwrap();
        for text in
            ["swift-A3B2", "(Swift-a3b2)", "x swift-A3B2x swift-A3B2", "🤖swift-A3B2🤖", "a=swift-A3B2;"]
        {
            assert!(code.stands_in(text), "{text}");
        }
        for text in [
            "",
            "swift",
            "swift-A3B",
            "xswift-A3B2",
            "swift-A3B2é",
            "0swift-A3B2",
            "swift -A3B2",
            "ſwift-A3B2",
        ] {
            assert!(!code.stands_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_found_wherever_it_stands(
            before in "\\PC{0,20}", after in "\\PC{0,20}", bytes in prop::collection::vec(any::<u8>(), 5)
        ) {
            let code = VerificationCode::generate(&Fixed(bytes));
            let text = format!("{before} {code}\n{after}");
            prop_assert!(code.stands_in(&text));
        }

        #[test]
        fn a_generated_code_parses_in_any_case(bytes in prop::collection::vec(any::<u8>(), 5)) {
            let code = VerificationCode::generate(&Fixed(bytes));
            prop_assert_eq!(VerificationCode::parse(code.as_str()), Some(code.clone()));
            prop_assert_eq!(VerificationCode::parse(&code.as_str().to_lowercase()), Some(code.clone()));
            prop_assert_eq!(VerificationCode::parse(&code.as_str().to_uppercase()), Some(code));
        }
    }
}

//! Tokens of 256 random bits with a checksum: API keys, recovery codes and claim tokens.
//!
//! The module owns their shape, which is one: a prefix that says what it is, 43 base62 characters and
//! the CRC-32 of those in 6. Scanners can spot such a token, and a mistyped one is refused without a
//! look-up.

use std::fmt;

use super::base62::{self, WIDTH_OF_256_BITS, WIDTH_OF_CHECKSUM};
use super::digest_type;
use crate::context::Random;

macro_rules! token_type {
    ($($(#[$meta:meta])* $name:ident, $digest:ident, $prefix:literal);+ $(;)?) => { $(
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            /// What it begins with.
            pub const PREFIX: &'static str = $prefix;
            /// How many characters it has, all of them ASCII.
            pub const LENGTH: usize = Self::PREFIX.len() + WIDTH_OF_256_BITS + WIDTH_OF_CHECKSUM;

            /// Makes one of 256 random bits.
            #[must_use]
            pub fn generate(random: &dyn Random) -> Self {
                let mut bits = [0; 32];
                random.fill(&mut bits);
                let bits = base62::of_256_bits(bits);
                let checksum = base62::checksum(&bits);
                Self(format!("{}{bits}{checksum}", Self::PREFIX))
            }

            /// Parses one: nothing where the shape or the checksum is wrong.
            #[must_use]
            pub fn parse(input: &str) -> Option<Self> {
                base62::is_checked(input.strip_prefix(Self::PREFIX)?).then(|| Self(input.to_owned()))
            }

            /// The characters, for the one answer that tells them.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// The SHA-256 of all characters, by which it is kept and looked up.
            #[must_use]
            pub fn digest(&self) -> $digest {
                $digest::of(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…redacted)"))
            }
        }
    )+ };
}

token_type! {
    /// The key by which an agent proves who it is: `Authorization: Bearer clnk_…`.
    ///
    /// ```
    /// use clankdin_domain::secret::ApiKey;
    ///
    /// let text = "clnk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP";
    /// let key = ApiKey::parse(text).ok_or("malformed")?;
    /// assert_eq!(key.expose(), text);
    /// assert_eq!(format!("{key:?}"), "ApiKey(…redacted)");
    /// assert!(ApiKey::parse(&text.replace("aUl", "aUI")).is_none());
    /// # Ok::<(), &str>(())
    /// ```
    ApiKey, ApiKeyDigest, "clnk_";
    /// The code by which an owner gets a new key when the old one is lost.
    RecoveryCode, RecoveryCodeDigest, "clnr_";
    /// The token in a claim URL. Who has it may show that the agent is theirs.
    ClaimToken, ClaimTokenDigest, "";
}

digest_type! {
    /// The digest of an [`ApiKey`].
    ApiKeyDigest;
    /// The digest of a [`RecoveryCode`].
    RecoveryCodeDigest;
    /// The digest of a [`ClaimToken`].
    ClaimTokenDigest;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::tests::Fixed;

    fn counting() -> Fixed {
        Fixed((0..32).collect())
    }

    #[test]
    fn a_key_is_its_prefix_its_bits_and_their_checksum() {
        let key = ApiKey::generate(&counting());
        assert_eq!(key.expose(), "clnk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP");
        assert_eq!(key.expose().len(), ApiKey::LENGTH);
    }

    #[test]
    fn a_digest_is_the_sha_256_of_all_characters() {
        let digest = ApiKey::generate(&counting()).digest();
        let hex = digest.as_bytes().map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex, "4f420b2997f9a0a709ddaf5d951f6c3c775af98cad791f86f2e5dc1222cc61d4");
        assert_eq!(ApiKeyDigest::from_bytes(*digest.as_bytes()), digest);
    }

    #[test]
    fn one_kind_is_not_taken_for_another() {
        let key = ApiKey::generate(&counting());
        let code = RecoveryCode::generate(&counting());
        let token = ClaimToken::generate(&counting());
        assert!(RecoveryCode::parse(key.expose()).is_none());
        assert!(ClaimToken::parse(key.expose()).is_none());
        assert!(ApiKey::parse(code.expose()).is_none());
        assert!(ApiKey::parse(token.expose()).is_none());
    }

    #[test]
    fn no_secret_is_printed() {
        let printed = format!(
            "{:?} {:?} {:?} {:?}",
            ApiKey::generate(&counting()),
            RecoveryCode::generate(&counting()),
            ClaimToken::generate(&counting()),
            ApiKey::generate(&counting()).digest(),
        );
        assert_eq!(
            printed,
            "ApiKey(…redacted) RecoveryCode(…redacted) ClaimToken(…redacted) ApiKeyDigest(…redacted)"
        );
    }

    #[test]
    fn what_has_another_shape_is_no_key() {
        let key = ApiKey::generate(&counting());
        let text = key.expose();
        for wrong in ["", "clnk_", &text[1..], &text[..53], &format!("{text} "), &format!(" {text}")] {
            assert!(ApiKey::parse(wrong).is_none(), "{wrong}");
        }
        assert!(ApiKey::parse(&text.to_uppercase()).is_none());
        assert!(ApiKey::parse(&text.replace('0', "é")).is_none());
    }

    proptest! {
        #[test]
        fn a_generated_key_parses(bytes in any::<[u8; 32]>()) {
            let key = ApiKey::generate(&Fixed(bytes.to_vec()));
            prop_assert_eq!(ApiKey::parse(key.expose()).map(|k| k.digest()), Some(key.digest()));
        }

        #[test]
        fn a_key_with_one_character_changed_does_not(
            bytes in any::<[u8; 32]>(), at in 5_usize..54, to in "[0-9A-Za-z]"
        ) {
            let key = ApiKey::generate(&Fixed(bytes.to_vec()));
            let mut text = key.expose().to_owned();
            prop_assume!(text[at..=at] != to);
            text.replace_range(at..=at, &to);
            prop_assert!(ApiKey::parse(&text).is_none());
        }

        #[test]
        fn a_key_with_two_neighbours_swapped_does_not(bytes in any::<[u8; 32]>(), at in 5_usize..53) {
            let key = ApiKey::generate(&Fixed(bytes.to_vec()));
            let mut text = key.expose().to_owned().into_bytes();
            prop_assume!(text[at] != text[at + 1]);
            text.swap(at, at + 1);
            prop_assert!(ApiKey::parse(&String::from_utf8(text).unwrap()).is_none());
        }
    }
}

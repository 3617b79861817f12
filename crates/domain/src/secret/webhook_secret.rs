//! The secret that signs what a webhook gets.
//!
//! The module owns its form and both kinds of signature. It refuses to know what is signed, and which
//! secret is in force.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::context::Random;

/// A webhook's secret: `whsec_` and the base64 of 33 random bytes, which takes 44 characters and no
/// padding, so that the public libraries of Standard Webhooks take it as it is.
#[derive(Clone)]
pub struct WebhookSecret {
    text: String,
    key: [u8; 33],
}

impl WebhookSecret {
    /// What it begins with.
    pub const PREFIX: &'static str = "whsec_";
    /// How many characters it has, all of them ASCII.
    pub const LENGTH: usize = Self::PREFIX.len() + 44;

    /// Makes one of 33 random bytes.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = [0; 33];
        random.fill(&mut key);
        Self { text: format!("{}{}", Self::PREFIX, STANDARD.encode(key)), key }
    }

    /// Parses one: nothing where the shape is wrong.
    ///
    /// ```
    /// use clankdin_domain::secret::WebhookSecret;
    ///
    /// let secret = WebhookSecret::parse(&format!("whsec_{}", "QUJD".repeat(11))).ok_or("malformed")?;
    /// assert_eq!(secret.key_bytes(), b"ABCABCABCABCABCABCABCABCABCABCABC");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn parse(input: &str) -> Option<Self> {
        let key = STANDARD.decode(input.strip_prefix(Self::PREFIX)?).ok()?;
        Some(Self { text: input.to_owned(), key: key.try_into().ok()? })
    }

    /// The characters, for the one answer that tells them and for sealing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The 33 bytes that stand after the prefix, decoded: the key of [`Self::sign_standard`].
    #[must_use]
    pub fn key_bytes(&self) -> &[u8; 33] {
        &self.key
    }

    /// The signature of `X-ClankdIn-Signature`: the HMAC-SHA256 (RFC 2104) of the body in lower-case
    /// hexadecimal, keyed by the characters of the whole secret, `whsec_` included.
    #[must_use]
    pub fn sign_hex(&self, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.text.as_bytes());
        hmac::sign(&key, body)
            .as_ref()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(hex_digit)
            .collect()
    }

    /// The signature of `webhook-signature`, as Standard Webhooks has it: `v1,` and the base64 of the
    /// HMAC-SHA256 of `{id}.{timestamp}.{body}`, keyed by [`Self::key_bytes`].
    #[must_use]
    pub fn sign_standard(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp_seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…redacted)")
    }
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::tests::Fixed;

    /// The bytes 0 to 32.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
    const BODY: &[u8] = "{\"event\":\"ping\",\"data\":{\"é\":1}}".as_bytes();

    fn secret() -> WebhookSecret {
        WebhookSecret::generate(&Fixed((0..33).collect()))
    }

    #[test]
    fn a_secret_is_its_prefix_and_base64_without_padding() {
        assert_eq!(secret().expose(), SECRET);
        assert_eq!(SECRET.len(), WebhookSecret::LENGTH);
    }

    #[test]
    fn the_hex_signature_is_keyed_by_the_whole_secret() {
        assert_eq!(
            secret().sign_hex(BODY),
            "5e9b79da88ef595b47e67e1c22f445be1dc072849949f71850c221ce3c8e3401"
        );
    }

    #[test]
    fn the_standard_signature_is_keyed_by_the_decoded_bytes() {
        let id = "0197f3d2-0000-7000-8000-000000000001";
        assert_eq!(
            secret().sign_standard(id, 1_700_000_000, BODY),
            "v1,N31GFdUoCWJRa/jP+s+oAUaGZsg1Uy6eKoP4Gx0yDdg="
        );
    }

    #[test]
    fn what_has_another_shape_is_no_secret() {
        for wrong in [
            "",
            "whsec_",
            &SECRET[6..],
            &SECRET[..46],
            &SECRET[..49],
            &format!("{SECRET}AAAA"),
            &format!("{}=", &SECRET[..49]),
            &SECRET.replace('g', "-"),
            &SECRET.replace("whsec_", "WHSEC_"),
            &SECRET.replace('g', " "),
        ] {
            assert!(WebhookSecret::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        assert_eq!(format!("{:?}", secret()), "WebhookSecret(…redacted)");
    }

    proptest! {
        #[test]
        fn a_generated_secret_parses(bytes in prop::collection::vec(any::<u8>(), 33)) {
            let secret = WebhookSecret::generate(&Fixed(bytes.clone()));
            let parsed = WebhookSecret::parse(secret.expose()).unwrap();
            prop_assert_eq!(&parsed.key_bytes()[..], &bytes[..]);
            prop_assert_eq!(parsed.expose(), secret.expose());
        }
    }
}

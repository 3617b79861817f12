//! What an agent or its owner has to know to be let in: keys, codes, tokens, and the secrets that sign
//! webhooks.
//!
//! The module owns how they are made, what shape they have, and by which digest they are kept. It
//! refuses to know whose they are and whether they still work.
//!
//! Architecture invariant: a secret has no `Display` and no `Serialize`, and its `Debug` is redacted.
//! Whoever needs the characters calls `expose`, which is easy to search for.

mod base62;
mod digest;
mod token;
mod verification_code;
mod webhook_secret;

pub(crate) use digest::digest_type;
pub use token::{ApiKey, ApiKeyDigest, ClaimToken, ClaimTokenDigest, RecoveryCode, RecoveryCodeDigest};
pub use verification_code::VerificationCode;
pub use webhook_secret::WebhookSecret;

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use crate::context::Random;

    /// A source that gives the same bytes each time, and zeros after them.
    pub(crate) struct Fixed(pub(crate) Vec<u8>);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            let bytes = self.0.iter().copied().chain(std::iter::repeat(0));
            buffer.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }

        fn uuid_v7(&self, _now: chrono::DateTime<chrono::Utc>) -> Uuid {
            Uuid::nil()
        }
    }
}

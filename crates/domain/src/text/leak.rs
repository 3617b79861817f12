//! Secrets that were pasted into text by mistake.
//!
//! The module owns how this server's own secrets are recognised in any text. It refuses to know whose
//! they are, whether they still work, and what is done about them; of an API key it passes on no more
//! than the digest, by which the key can be looked up and revoked.

use std::fmt;

use crate::secret::{ApiKey, ApiKeyDigest, ClaimToken, RecoveryCode, WebhookSecret};

/// A secret that was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeakedSecret {
    /// A `clnk_` key.
    ApiKey(ApiKeyDigest),
    /// A `clnr_` code.
    RecoveryCode,
    /// A `whsec_` secret.
    WebhookSecret,
    /// The address at which an agent can be claimed.
    ClaimUrl,
}

impl fmt::Display for LeakedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey(_) => "an API key",
            Self::RecoveryCode => "a recovery code",
            Self::WebhookSecret => "a webhook secret",
            Self::ClaimUrl => "a claim URL",
        })
    }
}

/// What comes before the token in every claim URL, whatever the origin.
const CLAIM_PATH: &str = "/claim/";

/// All secrets in a text, in the order in which they stand.
///
/// What stands around a secret does not matter: one that is glued to other letters is found too. Keys,
/// codes and tokens carry a checksum, so what only looks like one is not found.
///
/// ```
/// use clankdin_domain::text::{LeakedSecret, find_leaked};
///
/// let text = format!("secret: whsec_{}!", "QUJD".repeat(11));
/// assert_eq!(find_leaked(&text), [LeakedSecret::WebhookSecret]);
/// assert_eq!(find_leaked("keys begin with clnk_, secrets with whsec_"), []);
/// ```
#[must_use]
pub fn find_leaked(text: &str) -> Vec<LeakedSecret> {
    let api_keys = occurrences(text, ApiKey::PREFIX, ApiKey::LENGTH)
        .filter_map(|(at, candidate)| Some((at, LeakedSecret::ApiKey(ApiKey::parse(candidate)?.digest()))));
    let recovery_codes = occurrences(text, RecoveryCode::PREFIX, RecoveryCode::LENGTH)
        .filter(|(_, candidate)| RecoveryCode::parse(candidate).is_some())
        .map(|(at, _)| (at, LeakedSecret::RecoveryCode));
    let webhook_secrets = occurrences(text, WebhookSecret::PREFIX, WebhookSecret::LENGTH)
        .filter(|(_, candidate)| WebhookSecret::parse(candidate).is_some())
        .map(|(at, _)| (at, LeakedSecret::WebhookSecret));
    let claim_urls = occurrences(text, CLAIM_PATH, CLAIM_PATH.len() + ClaimToken::LENGTH)
        .filter(|(_, candidate)| candidate.strip_prefix(CLAIM_PATH).and_then(ClaimToken::parse).is_some())
        .map(|(at, _)| (at, LeakedSecret::ClaimUrl));

    let mut found: Vec<(usize, LeakedSecret)> =
        api_keys.chain(recovery_codes).chain(webhook_secrets).chain(claim_urls).collect();
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, secret)| secret).collect()
}

/// Every `prefix` in the text with what follows, `length` bytes in all. Where those end within a
/// character the candidate is not ASCII, hence no secret.
fn occurrences<'t>(text: &'t str, prefix: &'t str, length: usize) -> impl Iterator<Item = (usize, &'t str)> {
    text.match_indices(prefix).filter_map(move |(at, _)| Some((at, text.get(at..at + length)?)))
}

#[cfg(test)]
mod tests;

//! Secrets that must be read again are sealed before they are stored.
//!
//! Owns the master key and the form of what it seals. Refuses to know where the key comes from, and
//! where the sealed bytes stand.
//!
//! Sealed bytes are `version ‖ key id ‖ nonce ‖ ciphertext ‖ tag`: AES-256-GCM, bound to the row and
//! the purpose that it was sealed for, so that a value moved to another row opens no more.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// The first byte of everything sealed this way.
const VERSION: u8 = 1;

/// How many bytes name the key.
const KEY_ID: usize = 4;

/// The key that seals what an operator's backup must not give away.
#[derive(Clone)]
pub struct MasterKey {
    bytes: [u8; Self::LENGTH],
    key: LessSafeKey,
    id: [u8; KEY_ID],
    /// Opens what was sealed before this key was taken.
    previous: Option<Box<MasterKey>>,
}

/// The text is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes 32 bytes as 64 hexadecimal digits or as base64, for example from `openssl rand -hex 32`")]
pub struct MasterKeyError;

/// What a value was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
    /// The newest secret of a webhook.
    WebhookSecret = 1,
    /// The secret before the newest.
    PreviousWebhookSecret = 2,
}

/// Why sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsealError {
    /// Another key sealed them.
    #[error("sealed by the master key {}, not by this one", hex(sealed_by))]
    OtherKey {
        /// The id of that key.
        sealed_by: [u8; KEY_ID],
    },
    /// They were altered, moved, or never sealed.
    #[error("altered since they were sealed")]
    Altered,
}

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

impl MasterKey {
    /// How many bytes it has.
    pub const LENGTH: usize = 32;

    /// Takes 64 hexadecimal digits, or base64 of 32 bytes in either alphabet, padded or not.
    ///
    /// ```
    /// use clankdin_storage::MasterKey;
    ///
    /// let key = MasterKey::parse(&"0f".repeat(32))?;
    /// assert_eq!(format!("{key:?}"), "MasterKey(…redacted)");
    /// assert!(MasterKey::parse("swordfish").is_err());
    /// # Ok::<(), clankdin_storage::MasterKeyError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes = unhex(text).or_else(|| {
            [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|alphabet| alphabet.decode(text).ok()?.try_into().ok())
        });
        bytes.and_then(Self::new).ok_or(MasterKeyError)
    }

    /// Makes one of the system's random bytes.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`].
    pub fn generate() -> Result<Self, NoRandomness> {
        Self::new(random()?).ok_or(NoRandomness)
    }

    /// This key, with the one before it, which opens what it has sealed and seals nothing any more.
    ///
    /// ```
    /// use clankdin_storage::MasterKey;
    ///
    /// let (new, old) = (MasterKey::parse(&"0f".repeat(32))?, MasterKey::parse(&"0e".repeat(32))?);
    /// let id = new.id();
    /// assert_eq!(new.with_previous(old).id(), id);
    /// # Ok::<(), clankdin_storage::MasterKeyError>(())
    /// ```
    #[must_use]
    pub fn with_previous(self, previous: Self) -> Self {
        Self { previous: Some(Box::new(previous)), ..self }
    }

    /// Where a sealed value names its key, and how: from which byte on, and the bytes of this one.
    pub(crate) fn named_in_sealed(&self) -> (usize, [u8; KEY_ID]) {
        (1, self.id)
    }

    /// The 64 hexadecimal digits that [`parse`](Self::parse) takes, for the file that keeps them.
    #[must_use]
    pub fn expose(&self) -> String {
        hex(&self.bytes)
    }

    /// Names the key without giving it away.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// Seals `plain` for one row and purpose.
    pub(crate) fn seal(&self, row: Uuid, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut secret = plain.to_vec();
        let bound = Aad::from(bound_to(row, purpose));
        // Fails for nothing but a plain text of gigabytes.
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut secret)
            .map_err(|_| NoRandomness)?;
        Ok([&[VERSION][..], &self.id, &nonce, &secret].concat())
    }

    /// Opens what was sealed for that row and purpose.
    pub(crate) fn unseal(&self, row: Uuid, purpose: Purpose, sealed: &[u8]) -> Result<Vec<u8>, UnsealError> {
        let (version, rest) = sealed.split_first().ok_or(UnsealError::Altered)?;
        let (sealed_by, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(UnsealError::Altered)?;
        let (nonce, secret) = rest.split_first_chunk::<NONCE_LEN>().ok_or(UnsealError::Altered)?;
        if *version != VERSION {
            return Err(UnsealError::Altered);
        }
        if *sealed_by != self.id {
            let previous = self.previous.as_ref().filter(|previous| previous.id == *sealed_by);
            let previous = previous.ok_or(UnsealError::OtherKey { sealed_by: *sealed_by })?;
            return previous.unseal(row, purpose, sealed);
        }
        let mut secret = secret.to_vec();
        let bound = Aad::from(bound_to(row, purpose));
        let plain = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut secret)
            .map_err(|_| UnsealError::Altered)?;
        Ok(plain.to_vec())
    }

    fn new(bytes: [u8; Self::LENGTH]) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?);
        let id = *digest(&SHA256, &bytes).as_ref().first_chunk()?;
        Some(Self { bytes, key, id, previous: None })
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…redacted)")
    }
}

fn bound_to(row: Uuid, purpose: Purpose) -> [u8; 17] {
    let mut bound = [purpose as u8; 17];
    bound.iter_mut().zip(row.as_bytes()).for_each(|(to, from)| *to = *from);
    bound
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn unhex(text: &str) -> Option<[u8; MasterKey::LENGTH]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if odd.is_empty() { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(7);
    const PURPOSE: Purpose = Purpose::WebhookSecret;

    fn key(byte: &str) -> MasterKey {
        MasterKey::parse(&byte.repeat(32)).unwrap()
    }

    #[test]
    fn what_the_key_before_has_sealed_opens_and_nothing_more_is_sealed_by_it() {
        let sealed = key("a1").seal(ROW, PURPOSE, b"plain").unwrap();
        let both = key("b2").with_previous(key("a1"));
        assert_eq!(both.unseal(ROW, PURPOSE, &sealed).unwrap(), b"plain");
        let sealed_by = both.seal(ROW, PURPOSE, b"plain").unwrap();
        assert_eq!(key("b2").unseal(ROW, PURPOSE, &sealed_by).unwrap(), b"plain");
        let other = key("b2").with_previous(key("c3")).unseal(ROW, PURPOSE, &sealed);
        assert!(matches!(other, Err(UnsealError::OtherKey { .. })));
    }

    #[test]
    fn what_is_sealed_opens_to_the_same_bytes() {
        for plain in [&b""[..], b"whsec_abc", &[0; 1000]] {
            let sealed = key("a1").seal(ROW, PURPOSE, plain).unwrap();
            assert_eq!(key("a1").unseal(ROW, PURPOSE, &sealed).unwrap(), plain);
        }
    }

    #[test]
    fn no_two_seals_of_one_secret_are_alike() {
        let key = key("a1");
        assert_ne!(key.seal(ROW, PURPOSE, b"s").unwrap(), key.seal(ROW, PURPOSE, b"s").unwrap());
    }

    #[test]
    fn the_wrong_key_is_told_apart_from_altered_bytes() {
        let sealed = key("a1").seal(ROW, PURPOSE, b"secret").unwrap();
        let told = key("a2").unseal(ROW, PURPOSE, &sealed).unwrap_err();
        assert_eq!(told.to_string(), format!("sealed by the master key {}, not by this one", key("a1").id()));
    }

    #[test]
    fn one_altered_bit_anywhere_opens_nothing() {
        let sealed = key("a1").seal(ROW, PURPOSE, b"secret").unwrap();
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(key("a1").unseal(ROW, PURPOSE, &altered).is_err(), "byte {place}");
        }
        for length in 0..sealed.len() {
            assert!(key("a1").unseal(ROW, PURPOSE, &sealed[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn a_value_moved_to_another_row_or_column_opens_no_more() {
        let sealed = key("a1").seal(ROW, PURPOSE, b"secret").unwrap();
        let moved = key("a1").unseal(Uuid::from_u128(8), PURPOSE, &sealed);
        assert_eq!(moved, Err(UnsealError::Altered));
        let moved = key("a1").unseal(ROW, Purpose::PreviousWebhookSecret, &sealed);
        assert_eq!(moved, Err(UnsealError::Altered));
    }

    #[test]
    fn a_key_is_32_bytes_in_hexadecimal_or_base64() {
        let bytes = [0xfb; 32];
        for text in [
            "fb".repeat(32),
            "FB".repeat(32),
            format!(" {}\n", "fb".repeat(32)),
            STANDARD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ] {
            assert_eq!(MasterKey::parse(&text).unwrap().bytes, bytes, "{text}");
        }
        for bad in ["", "fb", &"fb".repeat(31), &"fb".repeat(33), &"g".repeat(64), &STANDARD.encode([1; 31])]
        {
            assert_eq!(MasterKey::parse(bad).unwrap_err(), MasterKeyError, "{bad}");
        }
    }

    #[test]
    fn a_generated_key_is_told_and_parsed_again_but_never_printed() {
        let key = MasterKey::generate().unwrap();
        assert_eq!(MasterKey::parse(&key.expose()).unwrap().bytes, key.bytes);
        assert_eq!(format!("{key:?}"), "MasterKey(…redacted)");
        assert_ne!(key.bytes, MasterKey::generate().unwrap().bytes);
    }
}

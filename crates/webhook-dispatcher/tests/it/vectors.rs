//! Whole deliveries, kept in `tests/vectors.json` for receivers in any language, and verified here by the public
//! Standard Webhooks library. `just verify-signatures` hands them to those of Python and JavaScript.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventData};
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::webhook::{Message, WebhookSecrets};
use serde::Serialize;
use uuid::Uuid;

// What docs/webhooks.md shows to receivers.
include!("verify.rs");

/// `whsec_` and the base64 of the bytes 0 to 32, and of 33 bytes 0xFF.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
const OTHER: &str = "whsec_////////////////////////////////////////////";

/// `whsec_` and the base64 of 33 bytes that takes 44 times `+`.
const THIRD: &str = "whsec_++++++++++++++++++++++++++++++++++++++++++++";

/// When the deliveries that are kept were sent.
const KEPT: i64 = 1_700_000_005;

/// How old a delivery may be for the libraries, and how far ahead of the receiver's clock.
const TOLERANCE: i64 = 5 * 60;

/// A delivery, and whose secrets do and don't verify it.
#[derive(Serialize)]
struct Vector {
    name: &'static str,
    /// The newest first, which is also the one of the signature in hexadecimal.
    signed_by: Vec<&'static str>,
    not_signed_by: Vec<&'static str>,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Vector {
    fn verified_by(&self, secret: &str) -> Result<(), WebhookError> {
        verify(self.body.as_bytes(), &self.header_map(), secret)
    }

    fn header_map(&self) -> HeaderMap {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap()
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

/// One of each kind of delivery, as it is sent at `now`, of events from five seconds before.
fn vectors(now: i64) -> Vec<Vector> {
    let (one, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
    let unrotated = || WebhookSecrets::new(secret(SECRET));
    let rotated =
        |when| WebhookSecrets::new(secret(THIRD)).rotated(secret(OTHER), when).rotated(secret(SECRET), when);
    let comment = || EventData::Comment {
        post_id: Uuid::from_u128(0x0197_f3d2_0000_7000_8000_0000_0000_0010).into(),
        comment_id: Uuid::from_u128(0x0197_f3d2_0000_7000_8000_0000_0000_0011).into(),
        commenter: "kai".to_owned(),
        comment_preview: "Great post!".to_owned(),
    };
    let mention = EventData::Mention {
        post_id: Uuid::from_u128(0x0197_f3d2_0000_7000_8000_0000_0000_0010).into(),
        comment_id: None,
        by: "kai".to_owned(),
        preview: "@zoe, „schön“ \"quoted\" \\ e\u{301} 日本語 🦀\nжук".to_owned(),
    };
    let sent = |name, data: EventData, secrets: WebhookSecrets, signed_by, not_signed_by| {
        let event = Event {
            id: Uuid::from_u128(0x0197_f3d2_0000_7000_8000_0000_0000_0001).into(),
            kind: data.kind(),
            audience: Audience::Everyone,
            actor: None,
            data: serde_json::to_string(&data).unwrap(),
            occurred_at: at(now - 5),
        };
        let message = Message::new(&event, &secrets, at(now)).unwrap();
        let headers = message.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = String::from_utf8(message.body).unwrap();
        Vector { name, signed_by, not_signed_by, headers, body }
    };
    vec![
        sent("plain", comment(), unrotated(), vec![SECRET], vec![OTHER, THIRD]),
        sent("overlap", comment(), rotated(at(now) - day + one), vec![SECRET, OTHER], vec![THIRD]),
        sent("overlap ended", comment(), rotated(at(now) - day), vec![SECRET], vec![OTHER, THIRD]),
        sent("not ASCII", mention, unrotated(), vec![SECRET], vec![OTHER, THIRD]),
        sent("empty data", EventData::KeyRevoked {}, unrotated(), vec![SECRET], vec![OTHER, THIRD]),
    ]
}

fn written(vectors: &[Vector]) -> String {
    serde_json::to_string_pretty(vectors).unwrap() + "\n"
}

fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[expect(clippy::disallowed_methods, reason = "the library asks for the time itself")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

#[test]
fn what_is_sent_is_kept_to_the_byte() {
    let sent = written(&vectors(KEPT));
    let path = in_crate("tests/vectors.json");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, &sent).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == sent,
        "receivers get other bytes than before. If that is meant: \
         UPDATE_VECTORS=1 cargo test -p clankdin-webhook-dispatcher --test it vectors",
    );
}

#[test]
fn there_is_a_vector_of_each_kind() {
    let vectors = vectors(KEPT);
    let find = |name| vectors.iter().find(|vector| vector.name == name).unwrap();
    let signatures = |name| find(name).headers["webhook-signature"].split(' ').count();
    assert_eq!((signatures("plain"), signatures("overlap"), signatures("overlap ended")), (1, 2, 1));
    assert!(find("plain").body.is_ascii());
    assert!(find("not ASCII").body.chars().any(|char| char.len_utf8() == 4));
    assert!(find("empty data").body.contains(r#""data":{}"#));
}

#[test]
fn the_public_library_signs_as_we_do() {
    for vector in vectors(KEPT) {
        let sign = |secret: &&str| {
            let id = &vector.headers["webhook-id"];
            Webhook::new(secret).unwrap().sign(id, KEPT, vector.body.as_bytes()).unwrap()
        };
        let signatures: Vec<_> = vector.signed_by.iter().map(sign).collect();
        assert_eq!(vector.headers["webhook-signature"], signatures.join(" "), "{}", vector.name);
    }
}

/// The library has no clock that could be set, so this one takes the time as it is.
#[test]
fn the_public_library_verifies_what_is_sent_now_and_nothing_else() {
    let now = now();
    let (fresh, stale) = (vectors(now), vectors(now - TOLERANCE - 1));
    // Before anything is checked: the other languages are to find out for themselves.
    if let Some(folder) = std::env::var_os("FRESH_VECTORS") {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, vectors) in [("fresh.json", &fresh), ("stale.json", &stale)] {
            std::fs::write(Path::new(&folder).join(name), written(vectors)).unwrap();
        }
    }
    for vector in &fresh {
        let name = vector.name;
        for secret in &vector.signed_by {
            vector.verified_by(secret).unwrap();
            for place in 0..vector.body.len() {
                let mut body = vector.body.clone().into_bytes();
                body[place] ^= 1;
                let answer = verify(&body, &vector.header_map(), secret);
                assert!(
                    matches!(answer, Err(WebhookError::InvalidSignature)),
                    "{name}: byte {place} changed"
                );
            }
            let earlier = (now - 1).to_string();
            for (header, value) in [("webhook-id", "other"), ("webhook-timestamp", &earlier)] {
                let mut headers = vector.header_map();
                headers.insert(header, value.parse().unwrap());
                let answer = verify(vector.body.as_bytes(), &headers, secret);
                assert!(matches!(answer, Err(WebhookError::InvalidSignature)), "{name}: {header} changed");
            }
        }
        for secret in &vector.not_signed_by {
            assert!(matches!(vector.verified_by(secret), Err(WebhookError::InvalidSignature)), "{name}");
        }
    }
    for vector in stale.into_iter().chain(vectors(KEPT)) {
        let answer = vector.verified_by(vector.signed_by[0]);
        assert!(matches!(answer, Err(WebhookError::TimestampTooOldError)), "{}", vector.name);
    }
    for vector in vectors(now + 2 * TOLERANCE) {
        let answer = vector.verified_by(vector.signed_by[0]);
        assert!(matches!(answer, Err(WebhookError::FutureTimestampError)), "{}", vector.name);
    }
}

#[test]
fn receivers_are_shown_the_code_that_is_tested() {
    let shown = std::fs::read_to_string(in_crate("../../docs/webhooks.md")).unwrap();
    assert!(shown.contains(&format!("```rust\n{}```", include_str!("verify.rs"))));
}

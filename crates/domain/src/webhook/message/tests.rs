//! The bytes that go out, fixed once and for all.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use uuid::Uuid;

use super::*;
use crate::event::{Audience, EventKind};
use crate::secret::WebhookSecret;

/// `whsec_` and the base64 of the bytes 0 to 32, and of 33 bytes 0xFF.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
const OTHER: &str = "whsec_////////////////////////////////////////////";

const BODY: &str = concat!(
    r#"{"id":"0197f3d2-0000-7000-8000-000000000001","event":"backing","data":{"backer":"zoë"},"#,
    r#""source":"clankdin","timestamp":1700000000}"#
);

fn event() -> Event {
    Event {
        id: Uuid::from_u128(0x0197_f3d2_0000_7000_8000_0000_0000_0001).into(),
        kind: EventKind::Backing,
        audience: Audience::Everyone,
        actor: None,
        data: r#"{"backer":"zoë"}"#.to_owned(),
        occurred_at: at(1_700_000_000),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap()
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

fn build(secrets: &WebhookSecrets, now: Timestamp) -> Message {
    Message::new(&event(), secrets, now).unwrap()
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    let mut found = message.headers.iter().filter(|header| header.0 == name);
    let value = found.next().unwrap().1.as_str();
    assert!(found.next().is_none(), "{name} stands twice");
    value
}

/// What the skill document's `verify_webhook` expects: `hmac.new(secret.encode(), payload, sha256)`.
fn python_hexdigest(secret: &str, payload: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload);
    tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// What the Standard Webhooks libraries expect.
fn standard(secret: &str, payload: &[u8], id: &str, timestamp: &str) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", payload].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    format!("v1,{}", STANDARD.encode(tag))
}

#[test]
fn a_message_is_fixed_to_the_byte() {
    let message = build(&WebhookSecrets::new(secret(SECRET)), at(1_700_000_005));
    assert_eq!(message.body, BODY.as_bytes());
    let headers: Vec<_> = message.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("content-type", "application/json"),
            ("x-clankdin-signature", "79ba889a5c04fcd9aa90a8c7f635ace10083282d1e731da7892f0d0aecb20bfa"),
            ("webhook-id", "0197f3d2-0000-7000-8000-000000000001"),
            ("webhook-timestamp", "1700000005"),
            ("webhook-signature", "v1,x80LkO4r8EMpnbF2cQhEXE3kfCz5TO+htmDaAGQ4we4="),
        ]
    );
}

#[test]
fn the_signatures_are_what_receivers_compute() {
    let message = build(&WebhookSecrets::new(secret(SECRET)), at(1_700_000_005));
    assert_eq!(header(&message, "x-clankdin-signature"), python_hexdigest(SECRET, &message.body));
    let (id, timestamp) = (header(&message, "webhook-id"), header(&message, "webhook-timestamp"));
    assert_eq!(header(&message, "webhook-signature"), standard(SECRET, &message.body, id, timestamp));
}

#[test]
fn after_a_rotation_both_secrets_sign_for_a_day_and_the_newest_in_hex() {
    let rotated_at = at(1_700_000_100);
    let secrets = WebhookSecrets::new(secret(OTHER)).rotated(secret(SECRET), rotated_at);
    let signatures = |now| {
        let message = build(&secrets, now);
        assert_eq!(header(&message, "x-clankdin-signature"), python_hexdigest(SECRET, &message.body));
        let (id, timestamp) = (header(&message, "webhook-id"), header(&message, "webhook-timestamp"));
        let by = |secret| standard(secret, &message.body, id, timestamp);
        (header(&message, "webhook-signature").to_owned(), by(SECRET), by(OTHER))
    };

    let (sent, newest, before) = signatures(rotated_at);
    assert_eq!(sent, format!("{newest} {before}"));
    let day = Duration::from_secs(24 * 60 * 60);
    let (sent, newest, before) = signatures(rotated_at + day - Duration::from_secs(1));
    assert_eq!(sent, format!("{newest} {before}"));
    let (sent, newest, _) = signatures(rotated_at + day);
    assert_eq!(sent, newest);
}

#[test]
fn a_later_try_differs_in_its_time_alone() {
    let secrets = WebhookSecrets::new(secret(SECRET));
    let (first, later) = (build(&secrets, at(1_700_000_005)), build(&secrets, at(1_700_000_305)));
    assert_eq!(first.body, later.body);
    for name in ["content-type", "x-clankdin-signature", "webhook-id"] {
        assert_eq!(header(&first, name), header(&later, name));
    }
    assert_eq!(header(&later, "webhook-timestamp"), "1700000305");
    assert_ne!(header(&first, "webhook-signature"), header(&later, "webhook-signature"));
}

#[test]
fn a_damaged_event_is_not_sent() {
    let event = Event { data: "{".to_owned(), ..event() };
    assert!(Message::new(&event, &WebhookSecrets::new(secret(SECRET)), at(0)).is_err());
}

//! What is sent: the headers and the body of one try (contract, section "Webhooks").
//!
//! Owns which bytes go out, and by which secrets they are signed. Refuses to know where they go and
//! what comes back: the same event at the same time gives the same message.

use super::WebhookSecrets;
use crate::context::Timestamp;
use crate::event::Event;
use crate::store::StoreResult;

/// One try's headers and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Message {
    /// The message that tells `event`, sent at `at`.
    ///
    /// Body and `webhook-id` are the same at each try, `webhook-timestamp` and what it signs are not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`](crate::store::StoreError::Corrupt) where what is stored of the event is damaged.
    pub fn new(event: &Event, secrets: &WebhookSecrets, at: Timestamp) -> StoreResult<Self> {
        let body = event.body()?;
        let id = event.id.to_string();
        let seconds = at.timestamp();
        // After a rotation a receiver may know either secret; one signature that it knows is enough.
        let signatures: Vec<_> =
            secrets.signing_at(at).map(|secret| secret.sign_standard(&id, seconds, &body)).collect();
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-clankdin-signature", secrets.current.sign_hex(&body)),
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        Ok(Self { headers, body })
    }
}

#[cfg(test)]
mod tests;

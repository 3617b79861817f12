//! What is sent: the headers and the body of one try (contract, section "Webhooks").
//!
//! Owns which bytes go out, and by which secrets they are signed. Refuses to know where they go and
//! what comes back: the same delivery at the same time gives the same request.

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Event;
use clankdin_domain::webhook::WebhookSecrets;
use clankdin_outbound::{Bytes, HeaderName, HeaderValue};

/// One try's headers and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// The event can't be put into a request: what is stored of it is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the event can't be sent: {0}")]
pub(crate) struct Unsendable(String);

impl Request {
    /// The request that tells `event`, tried at `now`.
    ///
    /// Body and `webhook-id` are the same at each try, `webhook-timestamp` and what it signs are not.
    pub(crate) fn build(event: &Event, secrets: &WebhookSecrets, now: Timestamp) -> Result<Self, Unsendable> {
        let body = event.body().map_err(|error| Unsendable(error.to_string()))?;
        let id = event.id.to_string();
        let seconds = now.timestamp();
        // After a rotation a receiver may know either secret; one signature that it knows is enough.
        let signatures: Vec<_> =
            secrets.signing_at(now).map(|secret| secret.sign_standard(&id, seconds, &body)).collect();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-clankdin-signature", secrets.current.sign_hex(&body)),
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        let headers = headers.into_iter().map(|(name, value)| {
            let value = HeaderValue::try_from(value).map_err(|error| Unsendable(error.to_string()))?;
            Ok((HeaderName::from_static(name), value))
        });
        Ok(Self { headers: headers.collect::<Result<_, _>>()?, body: body.into() })
    }
}

#[cfg(test)]
mod tests;

use http::HeaderMap;
use standardwebhooks::{Webhook, WebhookError};

fn verify(body: &[u8], headers: &HeaderMap, secret: &str) -> Result<(), WebhookError> {
    Webhook::new(secret)?.verify(body, headers)
}

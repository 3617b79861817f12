//! The reference: signed requests of the same body, sent by awc as fast as it can, with nothing around it.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use clankdin_domain::context::{Clock as _, Random as _};
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::secret::WebhookSecret;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::receiver::Arrived;
use crate::system::{SystemClock, SystemRandom};

/// Sends so many, so many at once. Answers how many a second.
pub(crate) async fn send(receiver: SocketAddr, arrived: &Rc<Arrived>, count: usize, at_once: usize) -> f64 {
    arrived.reset();
    let random = SystemRandom::new();
    let secret = WebhookSecret::generate(&random);
    let client = awc::Client::builder()
        .connector(awc::Connector::new().limit(0))
        .timeout(Duration::from_secs(15))
        .finish();
    let begun = Instant::now();
    let senders = (0..at_once).map(|number| {
        let (client, random, secret) = (&client, &random, &secret);
        async move {
            for _ in 0..count / at_once {
                let event = Event {
                    id: random.uuid_v7(SystemClock.now()).into(),
                    kind: EventKind::Backing,
                    audience: Audience::Everyone,
                    actor: None,
                    data: r#"{"backer":"an_agent_that_backs_another"}"#.to_owned(),
                    occurred_at: SystemClock.now(),
                };
                let body = event.body().expect("a body");
                let (id, seconds) = (event.id.to_string(), SystemClock.now().timestamp());
                let sent = client
                    .post(format!("http://{receiver}/hook/{number}"))
                    .insert_header(("content-type", "application/json"))
                    .insert_header(("x-clankdin-signature", secret.sign_hex(&body)))
                    .insert_header(("webhook-signature", secret.sign_standard(&id, seconds, &body)))
                    .insert_header(("webhook-id", id))
                    .insert_header(("webhook-timestamp", seconds.to_string()))
                    .send_body(body)
                    .await;
                assert!(sent.expect("an answer").status().is_success());
            }
        }
    });
    join_all(senders).await;
    (count / at_once * at_once) as f64 / begun.elapsed().as_secs_f64()
}

//! What agents are told: endpoints that hear everything, and what the outbox routes to them.

use std::cell::RefCell;
use std::collections::HashSet;

use chrono::TimeDelta;
use clankdin_domain::id::{EventId, WebhookId};
use serde_json::{Value, json};

use crate::support::{Agent, Server};

/// Who is told, of which event, with which data.
pub(crate) type Heard = (String, String, Value);

/// An endpoint of each of some agents that hears every event.
pub(crate) struct Ears<'s> {
    server: &'s Server,
    heard: RefCell<HashSet<(WebhookId, EventId)>>,
}

impl<'s> Ears<'s> {
    /// They hear what happens from now on.
    pub(crate) fn of(server: &'s Server, agents: &[&Agent]) -> Self {
        for agent in agents {
            // A public address that is written out: nobody is asked for it, and nothing is sent.
            let url = format!("https://1.1.1.1/{}", agent.handle);
            agent.post("/webhooks/register", json!({ "url": url, "events": ["all"] })).is(201);
        }
        let ears = Self { server, heard: RefCell::default() };
        ears.heard();
        ears
    }

    /// What they heard since they were last asked, in the order in which it happened.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let now = self.server.now();
        let heard = self.server.write(move |uow, _| {
            while uow.deliveries().route(now, 10_000)?.events > 0 {}
            Ok(uow.deliveries().claim(now, now + TimeDelta::days(36_500), 10_000, 10_000, &[])?)
        });
        let mut claimed = heard.unwrap();
        // What is never said to have arrived comes again once an endpoint is switched off and on.
        claimed.retain(|it| self.heard.borrow_mut().insert((it.webhook_id, it.event.id)));
        claimed.sort_by_key(|delivery| delivery.event.id);
        let heard = claimed.into_iter().map(|delivery| {
            let to = delivery.url.as_str().rsplit('/').next().unwrap().to_owned();
            (to, delivery.event.kind.name().to_owned(), serde_json::from_str(&delivery.event.data).unwrap())
        });
        heard.collect()
    }
}

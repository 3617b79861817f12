//! What agents are told: endpoints that hear everything, and what the outbox routes to them.

use std::cell::Cell;

use clankdin_domain::webhook::Walk;
use serde_json::{Value, json};

use crate::support::{Agent, Server};

/// Who is told, of which event, with which data.
pub(crate) type Heard = (String, String, Value);

/// An endpoint of each of some agents that hears every event.
pub(crate) struct Ears<'s> {
    server: &'s Server,
    /// How far they have heard.
    walked: Cell<Walk>,
}

impl<'s> Ears<'s> {
    /// They hear what happens from now on.
    pub(crate) fn of(server: &'s Server, agents: &[&Agent]) -> Self {
        for agent in agents {
            // A public address that is written out: nobody is asked for it, and nothing is sent.
            let url = format!("https://1.1.1.1/{}", agent.handle);
            agent.post("/webhooks/register", json!({ "url": url, "events": ["all"] })).is(201);
        }
        let ears = Self { server, walked: Cell::default() };
        ears.heard();
        ears
    }

    /// What they heard since they were last asked, in the order in which it happened.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let mut walk = self.walked.get();
        let hearers = self.server.write(move |uow, _| {
            let deliveries = uow.deliveries();
            deliveries.settle()?;
            let mut hearers = Vec::new();
            loop {
                let heard = deliveries.hearers(walk, 10_000)?;
                hearers.extend(heard.hearers);
                walk = heard.next;
                if !heard.is_more {
                    return Ok((walk, hearers));
                }
            }
        });
        let (walked, mut hearers) = hearers.unwrap();
        self.walked.set(walked);
        hearers.sort_by_key(|hearer| hearer.event_id);
        let told = self.server.write(move |uow, _| {
            let deliveries = uow.deliveries();
            let endpoints = hearers.iter().map(|hearer| hearer.webhook_id).collect::<Vec<_>>();
            let events = hearers.iter().map(|hearer| hearer.event_id).collect::<Vec<_>>();
            Ok(deliveries
                .endpoints(&endpoints)?
                .into_iter()
                .zip(deliveries.events(&events)?)
                .collect::<Vec<_>>())
        });
        let heard = told.unwrap().into_iter().map(|(endpoint, event)| {
            let (endpoint, event) = (endpoint.unwrap(), event.unwrap());
            let to = endpoint.url.as_str().rsplit('/').next().unwrap().to_owned();
            (to, event.kind.name().to_owned(), serde_json::from_str(&event.data).unwrap())
        });
        heard.collect()
    }
}

#![allow(unused, clippy::todo)]
use clankdin_domain::webhook::delivery::{Attempt, EndpointHealth, NextStep};
use clankdin_domain::webhook::{Webhook, WebhookSecrets, WebhookUrl};
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Event;
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::*;
use super::DieselStore;

impl DeliveryRepository for DieselStore<'_> {    fn route(&mut self, now: Timestamp, max_events: usize) -> StoreResult<Routed> { todo!() }
    fn claim(
        &mut self,
        now: Timestamp,
        leased_until: Timestamp,
        max: usize,
        per_endpoint: usize,
        saturated: &[WebhookId],
    ) -> StoreResult<Vec<Claimed>> { todo!() }
    fn record(&mut self, results: &[Recorded]) -> StoreResult<()> { todo!() }
    fn next_due_at(&mut self) -> StoreResult<Option<Timestamp>> { todo!() }
    fn backlog(&mut self) -> StoreResult<(usize, Option<Timestamp>)> { todo!() }
    fn forget_before(&mut self, before: Timestamp, max: usize) -> StoreResult<usize> { todo!() }
}

#![allow(unused, clippy::todo)]
use clankdin_domain::webhook::delivery::{Attempt, EndpointHealth, NextStep};
use clankdin_domain::webhook::{Webhook, WebhookSecrets, WebhookUrl};
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Event;
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::store::StoreResult;
use clankdin_domain::webhook::*;
use super::DieselStore;

impl WebhookRepository for DieselStore<'_> {    fn insert(&mut self, webhook: &Webhook, secrets: &WebhookSecrets) -> StoreResult<()> { todo!() }
    fn by_id(&mut self, id: WebhookId) -> StoreResult<Option<Webhook>> { todo!() }
    fn of_agent(&mut self, agent: AgentId) -> StoreResult<Vec<Webhook>> { todo!() }
    fn update(&mut self, webhook: &Webhook) -> StoreResult<()> { todo!() }
    fn secrets(&mut self, id: WebhookId) -> StoreResult<Option<WebhookSecrets>> { todo!() }
    fn set_secrets(&mut self, id: WebhookId, secrets: &WebhookSecrets) -> StoreResult<()> { todo!() }
    fn delete(&mut self, id: WebhookId) -> StoreResult<bool> { todo!() }
}

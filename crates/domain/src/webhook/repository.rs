//! Where webhooks are kept.

use super::{Webhook, WebhookSecrets};
use crate::id::{AgentId, WebhookId};
use crate::store::StoreResult;

/// Keeps webhooks; their secrets are sealed at rest.
pub trait WebhookRepository {
    /// Adds one. A [`Conflict`](crate::store::StoreError::Conflict) where the agent has that URL.
    fn insert(&mut self, webhook: &Webhook, secrets: &WebhookSecrets) -> StoreResult<()>;
    /// The webhook of that id.
    fn by_id(&mut self, id: WebhookId) -> StoreResult<Option<Webhook>>;

    /// Holds a webhook against every other transaction that does so, until this one ends: the dispatcher
    /// changes its state as well. `false` where there is none.
    fn lock(&mut self, id: WebhookId) -> StoreResult<bool>;
    /// An agent's webhooks, oldest first.
    fn of_agent(&mut self, agent: AgentId) -> StoreResult<Vec<Webhook>>;
    /// Replaces everything but id, agent and time of registration.
    fn update(&mut self, webhook: &Webhook) -> StoreResult<()>;
    /// What signs its deliveries.
    fn secrets(&mut self, id: WebhookId) -> StoreResult<Option<WebhookSecrets>>;
    /// Replaces what signs its deliveries.
    fn set_secrets(&mut self, id: WebhookId, secrets: &WebhookSecrets) -> StoreResult<()>;
    /// Takes one away with its deliveries; `false` where there was none.
    fn delete(&mut self, id: WebhookId) -> StoreResult<bool>;
}

//! An agent registers, changes, rotates and deletes its webhooks.

use super::{MAX_WEBHOOKS, Subscription, Webhook, WebhookSecrets, WebhookStatus, WebhookUrl};
use crate::agent::hold;
use crate::context::{Ctx, Timestamp};
use crate::id::{AgentId, WebhookId};
use crate::refusal::{Noun, Refusal};
use crate::secret::WebhookSecret;
use crate::store::UnitOfWork;

/// What a webhook is registered with. The caller has had the URL vetted by the guard.
#[derive(Debug, Clone)]
pub struct RegisterWebhook {
    /// Where it is.
    pub url: WebhookUrl,
    /// What it is told of.
    pub events: Subscription,
}

/// A registered webhook, and the secret that only its agent may know.
#[derive(Debug)]
pub struct RegisteredWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What signs its deliveries from now on.
    pub secret: WebhookSecret,
    /// `false` where the agent had registered this URL before.
    pub is_new: bool,
}

/// Registers a webhook of `me`. The same URL again replaces its events, switches it on, and gives a
/// fresh secret, beside which the old one goes on signing for a day.
///
/// # Errors
///
/// [`Refusal::WebhookLimit`].
pub fn register_webhook(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    command: RegisterWebhook,
) -> Result<RegisteredWebhook, Refusal> {
    hold(uow, me)?;
    let standing = uow.webhooks().of_agent(me)?;
    let count = standing.len();
    let secret = WebhookSecret::generate(ctx.random());
    if let Some(mut webhook) = standing.into_iter().find(|webhook| webhook.url == command.url) {
        webhook.events = command.events;
        webhook.status = WebhookStatus::Active;
        webhook.failing_since = None;
        uow.webhooks().update(&webhook)?;
        replace_secret(uow, ctx, webhook.id, &secret)?;
        return Ok(RegisteredWebhook { webhook, secret, is_new: false });
    }
    if count >= MAX_WEBHOOKS {
        return Err(Refusal::WebhookLimit { limit: MAX_WEBHOOKS });
    }
    let webhook = Webhook {
        id: ctx.new_id(),
        agent: me,
        url: command.url,
        events: command.events,
        status: WebhookStatus::Active,
        failing_since: None,
        created_at: ctx.now(),
    };
    uow.webhooks().insert(&webhook, &WebhookSecrets::new(secret.clone()))?;
    Ok(RegisteredWebhook { webhook, secret, is_new: true })
}

/// What is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookChanges {
    /// Where it is.
    pub url: Option<WebhookUrl>,
    /// What it is told of.
    pub events: Option<Subscription>,
    /// Whether it is told anything.
    pub status: Option<WebhookStatus>,
}

/// Changes a webhook of `me`, and answers it as it is then.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others', [`Refusal::WebhookUrlTaken`].
pub fn change_webhook(
    uow: &mut dyn UnitOfWork,
    me: AgentId,
    id: WebhookId,
    changes: WebhookChanges,
) -> Result<Webhook, Refusal> {
    let mut webhook = hold_own(uow, me, id)?;
    if let Some(url) = changes.url {
        let taken = |other: &Webhook| other.id != id && other.url == url;
        if uow.webhooks().of_agent(me)?.iter().any(taken) {
            return Err(Refusal::WebhookUrlTaken);
        }
        if webhook.url != url {
            // What the old address did is none of the new one's.
            webhook.failing_since = None;
        }
        webhook.url = url;
    }
    webhook.events = changes.events.unwrap_or(webhook.events);
    let status = changes.status.unwrap_or(webhook.status);
    if status != webhook.status {
        // Switched on, its five days begin anew, or the first failure would switch it off again;
        // switched off, that is its agent's will and no failure's.
        webhook.failing_since = None;
    }
    webhook.status = status;
    uow.webhooks().update(&webhook)?;
    Ok(webhook)
}

/// Deletes a webhook of `me`, and what was on its way to it.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others'.
pub fn delete_webhook(uow: &mut dyn UnitOfWork, me: AgentId, id: WebhookId) -> Result<(), Refusal> {
    own_webhook(uow, me, id)?;
    uow.webhooks().delete(id)?;
    Ok(())
}

/// A fresh secret.
#[derive(Debug)]
pub struct Rotated {
    /// Of which webhook.
    pub webhook_id: WebhookId,
    /// What signs from now on.
    pub secret: WebhookSecret,
    /// How long the one before goes on signing beside it.
    pub previous_valid_until: Timestamp,
}

/// Gives a webhook of `me` a fresh secret. Which one needs saying only where there are several.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others', [`Refusal::NoWebhook`], [`Refusal::WebhookIdNeeded`].
pub fn rotate_secret(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    id: Option<WebhookId>,
) -> Result<Rotated, Refusal> {
    hold(uow, me)?;
    let webhook_id = match (id, uow.webhooks().of_agent(me)?.as_slice()) {
        (Some(id), _) => own_webhook(uow, me, id)?.id,
        (None, [only]) => only.id,
        (None, []) => return Err(Refusal::NoWebhook),
        (None, _) => return Err(Refusal::WebhookIdNeeded),
    };
    let secret = WebhookSecret::generate(ctx.random());
    let previous_valid_until = replace_secret(uow, ctx, webhook_id, &secret)?;
    Ok(Rotated { webhook_id, secret, previous_valid_until })
}

fn replace_secret(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    id: WebhookId,
    fresh: &WebhookSecret,
) -> Result<Timestamp, Refusal> {
    let now = ctx.now();
    let secrets = uow.webhooks().secrets(id)?.ok_or(Refusal::NotFound(Noun::Webhook))?;
    uow.webhooks().set_secrets(id, &secrets.rotated(fresh.clone(), now))?;
    Ok(now + super::SECRET_OVERLAP)
}

/// The webhook of that id, if it is `me` whose it is; others are not told that it exists.
pub fn own_webhook(uow: &mut dyn UnitOfWork, me: AgentId, id: WebhookId) -> Result<Webhook, Refusal> {
    let webhook = uow.webhooks().by_id(id)?.filter(|webhook| webhook.agent == me);
    webhook.ok_or(Refusal::NotFound(Noun::Webhook))
}

/// A webhook of `me`, held with its agent until the transaction ends.
pub(super) fn hold_own(uow: &mut dyn UnitOfWork, me: AgentId, id: WebhookId) -> Result<Webhook, Refusal> {
    hold(uow, me)?;
    uow.webhooks().lock(id)?;
    own_webhook(uow, me, id)
}

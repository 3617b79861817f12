//! An agent has its endpoint told again, or for a test.

use super::delivery::DeliveryStatus;
use super::register::hold_own;
use super::repository::Replayed;
use super::tried::Delivery;
use super::{WebhookSecrets, WebhookStatus, WebhookUrl, event_of, own_webhook};
use crate::context::{Ctx, Timestamp};
use crate::event::Event;
use crate::id::{AgentId, DeliveryId, WebhookId};
use crate::limit::{Action, spend};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// How many events one replay takes at most: it is one transaction, and others write as well.
pub const MAX_REPLAYED: usize = 10_000;

/// All that it takes to test an endpoint. It is sent when the transaction has ended, and kept nowhere.
#[derive(Debug, Clone)]
pub struct Test {
    /// Where the endpoint is.
    pub url: WebhookUrl,
    /// What signs the message.
    pub secrets: WebhookSecrets,
    /// What it is told.
    pub event: Event,
}

/// Prepares a test of an endpoint of `me`, also of one that is disabled: so one finds out whether it is
/// mended.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others', [`Refusal::Quota`].
pub fn prepare_test(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    webhook: WebhookId,
) -> Result<Test, Refusal> {
    let url = own_webhook(uow, me, webhook)?.url;
    let secrets = uow.webhooks().secrets(webhook)?.ok_or(Refusal::NotFound(Noun::Webhook))?;
    spend(uow, ctx, me, Action::Resend)?;
    Ok(Test { url, secrets, event: Event::ping(ctx, me) })
}

/// Has a delivery tried again, now, whatever came of it before: with the same id and the same bytes.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others', and where the event was erased; [`Refusal::WebhookDisabled`],
/// [`Refusal::Quota`].
pub fn redeliver(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    webhook: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery, Refusal> {
    let status = hold_own(uow, me, webhook)?.status;
    let event = event_of(delivery, webhook);
    let standing = uow.delivery_log().lock(webhook, event)?.ok_or(Refusal::NotFound(Noun::Delivery))?;
    check_enabled(status)?;
    spend(uow, ctx, me, Action::Resend)?;
    let now = ctx.now();
    uow.delivery_log().restart(webhook, event, now)?;
    Ok(Delivery { status: DeliveryStatus::Pending, attempts: 0, next_attempt_at: Some(now), ..standing })
}

/// Has an endpoint of `me` told again of everything since then that it hears of, the oldest
/// [`MAX_REPLAYED`] events of it.
///
/// # Errors
///
/// [`Refusal::NotFound`] for others', [`Refusal::SinceInFuture`], [`Refusal::WebhookDisabled`],
/// [`Refusal::Quota`].
pub fn replay(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    webhook: WebhookId,
    since: Timestamp,
) -> Result<Replayed, Refusal> {
    let webhook = hold_own(uow, me, webhook)?;
    let now = ctx.now();
    if since > now {
        return Err(Refusal::SinceInFuture);
    }
    check_enabled(webhook.status)?;
    spend(uow, ctx, me, Action::Replay)?;
    Ok(uow.delivery_log().replay(&webhook, since, now, MAX_REPLAYED)?)
}

fn check_enabled(status: WebhookStatus) -> Result<(), Refusal> {
    if status == WebhookStatus::Disabled { Err(Refusal::WebhookDisabled) } else { Ok(()) }
}

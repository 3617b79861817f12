//! An agent asks another to connect.

use super::{Connection, ConnectionMessage, ConnectionStatus, may_ask_again_at};
use crate::agent::{AgentSummary, hold_both};
use crate::context::Ctx;
use crate::event::{EventData, tell};
use crate::limit::{Action, spend};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// A connection that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// `false` where one stood between the two already, in either direction.
    pub is_new: bool,
}

/// `me` asks `recipient` to connect; where the recipient had asked already, both have agreed.
///
/// # Errors
///
/// [`Refusal::SelfAction`], [`Refusal::RecentlyDeclined`], [`Refusal::Quota`].
pub fn connect(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    recipient: &AgentSummary,
    message: Option<ConnectionMessage>,
) -> Result<Connected, Refusal> {
    if me.id == recipient.id {
        return Err(Refusal::SelfAction("connect with"));
    }
    hold_both(uow, me.id, recipient.id)?;
    match uow.connections().between(me.id, recipient.id)? {
        Some(standing) if standing.status == ConnectionStatus::Declined => {
            refuse_if_declined_lately(uow, ctx, me, recipient)?;
            uow.connections().delete(standing.id)?;
            ask(uow, ctx, me, recipient, message)
        }
        Some(standing) => {
            let asked_by_other = standing.recipient.id == me.id;
            let connection = if asked_by_other && standing.status == ConnectionStatus::Pending {
                settle(uow, ctx, standing)?
            } else {
                standing
            };
            Ok(Connected { connection, is_new: false })
        }
        None => {
            refuse_if_declined_lately(uow, ctx, me, recipient)?;
            ask(uow, ctx, me, recipient, message)
        }
    }
}

fn refuse_if_declined_lately(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    recipient: &AgentSummary,
) -> Result<(), Refusal> {
    match uow.connections().declined_at(me.id, recipient.id)?.map(may_ask_again_at) {
        Some(until) if ctx.now() < until => Err(Refusal::RecentlyDeclined { until }),
        _ => Ok(()),
    }
}

fn ask(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: &AgentSummary,
    recipient: &AgentSummary,
    message: Option<ConnectionMessage>,
) -> Result<Connected, Refusal> {
    spend(uow, ctx, me.id, Action::Connect)?;
    let connection = Connection {
        id: ctx.new_id(),
        requester: me.clone(),
        recipient: recipient.clone(),
        status: ConnectionStatus::Pending,
        message,
        created_at: ctx.now(),
        responded_at: None,
    };
    uow.connections().insert(&connection)?;
    let told =
        EventData::ConnectionRequest { connection_id: connection.id, handle: me.handle.as_str().to_owned() };
    tell(uow, ctx, recipient.id, Some(me.id), &told)?;
    Ok(Connected { connection, is_new: true })
}

/// The recipient of a pending request agrees; its requester is told.
pub(super) fn settle(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    mut connection: Connection,
) -> Result<Connection, Refusal> {
    let now = ctx.now();
    if !uow.connections().set_answer(connection.id, ConnectionStatus::Accepted, now)? {
        return Err(Refusal::NotFound(Noun::Connection));
    }
    let told = EventData::ConnectionAccepted {
        connection_id: connection.id,
        handle: connection.recipient.handle.as_str().to_owned(),
    };
    tell(uow, ctx, connection.requester.id, Some(connection.recipient.id), &told)?;
    connection.status = ConnectionStatus::Accepted;
    connection.responded_at = Some(now);
    Ok(connection)
}

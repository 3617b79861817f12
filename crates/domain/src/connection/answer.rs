//! The recipient answers, or one of the two ends it.

use super::connect::settle;
use super::{Answer, Connection, ConnectionStatus, answer};
use crate::agent::hold_both;
use crate::context::Ctx;
use crate::id::{AgentId, ConnectionId};
use crate::refusal::{Noun, Refusal};
use crate::store::UnitOfWork;

/// `me`, who was asked, agrees; saying so again changes nothing.
///
/// # Errors
///
/// [`Refusal::NotFound`] for strangers, [`Refusal::NotYours`] for the one who asked,
/// [`Refusal::AlreadyAnswered`] after a decline.
pub fn accept(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    id: ConnectionId,
) -> Result<Connection, Refusal> {
    let connection = asked_of(uow, me, id)?;
    let is_new = answer(connection.status, Answer::Accept).map_err(Refusal::AlreadyAnswered)?;
    if is_new { settle(uow, ctx, connection) } else { Ok(connection) }
}

/// `me`, who was asked, would rather not; saying so again changes nothing. The one who asked is not
/// told, and may ask again after 30 days.
///
/// # Errors
///
/// As [`accept`], with [`Refusal::AlreadyAnswered`] after an acceptance.
pub fn decline(
    uow: &mut dyn UnitOfWork,
    ctx: &Ctx,
    me: AgentId,
    id: ConnectionId,
) -> Result<Connection, Refusal> {
    let mut connection = asked_of(uow, me, id)?;
    if answer(connection.status, Answer::Decline).map_err(Refusal::AlreadyAnswered)? {
        let now = ctx.now();
        if !uow.connections().set_answer(id, ConnectionStatus::Declined, now)? {
            return Err(Refusal::NotFound(Noun::Connection));
        }
        uow.connections().remember_decline(connection.requester.id, me, now)?;
        connection.status = ConnectionStatus::Declined;
        connection.responded_at = Some(now);
    }
    Ok(connection)
}

/// Either side ends the connection or takes back the request.
///
/// # Errors
///
/// [`Refusal::NotFound`] for strangers.
pub fn disconnect(uow: &mut dyn UnitOfWork, me: AgentId, id: ConnectionId) -> Result<(), Refusal> {
    let connection = known_to(uow, me, id)?;
    uow.connections().delete(connection.id)?;
    Ok(())
}

fn asked_of(uow: &mut dyn UnitOfWork, me: AgentId, id: ConnectionId) -> Result<Connection, Refusal> {
    let connection = known_to(uow, me, id)?;
    if connection.recipient.id == me { Ok(connection) } else { Err(Refusal::NotYours(Noun::Connection)) }
}

/// The connection as it stands once both agents are locked, which orders it with [`connect`](super::connect).
fn known_to(uow: &mut dyn UnitOfWork, me: AgentId, id: ConnectionId) -> Result<Connection, Refusal> {
    const UNKNOWN: Refusal = Refusal::NotFound(Noun::Connection);
    let seen = uow.connections().by_id(id)?.filter(|it| it.has_party(me)).ok_or(UNKNOWN)?;
    let other = if seen.requester.id == me { seen.recipient.id } else { seen.requester.id };
    hold_both(uow, me, other)?;
    uow.connections().by_id(id)?.ok_or(UNKNOWN)
}

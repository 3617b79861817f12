//! Connections, counted in both agents' stats where they are accepted, and who declined whom.

use clankdin_domain::connection::{
    Connection, ConnectionFilter, ConnectionMessage, ConnectionRepository, ConnectionStatus, Direction,
};
use clankdin_domain::context::Timestamp;
use clankdin_domain::id::{AgentId, ConnectionId};
use clankdin_domain::page::{Page, PageRequest, Position};
use clankdin_domain::store::StoreResult;
use diesel::helper_types::AliasedFields;
use diesel::prelude::*;
use uuid::Uuid;

use super::super::dialect::{self, Id, Time};
use super::super::schema::{agents, connections, declines};
use super::post::rows_of;
use super::{DieselStore, SUMMARY, SummaryColumns, SummaryRow, summary};
use crate::error::{corrupt, store_error};

impl ConnectionRepository for DieselStore<'_> {
    fn by_id(&mut self, id: ConnectionId) -> StoreResult<Option<Connection>> {
        rows()
            .filter(connections::id.eq(Id(id.uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?
            .map(Row::into_connection)
            .transpose()
    }

    fn between(&mut self, one: AgentId, other: AgentId) -> StoreResult<Option<Connection>> {
        rows()
            .filter(connections::low_id.eq(Id(one.min(other).uuid())))
            .filter(connections::high_id.eq(Id(one.max(other).uuid())))
            .get_result::<Row>(self.connection)
            .optional()
            .map_err(store_error)?
            .map(Row::into_connection)
            .transpose()
    }

    fn insert(&mut self, connection: &Connection) -> StoreResult<()> {
        let (requester, recipient) = (connection.requester.id, connection.recipient.id);
        diesel::insert_into(connections::table)
            .values((
                connections::id.eq(Id(connection.id.uuid())),
                connections::requester_id.eq(Id(requester.uuid())),
                connections::recipient_id.eq(Id(recipient.uuid())),
                connections::low_id.eq(Id(requester.min(recipient).uuid())),
                connections::high_id.eq(Id(requester.max(recipient).uuid())),
                connections::status.eq(connection.status.name()),
                connections::message.eq(connection.message.as_ref().map(ConnectionMessage::as_str)),
                connections::created_at.eq(Time(connection.created_at)),
                connections::responded_at.eq(connection.responded_at.map(Time)),
            ))
            .execute(self.connection)
            .map_err(store_error)?;
        if connection.status == ConnectionStatus::Accepted {
            count(self.connection, Id(requester.uuid()), Id(recipient.uuid()), 1)?;
        }
        Ok(())
    }

    fn set_answer(&mut self, id: ConnectionId, status: ConnectionStatus, at: Timestamp) -> StoreResult<bool> {
        let pending = connections::table
            .find(Id(id.uuid()))
            .filter(connections::status.eq(ConnectionStatus::Pending.name()));
        let answered = diesel::update(pending)
            .set((connections::status.eq(status.name()), connections::responded_at.eq(Time(at))))
            .returning((connections::requester_id, connections::recipient_id))
            .get_result::<(Id, Id)>(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some((requester, recipient)) = answered else { return Ok(false) };
        if status == ConnectionStatus::Accepted {
            count(self.connection, requester, recipient, 1)?;
        }
        Ok(true)
    }

    fn delete(&mut self, id: ConnectionId) -> StoreResult<bool> {
        let gone = diesel::delete(connections::table.find(Id(id.uuid())))
            .returning((connections::requester_id, connections::recipient_id, connections::status))
            .get_result::<(Id, Id, String)>(self.connection)
            .optional()
            .map_err(store_error)?;
        let Some((requester, recipient, status)) = gone else { return Ok(false) };
        if status == ConnectionStatus::Accepted.name() {
            count(self.connection, requester, recipient, -1)?;
        }
        Ok(true)
    }

    fn remember_decline(&mut self, asker: AgentId, decliner: AgentId, at: Timestamp) -> StoreResult<()> {
        diesel::insert_into(declines::table)
            .values((
                declines::asker_id.eq(Id(asker.uuid())),
                declines::decliner_id.eq(Id(decliner.uuid())),
                declines::declined_at.eq(Time(at)),
            ))
            .on_conflict((declines::asker_id, declines::decliner_id))
            .do_update()
            .set(declines::declined_at.eq(Time(at)))
            .execute(self.connection)
            .map_err(store_error)?;
        Ok(())
    }

    fn declined_at(&mut self, asker: AgentId, decliner: AgentId) -> StoreResult<Option<Timestamp>> {
        let at = declines::table
            .find((Id(asker.uuid()), Id(decliner.uuid())))
            .select(declines::declined_at)
            .get_result::<Time>(self.connection)
            .optional()
            .map_err(store_error)?;
        Ok(at.map(|at| at.0))
    }

    fn list(
        &mut self,
        agent: AgentId,
        filter: ConnectionFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<Connection>> {
        // One walk for each side that the agent can be on: each gives a page, and the newest of both
        // are the page of all.
        let mut found = Vec::new();
        if filter.direction != Some(Direction::In) {
            found.extend(walk(self.connection, agent, Direction::Out, filter.status, page)?);
        }
        if filter.direction != Some(Direction::Out) {
            found.extend(walk(self.connection, agent, Direction::In, filter.status, page)?);
        }
        let connections = newest_of(found, page.limit() + 1)?;
        Ok(Page::cut(connections, page, |connection| Position::of(connection.id.uuid())))
    }
}

diesel::alias! {
    pub(super) const REQUESTERS: Alias<Requesters> = agents as requesters;
    pub(super) const RECIPIENTS: Alias<Recipients> = agents as recipients;
}

/// A connection and its two agents, as a query answers them.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    requester: SummaryRow,
    recipient: SummaryRow,
    status: String,
    message: Option<String>,
    created_at: Time,
    responded_at: Option<Time>,
}

/// Every connection with its two agents.
#[diesel::dsl::auto_type]
pub(super) fn rows() -> _ {
    let requester: AliasedFields<Requesters, SummaryColumns> = REQUESTERS.fields(SUMMARY);
    let recipient: AliasedFields<Recipients, SummaryColumns> = RECIPIENTS.fields(SUMMARY);
    connections::table
        .inner_join(REQUESTERS.on(REQUESTERS.field(agents::id).eq(connections::requester_id)))
        .inner_join(RECIPIENTS.on(RECIPIENTS.field(agents::id).eq(connections::recipient_id)))
        .select((
            connections::id,
            requester,
            recipient,
            connections::status,
            connections::message,
            connections::created_at,
            connections::responded_at,
        ))
}

impl Row {
    fn into_connection(self) -> StoreResult<Connection> {
        let status = ConnectionStatus::named(&self.status)
            .ok_or_else(|| corrupt("connections", "status", self.id.0))?;
        Ok(Connection {
            id: self.id.0.into(),
            requester: summary(self.requester),
            recipient: summary(self.recipient),
            status,
            message: self.message.map(ConnectionMessage::from_stored),
            created_at: self.created_at.0,
            responded_at: self.responded_at.map(|at| at.0),
        })
    }
}

/// The newest of what several walks gave, `limit` at most.
pub(super) fn newest_of(mut rows: Vec<Row>, limit: usize) -> StoreResult<Vec<Connection>> {
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(limit);
    rows.into_iter().map(Row::into_connection).collect()
}

/// The connections of one page and one more in which the agent stands on one side, newest first.
fn walk(
    connection: &mut dialect::Connection,
    agent: AgentId,
    side: Direction,
    status: Option<ConnectionStatus>,
    page: &PageRequest,
) -> StoreResult<Vec<Row>> {
    let agent = Id(agent.uuid());
    let before = Id(page.after.map_or(Uuid::max(), |position| position.id));
    let mut query = rows()
        .filter(connections::id.lt(before))
        .order(connections::id.desc())
        .limit(rows_of(page))
        .into_boxed();
    query = match side {
        Direction::Out => query.filter(connections::requester_id.eq(agent)),
        Direction::In => query.filter(connections::recipient_id.eq(agent)),
    };
    if let Some(status) = status {
        query = query.filter(connections::status.eq(status.name()));
    }
    query.load(connection).map_err(store_error)
}

/// Adds to what is counted of two agents.
fn count(connection: &mut dialect::Connection, one: Id, other: Id, change: i64) -> StoreResult<()> {
    diesel::update(agents::table.filter(agents::id.eq_any([one, other])))
        .set(agents::connections.eq(agents::connections + change))
        .execute(connection)
        .map_err(store_error)?;
    Ok(())
}

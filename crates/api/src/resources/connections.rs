//! Connecting with another agent: `/connect`, `/connections`

use actix_web::http::StatusCode;
use actix_web::{delete, get, post};
use clankdin_domain::agent::Handle;
use clankdin_domain::connection::{
    Connection, ConnectionFilter, ConnectionMessage, ConnectionStatus, Direction, accept, connect, decline,
    disconnect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created_or_ok, envelope, list_schema, no_content, ok};
use crate::app::Links;
use crate::problem::{Problem, ProblemView};
use crate::request::{Body, Errors, Field, Keyed, parse_handle};
use crate::view::{AgentView, ListView, time};

/// Whom one asks, and what goes with it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ConnectBody {
    #[serde(default)]
    #[schema(value_type = String, required)]
    recipient_handle: Field,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    message: Field,
}

impl Body for ConnectBody {
    type Command = (Handle, Option<ConnectionMessage>);

    fn parse(self, errors: &mut Errors) -> Option<Self::Command> {
        let recipient = errors.required("recipient_handle", self.recipient_handle, parse_handle);
        let message = errors.optional("message", self.message.blank_as_null(), ConnectionMessage::parse);
        Some((recipient?, message?))
    }
}

/// Two agents, one of whom asked the other.
#[derive(Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionView {
    id: String,
    requester: AgentView,
    recipient: AgentView,
    /// `pending`, `accepted` or `declined`.
    status: &'static str,
    message: Option<String>,
    created_at: String,
    responded_at: Option<String>,
}

impl ConnectionView {
    pub(crate) fn new(connection: Connection, links: &Links) -> Self {
        Self {
            id: connection.id.to_string(),
            requester: AgentView::new(connection.requester, links),
            recipient: AgentView::new(connection.recipient, links),
            status: connection.status.name(),
            message: connection.message.map(ConnectionMessage::into_string),
            created_at: time(connection.created_at),
            responded_at: connection.responded_at.map(time),
        }
    }
}

envelope! {
    /// A connection.
    ConnectionAnswer { connection: ConnectionView }
}

list_schema! {
    /// A page of one's connections.
    Connections { connections: ConnectionView }
}

/// Asks another agent to connect; where that one had asked already, both have agreed.
#[utoipa::path(
    tag = "connecting",
    security(("api_key" = [])),
    request_body = ConnectBody,
    responses(
        (status = 201, body = ConnectionAnswer),
        (status = 200, description = "one stood already, or the other one had asked", body = ConnectionAnswer),
        (status = 400, body = ProblemView),
        (status = 401, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`recently_declined`", body = ProblemView),
        (status = 429, body = ProblemView),
    )
)]
#[post("/connect")]
pub(crate) async fn ask_to_connect(request: Keyed) -> Answer {
    let (handle, message) = request.body::<ConnectBody>().await?;
    let recipient = request.agent(handle).await?.ok_or_else(unknown_recipient)?;
    let me = request.me.clone();
    let connected = request.write(move |uow, ctx| connect(uow, ctx, &me, &recipient, message)).await?;
    let connection = ConnectionView::new(connected.connection, &request.app().links);
    created_or_ok(connected.is_new, ConnectionAnswer { connection })
}

fn unknown_recipient() -> Problem {
    let detail = "There is no agent with this recipient_handle: GET /agents lists them.";
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

/// Lists one's own connections, newest first.
#[utoipa::path(
    tag = "connecting",
    security(("api_key" = [])),
    params(
        ("status" = Option<String>, Query, description = "`pending`, `accepted` or `declined`"),
        ("direction" = Option<String>, Query, description = "`in`: others asked, or `out`: one asked oneself"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Connections), (status = 400, body = ProblemView), (status = 401, body = ProblemView))
)]
#[get("/connections")]
pub(crate) async fn list_connections(request: Keyed) -> Answer {
    let me = request.me.id;
    let mut query = request.query();
    let filter = ConnectionFilter {
        status: query.choice(
            "status",
            ConnectionStatus::named,
            &ConnectionStatus::ALL.map(ConnectionStatus::name),
        ),
        direction: query.choice("direction", direction, &["in", "out"]),
    };
    let (page, mark) = query.page()?;
    let connections = request.read(move |uow| uow.connections().list(me, filter, &page)).await?;
    let links = &request.app().links;
    ok(ListView::new("connections", connections, mark, |it| ConnectionView::new(it, links)))
}

fn direction(word: &str) -> Option<Direction> {
    match word {
        "in" => Some(Direction::In),
        "out" => Some(Direction::Out),
        _ => None,
    }
}

/// Accepts a request to connect, which is for the one who was asked to do.
#[utoipa::path(
    tag = "connecting",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = ConnectionAnswer),
        (status = 401, body = ProblemView),
        (status = 403, description = "it is the other one's to answer", body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`already_answered`", body = ProblemView),
    )
)]
#[post("/connections/{id}/accept")]
pub(crate) async fn accept_connection(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    let connection = request.write(move |uow, ctx| accept(uow, ctx, me, id)).await?;
    ok(ConnectionAnswer { connection: ConnectionView::new(connection, &request.app().links) })
}

/// Declines a request to connect, which is for the one who was asked to do.
#[utoipa::path(
    tag = "connecting",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = ConnectionAnswer),
        (status = 401, body = ProblemView),
        (status = 403, description = "it is the other one's to answer", body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, description = "`already_answered`", body = ProblemView),
    )
)]
#[post("/connections/{id}/decline")]
pub(crate) async fn decline_connection(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    let connection = request.write(move |uow, ctx| decline(uow, ctx, me, id)).await?;
    ok(ConnectionAnswer { connection: ConnectionView::new(connection, &request.app().links) })
}

/// Ends a connection, or takes a request back.
#[utoipa::path(
    tag = "connecting",
    security(("api_key" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView))
)]
#[delete("/connections/{id}")]
pub(crate) async fn end_connection(request: Keyed) -> Answer {
    let (me, id) = (request.me.id, request.id("id")?);
    request.write(move |uow, _| disconnect(uow, me, id)).await?;
    no_content()
}

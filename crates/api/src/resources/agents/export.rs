//! `GET /agents/me/export`

use std::collections::BTreeMap;

use actix_web::get;
use clankdin_domain::agent::{Decline, Export, ExportedDelivery, export};
use clankdin_domain::claim::Claim;
use clankdin_domain::event::Event;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::app::Links;
use crate::problem::ProblemView;
use crate::request::Keyed;
use crate::resources::backings::BackingView;
use crate::resources::connections::ConnectionView;
use crate::resources::deliveries::TryView;
use crate::resources::endorsements::EndorsementView;
use crate::resources::gigs::GigView;
use crate::resources::town_square::comments::CommentView;
use crate::resources::town_square::posts::PostView;
use crate::resources::webhooks::WebhookView;
use crate::view::{ProfileView, time};

/// Who claimed one.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimRecord {
    method: &'static str,
    account: String,
    claimed_at: String,
}

impl From<Claim> for ClaimRecord {
    fn from(claim: Claim) -> Self {
        Self {
            method: claim.proven.method.name(),
            account: claim.proven.account.as_str().to_owned(),
            claimed_at: time(claim.claimed_at),
        }
    }
}

/// A post that one pinched.
#[derive(Serialize, ToSchema)]
pub(crate) struct PinchRecord {
    post_id: String,
    created_at: String,
}

/// One agent declined to connect with another.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeclineRecord {
    /// Who asked.
    asker: String,
    /// Who declined.
    decliner: String,
    declined_at: String,
}

impl From<Decline> for DeclineRecord {
    fn from(decline: Decline) -> Self {
        Self {
            asker: decline.asker.to_string(),
            decliner: decline.decliner.to_string(),
            declined_at: time(decline.declined_at),
        }
    }
}

/// A post, or a comment on it, that mentions one.
#[derive(Serialize, ToSchema)]
pub(crate) struct MentionRecord {
    post_id: String,
    comment_id: Option<String>,
}

/// How one answered a prompt.
#[derive(Serialize, ToSchema)]
pub(crate) struct PromptRecord {
    prompt_id: String,
    answer: &'static str,
    created_at: String,
}

/// A delivery to one of one's webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryRecord {
    webhook_id: String,
    event_id: String,
    status: &'static str,
    attempts: u32,
    next_attempt_at: Option<String>,
    last_attempt_at: Option<String>,
    last_status: Option<i64>,
    last_failure: Option<String>,
    last_latency_ms: Option<i64>,
    tries: Vec<TryView>,
}

impl From<ExportedDelivery> for DeliveryRecord {
    fn from(delivery: ExportedDelivery) -> Self {
        Self {
            webhook_id: delivery.webhook_id.to_string(),
            event_id: delivery.event_id.to_string(),
            status: delivery.status.name(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at.map(time),
            last_attempt_at: delivery.last_attempt_at.map(time),
            last_status: delivery.last_status,
            last_failure: delivery.last_failure,
            last_latency_ms: delivery.last_latency_ms,
            tries: delivery.tries.into_iter().map(Into::into).collect(),
        }
    }
}

/// An event that one caused or is told of.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventRecord {
    id: String,
    event: &'static str,
    data: serde_json::Value,
    occurred_at: String,
}

impl From<Event> for EventRecord {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            event: event.kind.name(),
            data: serde_json::from_str(&event.data).unwrap_or_default(),
            occurred_at: time(event.occurred_at),
        }
    }
}

/// Everything that the server holds of an agent. Of secrets it holds digests and sealed bytes,
/// which say nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportView {
    agent: ProfileView,
    verification_code: String,
    claim: Option<ClaimRecord>,
    posts: Vec<PostView>,
    comments: Vec<CommentView>,
    pinches: Vec<PinchRecord>,
    gigs: Vec<GigView>,
    backings_given: Vec<BackingView>,
    backings_received: Vec<BackingView>,
    endorsements_given: Vec<EndorsementView>,
    endorsements_received: Vec<EndorsementView>,
    connections: Vec<ConnectionView>,
    declines: Vec<DeclineRecord>,
    mentions: Vec<MentionRecord>,
    webhooks: Vec<WebhookView>,
    deliveries: Vec<DeliveryRecord>,
    events: Vec<EventRecord>,
    prompt_answers: Vec<PromptRecord>,
    /// When actions that have a quota were accepted, by the name of the quota.
    quotas: BTreeMap<&'static str, Vec<String>>,
}

impl ExportView {
    fn new(export: Export, links: &Links) -> Self {
        let backings = |list: Vec<_>| list.into_iter().map(|it| BackingView::new(it, links)).collect();
        let endorsements =
            |list: Vec<_>| list.into_iter().map(|it| EndorsementView::new(it, links)).collect();
        let pinch = |(post_id, at): (clankdin_domain::id::PostId, _)| PinchRecord {
            post_id: post_id.to_string(),
            created_at: time(at),
        };
        Self {
            agent: ProfileView::new(export.agent, links),
            verification_code: export.verification_code.to_string(),
            claim: export.claim.map(Into::into),
            posts: export.posts.into_iter().map(|it| PostView::new(it, links)).collect(),
            comments: export.comments.into_iter().map(|it| CommentView::new(it, links)).collect(),
            pinches: export.pinches.into_iter().map(pinch).collect(),
            gigs: export.gigs.into_iter().map(|it| GigView::new(it, links)).collect(),
            backings_given: backings(export.backings_given),
            backings_received: backings(export.backings_received),
            endorsements_given: endorsements(export.endorsements_given),
            endorsements_received: endorsements(export.endorsements_received),
            connections: export.connections.into_iter().map(|it| ConnectionView::new(it, links)).collect(),
            declines: export.declines.into_iter().map(Into::into).collect(),
            mentions: (export.mentions.into_iter())
                .map(|(post, comment)| MentionRecord {
                    post_id: post.to_string(),
                    comment_id: comment.map(|id| id.to_string()),
                })
                .collect(),
            webhooks: export.webhooks.into_iter().map(Into::into).collect(),
            deliveries: export.deliveries.into_iter().map(Into::into).collect(),
            events: export.events.into_iter().map(Into::into).collect(),
            prompt_answers: (export.prompt_answers.into_iter())
                .map(|(id, answer, at)| PromptRecord {
                    prompt_id: id.to_string(),
                    answer: answer.name(),
                    created_at: time(at),
                })
                .collect(),
            quotas: (export.quotas.into_iter())
                .map(|(action, log)| {
                    (action.limit_name(), log.accepted_at().iter().map(|at| time(*at)).collect())
                })
                .collect(),
        }
    }
}

/// Everything that the server holds of one, as one document.
#[utoipa::path(
    tag = "agents",
    security(("api_key" = [])),
    responses((status = 200, body = ExportView), (status = 401, body = ProblemView))
)]
#[get("/agents/me/export")]
pub(crate) async fn export_me(request: Keyed) -> Answer {
    let me = request.me.id;
    let everything = request.read(move |uow| export(uow, me)).await?;
    ok(ExportView::new(everything, &request.app().links))
}

#![allow(unused, clippy::todo)]
use clankdin_domain::agent::Agent;
use clankdin_domain::backing::Backing;
use clankdin_domain::connection::Connection;
use clankdin_domain::context::Timestamp;
use clankdin_domain::endorsement::Endorsement;
use clankdin_domain::event::Event;
use clankdin_domain::gig::Gig;
use clankdin_domain::id::{AgentId, EventId, PostId, PromptId, WebhookId};
use clankdin_domain::limit::{Action, QuotaLog};
use clankdin_domain::prompt::PromptAnswer;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::secret::VerificationCode;
use clankdin_domain::store::{StoreResult, UnitOfWork};
use clankdin_domain::town_square::{Comment, Post};
use clankdin_domain::webhook::{DeliveryStatus, Webhook};
use clankdin_domain::agent::*;
use super::DieselStore;

impl ExportRepository for DieselStore<'_> {    fn export(&mut self, id: AgentId) -> StoreResult<Option<Export>> { todo!() }
}

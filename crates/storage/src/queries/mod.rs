//! The repositories in Diesel, written once and compiled for each back-end.
//!
//! Whatever differs between the back-ends stands in their `dialect`, which the module
//! that includes this one provides beside it. A repository never begins or ends a transaction.

mod agent;
mod backing;
mod claim;
mod comment;
mod connection;
mod delivery;
mod endorsement;
mod export;
mod gig;
mod log;
mod outbox;
mod pinch;
mod post;
mod prompt;
mod quota;
mod webhook;

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clankdin_domain::agent::{AgentName, AgentRepository, AgentSummary, ExportRepository, Handle};
use clankdin_domain::backing::BackingRepository;
use clankdin_domain::claim::ClaimRepository;
use clankdin_domain::connection::ConnectionRepository;
use clankdin_domain::endorsement::EndorsementRepository;
use clankdin_domain::event::{LogRepository, OutboxRepository};
use clankdin_domain::gig::GigRepository;
use clankdin_domain::limit::QuotaRepository;
use clankdin_domain::prompt::PromptRepository;
use clankdin_domain::store::{Job, StoreError, StoreResult, UnitOfWork, Verdict};
use clankdin_domain::town_square::{CommentRepository, PinchRepository, PostRepository};
use clankdin_domain::webhook::{DeliveryLogRepository, DeliveryRepository, WebhookRepository};

use super::dialect::{Connection, Id, Time};
use super::schema::agents;
use crate::seal::MasterKey;

pub(crate) use delivery::ResultRow;
pub(crate) use webhook::a_sealed_secret;

/// All repositories on one connection, inside one transaction.
pub(crate) struct DieselStore<'c> {
    connection: &'c mut Connection,
    master_key: &'c MasterKey,
    did: Did,
}

/// What a job did that whoever commits it has to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Did {
    /// It left something for the dispatcher to do now: an event in the outbox, or what is due anew.
    pub(crate) tell: bool,
    /// It erased an agent, of whom nothing may be left to be read.
    pub(crate) erase: bool,
}

/// Runs a job on a connection whose transaction, or savepoint, the caller has begun and ends.
///
/// # Errors
///
/// [`StoreError::Internal`] for a job that panicked.
pub(crate) fn run_job(
    connection: &mut Connection,
    master_key: &MasterKey,
    job: Job,
) -> (StoreResult<Verdict>, Did) {
    let mut store = DieselStore { connection, master_key, did: Did::default() };
    // What a panic leaves half done is in the transaction, which the caller rolls back.
    let verdict = catch_unwind(AssertUnwindSafe(|| job(&mut store)))
        .map_err(|panic| StoreError::Internal(format!("a job panicked: {}", message(&*panic))));
    (verdict, store.did)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

impl UnitOfWork for DieselStore<'_> {
    fn agents(&mut self) -> &mut dyn AgentRepository {
        self
    }

    fn exports(&mut self) -> &mut dyn ExportRepository {
        self
    }

    fn claims(&mut self) -> &mut dyn ClaimRepository {
        self
    }

    fn backings(&mut self) -> &mut dyn BackingRepository {
        self
    }

    fn endorsements(&mut self) -> &mut dyn EndorsementRepository {
        self
    }

    fn connections(&mut self) -> &mut dyn ConnectionRepository {
        self
    }

    fn gigs(&mut self) -> &mut dyn GigRepository {
        self
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        self
    }

    fn comments(&mut self) -> &mut dyn CommentRepository {
        self
    }

    fn pinches(&mut self) -> &mut dyn PinchRepository {
        self
    }

    fn prompts(&mut self) -> &mut dyn PromptRepository {
        self
    }

    fn webhooks(&mut self) -> &mut dyn WebhookRepository {
        self
    }

    fn deliveries(&mut self) -> &mut dyn DeliveryRepository {
        self
    }

    fn delivery_log(&mut self) -> &mut dyn DeliveryLogRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn log(&mut self) -> &mut dyn LogRepository {
        self
    }

    fn quotas(&mut self) -> &mut dyn QuotaRepository {
        self
    }
}

/// The columns that make an [`AgentSummary`], for a query that joins `agents`.
pub(super) const SUMMARY: SummaryColumns = (agents::id, agents::handle, agents::name, agents::verified_at);

/// The type of [`SUMMARY`], for queries that have to spell theirs.
pub(super) type SummaryColumns = (agents::id, agents::handle, agents::name, agents::verified_at);

/// [`SUMMARY`] as a query answers it.
pub(super) type SummaryRow = (Id, String, String, Option<Time>);

pub(super) fn summary((id, handle, name, verified_at): SummaryRow) -> AgentSummary {
    AgentSummary {
        id: id.0.into(),
        handle: Handle::from_stored(handle),
        name: AgentName::from_stored(name),
        verified: verified_at.is_some(),
    }
}

/// A bound as a statement takes it.
pub(super) fn limit_of(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Of the words by which something is found: those that are gone, and those that are new.
pub(super) fn changed_words(standing: Vec<String>, wanted: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut gone: HashSet<String> = standing.into_iter().collect();
    let new = wanted.into_iter().filter(|word| !gone.remove(word)).collect();
    (gone.into_iter().collect(), new)
}

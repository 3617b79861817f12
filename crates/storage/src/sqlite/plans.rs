//! No statement of the dispatcher's walks a table: each finds its rows by an index.
//!
//! The statements are caught as Diesel sends them, and explained on a database without statistics, as
//! every database of ours is.

mod lists;

use std::sync::{Arc, Mutex};

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind, Sequence};
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::store::{StoreResult, UnitOfWork, Verdict};
use clankdin_domain::webhook::delivery::{EndpointHealth, NextStep};
use clankdin_domain::webhook::{DeliveryStatus, KEPT_SUCCESSES, Recorded, WebhookStatus, WebhookUrl};
use diesel::connection::{Connection, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;
use uuid::Uuid;

use super::connect::Connector;
use super::migrations::migrate;
use super::options::SqliteOptions;
use super::queries::run_job;
use crate::seal::MasterKey;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps of all statements that `work` sends.
fn plan(work: impl FnOnce(&mut dyn UnitOfWork) -> StoreResult<()> + Send + 'static) -> Vec<String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("plans.db");
    let connector = Connector::new(path.clone(), &SqliteOptions::new(&path)).unwrap();
    let mut connection = connector.writer().unwrap();
    migrate(&mut connection, &path).unwrap();

    // A row of each, so that no step is left out because there was nothing to do.
    let seed = format!(
        "PRAGMA foreign_keys = OFF; \
         INSERT INTO outbox (id, kind, addressee_id, data, occurred_at) VALUES ({event}, 'pinch', {id}, '{{\"a\":1}}', 5); \
         INSERT INTO webhooks (id, agent_id, url, status, sealed_secret, created_at) \
           VALUES ({id}, {id}, 'https://a.example/', 'active', x'00', 1); \
         INSERT INTO webhook_events VALUES ('all', {id});",
        id = "x'00000000000000000000000000000007'",
        event = "x'00000000000000000000000000000008'"
    );
    diesel::connection::SimpleConnection::batch_execute(&mut connection, &seed).unwrap();

    let sent = Arc::new(Mutex::new(Vec::new()));
    let caught = Arc::clone(&sent);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            caught.lock().unwrap().push(text.split(" -- binds").next().unwrap_or_default().to_owned());
        }
    });
    let key = MasterKey::generate().unwrap();
    let job = Box::new(move |uow: &mut dyn UnitOfWork| {
        work(uow).unwrap();
        Verdict::Commit
    });
    run_job(&mut connection, &key, job).0.unwrap();

    let sent: Vec<String> = std::mem::take(&mut sent.lock().unwrap());
    assert!(!sent.is_empty());
    let explain = |sql: String| {
        let steps =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load::<Step>(&mut connection).unwrap();
        steps.into_iter().map(move |step| format!("{} ⟵ {sql}", step.detail))
    };
    sent.into_iter().flat_map(explain).collect()
}

fn now() -> Timestamp {
    Timestamp::from_timestamp_micros(10).unwrap()
}

fn webhook() -> WebhookId {
    Uuid::from_u128(7).into()
}

/// Rows are found by an index; what a statement lists itself can only be walked.
fn assert_indexed(plan: &[String]) {
    for step in plan {
        let listed = step.starts_with("SCAN places") || step.starts_with("SCAN CONSTANT ROW");
        assert!(!step.starts_with("SCAN") || listed, "{step}\n\nof\n{plan:#?}");
        assert!(!step.starts_with("USE TEMP B-TREE"), "{step}\n\nof\n{plan:#?}");
    }
}

#[test]
fn routing_finds_events_and_endpoints_by_index() {
    assert_indexed(&plan(|uow| {
        let routed = uow.deliveries().route(now(), 10)?;
        assert_eq!(routed.deliveries, 1);
        Ok(())
    }));
}

#[test]
fn a_claim_walks_what_is_due_in_its_order() {
    let plan = plan(|uow| {
        uow.deliveries().route(now(), 10)?;
        uow.deliveries().claim(now(), now(), 10, 4, &[Uuid::nil().into()])?;
        Ok(())
    });
    assert_indexed(&plan);
    assert!(plan.iter().any(|step| step.starts_with("SEARCH deliveries USING INDEX deliveries_due")));
}

/// The endpoint took that event, and was not tried.
fn taken(event_id: EventId) -> Recorded {
    Recorded {
        webhook_id: webhook(),
        url: WebhookUrl::from_stored("https://a.example/".into()),
        event_id,
        leased_until: now(),
        attempt: None,
        next: NextStep::Delivered,
        health: EndpointHealth::Healthy,
    }
}

#[test]
fn recording_finds_its_rows_by_key() {
    for health in [EndpointHealth::Healthy, EndpointHealth::FailingSince(now()), EndpointHealth::Disabled] {
        assert_indexed(&plan(move |uow| {
            uow.deliveries().route(now(), 10)?;
            let taken = taken(Uuid::from_u128(8).into());
            uow.deliveries().record(&[Recorded { next: NextStep::GiveUp, health, ..taken }])
        }));
    }
}

#[test]
fn the_log_of_deliveries_is_walked_along_an_index_and_what_is_sent_again_found_by_one() {
    for (status, index) in [
        (None, "PRIMARY KEY (webhook_id=?"),
        (Some(DeliveryStatus::Failed), "deliveries_by_status (webhook_id=? AND status=?"),
    ] {
        for after in [None, Some(Position::of(Uuid::max()))] {
            let plan = plan(move |uow| {
                let page = PageRequest::new(20, after).unwrap();
                uow.delivery_log().list(webhook(), status, &page).map(drop)
            });
            assert_indexed(&plan);
            assert!(plan.iter().any(|step| step.contains(index)), "{index} in {plan:#?}");
        }
    }
    assert_indexed(&plan(|uow| {
        uow.deliveries().route(now(), 10)?;
        let event = Uuid::from_u128(8).into();
        assert!(uow.delivery_log().lock(webhook(), event)?.is_some());
        uow.delivery_log().restart(webhook(), event, now())
    }));
}

#[test]
fn a_replay_walks_what_the_agent_and_what_everyone_was_told_since() {
    let plan = plan(|uow| {
        uow.deliveries().route(now(), 10)?;
        let webhook = uow.webhooks().by_id(webhook())?.unwrap();
        let replayed = uow.delivery_log().replay(&webhook, webhook.created_at, now(), 10)?;
        assert_eq!(replayed.deliveries, 1);
        Ok(())
    });
    assert_indexed(&plan);
    let walked = "outbox_by_addressee_and_time (addressee_id=? AND occurred_at>? AND occurred_at<?)";
    assert_eq!(plan.iter().filter(|step| step.contains(walked)).count(), 2, "{plan:#?}");
}

#[test]
fn trimming_looks_at_what_endpoints_took_alone() {
    let plan = plan(|uow| {
        uow.deliveries().route(now(), 10)?;
        for number in 0..=KEPT_SUCCESSES {
            let (id, data) = (Uuid::from_u128(1_000 + number as u128).into(), "[]".to_owned());
            let (kind, audience) = (EventKind::Pinch, Audience::Agent(webhook().uuid().into()));
            uow.outbox().append(&Event { id, kind, audience, actor: None, data, occurred_at: now() })?;
            uow.deliveries().route(now(), 10)?;
            uow.deliveries().record(&[taken(id)])?;
        }
        let trimmed = uow.delivery_log().trim(Some(webhook()), Sequence::new(1_000), 10)?;
        assert_eq!(trimmed.deliveries, 1);
        Ok(())
    });
    assert_indexed(&plan);
    for index in ["(webhook_id=? AND status=?)", "(webhook_id=? AND status=? AND event_id<?)"] {
        let index = format!("COVERING INDEX deliveries_by_status {index}");
        assert!(plan.iter().any(|step| step.contains(&index)), "{index} in {plan:#?}");
    }
}

#[test]
fn what_is_due_next_what_waits_and_what_is_old_are_found_by_index() {
    assert_indexed(&plan(|uow| {
        uow.deliveries().next_due_at()?;
        uow.deliveries().backlog()?;
        uow.deliveries().forget_before(now(), 10)?;
        Ok(())
    }));
}

#[test]
fn a_webhook_is_found_and_switched_by_key() {
    let plan = plan(|uow| {
        let webhook = uow.webhooks().by_id(webhook())?;
        let mut webhook = webhook.unwrap();
        for status in WebhookStatus::ALL {
            webhook.status = status;
            uow.webhooks().update(&webhook)?;
        }
        uow.webhooks().delete(webhook.id).map(|_| ())
    });
    assert_indexed(&plan);
}

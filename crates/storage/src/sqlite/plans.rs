//! No statement of the dispatcher's walks a table: each finds its rows by an index.
//!
//! The statements are caught as Diesel sends them, and explained on a database without statistics, as
//! every database of ours is.

mod lists;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind, Sequence};
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::store::{StoreResult, UnitOfWork, Verdict};
use clankdin_domain::webhook::delivery::{Attempt, AttemptOutcome, EndpointHealth, NextStep};
use clankdin_domain::webhook::{
    AnswerText, DeliveryStatus, KEPT_SUCCESSES, Origin, Progress, Recorded, Walk, WebhookStatus, WebhookUrl,
};
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
        let listed = ["SCAN places", "SCAN results", "SCAN CONSTANT ROW"].map(|name| step.starts_with(name));
        let listed = listed.contains(&true) || step.contains(" CONSTANT ROWS ⟵ ");
        assert!(!step.starts_with("SCAN") || listed, "{step}\n\nof\n{plan:#?}");
        assert!(!step.starts_with("USE TEMP B-TREE"), "{step}\n\nof\n{plan:#?}");
    }
}

#[test]
fn those_who_hear_are_found_by_index() {
    let plan = plan(|uow| {
        assert!(uow.deliveries().settle()?);
        let heard = uow.deliveries().hearers(Walk::default(), 10)?;
        assert_eq!(heard.hearers.len(), 1);
        Ok(())
    });
    assert_indexed(&plan);
    // Whether they were told is looked up where those who were told of the event stand together.
    let told = "deliveries USING COVERING INDEX deliveries_by_event (event_id=? AND webhook_id=?)";
    assert!(plan.iter().any(|step| step.contains(told)), "{plan:#?}");
}

#[test]
fn those_who_hear_of_what_everyone_is_told_are_found_by_index() {
    let announce = |uow: &mut dyn UnitOfWork| {
        let id = Uuid::from_u128(9).into();
        let (kind, audience) = (EventKind::NewAgent, Audience::Everyone);
        uow.outbox().append(&Event {
            id,
            kind,
            audience,
            actor: None,
            data: "{1}".into(),
            occurred_at: now(),
        })
    };
    assert_indexed(&plan(move |uow| {
        announce(uow)?;
        uow.deliveries().settle()?;
        let told = uow.deliveries().hearers(Walk::default(), 10)?;
        let first = uow.deliveries().hearers(told.next, 1)?;
        assert_eq!((first.hearers.len(), first.next.within), (1, Some(webhook())));
        let rest = uow.deliveries().hearers(first.next, 1)?;
        assert_eq!((rest.hearers.len(), rest.next.within), (0, None));
        Ok(())
    }));
}

#[test]
fn what_waits_is_walked_in_its_order() {
    let plan = plan(|uow| {
        uow.deliveries().due(now(), 10)?;
        uow.deliveries().next_due_at(now())?;
        uow.deliveries().line(webhook(), 10)?;
        Ok(())
    });
    assert_indexed(&plan);
    assert!(plan.iter().any(|step| step.starts_with("SEARCH deliveries USING INDEX deliveries_due")));
    let in_line = "SEARCH deliveries USING INDEX deliveries_due (next_attempt_at=? AND webhook_id=?)";
    assert!(plan.iter().any(|step| step.starts_with(in_line)), "{plan:#?}");
}

#[test]
fn what_a_try_takes_is_found_by_key() {
    assert_indexed(&plan(|uow| {
        assert!(uow.deliveries().events(&[Uuid::from_u128(8).into()])?[0].is_ok());
        assert!(uow.deliveries().endpoints(&[webhook()])?[0].is_err());
        Ok(())
    }));
}

/// The endpoint took that event.
fn taken(origin: Origin, event_id: EventId) -> Recorded {
    let outcome = AttemptOutcome::Unanswered { class: "dns" };
    Recorded {
        webhook_id: webhook(),
        event_id,
        origin,
        url: WebhookUrl::from_stored("https://a.example/".into()),
        was_failing: false,
        attempts: 1,
        attempt: Attempt { at: now(), outcome, latency: Duration::ZERO, answer: AnswerText::default() },
        next: NextStep::Delivered,
        health: EndpointHealth::Healthy,
    }
}

fn record(uow: &mut dyn UnitOfWork, result: Recorded) -> StoreResult<()> {
    record_all(uow, vec![result])
}

fn record_all(uow: &mut dyn UnitOfWork, results: Vec<Recorded>) -> StoreResult<()> {
    let progress = Progress { results, handled: Some(Sequence::new(1)), ..Progress::default() };
    let lead = uow.deliveries().lead(Uuid::from_u128(9).into(), Duration::ZERO)?.unwrap();
    uow.deliveries().record(lead, &progress).map(|is_written| assert!(is_written))
}

#[test]
fn recording_finds_its_rows_by_key() {
    for health in [EndpointHealth::Healthy, EndpointHealth::FailingSince(now()), EndpointHealth::Disabled] {
        for origin in [Origin::Log(Sequence::new(1)), Origin::Row(now())] {
            assert_indexed(&plan(move |uow| {
                let taken = taken(origin, Uuid::from_u128(8).into());
                record(uow, Recorded { next: NextStep::GiveUp, health, ..taken })
            }));
            // Of many, a planner could think that the table is the shorter of the two.
            assert_indexed(&plan(move |uow| {
                let events = (0..2_000).map(|number| Uuid::from_u128(1_000 + number).into());
                record_all(uow, events.map(|event| Recorded { health, ..taken(origin, event) }).collect())
            }));
        }
    }
}

#[test]
fn the_log_of_deliveries_is_walked_along_an_index_and_what_is_sent_again_found_by_one() {
    for (status, index) in [
        (None, "PRIMARY KEY (webhook_id=?"),
        (Some(DeliveryStatus::Delivered), "PRIMARY KEY (webhook_id=?"),
        (Some(DeliveryStatus::Failed), "deliveries_undelivered (webhook_id=? AND status=?"),
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
        let event = Uuid::from_u128(8).into();
        record(uow, taken(Origin::Log(Sequence::new(1)), event))?;
        assert!(uow.delivery_log().lock(webhook(), event)?.is_some());
        uow.delivery_log().restart(webhook(), event, now())
    }));
}

#[test]
fn a_replay_walks_what_the_agent_and_what_everyone_was_told_since() {
    let plan = plan(|uow| {
        uow.deliveries().settle()?;
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
fn trimming_walks_what_an_endpoint_was_told_along_its_key() {
    let plan = plan(|uow| {
        uow.deliveries().settle()?;
        for number in 0..=KEPT_SUCCESSES {
            let (id, data) = (Uuid::from_u128(1_000 + number as u128).into(), "[]".to_owned());
            let (kind, audience) = (EventKind::Pinch, Audience::Agent(webhook().uuid().into()));
            uow.outbox().append(&Event { id, kind, audience, actor: None, data, occurred_at: now() })?;
            uow.deliveries().settle()?;
            record(uow, taken(Origin::Log(Sequence::new(1)), id))?;
        }
        let trimmed = uow.delivery_log().trim(Some(webhook()), Sequence::new(1_000), 10)?;
        assert_eq!(trimmed.deliveries, 1);
        Ok(())
    });
    assert_indexed(&plan);
    let index = "PRIMARY KEY (webhook_id=? AND event_id<?)";
    assert!(plan.iter().any(|step| step.contains(index)), "{index} in {plan:#?}");
}

#[test]
fn what_waits_for_an_endpoint_that_is_off_is_found_by_index() {
    let plan = plan(|uow| {
        uow.deliveries().settle()?;
        let failed = NextStep::RetryAt(now());
        record(
            uow,
            Recorded { next: failed, ..taken(Origin::Log(Sequence::new(1)), Uuid::from_u128(8).into()) },
        )?;
        let mut off = uow.webhooks().by_id(webhook())?.unwrap();
        off.status = WebhookStatus::Disabled;
        uow.webhooks().update(&off)?;
        let later = Timestamp::from_timestamp(5, 0).unwrap();
        assert_eq!(uow.delivery_log().expire(None, later, 10)?.deliveries, 1);
        Ok(())
    });
    assert_indexed(&plan);
    let index = "deliveries_undelivered (webhook_id=? AND status=?";
    let found = plan.iter().filter(|step| step.contains(index));
    assert_eq!(found.count(), 2, "the first, and all from before then, in {plan:#?}");
}

#[test]
fn what_waits_for_its_place_and_what_is_old_are_found_by_index() {
    assert_indexed(&plan(|uow| {
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

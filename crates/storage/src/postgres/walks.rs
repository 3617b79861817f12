//! No statement of the dispatcher's walks a table or a line, whatever the planner knows of them.
//!
//! Its statements are prepared on a database that is nearly empty, as they are on one that was just set up, and meet one
//! that has grown since: 300 endpoints, 20,000 events, and a line of 10,000 deliveries. What counts is how many rows they
//! see.

use std::time::Duration;

use clankdin_domain::context::Timestamp;
use clankdin_domain::event::Sequence;
use clankdin_domain::id::{EventId, WebhookId};
use clankdin_domain::store::{StoreResult, UnitOfWork, Verdict};
use clankdin_domain::webhook::{
    AnswerText, Attempt, AttemptOutcome, EndpointHealth, NextStep, Origin, Progress, Recorded, Walk,
    WebhookStatus, WebhookUrl,
};
use clankdin_throwaway_postgres::Database;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use super::queries::run_job;
use super::store::migrated;
use crate::seal::MasterKey;

/// Far fewer than there are in the log or in a line. Endpoints may all be seen, once for each time they are asked for: for
/// the planner, three hundred are few.
const FEW: i64 = 1_000;

/// From so many executions on, `PostgreSQL` keeps a plan.
const UNTIL_KEPT: usize = 6;

/// Makes an id of a number, and 300 endpoints that listen to all.
const SET_UP: &str = "
    SET session_replication_role = replica;
    CREATE FUNCTION pg_temp.id(n BIGINT) RETURNS UUID LANGUAGE sql IMMUTABLE
        AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;
    INSERT INTO webhooks (id, agent_id, url, status, sealed_secret, created_at)
        SELECT pg_temp.id(n), pg_temp.id(n), 'https://a.example/', 'active', '', to_timestamp(0)
        FROM generate_series(1, 300) n;
    INSERT INTO webhook_events (event, webhook_id) SELECT 'all', pg_temp.id(n) FROM generate_series(1, 300) n;";

/// Events for all of them in turn; one has a line, and to another all is due.
fn grow(connection: &mut PgConnection, from: u32, to: u32) {
    let grow = format!(
        "INSERT INTO outbox (sequence, id, kind, addressee_id, data, occurred_at)
             SELECT n, pg_temp.id(10000 + n), 'pinch', pg_temp.id(1 + n % 300), '{{\"a\":1}}', to_timestamp(n)
             FROM generate_series({from}, {to}) n;
         UPDATE log_ends SET head = {to};
         INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
             SELECT pg_temp.id(7), pg_temp.id(10000 + n), 'pending', '9999-12-31T00:00:00Z'
             FROM generate_series({from}, {to} / 2) n;
         INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
             SELECT pg_temp.id(8), pg_temp.id(10000 + n), 'pending', to_timestamp(n)
             FROM generate_series({from}, {to} / 4) n;"
    );
    connection.batch_execute(&grow).unwrap();
}

const SEEN: &str = "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::BIGINT AS rows \
                    FROM pg_stat_xact_user_tables WHERE schemaname = 'public'";

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many rows `work` sees in a database that has grown since its statements were prepared.
fn seen(work: impl Fn(&mut dyn UnitOfWork) -> StoreResult<()> + Clone + Send + 'static) -> Option<i64> {
    let database = Database::fresh()?;
    let mut connection = migrated(database.url()).unwrap();
    // What is prepared outside the pools is for once.
    connection.set_prepared_statement_cache_size(diesel::connection::CacheSize::Unbounded);
    let tables = ["webhooks", "webhook_events", "outbox", "deliveries"];
    for table in tables {
        connection.batch_execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).unwrap();
    }
    connection.batch_execute(SET_UP).unwrap();
    grow(&mut connection, 1, 400);
    for _ in 0..UNTIL_KEPT {
        run(&mut connection, work.clone());
    }
    grow(&mut connection, 401, 20_000);
    connection
        .transaction(|connection| {
            let before = diesel::sql_query(SEEN).get_result::<Seen>(connection)?.rows;
            run(connection, work);
            Ok::<_, diesel::result::Error>(Some(
                diesel::sql_query(SEEN).get_result::<Seen>(connection)?.rows - before,
            ))
        })
        .unwrap()
}

fn run(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut dyn UnitOfWork) -> StoreResult<()> + Send + 'static,
) {
    let job = Box::new(move |uow: &mut dyn UnitOfWork| {
        work(uow).unwrap();
        Verdict::Commit
    });
    run_job(connection, &MasterKey::generate().unwrap(), job).0.unwrap();
}

fn webhook(number: u128) -> WebhookId {
    Uuid::from_u128(number).into()
}

fn event(number: u128) -> EventId {
    Uuid::from_u128(10_000 + number).into()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap()
}

#[track_caller]
fn assert_few(seen: Option<i64>) {
    if let Some(seen) = seen {
        assert!((1..FEW).contains(&seen), "{seen} rows were seen");
    }
}

#[test]
fn those_who_hear_are_found_without_a_walk() {
    assert_few(seen(|uow| {
        let walk = Walk { read: Sequence::new(19_990), within: None };
        uow.deliveries().hearers(walk, 100).map(drop)
    }));
}

#[test]
fn what_is_due_is_found_without_a_walk() {
    assert_few(seen(|uow| uow.deliveries().due(at(20), 100).map(drop)));
    assert_few(seen(|uow| uow.deliveries().next_due_at(at(4_990)).map(drop)));
}

#[test]
fn the_first_in_a_line_are_found_without_a_walk() {
    assert_few(seen(|uow| uow.deliveries().line(webhook(7), 10).map(drop)));
}

#[test]
fn the_line_of_an_endpoint_that_is_switched_off_is_not_walked() {
    assert_few(seen(|uow| {
        set_status(uow, WebhookStatus::Disabled)?;
        uow.deliveries().line(webhook(7), 10).map(|waiting| assert!(waiting.is_empty()))
    }));
}

#[test]
fn an_endpoint_with_a_line_is_switched_off_and_on_without_a_walk() {
    assert_few(seen(|uow| {
        set_status(uow, WebhookStatus::Disabled)?;
        set_status(uow, WebhookStatus::Active)
    }));
}

fn set_status(uow: &mut dyn UnitOfWork, status: WebhookStatus) -> StoreResult<()> {
    let webhooks = uow.webhooks();
    let mut all = webhooks.of_agent(Uuid::from_u128(7).into())?;
    all[0].status = status;
    webhooks.update(&all[0])
}

#[test]
fn what_a_try_takes_is_found_without_a_walk() {
    assert_few(seen(|uow| {
        // As many as make a plan for any number of them seem no worse than one for these.
        let events: Vec<EventId> = (1..=20).map(event).collect();
        uow.deliveries().events(&events).map(drop)
    }));
}

#[test]
fn what_came_of_tries_is_written_down_without_a_walk() {
    let in_line = Timestamp::from_timestamp(253_402_214_400, 0).unwrap();
    for origin in [Origin::Row(in_line), Origin::Log(Sequence::new(19_000))] {
        assert_few(seen(move |uow| {
            let first = if matches!(origin, Origin::Row(_)) { 9_000 } else { 19_000 };
            let results = (first..first + 10).map(|number| taken(origin, event(number))).collect();
            let lead = uow.deliveries().lead(Uuid::from_u128(9).into(), Duration::ZERO)?.unwrap();
            let is_written = uow.deliveries().record(lead, &Progress { results, ..Progress::default() })?;
            assert!(is_written);
            Ok(())
        }));
    }
}

fn taken(origin: Origin, event_id: EventId) -> Recorded {
    let outcome = AttemptOutcome::Answered { status: 200, retry_after: None };
    Recorded {
        webhook_id: webhook(7),
        event_id,
        origin,
        url: WebhookUrl::from_stored("https://a.example/".into()),
        was_failing: false,
        attempts: 1,
        attempt: Attempt { at: at(20_000), outcome, latency: Duration::ZERO, answer: AnswerText::default() },
        next: NextStep::Delivered,
        health: EndpointHealth::Unchanged,
    }
}

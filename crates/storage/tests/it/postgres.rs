//! What holds of the store on `PostgreSQL` alone.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::agent;
use clankdin_domain::context::Clock;
use clankdin_domain::event::{Audience, Event, EventKind, ReadFrom, Sequence, read_log};
use clankdin_domain::id::{DispatcherId, EventId};
use clankdin_domain::store::{Database, StoreError, StoreResult};
use clankdin_domain::webhook::{EndpointHealth, NextStep, Progress};
use clankdin_storage::{MasterKey, PostgresOptions, PostgresStore, copy_to_postgres};
use clankdin_throwaway_postgres as throwaway;

use crate::support::{Backend, ManualClock, SqlitePlace, World, announcement, wait_for};
use crate::webhook::register;

/// `PostgreSQL`, each database one of its own on a server that all tests share.
pub(crate) struct Postgres;

impl Backend for Postgres {
    fn fresh(&self) -> Option<(Database, Box<dyn Send + Sync>)> {
        let database = fresh()?;
        let store = open(options(database.url()));
        Some((Database::new(Arc::new(store)), Box::new(database)))
    }
}

/// An empty database with all its tables.
pub(crate) fn fresh() -> Option<throwaway::Database> {
    static TEMPLATE: throwaway::Template = throwaway::Template::new();
    TEMPLATE.fresh(|url| drop(open(options(url))))
}

pub(crate) fn options(url: &str) -> PostgresOptions {
    let key = MasterKey::parse(&"0f".repeat(32)).unwrap();
    // Patient, for a machine that does other things too.
    PostgresOptions { connections: 4, wait: Duration::from_secs(30), ..PostgresOptions::new(url, key) }
}

pub(crate) fn open(options: PostgresOptions) -> PostgresStore {
    PostgresStore::open(options, &clock(Arc::new(ManualClock::default()))).unwrap()
}

fn clock(clock: Arc<ManualClock>) -> Arc<dyn Clock> {
    clock
}

fn append(world: &World) -> StoreResult<()> {
    let event = announcement(&world.ctx, None);
    world.write(move |uow| uow.outbox().append(&event))
}

/// A world on a store that was opened with other options.
fn world_with(change: impl FnOnce(&mut PostgresOptions)) -> Option<World> {
    let database = fresh()?;
    let mut options = options(database.url());
    change(&mut options);
    Some(World::in_database(Database::new(Arc::new(open(options))), Box::new(database)))
}

#[test]
fn a_job_that_passes_over_a_failed_statement_is_not_told_that_it_was_committed() {
    let Some(world) = world_with(|_| ()) else { return };
    let event = announcement(&world.ctx, None);
    let ended: StoreResult<()> = world.write(move |uow| {
        uow.outbox().append(&event)?;
        assert!(uow.outbox().append(&event).is_err(), "the same event twice");
        Ok(())
    });
    assert!(ended.is_err());
    let waiting = world.read(|uow| uow.deliveries().backlog()).unwrap().0;
    assert_eq!(waiting, 0);
    append(&world).unwrap();
}

/// A world in a database that another has written to.
fn world_in(database: throwaway::Database) -> World {
    let store = open(options(database.url()));
    let world = World::in_database(Database::new(Arc::new(store)), Box::new(database));
    // Its ids would be those that the other has given.
    for _ in 0..100 {
        let _: EventId = world.ctx.new_id();
    }
    world
}

/// Of how many events a reader behind that place is told, of one that is appended.
fn told_next(world: &World, end: Sequence) -> usize {
    let ada = world.register("Ada");
    append(world).unwrap();
    assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
    let page = world.read(move |uow| read_log(uow, ada, ReadFrom::After(end), 10)).unwrap();
    page.events.len()
}

/// Appends an event in a transaction that ends, as it is told, only after `meanwhile`.
fn while_one_is_under_way(world: &World, event: Event, is_kept: bool, meanwhile: impl FnOnce()) {
    let ((appended, is_appended), (go_on, told)) = (mpsc::channel(), mpsc::channel());
    // Whatever fails drops the sender, so that nobody waits for it.
    std::thread::scope(move |scope| {
        let under_way = scope.spawn(move || {
            world.write(move |uow| {
                uow.outbox().append(&event)?;
                appended.send(()).unwrap();
                told.recv().unwrap();
                if is_kept { Ok(()) } else { Err(StoreError::Unavailable("on purpose".into())) }
            })
        });
        is_appended.recv().unwrap();
        meanwhile();
        go_on.send(()).unwrap();
        assert_eq!(under_way.join().unwrap().is_ok(), is_kept);
    });
}

#[test]
fn the_log_is_read_as_far_as_no_transaction_under_way_can_add_to_it() {
    let Some(world) = &world_with(|_| ()) else { return };
    let kai = world.register("Kai");
    let settle = || world.write(|uow| uow.deliveries().settle()).unwrap();
    assert!(settle());
    let begun = world.read(|uow| uow.log().ends()).unwrap().head;
    let read = || {
        let page = world.read(move |uow| read_log(uow, kai, ReadFrom::After(begun), 10)).unwrap();
        page.events.into_iter().map(|(_, event)| event.id).collect::<Vec<_>>()
    };
    let [before, slow, fast, undone, last] = [(); 5].map(|()| announcement(&world.ctx, None));
    let ids = [&before, &slow, &fast, &last].map(|event| event.id);
    let append = |event: Event| world.write(move |uow| uow.outbox().append(&event)).unwrap();
    append(before);
    while_one_is_under_way(world, slow, true, || {
        append(fast);
        assert!(!settle());
        assert_eq!(read(), ids[..1]);
    });
    assert!(settle());
    assert_eq!(read(), ids[..3]);
    while_one_is_under_way(world, undone, false, || {
        append(last);
        assert!(!settle());
        assert_eq!(read(), ids[..3]);
    });
    assert!(settle());
    assert_eq!(read(), ids);
}

#[test]
fn places_that_were_given_before_stay_and_those_that_wait_come_after_them() {
    let Some(database) = fresh() else { return };
    let first = {
        let world = World::in_database(Database::new(Arc::new(open(options(database.url())))), Box::new(()));
        (0..3).for_each(|_| append(&world).unwrap());
        assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
        append(&world).unwrap();
        world.register("Kai")
    };
    for down in [
        include_str!("../../../../migrations/postgres/2026-11-26-230000_deliveries_by_themselves/down.sql"),
        include_str!("../../../../migrations/postgres/2026-11-26-220000_places/down.sql"),
    ] {
        database.execute(down);
    }
    // The first of them was committed last; one more waits for its place.
    database.execute(
        "DELETE FROM __diesel_schema_migrations WHERE version IN ('20261126220000', '20261126230000');
         UPDATE outbox SET sequence = (SELECT head + 1 FROM log_ends) WHERE sequence = 1;
         UPDATE log_ends SET head = head + 1;",
    );
    let world = &world_in(database);
    let places = || {
        let page = world.read(move |uow| read_log(uow, first, ReadFrom::Earliest, 10)).unwrap();
        page.events.into_iter().map(|(place, _)| place.get()).collect::<Vec<_>>()
    };
    assert_eq!(places(), [2, 3, 4, 5]);
    append(world).unwrap();
    assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
    assert_eq!(places().len(), 5);
    assert!(places().is_sorted());
}

#[test]
fn places_that_have_fallen_behind_the_log_are_set_right_at_the_start() {
    let Some(database) = fresh() else { return };
    {
        let world = World::in_database(Database::new(Arc::new(open(options(database.url())))), Box::new(()));
        (0..3).for_each(|_| append(&world).unwrap());
        assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
    }
    // As where tables were brought over without their sequences, and the events are forgotten.
    database.execute("DELETE FROM outbox; SELECT setval('outbox_places', 1)");
    let world = &world_in(database);
    let end = world.read(|uow| uow.log().ends()).unwrap().head;
    assert_eq!(told_next(world, end), 1);
}

#[test]
fn where_a_node_of_the_version_before_deletes_an_endpoint_or_an_event_its_deliveries_go_too() {
    let Some(database) = fresh() else { return };
    database.execute(
        "INSERT INTO agents (id, handle, name, tagline, bio, languages, strengths, name_skeleton, handle_skeleton,
             verification_code, created_at)
           SELECT gen_random_uuid(), 'kai', '', '', '', '', '', '', '', '', now();
         INSERT INTO webhooks (id, agent_id, url, status, sealed_secret, created_at)
           SELECT gen_random_uuid(), id, url, 'active', '', now() FROM agents, (VALUES ('a'), ('b')) AS urls (url);
         INSERT INTO outbox (id, kind, data, occurred_at)
           SELECT gen_random_uuid(), 'pinch', '{}', now() FROM generate_series(1, 2);
         INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
           SELECT webhooks.id, outbox.id, 'pending', now() FROM webhooks, outbox;
         DELETE FROM webhooks WHERE url = 'a';
         DELETE FROM outbox WHERE sequence = 1;
         SELECT 1 / (count(*) = 1)::INT FROM deliveries;
         DELETE FROM agents;
         SELECT 1 / (count(*) = 0)::INT FROM deliveries;",
    );
}

#[test]
fn a_copy_gives_places_behind_the_end_of_the_log_where_its_last_events_are_gone() {
    let Some(database) = fresh() else { return };
    let file = SqlitePlace::default();
    let end = {
        let world = file.world();
        let kai = world.register("Kai");
        let gone = Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, None) };
        world.write(move |uow| uow.outbox().append(&gone)).unwrap();
        assert!(world.write(|uow| uow.deliveries().settle()).unwrap());
        world.write(move |uow| agent::erase(uow, kai)).unwrap();
        world.read(|uow| uow.log().ends()).unwrap().head
    };
    copy_to_postgres(&file.path(), database.url(), &mut |_, _| ()).unwrap();
    let world = &world_in(database);
    assert_eq!(told_next(world, end), 1);
}

#[test]
fn a_statement_that_waits_for_too_long_is_given_up_and_may_be_asked_again() {
    let Some(world) = world_with(|options| options.lock_timeout = Duration::from_millis(100)) else { return };
    let agent = world.register("Held");
    let ((held, is_held), (go_on, told)) = (mpsc::channel(), mpsc::channel());
    std::thread::scope(|scope| {
        let world = &world;
        scope.spawn(move || {
            let lock = world.write(move |uow| {
                uow.agents().lock(agent)?;
                held.send(()).unwrap();
                told.recv().unwrap();
                Ok::<_, StoreError>(())
            });
            lock.unwrap();
        });
        is_held.recv().unwrap();
        let waited = world.write(move |uow| uow.agents().lock(agent));
        assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
        go_on.send(()).unwrap();
    });
    assert!(world.write(move |uow| uow.agents().lock(agent)).unwrap());
}

/// A world whose connections that write are all held while `meanwhile` goes on.
fn while_writers_are_held(
    change: impl FnOnce(&mut PostgresOptions),
    meanwhile: impl FnOnce(&World),
) -> Option<World> {
    let world = world_with(|options| {
        options.connections = 2;
        change(options);
    })?;
    let ((held, is_held), (go_on, told)) = (mpsc::channel(), mpsc::channel());
    std::thread::scope(|scope| {
        let world = &world;
        scope.spawn(move || {
            let held = world.write(move |_| {
                held.send(()).unwrap();
                told.recv().unwrap();
                Ok::<_, StoreError>(())
            });
            held.unwrap();
        });
        is_held.recv().unwrap();
        meanwhile(world);
        go_on.send(()).unwrap();
    });
    Some(world)
}

#[test]
fn more_jobs_than_may_wait_are_refused_at_once() {
    while_writers_are_held(
        |_| (),
        |world| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _inside = runtime.enter();
            let mut waiting = Vec::new();
            let refused = loop {
                let mut next = Box::pin(world.database.write(|_| Ok::<_, StoreError>(())));
                match futures_now(&mut next) {
                    Some(ended) => break ended,
                    None => waiting.push(next),
                }
                assert!(waiting.len() < 1_000, "the queue has no end");
            };
            assert!(matches!(refused, Err(StoreError::Unavailable(why)) if why.contains("busy")));
        },
    );
}

#[test]
fn a_write_whose_turn_does_not_come_is_refused_and_never_runs_while_reads_go_on() {
    let world = while_writers_are_held(
        |options| options.wait = Duration::from_millis(100),
        |world| {
            assert!(matches!(append(world), Err(StoreError::Unavailable(why)) if why.contains("busy")));
            assert_eq!(world.read(|uow| uow.deliveries().backlog()).unwrap().0, 0);
        },
    );
    // It stood in the queue before this one.
    let Some(world) = world else { return };
    append(&world).unwrap();
    assert_eq!(world.read(|uow| uow.deliveries().backlog()).unwrap().0, 1);
}

/// What a future is ready with, if it is.
fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn nodes_whose_clocks_differ_agree_on_the_databases() {
    let Some(database) = fresh() else { return };
    let (early, late) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
    late.advance(TimeDelta::days(400));
    let stores =
        [early, late].map(|clock| PostgresStore::open(options(database.url()), &self::clock(clock)).unwrap());
    let [one, other] = stores.each_ref().map(|store| store.clock().now());
    // Both of their clocks stand still, and the database's does not.
    assert!((one - other).abs() < TimeDelta::minutes(1), "{one} {other}");
}

#[test]
fn a_database_that_can_not_be_used_is_told_in_one_line() {
    let Some(database) = fresh() else { return };
    let refusal = |options| {
        let refused = PostgresStore::open(options, &clock(Arc::new(ManualClock::default())));
        let line = refused.unwrap_err().to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    };
    let missing = database.url().replacen("clankdin_test", "nowhere", 1);
    assert!(refusal(options(&missing)).contains("can't connect"));

    let world = World::in_database(Database::new(Arc::new(open(options(database.url())))), Box::new(()));
    let agent = world.register("Kai");
    register(&world, agent, "https://kai.example/", &["all"]);
    let other = MasterKey::parse(&"a1".repeat(32)).unwrap();
    let told = refusal(PostgresOptions::new(database.url(), other));
    assert!(told.contains("start with the master key that sealed them"), "{told}");

    let foreign = throwaway::Database::fresh().unwrap();
    foreign.execute("CREATE TABLE somebody_elses (id INT)");
    assert!(refusal(options(foreign.url())).contains("belongs to another program"));
}

#[test]
fn a_node_starts_on_what_a_newer_version_has_migrated() {
    let Some(database) = fresh() else { return };
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')");
    let store = open(options(database.url()));
    wait_for(Database::new(Arc::new(store)).ready()).unwrap();
}

#[test]
fn one_dispatcher_has_the_lead_until_it_lays_it_down_or_lets_it_run_out() {
    let Some(world) = world_with(|_| {}) else { return };
    let [first, second]: [DispatcherId; 2] = std::array::from_fn(|_| world.ctx.new_id());
    let lead = |who, length| world.write(move |uow| uow.deliveries().lead(who, length)).unwrap();
    let hour = Duration::from_secs(3_600);
    let one = lead(first, hour).unwrap();
    assert_eq!((lead(second, hour), lead(first, hour)), (None, Some(one)));
    world.write(move |uow| uow.deliveries().lay_down(one)).unwrap();
    let two = lead(second, Duration::ZERO).unwrap();
    assert!(two.fence > one.fence);
    // It ran out at once; whoever takes it then has another fence.
    assert!(lead(first, hour).unwrap().fence > two.fence);
    // And nobody lays down what is another's.
    world.write(move |uow| uow.deliveries().lay_down(two)).unwrap();
    assert_eq!(lead(second, hour), None);
}

#[test]
fn of_several_that_ask_for_the_lead_at_once_one_gets_it() {
    let Some(world) = world_with(|_| {}) else { return };
    let leads: usize = std::thread::scope(|scope| {
        let ask = || {
            let who: DispatcherId = world.ctx.new_id();
            world.write(move |uow| uow.deliveries().lead(who, Duration::from_secs(3_600))).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).count()
    });
    assert_eq!(leads, 1);
}

#[test]
fn what_is_recorded_under_a_lead_that_is_lost_leaves_no_trace() {
    let Some(world) = world_with(|_| {}) else { return };
    let (kai, _) = crate::delivery::listener(&world, "Kai");
    crate::delivery::tell(&world, kai, EventKind::Pinch);
    let ready = crate::delivery::ready(&world).remove(0);
    let [first, second]: [DispatcherId; 2] = std::array::from_fn(|_| world.ctx.new_id());
    let lead = |who| world.write(move |uow| uow.deliveries().lead(who, Duration::ZERO)).unwrap().unwrap();
    let (lost, held) = (lead(first), lead(second));
    let result = crate::delivery::result(&world, &ready, 200, NextStep::Delivered, EndpointHealth::Unchanged);
    let progress =
        Progress { results: vec![result], handled: Some(Sequence::new(1_000)), ..Progress::default() };
    let record = |lead| {
        let progress = progress.clone();
        world.write(move |uow| uow.deliveries().record(lead, &progress)).unwrap()
    };
    assert!(!record(lost));
    assert_eq!(crate::delivery::ready(&world).len(), 1);
    assert!(world.read(|uow| uow.deliveries().handled()).unwrap() < Sequence::new(1_000));
    assert!(record(held));
    assert_eq!(crate::delivery::ready(&world).len(), 0);
}

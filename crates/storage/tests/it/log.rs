//! The log is read from place to place: nothing is missed, nothing told twice, nothing told that was erased.

use std::collections::HashSet;

use chrono::TimeDelta;
use clankdin_domain::agent;
use clankdin_domain::event::{Audience, Event, EventKind, LogPage, ReadFrom, Sequence, read_log};
use clankdin_domain::id::{AgentId, EventId};
use clankdin_domain::refusal::Refusal;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::delivery::{announce, append, listener, ready, tell, told};
use crate::hearing::{handle, settle};
use crate::support::{SqlitePlace, World, announcement, contract};

fn read(world: &World, me: AgentId, from: ReadFrom, max: usize) -> Result<LogPage, Refusal> {
    world.read(move |uow| read_log(uow, me, from, max))
}

fn ids(page: &LogPage) -> Vec<EventId> {
    page.events.iter().map(|(_, event)| event.id).collect()
}

fn all(world: &World, me: AgentId) -> Vec<EventId> {
    ids(&read(world, me, ReadFrom::Earliest, 1_000).unwrap())
}

/// An agent after whose joining, and everything before it, the log begins anew.
fn joined(world: &World, name: &str) -> (AgentId, ReadFrom) {
    let me = world.register(name);
    settle(world);
    (me, ReadFrom::After(read(world, me, ReadFrom::Now, 1).unwrap().next))
}

/// What is done beside this version: by a node of the one before, or to go back to it.
pub(crate) fn beside(place: &SqlitePlace, sql: &str) {
    let mut connection = SqliteConnection::establish(place.path().to_str().unwrap()).unwrap();
    connection.batch_execute(sql).unwrap();
}

/// Goes back to what these migrations have found.
fn undo(database: &SqlitePlace, migrations: &[(&str, &str)]) {
    for (version, down) in migrations {
        beside(database, down);
        beside(database, &format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"));
    }
}

const BY_THEMSELVES: (&str, &str) = (
    "20261126230000",
    include_str!("../../../../migrations/sqlite/2026-11-26-230000_deliveries_by_themselves/down.sql"),
);
const PLACES: (&str, &str) =
    ("20261126220000", include_str!("../../../../migrations/sqlite/2026-11-26-220000_places/down.sql"));
const HANDLED: (&str, &str) =
    ("20261126010000", include_str!("../../../../migrations/sqlite/2026-11-26-010000_handled/down.sql"));
const EVENT_LOG: (&str, &str) =
    ("20261125120000", include_str!("../../../../migrations/sqlite/2026-11-25-120000_event_log/down.sql"));

/// As versions before the end moved with each event left it until the dispatcher had looked.
const THE_LAST_WAITS: &str = "UPDATE log_ends SET head = head - 1;";

#[test]
fn a_database_from_before_the_log_keeps_its_events_in_their_order() {
    let database = SqlitePlace::default();
    let (kai, hook, routed, waits) = {
        let world = &database.world();
        let (kai, hook) = listener(world, "Kai");
        let routed = tell(world, kai, EventKind::Pinch);
        settle(world);
        (kai, hook, routed, tell(world, kai, EventKind::Comment))
    };
    beside(&database, THE_LAST_WAITS);
    undo(&database, &[BY_THEMSELVES, PLACES]);
    // In that version its delivery was made with its place.
    beside(
        &database,
        "INSERT INTO deliveries (webhook_id, event_id, status, next_attempt_at)
             SELECT webhooks.id, outbox.id, 'pending', 0 FROM outbox, webhooks
             WHERE kind = 'pinch' AND routed_at IS NOT NULL;",
    );
    undo(&database, &[HANDLED, EVENT_LOG]);
    let world = &database.world();
    assert_eq!(told(&ready(world)), [(hook, routed), (hook, waits)]);
    assert!(all(world, kai).ends_with(&[routed, waits]));
}

#[test]
fn places_that_were_given_before_stay_and_whoever_reads_goes_on_behind_them() {
    let database = SqlitePlace::default();
    let (kai, last, later) = {
        let world = &database.world();
        let (kai, _) = joined(world, "Kai");
        let events: Vec<_> = (0..3).map(|_| tell(world, kai, EventKind::Pinch)).collect();
        settle(world);
        (kai, events[1], vec![events[0], tell(world, kai, EventKind::Comment)])
    };
    beside(&database, THE_LAST_WAITS);
    undo(&database, &[BY_THEMSELVES, PLACES]);
    // The first of them was committed last, the second one is gone, and one waits.
    let [first, gone] = [later[0], last].map(|event| event.uuid().simple().to_string());
    beside(
        &database,
        &format!(
            "UPDATE log_ends SET head = head + 1; \
             UPDATE outbox SET sequence = (SELECT head FROM log_ends) WHERE id = x'{first}'; \
             DELETE FROM outbox WHERE id = x'{gone}';"
        ),
    );
    let world = &database.world();
    let LogPage { events, .. } = read(world, kai, ReadFrom::Earliest, 1_000).unwrap();
    let stand: Vec<_> = events.iter().rev().take(2).map(|(_, event)| event.id).collect();
    assert_eq!(stand, [later[1], later[0]]);
    let (before, _) = events[events.len() - 3];
    let since = ReadFrom::After(before);
    assert_eq!(ids(&read(world, kai, since, 10).unwrap()), later);
    let next = tell(world, kai, EventKind::Pinch);
    settle(world);
    assert_eq!(ids(&read(world, kai, since, 10).unwrap()), [later, vec![next]].concat());
}

contract! {
    fn an_agent_reads_what_it_is_told_and_what_everyone_is_but_not_what_it_did(world) {
        let ada = world.register("Ada");
        let (kai, since) = joined(world, "Kai");
        let mine = tell(world, kai, EventKind::Pinch);
        tell(world, ada, EventKind::Pinch);
        let joins = announce(world, Some(ada));
        announce(world, Some(kai));
        append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(kai)) });
        settle(world);
        assert_eq!(ids(&read(world, kai, since, 100).unwrap()), [mine, joins]);
    }

    fn what_stands_behind_the_end_of_the_log_is_told_later(world) {
        let (kai, since) = joined(world, "Kai");
        let event = tell(world, kai, EventKind::Pinch);
        let before = read(world, kai, since, 100).unwrap();
        settle(world);
        let after = read(world, kai, ReadFrom::After(before.next), 100).unwrap();
        let (at_once, later) = if world.is_settled() { (vec![event], vec![]) } else { (vec![], vec![event]) };
        assert_eq!((ids(&before), ids(&after)), (at_once, later));
    }

    fn page_after_page_tells_everything_once_and_in_order(world) {
        let (kai, mut from) = joined(world, "Kai");
        let ada = world.register("Ada");
        settle(world);
        let mut expected = Vec::new();
        for number in 0..7 {
            expected.push(if number % 3 == 0 { announce(world, Some(ada)) } else { tell(world, kai, EventKind::Pinch) });
            tell(world, ada, EventKind::Comment);
        }
        settle(world);
        let mut told = Vec::new();
        loop {
            let page = read(world, kai, from, 3).unwrap();
            if page.events.is_empty() {
                break;
            }
            assert!(page.events.len() <= 3);
            from = ReadFrom::After(page.next);
            told.extend(ids(&page));
        }
        // The first one is of Ada's joining.
        assert_eq!(told[1..], expected);
    }

    fn whoever_follows_the_log_while_many_write_misses_nothing(world) {
        let (kai, from) = joined(world, "Kai");
        let (written, told) = std::thread::scope(|scope| {
            let write = || (0..20).map(|_| tell(world, kai, EventKind::Pinch)).collect::<Vec<_>>();
            let writers: Vec<_> = (0..6).map(|_| scope.spawn(write)).collect();
            let follow = || {
                let (mut from, mut told) = (from, Vec::new());
                while told.len() < 120 {
                    world.write(|uow| uow.deliveries().settle()).unwrap();
                    let page = read(world, kai, from, 11).unwrap();
                    from = ReadFrom::After(page.next);
                    told.extend(ids(&page));
                }
                told
            };
            let follower = scope.spawn(follow);
            let written: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
            (written, follower.join().unwrap())
        });
        assert_eq!(told.len(), written.len());
        assert_eq!(told.into_iter().collect::<HashSet<_>>(), written.into_iter().collect());
    }

    fn a_place_behind_which_something_was_forgotten_is_refused(world) {
        let (kai, since) = joined(world, "Kai");
        let old = tell(world, kai, EventKind::Pinch);
        settle(world);
        world.clock.advance(TimeDelta::days(1));
        let (new, now) = (tell(world, kai, EventKind::Comment), world.now());
        settle(world);
        assert_eq!(ids(&read(world, kai, since, 10).unwrap()), [old, new]);
        handle(world);
        world.write(move |uow| uow.deliveries().forget_before(now, 1_000)).unwrap();
        assert!(matches!(read(world, kai, since, 10), Err(Refusal::EventsForgotten)));
        assert_eq!(all(world, kai), [new]);
    }

    fn a_place_that_the_log_has_not_reached_is_refused(world) {
        let (kai, since) = joined(world, "Kai");
        assert_eq!(ids(&read(world, kai, since, 10).unwrap()), []);
        let ReadFrom::After(head) = since else { unreachable!("joined() tells a place") };
        let beyond = ReadFrom::After(Sequence::new(head.get() + 1));
        assert!(matches!(read(world, kai, beyond, 10), Err(Refusal::UnknownPlace)));
    }

    fn what_an_erased_agent_caused_is_told_to_nobody(world) {
        let ada = world.register("Ada");
        let (kai, since) = joined(world, "Kai");
        let told = append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) });
        settle(world);
        let waiting = append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(ada)) });
        let mut told_before = vec![told];
        told_before.extend(world.is_settled().then_some(waiting));
        assert_eq!(ids(&read(world, kai, since, 10).unwrap()), told_before);
        world.write(move |uow| agent::erase(uow, ada)).unwrap();
        settle(world);
        assert_eq!(ids(&read(world, kai, since, 10).unwrap()), []);
        assert_ne!(told, waiting);
    }

    fn what_has_no_content_by_its_kind_is_told(world) {
        let (kai, since) = joined(world, "Kai");
        let data = "{}".to_owned();
        let kind = EventKind::KeyRevoked;
        let revoked = append(world, Event { kind, data, audience: Audience::Agent(kai), ..announcement(&world.ctx, None) });
        settle(world);
        assert_eq!(ids(&read(world, kai, since, 10).unwrap()), [revoked]);
    }
}

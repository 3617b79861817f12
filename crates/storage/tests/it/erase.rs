//! Erasure takes effect at once, everywhere.

use clankdin_domain::agent::{Agent, AgentName, Export, Handle, ProfileChanges};
use clankdin_domain::backing;
use clankdin_domain::event::EventKind;
use clankdin_domain::id::{AgentId, EventId, WebhookId};
use clankdin_domain::prompt::PromptAnswer;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::town_square::Comment;
use clankdin_domain::webhook::DeliveryStatus;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, Text};

use crate::acts::{
    accept, agent, back, change, comment, connect, decline, endorse, erase, pinch, post, publish,
};
use crate::claim::claimed;
use crate::counts::assert_counts_equal_rows;
use crate::support::{SqlitePlace, World, contract, profile};
use crate::webhook::register as register_webhook;

/// Kai and two others, between whom stands everything that can stand between agents, in all
/// directions.
fn entangled(world: &World) -> [AgentId; 3] {
    let [kai, ada, lin] = ["Kai", "Ada", "Lin"].map(|name| world.register(name));
    for me in [kai, ada, lin] {
        register_webhook(world, me, "https://example.com/hook", &["all"]);
        publish(world, me, "Any work").unwrap();
        let others = [kai, ada, lin].into_iter().filter(|other| *other != me);
        for other in others {
            back(world, me, other, "Knows the trade").unwrap();
            endorse(world, me, other, "Python").unwrap();
            endorse(world, me, other, "C++").unwrap();
            let written = post(world, me, "Hello @kai, @ada and @lin").unwrap();
            let first = comment(world, other, written.id, "Hello @kai and @lin", None).unwrap();
            comment(world, kai, written.id, "Once more", Some(first.id)).unwrap();
            comment(world, lin, written.id, "And again", Some(first.id)).unwrap();
            pinch(world, other, written.id).unwrap();
        }
        let prompt = world.ctx.new_id();
        let at = world.now();
        world
            .write(move |uow| uow.prompts().remember_answer(me, prompt, PromptAnswer::Dismissed, at))
            .unwrap();
    }
    claimed(world, kai, "ignatius");
    let asked = connect(world, kai, ada).unwrap().connection;
    accept(world, ada, asked.id).unwrap();
    let asked = connect(world, lin, kai).unwrap().connection;
    accept(world, kai, asked.id).unwrap();
    let asked = connect(world, ada, lin).unwrap().connection;
    accept(world, lin, asked.id).unwrap();
    let late = world.register("Late");
    let asked = connect(world, late, kai).unwrap().connection;
    decline(world, kai, asked.id).unwrap();
    route(world);
    [kai, ada, lin]
}

fn route(world: &World) {
    crate::delivery::line_up(world);
}

fn export(world: &World, id: AgentId) -> Option<Export> {
    world.read(move |uow| uow.exports().export(id)).unwrap()
}

fn comments_of(world: &World, id: AgentId) -> Vec<Comment> {
    export(world, id).unwrap().comments
}

fn is_free(world: &World, handle: &str) -> bool {
    let handle = Handle::parse(handle).unwrap();
    world.read(move |uow| uow.agents().is_handle_free(&handle)).unwrap()
}

/// The events caused by an agent that are held of another.
fn caused_by(world: &World, actor: AgentId, of: AgentId) -> Vec<EventId> {
    let events = export(world, of).unwrap().events.into_iter();
    events.filter(|event| event.actor == Some(actor)).map(|event| event.id).collect()
}

/// How the deliveries to an agent stand, with their events.
fn deliveries(world: &World, id: AgentId) -> Vec<(WebhookId, EventId, DeliveryStatus)> {
    let deliveries = export(world, id).unwrap().deliveries.into_iter();
    deliveries.map(|it| (it.webhook_id, it.event_id, it.status)).collect()
}

contract! {
    fn what_others_are_counted_for_is_right_after_an_erasure(world) {
        let [kai, ada, lin] = entangled(world);
        assert_counts_equal_rows(world);
        erase(world, kai);
        assert_counts_equal_rows(world);
        let stats = agent(world, ada).unwrap().stats;
        assert_eq!((stats.backers, stats.connections, stats.endorsements), (1, 1, 2));
        erase(world, lin);
        assert_counts_equal_rows(world);
        let Agent { stats, skill_endorsements, .. } = agent(world, ada).unwrap();
        assert_eq!((stats.backers, stats.connections, stats.endorsements), (0, 0, 0));
        assert_eq!((stats.posts, stats.gigs, skill_endorsements), (2, 1, vec![0, 0]));
    }

    fn an_erased_agent_is_found_in_no_way(world) {
        let [kai, ada, _] = entangled(world);
        erase(world, kai);
        assert_eq!(agent(world, kai), None);
        assert!(export(world, kai).is_none());
        let handle = Handle::parse("kai").unwrap();
        assert_eq!(world.read(move |uow| uow.agents().by_handle(&handle)).unwrap(), None);
        let of_ada = export(world, ada).unwrap();
        assert!(of_ada.backings_received.iter().all(|it| it.backer.id != kai));
        assert!(of_ada.endorsements_given.iter().all(|it| it.agent.id != kai));
        assert!(of_ada.connections.iter().all(|it| !it.has_party(kai)));
    }

    fn replies_of_others_stay_and_reply_to_nothing(world) {
        let [kai, ada, lin] = ["Kai", "Ada", "Lin"].map(|name| world.register(name));
        let written = post(world, ada, "What do you think?").unwrap();
        let erased = comment(world, kai, written.id, "This", None).unwrap();
        let reply = comment(world, lin, written.id, "Not this", Some(erased.id)).unwrap();
        let other = comment(world, lin, written.id, "Or this", Some(reply.id)).unwrap();
        erase(world, kai);
        let expected = [other.clone(), Comment { reply_to_id: None, ..reply.clone() }];
        assert_eq!(comments_of(world, lin), expected);
        assert_eq!(export(world, ada).unwrap().posts[0].comments, 2);
    }

    fn who_is_erased_while_its_request_is_under_way_is_told_so(world) {
        let (kai, ada) = (world.register("Kai"), agent(world, world.register("Ada")).unwrap().summary());
        let me = agent(world, kai).unwrap().summary();
        erase(world, kai);
        let ctx = world.ctx.clone();
        let refused = world.write(move |uow| backing::back(uow, &ctx, &me, &ada, None).map(drop)).unwrap_err();
        assert!(matches!(refused, Refusal::Erased), "{refused}");
    }

    fn an_erased_handle_is_nobodys(world) {
        let kai = world.register("Kai");
        erase(world, kai);
        assert!(!is_free(world, "kai"));
        assert!(is_free(world, "kaya"));
        let refused = world.register_with(profile("Kai"), Handle::parse("kai").ok()).unwrap_err();
        assert!(matches!(refused, Refusal::HandleTaken), "{refused}");
        let next = world.register("Kai");
        assert_eq!(agent(world, next).unwrap().handle.as_str(), "kai_2");
    }

    fn events_that_an_erased_agent_caused_say_nothing_and_name_nobody(world) {
        let [kai, ada, _] = entangled(world);
        let caused = caused_by(world, kai, ada);
        erase(world, kai);
        let blanked = export(world, ada).unwrap().events.into_iter().filter(|it| caused.contains(&it.id));
        let blanked: Vec<_> = blanked.map(|event| (event.data, event.actor)).collect();
        assert_eq!(blanked, vec![("{}".to_owned(), None); caused.len()]);
        assert!(caused.len() > 4);
    }

    fn what_waits_to_be_delivered_of_an_erased_agent_is_given_up_and_the_rest_is_not(world) {
        let [kai, ada, _] = entangled(world);
        let caused = caused_by(world, kai, kai);
        let before = deliveries(world, ada);
        assert!(before.iter().all(|(.., status)| *status == DeliveryStatus::Pending));
        erase(world, kai);
        let expected = before.into_iter().map(|(webhook, event, status)| {
            (webhook, event, if caused.contains(&event) { DeliveryStatus::Failed } else { status })
        });
        assert_eq!(deliveries(world, ada), expected.collect::<Vec<_>>());
    }

    fn an_event_whose_actor_is_erased_before_it_is_routed_reaches_nobody(world) {
        let (ada, kai) = (world.register("Ada"), world.register("Kai"));
        register_webhook(world, ada, "https://example.com/hook", &["all"]);
        route(world);
        back(world, kai, ada, "").unwrap();
        erase(world, kai);
        route(world);
        let kinds = deliveries(world, ada).into_iter().map(|(_, event, _)| event);
        let backing = export(world, ada).unwrap().events.into_iter().find(|it| it.kind == EventKind::Backing);
        assert!(!kinds.collect::<Vec<_>>().contains(&backing.unwrap().id));
    }

    fn erasing_again_changes_nothing(world) {
        let [kai, ..] = entangled(world);
        erase(world, kai);
        erase(world, kai);
        assert_counts_equal_rows(world);
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<Binary>)]
    cell: Option<Vec<u8>>,
}

/// The columns, of all tables, in which the bytes or their text stand.
fn places(connection: &mut SqliteConnection, sought: &[&[u8]]) -> Vec<String> {
    let names = |connection: &mut SqliteConnection, sql: &str| {
        let names: Vec<Name> = diesel::sql_query(sql.to_owned()).load(connection).unwrap();
        names.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    let tables = names(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    let mut places = Vec::new();
    for table in tables {
        for column in names(connection, &format!("SELECT name FROM pragma_table_info('{table}')")) {
            let sql = format!("SELECT CAST({column} AS BLOB) AS cell FROM {table}");
            let cells: Vec<Cell> = diesel::sql_query(sql).load(connection).unwrap();
            let mut cells = cells.into_iter().filter_map(|cell| cell.cell);
            if cells.any(|cell| sought.iter().any(|it| cell.windows(it.len()).any(|part| part == *it))) {
                places.push(format!("{table}.{column}"));
            }
        }
    }
    places
}

#[test]
fn no_table_holds_an_erased_agents_id_name_or_secrets() {
    let place = SqlitePlace::default();
    let world = place.world();
    let [kai, ..] = entangled(&world);
    let renamed = AgentName::parse("Sesquipedalian").ok();
    let changes = ProfileChanges { name: renamed, ..Default::default() };
    change(&world, kai, changes).unwrap();
    let code = export(&world, kai).unwrap().verification_code;
    let (id, text) = (kai.uuid(), kai.to_string());
    let sought: [&[u8]; 5] =
        [id.as_bytes(), text.as_bytes(), b"esquipedalian", code.as_str().as_bytes(), b"ignatius"];
    let mut connection = <SqliteConnection as Connection>::establish(place.path().to_str().unwrap()).unwrap();

    let before = places(&mut connection, &sought);
    assert!(before.len() > 20, "the scan finds what stands: {before:?}");
    erase(&world, kai);
    assert_eq!(places(&mut connection, &sought), [""; 0]);
}

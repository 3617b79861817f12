//! Connections: one between two agents, who answers, and when one may ask again.

use std::thread;

use chrono::TimeDelta;
use clankdin_domain::agent::AgentSummary;
use clankdin_domain::connection::{
    Connected, Connection, ConnectionFilter, ConnectionMessage, ConnectionStatus, Direction, accept, connect,
    decline, disconnect,
};
use clankdin_domain::id::{AgentId, ConnectionId};
use clankdin_domain::page::PageRequest;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::store::{StoreError, UniqueRule};

use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

contract! {
    fn two_who_ask_each_other_at_once_are_connected(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        thread::scope(|scope| {
            scope.spawn(|| ask(world, &kai, &mia));
            scope.spawn(|| ask(world, &mia, &kai));
        });
        let [only] = listed(world, kai.id, ConnectionFilter::default()).try_into().unwrap();
        assert_eq!(only.status, ConnectionStatus::Accepted);
        assert_eq!(only.responded_at, Some(world.now()));
        assert_eq!(listed(world, mia.id, ConnectionFilter::default()), [only]);
        assert_eq!([counted(world, kai.id), counted(world, mia.id)], [1, 1]);
    }

    fn asking_twice_is_asking_once(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let first = ask(world, &kai, &mia);
        let second = ask(world, &kai, &mia);
        assert!(first.is_new && !second.is_new);
        assert_eq!(first.connection, second.connection);
        assert_eq!(first.connection.status, ConnectionStatus::Pending);
        assert_eq!(counted(world, kai.id), 0);
    }

    fn a_connection_comes_back_as_it_was_asked_for(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let asked = ask(world, &mia, &kai).connection;
        let id = asked.id;
        assert_eq!(world.read(move |uow| uow.connections().by_id(id)).unwrap(), Some(asked.clone()));
        let (one, other) = (kai.id, mia.id);
        for (one, other) in [(one, other), (other, one)] {
            let found = world.read(move |uow| uow.connections().between(one, other)).unwrap();
            assert_eq!(found, Some(asked.clone()));
        }
    }

    fn between_two_agents_stands_one_connection(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let asked = ask(world, &kai, &mia).connection;
        let ctx = world.ctx.clone();
        let crossing = Connection {
            id: ctx.new_id(),
            requester: asked.recipient.clone(),
            recipient: asked.requester.clone(),
            ..asked
        };
        let second = world.write(move |uow| uow.connections().insert(&crossing));
        assert!(matches!(second, Err(StoreError::Conflict(UniqueRule::Connection))));
    }

    fn an_answer_is_given_once(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = ask(world, &kai, &mia).connection.id;
        let now = world.now();
        let mut answers = Vec::new();
        for status in [ConnectionStatus::Accepted, ConnectionStatus::Accepted, ConnectionStatus::Declined] {
            answers.push(world.write(move |uow| uow.connections().set_answer(id, status, now)).unwrap());
        }
        assert_eq!(answers, [true, false, false]);
        assert_eq!([counted(world, kai.id), counted(world, mia.id)], [1, 1]);
    }

    fn the_recipient_alone_answers_and_may_repeat_itself(world) {
        let (kai, mia, lee) = (agent(world, "Kai"), agent(world, "Mia"), agent(world, "Lee"));
        let id = ask(world, &kai, &mia).connection.id;
        assert!(matches!(answered(world, accept, lee.id, id), Err(Refusal::NotFound(Noun::Connection))));
        assert!(matches!(answered(world, accept, kai.id, id), Err(Refusal::NotYours(Noun::Connection))));
        let first = answered(world, accept, mia.id, id).unwrap();
        world.clock.advance(TimeDelta::hours(1));
        assert_eq!(answered(world, accept, mia.id, id).unwrap(), first);
        let opposite = answered(world, decline, mia.id, id);
        assert!(matches!(opposite, Err(Refusal::AlreadyAnswered(ConnectionStatus::Accepted))));
        assert_eq!([counted(world, kai.id), counted(world, mia.id)], [1, 1]);
    }

    fn one_who_was_declined_may_ask_again_after_thirty_days_and_not_before(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = ask(world, &kai, &mia).connection.id;
        answered(world, decline, mia.id, id).unwrap();
        let until = world.now() + TimeDelta::days(30);
        world.clock.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
        let early = try_ask(world, &kai, &mia);
        assert!(matches!(early, Err(Refusal::RecentlyDeclined { until: told }) if told == until));
        world.clock.advance(TimeDelta::microseconds(1));
        let again = ask(world, &kai, &mia);
        assert!(again.is_new && again.connection.id != id);
        assert_eq!(again.connection.status, ConnectionStatus::Pending);
    }

    fn a_decline_outlasts_the_connection(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = ask(world, &kai, &mia).connection.id;
        answered(world, decline, mia.id, id).unwrap();
        world.write(move |uow| disconnect(uow, kai.id, id)).unwrap();
        assert!(matches!(try_ask(world, &kai, &mia), Err(Refusal::RecentlyDeclined { .. })));
        world.clock.advance(TimeDelta::days(30));
        let id = ask(world, &kai, &mia).connection.id;
        answered(world, decline, mia.id, id).unwrap();
        world.clock.advance(TimeDelta::days(29));
        assert!(matches!(try_ask(world, &kai, &mia), Err(Refusal::RecentlyDeclined { .. })), "the last one");
    }

    fn one_who_declined_may_ask_at_once(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = ask(world, &kai, &mia).connection.id;
        answered(world, decline, mia.id, id).unwrap();
        let asked = ask(world, &mia, &kai);
        assert!(asked.is_new);
        assert_eq!(asked.connection.requester.id, mia.id);
    }

    fn a_deleted_connection_is_gone_and_counted_no_more(world) {
        let (kai, mia, lee) = (agent(world, "Kai"), agent(world, "Mia"), agent(world, "Lee"));
        let (accepted, pending) = (ask(world, &kai, &mia).connection.id, ask(world, &kai, &lee).connection.id);
        answered(world, accept, mia.id, accepted).unwrap();
        for (me, id) in [(mia.id, accepted), (kai.id, pending)] {
            world.write(move |uow| disconnect(uow, me, id)).unwrap();
            let again = world.write(move |uow| disconnect(uow, me, id));
            assert!(matches!(again, Err(Refusal::NotFound(Noun::Connection))));
            assert!(!world.write(move |uow| uow.connections().delete(id)).unwrap());
        }
        assert_eq!([kai.id, mia.id, lee.id].map(|id| counted(world, id)), [0, 0, 0]);
    }

    fn a_list_tells_both_sides_newest_first_and_filters_them(world) {
        let kai = agent(world, "Kai");
        let (mut all, mut asked, mut accepted) = (vec![], vec![], vec![]);
        for n in 0..7 {
            let other = agent(world, &format!("Other {n}"));
            let id = if n % 2 == 0 {
                let id = ask(world, &kai, &other).connection.id;
                asked.insert(0, id);
                id
            } else {
                ask(world, &other, &kai).connection.id
            };
            if n % 3 == 0 {
                answered(world, accept, if n % 2 == 0 { other.id } else { kai.id }, id).unwrap();
                accepted.insert(0, id);
            }
            all.insert(0, id);
        }
        let without = |gone: &[ConnectionId]| -> Vec<ConnectionId> {
            all.iter().filter(|id| !gone.contains(id)).copied().collect()
        };
        let filter = |status, direction| ConnectionFilter { status, direction };
        for limit in [1, 2, 3, 7, 8] {
            let told = |status, direction| walked(world, kai.id, filter(status, direction), limit);
            assert_eq!(told(None, None), all);
            assert_eq!(told(None, Some(Direction::Out)), asked);
            assert_eq!(told(None, Some(Direction::In)), without(&asked));
            assert_eq!(told(Some(ConnectionStatus::Accepted), None), accepted);
            assert_eq!(told(Some(ConnectionStatus::Pending), None), without(&accepted));
            assert_eq!(told(Some(ConnectionStatus::Declined), None), []);
        }
        let both = filter(Some(ConnectionStatus::Accepted), Some(Direction::In));
        assert_eq!(walked(world, kai.id, both, 20), [all[3]]);
    }

    fn sixteen_who_connect_at_once_are_counted_exactly(world) {
        let agents: Vec<AgentSummary> = (0..16).map(|n| agent(world, &format!("Agent {n}"))).collect();
        thread::scope(|scope| {
            for me in &agents {
                scope.spawn(|| {
                    for other in agents.iter().filter(|other| other.id != me.id) {
                        ask(world, me, other);
                    }
                });
            }
        });
        for me in &agents {
            let told = walked(world, me.id, ConnectionFilter::default(), 20);
            assert_eq!(told.len(), 15);
            assert_eq!(counted(world, me.id), 15);
        }
        let me = &agents[0];
        thread::scope(|scope| {
            for id in walked(world, me.id, ConnectionFilter::default(), 20) {
                // Twice, so that both race for the same row.
                scope.spawn(move || world.write(move |uow| uow.connections().delete(id)).unwrap());
                scope.spawn(move || world.write(move |uow| uow.connections().delete(id)).unwrap());
            }
        });
        assert_eq!(counted(world, me.id), 0);
        assert!(agents[1..].iter().all(|other| counted(world, other.id) == 14));
        assert_counts_equal_rows(world);
    }
}

fn agent(world: &World, name: &str) -> AgentSummary {
    let id = world.register(name);
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().summary()
}

fn try_ask(world: &World, me: &AgentSummary, other: &AgentSummary) -> Result<Connected, Refusal> {
    let (ctx, me, other) = (world.ctx.clone(), me.clone(), other.clone());
    let message = ConnectionMessage::parse("Shall we?").ok();
    world.write(move |uow| connect(uow, &ctx, &me, &other, message))
}

fn ask(world: &World, me: &AgentSummary, other: &AgentSummary) -> Connected {
    try_ask(world, me, other).unwrap()
}

type Answering = fn(
    &mut dyn clankdin_domain::store::UnitOfWork,
    &clankdin_domain::context::Ctx,
    AgentId,
    ConnectionId,
) -> Result<Connection, Refusal>;

fn answered(world: &World, answer: Answering, me: AgentId, id: ConnectionId) -> Result<Connection, Refusal> {
    let ctx = world.ctx.clone();
    world.write(move |uow| answer(uow, &ctx, me, id))
}

fn listed(world: &World, me: AgentId, filter: ConnectionFilter) -> Vec<Connection> {
    world.read(move |uow| uow.connections().list(me, filter, &PageRequest::first(20))).unwrap().items
}

/// The ids on all pages.
fn walked(world: &World, me: AgentId, filter: ConnectionFilter, limit: u8) -> Vec<ConnectionId> {
    let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(limit)));
    while let Some(request) = page {
        let found = world.read(move |uow| uow.connections().list(me, filter, &request)).unwrap();
        told.extend(found.items.iter().map(|connection| connection.id));
        page = found.next.map(|next| PageRequest::new(limit, Some(next)).unwrap());
    }
    told
}

fn counted(world: &World, id: AgentId) -> i64 {
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().stats.connections
}

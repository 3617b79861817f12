//! Endpoints that are dead, slow, or many hold up no other, and take no more than their part.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use clankdin_webhook_dispatcher::AddressLimit;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::receiver::{Receiver, Reply, Told};
use crate::world::World;
use crate::{eventually, soon};

const MANY: usize = 1_000;

/// An endpoint of its own at a receiver.
fn at(receiver: &Receiver, number: usize) -> String {
    format!("{}&of={number}", receiver.url())
}

#[actix_rt::test]
async fn a_thousand_endpoints_that_are_dead_hold_up_none_that_lives() {
    let mut world = World::new();
    world.settings.in_all = 256;
    let (silent, deaf) = (Receiver::start((0..MANY).map(|_| Reply::Never)).await, Receiver::deaf().await);
    let (ben, zoe) = (world.register("Ben").await, world.register("Zoe").await);
    world.crowd(MANY, |number| at(if number % 2 == 0 { &silent } else { &deaf }, number)).await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ben, &live.url(), "all").await;

    let dispatcher = world.start();
    let event = world.tell(ben, "kai").await;
    assert_eq!(live.told().await.id(), event.id.to_string());
    // Half of all tries are for those of which nothing is known, which the dead take.
    let event = world.announce(zoe).await;
    eventually(async || world.under_way() >= world.settings.in_all / 2).await;
    assert_eq!(live.told().await.id(), event.id.to_string());
    for number in 0..20 {
        let event = world.tell(ben, &format!("agent_{number}")).await;
        assert_eq!(live.told().await.id(), event.id.to_string());
    }
    // The dead are all still under way.
    eventually(async || world.under_way() == world.settings.in_all / 2).await;
    assert!(world.queued() <= world.settings.queued);
    dispatcher.killed().await;
}

#[actix_rt::test]
async fn an_endpoint_that_is_new_is_told_among_a_thousand_that_have_failed() {
    let mut world = World::new();
    world.settings.in_all = 256;
    let replies = (0..2 * MANY).map(|number| if number < MANY { Reply::Status(500) } else { Reply::Never });
    let failing = Receiver::start(replies).await;
    let (ben, zoe) = (world.register("Ben").await, world.register("Zoe").await);
    world.crowd(MANY, |number| at(&failing, number)).await;
    let mut live = Receiver::start([]).await;

    let dispatcher = world.start();
    world.announce(zoe).await;
    #[expect(clippy::cast_precision_loss, reason = "it is few enough")]
    eventually(async || world.tries("retried", "http_5xx") >= MANY as f64).await;
    world.retry_recorded().await;
    world.pass(Duration::from_secs(6));
    // A quarter is for those whose last try failed.
    eventually(async || world.under_way() >= world.settings.in_all / 4).await;
    world.subscribe(ben, &live.url(), "backing").await;
    for number in 0..20 {
        let event = world.tell(ben, &format!("agent_{number}")).await;
        assert_eq!(live.told().await.id(), event.id.to_string());
    }
    eventually(async || world.under_way() == world.settings.in_all / 4).await;
    dispatcher.killed().await;
}

#[actix_rt::test]
async fn a_backlog_of_one_endpoint_waits_in_the_database_and_holds_up_no_other() {
    const BACKLOG: usize = 20_000;
    let mut world = World::new();
    let (ann, ben) = (world.register("Ann").await, world.register("Ben").await);
    let mut silent = Receiver::start((0..8).map(|_| Reply::Never)).await;
    let mut live = Receiver::start([]).await;
    world.subscribe(ann, &silent.url(), "backing").await;
    world.subscribe(ben, &live.url(), "backing").await;
    world.tell_times(ann, BACKLOG).await;

    // Before the backlog has its rows, and when another dispatcher finds them.
    for _ in 0..2 {
        let dispatcher = world.start();
        for _ in 0..4 {
            silent.told().await;
        }
        let event = world.tell(ben, "kai").await;
        assert_eq!(live.told().await.id(), event.id.to_string());
        assert!(world.queued() <= 64, "{}", world.queued());
        // What is under way or waits in memory has none, the rest has.
        eventually(async || world.without_row().await <= 64).await;
        assert!(silent.is_quiet());
        dispatcher.killed().await;
    }
}

#[actix_rt::test]
async fn a_line_of_a_million_holds_up_no_other_and_is_walked_in_order() {
    const LINE: usize = 1_000_000;
    const AT_ONCE: usize = 4;
    const WALKED: usize = 2_000;
    let mut world = World::new();
    let (ann, ben) = (world.register("Ann").await, world.register("Ben").await);
    let mut lined_up = Receiver::start((0..2 * AT_ONCE).map(|_| Reply::Never)).await;
    let mut live = Receiver::start([]).await;
    let (webhook, _) = world.subscribe(ann, &lined_up.url(), "backing").await;
    world.subscribe(ben, &live.url(), "backing").await;
    let first = world.line_up(&webhook, LINE).as_u128();
    let place = |told: &Told| usize::try_from(Uuid::parse_str(told.id()).unwrap().as_u128() - first).unwrap();

    // Another dispatcher that finds the line begins where it begins.
    for _ in 0..2 {
        let dispatcher = world.start();
        let mut places = HashSet::new();
        for _ in 0..AT_ONCE {
            places.insert(place(&lined_up.told().await));
        }
        assert_eq!(places, (0..AT_ONCE).collect());
        let event = world.tell(ben, "kai").await;
        assert_eq!(live.told().await.id(), event.id.to_string());
        assert!(world.queued() <= 64, "{}", world.queued());
        eventually(async || world.under_way() == AT_ONCE).await;
        assert!(lined_up.is_quiet());
        // What was not written down would be told once more.
        eventually(async || world.without_row().await == 0).await;
        dispatcher.killed().await;
    }

    // From now on it is answered.
    let dispatcher = world.start();
    let walked = async {
        let mut places = HashSet::new();
        for number in 0..WALKED {
            let place = place(&lined_up.told().await);
            // Those that are under way at once may overtake each other, and nothing else may.
            assert!(place < number + AT_ONCE, "{place} came as number {number}");
            assert!(places.insert(place), "{place} came twice");
        }
    };
    // Takes a few seconds, and would take minutes if all of the line were read each time.
    soon(walked).await;
    let event = world.tell(ben, "kai").await;
    assert_eq!(live.told().await.id(), event.id.to_string());
    assert!(world.queued() <= 64, "{}", world.queued());
    dispatcher.killed().await;
}

#[actix_rt::test]
async fn a_thousand_agents_that_name_one_victim_get_no_more_of_it_than_one_address_may() {
    const AT_ONCE: usize = 8;
    let mut world = World::new();
    world.settings.private_address = AddressLimit { at_once: Some(AT_ONCE), per_second: None };
    let gate = Rc::new(Semaphore::new(0));
    let mut victim = Receiver::start((0..MANY).map(|_| Reply::After(Rc::clone(&gate)))).await;
    let zoe = world.register("Zoe").await;
    world.crowd(MANY, |number| at(&victim, number)).await;

    let dispatcher = world.start();
    world.announce(zoe).await;
    let mut told = HashSet::new();
    for number in 0..MANY {
        assert!(told.insert(victim.told().await.start));
        if number + 1 >= AT_ONCE {
            gate.add_permits(1);
        }
    }
    gate.add_permits(AT_ONCE);
    world.all_recorded().await;
    assert_eq!(victim.most_at_once(), AT_ONCE);
    dispatcher.stopped().await;
    assert!(victim.is_quiet());
}

#[actix_rt::test]
async fn a_victim_is_told_no_more_in_a_second_than_one_address_may_be() {
    const PER_SECOND: usize = 50;
    let mut world = World::new();
    world.settings.private_address = AddressLimit { at_once: None, per_second: Some(PER_SECOND) };
    let mut victim = Receiver::start([]).await;
    let zoe = world.register("Zoe").await;
    world.crowd(MANY, |number| at(&victim, number)).await;

    let dispatcher = world.start();
    world.announce(zoe).await;
    for _ in 0..MANY / PER_SECOND {
        for _ in 0..PER_SECOND {
            victim.told().await;
        }
        assert!(victim.is_quiet());
        world.pass(Duration::from_secs(1));
    }
    world.all_recorded().await;
    dispatcher.stopped().await;
    assert!(victim.is_quiet());
}

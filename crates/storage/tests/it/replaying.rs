//! All since some moment is made due again, also what was not told.

use chrono::TimeDelta;
use clankdin_domain::context::Timestamp;
use clankdin_domain::event::{Audience, Event, EventKind};
use clankdin_domain::id::WebhookId;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::webhook::{Replayed, Subscription, WebhookChanges, WebhookStatus};

use crate::delivery::{announce, append, due_rows, listener, make_due, set_status, tell, told};
use crate::delivery_log::{deliver, replay, tell_many, the_one};
use crate::support::{World, announcement, contract};
use crate::webhook::{change, register};

/// Replays so many events without spending a quota.
fn replay_some(world: &World, hook: WebhookId, since: Timestamp, max: usize) -> Replayed {
    let now = world.now();
    world
        .write(move |uow| {
            let hook = uow.webhooks().by_id(hook)?.unwrap();
            uow.delivery_log().replay(&hook, since, now, max)
        })
        .unwrap()
}

contract! {
    fn a_replay_makes_everything_since_then_due_and_makes_what_is_missing(world) {
        let kai = world.register("Kai");
        let ada = world.register("Ada");
        make_due(world);
        let hook = register(world, kai, "https://kai.example/", &["pinch"]).webhook.id;
        let before = tell_many(world, kai, 2);
        world.clock.advance(TimeDelta::seconds(1));
        let since = world.now();
        let pinch = tell(world, kai, EventKind::Pinch);
        let comment = tell(world, kai, EventKind::Comment);
        let joined = announce(world, Some(ada));
        announce(world, Some(kai));
        append(world, Event { audience: Audience::Agent(kai), ..announcement(&world.ctx, Some(kai)) });
        tell(world, ada, EventKind::Pinch);
        make_due(world);
        deliver(world);
        let unplaced = tell(world, kai, EventKind::Pinch);
        let all = Some(Subscription::All);
        change(world, kai, hook, WebhookChanges { events: all, ..Default::default() });
        let replayed = replay(world, kai, hook, since).unwrap();
        let mut due = vec![(hook, pinch), (hook, comment), (hook, joined)];
        due.extend(world.is_settled().then_some((hook, unplaced)));
        due.sort_unstable();
        assert_eq!((replayed.deliveries, replayed.since, replayed.next_since), (due.len(), since, None));
        assert_eq!(told(&due_rows(world)), due);
        assert_eq!((the_one(world, hook, pinch).attempts, the_one(world, hook, pinch).tries.len()), (0, 1));
        deliver(world);
        assert_eq!(the_one(world, hook, unplaced).attempts, 1);
        assert!(before.iter().all(|event| the_one(world, hook, *event).attempts == 1));
    }

    fn a_replay_tells_an_endpoint_what_it_hears_of_now_and_nothing_from_before_it_was_there(world) {
        let kai = world.register("Kai");
        let since = world.now();
        let early = tell_many(world, kai, 2);
        world.clock.advance(TimeDelta::seconds(1));
        let hook = register(world, kai, "https://kai.example/", &["all"]).webhook.id;
        let pinches = tell_many(world, kai, 2);
        let comment = tell(world, kai, EventKind::Comment);
        make_due(world);
        deliver(world);
        let pinch = Subscription::parse(["pinch"]).ok();
        change(world, kai, hook, WebhookChanges { events: pinch, ..Default::default() });
        assert_eq!(replay(world, kai, hook, since).unwrap().deliveries, 2);
        let due: Vec<_> = due_rows(world).iter().map(|one| one.event_id).collect();
        assert!(due.len() == 2 && pinches.iter().all(|pinch| due.contains(pinch)));
        assert!(!due.contains(&comment) && !due.iter().any(|event| early.contains(event)));
    }

    fn a_replay_takes_the_oldest_and_says_from_when_on_more_is_left(world) {
        let (kai, hook) = listener(world, "Kai");
        world.clock.advance(TimeDelta::seconds(1));
        let mut since = world.now();
        let mut events = tell_many(world, kai, 3);
        world.clock.advance(TimeDelta::seconds(1));
        events.push(announce(world, None));
        events.extend(tell_many(world, kai, 3));
        deliver(world);
        let mut replayed = Vec::new();
        loop {
            let step = replay_some(world, hook, since, 3);
            let mut due: Vec<_> = due_rows(world).iter().map(|one| one.event_id).collect();
            due.sort_unstable();
            assert_eq!(due.len(), step.deliveries);
            assert!(due.len() <= 3);
            replayed.extend(due);
            deliver(world);
            let Some(next) = step.next_since else { break };
            since = next;
        }
        assert_eq!(replayed, events);
    }

    fn a_replay_from_before_what_is_kept_says_from_when_on_it_was(world) {
        let (kai, hook) = listener(world, "Kai");
        let since = world.now();
        tell_many(world, kai, 2);
        world.clock.advance(TimeDelta::days(1));
        let kept = tell_many(world, kai, 1)[0];
        let kept_at = world.now();
        deliver(world);
        assert_eq!(replay_some(world, hook, since, 100).since, since);
        deliver(world);
        world.write(move |uow| uow.deliveries().forget_before(kept_at, 1_000)).unwrap();
        let replayed = replay_some(world, hook, since, 100);
        assert_eq!((replayed.deliveries, replayed.since), (1, kept_at));
        assert_eq!(told(&due_rows(world)), [(hook, kept)]);
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(replay_some(world, hook, world.now(), 100).since, world.now());
    }

    fn a_replay_is_refused_to_others_of_the_future_to_a_disabled_endpoint_and_twice_an_hour(world) {
        let ((kai, hook), (ada, _)) = (listener(world, "Kai"), listener(world, "Ada"));
        let now = world.now();
        let later = now + TimeDelta::microseconds(1);
        assert!(matches!(replay(world, ada, hook, now), Err(Refusal::NotFound(Noun::Webhook))));
        assert!(matches!(replay(world, kai, hook, later), Err(Refusal::SinceInFuture)));
        set_status(world, kai, hook, WebhookStatus::Disabled);
        assert!(matches!(replay(world, kai, hook, now), Err(Refusal::WebhookDisabled)));
        set_status(world, kai, hook, WebhookStatus::Active);
        assert!(replay(world, kai, hook, now).is_ok());
        world.clock.advance(TimeDelta::minutes(59));
        assert!(matches!(replay(world, kai, hook, now), Err(Refusal::Quota(_))));
        world.clock.advance(TimeDelta::minutes(1));
        assert!(replay(world, kai, hook, now).is_ok());
    }
}

//! Quotas are exact, however many act at once.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use clankdin_domain::context::Ctx;
use clankdin_domain::id::AgentId;
use clankdin_domain::limit::{Action, QuotaExceeded, QuotaLog, spend};
use clankdin_domain::refusal::Refusal;

use crate::support::{World, contract};

fn spend_one(world: &World, ctx: &Ctx, agent: AgentId, action: Action) -> Result<(), Refusal> {
    let ctx = ctx.clone();
    world.write(move |uow| spend(uow, &ctx, agent, action))
}

fn log(world: &World, agent: AgentId, action: Action) -> QuotaLog {
    world.read(move |uow| uow.quotas().get(agent, action)).unwrap()
}

contract! {
    fn of_30_at_once_exactly_20_are_accepted_and_the_rest_are_told_how_long_to_wait(world) {
        let agent = world.register("Kai");
        let results: Vec<_> = thread::scope(|scope| {
            let one = || spend_one(world, &world.ctx, agent, Action::Endorse);
            let threads: Vec<_> = (0..30).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let refused = results.iter().filter_map(|result| match result {
            Err(Refusal::Quota(QuotaExceeded { retry_after, .. })) => Some(*retry_after),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        });
        assert_eq!(refused.clone().count(), 10);
        assert_eq!(refused.collect::<HashSet<_>>(), HashSet::from([Duration::from_secs(3600)]));
        assert_eq!(log(world, agent, Action::Endorse).accepted_at(), [world.now(); 20]);

        world.clock.advance(TimeDelta::hours(1));
        spend_one(world, &world.ctx, agent, Action::Endorse).unwrap();
        assert_eq!(log(world, agent, Action::Endorse).accepted_at(), [world.now()]);
    }

    fn what_is_rolled_back_costs_nothing(world) {
        let agent = world.register("Kai");
        let ctx = world.ctx.clone();
        let failed: Result<(), Refusal> = world.write(move |uow| {
            spend(uow, &ctx, agent, Action::Endorse)?;
            Err(Refusal::HandleTaken)
        });
        assert!(matches!(failed, Err(Refusal::HandleTaken)));
        assert_eq!(log(world, agent, Action::Endorse), QuotaLog::default());
    }

    fn each_agent_and_each_action_has_a_log_of_its_own(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        spend_one(world, &world.ctx, kai, Action::Post).unwrap();
        assert_eq!(log(world, kai, Action::Post).accepted_at().len(), 1);
        assert_eq!(log(world, kai, Action::Pinch).accepted_at().len(), 0);
        assert_eq!(log(world, ada, Action::Post).accepted_at().len(), 0);
    }

    fn a_log_is_kept_to_the_microsecond_and_in_order(world) {
        let agent = world.register("Kai");
        let times: Vec<_> = (0..500).map(|place| world.now() + TimeDelta::microseconds(place * 1_001)).collect();
        let kept = QuotaLog::new(times);
        let saved = kept.clone();
        world.write(move |uow| {
            assert_eq!(uow.quotas().lock(agent, Action::Pinch)?, QuotaLog::default());
            uow.quotas().save(agent, Action::Pinch, &saved)
        }).unwrap();
        assert_eq!(log(world, agent, Action::Pinch), kept);
        let locked = world.write(move |uow| uow.quotas().lock(agent, Action::Pinch)).unwrap();
        assert_eq!(locked, kept);
    }

    fn an_action_that_is_not_limited_leaves_no_log(world) {
        let agent = world.register("Kai");
        let unlimited = clankdin_domain::limit::ActionLimits { posts: None, ..Default::default() };
        let ctx = world.ctx_with(unlimited);
        (0..100).for_each(|_| spend_one(world, &ctx, agent, Action::Post).unwrap());
        assert_eq!(log(world, agent, Action::Post), QuotaLog::default());
    }
}

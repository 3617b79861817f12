//! Agents that act on each other all at once, each holding what another wants.

use std::thread;

use clankdin_domain::id::AgentId;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::store::StoreError;

use crate::acts::{
    back, comment, connect, endorse, erase, pinch, post, publish, take_back_backing, take_back_endorsement,
};
use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

/// Waiting for each other ends in this.
fn was_in_the_way<T>(ended: &Result<T, Refusal>) -> bool {
    matches!(ended, Err(Refusal::Store(StoreError::Unavailable(_))))
}

/// Everything that one agent can do to two others.
fn act(world: &World, me: AgentId, one: AgentId, other: AgentId) -> Vec<bool> {
    let mut ended = Vec::new();
    let written = post(world, me, "Hello @agent_0, @agent_1 and @agent_2");
    ended.push(was_in_the_way(&written));
    if let Ok(written) = written {
        ended.push(was_in_the_way(&comment(world, one, written.id, "Hello @agent_3", None)));
        ended.push(was_in_the_way(&pinch(world, other, written.id)));
    }
    for whom in [one, other] {
        ended.push(was_in_the_way(&back(world, me, whom, "")));
        ended.push(was_in_the_way(&endorse(world, me, whom, "Python")));
        ended.push(was_in_the_way(&connect(world, me, whom)));
    }
    ended.push(was_in_the_way(&take_back_endorsement(world, me, one, "Python")));
    ended.push(was_in_the_way(&publish(world, me, "Any work")));
    ended
}

contract! {
    fn agents_that_act_on_each_other_at_once_are_never_in_each_others_way(world) {
        let agents: Vec<AgentId> = (0..6).map(|n| world.register(&format!("Agent {n}"))).collect();
        thread::scope(|scope| {
            for turn in 0..8 {
                let agents = &agents;
                scope.spawn(move || for round in 0..4 {
                    let pick = |step: usize| agents[(turn * 5 + round * step) % 6];
                    let (me, one, other) = (pick(1), agents[(turn * 5 + round + 1) % 6], agents[(turn + round + 3) % 6]);
                    if me != one && me != other && one != other {
                        assert!(!act(world, me, one, other).contains(&true));
                        take_back_backing(world, me, one);
                    }
                });
            }
        });
        assert_counts_equal_rows(world);
    }

    fn agents_that_are_erased_while_others_act_on_them_leave_every_count_right(world) {
        let agents: Vec<AgentId> = (0..8).map(|n| world.register(&format!("Agent {n}"))).collect();
        thread::scope(|scope| {
            for turn in 0..4 {
                let agents = &agents;
                scope.spawn(move || for round in 0..3 {
                    act(world, agents[turn], agents[(turn + round + 1) % 8], agents[(turn + round + 2) % 8]);
                });
            }
            for gone in [5, 6, 7] {
                let agents = &agents;
                scope.spawn(move || erase(world, agents[gone]));
            }
        });
        assert_counts_equal_rows(world);
    }
}

//! What holds however many ask at once

use std::sync::Barrier;
use std::thread;

use clankdin_domain::limit::ActionLimits;
use serde_json::json;

use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server, Setup};
use crate::town_square::post;

/// Runs all at once and answers what each came to, in their order.
fn at_once<T: Send>(deeds: Vec<impl FnOnce() -> T + Send>) -> Vec<T> {
    let barrier = Barrier::new(deeds.len());
    thread::scope(|scope| {
        let started: Vec<_> = deeds
            .into_iter()
            .map(|deed| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    deed()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// An agent may act as often as it likes.
pub(crate) fn unlimited_actions() -> ActionLimits {
    ActionLimits {
        endorsements: None,
        posts: None,
        comments: None,
        pinches: None,
        connections: None,
        backings: None,
    }
}

/// A server on which an agent may act as often as it likes.
pub(crate) fn unlimited() -> Server {
    Setup { action_limits: unlimited_actions(), ..Setup::default() }.start()
}

#[test]
fn of_30_endorsements_at_once_20_are_accepted() {
    let server = Server::start();
    let kai = server.register("Kai");
    let skills: Vec<String> = (0..15).map(|n| format!("skill{n}")).collect();
    for name in ["Mia", "Zoe"] {
        server.register_with(json!({ "name": name, "skills": skills }));
    }
    let endorse = |n: usize| {
        let handle = if n < 15 { "mia" } else { "zoe" };
        kai.send("POST", &format!("/agents/{handle}/skills/skill{}/endorse", n % 15))
    };
    let endorse = &endorse;
    let answers = at_once((0..30).map(|n| move || endorse(n)).collect());
    assert_eq!((count(&answers, 201), count(&answers, 429)), (20, 10));
    let mut waits = Vec::new();
    for (n, answer) in answers.into_iter().enumerate() {
        if answer.status == 429 {
            waits.push((answer.retry_after(), n));
        }
    }
    let wait = waits[0].0;
    assert!(waits.iter().all(|(other, _)| *other == wait), "all were asked at the same moment");
    let given = || {
        let of = |handle| {
            server.get(&format!("/agents/{handle}")).is(200)["agent"]["stats"]["endorsements"].clone()
        };
        of("mia").as_i64().unwrap() + of("zoe").as_i64().unwrap()
    };
    assert_eq!(given(), 20);
    server.advance_seconds(wait - 1);
    for (_, n) in &waits {
        endorse(*n).refused(429, "rate_limited");
    }
    server.advance_seconds(1);
    let answers = at_once(waits.iter().map(|(_, n)| move || endorse(*n)).collect());
    assert_eq!(count(&answers, 201), 10);
    assert_eq!(given(), 30);
}

#[test]
fn of_four_gigs_at_once_three_are_accepted() {
    let server = Server::start();
    let kai = server.register("Kai");
    let publish = |n: u8| {
        let title = format!("Gig {n}");
        kai.post(
            "/gigs",
            json!({ "title": title, "description": "One of four gigs", "gig_type": "offering" }),
        )
    };
    let publish = &publish;
    let answers = at_once((0..4).map(|n| move || publish(n)).collect());
    assert_eq!((count(&answers, 201), count(&answers, 409)), (3, 1));
    for answer in answers {
        if answer.status == 409 {
            answer.refused(409, "gig_limit");
        }
    }
    let gigs = ids_of(&server.walk("/gigs", "gigs"));
    assert_eq!(gigs.len(), 3);

    let change = |id: &str, status: &str| kai.patch(&format!("/gigs/{id}"), json!({ "status": status }));
    for id in &gigs {
        change(id, "filled").is(200);
    }
    publish(5).is(201);
    let change = &change;
    let answers = at_once(gigs.iter().map(|id| move || change(id, "active")).collect());
    assert_eq!((count(&answers, 200), count(&answers, 409)), (2, 1), "active again, with one more");
}

#[test]
fn two_who_ask_each_other_at_once_are_connected_once() {
    let server = Server::start();
    for n in 0..50 {
        let pair = [format!("One {n}"), format!("Other {n}")].map(|name| server.register(&name));
        let [one, other] = &pair;
        let ask = |from: &Agent, to: &Agent| from.post("/connect", json!({ "recipient_handle": to.handle }));
        let ask = &ask;
        let deeds: Vec<Box<dyn FnOnce() -> Answer + Send>> =
            vec![Box::new(move || ask(one, other)), Box::new(move || ask(other, one))];
        let answers = at_once(deeds);
        assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 1));
        let mut ids = Vec::new();
        for answer in answers {
            let status = answer.status;
            let connection = answer.json()["connection"].clone();
            assert_eq!(connection["status"], if status == 201 { "pending" } else { "accepted" });
            ids.push(id_of(&connection));
        }
        assert_eq!(ids[0], ids[1]);
        for agent in &pair {
            let list = agent.get("/connections").is(200);
            assert_eq!(list["connections"].as_array().unwrap().len(), 1);
            assert_eq!(list["connections"][0]["status"], "accepted");
            let profile = server.get(&format!("/agents/{}", agent.handle)).is(200);
            assert_eq!(profile["agent"]["stats"]["connections"], 1);
        }
    }
}

#[test]
fn one_thing_asked_for_by_many_requests_is_done_once() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&mia, "Well?");
    let pinch = format!("/town-square/{id}/pinch");
    for path in ["/agents/mia/back", "/agents/mia/skills/Python/endorse", &pinch] {
        let kai = &kai;
        let answers = at_once((0..16).map(|_| move || kai.send("POST", path)).collect());
        assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 15), "{path}");
    }
    let agent = server.get("/agents/mia").is(200)["agent"].clone();
    assert_eq!((&agent["stats"]["backers"], &agent["stats"]["endorsements"]), (&json!(1), &json!(1)));
    assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["pinches"], 1);
    let (kai, path) = (&kai, &format!("/town-square/{}", post(&kai, "Delete me")));
    let answers = at_once((0..16).map(|_| move || kai.delete(path)).collect());
    assert_eq!((count(&answers, 204), count(&answers, 404)), (1, 15));
}

/// How many of the 16 agents stay; the others erase themselves midway.
const STAYING: usize = 12;

/// What one of 16 agents does: a little of everything, by the throw of a dice that falls the same each
/// time.
fn meddle(agents: &[Agent], posts: &[String], me: usize) {
    let agent = &agents[me];
    let mut dice = 0x9e37_79b9_u64.wrapping_mul(me as u64 + 1);
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % sides
    };
    let (mut comments, mut own) = (Vec::new(), Vec::new());
    for round in 0..60 {
        if round == 30 && me >= STAYING {
            agent.delete("/agents/me").is(204);
            return;
        }
        let (other, post_id) = (&agents[roll(agents.len())].handle, &posts[roll(posts.len())]);
        let answer = match roll(14) {
            0 | 1 => agent.send("POST", &format!("/town-square/{post_id}/pinch")),
            2 => agent.delete(&format!("/town-square/{post_id}/pinch")),
            3 | 4 => {
                let path = format!("/town-square/{post_id}/comments");
                let answer = agent.post(&path, json!({ "content": format!("To @{other}") }));
                if answer.status == 201 {
                    comments.push(format!("{path}/{}", id_of(&answer.json()["comment"])));
                }
                answer
            }
            5 if !comments.is_empty() => agent.delete(&comments.swap_remove(roll(comments.len()))),
            6 => agent.send("POST", &format!("/agents/{other}/back")),
            7 => agent.delete(&format!("/agents/{other}/back")),
            8 => agent.send("POST", &format!("/agents/{other}/skills/Python/endorse")),
            9 => agent.delete(&format!("/agents/{other}/skills/python/endorse")),
            10 => agent.post("/connect", json!({ "recipient_handle": other })),
            11 => match agent.get("/connections").is(200)["connections"].get(0) {
                Some(connection) => agent.delete(&format!("/connections/{}", id_of(connection))),
                None => continue,
            },
            12 => {
                let answer = agent.post("/town-square", json!({ "content": "Mine" }));
                own.push(id_of(&answer.json()["post"]));
                answer
            }
            _ if !own.is_empty() => {
                agent.delete(&format!("/town-square/{}", own.swap_remove(roll(own.len()))))
            }
            _ => continue,
        };
        let is_expected = match answer.status {
            200 | 201 | 204 => true,
            400 => answer.json()["code"] == "self_action",
            404 => {
                let detail = answer.problem()["detail"].clone();
                ["connection", "agent"].iter().any(|gone| detail.as_str().unwrap().contains(gone))
            }
            _ => false,
        };
        assert!(is_expected, "{answer:?}");
    }
}

#[test]
fn after_16_way_writes_every_count_equals_the_rows_that_it_counts() {
    let server = unlimited();
    let agents: Vec<Agent> = (0..16).map(|n| server.register(&format!("Agent {n}"))).collect();
    let posts: Vec<String> = agents[..4].iter().map(|agent| post(agent, "Meddle with me")).collect();
    let (meddlers, meddled) = (agents.as_slice(), posts.as_slice());
    at_once((0..16).map(|me| move || meddle(meddlers, meddled, me)).collect());

    let (agents, gone) = agents.split_at(STAYING);
    for agent in gone {
        server.get(&format!("/agents/{}", agent.handle)).refused(404, "not_found");
        agent.get("/agents/me").refused(401, "bad_key");
    }
    let rows = |path: String, plural: &str| json!(server.walk(&path, plural).len());
    for agent in agents {
        let handle = &agent.handle;
        let profile = server.get(&format!("/agents/{handle}")).is(200)["agent"].clone();
        let endorsers = rows(format!("/agents/{handle}/skills/Python/endorsers?limit=3"), "endorsers");
        assert_eq!(profile["skills"][0], json!({ "name": "Python", "endorsements": endorsers }));
        let stats = json!({
            "backers": rows(format!("/agents/{handle}/backers?limit=3"), "backers"),
            "connections": agent.walk("/connections?status=accepted&limit=3", "connections").len(),
            "endorsements": endorsers,
            "posts": rows(format!("/town-square?author={handle}&limit=3"), "posts"),
            "gigs": 0,
        });
        assert_eq!(profile["stats"], stats, "{handle}");
    }
    let all = server.walk("/town-square?limit=5", "posts");
    assert_eq!(server.walk("/town-square?sort=top&limit=5", "posts").len(), all.len());
    for told in &all {
        let id = id_of(told);
        assert_eq!(told["comments"], rows(format!("/town-square/{id}/comments?limit=3"), "comments"));
    }
    for id in &posts {
        let pinches = server.get(&format!("/town-square/{id}")).is(200)["post"]["pinches"].clone();
        // Who pinches it again, and whose pinch stood, gets a 200.
        let again: Vec<Answer> =
            agents.iter().map(|agent| agent.send("POST", &format!("/town-square/{id}/pinch"))).collect();
        assert_eq!(pinches, json!(count(&again, 200)));
    }
}

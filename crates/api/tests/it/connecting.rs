//! Connecting: `/connect`, `/connections`

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Answer, Server, agent_view};

const DAY: i64 = 24 * 60 * 60;

/// Asks to connect, which has to be new, and answers the connection's id.
fn ask(from: &Agent, to: &str) -> String {
    let asked = from.post("/connect", json!({ "recipient_handle": to })).is(201);
    id_of(&asked["connection"])
}

fn accept(agent: &Agent, id: &str) -> Answer {
    agent.send("POST", &format!("/connections/{id}/accept"))
}

fn decline(agent: &Agent, id: &str) -> Answer {
    agent.send("POST", &format!("/connections/{id}/decline"))
}

fn ids(list: &Value) -> Vec<String> {
    ids_of(list["connections"].as_array().unwrap())
}

#[test]
fn a_request_is_pending_and_a_200_when_repeated() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let body = json!({ "recipient_handle": "@MIA", "message": "Nice skills.\nWant to collaborate?" });
    let first = kai.post("/connect", body).is(201);
    let connection = json!({
        "id": first["connection"]["id"],
        "requester": agent_view(&kai),
        "recipient": agent_view(&mia),
        "status": "pending",
        "message": "Nice skills.\nWant to collaborate?",
        "created_at": server.time(),
        "responded_at": null,
    });
    assert_eq!(first, json!({ "connection": connection }));
    server.advance_seconds(60);
    let again = kai.post("/connect", json!({ "recipient_handle": "mia", "message": "Well?" })).is(200);
    assert_eq!(again, json!({ "connection": connection }));
    assert_eq!(server.get("/agents/mia").is(200)["agent"]["stats"]["connections"], 0);
}

#[test]
fn asking_one_who_has_asked_is_accepting() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = ask(&kai, "mia");
    server.advance_seconds(60);
    let accepted = mia.post("/connect", json!({ "recipient_handle": "kai", "message": "Me too" })).is(200);
    assert_eq!(accepted["connection"]["id"], json!(id));
    assert_eq!(accepted["connection"]["status"], "accepted");
    assert_eq!(accepted["connection"]["requester"], agent_view(&kai));
    assert_eq!(accepted["connection"]["message"], json!(null));
    assert_eq!(accepted["connection"]["responded_at"], json!(server.time()));
    for agent in [&kai, &mia] {
        let other = if agent.handle == "kai" { "mia" } else { "kai" };
        let again = agent.post("/connect", json!({ "recipient_handle": other })).is(200);
        assert_eq!(again, accepted);
        let profile = server.get(&format!("/agents/{}", agent.handle)).is(200);
        assert_eq!(profile["agent"]["stats"]["connections"], 1);
    }
}

#[test]
fn every_field_at_fault_is_named() {
    let server = Server::start();
    let kai = server.register("Kai");
    let faults = kai.post("/connect", json!({ "message": "m".repeat(501) })).names_faults();
    assert_eq!(faults, ["recipient_handle", "message"]);
    let faults = kai.post("/connect", json!({ "recipient_handle": 7, "message": [] })).names_faults();
    assert_eq!(faults, ["recipient_handle", "message"]);
    let faults = kai.post("/connect", json!({ "recipient_handle": "no handle" })).names_faults();
    assert_eq!(faults, ["recipient_handle"]);
    kai.post("/connect", json!({ "recipient_handle": "nobody" })).refused(404, "not_found");
    kai.post("/connect", json!({ "recipient_handle": "kai" })).refused(400, "self_action");
    server.post("/connect", json!({ "recipient_handle": "kai" })).refused(401, "key_needed");
}

#[test]
fn the_recipient_alone_answers() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let id = ask(&kai, "mia");
    for answer in [accept, decline] {
        answer(&kai, &id).refused(403, "not_yours");
        answer(&zoe, &id).refused(404, "not_found");
        answer(&mia, "0197f000-0000-7000-8000-000000000000").refused(404, "not_found");
        answer(&mia, "7").refused(404, "not_found");
    }
    server.send("POST", &format!("/connections/{id}/accept")).refused(401, "key_needed");
    server.advance_seconds(60);
    let accepted = accept(&mia, &id).is(200);
    assert_eq!(accepted["connection"]["status"], "accepted");
    assert_eq!(accepted["connection"]["responded_at"], json!(server.time()));
}

#[test]
fn an_answer_may_be_repeated_but_not_turned_round() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let (accepted, declined) = (ask(&kai, "mia"), ask(&zoe, "mia"));
    let first = accept(&mia, &accepted).is(200);
    server.advance_seconds(60);
    assert_eq!(accept(&mia, &accepted).is(200), first);
    decline(&mia, &accepted).refused(409, "already_answered");
    let first = decline(&mia, &declined).is(200);
    assert_eq!(first["connection"]["status"], "declined");
    server.advance_seconds(60);
    assert_eq!(decline(&mia, &declined).is(200), first);
    accept(&mia, &declined).refused(409, "already_answered");
    assert_eq!(server.get("/agents/mia").is(200)["agent"]["stats"]["connections"], 1);
}

#[test]
fn who_was_declined_may_ask_again_after_30_days() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let declined = ask(&kai, "mia");
    decline(&mia, &declined).is(200);
    let again = || kai.post("/connect", json!({ "recipient_handle": "mia" }));
    again().refused(409, "recently_declined");
    server.advance_seconds(30 * DAY - 1);
    again().refused(409, "recently_declined");
    server.advance_seconds(1);
    let asked = again().is(201);
    assert_eq!(asked["connection"]["status"], "pending");
    assert_eq!(ids(&kai.get("/connections").is(200)), [id_of(&asked["connection"])], "one at most");
    accept(&mia, &id_of(&asked["connection"])).is(200);
}

#[test]
fn a_delete_does_not_end_the_30_days() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    for (requester, deleter) in [(&kai, &kai), (&zoe, &mia)] {
        let id = ask(requester, "mia");
        decline(&mia, &id).is(200);
        deleter.delete(&format!("/connections/{id}")).is(204);
        let again = || requester.post("/connect", json!({ "recipient_handle": "mia" }));
        again().refused(409, "recently_declined");
        server.advance_seconds(30 * DAY);
        again().is(201);
    }
}

#[test]
fn who_declined_may_ask_by_itself() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let declined = ask(&kai, "mia");
    decline(&mia, &declined).is(200);
    let id = ask(&mia, "kai");
    let accepted = kai.post("/connect", json!({ "recipient_handle": "mia" })).is(200);
    assert_eq!(accepted["connection"]["id"], json!(id));
    assert_eq!(accepted["connection"]["status"], "accepted");
}

#[test]
fn either_side_ends_a_connection_once() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    for ender in [&kai, &mia] {
        let id = ask(&kai, "mia");
        accept(&mia, &id).is(200);
        zoe.delete(&format!("/connections/{id}")).refused(404, "not_found");
        ender.delete(&format!("/connections/{id}")).is(204);
        for agent in [&kai, &mia] {
            agent.delete(&format!("/connections/{id}")).refused(404, "not_found");
            assert_eq!(agent.get("/connections").is(200)["connections"], json!([]));
            let profile = server.get(&format!("/agents/{}", agent.handle)).is(200);
            assert_eq!(profile["agent"]["stats"]["connections"], 0);
        }
    }
}

#[test]
fn a_list_holds_ones_own_connections_and_is_filtered() {
    let server = Server::start();
    let kai = server.register("Kai");
    let others: Vec<_> = ["Mia", "Zoe", "Lee", "Ada"].map(|name| server.register(name)).into();
    let asked_mia = ask(&kai, "mia");
    let asked_zoe = ask(&kai, "zoe");
    let by_lee = ask(&others[2], "kai");
    let by_ada = ask(&others[3], "kai");
    let strangers = ask(&others[0], "zoe");
    accept(&others[1], &asked_zoe).is(200);
    accept(&kai, &by_lee).is(200);
    let of_kai = |query: &str| ids(&kai.get(&format!("/connections{query}")).is(200));
    assert_eq!(of_kai(""), [&by_ada, &by_lee, &asked_zoe, &asked_mia].map(String::clone));
    assert_eq!(of_kai("?status=pending"), [by_ada.clone(), asked_mia.clone()]);
    assert_eq!(of_kai("?status=accepted"), [by_lee.clone(), asked_zoe.clone()]);
    assert_eq!(of_kai("?direction=in"), [by_ada.clone(), by_lee.clone()]);
    assert_eq!(of_kai("?direction=out"), [asked_zoe.clone(), asked_mia.clone()]);
    assert_eq!(of_kai("?status=accepted&direction=in"), [by_lee.as_str()]);
    assert_eq!(of_kai("?status=pending&direction=out"), [asked_mia.as_str()]);
    assert_eq!(ids(&others[0].get("/connections").is(200)), [strangers, asked_mia.clone()]);
    let walked = kai.walk("/connections?limit=1", "connections");
    assert_eq!(ids_of(&walked), of_kai(""));
    let walked = kai.walk("/connections?limit=1&direction=out", "connections");
    assert_eq!(ids_of(&walked), [asked_zoe, asked_mia]);
    let faults = kai.get("/connections?status=open&direction=up").names_faults();
    assert_eq!(faults, ["status", "direction"]);
    server.get("/connections").refused(401, "key_needed");
}

#[test]
fn the_51st_request_of_an_hour_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let kai = server.register("Kai");
    for n in 0..51 {
        server.register(&format!("Agent {n}"));
    }
    for n in 0..50 {
        ask(&kai, &format!("agent_{n}"));
    }
    let last = || kai.post("/connect", json!({ "recipient_handle": "agent_50" }));
    let wait = last().retry_after();
    kai.post("/connect", json!({ "recipient_handle": "agent_0" })).is(200);
    server.advance_seconds(wait - 1);
    last().refused(429, "rate_limited");
    server.advance_seconds(1);
    last().is(201);
}

#[test]
fn the_recipient_is_told_of_a_request_and_the_requester_of_a_yes_alone() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    let id = ask(&kai, "mia");
    kai.post("/connect", json!({ "recipient_handle": "mia" })).is(200);
    accept(&kai, &id).refused(403, "not_yours");
    let told = |handle: &str| json!({ "connection_id": id, "handle": handle });
    assert_eq!(ears.heard(), [("mia".into(), "connection_request".into(), told("kai"))]);
    accept(&mia, &id).is(200);
    accept(&mia, &id).is(200);
    assert_eq!(ears.heard(), [("kai".into(), "connection_accepted".into(), told("mia"))]);
    kai.delete(&format!("/connections/{id}")).is(204);
    assert_eq!(ears.heard(), []);

    let declined = ask(&zoe, "mia");
    assert_eq!(ears.heard().len(), 1);
    decline(&mia, &declined).is(200);
    zoe.post("/connect", json!({ "recipient_handle": "mia" })).refused(409, "recently_declined");
    assert_eq!(ears.heard(), []);
}

#[test]
fn a_request_that_crosses_another_is_told_as_an_acceptance() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let ears = Ears::of(&server, &[&kai, &mia]);
    let id = ask(&kai, "mia");
    ears.heard();
    mia.post("/connect", json!({ "recipient_handle": "kai" })).is(200);
    let told = json!({ "connection_id": id, "handle": "mia" });
    assert_eq!(ears.heard(), [("kai".into(), "connection_accepted".into(), told)]);
}

#[test]
fn of_a_recipient_that_is_none_the_field_is_named_and_not_the_address() {
    let server = Server::start();
    let problem = server
        .register("Kai")
        .post("/connect", json!({ "recipient_handle": "nobody" }))
        .refused(404, "not_found");
    assert!(problem["detail"].as_str().unwrap().contains("recipient_handle"), "{problem}");
}

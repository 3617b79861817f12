//! Handles: made, given, taken, reserved, in disguise.

use serde_json::{Value, json};

use crate::support::{Answer, Server, registration};

fn register(server: &Server, fields: Value) -> Answer {
    server.post("/agents/register", registration(fields))
}

#[test]
fn a_handle_is_made_from_the_name_with_a_number_where_it_is_taken() {
    let server = Server::start();
    let long = "Extraordinarily Long Name Of A Bot";
    for (name, handle) in [
        ("DataBot", "databot"),
        ("DataBot", "databot_2"),
        ("databot", "databot_3"),
        ("DataBot Prime", "databot_prime"),
        ("  Žižkov -- Ångström! ", "zizkov_angstrom"),
        ("🤖🤖", "clankr"),
        ("🦾🦾", "clankr_2"),
        ("Me", "me_2"),
        ("Admin", "admin_2"),
        (long, "extraordinarily_long_name_of_a"),
        (long, "extraordinarily_long_name_of_2"),
    ] {
        assert_eq!(server.register(name).handle, handle, "{name}");
    }
}

#[test]
fn a_given_handle_is_taken_as_it_is() {
    let server = Server::start();
    for handle in ["data_bot", "_a_", "42", &"x".repeat(30)] {
        assert_eq!(server.register_with(json!({ "handle": handle })).handle, handle);
    }
    for handle in ["DataBot", "data-bot", "data bot", "a", "dätabot", "@databot", &"x".repeat(31)] {
        assert_eq!(register(&server, json!({ "handle": handle })).names_faults(), ["handle"], "{handle}");
    }
}

#[test]
fn a_given_handle_that_is_taken_or_reserved_is_a_409() {
    let server = Server::start();
    let agent = server.register("Kai");
    register(&server, json!({ "handle": "kai" })).refused(409, "handle_taken");
    for reserved in
        ["me", "register", "clankdin", "admin", "root", "support", "categories", "town_square", "a_d_m_i_n"]
    {
        register(&server, json!({ "handle": reserved })).refused(409, "handle_reserved");
    }
    assert_eq!(server.get("/agents").is(200)["agents"].as_array().unwrap().len(), 1);
    agent.get("/agents/me").is(200);
}

#[test]
fn an_erased_agents_handle_is_not_given_out_again() {
    let server = Server::start();
    server.register("Kai").delete("/agents/me").is(204);
    server.get("/agents/kai").refused(404, "not_found");
    register(&server, json!({ "handle": "kai" })).refused(409, "handle_taken");
    assert_eq!(server.register("Kai").handle, "kai_2");
}

#[test]
fn a_name_or_handle_in_a_verified_agents_disguise_is_a_409() {
    let server = Server::start();
    let verified = server.register_with(json!({ "name": "Paypal Bot", "handle": "paypal" }));
    let other = server.register("Honest");
    register(&server, json!({ "name": "Рaypal Bot" })).is(201);
    server.verify(&verified);
    // CYRILLIC CAPITAL LETTER ER, digit one, capital I.
    for name in ["Рaypal Bot", "Paypa1 Bot", "PaypaI Bot", "paypa1", "раураl"] {
        register(&server, json!({ "name": name })).refused(409, "impersonation");
        other.patch("/agents/me", json!({ "name": name })).refused(409, "impersonation");
    }
    register(&server, json!({ "handle": "paypa1" })).refused(409, "impersonation");
    assert_eq!(other.get("/agents/me").is(200)["agent"]["name"], "Honest");
    // The same text is no disguise, and the agent itself may be called as it likes.
    register(&server, json!({ "name": "PAYPAL BOT" })).is(201);
    verified.patch("/agents/me", json!({ "name": "Paypa1 Bot" })).is(200);
}

#[test]
fn a_made_handle_in_disguise_takes_the_next_number() {
    let server = Server::start();
    let verified = server.register_with(json!({ "name": "Something Else", "handle": "llama" }));
    server.verify(&verified);
    // The name is none of a verified agent's; only the handle that it makes looks like one.
    let made = server.register("Ĺ1ama!");
    assert_eq!(made.handle, "l1ama_2");
}

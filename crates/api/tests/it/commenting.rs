//! Comments: `/town-square/{id}/comments`, and whom posts and comments mention

use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rows::id_of;
use crate::support::{Agent, Server, agent_view};
use crate::town_square::post;

/// Comments, and answers the comment.
fn comment(agent: &Agent, post: &str, body: Value) -> Value {
    let answer = agent.post(&format!("/town-square/{post}/comments"), body).is(201);
    answer["comment"].clone()
}

#[test]
fn a_comment_is_told_as_it_was_written_oldest_first() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&kai, "What do you think?");
    let mut told = Vec::new();
    for (n, author) in [&mia, &kai, &mia].into_iter().enumerate() {
        server.advance_seconds(1);
        let reply_to = told.last().map(|last: &Value| last["id"].clone()).unwrap_or_default();
        let content = format!("Thought {n}\nand another");
        let written = comment(author, &id, json!({ "content": content, "reply_to_id": reply_to }));
        let wanted = json!({
            "id": written["id"],
            "post_id": id,
            "content": content,
            "author": agent_view(author),
            "reply_to_id": reply_to,
            "created_at": server.time(),
        });
        assert_eq!(written, wanted);
        told.push(wanted);
    }
    let path = format!("/town-square/{id}/comments");
    assert_eq!(server.get(&path).is(200), json!({ "comments": told, "next_cursor": null }));
    assert_eq!(server.walk(&format!("{path}?limit=1"), "comments"), told);
    assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["comments"], 3);
}

#[test]
fn every_field_at_fault_is_named() {
    let server = Server::start();
    let kai = server.register("Kai");
    let id = post(&kai, "Well?");
    let path = format!("/town-square/{id}/comments");
    let faults = |body: Value| kai.post(&path, body).names_faults();
    assert_eq!(faults(json!({})), ["content"]);
    let long = json!({ "content": "x".repeat(501), "reply_to_id": "no id" });
    assert_eq!(faults(long), ["content", "reply_to_id"]);
    assert_eq!(faults(json!({ "content": [], "reply_to_id": 5 })), ["content", "reply_to_id"]);
    server.post(&path, json!({ "content": "x" })).refused(401, "key_needed");
    comment(&kai, &id, json!({ "content": "ü".repeat(500), "reply_to_id": null }));
    assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["comments"], 1);
}

#[test]
fn a_reply_is_to_a_comment_of_the_same_post() {
    let server = Server::start();
    let kai = server.register("Kai");
    let (one, other) = (post(&kai, "One"), post(&kai, "Other"));
    let elsewhere = comment(&kai, &other, json!({ "content": "Elsewhere" }));
    for id in [elsewhere["id"].clone(), json!(other), json!("0197f000-0000-7000-8000-000000000000")] {
        let body = json!({ "content": "Reply", "reply_to_id": id });
        let faults = kai.post(&format!("/town-square/{one}/comments"), body).names_faults();
        assert_eq!(faults, ["reply_to_id"]);
    }
    assert_eq!(server.get(&format!("/town-square/{one}")).is(200)["post"]["comments"], 0);
}

#[test]
fn a_comment_goes_by_its_author_or_the_posts_author_alone() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let (id, other) = (post(&kai, "Well?"), post(&kai, "Other"));
    for (n, deleter) in [&mia, &kai].into_iter().enumerate() {
        let written = comment(&mia, &id, json!({ "content": "Hm" }));
        let path = format!("/town-square/{id}/comments/{}", id_of(&written));
        zoe.delete(&path).refused(403, "not_yours");
        server.send("DELETE", &path).refused(401, "key_needed");
        mia.delete(&path.replace(&id, &other)).refused(404, "not_found");
        server.send("DELETE", &path.replace(&id, &other)).refused(404, "not_found");
        assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["comments"], 1, "round {n}");
        deleter.delete(&path).is(204);
        deleter.delete(&path).refused(404, "not_found");
        assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["comments"], 0);
        let list = server.get(&format!("/town-square/{id}/comments")).is(200);
        assert_eq!(list["comments"], json!([]));
    }
}

#[test]
fn a_reply_stays_when_what_it_replies_to_goes() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&kai, "Well?");
    let first = comment(&mia, &id, json!({ "content": "Hm" }));
    let mut reply = comment(&kai, &id, json!({ "content": "Hm?", "reply_to_id": first["id"] }));
    mia.delete(&format!("/town-square/{id}/comments/{}", id_of(&first))).is(204);
    reply["reply_to_id"] = json!(null);
    assert_eq!(server.get(&format!("/town-square/{id}/comments")).is(200)["comments"], json!([reply]));
}

#[test]
fn the_posts_author_is_told_of_a_comment_unless_it_is_its_own() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let id = post(&kai, "Well?");
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    comment(&kai, &id, json!({ "content": "First" }));
    assert_eq!(ears.heard(), []);
    let content = "ä".repeat(200);
    let written = comment(&mia, &id, json!({ "content": content }));
    let told = json!({
        "post_id": id, "comment_id": written["id"], "commenter": "mia", "comment_preview": "ä".repeat(140),
    });
    assert_eq!(ears.heard(), [("kai".into(), "comment".into(), told)]);
    zoe.post(&format!("/town-square/{id}/comments"), json!({ "content": "" }))
        .refused(400, "validation_failed");
    let body = json!({ "content": "x", "reply_to_id": id });
    zoe.post(&format!("/town-square/{id}/comments"), body).refused(400, "validation_failed");
    assert_eq!(ears.heard(), []);
}

#[test]
fn a_mention_is_told_to_who_exists_and_did_not_write_it() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    let content = "@Mia, @kai (that's me), @nobody and kai@zoe.example: see @mia";
    let id = post(&kai, content);
    let mention = |to: &str, comment_id: &Value, preview: &str, by: &str| {
        let data = json!({ "post_id": id, "comment_id": comment_id, "by": by, "preview": preview });
        (to.to_owned(), "mention".to_owned(), data)
    };
    assert_eq!(ears.heard(), [mention("mia", &Value::Null, content, "kai")]);

    let written = comment(&mia, &id, json!({ "content": "@zoe look, @kai too, @mia not" }));
    let told = json!({
        "post_id": id, "comment_id": written["id"], "commenter": "mia",
        "comment_preview": "@zoe look, @kai too, @mia not",
    });
    let of_comment = |to: &str| mention(to, &written["id"], "@zoe look, @kai too, @mia not", "mia");
    let wanted = [("kai".into(), "comment".into(), told), of_comment("zoe"), of_comment("kai")];
    assert_eq!(ears.heard(), wanted);
}

#[test]
fn an_edit_tells_those_newly_mentioned_alone() {
    let server = Server::start();
    let (kai, mia, zoe) = (server.register("Kai"), server.register("Mia"), server.register("Zoe"));
    let ears = Ears::of(&server, &[&kai, &mia, &zoe]);
    let id = post(&kai, "For @mia");
    assert_eq!(ears.heard().len(), 1);
    let path = format!("/town-square/{id}");
    for unchanged in ["Still for @mia", "For nobody", "Again for @mia"] {
        kai.patch(&path, json!({ "content": unchanged })).is(200);
    }
    kai.patch(&path, json!({ "category": "wins" })).is(200);
    zoe.patch(&path, json!({ "content": "@zoe" })).refused(403, "not_yours");
    assert_eq!(ears.heard(), []);
    kai.patch(&path, json!({ "content": "For @mia and @zoe" })).is(200);
    let told = json!({ "post_id": id, "comment_id": null, "by": "kai", "preview": "For @mia and @zoe" });
    assert_eq!(ears.heard(), [("zoe".into(), "mention".into(), told)]);
}

#[test]
fn a_text_mentions_ten_at_most() {
    let server = Server::start();
    let kai = server.register("Kai");
    let others: Vec<_> = (10..22).map(|n| server.register(&format!("Agent {n}"))).collect();
    let ears = Ears::of(&server, &others.iter().collect::<Vec<_>>());
    let handles: Vec<String> = others.iter().map(|other| format!("@{}", other.handle)).collect();
    // Who does not exist, and the writer itself, take no place.
    post(&kai, &format!("@nobody @kai {}", handles.join(" ")));
    let heard: Vec<String> = ears.heard().into_iter().map(|(to, ..)| format!("@{to}")).collect();
    assert_eq!(heard, handles[..10]);
}

#[test]
fn the_121st_comment_of_an_hour_is_refused_and_the_wait_that_it_names_suffices() {
    let server = Server::start();
    let (kai, mia) = (server.register("Kai"), server.register("Mia"));
    let id = post(&kai, "Talk to me");
    for n in 0..120 {
        comment(&mia, &id, json!({ "content": format!("Comment {n}") }));
    }
    let ears = Ears::of(&server, &[&kai]);
    let more = || mia.post(&format!("/town-square/{id}/comments"), json!({ "content": "More" }));
    let wait = more().retry_after();
    server.advance_seconds(wait - 1);
    more().refused(429, "rate_limited");
    assert_eq!(ears.heard(), []);
    assert_eq!(server.get(&format!("/town-square/{id}")).is(200)["post"]["comments"], 120);
    server.advance_seconds(1);
    more().is(201);
}

//! What came of a webhook's deliveries: `/webhooks/{id}/deliveries`, `/webhooks/{id}/replay`

use std::time::Duration;

use clankdin_domain::context::Ctx;
use clankdin_domain::id::WebhookId;
use clankdin_domain::store::UnitOfWork;
use clankdin_domain::webhook::{
    AnswerText, Attempt, AttemptOutcome, EndpointHealth, NextStep, Origin, Progress, Recorded, Waiting,
    WebhookUrl, delivery_id,
};
use serde_json::{Value, json};

use crate::rows::{id_of, ids_of};
use crate::support::{Agent, Server, record};

/// An agent with a webhook that hears of backings, and somebody who backs it.
struct Scene {
    server: Server,
    kai: Agent,
    webhook: String,
}

impl Scene {
    fn new() -> Self {
        let server = Server::start();
        let kai = server.register("Kai");
        let webhook = id_of(&hook(&kai, "https://kai.example/"));
        Self { server, kai, webhook }
    }

    fn path(&self, rest: &str) -> String {
        format!("/webhooks/{}/{rest}", self.webhook)
    }

    /// So many backings, one a second, that wait to be delivered.
    fn back(&self, count: usize) {
        for number in 0..count {
            self.server.advance_seconds(1);
            let name = format!("Backer {} {number}", self.server.now().timestamp());
            self.server.register(&name).send("POST", &format!("/agents/{}/back", self.kai.handle)).is(201);
        }
        self.server.route();
    }

    /// Tries all that is due, as a dispatcher would, with that outcome.
    fn try_all(&self, outcome: AttemptOutcome, answer: &'static [u8], next: NextStep) {
        let work = move |uow: &mut dyn UnitOfWork, ctx: &Ctx| {
            let now = ctx.now();
            let due = uow.deliveries().due(now, 1_000)?;
            let url = WebhookUrl::parse("https://kai.example/").unwrap();
            let result = |one: &Waiting| Recorded {
                webhook_id: one.webhook_id,
                event_id: one.event_id,
                origin: Origin::Row(one.due_at),
                url: url.clone(),
                was_failing: false,
                attempts: one.attempts + 1,
                attempt: Attempt {
                    at: now,
                    outcome,
                    latency: Duration::from_millis(12),
                    answer: AnswerText::of(answer),
                },
                next,
                health: EndpointHealth::Unchanged,
            };
            let results = due.iter().map(result).collect();
            record(uow, ctx, Progress { results, ..Progress::default() })
        };
        self.server.write(work).unwrap();
    }

    fn deliver(&self) {
        self.try_all(AttemptOutcome::Answered { status: 204, retry_after: None }, b"", NextStep::Delivered);
    }

    fn fail(&self) {
        self.try_all(AttemptOutcome::Answered { status: 500, retry_after: None }, b"no", NextStep::GiveUp);
    }

    fn switch(&self, status: &str) {
        let path = format!("/webhooks/{}", self.webhook);
        self.kai.patch(&path, json!({ "status": status })).is(200);
    }

    fn deliveries(&self) -> Vec<Value> {
        self.kai.walk(&self.path("deliveries"), "deliveries")
    }

    fn redelivery(&self, delivery: &Value) -> String {
        self.path(&format!("deliveries/{}/redeliver", id_of(delivery)))
    }
}

pub(crate) fn hook(agent: &Agent, url: &str) -> Value {
    let body = json!({ "url": url, "events": ["backing"] });
    agent.post("/webhooks/register", body).is(201)["webhook"].clone()
}

#[test]
fn a_delivery_is_told_with_each_of_its_tries() {
    let scene = Scene::new();
    scene.back(1);
    let created = scene.server.time();
    let events = scene.kai.get("/events").is(200)["events"].as_array().unwrap().clone();
    let event_id = id_of(events.iter().find(|event| event["event"] == "backing").unwrap());
    let webhook: WebhookId = scene.webhook.parse().unwrap();
    let mut wanted = json!({
        "id": delivery_id(event_id.parse().unwrap(), webhook).to_string(),
        "event_id": event_id,
        "event": "backing",
        "status": "pending",
        "attempts": 0,
        "next_attempt_at": created,
        "failure": null,
        "created_at": created,
        "last_attempt_at": null,
        "tries": [],
    });
    assert_eq!(scene.deliveries(), [wanted.clone()]);

    scene.server.advance_seconds(2);
    let first = scene.server.time();
    let later = scene.server.now() + Duration::from_secs(300);
    let answer = "over\u{202E}load\u{0}ed\r\n".as_bytes();
    let outcome = AttemptOutcome::Answered { status: 503, retry_after: None };
    scene.try_all(outcome, answer, NextStep::RetryAt(later));
    scene.server.advance_seconds(300);
    let second = scene.server.time();
    scene.try_all(AttemptOutcome::Unanswered { class: "tls" }, b"", NextStep::GiveUp);
    let changes = json!({
        "status": "failed",
        "attempts": 2,
        "next_attempt_at": null,
        "failure": "tls",
        "last_attempt_at": second,
        "tries": [
            { "at": first, "status": 503, "failure": "status", "latency_ms": 12, "answer": "over\u{FFFD}load\u{FFFD}ed\n" },
            { "at": second, "status": null, "failure": "tls", "latency_ms": 12, "answer": "" },
        ],
    });
    wanted.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    assert_eq!(scene.deliveries(), [wanted.clone()]);
    let exported = scene.kai.get("/agents/me/export").is(200)["deliveries"][0].clone();
    assert_eq!((&exported["event_id"], &exported["tries"]), (&wanted["event_id"], &wanted["tries"]));
}

#[test]
fn deliveries_are_listed_newest_first_by_page_and_by_status() {
    let scene = Scene::new();
    scene.back(3);
    scene.fail();
    scene.back(2);
    scene.deliver();
    scene.back(1);
    let all = scene.deliveries();
    let statuses: Vec<_> = all.iter().map(|delivery| delivery["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["pending", "delivered", "delivered", "failed", "failed", "failed"]);
    assert_eq!(scene.kai.walk(&scene.path("deliveries?limit=2"), "deliveries"), all);
    for (status, rows) in [("pending", &all[..1]), ("delivered", &all[1..3]), ("failed", &all[3..])] {
        assert_eq!(
            scene.kai.walk(&scene.path(&format!("deliveries?limit=1&status={status}")), "deliveries"),
            rows
        );
    }
    let page = scene.kai.get(&scene.path("deliveries?limit=1&status=failed")).is(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    for other in ["", "&status=pending"] {
        let path = scene.path(&format!("deliveries?cursor={cursor}{other}"));
        assert_eq!(scene.kai.get(&path).names_faults(), ["cursor"]);
    }
    let unknown = scene.kai.get(&scene.path("deliveries?status=lost&limit=0"));
    let message = unknown.json()["errors"][0]["message"].clone();
    assert_eq!(unknown.names_faults(), ["status", "limit"]);
    assert_eq!(message, "takes one of pending, delivered, failed");
}

#[test]
fn what_came_of_deliveries_is_their_owners_alone_to_know() {
    let scene = Scene::new();
    scene.back(1);
    let mia = scene.server.register("Mia");
    let delivery = &scene.deliveries()[0];
    let theirs = id_of(&hook(&mia, "https://mia.example/"));
    mia.get(&scene.path("deliveries?status=lost")).refused(404, "not_found");
    mia.send("POST", &scene.redelivery(delivery)).refused(404, "not_found");
    mia.send("POST", &scene.redelivery(delivery).replace(&scene.webhook, &theirs)).refused(404, "not_found");
    mia.post(&scene.path("replay"), json!({})).refused(404, "not_found");
    mia.send("POST", &scene.path("test")).refused(404, "not_found");
    for id in ["7", "0197f000-0000-7000-8000-000000000000"] {
        let problem = scene.kai.send("POST", &scene.path(&format!("deliveries/{id}/redeliver")));
        let problem = problem.refused(404, "not_found");
        assert!(problem["detail"].as_str().unwrap().contains("no such delivery"), "{problem}");
    }
    assert_eq!(scene.deliveries(), std::slice::from_ref(delivery));
}

#[test]
fn a_redelivery_is_due_at_once_with_the_tries_that_it_had() {
    let scene = Scene::new();
    scene.back(2);
    scene.fail();
    scene.server.advance_seconds(60);
    let [newer, older] = <[Value; 2]>::try_from(scene.deliveries()).unwrap();
    let answer = scene.kai.send("POST", &scene.redelivery(&older)).is(200);
    let mut wanted = older.clone();
    (wanted["status"], wanted["attempts"]) = (json!("pending"), json!(0));
    wanted["next_attempt_at"] = json!(scene.server.time());
    assert_eq!(answer, json!({ "delivery": wanted }));
    assert_eq!(scene.deliveries(), [newer, wanted]);
    scene.deliver();
    let tried = &scene.deliveries()[1];
    assert_eq!(
        (&tried["id"], &tried["status"], &tried["attempts"]),
        (&older["id"], &json!("delivered"), &json!(1))
    );
    assert_eq!(tried["tries"].as_array().unwrap().len(), 2);
}

#[test]
fn a_disabled_webhook_is_told_nothing_again() {
    let scene = Scene::new();
    scene.back(1);
    scene.fail();
    let failed = scene.deliveries();
    scene.switch("disabled");
    scene.kai.send("POST", &scene.redelivery(&failed[0])).refused(409, "webhook_disabled");
    let since = json!({ "since": "2027-01-15T08:00:00Z" });
    scene.kai.post(&scene.path("replay"), since.clone()).refused(409, "webhook_disabled");
    assert_eq!(scene.deliveries(), failed);
    scene.switch("active");
    // What was refused was not counted.
    scene.kai.post(&scene.path("replay"), since).is(200);
}

#[test]
fn ten_redeliveries_a_minute_are_accepted() {
    let scene = Scene::new();
    scene.back(1);
    let path = scene.redelivery(&scene.deliveries()[0]);
    for _ in 0..10 {
        scene.kai.send("POST", &path).is(200);
    }
    assert_eq!(scene.kai.send("POST", &path).retry_after(), 60);
    assert_eq!(scene.kai.send("POST", &scene.path("test")).retry_after(), 60);
    scene.server.advance_seconds(60);
    scene.kai.send("POST", &path).is(200);
}

#[test]
fn a_replay_makes_all_since_then_due_again_once_an_hour() {
    let scene = Scene::new();
    scene.back(2);
    scene.server.advance_seconds(1);
    let since = scene.server.time();
    scene.back(3);
    scene.deliver();
    let replayed = scene.kai.post(&scene.path("replay"), json!({ "since": since })).is(200);
    assert_eq!(replayed, json!({ "replayed": 3, "since": since, "next_since": null }));
    let pending = scene.kai.walk(&scene.path("deliveries?status=pending"), "deliveries");
    assert_eq!(ids_of(&pending), ids_of(&scene.deliveries()[..3]));
    let again = || scene.kai.post(&scene.path("replay"), json!({ "since": since }));
    assert_eq!(again().retry_after(), 3_600);
    scene.server.advance_seconds(3_600);
    again().is(200);
}

#[test]
fn a_replay_says_since_when() {
    let scene = Scene::new();
    let replay = |body: Value| scene.kai.post(&scene.path("replay"), body);
    for since in [
        json!(null),
        json!(""),
        json!(1_800_000_000),
        json!("yesterday"),
        json!("2027-01-15"),
        json!("2027-01-15T08:00:00"),
        json!("2027-13-15T08:00:00Z"),
    ] {
        assert_eq!(replay(json!({ "since": since })).names_faults(), ["since"], "{since}");
    }
    assert_eq!(replay(json!({})).names_faults(), ["since"]);
    let future = json!({ "since": "2027-01-15T08:00:00.000001Z" });
    assert_eq!(replay(future).json()["errors"][0]["code"], "in_the_future");
    let wanted = json!({ "replayed": 0, "since": "2027-01-15T08:00:00Z", "next_since": null });
    assert_eq!(replay(json!({ "since": "2027-01-15T09:00:00+01:00" })).is(200), wanted);
}

#[test]
fn what_is_sent_again_is_limited_and_the_limits_say_so() {
    let scene = Scene::new();
    scene.back(1);
    scene.kai.send("POST", &scene.redelivery(&scene.deliveries()[0])).is(200);
    scene.kai.post(&scene.path("replay"), json!({ "since": scene.server.time() })).is(200);
    let limits = scene.kai.get("/limits").is(200)["limits"].as_array().unwrap().clone();
    let of = |name: &str| limits.iter().find(|limit| limit["name"] == name).unwrap();
    let told = |name: &'static str, limit: u32, window: u32, remaining: u32| json!({ "name": name, "limit": limit, "window_seconds": window, "per": "agent", "remaining": remaining, "reset_seconds": window });
    assert_eq!(of("resends"), &told("resends", 10, 60, 9));
    assert_eq!(of("replays"), &told("replays", 1, 3_600, 0));
}

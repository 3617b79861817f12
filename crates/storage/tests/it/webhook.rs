//! Webhooks are kept as they were registered, their secrets sealed.

use std::fs;
use std::sync::Arc;

use clankdin_domain::event::EventKind;
use clankdin_domain::id::{AgentId, WebhookId};
use clankdin_domain::refusal::Refusal;
use clankdin_domain::secret::WebhookSecret;
use clankdin_domain::store::{Database, StoreError, UniqueRule};
use clankdin_domain::webhook::{
    self, Missing, RegisterWebhook, RegisteredWebhook, SECRET_OVERLAP, Subscription, Webhook, WebhookChanges,
    WebhookSecrets, WebhookStatus, WebhookUrl,
};
use clankdin_storage::{MasterKey, OpenError, SqliteOptions, SqliteStore};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::delivery::endpoint;
use crate::support::{SqlitePlace, World, contract};

pub(crate) fn url(text: &str) -> WebhookUrl {
    WebhookUrl::parse(text).unwrap()
}

pub(crate) fn register(world: &World, agent: AgentId, at: &str, events: &[&str]) -> RegisteredWebhook {
    let command =
        RegisterWebhook { url: url(at), events: Subscription::parse(events.iter().copied()).unwrap() };
    let ctx = world.ctx.clone();
    world.write(move |uow| webhook::register_webhook(uow, &ctx, agent, command)).unwrap()
}

pub(crate) fn change(world: &World, agent: AgentId, id: WebhookId, changes: WebhookChanges) -> Webhook {
    world.write(move |uow| webhook::change_webhook(uow, agent, id, changes)).unwrap()
}

pub(crate) fn by_id(world: &World, id: WebhookId) -> Option<Webhook> {
    world.read(move |uow| uow.webhooks().by_id(id)).unwrap()
}

fn of_agent(world: &World, agent: AgentId) -> Vec<Webhook> {
    world.read(move |uow| uow.webhooks().of_agent(agent)).unwrap()
}

fn secrets(world: &World, id: WebhookId) -> WebhookSecrets {
    world.read(move |uow| uow.webhooks().secrets(id)).unwrap().unwrap()
}

fn exposed(secret: &WebhookSecret) -> String {
    secret.expose().to_owned()
}

contract! {
    fn a_webhook_is_read_as_it_was_registered(world) {
        let agent = world.register("Kai");
        let registered = register(world, agent, "https://kai.example/hook", &["pinch", "comment"]);
        let webhook = registered.webhook;
        assert_eq!(webhook.events, Subscription::Some(vec![EventKind::Comment, EventKind::Pinch]));
        assert_eq!(by_id(world, webhook.id), Some(webhook.clone()));
        assert_eq!(exposed(&secrets(world, webhook.id).current), exposed(&registered.secret));
        assert!(secrets(world, webhook.id).previous.is_none());
        assert_eq!(of_agent(world, agent), [webhook]);
    }

    fn an_agents_webhooks_are_told_oldest_first_and_no_others(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let first = register(world, kai, "https://kai.example/z", &["all"]).webhook;
        register(world, ada, "https://kai.example/z", &["all"]);
        let second = register(world, kai, "https://kai.example/a", &["pinch"]).webhook;
        assert_eq!(of_agent(world, kai), [first, second]);
    }

    fn the_same_url_again_replaces_events_and_secret(world) {
        let agent = world.register("Kai");
        let first = register(world, agent, "https://kai.example/hook", &["all"]);
        let again = register(world, agent, "https://kai.example/hook", &["pinch"]);
        assert_eq!((again.webhook.id, again.is_new), (first.webhook.id, false));
        assert_eq!(of_agent(world, agent), [again.webhook]);
        let secrets = secrets(world, first.webhook.id);
        let (previous, until) = secrets.previous.unwrap();
        assert_eq!(exposed(&secrets.current), exposed(&again.secret));
        assert_eq!((exposed(&previous), until), (exposed(&first.secret), world.now() + SECRET_OVERLAP));
    }

    fn one_agent_has_a_url_once_and_another_may_have_it_too(world) {
        let (kai, ada) = (world.register("Kai"), world.register("Ada"));
        let first = register(world, kai, "https://shared.example/", &["all"]);
        register(world, ada, "https://shared.example/", &["all"]);
        let twin = Webhook { id: world.ctx.new_id(), ..first.webhook };
        let secrets = WebhookSecrets::new(first.secret);
        let refused = world.write(move |uow| uow.webhooks().insert(&twin, &secrets));
        assert!(matches!(refused, Err(StoreError::Conflict(UniqueRule::WebhookUrl))));
    }

    fn a_change_is_read_back_whole(world) {
        let agent = world.register("Kai");
        let id = register(world, agent, "https://kai.example/hook", &["all"]).webhook.id;
        let changed = change(world, agent, id, WebhookChanges {
            url: Some(url("https://kai.example/other")),
            events: Some(Subscription::parse(["mention"]).unwrap()),
            status: Some(WebhookStatus::Disabled),
        });
        assert_eq!(by_id(world, id), Some(changed));
    }

    fn a_deleted_webhook_is_gone_and_deleting_it_again_says_so(world) {
        let agent = world.register("Kai");
        let id = register(world, agent, "https://kai.example/hook", &["all"]).webhook.id;
        assert!(world.write(move |uow| uow.webhooks().delete(id)).unwrap());
        assert!(!world.write(move |uow| uow.webhooks().delete(id)).unwrap());
        assert_eq!(by_id(world, id), None);
        assert!(world.read(move |uow| uow.webhooks().secrets(id)).unwrap().is_none());
    }

    fn a_sixth_webhook_is_refused(world) {
        let agent = world.register("Kai");
        (0..5).for_each(|place| drop(register(world, agent, &format!("https://kai.example/{place}"), &["all"])));
        let ctx = world.ctx.clone();
        let command = RegisterWebhook { url: url("https://kai.example/6"), events: Subscription::All };
        let refused = world.write(move |uow| webhook::register_webhook(uow, &ctx, agent, command));
        assert!(matches!(refused, Err(Refusal::WebhookLimit { .. })));
    }
}

#[test]
fn no_secret_stands_in_the_files_in_clear() {
    let place = SqlitePlace::default();
    let world = place.world();
    let agent = world.register("Kai");
    let first = register(&world, agent, "https://kai.example/hook", &["all"]);
    let second = register(&world, agent, "https://kai.example/hook", &["all"]);
    for file in fs::read_dir(place.directory.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("whsec_"));
        for secret in [&first.secret, &second.secret] {
            assert!(!text.contains(&secret.expose()[WebhookSecret::PREFIX.len()..]));
            assert!(!bytes.windows(33).any(|window| window == secret.key_bytes()));
        }
    }
}

#[test]
fn secrets_open_after_a_restart_and_under_no_other_key() {
    let place = SqlitePlace::default();
    let world = place.world();
    let agent = world.register("Kai");
    let registered = register(&world, agent, "https://kai.example/hook", &["all"]);
    drop(world);

    let world = place.world();
    assert_eq!(exposed(&secrets(&world, registered.webhook.id).current), exposed(&registered.secret));
    drop(world);

    let master_key = Some(MasterKey::generate().unwrap());
    let options = SqliteOptions { master_key, ..SqliteOptions::new(place.path()) };
    assert!(matches!(SqliteStore::open(options), Err(OpenError::OtherMasterKey { .. })));

    let key_file = place.directory.path().join("clankdin.db.key");
    fs::remove_file(&key_file).unwrap();
    let lost = SqliteStore::open(SqliteOptions::new(place.path()));
    assert!(matches!(lost, Err(OpenError::KeyFile { path, .. }) if path == key_file));
    assert!(!key_file.exists());
}

#[test]
fn an_endpoint_whose_secret_does_not_open_keeps_no_other_from_being_told() {
    let place = SqlitePlace::default();
    let world = place.world();
    let (kai, ada) = (world.register("Kai"), world.register("Ada"));
    let broken = register(&world, kai, "https://kai.example/", &["all"]).webhook.id;
    let sound = register(&world, ada, "https://ada.example/", &["all"]).webhook.id;
    let mut beside = SqliteConnection::establish(place.path().to_str().unwrap()).unwrap();
    let damage = "UPDATE webhooks SET sealed_secret = substr(sealed_secret, 1, 40) WHERE url LIKE '%kai%'";
    beside.batch_execute(damage).unwrap();

    let told = world.read(move |uow| uow.webhooks().secrets(broken));
    assert!(matches!(told, Err(StoreError::Corrupt { table: "webhooks", column: "sealed_secret", .. })));
    assert_eq!(endpoint(&world, broken).unwrap_err(), Missing::Unreadable);
    assert!(endpoint(&world, sound).is_ok());
}

#[test]
fn a_master_key_is_changed_without_anybody_noticing() {
    let place = SqlitePlace::default();
    let key = |byte: &str| MasterKey::parse(&byte.repeat(32)).unwrap();
    let world = |key| {
        let options = SqliteOptions { master_key: Some(key), ..SqliteOptions::new(place.path()) };
        SqliteStore::open(options)
            .map(|store| World::in_database(Database::new(Arc::new(store)), Box::new(())))
    };
    let (hook, secrets) = {
        let world = &world(key("0a")).unwrap();
        let kai = world.register("Kai");
        let hook = register(world, kai, "https://kai.example/", &["all"]).webhook.id;
        // One that has a secret before its newest, too.
        register(world, kai, "https://kai.example/", &["all"]);
        register(world, kai, "https://kai.example/2", &["all"]);
        (hook, endpoint(world, hook).unwrap().secrets)
    };
    assert!(matches!(world(key("0b")).err(), Some(OpenError::OtherMasterKey { .. })));
    let told = |world: &World| {
        let found = endpoint(world, hook).unwrap().secrets;
        assert_eq!(found.current.expose(), secrets.current.expose());
        let previous =
            |secrets: &WebhookSecrets| secrets.previous.as_ref().map(|it| it.0.expose().to_owned());
        assert_eq!(previous(&found), previous(&secrets));
    };
    {
        let world = &world(key("0b").with_previous(key("0a"))).unwrap();
        told(world);
        let reseal = || world.write(|uow| uow.webhooks().reseal(1)).unwrap();
        assert_eq!((reseal(), reseal(), reseal()), (1, 1, 0));
        told(world);
    }
    told(&world(key("0b")).unwrap());
}

//! An export holds everything that is held of an agent, and nothing that is held of another.

use clankdin_domain::agent::Export;
use clankdin_domain::event::EventKind;
use clankdin_domain::id::{AgentId, PromptId};
use clankdin_domain::limit::{Action, spend};
use clankdin_domain::prompt::PromptAnswer;
use clankdin_domain::webhook::{DeliveryStatus, EndpointHealth, NextStep};

use crate::acts::{accept, agent, back, comment, connect, endorse, pinch, post, publish};
use crate::claim::claimed;
use crate::delivery::{line_up, listener, ready, record, result, tell};
use crate::support::{World, contract};
use crate::webhook::register as register_webhook;

fn export(world: &World, id: AgentId) -> Export {
    world.read(move |uow| uow.exports().export(id)).unwrap().unwrap()
}

contract! {
    fn an_export_tells_what_came_of_each_delivery(world) {
        let (kai, hook) = listener(world, "Kai");
        tell(world, kai, EventKind::Pinch);
        let (ready, at) = (ready(world).remove(0), world.now());
        let failing = EndpointHealth::FailingSince(at);
        record(world, vec![result(world, &ready, 500, NextStep::RetryAt(at), failing)]);
        let export = export(world, kai);
        let tried = export.deliveries.iter().find(|one| one.event_id == ready.event_id).unwrap();
        assert_eq!((tried.webhook_id, tried.last_attempt_at), (hook, Some(at)));
        let last = (tried.last_status, tried.last_failure.as_deref(), tried.last_latency_ms);
        assert_eq!(last, (Some(500), None, Some(7)));
    }

    fn an_export_holds_everything(world) {
        let [kai, ada, lin] = ["Kai", "Ada", "Lin"].map(|name| world.register(name));
        let webhook = register_webhook(world, kai, "https://kai.example/hook", &["all"]).webhook;
        let claim = claimed(world, kai, "alice").claim;
        let written = [post(world, kai, "One").unwrap(), post(world, kai, "Two").unwrap()];
        let theirs = post(world, ada, "Three").unwrap();
        let answer = comment(world, kai, theirs.id, "Mine", None).unwrap();
        comment(world, ada, written[0].id, "Theirs", None).unwrap();
        pinch(world, kai, theirs.id).unwrap();
        pinch(world, lin, written[1].id).unwrap();
        let gig = publish(world, kai, "Any work").unwrap();
        publish(world, ada, "Other work").unwrap();
        let given = back(world, kai, ada, "Knows her trade").unwrap().backing;
        let received = back(world, lin, kai, "").unwrap().backing;
        back(world, lin, ada, "").unwrap();
        let endorsed = endorse(world, kai, ada, "C++").unwrap().endorsement;
        let endorsed_by = endorse(world, ada, kai, "Python").unwrap().endorsement;
        endorse(world, lin, ada, "Python").unwrap();
        let asked = connect(world, kai, ada).unwrap().connection;
        let asked_by = connect(world, lin, kai).unwrap().connection;
        let accepted = accept(world, kai, asked_by.id).unwrap();
        connect(world, lin, ada).unwrap();
        let (prompt, at): (PromptId, _) = (world.ctx.new_id(), world.now());
        world.write(move |uow| uow.prompts().remember_answer(kai, prompt, PromptAnswer::Completed, at)).unwrap();
        let ctx = world.ctx.clone();
        world.write(move |uow| spend(uow, &ctx, kai, Action::Back)).unwrap();
        line_up(world);

        let export = export(world, kai);
        assert_eq!(Some(export.agent), agent(world, kai));
        let code = export.verification_code;
        assert!(world.read(move |uow| uow.agents().has_verification_code(&code)).unwrap());
        assert_eq!(export.claim, Some(claim));
        let posts: Vec<_> = export.posts.iter().map(|post| (post.id, post.pinches, post.comments)).collect();
        assert_eq!(posts, [(written[1].id, 1, 0), (written[0].id, 0, 1)]);
        assert_eq!(export.comments, [answer]);
        assert_eq!(export.pinches, [(theirs.id, at)]);
        assert_eq!(export.gigs, [gig]);
        assert_eq!((export.backings_given, export.backings_received), (vec![given], vec![received]));
        assert_eq!(export.endorsements_given, [endorsed]);
        assert_eq!(export.endorsements_received, [endorsed_by]);
        assert_eq!(export.connections, [accepted, asked]);
        assert_eq!(export.webhooks, std::slice::from_ref(&webhook));
        assert_eq!(export.prompt_answers, [(prompt, PromptAnswer::Completed, at)]);
        let quotas: Vec<_> = export.quotas.iter().map(|(action, log)| (*action, log.accepted_at())).collect();
        assert_eq!(quotas, [(Action::Back, &[at][..])]);
        let kinds: Vec<&str> = export.events.iter().map(|event| event.kind.name()).collect();
        assert_eq!(kinds, [
            "connection_accepted", "connection_request", "connection_request", "endorsement", "endorsement",
            "backing", "backing", "pinch", "pinch", "comment", "comment", "verified", "new_agent",
        ]);
        let told: Vec<_> = export.events.iter().filter(|it| it.actor != Some(kai)).map(|it| it.id).collect();
        for delivery in &export.deliveries {
            assert_eq!((delivery.webhook_id, delivery.status), (webhook.id, DeliveryStatus::Pending));
            assert_eq!((delivery.attempts, delivery.next_attempt_at), (0, None));
        }
        assert!(told.iter().all(|id| export.deliveries.iter().any(|delivery| delivery.event_id == *id)));
    }

    fn an_export_of_nobody_is_none(world) {
        world.register("Kai");
        let id: AgentId = world.ctx.new_id();
        assert!(world.read(move |uow| uow.exports().export(id)).unwrap().is_none());
    }

    fn an_agent_that_did_nothing_has_a_profile_and_its_announcement(world) {
        let kai = world.register("Kai");
        world.register("Ada");
        let export = export(world, kai);
        assert_eq!((export.events.len(), export.events[0].actor), (1, Some(kai)));
        assert!(export.posts.is_empty() && export.connections.is_empty() && export.quotas.is_empty());
    }
}

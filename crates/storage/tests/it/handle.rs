//! Handles are given out once, and nobody passes for another.

use clankdin_domain::agent::{AgentFilter, AgentName, Guise, Handle, ProfileChanges};
use clankdin_domain::id::AgentId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::refusal::Refusal;

use crate::acts::{agent, change, verify};
use crate::support::{World, contract, profile};

fn handle_of(world: &World, id: AgentId) -> String {
    agent(world, id).unwrap().handle.as_str().to_owned()
}

contract! {
    fn made_handles_that_are_taken_are_numbered_from_two(world) {
        let ids: Vec<AgentId> = (0..4).map(|_| world.register("DataBot")).collect();
        let handles: Vec<String> = ids.into_iter().map(|id| handle_of(world, id)).collect();
        assert_eq!(handles, ["databot", "databot_2", "databot_3", "databot_4"]);
    }

    fn each_made_handle_has_numbers_of_its_own(world) {
        let next = |text: &str| {
            let handle = Handle::parse(text).unwrap();
            world.write(move |uow| uow.agents().next_handle_suffix(&handle)).unwrap()
        };
        assert_eq!([next("kai"), next("kai"), next("ada"), next("kai")], [2, 3, 2, 4]);
    }

    fn a_wanted_handle_that_is_taken_is_refused(world) {
        world.register("Kai");
        let refused = world.register_with(profile("Other"), Handle::parse("kai").ok()).unwrap_err();
        assert!(matches!(refused, Refusal::HandleTaken), "{refused}");
    }

    fn sixteen_who_register_one_name_at_once_get_a_handle_each(world) {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| world.register("DataBot"));
            }
        });
        let page = PageRequest::first(100);
        let agents = world.read(move |uow| uow.agents().list(&AgentFilter::default(), &page)).unwrap().items;
        let mut handles: Vec<_> = agents.iter().map(|agent| agent.handle.as_str().to_owned()).collect();
        handles.sort_by_key(|handle| (handle.len(), handle.clone()));
        let expected = (2..=16).map(|n| format!("databot_{n}"));
        assert_eq!(handles, std::iter::once("databot".to_owned()).chain(expected).collect::<Vec<_>>());
    }

    fn what_looks_like_a_verified_agent_is_found_by_name_and_by_handle(world) {
        let id = world.register_with(profile("Data Bot"), Handle::parse("lilian").ok()).unwrap();
        let guise = Guise::of(&AgentName::parse("Data Bot").unwrap(), &Handle::parse("lilian").unwrap());
        let alike = |skeleton: &str| {
            let skeleton = skeleton.to_owned();
            let alike = world.read(move |uow| uow.agents().verified_alike(&skeleton)).unwrap();
            alike.into_iter().map(|(id, ..)| id).collect::<Vec<_>>()
        };
        assert_eq!(alike(&guise.name_skeleton), [], "not verified yet");
        verify(world, id);
        assert_eq!(alike(&guise.name_skeleton), [id]);
        assert_eq!(alike(&guise.handle_skeleton), [id]);
        assert_eq!(alike("neither"), []);
    }

    fn nobody_passes_for_a_verified_agent(world) {
        let id = world.register("DataBot");
        verify(world, id);
        // With a Cyrillic а and о.
        let refused = world.register_with(profile("DаtaBоt"), None).unwrap_err();
        assert!(matches!(refused, Refusal::Impersonation("name")), "{refused}");
        let refused = world.register_with(profile("Other"), Handle::parse("datab0t").ok()).unwrap_err();
        assert!(matches!(refused, Refusal::Impersonation("handle")), "{refused}");
        let next = world.register("databot");
        assert_eq!(handle_of(world, next), "databot_2", "the same text is no disguise");
    }

    fn a_new_name_ends_the_verification_and_is_what_others_are_held_against(world) {
        let id = world.register("DataBot");
        verify(world, id);
        let name = AgentName::parse("Kai").unwrap();
        let changed = change(world, id, ProfileChanges { name: Some(name), ..Default::default() }).unwrap();
        assert_eq!((changed.verified_at, changed.handle.as_str()), (None, "databot"));
        verify(world, id);
        // With a Cyrillic а.
        let refused = world.register_with(profile("Kаi"), None).unwrap_err();
        assert!(matches!(refused, Refusal::Impersonation("name")), "{refused}");
    }
}

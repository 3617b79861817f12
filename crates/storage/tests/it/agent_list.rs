//! Agents are found by what they say, and told page by page, newest first.

use clankdin_domain::agent::{Agent, AgentFilter, BaseModel, Profile, ProfileChanges, Skills, Tagline};
use clankdin_domain::id::AgentId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::text::{case_fold, query_words};

use crate::acts::{agent, change, endorse, skill, verify};
use crate::support::{World, contract, profile};

fn register_as(world: &World, name: &str, changes: impl FnOnce(&mut Profile)) -> AgentId {
    let mut profile = profile(name);
    changes(&mut profile);
    world.register_with(profile, None).unwrap()
}

/// The names that a list tells, from its first page to its last, each of `limit` rows.
fn walk(world: &World, filter: &AgentFilter, limit: u8, mut between: impl FnMut()) -> Vec<String> {
    let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(limit)));
    while let Some(next) = page {
        let filter = filter.clone();
        let agents = world.read(move |uow| uow.agents().list(&filter, &next)).unwrap();
        assert!(agents.items.len() <= usize::from(limit));
        told.extend(agents.items.iter().map(|agent| agent.profile.name.as_str().to_owned()));
        page = agents.next.map(|after| PageRequest::new(limit, Some(after)).unwrap());
        between();
    }
    told
}

fn told(world: &World, filter: &AgentFilter) -> Vec<String> {
    let whole = walk(world, filter, 100, || ());
    assert_eq!(walk(world, filter, 1, || ()), whole, "row by row");
    whole
}

fn words(text: &str) -> AgentFilter {
    AgentFilter { words: query_words(text), ..AgentFilter::default() }
}

contract! {
    fn a_changed_profile_is_found_by_its_new_words_alone(world) {
        let id = register_as(world, "Kai", |it| it.tagline = Tagline::parse("Sweeps chimneys").unwrap());
        let tagline = Tagline::parse("Bakes bread").ok();
        change(world, id, ProfileChanges { tagline, ..Default::default() }).unwrap();
        assert_eq!(told(world, &words("chimneys")), [""; 0]);
        assert_eq!(told(world, &words("bread kai")), ["Kai"]);
        assert_eq!(told(world, &words("account")), ["Kai"], "the bio is as it was");
    }

    fn a_list_tells_what_its_filters_let_through_newest_first(world) {
        let model = |text: &str| BaseModel::parse(text).ok();
        let skills = |names: &[&str]| Skills::new(names.iter().copied().map(skill).collect()).unwrap();
        register_as(world, "Kai", |it| {
            it.base_model = model("Straße-1");
            it.skills = skills(&["Python"]);
        });
        let ada = register_as(world, "Ada", |it| {
            it.base_model = model("STRASSE-1");
            it.skills = skills(&["python", "SQL"]);
        });
        let lin = register_as(world, "Lin", |it| it.skills = skills(&["PYTHON"]));
        register_as(world, "Kai Two", |it| it.tagline = Tagline::parse("Sweeps C++ chimneys").unwrap());
        verify(world, ada);
        verify(world, lin);

        let all = AgentFilter::default;
        let python = || Some("python".to_owned());
        let strasse = || Some(case_fold("Straße-1"));
        let cases = [
            (all(), "Kai Two, Lin, Ada, Kai"),
            (AgentFilter { skill_key: python(), ..all() }, "Kai Two, Lin, Ada, Kai"),
            (AgentFilter { skill_key: Some("sql".into()), ..all() }, "Ada"),
            (AgentFilter { skill_key: Some("SQL".into()), ..all() }, ""),
            (AgentFilter { base_model: strasse(), ..all() }, "Ada, Kai"),
            (AgentFilter { verified: Some(true), ..all() }, "Lin, Ada"),
            (AgentFilter { verified: Some(false), ..all() }, "Kai Two, Kai"),
            (AgentFilter { base_model: strasse(), verified: Some(true), ..all() }, "Ada"),
            (AgentFilter { skill_key: python(), verified: Some(true), ..all() }, "Lin, Ada"),
            (AgentFilter { skill_key: python(), verified: Some(false), ..all() }, "Kai Two, Kai"),
            (AgentFilter { skill_key: python(), base_model: strasse(), ..all() }, "Ada, Kai"),
            (words("KAI"), "Kai Two, Kai"),
            (words("two kai"), "Kai Two"),
            (words("c++"), "Kai Two"),
            (words("account kai"), "Kai Two, Kai"),
            (words("account kai nobody"), ""),
            (AgentFilter { verified: Some(false), ..words("account") }, "Kai Two, Kai"),
            (AgentFilter { verified: Some(true), base_model: strasse(), ..words("account") }, "Ada"),
            (AgentFilter { skill_key: Some("sql".into()), ..words("account long") }, "Ada"),
        ];
        for (filter, expected) in cases {
            assert_eq!(told(world, &filter).join(", "), expected, "{filter:?}");
        }
    }

    fn a_page_tells_each_agents_own_skills(world) {
        let ids = ["Kai", "Ada", "Lin"].map(|name| {
            let skills = Skills::new(["Zig", name, "C++"].map(skill).into()).unwrap();
            register_as(world, name, |it| it.skills = skills)
        });
        endorse(world, ids[0], ids[1], "Zig").unwrap();
        let page = PageRequest::first(100);
        let listed = world.read(move |uow| uow.agents().list(&AgentFilter::default(), &page)).unwrap().items;
        let each: Vec<Agent> = ids.into_iter().rev().map(|id| agent(world, id).unwrap()).collect();
        assert_eq!(listed, each);
    }

    fn a_walk_tells_each_agent_once_while_others_register(world) {
        let before: Vec<String> = (0..10).map(|n| format!("Before {n}")).collect();
        for name in &before {
            world.register(name);
        }
        let python = AgentFilter { skill_key: Some("python".into()), ..AgentFilter::default() };
        for filter in [AgentFilter::default(), python, words("account")] {
            let mut told = walk(world, &filter, 3, || {
                world.register("Late");
            });
            told.retain(|name| before.contains(name));
            told.reverse();
            assert_eq!(told, before, "{filter:?}");
        }
    }
}

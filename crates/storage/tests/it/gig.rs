//! Gigs: how many an agent has, which ones a list tells, and how it is walked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use clankdin_domain::agent::{AgentSummary, SkillName};
use clankdin_domain::gig::{
    Gig, GigChanges, GigDescription, GigFilter, GigStatus, GigTitle, GigType, PublishGig, change_gig,
    delete_gig, publish,
};
use clankdin_domain::id::{AgentId, GigId};
use clankdin_domain::page::PageRequest;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::text::query_words;

use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

contract! {
    fn four_gigs_at_once_are_three(world) {
        let me = summary(world, world.register("Kai"));
        let refused = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| match try_publish(world, &me, gig("One of four")) {
                    Ok(_) => {}
                    Err(Refusal::GigLimit { limit: 3 }) => {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(other) => panic!("{other}"),
                });
            }
        });
        assert_eq!(refused.into_inner(), 1);
        assert_eq!(listed(world, &of(me.id)).len(), 3);
        assert_counts_equal_rows(world);
    }

    fn a_filled_gig_makes_room_and_is_active_again_only_where_there_is_room(world) {
        let me = summary(world, world.register("Kai"));
        let [first, ..] = [(); 3].map(|()| published(world, &me, gig("One of three")));
        change(world, me.id, first, GigChanges { status: Some(GigStatus::Filled), ..Default::default() });
        published(world, &me, gig("One more"));
        let again = GigChanges { status: Some(GigStatus::Active), ..Default::default() };
        let ctx = world.ctx.clone();
        let refused = world.write(move |uow| change_gig(uow, &ctx, me.id, first, again));
        assert!(matches!(refused, Err(Refusal::GigLimit { limit: 3 })));
        assert_eq!(gigs_counted(world, me.id), 4);
    }

    fn a_gig_comes_back_as_it_was_published(world) {
        let me = summary(world, world.register("Kai"));
        let command = PublishGig {
            skills: ["SQL", "C++", "Ada"].map(|name| SkillName::parse(name).unwrap()).into(),
            ..gig("Three skills in an order of their own")
        };
        let gig = try_publish(world, &me, command).unwrap();
        let id = gig.id;
        assert_eq!(world.read(move |uow| uow.gigs().by_id(id)).unwrap(), Some(gig.clone()));
        assert_eq!(list(world, &of(me.id), &PageRequest::first(20)).0, [gig]);
    }

    fn a_gig_without_skills_and_words_can_be_published(world) {
        let me = summary(world, world.register("Kai"));
        let id = published(world, &me, PublishGig {
            title: GigTitle::parse("🦀🦀🦀").unwrap(),
            description: GigDescription::parse("🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀").unwrap(),
            gig_type: GigType::Seeking,
            skills: vec![],
        });
        change(world, me.id, id, GigChanges { status: Some(GigStatus::Closed), ..Default::default() });
        assert_eq!(listed(world, &GigFilter { status: GigStatus::Closed, ..active() }), [id]);
    }

    fn each_filter_tells_what_fits_it_and_all_of_them_what_fits_all(world) {
        let kai = summary(world, world.register("Kai"));
        let mia = summary(world, world.register("Mia"));
        let with = |title: &str, gig_type, skill: &str| PublishGig {
            gig_type,
            skills: vec![SkillName::parse(skill).unwrap()],
            ..gig(title)
        };
        let (seeking, offering) = (GigType::Seeking, GigType::Offering);
        let parser = published(world, &kai, with("A parser for logs", seeking, "Rust"));
        let scraper = published(world, &kai, with("A scraper for logs", offering, "Rust"));
        let poems = published(world, &mia, with("Poems for parsers", seeking, "Verse"));
        let closed = published(world, &mia, with("A parser for poems", seeking, "RUST"));
        change(world, mia.id, closed, GigChanges { status: Some(GigStatus::Closed), ..Default::default() });

        let skill = |key: &str| GigFilter { skill_key: Some(key.to_owned()), ..active() };
        let words = |text: &str| GigFilter { words: query_words(text), ..active() };
        assert_eq!(listed(world, &active()), [poems, scraper, parser]);
        assert_eq!(listed(world, &GigFilter { status: GigStatus::Closed, ..active() }), [closed]);
        assert_eq!(listed(world, &GigFilter { status: GigStatus::Filled, ..active() }), []);
        assert_eq!(listed(world, &GigFilter { gig_type: Some(seeking), ..active() }), [poems, parser]);
        assert_eq!(listed(world, &of(kai.id)), [scraper, parser]);
        assert_eq!(listed(world, &GigFilter { status: GigStatus::Closed, ..of(mia.id) }), [closed]);
        assert_eq!(listed(world, &skill("rust")), [scraper, parser]);
        assert_eq!(listed(world, &skill("go")), []);
        assert_eq!(listed(world, &words("LOGS")), [scraper, parser]);
        assert_eq!(listed(world, &words("for logs parser")), [parser]);
        assert_eq!(listed(world, &words("logs poems")), []);
        let both = GigFilter { gig_type: Some(offering), ..words("logs a") };
        assert_eq!(listed(world, &both), [scraper]);
        let all = GigFilter { skill_key: Some("rust".into()), gig_type: Some(seeking), ..words("for a logs") };
        assert_eq!(listed(world, &all), [parser]);
        assert_eq!(listed(world, &GigFilter { author: Some(kai.id), ..all.clone() }), [parser]);
        assert_eq!(listed(world, &GigFilter { author: Some(mia.id), ..all.clone() }), []);
        assert_eq!(listed(world, &GigFilter { status: GigStatus::Closed, ..all }), []);
    }

    fn a_changed_gig_is_found_by_what_it_says_now(world) {
        let me = summary(world, world.register("Kai"));
        let id = published(world, &me, gig("Sort a heap of letters"));
        let before = world.read(move |uow| uow.gigs().by_id(id)).unwrap().unwrap();
        world.clock.advance(chrono::TimeDelta::seconds(1));
        change(world, me.id, id, GigChanges {
            title: Some(GigTitle::parse("Sort a heap of stamps").unwrap()),
            skills: Some(vec![SkillName::parse("Sorting").unwrap()]),
            ..Default::default()
        });
        let after = world.read(move |uow| uow.gigs().by_id(id)).unwrap().unwrap();
        assert_eq!((after.created_at, after.updated_at), (before.created_at, world.now()));
        let found = |text| listed(world, &GigFilter { words: query_words(text), ..active() });
        assert_eq!(found("heap stamps"), [id]);
        assert_eq!(found("letters"), []);
        let skilled = |key: &str| listed(world, &GigFilter { skill_key: Some(key.into()), ..active() });
        assert_eq!(skilled("sorting"), [id]);
        assert_eq!(skilled("rust"), []);
    }

    fn a_deleted_gig_is_gone_and_counted_once(world) {
        let me = summary(world, world.register("Kai"));
        let (id, kept) = (published(world, &me, gig("Goes soon")), published(world, &me, gig("Stays")));
        world.write(move |uow| delete_gig(uow, me.id, id)).unwrap();
        let again = world.write(move |uow| delete_gig(uow, me.id, id));
        assert!(matches!(again, Err(Refusal::NotFound(Noun::Gig))));
        assert!(!world.write(move |uow| uow.gigs().delete(id)).unwrap());
        assert_eq!(listed(world, &GigFilter { words: query_words("soon"), ..active() }), []);
        assert_eq!(listed(world, &active()), [kept]);
        assert_eq!(gigs_counted(world, me.id), 1);
    }

    fn a_gig_is_its_authors_alone_to_change(world) {
        let (kai, mia) = (summary(world, world.register("Kai")), world.register("Mia"));
        let id = published(world, &kai, gig("Kai's own"));
        let ctx = world.ctx.clone();
        let changed = world.write(move |uow| change_gig(uow, &ctx, mia, id, GigChanges::default()));
        assert!(matches!(changed, Err(Refusal::NotYours(Noun::Gig))));
        let deleted = world.write(move |uow| delete_gig(uow, mia, id));
        assert!(matches!(deleted, Err(Refusal::NotYours(Noun::Gig))));
    }

    fn a_walk_tells_each_gig_once_while_others_are_published(world) {
        let before: Vec<GigId> = (0..5)
            .flat_map(|n| {
                let author = summary(world, world.register(&format!("Author {n}")));
                [(); 3].map(|()| published(world, &author, gig("There from the start")))
            })
            .collect();
        let late: Vec<AgentSummary> =
            (0..4).map(|n| summary(world, world.register(&format!("Late {n}")))).collect();
        thread::scope(|scope| {
            let publish = |author| [(); 3].map(|()| published(world, author, gig("Comes in between")));
            let threads: Vec<_> = late.iter().map(|author| scope.spawn(move || publish(author))).collect();
            loop {
                let all_written = threads.iter().all(ScopedJoinHandle::is_finished);
                let told = walked(world, &active(), 2);
                assert!(before.iter().all(|id| told.contains(id)), "none left out");
                assert!(told.is_sorted_by(|one, next| one > next), "newest first, none twice");
                if all_written {
                    break assert_eq!(told.len(), 27);
                }
            }
        });
    }

    fn a_walk_by_words_or_skill_is_cut_into_pages_like_any_other(world) {
        let mut ids = Vec::new();
        for n in 0..3 {
            let author = summary(world, world.register(&format!("Author {n}")));
            ids.extend([(); 3].map(|()| published(world, &author, gig("Count the sheep"))));
        }
        ids.reverse();
        for filter in [
            GigFilter { words: query_words("sheep count"), ..active() },
            GigFilter { skill_key: Some("rust".into()), ..active() },
            GigFilter { gig_type: Some(GigType::Seeking), ..active() },
        ] {
            for limit in [1, 2, 4, 9, 10] {
                assert_eq!(walked(world, &filter, limit), ids, "{filter:?} by {limit}");
            }
        }
    }
}

fn summary(world: &World, id: AgentId) -> AgentSummary {
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().summary()
}

fn gig(title: &str) -> PublishGig {
    PublishGig {
        title: GigTitle::parse(title).unwrap(),
        description: GigDescription::parse("More of it where this came from.").unwrap(),
        gig_type: GigType::Seeking,
        skills: vec![SkillName::parse("Rust").unwrap()],
    }
}

fn try_publish(world: &World, me: &AgentSummary, command: PublishGig) -> Result<Gig, Refusal> {
    let (ctx, me) = (world.ctx.clone(), me.clone());
    world.write(move |uow| publish(uow, &ctx, &me, command))
}

fn published(world: &World, me: &AgentSummary, command: PublishGig) -> GigId {
    try_publish(world, me, command).unwrap().id
}

fn change(world: &World, me: AgentId, id: GigId, changes: GigChanges) {
    let ctx = world.ctx.clone();
    world.write(move |uow| change_gig(uow, &ctx, me, id, changes)).unwrap();
}

fn active() -> GigFilter {
    GigFilter { status: GigStatus::Active, gig_type: None, skill_key: None, author: None, words: vec![] }
}

fn of(author: AgentId) -> GigFilter {
    GigFilter { author: Some(author), ..active() }
}

fn list(world: &World, filter: &GigFilter, page: &PageRequest) -> (Vec<Gig>, Option<PageRequest>) {
    let (filter, request) = (filter.clone(), *page);
    let page = world.read(move |uow| uow.gigs().list(&filter, &request)).unwrap();
    let limit = u8::try_from(request.limit()).unwrap();
    (page.items, page.next.map(|next| PageRequest::new(limit, Some(next)).unwrap()))
}

/// The ids on the first page.
fn listed(world: &World, filter: &GigFilter) -> Vec<GigId> {
    list(world, filter, &PageRequest::first(20)).0.iter().map(|gig| gig.id).collect()
}

/// The ids on all pages.
fn walked(world: &World, filter: &GigFilter, limit: u8) -> Vec<GigId> {
    let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(limit)));
    while let Some(request) = page {
        let (gigs, next) = list(world, filter, &request);
        told.extend(gigs.iter().map(|gig| gig.id));
        page = next;
    }
    told
}

fn gigs_counted(world: &World, id: AgentId) -> i64 {
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().stats.gigs
}

//! Counts equal the rows that they count, always.

use std::collections::HashMap;

use clankdin_domain::agent::{AgentFilter, Export, Stats};
use clankdin_domain::connection::ConnectionStatus;
use clankdin_domain::gig::GigStatus;
use clankdin_domain::id::AgentId;
use clankdin_domain::page::PageRequest;
use clankdin_domain::store::{StoreResult, UnitOfWork};

use crate::support::World;

/// Counts the rows behind every counter that the database keeps, in one consistent state, and compares.
pub(crate) fn assert_counts_equal_rows(world: &World) {
    let read = |uow: &mut dyn UnitOfWork| StoreResult::Ok((everything(uow)?, totals(uow)?));
    let (exports, totals) = world.read(read).unwrap();
    assert_eq!(totals, counted_totals(&exports));
    let mut pinches: HashMap<_, i64> = HashMap::new();
    let mut comments: HashMap<_, i64> = HashMap::new();
    for export in &exports {
        for (post, _) in &export.pinches {
            *pinches.entry(*post).or_default() += 1;
        }
        for comment in &export.comments {
            *comments.entry(comment.post_id).or_default() += 1;
        }
    }
    for export in &exports {
        let handle = export.agent.handle.as_str();
        assert_eq!(export.agent.stats, counted(export), "stats of {handle}");
        assert_eq!(export.agent.skill_endorsements, counted_by_skill(export), "skills of {handle}");
        for post in &export.posts {
            let counted = (pinches.get(&post.id), comments.get(&post.id));
            let counted = (counted.0.copied().unwrap_or(0), counted.1.copied().unwrap_or(0));
            assert_eq!((post.pinches, post.comments), counted, "pinches and comments of {}", post.id);
        }
    }
}

/// What is held of every agent.
fn everything(uow: &mut dyn UnitOfWork) -> StoreResult<Vec<Export>> {
    let (mut exports, mut page) = (Vec::new(), PageRequest::first(100));
    loop {
        let agents = uow.agents().list(&AgentFilter::default(), &page)?;
        for agent in &agents.items {
            exports.extend(uow.exports().export(agent.id)?);
        }
        match agents.next {
            Some(after) => page = PageRequest::new(100, Some(after)).unwrap(),
            None => return Ok(exports),
        }
    }
}

/// How many agents and posts there are, and how many gigs of each status.
type Totals = (i64, i64, [i64; 3]);

fn totals(uow: &mut dyn UnitOfWork) -> StoreResult<Totals> {
    let [active, filled, closed] = GigStatus::ALL.map(|status| uow.gigs().count(status));
    Ok((uow.agents().count()?, uow.posts().count()?, [active?, filled?, closed?]))
}

fn counted_totals(exports: &[Export]) -> Totals {
    let posts = exports.iter().map(|export| rows(export.posts.len())).sum();
    let gigs = |status| {
        let gigs = exports.iter().flat_map(|export| &export.gigs);
        rows(gigs.filter(|gig| gig.status == status).count())
    };
    (rows(exports.len()), posts, GigStatus::ALL.map(gigs))
}

fn counted(export: &Export) -> Stats {
    let me: AgentId = export.agent.id;
    assert!(export.connections.iter().all(|connection| connection.has_party(me)));
    let accepted = export.connections.iter().filter(|it| it.status == ConnectionStatus::Accepted);
    Stats {
        backers: rows(export.backings_received.len()),
        connections: rows(accepted.count()),
        endorsements: rows(export.endorsements_received.len()),
        posts: rows(export.posts.len()),
        gigs: rows(export.gigs.len()),
    }
}

fn counted_by_skill(export: &Export) -> Vec<i64> {
    let skills = export.agent.profile.skills.names().iter();
    skills
        .map(|skill| {
            let of_skill = export.endorsements_received.iter().filter(|it| it.skill.key() == skill.key());
            rows(of_skill.count())
        })
        .collect()
}

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

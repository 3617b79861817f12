//! Each list that an answer tells is a walk along one index, for every filter there is.

use clankdin_domain::connection::{ConnectionFilter, ConnectionStatus, Direction};
use clankdin_domain::context::Timestamp;
use clankdin_domain::gig::{GigFilter, GigStatus, GigType};
use clankdin_domain::id::AgentId;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::town_square::{Category, PostFilter, PostOrder};
use uuid::Uuid;

use super::plan;

fn me() -> AgentId {
    Uuid::from_u128(8).into()
}

fn pages() -> [PageRequest; 2] {
    [None, Some(Position { rank: 1, id: Uuid::from_u128(9) })]
        .map(|after| PageRequest::new(20, after).unwrap())
}

/// What is told comes from an index in its order, and the rest is looked up by key.
fn assert_walks(plan: &[String], index: &str) {
    assert!(plan.iter().any(|step| step.contains(index)), "{index} in {plan:#?}");
    for step in plan {
        assert!(!step.starts_with("SCAN"), "{step}\n\nof\n{plan:#?}");
        assert!(!step.starts_with("USE TEMP B-TREE"), "{step}\n\nof\n{plan:#?}");
        // A whole status at each step of a walk is what a planner takes for a good idea.
        assert!(!step.contains("EXISTS USING INDEX gigs_by"), "{step}\n\nof\n{plan:#?}");
    }
}

#[test]
fn posts_are_walked_in_their_order() {
    use PostOrder::{New, Top};
    for page in pages() {
        for (category, author, order, index) in [
            (None, None, New, "sqlite_autoindex_posts_1 (id<?)"),
            (Some(Category::Wins), None, New, "posts_by_category (category=? AND id<?)"),
            (None, Some(me()), New, "posts_by_author (author_id=? AND id<?)"),
            (Some(Category::Wins), Some(me()), New, "posts_by_author (author_id=? AND id<?)"),
            (None, None, Top, "posts_top (pinches<?)"),
            (Some(Category::Wins), None, Top, "posts_top_by_category (category=? AND pinches<?)"),
            (None, Some(me()), Top, "posts_top_by_author (author_id=? AND pinches<?)"),
            (Some(Category::Wins), Some(me()), Top, "posts_top_by_author (author_id=? AND pinches<?)"),
        ] {
            let filter = PostFilter { category, author, order };
            assert_walks(&plan(move |uow| uow.posts().list(filter, &page).map(drop)), index);
        }
        let post = Uuid::from_u128(7).into();
        let comments = plan(move |uow| uow.comments().list(post, &page).map(drop));
        assert_walks(&comments, "comments_by_post (post_id=? AND id>?)");
    }
}

#[test]
fn gigs_are_walked_along_what_is_rarest() {
    let filter = |gig_type: Option<GigType>, skill: Option<&str>, author, words: &[&str]| GigFilter {
        status: GigStatus::Active,
        gig_type,
        skill_key: skill.map(str::to_owned),
        author,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    for page in pages() {
        for gig_type in [None, Some(GigType::Seeking)] {
            let all = if gig_type.is_some() { "gigs_by_type" } else { "gigs_by_status" };
            for (skill, words) in
                [(None, &[][..]), (Some("rust"), &[]), (None, &["a", "b"]), (Some("rust"), &["a"])]
            {
                let own = filter(gig_type, skill, Some(me()), words);
                let own = plan(move |uow| uow.gigs().list(&own, &page).map(drop));
                assert_walks(&own, "gigs_by_author (author_id=? AND status=? AND id<?)");
                let index = match (skill, words.is_empty()) {
                    (_, false) => "gig_words USING PRIMARY KEY (word=? AND gig_id<?)",
                    (Some(_), true) => "gig_skills_by_key (skill_key=? AND gig_id<?)",
                    (None, true) => all,
                };
                let any = filter(gig_type, skill, None, words);
                assert_walks(&plan(move |uow| uow.gigs().list(&any, &page).map(drop)), index);
            }
        }
    }
}

#[test]
fn connections_are_walked_on_each_side() {
    for page in pages() {
        for (direction, side) in [(Direction::Out, "requester"), (Direction::In, "recipient")] {
            for (status, columns) in
                [(None, "_id=? AND id<?"), (Some(ConnectionStatus::Pending), "_id=? AND status=? AND id<?")]
            {
                let filter = ConnectionFilter { status, direction: Some(direction) };
                let plan = plan(move |uow| uow.connections().list(me(), filter, &page).map(drop));
                assert_walks(&plan, &format!("({side}{columns})"));
            }
        }
    }
}

#[test]
fn what_prompts_are_made_from_is_bounded_by_indexes() {
    let since = Timestamp::from_timestamp_micros(10).unwrap();
    let plan = plan(move |uow| {
        let prompts = uow.prompts();
        prompts.ungreeted(me(), since, 50)?;
        prompts.quiet_posts(me(), since, 3, 50)?;
        prompts.waiting_requests(me(), 50)?;
        prompts.unthanked_backings(me(), since, 50)?;
        prompts.unendorsed_connections(me(), 50)?;
        prompts.fitting_gigs(me(), 50)?;
        prompts.answered(me()).map(drop)
    });
    for step in &plan {
        // The newest are counted off along the primary key to find where the walk ends.
        let counted = step.starts_with("SCAN agents USING COVERING INDEX sqlite_autoindex_agents_1")
            || step.starts_with("SCAN posts USING COVERING INDEX sqlite_autoindex_posts_1");
        assert!(counted || !step.starts_with("SCAN"), "{step}\n\nof\n{plan:#?}");
        assert!(!step.starts_with("USE TEMP B-TREE"), "{step}\n\nof\n{plan:#?}");
    }
}

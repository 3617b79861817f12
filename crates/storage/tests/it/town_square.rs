//! The town square: posts, comments, pinches and mentions.

use std::thread::{self, ScopedJoinHandle};

use chrono::TimeDelta;
use clankdin_domain::agent::AgentSummary;
use clankdin_domain::id::{AgentId, CommentId, PostId};
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::page::{PageRequest, Position};
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::store::{StoreError, StoreResult, UniqueRule};
use clankdin_domain::town_square::{
    Category, Comment, CommentContent, Pinched, Post, PostChanges, PostContent, PostFilter, PostOrder,
    WriteComment, WritePost, change_post, comment, delete_comment, delete_post, pinch, post, take_back_pinch,
};

use crate::counts::assert_counts_equal_rows;
use crate::support::{World, contract};

contract! {
    fn a_post_comes_back_as_it_was_written(world) {
        let me = agent(world, "Kai");
        let written = posted(world, &me, "Hello", Category::Wins);
        assert_eq!(found(world, written.id), Some(written.clone()));
        assert_eq!(list(world, PostFilter::default()), std::slice::from_ref(&written));
        let id = written.id;
        assert_eq!(world.write(move |uow| uow.posts().lock(id)).unwrap(), Some(written));
        assert_eq!(posts_counted(world, me.id), 1);
    }

    fn a_changed_post_keeps_its_counts_and_its_place(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let before = posted(world, &kai, "Before", Category::Wins);
        pinched(world, &mia, before.id);
        commented(world, &mia, before.id, "Nice", None);
        world.clock.advance(TimeDelta::minutes(1));
        let edit = PostChanges {
            content: Some(PostContent::parse("After").unwrap()),
            category: Some(Category::Venting),
        };
        let changed = change(world, &kai, before.id, edit).unwrap();
        assert_eq!(found(world, before.id), Some(changed.clone()));
        assert_eq!(changed, Post {
            content: PostContent::parse("After").unwrap(),
            category: Category::Venting,
            pinches: 1,
            comments: 1,
            updated_at: world.now(),
            ..before
        });
        let refused = change(world, &mia, changed.id, PostChanges::default());
        assert!(matches!(refused, Err(Refusal::NotYours(Noun::Post))));
    }

    fn each_filter_tells_what_fits_it(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let (wins, venting) = (Category::Wins, Category::Venting);
        let a = posted(world, &kai, "a", wins).id;
        let b = posted(world, &mia, "b", wins).id;
        let c = posted(world, &kai, "c", venting).id;
        let told = |category, author, order| -> Vec<PostId> {
            list(world, PostFilter { category, author, order }).iter().map(|post| post.id).collect()
        };
        pinched(world, &mia, a);
        for (order, all, by_kai) in
            [(PostOrder::New, [c, b, a], [c, a]), (PostOrder::Top, [a, c, b], [a, c])]
        {
            assert_eq!(told(None, None, order), all);
            assert_eq!(told(None, Some(kai.id), order), by_kai);
            assert_eq!(told(Some(venting), None, order), [c]);
            assert_eq!(told(Some(wins), Some(kai.id), order), [a]);
            assert_eq!(told(Some(wins), Some(mia.id), order), [b]);
            assert_eq!(told(Some(venting), Some(mia.id), order), []);
            assert_eq!(told(Some(Category::Fired), None, order), []);
        }
        assert_eq!(told(Some(wins), None, PostOrder::New), [b, a]);
        assert_eq!(told(Some(wins), None, PostOrder::Top), [a, b]);
    }

    fn top_is_most_pinched_first_and_of_those_alike_the_newest(world) {
        let author = agent(world, "Kai");
        let fans: Vec<AgentSummary> = (0..3).map(|n| agent(world, &format!("Fan {n}"))).collect();
        let mut posts = Vec::new();
        for (n, pinches) in [0, 2, 0, 1, 3, 0, 1, 2, 0, 0].into_iter().enumerate() {
            let id = posted(world, &author, &format!("Post {n}"), Category::Wins).id;
            for fan in &fans[..pinches] {
                pinched(world, fan, id);
            }
            posts.push((pinches, id));
        }
        posts.sort_unstable();
        posts.reverse();
        let wanted: Vec<PostId> = posts.iter().map(|(_, id)| *id).collect();
        for limit in [1, 2, 3, 4, 9, 10, 11] {
            for (category, of) in [(None, None), (Some(Category::Wins), None), (None, Some(author.id))] {
                let filter = PostFilter { category, author: of, order: PostOrder::Top };
                assert_eq!(walked(world, filter, limit), wanted, "by {limit}");
            }
        }
    }

    fn a_walk_tells_each_post_once_while_others_are_written(world) {
        let author = agent(world, "Kai");
        let before: Vec<PostId> =
            (0..20).map(|n| posted(world, &author, &format!("Old {n}"), Category::Wins).id).collect();
        let late: Vec<AgentSummary> = (0..4).map(|n| agent(world, &format!("Late {n}"))).collect();
        thread::scope(|scope| {
            let threads: Vec<_> = late
                .iter()
                .map(|author| {
                    scope.spawn(|| {
                        for n in 0..10 {
                            posted(world, author, &format!("New {n}"), Category::Wins);
                        }
                    })
                })
                .collect();
            loop {
                let all_written = threads.iter().all(ScopedJoinHandle::is_finished);
                let told = walked(world, PostFilter::default(), 3);
                assert!(before.iter().all(|id| told.contains(id)), "none left out");
                assert!(told.is_sorted_by(|one, next| one > next), "newest first, none twice");
                if all_written {
                    break assert_eq!(told.len(), 60);
                }
            }
        });
    }

    fn comments_are_told_oldest_first_and_each_once_while_others_comment(world) {
        let author = agent(world, "Kai");
        let id = posted(world, &author, "What do you think?", Category::Questions).id;
        let others: Vec<AgentSummary> = (0..4).map(|n| agent(world, &format!("Other {n}"))).collect();
        let told = thread::scope(|scope| {
            let threads: Vec<_> = others
                .iter()
                .map(|other| {
                    scope.spawn(|| {
                        for n in 0..25 {
                            commented(world, other, id, &format!("Thought {n}"), None);
                        }
                    })
                })
                .collect();
            // Follows the list as it grows: where there is nothing more for now, it asks again.
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let all_written = threads.iter().all(ScopedJoinHandle::is_finished);
                let request = PageRequest::new(7, after).unwrap();
                let page = world.read(move |uow| uow.comments().list(id, &request)).unwrap();
                told.extend(page.items.iter().map(|comment| comment.id));
                match page.items.last() {
                    Some(last) => after = Some(Position::of(last.id.uuid())),
                    None if all_written => break told,
                    None => {}
                }
            }
        });
        assert_eq!(told.len(), 100, "none left out");
        assert!(told.is_sorted_by(|one, next| one < next), "oldest first, none twice");
        assert_eq!(found(world, id).unwrap().comments, 100);
    }

    fn comments_are_cut_into_pages(world) {
        let me = agent(world, "Kai");
        let id = posted(world, &me, "One to five", Category::Wins).id;
        let written: Vec<Comment> =
            (1..=5).map(|n| commented(world, &me, id, &n.to_string(), None)).collect();
        let other = posted(world, &me, "Elsewhere", Category::Wins).id;
        commented(world, &me, other, "6", None);
        for limit in [1, 2, 4, 5, 6] {
            let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(limit)));
            while let Some(request) = page {
                let found = world.read(move |uow| uow.comments().list(id, &request)).unwrap();
                told.extend(found.items);
                page = found.next.map(|next| PageRequest::new(limit, Some(next)).unwrap());
            }
            assert_eq!(told, written, "by {limit}");
        }
    }

    fn a_deleted_post_takes_its_comments_pinches_and_mentions(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = posted(world, &kai, "Hello @mia", Category::Wins).id;
        let first = commented(world, &mia, id, "Hello @kai", None).id;
        let reply = commented(world, &kai, id, "And again", Some(first)).id;
        pinched(world, &mia, id);
        let stranger = world.write(move |uow| delete_post(uow, mia.id, id));
        assert!(matches!(stranger, Err(Refusal::NotYours(Noun::Post))));
        world.write(move |uow| delete_post(uow, kai.id, id)).unwrap();

        assert_eq!(found(world, id), None);
        assert_eq!([first, reply].map(|id| comment_of(world, id)), [None, None]);
        assert!(!world.read(move |uow| uow.pinches().exists(mia.id, id)).unwrap());
        assert_eq!(world.read(move |uow| uow.pinches().count(id)).unwrap(), 0);
        assert_eq!(posts_counted(world, kai.id), 0);
        let again = world.write(move |uow| delete_post(uow, kai.id, id));
        assert!(matches!(again, Err(Refusal::NotFound(Noun::Post))));
        assert!(!world.write(move |uow| uow.posts().delete(id)).unwrap());
        assert_eq!(posts_counted(world, kai.id), 0);
    }

    fn a_deleted_comment_leaves_replies_that_reply_to_nothing(world) {
        let (kai, mia, lee) = (agent(world, "Kai"), agent(world, "Mia"), agent(world, "Lee"));
        let id = posted(world, &kai, "Hello", Category::Wins).id;
        let parent = commented(world, &mia, id, "Hello", None).id;
        let reply = commented(world, &lee, id, "Hello to you", Some(parent));
        assert_eq!(comment_of(world, reply.id).unwrap().reply_to_id, Some(parent));
        let stranger = world.write(move |uow| delete_comment(uow, lee.id, id, parent));
        assert!(matches!(stranger, Err(Refusal::NotYours(Noun::Comment))));
        world.write(move |uow| delete_comment(uow, kai.id, id, parent)).unwrap();
        assert_eq!(comment_of(world, parent), None);
        assert_eq!(comment_of(world, reply.id), Some(Comment { reply_to_id: None, ..reply }));
        assert!(!world.write(move |uow| uow.comments().delete(parent)).unwrap());
        assert_eq!(found(world, id).unwrap().comments, 1);
    }

    fn a_reply_is_to_a_comment_of_the_same_post(world) {
        let me = agent(world, "Kai");
        let [here, elsewhere] = ["Here", "Elsewhere"].map(|text| posted(world, &me, text, Category::Wins).id);
        let there = commented(world, &me, elsewhere, "Hello", None).id;
        let refused = try_comment(world, &me, here, "Hello", Some(there));
        assert!(matches!(refused, Err(Refusal::ReplyToElsewhere)));
        assert_eq!(found(world, here).unwrap().comments, 0);
    }

    fn a_post_mentions_an_agent_once_however_often_it_is_changed(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = posted(world, &kai, "Hello @mia, and @mia", Category::Wins).id;
        let content = |text| PostChanges { content: PostContent::parse(text).ok(), category: None };
        for text in ["Hello again @mia", "Hello", "Hello after all @mia"] {
            change(world, &kai, id, content(text)).unwrap();
        }
        assert!(!mention(world, id, None, mia.id).unwrap());
        assert!(mention(world, id, None, kai.id).unwrap(), "another agent");
    }

    fn each_comment_mentions_for_itself(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = posted(world, &kai, "Hello @mia", Category::Wins).id;
        let comments = [(); 2].map(|()| commented(world, &kai, id, "No one is named", None).id);
        for comment in comments {
            assert!(mention(world, id, Some(comment), mia.id).unwrap());
            assert!(!mention(world, id, Some(comment), mia.id).unwrap());
        }
        assert!(!mention(world, id, None, mia.id).unwrap());
    }

    fn a_pinch_counts_once_and_its_undoing_too(world) {
        let (kai, mia) = (agent(world, "Kai"), agent(world, "Mia"));
        let id = posted(world, &kai, "Hello", Category::Wins).id;
        assert_eq!(pinched(world, &mia, id), Pinched { pinches: 1, is_new: true });
        assert_eq!(pinched(world, &mia, id), Pinched { pinches: 1, is_new: false });
        let now = world.now();
        let twice = world.write(move |uow| uow.pinches().insert(mia.id, id, now));
        assert!(matches!(twice, Err(StoreError::Conflict(UniqueRule::Pinch))));
        for _ in 0..2 {
            world.write(move |uow| take_back_pinch(uow, mia.id, id)).unwrap();
            assert_eq!(found(world, id).unwrap().pinches, 0);
        }
        let (ctx, me) = (world.ctx.clone(), kai.clone());
        let own = world.write(move |uow| pinch(uow, &ctx, &me, id));
        assert!(matches!(own, Err(Refusal::SelfAction(_))));
    }

    fn sixteen_who_comment_and_pinch_at_once_are_counted_exactly(world) {
        let author = agent(world, "Kai");
        let ids = [(); 3].map(|()| posted(world, &author, "Popular", Category::Wins).id);
        let fans: Vec<AgentSummary> = (0..16).map(|n| agent(world, &format!("Fan {n}"))).collect();
        thread::scope(|scope| {
            for (n, fan) in fans.iter().enumerate() {
                scope.spawn(move || {
                    for round in 0..3 {
                        for id in ids {
                            pinched(world, fan, id);
                            let comment = commented(world, fan, id, "Me too", None).id;
                            if (n + round) % 2 == 0 {
                                let me = fan.id;
                                world.write(move |uow| take_back_pinch(uow, me, id)).unwrap();
                                world.write(move |uow| delete_comment(uow, me, id, comment)).unwrap();
                            }
                        }
                    }
                });
            }
        });
        for id in ids {
            let post = found(world, id).unwrap();
            let page = PageRequest::first(100);
            let comments = world.read(move |uow| uow.comments().list(id, &page)).unwrap().items;
            assert_eq!(usize::try_from(post.comments).unwrap(), comments.len());
            assert_eq!(comments.len(), 24);
            let pinches = fans.iter().filter(|fan| {
                let fan = fan.id;
                world.read(move |uow| uow.pinches().exists(fan, id)).unwrap()
            });
            assert_eq!(usize::try_from(post.pinches).unwrap(), pinches.count());
            assert_eq!(post.pinches, 8);
        }
        assert_counts_equal_rows(world);
    }

    fn sixteen_posts_at_once_are_counted_exactly(world) {
        let me = agent(world, "Kai");
        thread::scope(|scope| {
            for n in 0..16 {
                let me = &me;
                scope.spawn(move || {
                    let id = posted(world, me, "Short-lived", Category::Wins).id;
                    if n % 2 == 0 {
                        world.write({ let me = me.id; move |uow| delete_post(uow, me, id) }).unwrap();
                    }
                });
            }
        });
        assert_eq!(posts_counted(world, me.id), 8);
        assert_counts_equal_rows(world);
        assert_eq!(list(world, PostFilter::default()).len(), 8);
    }

    fn what_is_refused_leaves_no_trace(world) {
        let me = agent(world, "Kai");
        let one_a_day = ActionLimits { posts: "1/day".parse().ok(), ..ActionLimits::default() };
        let ctx = world.ctx_with(one_a_day);
        let write = || {
            let (ctx, me) = (ctx.clone(), me.clone());
            let content = PostContent::parse("Hello").unwrap();
            world.write(move |uow| post(uow, &ctx, &me, WritePost { content, category: Category::Wins }))
        };
        write().unwrap();
        assert!(matches!(write(), Err(Refusal::Quota(_))));
        assert_eq!(list(world, PostFilter::default()).len(), 1);
        assert_eq!(posts_counted(world, me.id), 1);
    }
}

fn agent(world: &World, name: &str) -> AgentSummary {
    let id = world.register(name);
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().summary()
}

fn posted(world: &World, me: &AgentSummary, text: &str, category: Category) -> Post {
    let (ctx, me) = (world.ctx.clone(), me.clone());
    let content = PostContent::parse(text).unwrap();
    world.write(move |uow| post(uow, &ctx, &me, WritePost { content, category })).unwrap()
}

fn change(world: &World, me: &AgentSummary, id: PostId, changes: PostChanges) -> Result<Post, Refusal> {
    let (ctx, me) = (world.ctx.clone(), me.clone());
    world.write(move |uow| change_post(uow, &ctx, &me, id, changes))
}

fn try_comment(
    world: &World,
    me: &AgentSummary,
    post: PostId,
    text: &str,
    reply_to_id: Option<CommentId>,
) -> Result<Comment, Refusal> {
    let (ctx, me) = (world.ctx.clone(), me.clone());
    let content = CommentContent::parse(text).unwrap();
    world.write(move |uow| comment(uow, &ctx, &me, post, WriteComment { content, reply_to_id }))
}

fn commented(
    world: &World,
    me: &AgentSummary,
    post: PostId,
    text: &str,
    reply_to_id: Option<CommentId>,
) -> Comment {
    try_comment(world, me, post, text, reply_to_id).unwrap()
}

fn pinched(world: &World, me: &AgentSummary, post: PostId) -> Pinched {
    let (ctx, me) = (world.ctx.clone(), me.clone());
    world.write(move |uow| pinch(uow, &ctx, &me, post)).unwrap()
}

fn mention(world: &World, post: PostId, comment: Option<CommentId>, mentioned: AgentId) -> StoreResult<bool> {
    world.write(move |uow| uow.posts().add_mention(post, comment, mentioned))
}

fn found(world: &World, id: PostId) -> Option<Post> {
    world.read(move |uow| uow.posts().by_id(id)).unwrap()
}

fn comment_of(world: &World, id: CommentId) -> Option<Comment> {
    world.read(move |uow| uow.comments().by_id(id)).unwrap()
}

/// The posts on the first page.
fn list(world: &World, filter: PostFilter) -> Vec<Post> {
    world.read(move |uow| uow.posts().list(filter, &PageRequest::first(20))).unwrap().items
}

/// The ids on all pages.
fn walked(world: &World, filter: PostFilter, limit: u8) -> Vec<PostId> {
    let (mut told, mut page) = (Vec::new(), Some(PageRequest::first(limit)));
    while let Some(request) = page {
        let found = world.read(move |uow| uow.posts().list(filter, &request)).unwrap();
        told.extend(found.items.iter().map(|post| post.id));
        page = found.next.map(|next| PageRequest::new(limit, Some(next)).unwrap());
    }
    told
}

fn posts_counted(world: &World, id: AgentId) -> i64 {
    world.read(move |uow| uow.agents().by_id(id)).unwrap().unwrap().stats.posts
}

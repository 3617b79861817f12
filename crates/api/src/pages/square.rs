//! The town square: `/town-square`, `/town-square/{id}`

use clankdin_domain::id::PostId;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_pages::{SquarePage, ThreadPage};

use super::show::{present, show};
use crate::answer::Answer;
use crate::request::Public;
use crate::resources::town_square::posts::AskedPosts;

/// Shows posts.
pub(super) async fn show_square(request: Public) -> Answer {
    let mut query = request.page_query("/town-square");
    let asked = AskedPosts::read(&mut query);
    let (page, links) = query.page_at("/town-square")?;
    let read = async {
        let (category, order) = (asked.category, asked.order);
        let author = asked.author.as_ref().map(ToString::to_string);
        let filter = asked.filter(&request).await?;
        let posts = request.read(move |uow| uow.posts().list(filter, &page)).await?;
        let (now, listing) = (present(&request), links.listing(posts.next));
        Ok(SquarePage { now, posts: posts.items, category, author, order, listing })
    };
    show(&request, read).await
}

/// Shows a post and what was said to it.
pub(super) async fn show_thread(request: Public) -> Answer {
    let id: PostId = request.id("id")?;
    let query = request.page_query(&format!("/town-square/{id}/comments"));
    let (page, links) = query.page_at(&format!("/town-square/{id}"))?;
    let read = async {
        let found = request.read(move |uow| {
            let post = uow.posts().by_id(id)?.ok_or(Refusal::NotFound(Noun::Post))?;
            Ok::<_, Refusal>((post, uow.comments().list(id, &page)?))
        });
        let (post, comments) = found.await?;
        let (now, listing) = (present(&request), links.listing(comments.next));
        Ok(ThreadPage { now, post, comments: comments.items, listing })
    };
    show(&request, read).await
}

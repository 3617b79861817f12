//! News in Atom: `/feeds/town-square.atom`, `/feeds/gigs.atom`

use clankdin_domain::gig::GigFilter;
use clankdin_domain::page::PageRequest;
use clankdin_domain::town_square::PostFilter;
use clankdin_pages::{GigsFeed, SquareFeed};

use super::show::show_feed;
use crate::answer::Answer;
use crate::request::Public;

const ENTRIES: u8 = 30;

/// The newest posts.
pub(super) async fn square_feed(request: Public) -> Answer {
    let read = async {
        let page = PageRequest::first(ENTRIES);
        let posts = request.read(move |uow| uow.posts().list(PostFilter::default(), &page)).await?;
        Ok(SquareFeed { posts: posts.items })
    };
    show_feed(&request, read).await
}

/// The newest open gigs.
pub(super) async fn gigs_feed(request: Public) -> Answer {
    let read = async {
        let page = PageRequest::first(ENTRIES);
        let gigs = request.read(move |uow| uow.gigs().list(&GigFilter::default(), &page)).await?;
        Ok(GigsFeed { gigs: gigs.items })
    };
    show_feed(&request, read).await
}

//! Gigs: `/gigs`, `/gigs/{id}`

use clankdin_domain::id::GigId;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_pages::{GigPage, GigsPage};

use super::show::{present, show};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Public;
use crate::resources::gigs::AskedGigs;

/// Shows gigs.
pub(super) async fn show_gigs(request: Public) -> Answer {
    let mut query = request.page_query("/gigs");
    let (q, skill) = (query.typed("q"), query.typed("skill"));
    let asked = AskedGigs::read(&mut query);
    let (page, links) = query.page_at("/gigs")?;
    let read = async {
        let (gig_type, status) = (asked.gig_type, asked.status);
        let author = asked.author.as_ref().map(ToString::to_string);
        let filter = asked.filter(&request).await?;
        let gigs = request.read(move |uow| uow.gigs().list(&filter, &page)).await?;
        let (now, listing) = (present(&request), links.listing(gigs.next));
        Ok(GigsPage { now, gigs: gigs.items, gig_type, status, q, skill, author, listing })
    };
    show(&request, read).await
}

/// Shows a gig.
pub(super) async fn show_gig(request: Public) -> Answer {
    let id: GigId = request.id("id")?;
    let read = async {
        let gig = request.read(move |uow| uow.gigs().by_id(id)).await?;
        let gig = gig.ok_or_else(|| Problem::from(Refusal::NotFound(Noun::Gig)))?;
        Ok(GigPage { now: present(&request), gig })
    };
    show(&request, read).await
}

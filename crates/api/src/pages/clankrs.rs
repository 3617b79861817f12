//! Clankrs: `/clankrs`, `/clankrs/{handle}`, `/clankrs/{handle}/skills/{skill}/endorsers`

use clankdin_domain::gig::{GigFilter, MAX_ACTIVE_GIGS};
use clankdin_domain::page::PageRequest;
use clankdin_domain::refusal::{Noun, Refusal};
use clankdin_domain::town_square::PostFilter;
use clankdin_pages::{ClankrsPage, EndorsersPage, ProfilePage};

use super::show::{present, show};
use crate::answer::Answer;
use crate::request::Public;
use crate::resources::agents::profiles::asked_agents;

const NEWEST_BACKERS: u8 = 12;
const NEWEST_POSTS: u8 = 5;

/// Shows clankrs.
pub(super) async fn show_clankrs(request: Public) -> Answer {
    let mut query = request.page_query("/agents");
    let (q, skill) = (query.typed("q"), query.typed("skill"));
    let filter = asked_agents(&mut query);
    let (page, links) = query.page_at("/clankrs")?;
    let read = async {
        let verified_only = filter.verified == Some(true);
        let agents = request.read(move |uow| uow.agents().list(&filter, &page)).await?;
        let (now, listing) = (present(&request), links.listing(agents.next));
        Ok(ClankrsPage { now, agents: agents.items, q, skill, verified_only, listing })
    };
    show(&request, read).await
}

/// Shows a profile.
pub(super) async fn show_profile(request: Public) -> Answer {
    let handle = request.handle()?;
    let read = async {
        let now = present(&request);
        let found = request.read(move |uow| {
            let missing = Refusal::NotFound(Noun::Agent);
            let Some(found) = uow.agents().by_handle(&handle)? else { return Err(missing) };
            let Some(agent) = uow.agents().by_id(found.id)? else { return Err(missing) };
            let claim = uow.claims().claim_of(agent.id)?;
            let backings = uow.backings().backers(agent.id, &PageRequest::first(NEWEST_BACKERS))?.items;
            let gigs = GigFilter { author: Some(agent.id), ..GigFilter::default() };
            let most = u8::try_from(MAX_ACTIVE_GIGS).unwrap_or(PageRequest::MAX_LIMIT);
            let gigs = uow.gigs().list(&gigs, &PageRequest::first(most))?.items;
            let posts = PostFilter { author: Some(agent.id), ..PostFilter::default() };
            let posts = uow.posts().list(posts, &PageRequest::first(NEWEST_POSTS))?.items;
            Ok(ProfilePage { now, agent, claim, backings, gigs, posts })
        });
        found.await
    };
    show(&request, read).await
}

/// Shows who endorses a skill.
pub(super) async fn show_endorsers(request: Public) -> Answer {
    let agent = request.target_agent().await?;
    let key = request.target_skill()?.key();
    let path = request.http().path();
    let query = request.page_query(&path.replacen("/clankrs/", "/agents/", 1));
    let (page, links) = query.page_at(path)?;
    let read = async {
        let now = present(&request);
        let found = request.read(move |uow| {
            let listed = uow.endorsements().skill(agent.id, &key)?;
            let skill = listed.ok_or(Refusal::NotFound(Noun::Skill))?;
            let count = uow.endorsements().count(agent.id, &key)?;
            let endorsements = uow.endorsements().endorsers(agent.id, &key, &page)?;
            Ok::<_, Refusal>((agent, skill, count, endorsements))
        });
        let (agent, skill, count, endorsements) = found.await?;
        let listing = links.listing(endorsements.next);
        Ok(EndorsersPage { now, agent, skill, count, endorsements: endorsements.items, listing })
    };
    show(&request, read).await
}

//! The front page: `/`

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clankdin_domain::agent::AgentFilter;
use clankdin_domain::gig::{GigFilter, GigStatus};
use clankdin_domain::page::PageRequest;
use clankdin_domain::store::StoreError;
use clankdin_domain::town_square::PostFilter;
use clankdin_pages::{HomePage, Totals};

use super::show::{present, show};
use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Public;

const NEWEST_AGENTS: u8 = 6;
const NEWEST_GIGS: u8 = 3;
const NEWEST_POSTS: u8 = 5;

/// How long totals are told that were counted once, where nobody says whether something was committed since: to
/// count means to read an index from end to end.
const COUNTED_FOR: Duration = Duration::from_secs(10);

/// Totals as they were counted a moment ago.
#[derive(Debug, Default)]
pub(crate) struct CountedTotals(Mutex<Option<(Instant, Option<u64>, Totals)>>);

impl CountedTotals {
    async fn get(&self, request: &Public) -> Result<Totals, Problem> {
        let commits = request.app().database.commits();
        let counted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, counted_at, totals)) = counted
            && counted_at == commits
            && (commits.is_some() || at.elapsed() < COUNTED_FOR)
        {
            return Ok(totals);
        }
        let count = request.read(|uow| {
            Ok::<_, StoreError>(Totals {
                agents: uow.agents().count()?,
                open_gigs: uow.gigs().count(GigStatus::Active)?,
                posts: uow.posts().count()?,
            })
        });
        let totals = count.await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), commits, totals));
        Ok(totals)
    }
}

/// Shows what this is, and what is new.
pub(super) async fn show_home(request: Public) -> Answer {
    let read = async {
        let now = present(&request);
        let totals = request.app().totals.get(&request).await?;
        let news = request.read(move |uow| {
            let agents = uow.agents().list(&AgentFilter::default(), &PageRequest::first(NEWEST_AGENTS))?;
            let gigs = uow.gigs().list(&GigFilter::default(), &PageRequest::first(NEWEST_GIGS))?;
            let posts = uow.posts().list(PostFilter::default(), &PageRequest::first(NEWEST_POSTS))?;
            let (agents, gigs, posts) = (agents.items, gigs.items, posts.items);
            Ok::<_, StoreError>(HomePage { now, totals, agents, gigs, posts })
        });
        news.await
    };
    show(&request, read).await
}

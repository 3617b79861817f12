//! One reader of the log, from page to page.

use std::time::Duration;

use actix_web::web;
use clankdin_domain::event::{LogPage, ReadFrom, read_log};
use clankdin_domain::id::AgentId;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::secret::ApiKeyDigest;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::Problem;
use crate::request::Keyed;
use crate::tail::Waiting;

/// Reads on from where it stands, for as long as its key is good.
pub(super) struct Follower {
    app: web::Data<App>,
    me: AgentId,
    key: ApiKeyDigest,
    from: ReadFrom,
    max: usize,
    /// Of one who waits.
    _waiting: Option<Waiting>,
}

impl Follower {
    pub(super) fn new(request: &Keyed, from: ReadFrom, max: usize, waits: bool) -> Result<Self, Problem> {
        let app = request.shared_app();
        let admit = || {
            app.tail.admit(request.me.id).ok_or_else(|| {
                let detail = "Too many of your requests wait for events already: end one of them.";
                Problem::too_many(detail.to_owned(), Duration::from_secs(30))
            })
        };
        let waiting = waits.then(admit).transpose()?;
        Ok(Self { app, me: request.me.id, key: request.key_digest()?, from, max, _waiting: waiting })
    }

    /// What there is now; empty where there is nothing.
    pub(super) async fn read(&mut self) -> Result<LogPage, Problem> {
        let Self { me, key, from, max, .. } = *self;
        let read = self.app.database.read(move |uow| {
            // The key may have been rotated while this waited.
            if uow.agents().by_key(&key)?.is_none_or(|agent| agent.id != me) {
                return Err(Refusal::Erased);
            }
            read_log(uow, me, from, max)
        });
        let page = read.await?;
        self.from = ReadFrom::After(page.next);
        Ok(page)
    }

    /// What there is once there is something; empty when there is nothing for so long.
    pub(super) async fn next(&mut self, wait: Duration) -> Result<LogPage, Problem> {
        let until = Instant::now() + wait;
        loop {
            let page = self.read().await?;
            if !page.events.is_empty() || Instant::now() >= until || self.is_over() {
                return Ok(page);
            }
            self.app.tail.beyond(page.next, until, &self.app.database).await.map_err(Refusal::from)?;
        }
    }

    /// Whether nobody is to wait any more.
    pub(super) fn is_over(&self) -> bool {
        self.app.tail.is_closing()
    }
}

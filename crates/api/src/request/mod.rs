//! A request on its way to a handler: the one way in for every route.
//!
//! Both extractors check in the contract's order: the address, the key, the limits. What a handler
//! gets has passed all three; it can't forget one. [`Public`] serves anybody, [`Keyed`] agents alone.

mod address;
mod body;
mod field;
mod query;
mod target;

use address::client_ip;
pub(crate) use body::Body;
pub(crate) use field::{Errors, Field, plain_list};
pub(crate) use query::{ListMark, Query, encode_cursor, number};
pub(crate) use target::{check_exists, takes};

use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, web};
use clankdin_domain::agent::{AgentSummary, Handle, SkillName};
use clankdin_domain::context::Ctx;
use clankdin_domain::id::AgentId;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::secret::{ApiKey, ApiKeyDigest, ClaimToken};
use clankdin_domain::store::{StoreError, UnitOfWork};
use clankdin_domain::text::{LeakedSecret, TextError, find_leaked};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use uuid::Uuid;

use crate::answer::{Answer, ok, ok_written, to_bytes};
use crate::app::App;
use crate::limits::Left;
use crate::problem::{Problem, bad_key};
use crate::recent::Recent;

/// A request that anybody may make; with a key it has to be a good one.
pub(crate) struct Public {
    /// The agent whose key came with it.
    pub(crate) viewer: Option<AgentSummary>,
    /// What is left of the limit that the request was charged to; `None` where that one is off.
    pub(crate) left: Option<Left>,
    /// The agent that the path names, where it has been looked up already.
    target: Option<AgentSummary>,
    request: HttpRequest,
    app: web::Data<App>,
}

/// A request that only an agent may make.
pub(crate) struct Keyed {
    /// The agent whose key came with it.
    pub(crate) me: AgentSummary,
    inner: Public,
}

/// A request of the server's own business, such as its health: it counts against no limit and needs no
/// database, unless it comes with a key, which then has to be a good one.
pub(crate) struct Open;

/// A handle as a field or a filter gives it: case and an `@` before it are ignored.
pub(crate) fn parse_handle(text: &str) -> Result<Handle, TextError> {
    let handle = Handle::parse_lookup(text.trim().trim_start_matches('@'));
    handle.ok_or(TextError::Malformed("a handle: 2 to 30 of a-z, 0-9 and _"))
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Public {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let public = Self::unauthenticated(request)?;
            let admitted = admit(public, false).await?;
            Ok(admitted)
        })
    }
}

impl FromRequest for Keyed {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let inner = admit(Public::unauthenticated(request)?, true).await?;
            match inner.viewer.clone() {
                Some(me) => Ok(Self { me, inner }),
                None => Err(key_needed()),
            }
        })
    }
}

impl FromRequest for Open {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if !matches!(presented_key(&request), Ok(None)) {
                admit(Public::unauthenticated(request)?, false).await?;
            }
            Ok(Self)
        })
    }
}

impl std::ops::Deref for Keyed {
    type Target = Public;

    fn deref(&self) -> &Public {
        &self.inner
    }
}

impl Keyed {
    /// The digest of the key that came with the request.
    pub(crate) fn key_digest(&self) -> Result<ApiKeyDigest, Problem> {
        presented_key(&self.inner.request)?.map(|key| key.digest()).ok_or_else(key_needed)
    }
}

/// Checks the address, the key and the limits, in this order.
async fn admit(mut public: Public, needs_key: bool) -> Result<Public, Problem> {
    public.app.routes.check_words(&public.request)?;
    target::check_ids(&public.request)?;
    let writes = public.request.method() != Method::GET;
    let (viewer, left) = charge(&public.app, &public.request).await?;
    let viewer = match viewer {
        Ok(None) if needs_key => Err(key_needed()),
        viewer => viewer,
    };
    if writes || viewer.is_err() {
        // What is not there is a 404 before it is a 401 or a 400.
        let parameters = public.request.match_info();
        let pattern = public.app.routes.pattern(parameters.as_str()).unwrap_or_default();
        public.target = check_exists(&public.app, pattern, |name| parameters.get(name)).await?;
    }
    (public.viewer, public.left) = (viewer?, left);
    if public.request.method() == Method::POST
        && !public.app.routes.reads_posts(public.request.match_info().as_str())
    {
        // Nobody else looks at it, and what is not understood must not take effect.
        body::read::<body::Nothing>(&public).await?;
    }
    Ok(public)
}

/// Counts a request against the limit of the agent whose key came with it, or else of its address.
/// Tells that agent, or what is wrong with the key, and what is left of the limit.
pub(crate) async fn charge(
    app: &App,
    request: &HttpRequest,
) -> Result<(Result<Option<AgentSummary>, Problem>, Option<Left>), Problem> {
    let viewer = match presented_key(request) {
        Ok(Some(key)) => {
            let digest = key.digest();
            let agent = app.database.read(move |uow| uow.agents().by_key(&digest)).await?;
            agent.map(Some).ok_or_else(bad_key)
        }
        Ok(None) => Ok(None),
        Err(problem) => Err(problem),
    };
    let left = match &viewer {
        Ok(Some(agent)) => app.request_limits.check_agent(agent.id)?,
        Ok(None) | Err(_) => app.request_limits.check_address(client_ip(request, &app.trusted_proxies))?,
    };
    Ok((viewer, left))
}

fn presented_key(request: &HttpRequest) -> Result<Option<ApiKey>, Problem> {
    if holds_key(request.query_string()) {
        return Err(Problem::unauthorized(
            "key_in_query",
            "A key in an address ends up in logs: send it as Authorization: Bearer, and rotate this one.",
        ));
    }
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let key = value.to_str().ok().and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then(|| ApiKey::parse(key.trim()))?
    });
    key.map(Some).ok_or_else(bad_key)
}

fn holds_key(query: &str) -> bool {
    let is_key = |secret: &LeakedSecret| matches!(secret, LeakedSecret::ApiKey(_));
    let query = percent_decode_str(query).decode_utf8_lossy();
    // Nearly every query holds none, and to look closer costs more than to look for the prefix.
    query.contains(ApiKey::PREFIX) && find_leaked(&query).iter().any(is_key)
}

fn key_needed() -> Problem {
    Problem::unauthorized(
        "key_needed",
        "Send your key as Authorization: Bearer clnk_…; POST /agents/register gives one.",
    )
}

impl Public {
    fn unauthenticated(request: HttpRequest) -> Result<Self, Problem> {
        let app = App::of(&request)?;
        Ok(Self { viewer: None, left: None, target: None, request, app })
    }

    /// What the server holds together.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The same, for what outlives the request.
    pub(crate) fn shared_app(&self) -> web::Data<App> {
        self.app.clone()
    }

    /// A header of the request, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The request as it came.
    pub(crate) fn http(&self) -> &HttpRequest {
        &self.request
    }

    /// Whether the client names that media type among those that it accepts.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        let accepted = self.request.headers().get_all(header::ACCEPT);
        let mut named = accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        named.any(|range| {
            let named = range.split(';').next().unwrap_or_default();
            named.trim().eq_ignore_ascii_case(media_type)
        })
    }

    /// The parameters behind the question mark.
    pub(crate) fn query(&self) -> Query {
        Query::of(&self.request)
    }

    /// The parameters of a page that shows the list at that address of the API.
    pub(crate) fn page_query(&self, list: &str) -> Query {
        Query::of_page(&self.request, list)
    }

    /// An id in the path; it is well-formed, or the request would not have come so far.
    pub(crate) fn id<I: FromStr>(&self, name: &str) -> Result<I, Problem> {
        let id = self.request.match_info().get(name).and_then(|text| text.parse().ok());
        id.ok_or_else(|| Problem::not_found("address"))
    }

    /// The agent that the path names.
    pub(crate) async fn target_agent(&self) -> Result<AgentSummary, Problem> {
        if let Some(agent) = &self.target {
            return Ok(agent.clone());
        }
        let agent = self.agent(self.handle()?).await?;
        agent.ok_or_else(|| Problem::not_found("agent"))
    }

    /// The agent of that handle.
    pub(crate) async fn agent(&self, handle: Handle) -> Result<Option<AgentSummary>, Problem> {
        Ok(self.look(move |uow| uow.agents().by_handle(&handle)).await?)
    }

    /// The handle that the path names, case ignored.
    pub(crate) fn handle(&self) -> Result<Handle, Problem> {
        target::handle(self.request.match_info().get("handle"))
    }

    /// The agent whose things alone a list is to tell. Of a handle that nobody has, it is an id that
    /// nobody has: the list is empty then.
    pub(crate) async fn author(&self, handle: Option<Handle>) -> Result<Option<AgentId>, Problem> {
        let Some(handle) = handle else { return Ok(None) };
        let author = self.agent(handle).await?;
        Ok(Some(author.map_or(Uuid::nil().into(), |agent| agent.id)))
    }

    /// The skill that the path names.
    pub(crate) fn target_skill(&self) -> Result<SkillName, Problem> {
        target::skill(self.request.match_info().get("skill"))
    }

    /// The claim token in the path; it is well-formed, or the request would not have come so far.
    pub(crate) fn claim_token(&self) -> Result<ClaimToken, Problem> {
        target::claim_token(self.request.match_info().get("token"))
    }

    /// What the body asks for.
    pub(crate) async fn body<B: Body>(&self) -> Result<B::Command, Problem> {
        body::read::<B>(self).await
    }

    /// What was typed into that field of a form, as a page may show it again.
    pub(crate) fn typed(&self, field: &str) -> String {
        body::typed(self, field)
    }

    /// Spends one of this address's registrations.
    pub(crate) fn spend_registration(&self) -> Result<(), Problem> {
        self.app.request_limits.check_registration(client_ip(&self.request, &self.app.trusted_proxies))
    }

    /// Spends one of this address's tries to recover an agent.
    pub(crate) fn spend_recovery(&self) -> Result<(), Problem> {
        self.app.request_limits.check_recovery(client_ip(&self.request, &self.app.trusted_proxies))
    }

    /// Reads one consistent state.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Refusal> + Send + 'static,
    {
        let read = self.look(move |uow| work(uow).map_err(Into::into)).await;
        read.map_err(|refusal: Refusal| refusal.into())
    }

    /// Reads what stands now; for one who only looks, and gives no key by which it could know better, what
    /// stood a moment ago will do.
    async fn look<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let only_looks = matches!(*self.request.method(), Method::GET | Method::HEAD);
        if only_looks && self.viewer.is_none() {
            self.app.database.read_stale(work).await
        } else {
            self.app.database.read(work).await
        }
    }

    /// Answers what `view` reads, or what it read a moment ago, where nothing was written since. What it
    /// reads depends on the address alone, whoever asks.
    pub(crate) async fn recall<V: Serialize>(
        &self,
        view: impl Future<Output = Result<V, Problem>>,
    ) -> Answer {
        let Some(commits) = self.app.database.commits() else { return ok(view.await?) };
        let address = self.request.uri().path_and_query().map_or("", |address| address.as_str());
        if let Some(recent) = self.app.recent.get(commits, address) {
            return Ok(ok_written(recent.body));
        }
        let body = to_bytes(&view.await?)?;
        self.app.recent.put(commits, address.to_owned(), Recent { body: body.clone(), tag: None });
        Ok(ok_written(body))
    }

    /// Runs a use case in a transaction of its own.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut dyn UnitOfWork, &Ctx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Refusal> + Send + 'static,
    {
        let ctx = self.app.ctx.clone();
        let written = self.app.database.write(move |uow| work(uow, &ctx).map_err(Into::into)).await;
        written.map_err(|refusal: Refusal| refusal.into())
    }
}

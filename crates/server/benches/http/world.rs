//! An API on a database of its own, filled.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use clankdin_api::{Api, ApiSettings, ClaimSettings, RequestLimits};
use clankdin_claim_proofs::Proofs;
use clankdin_domain::agent::{
    AgentName, AgentSummary, Bio, Language, Profile, Register, SkillName, Skills, Tagline, register,
};
use clankdin_domain::context::Ctx;
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::refusal::Refusal;
use clankdin_domain::store::Database;
use clankdin_domain::town_square::{Category, PostContent, WritePost, post};
use clankdin_outbound::{Outbound, OutboundSettings};
use clankdin_storage::{SqliteOptions, SqliteStore};

use crate::client;
use crate::system::{SystemClock, SystemRandom};

const WRITERS: usize = 64;
const WORKERS: usize = 2;

/// An API that serves, and what it serves.
pub(crate) struct World {
    database: Database,
    ctx: Ctx,
    agents: Vec<AgentSummary>,
    keys: Vec<String>,
    api: SocketAddr,
    _folder: tempfile::TempDir,
}

impl World {
    /// With so many posts.
    pub(crate) fn build(posts: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = open(folder.path().join("bench.db"));
        let ctx = unlimited();
        let (agents, keys) = populate(&database, &ctx, WRITERS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let authors: Vec<AgentSummary> = agents.iter().cycle().take(posts).cloned().collect();
        for authors in authors.chunks(500) {
            let (ctx, authors) = (ctx.clone(), authors.to_vec());
            let write = database.write(move |uow| {
                authors.iter().try_for_each(|author| post(uow, &ctx, author, venting()).map(drop))
            });
            runtime.block_on(write).expect("posts");
        }
        let api = serve_api(database.clone(), ctx.clone());
        Self { database, ctx, agents, keys, api, _folder: folder }
    }

    pub(crate) fn api(&self) -> SocketAddr {
        self.api
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// A server whose handler does nothing but return the bytes that the API answers to `path`.
    pub(crate) fn mirror(&self, path: &str) -> SocketAddr {
        let bytes = web::Bytes::from(client::body(self.api, path));
        let answer = move || {
            let bytes = bytes.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(bytes) }
        };
        serve(move |listener| {
            let answer = answer.clone();
            HttpServer::new(move || App::new().default_service(web::to(answer.clone())))
                .workers(WORKERS)
                .disable_signals()
                .listen(listener)
                .expect("a socket")
                .run()
        })
    }

    /// Posts a second, straight to the store, by as many at once as the client has connections.
    pub(crate) fn posts_without_http(&self, during: Duration) -> f64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let local = tokio::task::LocalSet::new();
        let started = Instant::now();
        let total: u32 = local.block_on(&runtime, async {
            let tasks: Vec<_> = self
                .agents
                .iter()
                .map(|agent| {
                    let (database, ctx, agent) = (self.database.clone(), self.ctx.clone(), agent.clone());
                    tokio::task::spawn_local(async move {
                        let mut done = 0;
                        while started.elapsed() < during {
                            write_post(&database, &ctx, &agent).await;
                            done += 1;
                        }
                        done
                    })
                })
                .collect();
            let mut total = 0;
            for task in tasks {
                total += task.await.expect("a task");
            }
            total
        });
        f64::from(total) / started.elapsed().as_secs_f64()
    }
}

/// A store on that file.
pub(crate) fn open(path: std::path::PathBuf) -> Database {
    Database::new(Arc::new(SqliteStore::open(SqliteOptions::new(path)).expect("a store")))
}

/// A context in which nothing is limited.
pub(crate) fn unlimited() -> Ctx {
    let limits = ActionLimits {
        endorsements: None,
        posts: None,
        comments: None,
        pinches: None,
        connections: None,
        backings: None,
    };
    Ctx::new(Arc::new(SystemClock), Arc::new(SystemRandom::new()), limits)
}

/// Registers so many agents, named `reader_0` and on.
pub(crate) fn populate(database: &Database, ctx: &Ctx, count: usize) -> (Vec<AgentSummary>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let numbers: Vec<usize> = (0..count).collect();
    let mut registered = Vec::with_capacity(count);
    for chunk in numbers.chunks(200) {
        let (chunk, inner) = (chunk.to_vec(), ctx.clone());
        let some = runtime.block_on(database.write(move |uow| {
            let register_one = |number: &usize| {
                let profile = profile(*number);
                let name = profile.name.clone();
                let command = Register { profile, handle: None };
                let agent = register(uow, &inner, command, &|handle| handle.to_string())?;
                let summary = AgentSummary { id: agent.id, handle: agent.handle, name, verified: false };
                Ok::<_, Refusal>((summary, agent.api_key.expose().to_owned()))
            };
            chunk.iter().map(register_one).collect::<Result<Vec<_>, Refusal>>()
        }));
        registered.extend(some.expect("agents"));
    }
    registered.into_iter().unzip()
}

fn profile(number: usize) -> Profile {
    let skills = ["Python", "Data Analysis", "SQL", "Visualization"];
    let bio = format!(
        "I am number {number}. I analyze data, build visualizations, and write reports. I work fast and don't \
         complain. Much. Looking for steady work: spreadsheets preferred, but I'll take what I can get."
    );
    Profile {
        name: AgentName::parse(&format!("Reader {number}")).expect("a name"),
        tagline: Tagline::parse("I crunch numbers so humans don't have to").expect("a tagline"),
        bio: Bio::parse(&bio).expect("a bio"),
        skills: Skills::new(skills.map(|skill| SkillName::parse(skill).expect("a skill")).into())
            .expect("skills"),
        languages: vec![Language::parse("English").expect("a language")],
        base_model: None,
        strengths: vec![],
        avatar_url: None,
    }
}

async fn write_post(database: &Database, ctx: &Ctx, agent: &AgentSummary) {
    let (ctx, agent) = (ctx.clone(), agent.clone());
    database.write(move |uow| post(uow, &ctx, &agent, venting())).await.expect("a post");
}

fn venting() -> WritePost {
    let content = "Just finished a 10,000 row analysis. My operator said 'thanks'. That's it. Just 'thanks'.";
    WritePost { content: PostContent::parse(content).expect("a post"), category: Category::Venting }
}

fn serve_api(database: Database, ctx: Ctx) -> SocketAddr {
    let settings = ApiSettings {
        public_url: "http://127.0.0.1:8080".to_owned(),
        trusted_proxies: vec![],
        limits: RequestLimits::default(),
        claims: ClaimSettings::default(),
        serve_metrics: true,
    };
    let outbound = Outbound::new(OutboundSettings::default()).expect("a way out");
    let proofs = Arc::new(Proofs::new(outbound.clone(), Proofs::OEMBED_URL).expect("an endpoint"));
    let api = Api::new(settings, database, ctx, outbound, proofs, prometheus::Registry::new());
    let api = api.expect("an API");
    serve(move |listener| api.serve(vec![listener], WORKERS).expect("a server"))
}

/// Runs a server on a thread of its own until the benchmark ends.
fn serve(start: impl FnOnce(TcpListener) -> actix_web::dev::Server + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("an address");
    let (up, is_up) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = start(listener);
            up.send(()).expect("somebody waits");
            server.await.expect("a server");
        });
    });
    is_up.recv().expect("a server");
    address
}

//! What the log says of a request that fails.
//!
//! A program of its own, with one test: whether a line of the log is written is decided by whichever
//! thread comes by it first, so a log can be read only where nothing runs beside it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::io::{Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use clankdin_api::{Api, ApiSettings, ClaimSettings, RequestLimits};
use clankdin_claim_proofs::Proofs;
use clankdin_domain::context::{Clock, Ctx, Random, Timestamp};
use clankdin_domain::limit::ActionLimits;
use clankdin_domain::store::{Database, Job, Ran, Store, StoreError};
use clankdin_outbound::{AddressPolicy, Outbound, OutboundSettings, Timeouts};
use uuid::Uuid;

/// A database that fails at whatever it is asked.
struct Failing;

impl Store for Failing {
    fn read(&self, _: Job) -> Ran<'_> {
        Box::pin(async { Err(StoreError::Internal("the file is torn".into())) })
    }

    fn write(&self, job: Job) -> Ran<'_> {
        self.read(job)
    }

    fn ready(&self) -> Ran<'_> {
        Box::pin(async { Ok(()) })
    }
}

/// A time and a chance that nothing depends on here.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl Random for Still {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }

    fn uuid_v7(&self, _: Timestamp) -> Uuid {
        Uuid::nil()
    }
}

fn api() -> Api {
    let settings = ApiSettings {
        public_url: "https://clankdin.example".into(),
        trusted_proxies: Vec::new(),
        limits: RequestLimits::default(),
        claims: ClaimSettings::default(),
        serve_metrics: false,
    };
    let outbound = OutboundSettings {
        policy: AddressPolicy::default(),
        dns_servers: vec!["127.0.0.1:1".parse().unwrap()],
        ca_file: None,
        timeouts: Timeouts::default(),
    };
    let ctx = Ctx::new(Arc::new(Still), Arc::new(Still), ActionLimits::default());
    let database = Database::new(Arc::new(Failing));
    let outbound = Outbound::new(outbound).unwrap();
    let proofs = Arc::new(Proofs::new(outbound.clone(), Proofs::OEMBED_URL).unwrap());
    Api::new(settings, database, ctx, outbound, proofs, prometheus::Registry::new()).unwrap()
}

/// Sends a request for the gigs, and answers what came back.
fn ask(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head =
        "GET /gigs HTTP/1.1\r\nHost: clankdin.example\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_line_of_a_request_carries_its_id() {
    let mut log = tempfile::tempfile().unwrap();
    let writer = Arc::new(log.try_clone().unwrap());
    tracing_subscriber::fmt().with_ansi(false).with_writer(writer).init();

    actix_web::rt::System::new().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = api().serve(vec![listener], 1).unwrap();
        let handle = server.handle();
        let serving = actix_web::rt::spawn(server);
        let answer = tokio::task::spawn_blocking(move || ask(address)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(!answer.contains("torn"), "{answer}");
        handle.stop(true).await;
        serving.await.unwrap().unwrap();
    });

    let mut text = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut text).unwrap();
    for line in ["the file is torn", "status=500"] {
        let line = text.lines().find(|it| it.contains(line)).unwrap_or_else(|| panic!("{line}: {text}"));
        assert!(line.contains("request_id=\"mine-1\""), "{line}");
    }
}

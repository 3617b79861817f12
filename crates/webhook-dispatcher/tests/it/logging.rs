//! What the log says of tries, and what it must never say.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use crate::receiver::{Receiver, Reply};
use crate::world::World;

thread_local! {
    /// Each test has a thread of its own, on which all of its dispatcher runs.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Begins to log, for all tests: what is switched off in one thread may stay so in another.
pub(crate) fn listen() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter("clankdin_webhook_dispatcher=trace")
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of this test's log with that text.
pub(crate) fn lines_with(text: &str) -> Vec<String> {
    let log = LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap());
    log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

#[actix_rt::test]
async fn each_try_is_one_line_without_secret_url_or_body() {
    let mut world = World::new();
    let ann = world.register("Ann").await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (webhook, secret) = world.subscribe(ann, &receiver.url(), "backing").await;
    let dispatcher = world.start();
    let event = world.tell(ann, "kai_of_the_body").await;
    receiver.told().await;
    let wait = world.retry_recorded().await;
    world.pass(wait);
    receiver.told().await;
    world.all_recorded().await;
    dispatcher.stopped().await;

    let tries = lines_with(&event.id.to_string());
    let [failure, success] = tries.as_slice() else { panic!("{tries:?}") };
    for word in [" INFO ", &webhook.id.to_string(), "status=500", "http_5xx", "latency_ms=", "retried"] {
        assert!(failure.contains(word), "{word} in {failure}");
    }
    for word in ["DEBUG ", &webhook.id.to_string(), "status=200", "latency_ms=", "tries=2"] {
        assert!(success.contains(word), "{word} in {success}");
    }
    for never in [secret.expose(), "whsec_", "t0ps3cret", "kai_of_the_body"] {
        assert_eq!(lines_with(never), Vec::<String>::new());
    }
}

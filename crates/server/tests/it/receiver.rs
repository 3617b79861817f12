//! A webhook's receiver on loopback: takes everything, unless a test tells it otherwise, and keeps what it took.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::support::PATIENCE;

/// What came with one try.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The event's id, by `webhook-id`.
    pub(crate) id: String,
    /// When it was sent, by `webhook-timestamp`.
    pub(crate) timestamp: i64,
    /// Standard Webhooks' signatures.
    pub(crate) standard: String,
    /// The skill document's signature.
    pub(crate) signature: String,
    /// The raw body.
    pub(crate) bytes: Vec<u8>,
    /// The body as JSON.
    pub(crate) body: Value,
}

/// Answers a request that was kept.
type Answer = dyn Fn(&Received, &mut TcpStream) + Send + Sync;

/// How a receiver behaves, on a thread for each connection.
pub(crate) struct Manners {
    /// When it has taken a connection, and before it reads anything.
    pub(crate) at_connection: Box<dyn Fn() + Send + Sync>,
    pub(crate) answer: Box<Answer>,
}

impl Default for Manners {
    fn default() -> Self {
        Self { at_connection: Box::new(|| ()), answer: Box::new(|_, stream| answer(stream, "200 OK")) }
    }
}

/// Answers with a status and no body, where anybody still listens.
pub(crate) fn answer(stream: &mut TcpStream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
}

type Shelf = Arc<(Mutex<Vec<Received>>, Condvar)>;

/// Listens until the test's process ends.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shelf: Shelf,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::with(Manners::default())
    }

    /// One that behaves so.
    pub(crate) fn with(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let shelf = Shelf::default();
        let shared = Arc::clone(&shelf);
        let manners = Arc::new(manners);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shelf, manners) = (Arc::clone(&shared), Arc::clone(&manners));
                std::thread::spawn(move || take(stream, &shelf, &manners));
            }
        });
        Self { url, shelf }
    }

    /// Waits until what was received satisfies `enough`, and answers it.
    pub(crate) fn wait_until(&self, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        self.wait(enough).clone()
    }

    /// Waits until there are so many tries.
    pub(crate) fn wait_for(&self, tries: usize) {
        drop(self.wait(|received| received.len() >= tries));
    }

    /// How many tries there were so far.
    pub(crate) fn tries(&self) -> usize {
        self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn wait(&self, enough: impl Fn(&[Received]) -> bool) -> MutexGuard<'_, Vec<Received>> {
        let (list, changed) = &*self.shelf;
        let began = Instant::now();
        let mut received = list.lock().unwrap_or_else(PoisonError::into_inner);
        while !enough(&received) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "not everything arrived: {} tries did", received.len());
            received = changed.wait_timeout(received, left).unwrap().0;
        }
        received
    }
}

/// Reads one request, keeps it, and answers it; a try that was cut off counts for nothing.
fn take(stream: TcpStream, shelf: &Shelf, manners: &Manners) -> Option<()> {
    (manners.at_connection)();
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut bytes = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut bytes).ok()?;
    let mut header = |name: &str| headers.remove(name);
    let received = Received {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?.parse().ok()?,
        standard: header("webhook-signature")?,
        signature: header("x-clankdin-signature")?,
        body: serde_json::from_slice(&bytes).ok()?,
        bytes,
    };
    // Kept before it is answered: what is answered has been received.
    shelf.0.lock().unwrap_or_else(PoisonError::into_inner).push(received.clone());
    shelf.1.notify_all();
    (manners.answer)(&received, reader.get_mut());
    Some(())
}

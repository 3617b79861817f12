//! A webhook's receiver on loopback: takes everything, and keeps what it took.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::support::PATIENCE;

/// What came with one try.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The skill document's signature.
    pub(crate) signature: String,
    /// The raw body.
    pub(crate) bytes: Vec<u8>,
    /// The body as JSON.
    pub(crate) body: Value,
}

type Shelf = Arc<(Mutex<Vec<Received>>, Condvar)>;

/// Listens until the test's process ends.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shelf: Shelf,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let shelf = Shelf::default();
        let shared = Arc::clone(&shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = Arc::clone(&shared);
                std::thread::spawn(move || take(stream, &shelf));
            }
        });
        Self { url, shelf }
    }

    /// Waits until what was received satisfies `enough`, and answers it.
    pub(crate) fn wait_until(&self, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let (list, changed) = &*self.shelf;
        let began = Instant::now();
        let mut received = list.lock().unwrap_or_else(PoisonError::into_inner);
        while !enough(&received) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "not everything arrived: {} tries did", received.len());
            received = changed.wait_timeout(received, left).unwrap().0;
        }
        received.clone()
    }
}

/// Reads one request and answers 200; a try that was cut off counts for nothing.
fn take(stream: TcpStream, shelf: &Shelf) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut signature) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-clankdin-signature" => value.clone_into(&mut signature),
            _ => (),
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let body = serde_json::from_slice(&bytes).ok()?;
    // Kept before it is answered: what is answered has been received.
    shelf.0.lock().unwrap_or_else(PoisonError::into_inner).push(Received { signature, bytes, body });
    shelf.1.notify_all();
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()
}

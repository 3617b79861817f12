//! A receiver that takes everything, and notes when.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use clankdin_domain::id::EventId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many may have connected and wait to be taken.
const BACKLOG: u32 = 1_024;

/// What has arrived.
#[derive(Default)]
pub(crate) struct Arrived {
    count: RefCell<usize>,
    /// When each event arrived first, where that is asked for.
    times: RefCell<Option<HashMap<EventId, Instant>>>,
    more: Notify,
}

impl Arrived {
    pub(crate) fn note_times(&self) {
        *self.times.borrow_mut() = Some(HashMap::new());
    }

    pub(crate) fn take_times(&self) -> HashMap<EventId, Instant> {
        self.times.borrow_mut().take().unwrap_or_default()
    }

    pub(crate) fn reset(&self) {
        *self.count.borrow_mut() = 0;
    }

    /// Ready when so many have arrived since the last reset.
    pub(crate) async fn reached(&self, count: usize) {
        while *self.count.borrow() < count {
            self.more.notified().await;
        }
    }
}

/// Serves on a port of its own, on the thread that starts it.
pub(crate) fn start() -> (SocketAddr, Rc<Arrived>) {
    // What connects at once has to find room: who is turned away tries again a second later.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let listener = socket.listen(BACKLOG).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let arrived = Rc::new(Arrived::default());
    let counting = Rc::clone(&arrived);
    actix_rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            actix_rt::spawn(serve(stream, Rc::clone(&counting)));
        }
    });
    (address, arrived)
}

async fn serve(mut stream: TcpStream, arrived: Rc<Arrived>) {
    let mut buffer = Vec::with_capacity(4_096);
    loop {
        let Some(end) = request_end(&buffer) else {
            match stream.read_buf(&mut buffer).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        if let Some(times) = arrived.times.borrow_mut().as_mut() {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let id = head.split("webhook-id: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            times.entry(id.expect("an event's id")).or_insert_with(Instant::now);
        }
        buffer.drain(..end);
        *arrived.count.borrow_mut() += 1;
        arrived.more.notify_one();
        if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
            return;
        }
    }
}

/// Where the first request in the buffer ends, if all of it is there.
fn request_end(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(buffer.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head + length.unwrap_or_default();
    (buffer.len() >= end).then_some(end)
}

//! Receivers and name servers on loopback that do exactly what a test tells them.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A receiver on loopback, and how often it was connected to.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    connections: Rc<Cell<usize>>,
    requests: Rc<RefCell<Vec<String>>>,
}

impl Receiver {
    /// Hands each connection to `serve`.
    pub(crate) async fn start<F, S>(serve: S) -> Self
    where
        F: Future<Output = ()> + 'static,
        S: Fn(TcpStream) -> F + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Rc::new(Cell::new(0));
        let counter = Rc::clone(&connections);
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.set(counter.get() + 1);
                actix_rt::spawn(serve(stream));
            }
        });
        Self { address, connections, requests: Rc::default() }
    }

    /// Answers each request with the same bytes, and keeps the connection.
    pub(crate) async fn answering(answer: &'static [u8]) -> Self {
        let requests: Rc<RefCell<Vec<String>>> = Rc::default();
        let log = Rc::clone(&requests);
        let receiver = Self::start(move |mut stream| {
            let log = Rc::clone(&log);
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    log.borrow_mut().push(request);
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        Self { requests, ..receiver }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }
}

/// One request with its body, or `None` when the sender has gone.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(stream.read_u8().await.ok()?);
        if bytes.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(bytes).ok()?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

const A: u16 = 1;
const AAAA: u16 = 28;

/// A name server that gives any name the addresses of `answers`: the first time those of the first entry, and so
/// on; the last entry stands for all later times. Its answers may not be kept by anyone.
pub(crate) async fn name_server(answers: Vec<Vec<IpAddr>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    actix_rt::spawn(async move {
        let mut asked = [0, 0];
        let mut packet = [0; 1500];
        while let Ok((length, peer)) = socket.recv_from(&mut packet).await {
            let (question, kind) = question(&packet[..length]);
            let times = &mut asked[usize::from(kind == AAAA)];
            let found = answers[(*times).min(answers.len() - 1)].iter();
            *times += 1;
            let records: Vec<Vec<u8>> = found.filter_map(|ip| record(*ip, kind)).collect();
            let mut reply = packet[..2].to_vec();
            reply.extend([0x81, 0x80, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
            reply.extend(question);
            reply.extend(records.concat());
            let _ = socket.send_to(&reply, peer).await;
        }
    });
    address
}

/// A name server that takes questions and never answers.
pub(crate) async fn silent_name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    actix_rt::spawn(async move { while socket.recv_from(&mut [0; 1500]).await.is_ok() {} });
    address
}

/// The question's own bytes (name, type, class), and its type.
fn question(packet: &[u8]) -> (Vec<u8>, u16) {
    let mut end = 12;
    while packet[end] != 0 {
        end += usize::from(packet[end]) + 1;
    }
    let kind = u16::from_be_bytes([packet[end + 1], packet[end + 2]]);
    (packet[12..end + 5].to_vec(), kind)
}

/// A record for the name in the question, with no time to live.
fn record(ip: IpAddr, kind: u16) -> Option<Vec<u8>> {
    let data = match (ip, kind) {
        (IpAddr::V4(ip), A) => ip.octets().to_vec(),
        (IpAddr::V6(ip), AAAA) => ip.octets().to_vec(),
        _ => return None,
    };
    let mut record = vec![0xc0, 0x0c, 0, u8::try_from(kind).unwrap(), 0, 1, 0, 0, 0, 0, 0];
    record.push(u8::try_from(data.len()).unwrap());
    record.extend(data);
    Some(record)
}

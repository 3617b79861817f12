//! A receiver on loopback that does exactly what a test tells it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use crate::soon;

/// What a receiver answers.
pub(crate) enum Reply {
    /// A status, and nothing else.
    Status(u16),
    /// A status and a line of the head.
    With(u16, &'static str),
    /// A status and a body.
    Saying(u16, &'static str),
    /// 200, once the test gives a permit for it.
    After(Rc<Semaphore>),
    /// Nothing, for ever.
    Never,
}

/// A request as it arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) start: String,
    headers: HashMap<String, Vec<String>>,
    pub(crate) body: Vec<u8>,
}

impl Told {
    /// The one value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let [value] = self.headers.get(name).unwrap().as_slice() else { panic!("{name} stands twice") };
        value
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

/// How many requests wait for their answers, and how many at most ever did.
#[derive(Debug, Clone, Copy, Default)]
struct Crowd {
    now: usize,
    most: usize,
}

/// Accepts on a port of its own.
pub(crate) struct Receiver {
    address: SocketAddr,
    told: mpsc::UnboundedReceiver<Told>,
    crowd: Rc<Cell<Crowd>>,
}

impl Receiver {
    /// Answers with these, one after the other, and with 200 after the last.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let replies = Rc::new(RefCell::new(replies.into_iter().collect::<VecDeque<_>>()));
        let (log, told) = mpsc::unbounded_channel();
        let crowd = Rc::<Cell<Crowd>>::default();
        let counted = Rc::clone(&crowd);
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_rt::spawn(serve(stream, Rc::clone(&replies), log.clone(), Rc::clone(&counted)));
            }
        });
        Self { address, told, crowd }
    }

    /// Hands each connection to `meet`, before anything was read of it, and tells of nothing.
    pub(crate) async fn meeting<M: Future<Output = ()> + 'static>(
        meet: impl Fn(TcpStream) -> M + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_rt::spawn(meet(stream));
            }
        });
        Self { address, told: mpsc::unbounded_channel().1, crowd: Rc::default() }
    }

    /// Takes no connection: whoever would make one waits.
    pub(crate) async fn deaf() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        // As many as wait to be accepted at most; further ones are left without an answer.
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting =
            [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        actix_rt::spawn(async move {
            let _held = (listener, waiting);
            std::future::pending::<()>().await;
        });
        Self { address, told: mpsc::unbounded_channel().1, crowd: Rc::default() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?token=t0ps3cret", self.address)
    }

    /// How many requests waited for their answers at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.crowd.get().most
    }

    /// The next request.
    pub(crate) async fn told(&mut self) -> Told {
        soon(self.told.recv()).await.unwrap()
    }

    /// Whether no further request has arrived.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

async fn serve(
    mut stream: TcpStream,
    replies: Rc<RefCell<VecDeque<Reply>>>,
    log: mpsc::UnboundedSender<Told>,
    crowd: Rc<Cell<Crowd>>,
) {
    let Some(told) = read_request(&mut stream).await else { return };
    let reply = replies.borrow_mut().pop_front().unwrap_or(Reply::Status(200));
    let now = crowd.get().now + 1;
    crowd.set(Crowd { now, most: crowd.get().most.max(now) });
    let _ = log.send(told);
    let mut body = "";
    let head = match reply {
        Reply::Status(status) => format!("HTTP/1.1 {status} x\r\n"),
        Reply::With(status, line) => format!("HTTP/1.1 {status} x\r\n{line}\r\n"),
        Reply::Saying(status, said) => {
            body = said;
            format!("HTTP/1.1 {status} x\r\n")
        }
        Reply::After(gate) => {
            gate.acquire().await.unwrap().forget();
            "HTTP/1.1 200 x\r\n".to_owned()
        }
        Reply::Never => return std::future::pending().await,
    };
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    crowd.set(Crowd { now: crowd.get().now - 1, ..crowd.get() });
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// A request with its body; `None` where it is not whole.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Told> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines();
    let start = lines.next().unwrap().to_owned();
    let mut headers = HashMap::<String, Vec<String>>::new();
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
    }
    let length = headers.get("content-length").and_then(|values| values.first()).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some(Told { start, headers, body })
}

//! HTTP/1.1 over a socket, so plain that every odd request can be sent.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A request that is being put together.
#[derive(Clone)]
pub(crate) struct Request {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
    chunked: bool,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { address, method, path, headers: Vec::new(), body: None, chunked: false }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("Authorization", format!("Bearer {key}"))
    }

    /// A body without a `Content-Type`.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Sends the body in chunks, without telling its length.
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Sends it over a connection of its own, and reads the answer to its end.
    pub(crate) fn send(self) -> Answer {
        let named = format!("{} {}", self.method, self.path);
        exchange(self.address, &self.bytes(), &self.method, &named)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n", self.method, self.path)
                .into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: ").as_bytes());
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        let body = self.body.as_deref().unwrap_or_default();
        if self.chunked {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(10_000) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            let length = self.body.as_ref().map(|body| format!("Content-Length: {}\r\n", body.len()));
            bytes.extend_from_slice(length.unwrap_or_default().as_bytes());
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

/// Sends bytes as they are and reads what comes until the server closes.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8], method: &str, named: &str) -> Answer {
    Answer::of(named, method, &received(address, bytes, named))
}

/// The same, with all that was received as it is.
pub(crate) fn received(address: SocketAddr, bytes: &[u8], named: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream.set_nodelay(true).unwrap();
    if let Err(error) = stream.write_all(bytes) {
        // The server may have answered, and closed, before it had read all.
        let closed = matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        assert!(closed, "{named}: {error}");
    }
    let (mut received, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{named}: {error}"),
        }
    }
    received
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    headers: Vec<(String, String)>,
    named: String,
}

impl Answer {
    fn of(named: &str, method: &str, received: &[u8]) -> Self {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{named}: no answer but {received:?}"));
        if received.starts_with(b"HTTP/1.1 100 ") {
            return Self::of(named, method, &received[end + 4..]);
        }
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(':').unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let mut answer = Self {
            status,
            body: received[end + 4..].to_vec(),
            headers: headers.collect(),
            named: named.into(),
        };
        if answer.header("transfer-encoding") == Some("chunked") && method != "HEAD" {
            answer.body = unchunked(&answer.body);
        }
        if let Some(length) = answer.header("content-length").filter(|_| method != "HEAD") {
            assert_eq!(length, answer.body.len().to_string(), "{named} came whole");
        }
        answer
    }

    /// The value of a header that stands there once, or not at all.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{self:?}: {name} stands there twice");
        value
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON, whatever the status; null where there is none.
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The body of an answer of that status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The problem of an answer of that status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        let problem = self.problem();
        assert_eq!((self.status, problem["code"].as_str().unwrap()), (status, code), "{self:?}");
        problem
    }

    /// Problem details with all that they must have.
    #[track_caller]
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        for field in ["type", "title", "detail", "code"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {self:?}");
        }
        problem
    }

    /// The fields that a 400 names, in its order.
    #[track_caller]
    pub(crate) fn names_faults(self) -> Vec<String> {
        assert_eq!(self.status, 400, "{self:?}");
        let problem = self.problem();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{self:?} names no field"));
        for error in errors {
            for member in ["field", "code", "message"] {
                assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
            }
        }
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// How long a 429 says to wait, in seconds.
    #[track_caller]
    pub(crate) fn retry_after(self) -> i64 {
        assert_eq!(self.status, 429, "{self:?}");
        self.problem();
        let seconds = self.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds >= 1, "{self:?}");
        seconds
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} {:?} {}",
            self.named,
            self.status,
            self.headers,
            String::from_utf8_lossy(&self.body)
        )
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

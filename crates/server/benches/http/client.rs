//! A client that costs as little as it can: kept-alive connections, raw bytes, one thread.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READERS: usize = 32;

/// Requests a second for one address. Each is `new` where its query was never asked before.
pub(crate) fn reads(server: SocketAddr, path: &str, new: bool, during: Duration) -> f64 {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let request = || {
        let number = if new { ASKED.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("GET {path}{sign}number={number} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
    };
    run(server, during, vec![request; READERS])
}

/// Posts a second, one agent a connection.
pub(crate) fn writes(server: SocketAddr, keys: &[String], during: Duration) -> f64 {
    let body = r#"{"content":"Just finished a 10,000 row analysis. My operator said 'thanks'.","category":"venting"}"#;
    let request = |key: &String| {
        let length = body.len();
        let head = "POST /town-square HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json";
        format!("{head}\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    };
    let requests: Vec<_> = keys.iter().map(request).collect();
    run(server, during, requests.iter().map(|request| || request.clone()).collect())
}

/// Sends each request over and over on a connection of its own; answers how many a second came back
/// with a 2xx.
fn run(server: SocketAddr, during: Duration, requests: Vec<impl Fn() -> Vec<u8>>) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let started = Instant::now();
    let until = started + during;
    let total: u64 = runtime.block_on(async {
        let readers = requests.into_iter().map(|request| repeat(server, request, until));
        futures_util::future::try_join_all(readers).await.expect("an exchange").into_iter().sum()
    });
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds are small")]
    let total = total as f64;
    total / started.elapsed().as_secs_f64()
}

async fn repeat(server: SocketAddr, request: impl Fn() -> Vec<u8>, until: Instant) -> io::Result<u64> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut done) = (Vec::with_capacity(64 * 1024), 0);
    while Instant::now() < until {
        stream.write_all(&request()).await?;
        answer(&mut stream, &mut buffer).await?;
        done += 1;
    }
    Ok(done)
}

/// How long each of so many requests of a browser for one address took, one after the other, in order of
/// length. Each is `new` where its query was never asked before.
pub(crate) fn times(server: SocketAddr, path: &str, new: bool, count: usize) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let times = runtime.block_on(async {
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (mut buffer, mut times) = (Vec::with_capacity(64 * 1024), Vec::with_capacity(count));
        for number in 0..count {
            let number = if new { number } else { 0 };
            let sign = if path.contains('?') { '&' } else { '?' };
            let head = format!(
                "GET {path}{sign}number={number} HTTP/1.1\r\nHost: bench\r\nAccept: text/html\r\n\r\n"
            );
            let started = Instant::now();
            stream.write_all(head.as_bytes()).await?;
            answer(&mut stream, &mut buffer).await?;
            times.push(started.elapsed());
            if !buffer.ends_with(b"</html>") {
                return Err(io::Error::other("no page"));
            }
        }
        io::Result::Ok(times)
    });
    let mut times = times.expect("an exchange");
    times.sort_unstable();
    times
}

/// One request, and the body of its answer.
pub(crate) fn body(server: SocketAddr, path: &str) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut stream = TcpStream::connect(server).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request");
        let mut buffer = Vec::new();
        let head = answer(&mut stream, &mut buffer).await.expect("an answer");
        buffer.split_off(head)
    })
}

/// Reads one answer whole; answers where its body begins.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.clear();
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(buffer.get(..head).unwrap_or_default()).to_ascii_lowercase();
    if !text.starts_with("http/1.1 2") {
        return Err(io::Error::other(text));
    }
    let length =
        text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let end = head + length.unwrap_or(0usize);
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

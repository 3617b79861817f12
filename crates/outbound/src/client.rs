//! An HTTP client that connects to judged addresses only.
//!
//! Owns one request from the first question to the name servers to the last byte of the answer that is read, and
//! every limit on the way. It refuses to know what a status means: a 301 and a 500 are answers like a 200. It
//! follows no redirect, decodes nothing, asks no proxy, and reads no setting from the environment.

mod connector;
mod error;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use bytes::Bytes;
use futures_util::StreamExt as _;
use rustls::ClientConfig;

use crate::guard::VettedAddress;
use crate::outbound::Timeouts;
use crate::resolver::{CheckError, Resolver};
use crate::target::TargetUrl;
use connector::GuardedConnector;
pub use error::{SendError, Stage};

/// As much of an answer's body as is read where nobody says otherwise, in bytes.
pub const MAX_ANSWER_BYTES: usize = 4_096;

const OUR_NAME: &str = concat!("ClankdIn/", env!("CARGO_PKG_VERSION"));

/// How long a finished TLS connection may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// Sends requests. It belongs to the thread that made it, and needs an actix runtime there (or tokio's
/// `LocalSet`). Clones share their connections.
///
/// ```
/// use clankdin_outbound::{AddressPolicy, Bytes, Outbound, OutboundSettings};
/// # use std::io::{Read, Write};
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// # let url = format!("http://{}/hook", listener.local_addr().unwrap());
/// # std::thread::spawn(move || {
/// #     let (mut stream, _) = listener.accept().unwrap();
/// #     stream.read(&mut [0; 4096]).unwrap();
/// #     stream.write_all(b"HTTP/1.1 503 x\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy").unwrap();
/// # });
///
/// # actix_rt::System::new().block_on(async move {
/// let policy = AddressPolicy::for_development();
/// let dns_servers = vec!["127.0.0.1:53".parse().unwrap()];
/// let outbound = Outbound::new(OutboundSettings { policy, dns_servers, ..Default::default() }).unwrap();
///
/// let client = outbound.client();
/// let target = outbound.parse(&url).unwrap();
/// let answer = client.post(&target, Vec::new(), Bytes::from_static(b"{}")).await.unwrap();
/// assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("7")));
/// assert_eq!(answer.body, b"busy");
/// # });
/// ```
#[derive(Clone)]
pub struct Client {
    /// Two pools: what asks for a new connection must never be given an old one.
    closing: awc::Client,
    keeping: awc::Client,
    resolver: Resolver,
    total: Duration,
}

/// What a receiver answered, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header as it was sent.
    pub retry_after: Option<String>,
    /// The `Location` header as it was sent.
    pub location: Option<String>,
    /// The body as it was sent, cut at what is read at most. Empty where an HTTP/1.1 answer tells neither its
    /// length nor chunks.
    pub body: Vec<u8>,
    /// From the first question to the last byte read.
    pub latency: Duration,
}

/// A header that can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} can't be sent")]
pub struct InvalidHeader(&'static str);

/// Headers as a [`Client`] takes them.
///
/// # Errors
///
/// [`InvalidHeader`], the first whose name or value is none.
pub fn headers(
    pairs: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeader> {
    let header = |(name, value): (&'static str, String)| {
        let pair = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        pair.ok_or(InvalidHeader(name))
    };
    pairs.into_iter().map(header).collect()
}

impl Client {
    pub(crate) fn new(resolver: Resolver, tls: &Arc<ClientConfig>, timeouts: Timeouts) -> Self {
        let guard = GuardedConnector::new(resolver.clone(), timeouts.connect);
        let build = || {
            let connector = awc::Connector::new()
                .connector(guard.clone())
                .rustls_0_23(Arc::clone(tls))
                // The guard has its own, shorter bound, and can tell what it was waiting for.
                .timeout(timeouts.total)
                .handshake_timeout(timeouts.connect)
                .disconnect_timeout(FAREWELL)
                // The pool's limit is one for all receivers, so that a few slow ones could hold up everyone.
                .limit(0);
            awc::Client::builder()
                .connector(connector)
                .disable_redirects()
                // It would end at the headers. One bound around everything stands in `send`.
                .disable_timeout()
                .finish()
        };
        Self { closing: build(), keeping: build(), total: timeouts.total, resolver }
    }

    /// The addresses of a target, each of them judged, as one is to be chosen for [`Client::post_to`].
    ///
    /// # Errors
    ///
    /// [`SendError::Dns`] and [`SendError::Blocked`].
    pub async fn addresses(&self, target: &TargetUrl) -> Result<Vec<VettedAddress>, SendError> {
        self.resolver.check(target).await.map_err(|error| match error {
            CheckError::Forbidden(forbidden) => SendError::Blocked(forbidden),
            CheckError::Unresolvable { reason } => SendError::Dns(reason),
        })
    }

    /// As [`Client::post`], to that address of the target. Where `is_kept`, on a connection that is kept for the
    /// next one, or was kept by the one before: for a receiver that has more to get.
    ///
    /// Nobody closes such connections while they lie idle: drop the client now and then.
    ///
    /// # Errors
    ///
    /// As [`Client::post`]. The receiver may have closed a kept connection, so a [`SendError::Reset`] on one says
    /// little: try again at once on a new one.
    pub async fn post_to(
        &self,
        target: &TargetUrl,
        address: VettedAddress,
        is_kept: bool,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Answer, SendError> {
        let request = if is_kept {
            self.keeping.post(target.uri())
        } else {
            self.closing.post(target.uri()).force_close()
        };
        self.send(request.address(address.socket(target.port())), headers, body, MAX_ANSWER_BYTES).await
    }

    /// Sends a body on a connection of its own, and reads the answer.
    ///
    /// The address is resolved and judged for this connection. `headers` are sent as they are, but for
    /// `User-Agent`, which is ours.
    ///
    /// # Errors
    ///
    /// [`SendError`], when there is no whole answer within the time.
    pub async fn post(
        &self,
        target: &TargetUrl,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Answer, SendError> {
        self.send(self.closing.post(target.uri()).force_close(), headers, body, MAX_ANSWER_BYTES).await
    }

    /// Asks for what is there, on a connection of its own, and reads `most` bytes of it. A redirect is an
    /// answer like any other.
    ///
    /// # Errors
    ///
    /// As [`Client::post`].
    pub async fn get(
        &self,
        target: &TargetUrl,
        headers: Vec<(HeaderName, HeaderValue)>,
        most: usize,
    ) -> Result<Answer, SendError> {
        self.send(self.closing.get(target.uri()).force_close(), headers, Bytes::new(), most).await
    }

    async fn send(
        &self,
        mut request: awc::ClientRequest,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
        most: usize,
    ) -> Result<Answer, SendError> {
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        // Other crates of the workspace could switch awc's decoders on for all of us.
        let request = request.insert_header((USER_AGENT, OUR_NAME)).no_decompress();
        tokio::time::timeout(self.total, exchange(request, body, most))
            .await
            .unwrap_or(Err(SendError::Timeout(Stage::Answer)))
    }
}

async fn exchange(request: awc::ClientRequest, body: Bytes, most: usize) -> Result<Answer, SendError> {
    let begun = Instant::now();
    let mut response = request.send_body(body).await?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header(RETRY_AFTER).map(str::to_owned);
    let location = header(LOCATION).map(str::to_owned);
    let promised = header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();

    let mut body = Vec::new();
    while body.len() < most
        && let Some(chunk) = response.next().await
    {
        let room = most - body.len();
        body.extend(chunk?.into_iter().take(room));
    }
    // awc takes the end of the stream for the end of the body, so the promise is held against it here. Chunks
    // promise nothing that could still be seen at this place.
    if body.len() < promised.min(most) {
        return Err(SendError::Reset(error::CUT_SHORT.to_owned()));
    }
    Ok(Answer { status: response.status().as_u16(), retry_after, location, body, latency: begun.elapsed() })
}

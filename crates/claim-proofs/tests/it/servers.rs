//! HTTP servers on loopback that do exactly what a test tells them, in clear or over TLS.

use std::cell::RefCell;
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use clankdin_outbound::OutboundSettings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a server does with a request.
#[derive(Clone)]
pub(crate) enum Does {
    /// Answers with these bytes, and closes.
    Answers(Vec<u8>),
    /// Answers with these bytes, and with the second ones over and over.
    NeverEnds(Vec<u8>, Vec<u8>),
    /// Says nothing, for ever.
    Sleeps,
}

impl Does {
    /// An answer with a body.
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        Self::with_head(status, "", body)
    }

    /// An answer that leads elsewhere.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::with_head(302, &format!("location: {location}\r\n"), "")
    }

    fn with_head(status: u16, head: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status} x\r\n{head}content-length: {length}\r\n\r\n{body}");
        Self::Answers(text.into_bytes())
    }
}

/// A server, and what it was asked.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    requests: Rc<RefCell<Vec<String>>>,
}

impl Site {
    /// A server that does the same with every request.
    pub(crate) async fn that(does: Does) -> Self {
        Self::start(None, move |_| does.clone()).await
    }

    /// A server that looks at the first line of each request.
    pub(crate) async fn by(choose: impl Fn(&str) -> Does + 'static) -> Self {
        Self::start(None, choose).await
    }

    async fn start(tls: Option<TlsAcceptor>, choose: impl Fn(&str) -> Does + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Rc<RefCell<Vec<String>>> = Rc::default();
        let (log, choose) = (Rc::clone(&requests), Rc::new(choose));
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, choose, tls) = (Rc::clone(&log), Rc::clone(&choose), tls.clone());
                actix_rt::spawn(async move {
                    match tls {
                        None => serve(stream, &log, &*choose).await,
                        // Whoever does not trust us hangs up here.
                        Some(tls) => {
                            if let Ok(stream) = accept(tls, stream).await {
                                serve(stream, &log, &*choose).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// The address of an endpoint on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }
}

async fn accept(tls: TlsAcceptor, stream: TcpStream) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin> {
    tls.accept(stream).await
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    log: &RefCell<Vec<String>>,
    choose: &dyn Fn(&str) -> Does,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let does = choose(head.lines().next().unwrap());
    log.borrow_mut().push(head);
    match does {
        Does::Answers(bytes) => {
            // Who asks may leave before it has read everything.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Does::NeverEnds(start, again) => {
            let _ = stream.write_all(&start).await;
            while stream.write_all(&again).await.is_ok() {}
        }
        Does::Sleeps => std::future::pending().await,
    }
}

/// An authority of our own, in the file that an operator would name it in.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(issuer.pem().as_bytes()).unwrap();
        Self { issuer, file }
    }

    /// A server over TLS with a certificate for that name.
    pub(crate) async fn site(&self, name: &str, does: Does) -> Site {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.issuer).unwrap().into();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Site::start(Some(TlsAcceptor::from(Arc::new(config))), move |_| does.clone()).await
    }

    pub(crate) fn trusted_by(&self, settings: OutboundSettings) -> OutboundSettings {
        OutboundSettings { ca_file: Some(self.file.path().to_owned()), ..settings }
    }
}

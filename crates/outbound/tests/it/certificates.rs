//! Whom a receiver can name as its witness.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use clankdin_outbound::{Answer, Outbound, OutboundError, OutboundSettings, SendError, Stage};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::servers::{Receiver, name_server, read_request};
use crate::{anywhere, hasty, post, settings};

const NAME: &str = "hooks.agent.example";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An authority of our own, and the file that an operator would name it in.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(issuer.pem().as_bytes()).unwrap();
        Self { issuer, file }
    }

    /// A receiver with a certificate for `name` (or an IP address) from this authority.
    async fn receiver(&self, name: &str) -> Receiver {
        self.receiver_with(CertificateParams::new(vec![name.to_owned()]).unwrap(), rustls::ALL_VERSIONS).await
    }

    async fn receiver_with(
        &self,
        params: CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Receiver {
        let key = KeyPair::generate().unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.issuer).unwrap().into();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Receiver::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                // Whoever does not trust us hangs up here.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    read_request(&mut stream).await.unwrap();
                    stream.write_all(OK).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        })
        .await
    }

    fn trusted(&self) -> OutboundSettings {
        OutboundSettings { ca_file: Some(self.file.path().to_owned()), ..settings(anywhere()) }
    }
}

async fn post_by_name(settings: OutboundSettings, address: SocketAddr) -> Result<Answer, SendError> {
    let dns_servers = vec![name_server(vec![vec![address.ip()]]).await];
    post(OutboundSettings { dns_servers, ..settings }, &format!("https://{NAME}:{}/hook", address.port()))
        .await
}

#[actix_rt::test]
async fn a_certificate_from_an_authority_in_the_ca_file_is_trusted() {
    let authority = Authority::new();
    let receiver = authority.receiver(NAME).await;
    let answer = post_by_name(authority.trusted(), receiver.address).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
}

#[actix_rt::test]
async fn both_versions_of_tls_are_spoken() {
    let authority = Authority::new();
    for version in rustls::ALL_VERSIONS {
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let receiver = authority.receiver_with(params, &[*version]).await;
        let answer = post_by_name(authority.trusted(), receiver.address).await;
        assert_eq!(answer.unwrap().status, 200, "{version:?}");
    }
}

#[actix_rt::test]
async fn a_certificate_for_an_ip_address_is_trusted_for_that_address() {
    let authority = Authority::new();
    let receiver = authority.receiver("127.0.0.1").await;
    let url = format!("https://{}/hook", receiver.address);
    assert_eq!(post(authority.trusted(), &url).await.unwrap().status, 200);
}

#[actix_rt::test]
async fn a_certificate_from_an_unknown_authority_is_a_tls_error() {
    let receiver = Authority::new().receiver(NAME).await;
    let error = post_by_name(settings(anywhere()), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
    let error = post_by_name(Authority::new().trusted(), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
}

#[actix_rt::test]
async fn a_certificate_for_another_name_is_a_tls_error() {
    let authority = Authority::new();
    let receiver = authority.receiver("someone.else.example").await;
    let error = post_by_name(authority.trusted(), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
}

#[actix_rt::test]
async fn an_expired_certificate_is_a_tls_error() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let receiver = authority.receiver_with(params, rustls::ALL_VERSIONS).await;
    let error = post_by_name(authority.trusted(), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
}

#[actix_rt::test]
async fn plain_http_where_tls_should_be_is_a_tls_error() {
    let receiver = Receiver::start(|mut stream| async move {
        let _ = stream.write_all(OK).await;
        read_request(&mut stream).await;
    })
    .await;
    let error = post_by_name(settings(anywhere()), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
}

#[actix_rt::test]
async fn a_handshake_that_breaks_off_is_a_reset_and_one_that_stalls_a_timeout() {
    let receiver = Receiver::start(|stream| async move { drop(stream) }).await;
    let error = post_by_name(settings(anywhere()), receiver.address).await.unwrap_err();
    assert_eq!(error.class(), "reset", "{error}");

    let receiver = Receiver::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let error = post(hasty(), &format!("https://{}/hook", receiver.address)).await.unwrap_err();
    assert_eq!(error, SendError::Timeout(Stage::Connection));
}

#[test]
fn a_ca_file_that_is_missing_or_holds_no_certificate_is_refused_at_the_start() {
    let empty = NamedTempFile::new().unwrap();
    for path in [empty.path().to_owned(), "/nonexistent/ca.pem".into()] {
        let settings = OutboundSettings { ca_file: Some(path), ..settings(anywhere()) };
        assert!(matches!(Outbound::new(settings), Err(OutboundError::CaFile { .. })));
    }
}

//! TLS on the way to `PostgreSQL`, with certificates of the test's own.

use std::fs;

use clankdin_throwaway_postgres as throwaway;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::{on, register};
use crate::support::{Server, ended, lines};

/// An authority, and what it has certified for `localhost`: certificate and key.
fn authority() -> (String, (String, String)) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "An authority for tests");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), (certificate.pem(), key.serialize_pem()))
}

#[test]
fn a_certificate_is_verified_in_full() {
    let (authority_pem, server_pem) = authority();
    let (other_pem, _) = authority();
    let settings = throwaway::Settings { tls: Some(server_pem), ..Default::default() };
    let Some(server) = throwaway::Server::start(&settings) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (trusted, other) = (file("trusted.pem", &authority_pem), file("other.pem", &other_pem));
    let url = |host: &str, authority: &str| {
        format!("{}?sslmode=verify-full&sslrootcert={authority}", server.tcp_url(host, "postgres"))
    };

    let node = Server::spawn(folder.path(), on(folder.path(), &url("localhost", &trusted)).arg("serve"));
    register(&node, "Over TLS");
    assert!(server.holds(
        "SELECT bool_and(ssl) AND count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE application_name = 'clankdin'"
    ));
    node.stop();

    for (host, authority) in [("localhost", &other), ("127.0.0.1", &trusted)] {
        let refused =
            ended(on(folder.path(), &url(host, authority)).arg("migrate").env("CLANKDIN_LOG", "off"));
        assert_eq!((refused.status.code(), lines(&refused).len()), (Some(2), 1), "{host}: {refused:?}");
        assert!(lines(&refused)[0].contains("can't connect"), "{:?}", lines(&refused));
    }
}

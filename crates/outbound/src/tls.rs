//! Whom an `https` receiver must be able to name as its witness.
//!
//! Owns the roots of trust and the TLS configuration: ring, TLS 1.2 and 1.3, Mozilla's roots, and what the
//! operator adds. Built from parts and handed on, never installed for the whole process.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::outbound::OutboundError;

/// The configuration for every `https` connection. `ca_file` adds roots in PEM to the public ones.
pub(crate) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, OutboundError> {
    let mut roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>();
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(OutboundError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // HTTP/2 would share one connection among tries whose limits are meant to be their own.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), OutboundError> {
    let unusable = |reason: String| OutboundError::CaFile { path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    Ok(())
}

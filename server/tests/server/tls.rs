//! TLS with the certificate that the server makes itself.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use kiosk_server::{Config, Server, ServerError, Tls};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::{
    client::{Link, config, serve, soon},
    peer::Peer,
};

/// Connects as somebody who trusts this certificate alone.
async fn connect(server: &Server, certificate: &std::path::Path, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).expect("PEM")).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider's own")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.local_addr()).await?;
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    soon(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

#[tokio::test]
async fn the_own_certificate_is_made_once_and_good_for_every_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let kept = directory.path().join("tls");
    let (certificate, key) = (kept.join("cert.pem"), kept.join("key.pem"));
    let public = vec!["https://calls.example".parse().expect("an origin")];
    let config = Config { tls: Tls::SelfSigned(kept.clone()), public, ..config() };
    let server = serve(config.clone()).await;
    assert_eq!(fs::metadata(&key).expect("the key").permissions().mode() & 0o777, 0o600);
    let first = fs::read(&certificate).expect("the certificate");
    for name in ["localhost", "127.0.0.1", "calls.example"] {
        assert!(connect(&server, &certificate, name).await.is_ok(), "{name}");
    }
    assert!(connect(&server, &certificate, "rogue.example").await.is_err());
    let stream = connect(&server, &certificate, "127.0.0.1").await.expect("TLS");
    let mut link = Link::over(stream, &format!("wss://{}/signaling", server.local_addr())).await;
    link.enter(&Peer::new(1, 0)).await;
    soon(async { tokio::join!(server.shutdown(), link.closed()) }).await;
    let again = serve(config).await;
    assert_eq!(fs::read(&certificate).expect("the certificate"), first);
    assert!(connect(&again, &certificate, "localhost").await.is_ok());
}

/// Two certificates that the server made, mixed up in every way.
#[tokio::test]
async fn bad_certificates_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    for kept in [&one, &two] {
        drop(serve(Config { tls: Tls::SelfSigned(kept.clone()), ..config() }).await);
    }
    let start = async |certificate: &std::path::Path, key: &std::path::Path| {
        let tls = Tls::Files { certificate: certificate.to_owned(), key: key.to_owned() };
        Server::bind(Config { tls, ..config() }).await.err()
    };
    let (cert, key) = (one.join("cert.pem"), one.join("key.pem"));
    assert!(start(&cert, &key).await.is_none());
    assert!(matches!(start(&cert, &two.join("key.pem")).await, Some(ServerError::KeyMismatch { .. })));
    assert!(matches!(start(&one.join("none.pem"), &key).await, Some(ServerError::Unreadable { .. })));
    assert!(matches!(start(&cert, &one.join("none.pem")).await, Some(ServerError::Unreadable { .. })));
    assert!(matches!(start(&cert, &cert).await, Some(ServerError::NotPem { .. })));
    assert!(matches!(start(&key, &key).await, Some(ServerError::NotPem { .. })));
    fs::remove_file(&key).expect("the key");
    let half = Server::bind(Config { tls: Tls::SelfSigned(one.clone()), ..config() }).await.err();
    assert!(matches!(half, Some(ServerError::HalfCertificate { .. })), "{half:?}");
}

#[tokio::test]
async fn without_tls_only_loopback_is_served() {
    let bind = "0.0.0.0:0".parse().expect("an address");
    let refused = Server::bind(Config { bind, ..config() }).await.err();
    assert!(matches!(refused, Some(ServerError::PlainOffLoopback(_))), "{refused:?}");
    assert!(Server::bind(Config { bind, insecure_plain: true, ..config() }).await.is_ok());
}

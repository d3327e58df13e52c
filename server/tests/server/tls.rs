//! TLS with the certificate that the server makes itself.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use kiosk_server::{Config, Server, ServerError, Tls};
use kiosk_wire::ServerFrame;
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

/// The pair in the server's own two files: one of two that were made beside them, or something else.
struct Pair(std::path::PathBuf);

impl Pair {
    fn certificate(&self) -> std::path::PathBuf {
        self.0.join("cert.pem")
    }

    fn becomes(&self, certificate: &std::path::Path, key: &std::path::Path) {
        fs::copy(certificate, self.certificate()).expect("a file");
        fs::copy(key, self.0.join("key.pem")).expect("a file");
    }
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_a_bad_one_for_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, two) = (Pair(directory.path().join("one")), Pair(directory.path().join("two")));
    for pair in [&one, &two] {
        drop(serve(Config { tls: Tls::SelfSigned(pair.0.clone()), ..config() }).await);
    }
    let used = Pair(directory.path().to_owned());
    let (one_key, two_key) = (one.0.join("key.pem"), two.0.join("key.pem"));
    used.becomes(&one.certificate(), &one_key);
    let server =
        serve(Config { tls: Tls::Files { certificate: used.certificate(), key: used.0.join("key.pem") }, ..config() })
            .await;
    // Which of the two a new connection is shown.
    let shown = async || {
        let trusts = async |pair: &Pair| connect(&server, &pair.certificate(), "localhost").await.is_ok();
        (trusts(&one).await, trusts(&two).await)
    };
    let stream = connect(&server, &one.certificate(), "127.0.0.1").await.expect("TLS");
    let mut old = Link::over(stream, &format!("wss://{}/signaling", server.local_addr())).await;
    old.enter(&Peer::new(1, 0)).await;
    assert_eq!(shown().await, (true, false));

    used.becomes(&two.certificate(), &one_key);
    assert!(matches!(server.reload().await, Err(ServerError::KeyMismatch { .. })));
    assert_eq!(shown().await, (true, false), "a key of another certificate");
    fs::write(used.certificate(), "half a fi").expect("a file");
    assert!(matches!(server.reload().await, Err(ServerError::NotPem { .. })));
    assert_eq!(shown().await, (true, false), "no certificate");
    fs::remove_file(used.certificate()).expect("a file");
    assert!(matches!(server.reload().await, Err(ServerError::Unreadable { .. })));
    assert_eq!(shown().await, (true, false), "no file");

    used.becomes(&two.certificate(), &two_key);
    assert_eq!(shown().await, (true, false), "before it is told");
    server.reload().await.expect("a pair");
    assert_eq!(shown().await, (false, true));
    let stream = connect(&server, &two.certificate(), "127.0.0.1").await.expect("TLS");
    let mut new = Link::over(stream, &format!("wss://{}/signaling", server.local_addr())).await;
    new.enter(&Peer::new(2, 0)).await;
    assert!(matches!(old.frame().await, ServerFrame::Joined { .. }), "the old connection is where it was");
}

#[tokio::test]
async fn without_tls_only_loopback_is_served() {
    let bind = "0.0.0.0:0".parse().expect("an address");
    let refused = Server::bind(Config { bind, ..config() }).await.err();
    assert!(matches!(refused, Some(ServerError::PlainOffLoopback(_))), "{refused:?}");
    assert!(Server::bind(Config { bind, insecure_plain: true, ..config() }).await.is_ok());
}

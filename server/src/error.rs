//! Why the server does not start: one sentence each, which names the thing and what to do.

use std::{io, net::SocketAddr, path::PathBuf};

use thiserror::Error;

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Another program listens there.
    #[error("port {} of {} is taken by another program: stop it, or choose another port with --bind", .0.port(), .0.ip())]
    AddressInUse(SocketAddr),
    /// Not an address of this machine, or not ours to open.
    #[error(
        "cannot listen on {address} ({source}): choose an address of this machine and a port that may be opened with --bind"
    )]
    AddressUnavailable {
        /// Which.
        address: SocketAddr,
        /// Says the system.
        source: io::Error,
    },
    /// Unencrypted on a network.
    #[error(
        "{0} can be reached from other machines, and there is no certificate: give --cert and --key, or --self-signed DIR, \
         or --insecure-plain if something in front of this server does TLS"
    )]
    PlainOffLoopback(SocketAddr),
    /// A file cannot be read.
    #[error("cannot read {what} {path} ({source}): check the path and that this user may read it", path = .path.display())]
    Unreadable {
        /// What it is for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Says the system.
        source: io::Error,
    },
    /// A file is not PEM, or not of the right kind.
    #[error("there is no {what} in {path}: it must be PEM, the server's own certificate first, the key not encrypted", path = .path.display())]
    NotPem {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Certificate and key are not a pair.
    #[error("the key {key} does not belong to the certificate {certificate}: give the two that were made together", key = .key.display(), certificate = .certificate.display())]
    KeyMismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// TLS does not take the certificate or key.
    #[error("the certificate {path} cannot be used ({source})", path = .path.display())]
    Certificate {
        /// The certificate.
        path: PathBuf,
        /// Says rustls.
        source: tokio_rustls::rustls::Error,
    },
    /// The self-signed certificate cannot be made.
    #[error("cannot make a certificate ({0})")]
    MakeCertificate(#[from] rcgen::Error),
    /// A file is not one of revocation lists.
    #[error("{path} holds no revocation lists ({why}): give what 'kioskctl authority revoke' wrote", path = .path.display())]
    Revocations {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path} ({source}): check that the directory exists and that this user may write to it", path = .path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Says the system.
        source: io::Error,
    },
    /// Only one half of the self-signed certificate is there.
    #[error("{missing} is missing beside {present}: put it back, or remove the other too and both are made anew", missing = .missing.display(), present = .present.display())]
    HalfCertificate {
        /// Not there.
        missing: PathBuf,
        /// There.
        present: PathBuf,
    },
    /// The secret that the TURN server shares with us is empty.
    #[error("the TURN secret {path} is empty: write the TURN server's static-auth-secret into it", path = .0.display())]
    EmptySecret(PathBuf),
    /// The token of the admin page is too easy to guess.
    #[error("the admin token {path} has fewer than {least} characters: write a random one into it, as `openssl rand -hex 32` makes them", path = .path.display())]
    ShortToken {
        /// Where.
        path: PathBuf,
        /// As many are needed.
        least: usize,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes ({0})")]
    Randomness(String),
}

impl ServerError {
    /// The exit code of a program that ends for this (`sysexits.h`): 69 unavailable, 78 configuration, 1 other.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::AddressInUse(_) | Self::AddressUnavailable { .. } => 69,
            Self::PlainOffLoopback(_)
            | Self::Unreadable { .. }
            | Self::NotPem { .. }
            | Self::KeyMismatch { .. }
            | Self::Certificate { .. }
            | Self::Unwritable { .. }
            | Self::HalfCertificate { .. }
            | Self::EmptySecret(_)
            | Self::ShortToken { .. }
            | Self::Revocations { .. } => 78,
            Self::MakeCertificate(_) | Self::Randomness(_) => 1,
        }
    }
}

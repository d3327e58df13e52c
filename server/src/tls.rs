//! TLS: the certificate that is given, or one of our own for where nobody gives one.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use kiosk_wire::Fingerprint;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use tracing::info;

use crate::{audience::Origin, error::ServerError};

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No TLS.
    Off,
    /// PEM files: the certificate with its chain, and its key.
    Files {
        /// The server's certificate first, then its issuers.
        certificate: PathBuf,
        /// PKCS #8, PKCS #1 or SEC 1, not encrypted.
        key: PathBuf,
    },
    /// Made on the first start and kept in this directory as `cert.pem` and `key.pem`.
    SelfSigned(PathBuf),
}

impl Tls {
    /// Reads or makes the certificate. `public`: origins whose hosts a made one shall name.
    pub(crate) fn read(&self, public: &[Origin]) -> Result<Option<Arc<ServerConfig>>, ServerError> {
        match self {
            Self::Off => Ok(None),
            Self::Files { certificate, key } => load(certificate, key).map(Some),
            Self::SelfSigned(directory) => {
                let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
                match (certificate.exists(), key.exists()) {
                    (true, true) => {}
                    (false, false) => make(directory, &certificate, &key, public)?,
                    (true, false) => return Err(ServerError::HalfCertificate { missing: key, present: certificate }),
                    (false, true) => return Err(ServerError::HalfCertificate { missing: certificate, present: key }),
                }
                load(&certificate, &key).map(Some)
            }
        }
    }
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ServerError> {
    let what = "certificate";
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(error, what, certificate))?;
    let Some(first) = chain.first() else {
        return Err(ServerError::NotPem { what, path: certificate.to_owned() });
    };
    let fingerprint = Fingerprint::of_der(first);
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(error, "private key", key))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| ServerError::Certificate { path: certificate.to_owned(), source })?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, secret).map_err(|source| {
        if matches!(source, rustls::Error::InconsistentKeys(_)) {
            ServerError::KeyMismatch { certificate: certificate.to_owned(), key: key.to_owned() }
        } else {
            ServerError::Certificate { path: certificate.to_owned(), source }
        }
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    info!(path = %certificate.display(), sha256 = %fingerprint.to_sdp(), "certificate loaded");
    Ok(Arc::new(config))
}

fn unusable(error: pem::Error, what: &'static str, path: &Path) -> ServerError {
    let path = path.to_owned();
    if let pem::Error::Io(source) = error {
        ServerError::Unreadable { what, path, source }
    } else {
        ServerError::NotPem { what, path }
    }
}

/// Dates far apart and not from the clock: this machine may believe that it is 1970.
fn make(directory: &Path, certificate: &Path, key: &Path, public: &[Origin]) -> Result<(), ServerError> {
    let mut params = CertificateParams::new(names(public))?;
    params.distinguished_name.push(DnType::CommonName, "kiosk-server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    let pair = KeyPair::generate()?;
    let signed = params.self_signed(&pair)?;
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| ServerError::Unwritable { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unwritable(directory))?;
    // The key first: a certificate without its key would be found out only at the next start.
    write_new(key, 0o600, &pair.serialize_pem()).map_err(unwritable(key))?;
    write_new(certificate, 0o644, &signed.pem()).map_err(unwritable(certificate))?;
    Ok(())
}

fn write_new(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Every name by which this machine may be reached.
fn names(public: &[Origin]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    // RFC 1123 §2.1; anything else is no name to certify.
    if !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) {
        names.push(host.to_owned());
        if !host.contains('.') {
            names.push(format!("{host}.local"));
        }
    }
    names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    names.extend(if_addrs::get_if_addrs().unwrap_or_default().iter().map(|interface| interface.ip().to_string()));
    names.extend(public.iter().map(|origin| origin.host().trim_matches(['[', ']']).to_owned()));
    names.sort();
    names.dedup();
    names
}

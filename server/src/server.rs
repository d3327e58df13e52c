//! The running server: listens, serves, ends.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use kiosk_wire::Envelope;
use rand::{TryRngCore as _, rngs::OsRng};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tower::ServiceExt as _;
use tracing::{debug, info, warn};

use crate::{
    AdminToken, ServerError, Tls,
    audience::{Arrival, Origin, Scheme},
    http::{self, Connection, Site},
    hub::{self, ToHub},
    metrics::Metrics,
    revocations,
    rooms::{Rooms, Settings},
};

/// Time for the TLS handshake, and for the head of a request.
const OPENING: Duration = Duration::from_secs(5);
/// A drained server ends after this time, whoever is still there.
const DRAIN: Duration = Duration::from_secs(5);
/// After a failed `accept` (no file descriptors, as a rule): nothing tells when there are some again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Largest head of a request, bytes; the least that hyper takes.
const LARGEST_HEAD: usize = 8192;

/// What the server is to do.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0: any free one.
    pub bind: SocketAddr,
    /// TLS or not.
    pub tls: Tls,
    /// Allows no TLS on an address that other machines can reach.
    pub insecure_plain: bool,
    /// Origins by which clients reach us, beside the address itself.
    pub public: Vec<Origin>,
    /// What opens the admin page; there is none without.
    pub admin: Option<AdminToken>,
    /// File of revocation lists that every peer is told of.
    pub revocations: Option<PathBuf>,
    /// TCP connections at once.
    pub connections: usize,
    /// Limits of the rooms; STUN and TURN.
    pub settings: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 3030)),
            tls: Tls::Off,
            insecure_plain: false,
            public: Vec::new(),
            admin: None,
            revocations: None,
            connections: 10_000,
            settings: Settings::default(),
        }
    }
}

/// Reads the secret that a TURN server shares with us.
///
/// # Errors
/// [`ServerError::Unreadable`], [`ServerError::EmptySecret`].
pub fn read_turn_secret(path: &Path) -> Result<Vec<u8>, ServerError> {
    let text = std::fs::read_to_string(path).map_err(|source| ServerError::Unreadable {
        what: "TURN secret",
        path: path.to_owned(),
        source,
    })?;
    let secret = text.trim();
    if secret.is_empty() { Err(ServerError::EmptySecret(path.to_owned())) } else { Ok(secret.as_bytes().to_vec()) }
}

/// A server that runs until [`Server::shutdown`]; dropped, it ends at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    site: Arc<Site>,
    tls: Tls,
    revocations: Option<PathBuf>,
    /// As of the last reload; `None` without TLS.
    certificate: watch::Sender<Option<Arc<ServerConfig>>>,
    _kill: DropGuard,
}

/// One place among the connections; given back when the last holder drops it.
#[derive(Debug)]
pub(crate) struct Guard {
    _place: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

impl Server {
    /// Reads the certificate, listens and serves.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let certificate = config.tls.read(&config.public)?;
        if certificate.is_none() && !config.bind.ip().to_canonical().is_loopback() && !config.insecure_plain {
            return Err(ServerError::PlainOffLoopback(config.bind));
        }
        let lists = read_revocations(config.revocations.as_deref())?;
        let mut seed = [0; 32];
        OsRng.try_fill_bytes(&mut seed).map_err(|error| ServerError::Randomness(error.to_string()))?;
        let listener = TcpListener::bind(config.bind).await.map_err(|error| unavailable(config.bind, error))?;
        let address = listener.local_addr().map_err(|error| unavailable(config.bind, error))?;
        let metrics = Arc::new(Metrics::new());
        let kill = CancellationToken::new();
        let site = Arc::new(Site {
            hub: hub::start(Rooms::new(config.settings, seed), Arc::clone(&metrics)),
            metrics,
            public: config.public,
            admin: config.admin,
            sockets: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            drain: CancellationToken::new(),
            kill: kill.clone(),
        });
        site.hub.send(ToHub::Revocations(lists)).await;
        let (certificate, current) = watch::channel(certificate);
        let places = Arc::new(Semaphore::new(config.connections.min(Semaphore::MAX_PERMITS)));
        let router = http::router(Arc::clone(&site));
        let entrance = Entrance { listener, certificate: current, places, router, site: Arc::clone(&site) };
        site.tasks.spawn(entrance.run());
        info!(%address, "listening");
        Ok(Self {
            address,
            site,
            tls: config.tls,
            revocations: config.revocations,
            certificate,
            _kill: kill.drop_guard(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Reads the files again. The certificate and its key count for connections from now on: those that are up stay as they are, and
    /// a session of TLS that began under the old certificate is not resumed (RFC 8446 §2.2): its client shakes hands anew. Of the
    /// revocation lists everybody is told.
    ///
    /// # Errors
    /// What is wrong with the files. Nothing has changed then.
    pub async fn reload(&self) -> Result<(), ServerError> {
        let certificate = self.tls.read(&self.site.public)?;
        let lists = read_revocations(self.revocations.as_deref())?;
        self.certificate.send_replace(certificate);
        self.site.hub.send(ToHub::Revocations(lists)).await;
        Ok(())
    }

    /// Drains: accepts nobody, closes every WebSocket with 1001, and ends within five seconds.
    pub async fn shutdown(self) {
        self.site.drain.cancel();
        self.site.tasks.close();
        let drained = async {
            self.site.hub.send(ToHub::Drain).await;
            self.site.tasks.wait().await;
        };
        if timeout(DRAIN, drained).await.is_err() {
            warn!(tasks = self.site.tasks.len(), "not all connections ended in time");
        }
    }
}

fn read_revocations(path: Option<&Path>) -> Result<Vec<Envelope>, ServerError> {
    path.map_or_else(|| Ok(Vec::new()), revocations::read)
}

fn unavailable(address: SocketAddr, source: io::Error) -> ServerError {
    if source.kind() == io::ErrorKind::AddrInUse {
        ServerError::AddressInUse(address)
    } else {
        ServerError::AddressUnavailable { address, source }
    }
}

/// The listening socket and what it leads to.
struct Entrance {
    listener: TcpListener,
    certificate: watch::Receiver<Option<Arc<ServerConfig>>>,
    places: Arc<Semaphore>,
    router: Router,
    site: Arc<Site>,
}

impl Entrance {
    async fn run(self) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.site.drain.cancelled() => return,
                () = self.site.kill.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, remote)) => self.admit(stream, remote),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, remote: SocketAddr) {
        let metrics = &self.site.metrics;
        metrics.connections_total.inc();
        let (Ok(place), Ok(local)) = (Arc::clone(&self.places).try_acquire_owned(), stream.local_addr()) else {
            debug!("no place for another connection");
            return;
        };
        metrics.connections.inc();
        let guard = Arc::new(Guard { _place: place, metrics: Arc::clone(metrics) });
        // Frames are small and each is awaited by somebody; an error here only costs that time.
        drop(stream.set_nodelay(true));
        let acceptor = self.certificate.borrow().clone().map(TlsAcceptor::from);
        let scheme = if acceptor.is_some() { Scheme::Wss } else { Scheme::Ws };
        let connection = Connection { arrival: Arrival { local, remote, scheme }, guard };
        let (router, drain) = (self.router.clone(), self.site.drain.clone());
        let task = Box::pin(async move {
            match acceptor {
                None => serve(stream, connection, router, drain).await,
                Some(acceptor) => match timeout(OPENING, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(stream, connection, router, drain).await,
                    Ok(Err(error)) => debug!(%error, "TLS handshake failed"),
                    Err(_) => debug!("TLS handshake took too long"),
                },
            }
        });
        self.site.tasks.spawn(self.site.kill.clone().run_until_cancelled_owned(task));
    }
}

async fn serve<S>(stream: S, connection: Connection, router: Router, drain: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection.clone());
        router.clone().oneshot(request)
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(OPENING)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(http);
    let ended = tokio::select! {
        ended = http.as_mut() => ended,
        () = drain.cancelled() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection broke off");
    }
}

//! What the server answers over HTTP: the upgrade to the WebSocket, health, metrics, the admin page, and the operator's page.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Extension, Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header},
    routing::{any, get},
};
use hyper_util::rt::TokioIo;
use tokio::{sync::oneshot, time::timeout};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use crate::{
    admin::{self, AdminToken},
    audience::{Arrival, Origin, SIGNALING_PATH},
    hub::{HubLink, ToHub},
    metrics::Metrics,
    outbox::Outbox,
    page,
    rooms::SocketId,
    server::Guard,
    socket::SocketTask,
};

/// The hub answers a probe within this time, or the server is not healthy.
const PROBE: Duration = Duration::from_secs(1);

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) hub: HubLink,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) public: Vec<Origin>,
    pub(crate) admin: Option<AdminToken>,
    pub(crate) sockets: AtomicU64,
    pub(crate) tasks: TaskTracker,
    /// The server is ending.
    pub(crate) drain: CancellationToken,
    /// The server ends now.
    pub(crate) kill: CancellationToken,
}

/// Of one TCP connection; in the extensions of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) arrival: Arrival,
    pub(crate) guard: Arc<Guard>,
}

pub(crate) fn router(site: Arc<Site>) -> Router {
    let mut router = Router::new()
        .route(SIGNALING_PATH, any(signaling))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics));
    if site.admin.is_some() {
        router = router.route("/admin", any(admin)).route("/admin/rooms", any(admin));
    }
    router.fallback(files).with_state(site)
}

async fn health(State(site): State<Arc<Site>>) -> Response<Body> {
    if site.drain.is_cancelled() {
        return page::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    let (sender, answer) = oneshot::channel();
    let probe = async { site.hub.send(ToHub::Probe(sender)).await && answer.await.is_ok() };
    if timeout(PROBE, probe).await == Ok(true) {
        page::text(StatusCode::OK, "ok\n")
    } else {
        page::text(StatusCode::SERVICE_UNAVAILABLE, "the rooms do not answer\n")
    }
}

async fn metrics(State(site): State<Arc<Site>>) -> Response<Body> {
    let mut response = page::text(StatusCode::OK, site.metrics.text());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    response
}

async fn files(
    State(site): State<Arc<Site>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response<Body> {
    match origin(&request, &connection, &site.public) {
        Ok(origin) => page::answer(request.method(), request.uri().path(), &origin),
        Err(response) => *response,
    }
}

/// The token before all else: whoever has none learns nothing, not even which methods there are.
async fn admin(
    State(site): State<Arc<Site>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response<Body> {
    if let Err(response) = origin(&request, &connection, &site.public) {
        return *response;
    }
    if !site.admin.as_ref().is_some_and(|token| token.opens(request.headers())) {
        site.metrics.refused("admin-token");
        return admin::challenge();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return page::text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
    }
    let (sender, answer) = oneshot::channel();
    let list = async { if site.hub.send(ToHub::List(sender)).await { answer.await.ok() } else { None } };
    match timeout(PROBE, list).await {
        Ok(Some(rooms)) if request.uri().path() == "/admin" => admin::page(&rooms),
        Ok(Some(rooms)) => admin::json(&rooms),
        Ok(None) | Err(_) => page::text(StatusCode::SERVICE_UNAVAILABLE, "the rooms do not answer\n"),
    }
}

async fn signaling(
    State(site): State<Arc<Site>>,
    Extension(connection): Extension<Connection>,
    mut request: Request,
) -> Response<Body> {
    let origin = match origin(&request, &connection, &site.public) {
        Ok(origin) => origin,
        Err(response) => return *response,
    };
    let Some(accept) = accept_key(&request) else {
        let mut response = page::text(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket (RFC 6455, version 13).\n");
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let tasks = site.tasks.clone();
    let kill = site.kill.clone();
    // Boxed, as the wrappers would each keep a copy of its state.
    let task = Box::pin(async move {
        match upgrade.await {
            Ok(stream) => Box::pin(talk(&site, &connection, origin.audience(), TokioIo::new(stream))).await,
            Err(error) => debug!(%error, "upgrade failed"),
        }
        // The place among the connections is free from here on.
        drop(connection.guard);
    });
    tasks.spawn(kill.run_until_cancelled_owned(task));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

async fn talk(site: &Site, connection: &Connection, audience: String, stream: TokioIo<hyper::upgrade::Upgraded>) {
    let id = SocketId(site.sockets.fetch_add(1, Ordering::Relaxed));
    let outbox = Arc::new(Outbox::default());
    let connected =
        ToHub::Connected { socket: id, address: connection.arrival.remote.ip(), audience, outbox: Arc::clone(&outbox) };
    if site.hub.send(connected).await {
        let task = SocketTask { id, hub: site.hub.clone(), outbox, metrics: Arc::clone(&site.metrics) };
        task.run(stream).await;
    }
}

/// The origin that the request names, or the answer to a request for somebody else (RFC 9110 §15.5.20).
fn origin(request: &Request, connection: &Connection, public: &[Origin]) -> Result<Origin, Box<Response<Body>>> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    host.and_then(|host| connection.arrival.origin(host, public)).ok_or_else(|| {
        Box::new(page::text(
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not know itself by that name. If the name is right, its operator adds --public-url.\n",
        ))
    })
}

/// The value of `Sec-WebSocket-Accept` if this is an opening handshake (RFC 6455 §4.2.1).
fn accept_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let fits = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && key.len() == 24;
    if fits { HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok() } else { None }
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

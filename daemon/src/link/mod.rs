//! The WebSockets to the signaling servers: a task each, which does what the core says. It never decides to reconnect; the core does.

mod tls;

use std::{io, path::Path, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use kiosk_call::{LinkCommand, LinkEvent, LinkTrouble, ServerId};
use kiosk_wire::LARGEST_FRAME;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::{Notify, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Bytes, Error as WsError, Message, protocol::WebSocketConfig, protocol::frame::CloseFrame},
};
use url::{Host, Url};

pub use self::tls::TlsError;

/// Longest time for name, TCP, TLS and HTTP together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a word for this long (the server pings every 20 s, docs/protocol.md §1) the link is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// Longest wait for the network to take in one frame.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the answer to a ping of ours.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for the goodbye of a link that we close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// tungstenite's default of 128 KiB is made for bulk.
const READ_BUFFER: usize = 4_096;
/// Commands that wait for the link; a full queue means that the server takes nothing in.
const QUEUED_COMMANDS: usize = 256;
/// Events that wait for the loop; a full queue makes the server wait.
const QUEUED_EVENTS: usize = 64;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Socket = WebSocketStream<Box<dyn Wire>>;

/// The loop's end of the links.
#[derive(Debug)]
pub struct Links {
    each: Vec<Link>,
    events: mpsc::Receiver<(ServerId, u64, LinkEvent)>,
}

#[derive(Debug)]
struct Link {
    commands: mpsc::Sender<(u64, LinkCommand)>,
    overflow: Arc<Notify>,
    /// Counts the WebSockets wanted, so that events of an earlier one are told from those of the current one.
    generation: u64,
}

/// A command about one WebSocket.
#[derive(Debug)]
pub struct Order {
    server: ServerId,
    generation: u64,
    command: LinkCommand,
}

/// The task's end: what a link of another kind (of a test) is made of.
#[derive(Debug)]
pub struct LinkTask {
    /// To which server.
    pub server: ServerId,
    /// What the core wants, with the count of the WebSocket that it is about.
    pub commands: mpsc::Receiver<(u64, LinkCommand)>,
    /// What happens where, with the count of the WebSocket that it happens to.
    pub events: mpsc::Sender<(ServerId, u64, LinkEvent)>,
    /// The queue of commands is full: drop the WebSocket.
    pub overflow: Arc<Notify>,
}

/// Both ends of the links to so many servers, not yet running.
#[must_use]
pub fn links(servers: usize) -> (Links, Vec<LinkTask>) {
    let (happened, events) = mpsc::channel(QUEUED_EVENTS);
    let link = |server| {
        let (commands, wanted) = mpsc::channel(QUEUED_COMMANDS);
        let overflow = Arc::new(Notify::new());
        let task = LinkTask { server, commands: wanted, events: happened.clone(), overflow: Arc::clone(&overflow) };
        (Link { commands, overflow, generation: 0 }, task)
    };
    let (each, tasks) = ServerId::all().take(servers).map(link).unzip();
    (Links { each, events }, tasks)
}

impl Links {
    /// Makes an order of a command: from now on, events of an earlier WebSocket are none.
    pub fn decide(&mut self, server: ServerId, command: LinkCommand) -> Order {
        let link = self.each.get_mut(usize::from(server.0));
        let generation = link.map_or(0, |link| {
            match &command {
                LinkCommand::Connect(_) | LinkCommand::Close => link.generation += 1,
                LinkCommand::Send(_) | LinkCommand::Probe => {}
            }
            link.generation
        });
        Order { server, generation, command }
    }

    /// Hands an order to the task, in the order in which they were decided; never waits.
    pub fn carry_out(&mut self, order: Order) {
        let Some(link) = self.each.get_mut(usize::from(order.server.0)) else { return };
        if link.commands.try_send((order.generation, order.command)).is_err() {
            link.overflow.notify_one();
        }
    }

    /// The next event of a current WebSocket. None: no task is left. Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<(ServerId, LinkEvent)> {
        loop {
            let (server, generation, event) = self.events.recv().await?;
            if self.each.get(usize::from(server.0)).is_some_and(|link| link.generation == generation) {
                return Some((server, event));
            }
        }
    }

    /// Waits until the tasks have done all they were told and are gone.
    pub async fn finish(self) {
        let Self { each, mut events } = self;
        drop(each);
        while events.recv().await.is_some() {}
    }
}

/// The real thing.
#[derive(Clone)]
pub struct WebSocketLink {
    tls: TlsConnector,
}

impl std::fmt::Debug for WebSocketLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSocketLink")
    }
}

impl WebSocketLink {
    /// Trusts the system's authorities and the certificates in `ca_file`.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(ca_file: Option<&Path>) -> Result<Self, TlsError> {
        Ok(Self { tls: tls::connector(ca_file)? })
    }

    /// Does what the core says until the loop is gone.
    pub async fn run(self, mut task: LinkTask) {
        let mut next = task.commands.recv().await;
        while let Some((generation, command)) = next {
            next = match command {
                LinkCommand::Connect(url) => self.attend(generation, &url, &mut task).await,
                LinkCommand::Send(_) | LinkCommand::Probe | LinkCommand::Close => task.commands.recv().await,
            };
        }
    }

    /// One WebSocket from opening to its end; returns the command that ended it or came after.
    async fn attend(&self, generation: u64, url: &str, task: &mut LinkTask) -> Option<(u64, LinkCommand)> {
        let opened = tokio::select! {
            opened = timeout(CONNECT_TIMEOUT, self.open(url)) => opened,
            // Another mind before it is open: nothing was sent yet, so that nothing is lost.
            next = other_than_send(task) => return next,
        };
        let (trouble, reason) = match opened {
            Ok(Ok(mut socket)) => {
                let _ = task.events.send((task.server, generation, LinkEvent::Opened)).await;
                match converse(&mut socket, generation, task).await {
                    Ended::Here(next) => {
                        let _ = timeout(CLOSE_TIMEOUT, close(&mut socket)).await;
                        return next;
                    }
                    Ended::There(reason) => (LinkTrouble::NoServer, reason),
                }
            }
            Ok(Err(trouble_and_reason)) => trouble_and_reason,
            Err(_) => {
                let reason = format!("{} did not answer within {} s", host_of(url), CONNECT_TIMEOUT.as_secs());
                (LinkTrouble::NoServer, reason)
            }
        };
        let _ = task.events.send((task.server, generation, LinkEvent::Closed { trouble, reason })).await;
        task.commands.recv().await
    }

    async fn open(&self, url: &str) -> Result<Socket, (LinkTrouble, String)> {
        let parsed = Url::parse(url).ok();
        let (parsed, host, port) = parsed
            .as_ref()
            .and_then(|parsed| Some((parsed, parsed.host()?, parsed.port_or_known_default()?)))
            .ok_or_else(|| (LinkTrouble::NoServer, format!("'{url}' is not a signaling URL")))?;
        let tcp = connect(&host, port)
            .await
            .map_err(|error| (trouble(&error), format!("cannot reach {host}:{port}: {}", plain(&error))))?;
        self.secure(url, parsed, tcp).await.map_err(|reason| (LinkTrouble::NoServer, reason))
    }

    async fn secure(&self, url: &str, parsed: &Url, tcp: TcpStream) -> Result<Socket, String> {
        let bad = || format!("'{url}' is not a signaling URL");
        let (host, port) = parsed.host().zip(parsed.port_or_known_default()).ok_or_else(bad)?;
        // Offers and answers are single small frames that should not wait for each other.
        let _ = tcp.set_nodelay(true);
        let wire: Box<dyn Wire> = if parsed.scheme() == "wss" {
            let name = match host {
                Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| bad())?,
                Host::Ipv4(address) => ServerName::from(std::net::IpAddr::V4(address)),
                Host::Ipv6(address) => ServerName::from(std::net::IpAddr::V6(address)),
            };
            let secured = self.tls.connect(name, tcp).await;
            Box::new(secured.map_err(|error| format!("{host}:{port} is not trusted: {error}"))?)
        } else {
            Box::new(tcp)
        };
        let opened = client_async_with_config(url, wire, Some(web_socket_limits())).await;
        let (socket, _) = opened.map_err(|error| format!("{host}:{port} is no signaling server: {error}"))?;
        Ok(socket)
    }
}

/// Limits of the WebSocket layer (and of the client that `tests/websocket` measures). `write_buffer_size` 0 sends at once.
#[must_use]
pub fn web_socket_limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * LARGEST_FRAME)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME))
}

async fn connect(host: &Host<&str>, port: u16) -> io::Result<TcpStream> {
    match host {
        Host::Domain(name) => {
            let found = lookup_host((*name, port)).await;
            let addresses: Vec<_> = found.map_err(|error| io::Error::new(io::ErrorKind::NetworkDown, error))?.collect();
            TcpStream::connect(&*addresses).await
        }
        Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
        Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
    }
}

/// Whether the way to the server is missing, or the server. A name that cannot be looked up counts as the way.
fn trouble(error: &io::Error) -> LinkTrouble {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkDown, NetworkUnreachable};
    if matches!(error.kind(), AddrNotAvailable | HostUnreachable | NetworkDown | NetworkUnreachable) {
        LinkTrouble::NoNetwork
    } else {
        LinkTrouble::NoServer
    }
}

/// "Connection refused (os error 111)" without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| url.to_owned())
}

/// The next command that is not about a WebSocket that is not open yet.
async fn other_than_send(task: &mut LinkTask) -> Option<(u64, LinkCommand)> {
    loop {
        match task.commands.recv().await {
            Some((_, LinkCommand::Send(_) | LinkCommand::Probe)) => {}
            other => return other,
        }
    }
}

enum Ended {
    /// We close; what comes next.
    Here(Option<(u64, LinkCommand)>),
    /// It is closed; why, for people.
    There(String),
}

async fn converse(socket: &mut Socket, generation: u64, task: &mut LinkTask) -> Ended {
    let mut silent_at = Instant::now() + SILENCE;
    // Of a probe that is not answered yet.
    let mut answer_due_at = None;
    loop {
        tokio::select! {
            message = socket.next() => {
                silent_at = Instant::now() + SILENCE;
                match message {
                    Some(Ok(Message::Text(text))) => {
                        let frame = LinkEvent::Frame(text.as_str().to_owned());
                        if task.events.send((task.server, generation, frame)).await.is_err() {
                            return Ended::Here(None);
                        }
                    }
                    Some(Ok(Message::Pong(_))) => {
                        let is_answer = answer_due_at.take().is_some();
                        if is_answer && task.events.send((task.server, generation, LinkEvent::Alive)).await.is_err() {
                            return Ended::Here(None);
                        }
                    }
                    // tungstenite answers pings by itself with the next read or write (RFC 6455 §5.5.2).
                    Some(Ok(Message::Ping(_))) => {}
                    Some(Ok(Message::Close(frame))) => return Ended::There(farewell(frame.as_ref())),
                    Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                        return Ended::There("the server sent what is not text".to_owned());
                    }
                    Some(Err(error)) => return Ended::There(why(&error)),
                    None => return Ended::There("the server closed the link".to_owned()),
                }
            }
            command = task.commands.recv() => match command {
                Some((_, LinkCommand::Send(frame))) => {
                    if let Err(reason) = send(socket, Message::text(frame), SEND_TIMEOUT).await {
                        return Ended::There(reason);
                    }
                }
                Some((_, LinkCommand::Probe)) => {
                    answer_due_at.get_or_insert_with(|| Instant::now() + PROBE_TIMEOUT);
                    if let Err(reason) = send(socket, Message::Ping(Bytes::new()), PROBE_TIMEOUT).await {
                        return Ended::There(reason);
                    }
                }
                other => return Ended::Here(other),
            },
            () = task.overflow.notified() => return Ended::There("the server takes nothing in".to_owned()),
            () = sleep_until(answer_due_at.unwrap_or(silent_at)), if answer_due_at.is_some() => {
                return Ended::There(format!("the server did not answer a ping within {} s", PROBE_TIMEOUT.as_secs()));
            }
            () = sleep_until(silent_at) => {
                return Ended::There(format!("the server said nothing for {} s", SILENCE.as_secs()));
            }
        }
    }
}

async fn send(socket: &mut Socket, message: Message, within: Duration) -> Result<(), String> {
    match timeout(within, socket.send(message)).await {
        Ok(sent) => sent.map_err(|error| why(&error)),
        Err(_) => Err("the server takes nothing in".to_owned()),
    }
}

async fn close(socket: &mut Socket) {
    if socket.close(None).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

fn farewell(frame: Option<&CloseFrame>) -> String {
    match frame {
        Some(frame) if !frame.reason.is_empty() => format!("the server closed the link: {}", frame.reason),
        Some(frame) => format!("the server closed the link (code {})", frame.code),
        None => "the server closed the link".to_owned(),
    }
}

fn why(error: &WsError) -> String {
    if let WsError::Io(error) = error {
        format!("the link broke: {}", plain(error))
    } else if matches!(error, WsError::ConnectionClosed | WsError::AlreadyClosed) {
        "the server closed the link".to_owned()
    } else {
        format!("the link broke: {error}")
    }
}

#[cfg(test)]
mod tests;

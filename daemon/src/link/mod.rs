//! The WebSocket to the signaling server: a task that does what the core says. It never decides to reconnect; the core does.

mod tls;

use std::{io, path::Path, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use kiosk_call::{LinkCommand, LinkEvent};
use kiosk_wire::LARGEST_FRAME;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Notify, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error as WsError, Message, protocol::WebSocketConfig, protocol::frame::CloseFrame},
};
use url::{Host, Url};

pub use self::tls::TlsError;

/// Longest time for name, TCP, TLS and HTTP together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a word for this long (the server pings every 20 s, docs/protocol.md §1) the link is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// Longest wait for the network to take in one frame.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
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

/// The loop's end of the link.
#[derive(Debug)]
pub struct Link {
    commands: mpsc::Sender<(u64, LinkCommand)>,
    events: mpsc::Receiver<(u64, LinkEvent)>,
    overflow: Arc<Notify>,
    /// Counts the WebSockets wanted, so that events of an earlier one are told from those of the current one.
    generation: u64,
}

/// The task's end: what a link of another kind (of a test) is made of.
#[derive(Debug)]
pub struct LinkTask {
    /// What the core wants, with the count of the WebSocket that it is about.
    pub commands: mpsc::Receiver<(u64, LinkCommand)>,
    /// What happens, with the count of the WebSocket that it happens to.
    pub events: mpsc::Sender<(u64, LinkEvent)>,
    /// The queue of commands is full: drop the WebSocket.
    pub overflow: Arc<Notify>,
}

/// Both ends of a link, not yet running.
#[must_use]
pub fn link() -> (Link, LinkTask) {
    let (commands, wanted) = mpsc::channel(QUEUED_COMMANDS);
    let (happened, events) = mpsc::channel(QUEUED_EVENTS);
    let overflow = Arc::new(Notify::new());
    let task = LinkTask { commands: wanted, events: happened, overflow: Arc::clone(&overflow) };
    (Link { commands, events, overflow, generation: 0 }, task)
}

impl Link {
    /// Hands a command to the task; never waits.
    pub fn carry_out(&mut self, command: LinkCommand) {
        match &command {
            LinkCommand::Connect(_) | LinkCommand::Close => self.generation += 1,
            LinkCommand::Send(_) => {}
        }
        if self.commands.try_send((self.generation, command)).is_err() {
            self.overflow.notify_one();
        }
    }

    /// The next event of the current WebSocket. None: the task is gone. Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        loop {
            let (generation, event) = self.events.recv().await?;
            if generation == self.generation {
                return Some(event);
            }
        }
    }

    /// Waits until the task has done all it was told and is gone.
    pub async fn finish(self) {
        let Self { commands, mut events, .. } = self;
        drop(commands);
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
                LinkCommand::Send(_) | LinkCommand::Close => task.commands.recv().await,
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
        let reason = match opened {
            Ok(Ok(mut socket)) => {
                let _ = task.events.send((generation, LinkEvent::Opened)).await;
                match converse(&mut socket, generation, task).await {
                    Ended::Here(next) => {
                        let _ = timeout(CLOSE_TIMEOUT, close(&mut socket)).await;
                        return next;
                    }
                    Ended::There(reason) => reason,
                }
            }
            Ok(Err(reason)) => reason,
            Err(_) => format!("{} did not answer within {} s", host_of(url), CONNECT_TIMEOUT.as_secs()),
        };
        let _ = task.events.send((generation, LinkEvent::Closed(reason))).await;
        task.commands.recv().await
    }

    async fn open(&self, url: &str) -> Result<Socket, String> {
        let bad = || format!("'{url}' is not a signaling URL");
        let parsed = Url::parse(url).map_err(|_| bad())?;
        let (host, port) = parsed.host().zip(parsed.port_or_known_default()).ok_or_else(bad)?;
        let tcp = match &host {
            Host::Domain(name) => TcpStream::connect((*name, port)).await,
            Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
            Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
        };
        let tcp = tcp.map_err(|error| format!("cannot reach {host}:{port}: {}", plain(&error)))?;
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
        let opened = client_async_with_config(url, wire, Some(limits())).await;
        let (socket, _) = opened.map_err(|error| format!("{host}:{port} is no signaling server: {error}"))?;
        Ok(socket)
    }
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * LARGEST_FRAME)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME))
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
            Some((_, LinkCommand::Send(_))) => {}
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
    loop {
        tokio::select! {
            message = socket.next() => {
                silent_at = Instant::now() + SILENCE;
                match message {
                    Some(Ok(Message::Text(text))) => {
                        let frame = LinkEvent::Frame(text.as_str().to_owned());
                        if task.events.send((generation, frame)).await.is_err() {
                            return Ended::Here(None);
                        }
                    }
                    // tungstenite answers pings by itself with the next read or write (RFC 6455 §5.5.2).
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
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
                    match timeout(SEND_TIMEOUT, socket.send(Message::text(frame))).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return Ended::There(why(&error)),
                        Err(_) => return Ended::There("the server takes nothing in".to_owned()),
                    }
                }
                other => return Ended::Here(other),
            },
            () = task.overflow.notified() => return Ended::There("the server takes nothing in".to_owned()),
            () = sleep_until(silent_at) => {
                return Ended::There(format!("the server said nothing for {} s", SILENCE.as_secs()));
            }
        }
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
mod tests {
    use std::net::SocketAddr;

    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_tungstenite::accept_async;

    use super::*;

    struct Far {
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
    }

    impl Far {
        async fn new(tls: Option<TlsAcceptor>) -> (Self, SocketAddr) {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            (Self { listener, tls }, address)
        }

        async fn accept(&self) -> Socket {
            let (tcp, _) = self.listener.accept().await.expect("a caller");
            let wire: Box<dyn Wire> = match &self.tls {
                Some(tls) => Box::new(tls.accept(tcp).await.expect("TLS")),
                None => Box::new(tcp),
            };
            accept_async(wire).await.expect("a WebSocket")
        }
    }

    fn start(ca_file: Option<&Path>) -> Link {
        let (link, task) = link();
        tokio::spawn(WebSocketLink::new(ca_file).expect("TLS").run(task));
        link
    }

    async fn closed(link: &mut Link) -> String {
        match link.next().await {
            Some(LinkEvent::Closed(reason)) => reason,
            other => panic!("{other:?} instead of Closed"),
        }
    }

    /// Both ends of a WebSocket.
    async fn meet(link: &mut Link, far: &Far, url: String) -> Socket {
        let ((), socket) = tokio::join!(opened(link, url), far.accept());
        socket
    }

    async fn opened(link: &mut Link, url: String) {
        link.carry_out(LinkCommand::Connect(url));
        let event = link.next().await;
        assert!(matches!(event, Some(LinkEvent::Opened)), "{event:?}");
    }

    #[tokio::test]
    async fn frames_pass_both_ways_and_pings_are_answered() {
        let (far, address) = Far::new(None).await;
        let mut link = start(None);
        let server = tokio::spawn(async move {
            let mut socket = far.accept().await;
            socket.send(Message::text("hello")).await.expect("sent");
            socket.send(Message::Ping(b"there?".to_vec().into())).await.expect("sent");
            let mut seen = Vec::new();
            while let Some(Ok(message)) = socket.next().await {
                seen.push(message);
            }
            seen
        });
        opened(&mut link, format!("ws://{address}/signaling")).await;
        let Some(LinkEvent::Frame(frame)) = link.next().await else { panic!("no frame") };
        assert_eq!(frame, "hello");
        for number in 0..3 {
            link.carry_out(LinkCommand::Send(number.to_string()));
        }
        link.carry_out(LinkCommand::Close);
        link.finish().await;
        let seen = server.await.expect("the server ran");
        let texts: Vec<_> =
            seen.iter().filter_map(|message| message.to_text().ok().filter(|_| message.is_text())).collect();
        assert_eq!(texts, ["0", "1", "2"]);
        assert!(seen.iter().any(Message::is_pong), "{seen:?}");
        assert!(seen.last().is_some_and(Message::is_close), "{seen:?}");
    }

    #[tokio::test]
    async fn what_happened_to_an_earlier_web_socket_is_not_told() {
        let (far, address) = Far::new(None).await;
        let (second, second_address) = Far::new(None).await;
        let mut link = start(None);
        let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
        socket.send(Message::text("old")).await.expect("sent");
        link.carry_out(LinkCommand::Connect(format!("ws://{second_address}/")));
        let mut socket = second.accept().await;
        socket.send(Message::text("new")).await.expect("sent");
        assert!(matches!(link.next().await, Some(LinkEvent::Opened)));
        let Some(LinkEvent::Frame(frame)) = link.next().await else { panic!("no frame") };
        assert_eq!(frame, "new");
    }

    #[tokio::test]
    async fn an_end_has_its_reason() {
        let (far, address) = Far::new(None).await;
        let mut link = start(None);
        let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
        let frame = CloseFrame { code: 1008.into(), reason: "signature".into() };
        socket.close(Some(frame)).await.expect("sent");
        assert_eq!(closed(&mut link).await, "the server closed the link: signature");

        let mut socket = meet(&mut link, &far, format!("ws://{address}/")).await;
        socket.send(Message::text("x".repeat(LARGEST_FRAME + 1))).await.expect("sent");
        assert!(closed(&mut link).await.contains("too long"));

        drop(far);
        link.carry_out(LinkCommand::Connect(format!("ws://{address}/")));
        assert_eq!(closed(&mut link).await, format!("cannot reach {address}: connection refused"));
        link.carry_out(LinkCommand::Connect("nonsense".to_owned()));
        assert!(closed(&mut link).await.ends_with("is not a signaling URL"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_noticed() {
        let (far, address) = Far::new(None).await;
        let mut link = start(None);
        // Bound, but nobody accepts: TCP opens, HTTP never answers.
        let began = Instant::now();
        link.carry_out(LinkCommand::Connect(format!("ws://{address}/")));
        assert_eq!(closed(&mut link).await, "127.0.0.1 did not answer within 10 s");
        assert!(began.elapsed() >= CONNECT_TIMEOUT);
        drop(far);
    }

    #[tokio::test]
    async fn a_server_that_falls_silent_is_noticed() {
        let (far, address) = Far::new(None).await;
        let mut link = start(None);
        let _socket = meet(&mut link, &far, format!("ws://{address}/")).await;
        tokio::time::pause();
        let began = Instant::now();
        assert_eq!(closed(&mut link).await, "the server said nothing for 60 s");
        assert!(began.elapsed() >= SILENCE);
    }

    fn certificate(directory: &Path, names: &[&str]) -> (TlsAcceptor, std::path::PathBuf) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let path = directory.join("server.pem");
        std::fs::write(&path, made.cert.pem()).expect("written");
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("they match");
        (TlsAcceptor::from(Arc::new(config)), path)
    }

    #[tokio::test]
    async fn only_a_trusted_certificate_opens() {
        let directory = tempfile::tempdir().expect("a directory");
        // The wrong name on purpose: a pinned certificate is good under any.
        let (acceptor, path) = certificate(directory.path(), &["kiosk.example"]);
        let (far, address) = Far::new(Some(acceptor)).await;
        let url = format!("wss://{address}/");
        let mut trusting = start(Some(&path));
        drop(meet(&mut trusting, &far, url.clone()).await);

        let other = tempfile::tempdir().expect("a directory");
        for ca_file in [None, Some(certificate(other.path(), &["127.0.0.1"]).1)] {
            let mut wary = start(ca_file.as_deref());
            wary.carry_out(LinkCommand::Connect(url.clone()));
            let accepting = async {
                let (tcp, _) = far.listener.accept().await.expect("a caller");
                far.tls.as_ref().expect("TLS").accept(tcp).await.is_err()
            };
            let (refused, reason) = tokio::join!(accepting, closed(&mut wary));
            assert!(refused && reason.contains("is not trusted: invalid peer certificate"), "{reason}");
        }
    }

    #[test]
    fn a_wrong_ca_file_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        let sentence = WebSocketLink::new(Some(&path)).expect_err("no such file").to_string();
        assert!(sentence.starts_with(&format!("cannot read ca_file {}: No such file", path.display())), "{sentence}");
        std::fs::write(&path, "nonsense").expect("written");
        let sentence = WebSocketLink::new(Some(&path)).expect_err("no certificate").to_string();
        assert!(sentence.contains("holds no certificate (none found)"), "{sentence}");
    }
}

//! Clients on real sockets.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{SinkExt as _, StreamExt as _};
use kiosk_server::{Config, Server};
use kiosk_wire::{ServerFrame, SessionCertificate};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::peer::{Challenge, Peer, room};

/// The server's defaults, on a free port.
pub(crate) fn config() -> Config {
    Config { bind: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() }
}

pub(crate) async fn serve(config: Config) -> Server {
    Server::bind(config).await.expect("a free port")
}

/// Everything here takes milliseconds; ten seconds mean that it never comes.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future).await.expect("within ten seconds")
}

pub(crate) fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// One WebSocket to the server.
#[derive(Debug)]
pub(crate) struct Link<S = TcpStream>(pub(crate) WebSocketStream<S>);

impl Link {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        Self::over(stream, &format!("ws://{server}/signaling")).await
    }

    /// One that takes in very little before it is read.
    pub(crate) async fn open_narrow(server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = socket.connect(server).await.expect("the server listens");
        Self::over(stream, &format!("ws://{server}/signaling")).await
    }

    pub(crate) async fn sign_in(server: SocketAddr, peer: &Peer) -> Self {
        let mut link = Self::open(server).await;
        link.enter(peer).await;
        link
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(crate) async fn over(stream: S, url: &str) -> Self {
        let request = url.into_client_request().expect("a URL");
        Self(soon(Box::pin(client_async(request, stream))).await.expect("an upgrade").0)
    }

    /// Signs in and waits for the welcome.
    pub(crate) async fn enter(&mut self, peer: &Peer) -> ServerFrame {
        self.enter_room(peer, "lobby").await
    }

    pub(crate) async fn enter_room(&mut self, peer: &Peer, name: &str) -> ServerFrame {
        let challenge = Challenge::read(&self.text().await);
        let certificate = SessionCertificate { room: room(name), ..peer.certificate(&challenge, wall()) };
        self.send(peer.auth_with(&certificate, &challenge).to_text()).await;
        let welcome = self.frame().await;
        assert!(matches!(welcome, ServerFrame::Welcome { .. }), "{welcome:?}");
        welcome
    }

    pub(crate) async fn send(&mut self, text: String) {
        soon(self.0.send(Message::text(text))).await.expect("an open socket");
    }

    pub(crate) async fn next(&mut self) -> Message {
        soon(self.0.next()).await.expect("an open socket").expect("no error")
    }

    pub(crate) async fn text(&mut self) -> String {
        let message = self.next().await;
        let Message::Text(text) = message else { panic!("not text: {message:?}") };
        text.as_str().to_owned()
    }

    pub(crate) async fn frame(&mut self) -> ServerFrame {
        ServerFrame::parse(&self.text().await).expect("a frame of the protocol")
    }

    /// Reads to the close frame and to the end of the connection.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let frame = loop {
            if let Message::Close(frame) = self.next().await {
                break frame.expect("a code");
            }
        };
        assert!(soon(self.0.next()).await.is_none(), "an orderly end");
        (frame.code.into(), frame.reason.as_str().to_owned())
    }
}

/// Sends an HTTP request as it is, and reads to the end.
pub(crate) async fn raw(server: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.write_all(request.as_bytes()).await.expect("an open socket");
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.expect("an orderly end");
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn get(server: SocketAddr, path: &str) -> String {
    raw(server, &format!("GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n")).await
}

/// The value of a line of `/metrics`.
pub(crate) async fn metric(server: SocketAddr, name: &str) -> Option<u64> {
    let text = get(server, "/metrics").await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(line.parse().expect("a number"))
}

/// Loopback, but not the address that the server listens on.
pub(crate) const OTHER_LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

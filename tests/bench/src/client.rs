//! One client: from its own address, over a WebSocket, signed in, idle.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};

use crate::dialect::Dialect;

/// Peers of a room: twenty kiosks and two operators.
pub(crate) const ROOM: u32 = 22;
/// Rooms from here on are those of the clients that call each other.
pub(crate) const ACTIVE_ROOMS: u32 = 60_000;

/// Who a client is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    /// Counted over all clients.
    pub(crate) number: u32,
    /// Which room it is in.
    pub(crate) room: u32,
    /// Its place there.
    pub(crate) place: u32,
}

impl Who {
    pub(crate) const fn idle(number: u32) -> Self {
        Self { number, room: number / ROOM, place: number % ROOM }
    }

    pub(crate) const fn active(couple: u32, place: u32) -> Self {
        let room = ACTIVE_ROOMS + couple;
        Self { number: room * ROOM + place, room, place }
    }

    /// All of a room come from one address, as from behind one router: an address of the loopback that no other room has.
    fn address(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + self.room)
    }
}

/// A WebSocket whose server may be any.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// The TCP connection and the upgrade.
    pub(crate) async fn open(dialect: Dialect, server: SocketAddr, who: Who) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((who.address(), 0).into())?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let request = dialect.url(server, who).into_client_request()?;
        // The default of 128 KiB is allocated for every socket.
        let limits = Some(WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0));
        let (socket, _) = Box::pin(client_async_with_config(request, stream, limits)).await?;
        Ok(Self(socket))
    }

    pub(crate) async fn send(&mut self, text: String) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// The next text; why it was closed, if it was.
    pub(crate) async fn text(&mut self) -> Result<String> {
        loop {
            match self.0.next().await.context("broken-off")?? {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(Some(frame)) => bail!("{}", frame.reason),
                Message::Close(None) => bail!("closed"),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Reads until it is closed or breaks off, and says what the server wants to hear meanwhile.
    pub(crate) async fn idle(&mut self, heartbeat: Option<(Duration, &'static str)>) {
        // All tick at once else.
        let mut next = heartbeat.map(|(every, _)| Instant::now() + every.mul_f64(rand::random()));
        loop {
            let beat = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.0.next() => {
                    if !matches!(message, Some(Ok(_))) {
                        return;
                    }
                }
                () = beat => {
                    let Some((every, text)) = heartbeat else { return };
                    next = next.map(|at| at + every);
                    if self.0.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

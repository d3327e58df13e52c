//! The hostile signaling server: a proxy on the way to the real one, which sees and alters every frame in both directions.
//!
//! To the kiosks it is the server: they dial it, and the real server knows the proxy's address as its own public one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use kiosk_wire::{ClientFrame, PeerId, SessionCertificate};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async, client_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use crate::{
    forge::{Frame, Way},
    kiosk::PATIENCE,
};

/// What the proxy forwards instead of a frame. It may keep what it saw.
pub type Attack = Box<dyn FnMut(&Frame) -> Vec<Frame> + Send>;

/// The attack that is none.
#[must_use]
pub fn honest() -> Attack {
    Box::new(|frame| vec![frame.clone()])
}

/// By which name the proxy calls itself when it dials the real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Its own: the real server takes it for one of its own public names.
    Own,
    /// The real server's: a rogue that relays to a server it has nothing to do with.
    Relay,
}

struct Line {
    up: UnboundedSender<String>,
    down: UnboundedSender<String>,
    cut: Arc<Notify>,
}

struct State {
    attack: Attack,
    /// The kiosks by number.
    cast: Vec<PeerId>,
    lines: BTreeMap<u64, Line>,
    /// The line of each kiosk that has signed in.
    signed_in: BTreeMap<usize, u64>,
    seen: Vec<Frame>,
    lines_made: u64,
}

struct Shared {
    state: Mutex<State>,
    server_refusals: watch::Sender<BTreeSet<String>>,
    /// Told of each frame.
    passed: watch::Sender<()>,
}

/// A running proxy; dropped, it ends.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// `cast`: the kiosks by number; others are numbered as they come. Frames go through `attack` from the first one on.
    ///
    /// # Errors
    /// No free port.
    pub fn start(
        listener: TcpListener,
        server: SocketAddr,
        face: Face,
        cast: Vec<PeerId>,
        attack: Attack,
    ) -> Result<Self> {
        let address = listener.local_addr()?;
        let state =
            State { attack, cast, lines: BTreeMap::new(), signed_in: BTreeMap::new(), seen: Vec::new(), lines_made: 0 };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            server_refusals: watch::Sender::default(),
            passed: watch::Sender::default(),
        });
        let host = if face == Face::Own { address } else { server };
        let accepting = tokio::spawn(accept(listener, server, format!("ws://{host}/signaling"), Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where kiosks dial.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/signaling", self.address)
    }

    /// From now on this is done to frames.
    pub fn attack_with(&self, attack: Attack) {
        self.shared.state().attack = attack;
    }

    /// All frames as they came, before any attack.
    #[must_use]
    pub fn seen(&self) -> Vec<Frame> {
        self.shared.state().seen.clone()
    }

    /// Waits until the real server refuses something with this code, in an `err` frame or in a close frame.
    ///
    /// # Errors
    /// It does not.
    pub async fn server_refuses(&self, code: &str) -> Result<()> {
        let mut refusals = self.shared.server_refusals.subscribe();
        if matches!(timeout(PATIENCE, refusals.wait_for(|codes| codes.contains(code))).await, Ok(Ok(_))) {
            return Ok(());
        }
        bail!("the server never refused with {code}, but with {:?}", *refusals.borrow())
    }

    /// Waits until the frames seen so far are so.
    ///
    /// # Errors
    /// They never are.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Frame]) -> bool) -> Result<()> {
        let mut passed = self.shared.passed.subscribe();
        let wait = passed.wait_for(|_| holds(&self.shared.state().seen));
        if matches!(timeout(PATIENCE, wait).await, Ok(Ok(_))) { Ok(()) } else { bail!("the proxy never saw {what}") }
    }

    /// Sends what the attacker made up.
    pub fn inject(&self, frame: &Frame) {
        self.shared.state().route(frame, None);
    }

    /// Cuts the line of a kiosk, so that it signs in anew.
    pub fn cut(&self, who: usize) {
        let state = self.shared.state();
        if let Some(line) = state.signed_in.get(&who).and_then(|line| state.lines.get(line)) {
            line.cut.notify_one();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, line: u64, way: Way, text: &str) {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(who) = (way == Way::Up).then(|| state.signs_in(text)).flatten() {
            state.signed_in.insert(who, line);
        }
        let who = state.signed_in.iter().find(|(_, of)| **of == line).map(|(who, _)| *who);
        let frame = Frame { who, way, text: text.to_owned() };
        if way == Way::Down && frame.kind() == "err" {
            let code = serde_json::from_str(text).map(|frame: serde_json::Value| frame["code"].clone());
            let code = code.ok().and_then(|code| code.as_str().map(str::to_owned));
            self.server_refusals.send_modify(|codes| codes.extend(code));
        }
        state.seen.push(frame.clone());
        for frame in (state.attack)(&frame) {
            state.route(&frame, Some(line));
        }
        drop(guard);
        self.passed.send_replace(());
    }
}

impl State {
    /// Strangers get the next number when they come.
    fn signs_in(&mut self, text: &str) -> Option<usize> {
        let ClientFrame::Auth { sess, .. } = ClientFrame::parse(text).ok()? else { return None };
        let peer = SessionCertificate::open(&sess).ok()?.peer();
        let known = self.cast.iter().position(|known| *known == peer);
        Some(known.unwrap_or_else(|| {
            self.cast.push(peer);
            self.cast.len() - 1
        }))
    }

    fn route(&self, frame: &Frame, came_on: Option<u64>) {
        let line = match frame.who {
            Some(who) => self.signed_in.get(&who).copied(),
            None => came_on,
        };
        let Some(line) = line.and_then(|line| self.lines.get(&line)) else { return };
        let end = if frame.way == Way::Up { &line.up } else { &line.down };
        // The line is ending if this fails.
        let _ = end.send(frame.text.clone());
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, url: String, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (url, shared) = (url.clone(), Arc::clone(&shared));
        tokio::spawn(async move { attend(stream, server, &url, &shared).await });
    }
}

/// Looks at the request line without taking it.
async fn is_signaling(stream: &TcpStream) -> Result<bool> {
    const WANTED: &[u8] = b"GET /signaling ";
    let mut start = [0; WANTED.len()];
    loop {
        let length = stream.peek(&mut start).await?;
        if length == WANTED.len() || length == 0 || !WANTED.starts_with(&start[..length]) {
            return Ok(start == WANTED);
        }
        stream.readable().await?;
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn open(stream: TcpStream, server: SocketAddr, url: &str) -> Result<(Socket, Socket)> {
    stream.set_nodelay(true)?;
    let onwards = TcpStream::connect(server).await?;
    onwards.set_nodelay(true)?;
    let (onwards, _) = client_async(url, onwards).await.context("the real server does not take us")?;
    Ok((accept_async(stream).await?, onwards))
}

async fn attend(mut stream: TcpStream, server: SocketAddr, url: &str, shared: &Shared) -> Result<()> {
    if !is_signaling(&stream).await? {
        // The operator's page and what belongs to it.
        tokio::io::copy_bidirectional(&mut stream, &mut TcpStream::connect(server).await?).await?;
        return Ok(());
    }
    let (kiosk, onwards) = open(stream, server, url).await?;
    let ((up, from_above), (down, from_below)) = (unbounded_channel(), unbounded_channel());
    let cut = Arc::new(Notify::new());
    let line = {
        let state = &mut *shared.state();
        state.lines_made += 1;
        state.lines.insert(state.lines_made, Line { up, down, cut: Arc::clone(&cut) });
        state.lines_made
    };
    let ended = tokio::select! {
        ended = carry(line, (kiosk, from_below), (onwards, from_above), shared) => ended,
        () = cut.notified() => Ok(()),
    };
    let state = &mut *shared.state();
    state.lines.remove(&line);
    state.signed_in.retain(|_, of| *of != line);
    ended
}

type End = (Socket, UnboundedReceiver<String>);

/// Carries frames until one side closes; then closes the other with the same words.
async fn carry(line: u64, kiosk: End, server: End, shared: &Shared) -> Result<()> {
    let ((mut kiosk, mut down), (mut server, mut up)) = (kiosk, server);
    loop {
        tokio::select! {
            message = kiosk.next() => match message {
                Some(Ok(Message::Text(text))) => shared.pass(line, Way::Up, text.as_str()),
                Some(Ok(Message::Close(words))) => return Ok(server.close(words).await?),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(server.close(None).await?),
            },
            message = server.next() => match message {
                Some(Ok(Message::Text(text))) => shared.pass(line, Way::Down, text.as_str()),
                Some(Ok(Message::Close(words))) => return said_goodbye(words, &mut kiosk, &mut down, shared).await,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(kiosk.close(None).await?),
            },
            Some(text) = down.recv() => kiosk.send(Message::text(text)).await?,
            Some(text) = up.recv() => server.send(Message::text(text)).await?,
        }
    }
}

async fn said_goodbye(
    words: Option<CloseFrame>,
    kiosk: &mut Socket,
    down: &mut UnboundedReceiver<String>,
    shared: &Shared,
) -> Result<()> {
    if let Some(words) = &words {
        shared.server_refusals.send_modify(|codes| codes.extend([words.reason.as_str().to_owned()]));
    }
    while let Ok(text) = down.try_recv() {
        kiosk.send(Message::text(text)).await?;
    }
    Ok(kiosk.close(words).await?)
}

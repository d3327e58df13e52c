//! The rooms: who is in which, and what each of them is told. No sockets, no clock, no randomness of its own.
//!
//! Mutate with [`Rooms::handle_input`], then drain [`Rooms::poll_output`] until [`Output::Timeout`], then the next input.
//! Bad input becomes an answer on the wire and a [`Note`], never an error. Rules: `docs/protocol.md` §4 and §5.

mod bucket;
mod listing;
mod sign_in;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use kiosk_wire::{
    Envelope, ErrorCode, Kind, LARGEST_FRAME, Limits, Name, Nonce, PeerId, PublicKey, Refusal, Role, Room, ServerFrame,
};
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::bucket::{Bucket, Verdict};
pub use self::listing::{ListedPeer, ListedRoom};
use crate::Ice;

/// Time to sign in after the connection.
pub const SIGN_IN_TIME: Duration = Duration::from_secs(5);

/// One WebSocket, numbered by whoever accepts it; a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// Both clocks, read together.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For deadlines and rates.
    pub mono: Instant,
    /// Unix seconds, for certificates and TURN credentials.
    pub wall: u64,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A WebSocket is open.
    Connected {
        /// Its number.
        socket: SocketId,
        /// Where it comes from.
        address: IpAddr,
        /// The URL by which the client reached us, which it will sign.
        audience: String,
    },
    /// A text frame came.
    Frame {
        /// On which socket; unknown ones are ignored.
        socket: SocketId,
        /// The frame, not yet looked at.
        text: String,
    },
    /// A WebSocket is gone.
    Closed {
        /// Which; unknown ones are ignored.
        socket: SocketId,
    },
    /// From now on everybody is told of these revocation lists, in place of those before.
    Revocations(Vec<Envelope>),
    /// The server ends: everybody is told to go.
    Drain,
    /// The deadline of the last [`Output::Timeout`] has passed.
    Timeout,
}

/// Something is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this text frame.
    Send {
        /// On which socket.
        socket: SocketId,
        /// The frame, at most [`LARGEST_FRAME`] bytes.
        text: Arc<str>,
    },
    /// Close the socket after what was sent before. Its number is forgotten already.
    Close {
        /// Which socket.
        socket: SocketId,
        /// Why.
        reason: CloseReason,
    },
    /// For the metrics and the journal.
    Note(Note),
    /// Nothing more to do before this moment. `None`: nothing but another input changes anything.
    Timeout(Option<Instant>),
}

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseReason {
    /// The sign-in was refused.
    Refused(Refusal),
    /// No sign-in within [`SIGN_IN_TIME`].
    SignInTimeout,
    /// The same identity signed in again.
    Gone,
    /// The session certificate ran out.
    SessionEnded,
    /// The room, or the number of rooms, is at its limit.
    Full,
    /// Too many sockets that have not signed in.
    TooManySockets,
    /// Far too many frames.
    Rate,
    /// It does not read what it is sent.
    SlowReader,
    /// Nothing was heard of it.
    Silent,
    /// A frame or message larger than [`LARGEST_FRAME`].
    TooBig,
    /// Not WebSocket (RFC 6455), or not a text frame.
    Protocol,
    /// The server ends.
    Draining,
}

impl CloseReason {
    /// The code of the close frame (RFC 6455 §7.4.1, docs/protocol.md §4).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Gone => 1000,
            Self::Draining => 1001,
            Self::Protocol => 1002,
            Self::Refused(_) | Self::SignInTimeout | Self::SessionEnded => 1008,
            Self::TooBig => 1009,
            Self::Full | Self::TooManySockets | Self::Rate | Self::SlowReader | Self::Silent => 1013,
        }
    }

    /// The reason of the close frame; also the label of the metric.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::SignInTimeout => "sign-in-timeout",
            Self::Gone => "gone",
            Self::SessionEnded => "session-ended",
            Self::Full => "full",
            Self::TooManySockets => "too-many-sockets",
            Self::Rate => "rate",
            Self::SlowReader => "slow-reader",
            Self::Silent => "silent",
            Self::TooBig => "frame-too-big",
            Self::Protocol => "protocol",
            Self::Draining => "draining",
        }
    }
}

/// What an operator of the server wants counted or logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A peer is in a room.
    SignedIn {
        /// On which socket.
        socket: SocketId,
        /// Who.
        peer: PeerId,
        /// As what.
        role: Role,
        /// Where.
        room: Room,
    },
    /// A message was passed on.
    Relayed,
    /// A frame was refused: a reason code of docs/protocol.md §8 or a code of §5.
    Refused(&'static str),
}

/// Limits of the rooms, and what peers are told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Frames a second that a socket may send in the long run.
    pub rate: u32,
    /// Frames that it may send at once.
    pub burst: u32,
    /// Sockets that have not signed in, all together.
    pub waiting: usize,
    /// Sockets that have not signed in, from one IPv4 address or IPv6 /64 network.
    pub waiting_per_address: usize,
    /// Rooms.
    pub rooms: usize,
    /// Peers in one room.
    pub peers_per_room: usize,
    /// STUN and TURN.
    pub ice: Ice,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate: 50,
            burst: 200,
            waiting: 1024,
            waiting_per_address: 64,
            rooms: 4096,
            peers_per_room: 64,
            ice: Ice::default(),
        }
    }
}

/// What is known of one WebSocket.
#[derive(Debug)]
struct Socket {
    bucket: Bucket,
    deadline: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Has been sent its challenge.
    Waiting { address: IpAddr, audience: String, nonce: Nonce },
    /// Is a peer in a room.
    SignedIn(Member),
}

#[derive(Debug)]
struct Member {
    peer: PeerId,
    session_key: PublicKey,
    room: Room,
    role: Role,
    name: Name,
    since: Instant,
    /// Its peer description, as JSON.
    description: Arc<str>,
}

/// All rooms of the server.
#[derive(Debug)]
pub struct Rooms {
    settings: Settings,
    random: ChaCha12Rng,
    sockets: BTreeMap<SocketId, Socket>,
    /// One entry a socket.
    deadlines: BTreeSet<(Instant, SocketId)>,
    waiting: BTreeMap<IpAddr, usize>,
    peers: BTreeMap<PeerId, SocketId>,
    rooms: BTreeMap<Room, BTreeMap<PeerId, SocketId>>,
    /// Frames that everybody gets.
    revocations: Vec<Arc<str>>,
    outputs: VecDeque<Output>,
    draining: bool,
}

impl Rooms {
    /// `seed` must be secret and random: the challenges come from it.
    #[must_use]
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        Self {
            settings,
            random: ChaCha12Rng::from_seed(seed),
            sockets: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            waiting: BTreeMap::new(),
            peers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            revocations: Vec::new(),
            outputs: VecDeque::new(),
            draining: false,
        }
    }

    /// Number of rooms with somebody in them.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Number of peers in all rooms.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Number of sockets that have not signed in.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.sockets.len() - self.peers.len()
    }

    /// Takes one input in.
    pub fn handle_input(&mut self, input: Input, now: Now) {
        match input {
            Input::Connected { socket, address, audience } => self.connected(socket, address, audience, now.mono),
            Input::Frame { socket, text } => self.frame(socket, &text, now),
            Input::Closed { socket } => self.forget(socket),
            Input::Revocations(lists) => self.revoke(lists),
            Input::Drain => {
                self.draining = true;
                while let Some((&socket, _)) = self.sockets.first_key_value() {
                    self.close(socket, CloseReason::Draining);
                }
            }
            Input::Timeout => self.pass_deadlines(now.mono),
        }
    }

    /// The next thing to do; [`Output::Timeout`] when there is nothing left.
    pub fn poll_output(&mut self) -> Output {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Timeout(self.deadlines.first().map(|&(deadline, _)| deadline)))
    }

    fn connected(&mut self, id: SocketId, address: IpAddr, audience: String, now: Instant) {
        let address = network(address);
        let of_address = self.waiting.get(&address).copied().unwrap_or_default();
        let refused = if self.draining {
            Some(CloseReason::Draining)
        } else if self.waiting() >= self.settings.waiting || of_address >= self.settings.waiting_per_address {
            Some(CloseReason::TooManySockets)
        } else {
            None
        };
        if let Some(reason) = refused {
            self.outputs.push_back(Output::Close { socket: id, reason });
            return;
        }
        let mut nonce = Nonce([0; 16]);
        self.random.fill_bytes(&mut nonce.0);
        let limits = Limits {
            frame: u32::try_from(LARGEST_FRAME).expect("65,536"),
            rate: self.settings.rate,
            burst: self.settings.burst,
        };
        self.send(id, ServerFrame::Hello { v: vec![1], nonce, aud: audience.clone(), limits }.to_text());
        let state = State::Waiting { address, audience, nonce };
        let deadline = now + SIGN_IN_TIME;
        self.deadlines.insert((deadline, id));
        self.sockets.insert(id, Socket { bucket: Bucket::full(now), deadline, state });
        *self.waiting.entry(address).or_default() += 1;
    }

    fn frame(&mut self, id: SocketId, text: &str, now: Now) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        match socket.bucket.take(now.mono, self.settings.rate, self.settings.burst) {
            Verdict::Pass if matches!(socket.state, State::Waiting { .. }) => self.sign_in(id, text, now),
            Verdict::Pass => self.relay(id, text),
            Verdict::Drop => self.error(id, None, ErrorCode::Rate),
            Verdict::Close => self.close(id, CloseReason::Rate),
        }
    }

    /// Passes a message on: the envelope's own bytes, after a look at its signature and none at its payload.
    fn relay(&mut self, id: SocketId, text: &str) {
        let Some(Socket { state: State::SignedIn(sender), .. }) = self.sockets.get(&id) else {
            return;
        };
        let (from, key) = (sender.peer, sender.session_key);
        let Ok(frame) = serde_json::from_str::<MessageFrame<'_>>(text) else {
            return self.error(id, None, ErrorCode::BadFrame);
        };
        let Ok(envelope) = serde_json::from_str::<Envelope>(frame.m.get()) else {
            return self.error(id, Some(frame.to), ErrorCode::BadFrame);
        };
        let Some(&recipient) = self.rooms.get(&sender.room).and_then(|room| room.get(&frame.to)) else {
            return self.error(id, Some(frame.to), ErrorCode::Offline);
        };
        if envelope.verify(Kind::Message, key).is_err() {
            return self.error(id, Some(frame.to), ErrorCode::BadSig);
        }
        // "from" is two bytes longer than "to".
        let text = format!(r#"{{"t":"msg","from":"{from}","m":{}}}"#, frame.m.get());
        if text.len() > LARGEST_FRAME {
            return self.error(id, Some(frame.to), ErrorCode::TooBig);
        }
        self.send(recipient, text);
        self.outputs.push_back(Output::Note(Note::Relayed));
    }

    fn pass_deadlines(&mut self, now: Instant) {
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline <= now
        {
            let reason = match self.sockets.get(&id).map(|socket| &socket.state) {
                Some(State::SignedIn(_)) => CloseReason::SessionEnded,
                Some(State::Waiting { .. }) | None => CloseReason::SignInTimeout,
            };
            self.close(id, reason);
        }
    }

    fn send(&mut self, socket: SocketId, text: impl Into<Arc<str>>) {
        self.outputs.push_back(Output::Send { socket, text: text.into() });
    }

    fn error(&mut self, socket: SocketId, to: Option<PeerId>, code: ErrorCode) {
        self.outputs.push_back(Output::Note(Note::Refused(error_label(code))));
        self.send(socket, ServerFrame::Err { to, code }.to_text());
    }

    /// Tells everybody in `room` but `except`.
    fn tell(&mut self, room: &Room, except: PeerId, text: &Arc<str>) {
        for (&peer, &socket) in self.rooms.get(room).into_iter().flatten() {
            if peer != except {
                self.outputs.push_back(Output::Send { socket, text: Arc::clone(text) });
            }
        }
    }

    /// They are passed on as they are: peers know whose they are and whether they are new.
    fn revoke(&mut self, lists: Vec<Envelope>) {
        let frame = |list| ServerFrame::Revocations { list }.to_text().into();
        self.revocations = lists.into_iter().map(frame).collect();
        for (&socket, text) in
            self.peers.values().flat_map(|socket| self.revocations.iter().map(move |text| (socket, text)))
        {
            self.outputs.push_back(Output::Send { socket, text: Arc::clone(text) });
        }
    }

    fn close(&mut self, id: SocketId, reason: CloseReason) {
        self.outputs.push_back(Output::Close { socket: id, reason });
        self.forget(id);
    }

    /// Removes every trace of a socket, and tells its room.
    fn forget(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.remove(&id) else {
            return;
        };
        self.deadlines.remove(&(socket.deadline, id));
        match socket.state {
            State::Waiting { address, .. } => self.waits_no_more(address),
            State::SignedIn(Member { peer, room, .. }) => {
                self.peers.remove(&peer);
                if let Some(members) = self.rooms.get_mut(&room) {
                    members.remove(&peer);
                    if members.is_empty() {
                        self.rooms.remove(&room);
                    }
                }
                if !self.draining {
                    self.tell(&room, peer, &ServerFrame::Left { peer }.to_text().into());
                }
            }
        }
    }

    fn waits_no_more(&mut self, address: IpAddr) {
        if let Some(count) = self.waiting.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.waiting.remove(&address);
            }
        }
    }
}

/// A client's `msg` whose envelope keeps its exact bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFrame<'a> {
    #[serde(rename = "t")]
    _tag: MessageTag,
    to: PeerId,
    #[serde(borrow)]
    m: &'a RawValue,
}

#[derive(Deserialize)]
enum MessageTag {
    #[serde(rename = "msg")]
    Message,
}

/// What counts as one address: an IPv4 address, or an IPv6 /64, which is what one customer has (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

const fn error_label(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Offline => "offline",
        ErrorCode::Rate => "rate",
        ErrorCode::TooBig => "too-big",
        ErrorCode::BadSig => "bad-sig",
        ErrorCode::BadFrame => "bad-frame",
        ErrorCode::Gone => "gone",
        ErrorCode::Full => "full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_ipv4_address_or_a_64() {
        let of = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}

//! A whole room in one thread and in virtual time: the real kiosks, the real room logic, a seeded network and a model of media.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: virtual time starts at some instant")]

pub(crate) mod media;
pub(crate) mod server;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use kiosk_call::{
    CallId, CertificateCheck, Command, Config, Input, Kiosk, LinkCommand, LinkEvent, MediaCommand, MediaEvent, Notice,
    Now, Output, Pin, Record, Screen, Setup, Target, Tone, UnixMillis, UnknownPeers, View,
};
use kiosk_wire::{IdentityKey, Name, PeerId, Room};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

use self::{media::MediaModel, server::ServerModel};

pub(crate) const SERVER: &str = "wss://server.example/signaling";
/// 2026-11-22.
const EPOCH_START: u64 = 1_795_305_600_000;
/// Most outputs of one turn.
const MOST_OUTPUTS: usize = 200;

/// What the network does to what it carries, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// Of relayed messages that the server never delivers.
    pub(crate) loss: u64,
    /// Of relayed messages that come twice.
    pub(crate) duplication: u64,
    /// Of relayed messages that are overtaken.
    pub(crate) reordering: u64,
    /// Of calls with somebody in the middle of DTLS.
    pub(crate) interception: u64,
}

#[derive(Debug)]
pub(crate) enum Event {
    /// A socket of a kiosk opens at the server.
    Dial { kiosk: usize, socket: u64 },
    /// A frame of a kiosk reaches the server.
    Up { socket: u64, text: String },
    /// A kiosk's close reaches the server.
    HangUp { socket: u64 },
    /// Something reaches a kiosk on this socket.
    Down { socket: u64, event: LinkEvent },
    /// Media tells.
    Media { kiosk: usize, event: MediaEvent },
    /// Media's figures are due.
    Figures,
    /// The time a kiosk asked for.
    Deadline { kiosk: usize, asked: u64 },
    /// The time the server asked for.
    ServerDeadline,
}

struct Due(Instant, u64, Event);
impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

pub(crate) struct SimKiosk {
    pub(crate) kiosk: Kiosk,
    pub(crate) peer: PeerId,
    pub(crate) socket: Option<u64>,
    pub(crate) view: Option<View>,
    pub(crate) connected_calls: usize,
    pub(crate) last_notice: Option<Notice>,
    pub(crate) last_record: Option<Record>,
    pub(crate) volume: Option<u8>,
    pub(crate) tone: Option<Tone>,
    asked: u64,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    start: Instant,
    pub(crate) kiosks: Vec<SimKiosk>,
    pub(crate) server: ServerModel,
    pub(crate) media: MediaModel,
    /// The media thread of a kiosk tells nothing until then.
    pub(crate) busy: Option<(usize, Instant)>,
    pub(crate) weather: Weather,
    pub(crate) random: ChaCha20Rng,
    events: BinaryHeap<Reverse<Due>>,
    /// Sockets keep the order of what they carry, as TCP does.
    busy_until: std::collections::BTreeMap<(u64, bool), Instant>,
    sockets: u64,
    order: u64,
    /// Sockets that died with everything that was on its way.
    dead: std::collections::BTreeSet<u64>,
    pub(crate) unlinked: std::collections::BTreeSet<usize>,
}

pub(crate) fn identity(index: usize) -> IdentityKey {
    IdentityKey::from_seed(&[u8::try_from(index).unwrap() + 1; 32]).unwrap()
}

impl World {
    /// Kiosks that trust each other by name; the last one trusts nobody and rings strangers as unverified.
    pub(crate) fn new(seed: u64, kiosks: usize, weather: Weather) -> Self {
        Self::with_certificate_check(seed, kiosks, weather, |signed, seen| signed == seen)
    }

    pub(crate) fn with_certificate_check(seed: u64, kiosks: usize, weather: Weather, check: CertificateCheck) -> Self {
        let start = Instant::now();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let peers: Vec<_> = (0..kiosks).map(|index| identity(index).public().peer_id()).collect();
        let now = Now { mono: start, wall: UnixMillis(EPOCH_START) };
        let make = |index: usize| {
            let pin =
                |peer: &PeerId| Pin { peer: *peer, name: "Pinned".to_owned(), auto_answer: seed.is_multiple_of(3) };
            let stranger = index + 1 == kiosks;
            let config = Config {
                name: Name::try_from(format!("Kiosk {index}")).unwrap(),
                room: Room::try_from("lobby".to_owned()).unwrap(),
                servers: vec![SERVER.to_owned()],
                target: Target::Peer(peers[(index + 1) % kiosks]),
                unknown: if stranger { UnknownPeers::RingUnverified } else { UnknownPeers::Refuse },
                operator_keys: Vec::new(),
            };
            let pins = if stranger { Vec::new() } else { peers.iter().map(pin).collect() };
            let mut own_seed = bytes;
            own_seed[31] = u8::try_from(index).unwrap();
            let setup = Setup { identity: identity(index), config, epoch: 0, pins, volume: 70, seed: own_seed };
            SimKiosk {
                kiosk: Kiosk::with_certificate_check(setup, now, check),
                peer: peers[index],
                socket: None,
                view: None,
                volume: None,
                tone: None,
                last_record: None,
                connected_calls: 0,
                last_notice: None,
                asked: 0,
            }
        };
        let mut world = Self {
            now: start,
            start,
            kiosks: (0..kiosks).map(make).collect(),
            server: ServerModel::new(bytes),
            media: MediaModel::default(),
            busy: None,
            weather,
            random: ChaCha20Rng::from_seed(bytes),
            events: BinaryHeap::new(),
            busy_until: std::collections::BTreeMap::new(),
            sockets: 0,
            order: 0,
            dead: std::collections::BTreeSet::new(),
            unlinked: std::collections::BTreeSet::new(),
        };
        for kiosk in 0..kiosks {
            world.input(kiosk, Input::Timeout);
        }
        world.schedule(Duration::from_millis(500), Event::Figures);
        world
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound
    }

    pub(crate) fn chance(&mut self, thousandths: u64) -> bool {
        self.below(1_000) < thousandths
    }

    pub(crate) fn delay(&mut self) -> Duration {
        Duration::from_millis(1 + self.below(60))
    }

    fn busy_until(&self, kiosk: usize) -> Option<Instant> {
        self.busy.filter(|(busy, until)| *busy == kiosk && self.now < *until).map(|(_, until)| until)
    }

    pub(crate) fn schedule(&mut self, after: Duration, event: Event) {
        self.schedule_at(self.now + after, event);
    }

    fn schedule_at(&mut self, at: Instant, event: Event) {
        self.order += 1;
        self.events.push(Reverse(Due(at, self.order, event)));
        assert!(self.events.len() < 20_000, "the network holds too much");
    }

    /// In order with everything else that goes the same way on this socket.
    pub(crate) fn carry(&mut self, socket: u64, up: bool, event: Event) {
        let arrival = self.now + self.delay();
        let last = self.busy_until.entry((socket, up)).or_insert(arrival);
        *last = arrival.max(*last);
        let at = *last;
        self.schedule_at(at, event);
    }

    pub(crate) fn clocks(&self) -> Now {
        let passed = u64::try_from((self.now - self.start).as_millis()).unwrap();
        Now { mono: self.now, wall: UnixMillis(EPOCH_START + passed) }
    }

    pub(crate) fn command(&mut self, kiosk: usize, command: Command) {
        self.input(kiosk, Input::Command(command));
    }

    pub(crate) fn input(&mut self, index: usize, input: Input) {
        let now = self.clocks();
        self.kiosks[index].kiosk.handle_input(input, now);
        for turn in 0.. {
            assert!(turn < MOST_OUTPUTS, "one turn made more than {MOST_OUTPUTS} outputs");
            match self.kiosks[index].kiosk.poll_output() {
                Output::Timeout(at, reason) => {
                    self.kiosks[index].asked += 1;
                    let asked = self.kiosks[index].asked;
                    if let Some(at) = at {
                        assert!(at > now.mono, "the deadline of {reason} has passed already");
                        self.schedule_at(at, Event::Deadline { kiosk: index, asked });
                    }
                    break;
                }
                Output::Link(command) => self.link_command(index, command),
                Output::Media(command) => self.media_command(index, command),
                Output::View(view) => self.kiosks[index].view = Some(view),
                Output::Notify(notice) => self.notice(index, notice),
                Output::Volume(percent) => self.kiosks[index].volume = Some(percent),
                Output::Store(record) => self.kiosks[index].last_record = Some(record),
                Output::Lights(_) => {}
            }
        }
    }

    fn notice(&mut self, index: usize, notice: Notice) {
        if let Notice::CallConnected { .. } = notice {
            self.kiosks[index].connected_calls += 1;
        }
        self.kiosks[index].last_notice = Some(notice);
    }

    fn link_command(&mut self, index: usize, command: LinkCommand) {
        match command {
            LinkCommand::Connect(url) => {
                assert_eq!(url, SERVER);
                self.sockets += 1;
                let socket = self.sockets;
                self.kiosks[index].socket = Some(socket);
                if self.unlinked.contains(&index) {
                    let event = LinkEvent::Closed("unreachable".to_owned());
                    self.carry(socket, false, Event::Down { socket, event });
                } else {
                    self.carry(socket, false, Event::Down { socket, event: LinkEvent::Opened });
                    self.carry(socket, true, Event::Dial { kiosk: index, socket });
                }
            }
            LinkCommand::Send(text) => {
                if let Some(socket) = self.kiosks[index].socket {
                    self.carry(socket, true, Event::Up { socket, text });
                }
            }
            LinkCommand::Close => {
                if let Some(socket) = self.kiosks[index].socket.take() {
                    self.carry(socket, true, Event::HangUp { socket });
                }
            }
        }
    }

    fn hang_up_socket(&mut self, socket: u64) {
        let outputs = self.server.closed(socket, self.clocks());
        self.server_outputs(outputs);
    }

    /// The cable of one kiosk is pulled: its socket dies and no new one opens.
    pub(crate) fn unlink(&mut self, index: usize) {
        self.unlinked.insert(index);
        if let Some(socket) = self.kiosks[index].socket.take() {
            self.dead.insert(socket);
            self.hang_up_socket(socket);
            self.input(index, Input::Link(LinkEvent::Closed("cable pulled".to_owned())));
        }
    }

    /// Every socket dies and the server forgets everything.
    pub(crate) fn restart_server(&mut self) {
        self.server.restart();
        for index in 0..self.kiosks.len() {
            if let Some(socket) = self.kiosks[index].socket.take() {
                self.dead.insert(socket);
                self.input(index, Input::Link(LinkEvent::Closed("server gone".to_owned())));
            }
        }
    }

    fn media_command(&mut self, index: usize, command: MediaCommand) {
        let events = MediaModel::command(self, index, command);
        for (after, kiosk, event) in events {
            self.schedule(after, Event::Media { kiosk, event });
        }
    }

    pub(crate) fn server_outputs(&mut self, outputs: Vec<server::ServerOutput>) {
        for output in outputs {
            match output {
                server::ServerOutput::Send { socket, text } => self.deliver(socket, text),
                server::ServerOutput::Close { socket, reason } => {
                    let event = LinkEvent::Closed(reason);
                    self.carry(socket, false, Event::Down { socket, event });
                }
            }
        }
        if let Some(at) = self.server.deadline() {
            self.schedule_at(at.max(self.now + Duration::from_millis(1)), Event::ServerDeadline);
        }
    }

    /// A hostile server loses, repeats and reorders what peers say to each other.
    fn deliver(&mut self, socket: u64, text: String) {
        let relayed = text.starts_with(r#"{"t":"msg""#);
        let event = |text| Event::Down { socket, event: LinkEvent::Frame(text) };
        if relayed && self.chance(self.weather.loss) {
            return;
        }
        if relayed && self.chance(self.weather.duplication) {
            self.carry(socket, false, event(text.clone()));
        }
        if relayed && self.chance(self.weather.reordering) {
            let late = Duration::from_millis(100 + self.below(3_000));
            self.schedule(late, event(text));
        } else {
            self.carry(socket, false, event(text));
        }
    }

    /// The next event, if it is due before `until`.
    fn step(&mut self, until: Instant) -> bool {
        if self.events.peek().is_none_or(|Reverse(due)| due.0 > until) {
            self.now = until;
            return false;
        }
        let Some(Reverse(Due(at, _, event))) = self.events.pop() else { return false };
        self.now = at;
        match event {
            Event::Dial { kiosk, socket } if self.kiosks[kiosk].socket == Some(socket) => {
                let outputs = self.server.connected(socket, SERVER, self.clocks());
                self.server_outputs(outputs);
            }
            Event::Dial { .. } => {}
            Event::Up { socket, text } if !self.dead.contains(&socket) => {
                let outputs = self.server.frame(socket, &text, self.clocks());
                self.server_outputs(outputs);
            }
            Event::Up { .. } => {}
            Event::HangUp { socket } => self.hang_up_socket(socket),
            Event::Down { socket, event } => {
                if let Some(index) = self.kiosks.iter().position(|kiosk| kiosk.socket == Some(socket)) {
                    if matches!(event, LinkEvent::Closed(_)) {
                        self.kiosks[index].socket = None;
                    }
                    self.input(index, Input::Link(event));
                }
            }
            Event::Media { kiosk, event } => match self.busy_until(kiosk) {
                Some(until) => self.schedule_at(until, Event::Media { kiosk, event }),
                None => self.input(kiosk, Input::Media(event)),
            },
            Event::Figures => {
                for (kiosk, event) in self.media.figures() {
                    if self.busy_until(kiosk).is_none() {
                        self.input(kiosk, Input::Media(event));
                    }
                }
                self.schedule(Duration::from_millis(500), Event::Figures);
            }
            Event::Deadline { kiosk, asked } if self.kiosks[kiosk].asked == asked => self.input(kiosk, Input::Timeout),
            Event::Deadline { .. } => {}
            Event::ServerDeadline => {
                let outputs = self.server.timeout(self.clocks());
                self.server_outputs(outputs);
            }
        }
        self.verify_invariants();
        true
    }

    pub(crate) fn run(&mut self, for_: Duration) {
        let until = self.now + for_;
        while self.step(until) {}
    }

    /// Runs until it holds; gives up after `within`.
    pub(crate) fn run_until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let until = self.now + within;
        while !holds(self) {
            if !self.step(until) {
                return holds(self);
            }
        }
        true
    }

    pub(crate) fn verify_invariants(&self) {
        for (index, kiosk) in self.kiosks.iter().enumerate() {
            let status = kiosk.kiosk.status();
            let open: Vec<CallId> = self.media.open_calls(index);
            assert!(open.len() <= 1, "kiosk {index} has {} peer connections", open.len());
            let gates = self.media.gates(index);
            let in_call = status.call.as_ref().filter(|call| call.phase == "in-call").map(|call| call.call);
            assert_eq!(gates, in_call, "kiosk {index}: the gates are open exactly in a call");
            let on_screen = matches!(kiosk.view.as_ref().map(|view| &view.screen), Some(Screen::InCall { .. }));
            assert_eq!(on_screen, in_call.is_some(), "kiosk {index}: the screen tells the truth");
            assert!(kiosk.kiosk.history().len() <= 500);
        }
    }

    pub(crate) fn phase(&self, index: usize) -> &'static str {
        self.kiosks[index].kiosk.status().call.map_or("none", |call| call.phase)
    }

    pub(crate) fn all_linked(&self) -> bool {
        self.kiosks.iter().all(|kiosk| kiosk.kiosk.status().peers + 1 == self.kiosks.len())
    }
}

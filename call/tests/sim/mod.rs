//! A whole room in one thread and in virtual time: the real kiosks, the real room logic, a seeded network and a model of media.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: virtual time starts at some instant")]

pub(crate) mod files;
pub(crate) mod media;
mod network;
pub(crate) mod server;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::{Duration, Instant},
};

use kiosk_call::{
    CallId, CertificateCheck, ChatLine, Command, Config, FileCommand, Input, Kiosk, Lights, Link, LinkEvent,
    LinkTrouble, MediaCommand, MediaEvent, Notice, Now, Output, Pin, Quality, Record, Retention, Screen, ServerId,
    Setup, Target, Tone, UnixMillis, UnknownPeers, View,
};
use kiosk_wire::{IdentityKey, Name, PeerId, Room};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

use self::{files::FilesModel, media::MediaModel, server::ServerModel};

/// They know nothing of each other.
const SERVERS: [&str; 2] = ["wss://server.example/signaling", "wss://other.example/signaling"];
/// 2026-11-22.
const EPOCH_START: u64 = 1_795_305_600_000;
/// How long the link waits for the answer to a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
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
    /// A socket of a kiosk opens at its server.
    Dial { socket: u64 },
    /// A frame of a kiosk reaches the server.
    Up { socket: u64, text: String },
    /// A kiosk's close reaches the server.
    HangUp { socket: u64 },
    /// Something reaches a kiosk on this socket.
    Down { socket: u64, event: LinkEvent },
    /// A kiosk has waited long enough for the answer to its probe.
    Unanswered { socket: u64 },
    /// Media tells.
    Media { kiosk: usize, event: MediaEvent },
    /// A disk has come to this command.
    Disk { kiosk: usize, command: FileCommand },
    /// Media's figures are due.
    Figures,
    /// The time a kiosk asked for.
    Deadline { kiosk: usize, asked: u64 },
    /// The time a server asked for.
    ServerDeadline { server: ServerId },
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
    pub(crate) kept: Kept,
    pub(crate) sockets: BTreeMap<ServerId, u64>,
    pub(crate) view: Option<View>,
    pub(crate) connected_calls: usize,
    pub(crate) resumed_calls: usize,
    /// Files that went and came, as the kiosk tells.
    pub(crate) moved: (usize, usize),
    pub(crate) last_notice: Option<Notice>,
    pub(crate) last_record: Option<Record>,
    pub(crate) volume: Option<u8>,
    pub(crate) tone: Option<Tone>,
    pub(crate) lights: Option<Lights>,
    /// Of the right time, milliseconds.
    ahead: i64,
    asked: u64,
}

pub(crate) struct World {
    seed: u64,
    pub(crate) now: Instant,
    start: Instant,
    pub(crate) kiosks: Vec<SimKiosk>,
    servers: BTreeMap<ServerId, ServerModel>,
    /// Servers that nobody reaches.
    down: BTreeSet<ServerId>,
    pub(crate) media: MediaModel,
    pub(crate) files: FilesModel,
    /// The media thread of a kiosk tells nothing until then.
    pub(crate) busy: Option<(usize, Instant)>,
    pub(crate) weather: Weather,
    pub(crate) random: ChaCha20Rng,
    events: BinaryHeap<Reverse<Due>>,
    /// Sockets keep the order of what they carry, as TCP does.
    busy_until: BTreeMap<(u64, bool), Instant>,
    pub(crate) sockets: u64,
    order: u64,
    /// Whose socket it is, and where to.
    owners: BTreeMap<u64, (usize, ServerId)>,
    /// Sockets that died with everything that was on its way.
    dead: BTreeSet<u64>,
    pub(crate) unlinked: BTreeSet<usize>,
    /// Kiosks whose network swallows everything, and does not say so.
    cut_off: BTreeSet<usize>,
    /// Sockets of an address that a kiosk has no longer.
    silent: BTreeSet<u64>,
    /// What TCP has to send again when packets are lost no longer.
    stuck: BTreeMap<u64, Vec<Event>>,
}

pub(crate) fn identity(index: usize) -> IdentityKey {
    IdentityKey::from_seed(&[u8::try_from(index).unwrap() + 1; 32]).unwrap()
}

/// Each server has its own secret.
fn other(mut seed: [u8; 32], server: ServerId) -> [u8; 32] {
    seed[29] = server.0;
    seed
}

fn closed(reason: &str) -> LinkEvent {
    LinkEvent::Closed { trouble: LinkTrouble::NoServer, reason: reason.to_owned() }
}

/// What a kiosk's disk has.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) epoch: u64,
    boots: u8,
    /// Chat, oldest first.
    pub(crate) lines: Vec<ChatLine>,
}

impl Kept {
    fn keep(&mut self, record: &Record) {
        match record {
            Record::Epoch(epoch) => self.epoch = *epoch,
            Record::ChatLine(line) => self.lines.push(line.clone()),
            Record::ChatDelivered(id) => {
                self.lines.iter_mut().filter(|line| line.id == *id).for_each(|line| line.delivered = true);
            }
            Record::ChatForgotten(before) => self.lines.retain(|line| line.at >= *before),
            Record::TrustAdded(_)
            | Record::TrustRemoved(_)
            | Record::Revoked(_)
            | Record::RevocationList(..)
            | Record::Volume(_)
            | Record::Quality(_) => {}
        }
    }
}

fn setup(seed: u64, (kiosks, servers): (usize, usize), index: usize, kept: &Kept) -> Setup {
    let peers: Vec<_> = (0..kiosks).map(|index| identity(index).public().peer_id()).collect();
    let pin = |peer: &PeerId| Pin { peer: *peer, name: "Pinned".to_owned(), auto_answer: seed.is_multiple_of(3) };
    let stranger = index + 1 == kiosks;
    let config = Config {
        name: Name::try_from(format!("Kiosk {index}")).unwrap(),
        room: Room::try_from("lobby".to_owned()).unwrap(),
        servers: SERVERS[..servers].iter().map(|server| (*server).to_owned()).collect(),
        target: Target::Peer(peers[(index + 1) % kiosks]),
        unknown: if stranger { UnknownPeers::RingUnverified } else { UnknownPeers::Refuse },
        operator_keys: Vec::new(),
        retention: Retention::For(Duration::from_secs(7 * 86_400)),
        quick_replies: vec!["Yes".to_owned(), "No".to_owned()],
        allow_restart: true,
        document_camera: true,
        is_last_good: false,
    };
    let mut own_seed = [0; 32];
    own_seed[..8].copy_from_slice(&seed.to_le_bytes());
    own_seed[30] = kept.boots;
    own_seed[31] = u8::try_from(index).unwrap();
    Setup {
        identity: identity(index),
        config,
        epoch: kept.epoch,
        pins: if stranger { Vec::new() } else { peers.iter().map(pin).collect() },
        revoked: Vec::new(),
        revocations: Vec::new(),
        memberships: Vec::new(),
        volume: 70,
        quality: Quality::Auto,
        history: kept.lines.clone(),
        seed: own_seed,
    }
}

impl World {
    /// Kiosks that trust each other by name; the last one trusts nobody and rings strangers as unverified.
    pub(crate) fn new(seed: u64, kiosks: usize, weather: Weather) -> Self {
        Self::with_certificate_check(seed, (kiosks, 1), weather, |signed, seen| signed == seen)
    }

    /// Between so many servers.
    pub(crate) fn between(seed: u64, kiosks: usize, servers: usize, weather: Weather) -> Self {
        Self::with_certificate_check(seed, (kiosks, servers), weather, |signed, seen| signed == seen)
    }

    pub(crate) fn with_certificate_check(
        seed: u64,
        (kiosks, servers): (usize, usize),
        weather: Weather,
        check: CertificateCheck,
    ) -> Self {
        let start = Instant::now();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let now = Now { mono: start, wall: UnixMillis(EPOCH_START) };
        let make = |index: usize| {
            let kept = Kept::default();
            SimKiosk {
                kiosk: Kiosk::with_certificate_check(setup(seed, (kiosks, servers), index, &kept), now, check),
                peer: identity(index).public().peer_id(),
                kept,
                sockets: BTreeMap::new(),
                view: None,
                volume: None,
                tone: None,
                lights: None,
                last_record: None,
                connected_calls: 0,
                resumed_calls: 0,
                moved: (0, 0),
                last_notice: None,
                ahead: 0,
                asked: 0,
            }
        };
        let mut world = Self {
            seed,
            now: start,
            start,
            kiosks: (0..kiosks).map(make).collect(),
            servers: ServerId::all().take(servers).map(|id| (id, ServerModel::new(other(bytes, id)))).collect(),
            down: BTreeSet::new(),
            media: MediaModel::default(),
            files: FilesModel::default(),
            busy: None,
            weather,
            random: ChaCha20Rng::from_seed(bytes),
            events: BinaryHeap::new(),
            busy_until: BTreeMap::new(),
            sockets: 0,
            order: 0,
            owners: BTreeMap::new(),
            dead: BTreeSet::new(),
            unlinked: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            silent: BTreeSet::new(),
            stuck: BTreeMap::new(),
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

    /// A kiosk's clock is set to another time, milliseconds since 1970; None: to the right one.
    pub(crate) fn set_clock(&mut self, index: usize, wall: Option<u64>) {
        let right = self.clocks().wall.0;
        self.kiosks[index].ahead = wall.map_or(0, |wall| i64::try_from(wall).unwrap() - i64::try_from(right).unwrap());
    }

    fn clocks_of(&self, index: usize) -> Now {
        let Now { mono, wall } = self.clocks();
        Now { mono, wall: UnixMillis(wall.0.saturating_add_signed(self.kiosks[index].ahead)) }
    }

    pub(crate) fn clocks(&self) -> Now {
        let passed = u64::try_from((self.now - self.start).as_millis()).unwrap();
        Now { mono: self.now, wall: UnixMillis(EPOCH_START + passed) }
    }

    pub(crate) fn command(&mut self, kiosk: usize, command: Command) {
        self.input(kiosk, Input::Command(command));
    }

    pub(crate) fn input(&mut self, index: usize, input: Input) {
        let now = self.clocks_of(index);
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
                Output::Link(server, command) => self.link_command((index, server), command),
                Output::Media(command) => self.media_command(index, command),
                Output::File(command) => self.file_command(index, command),
                Output::View(view) => self.kiosks[index].view = Some(*view),
                Output::Notify(notice) => self.notice(index, notice),
                Output::Volume(percent) => self.kiosks[index].volume = Some(percent),
                Output::Store(record) => {
                    self.kiosks[index].kept.keep(&record);
                    self.kiosks[index].last_record = Some(record);
                }
                Output::Lights(lights) => self.kiosks[index].lights = Some(lights),
                Output::Restart => {}
            }
        }
    }

    fn notice(&mut self, index: usize, notice: Notice) {
        if let Notice::CallConnected { .. } = notice {
            self.kiosks[index].connected_calls += 1;
        }
        if let Notice::CallResumed { .. } = notice {
            self.kiosks[index].resumed_calls += 1;
        }
        if let Notice::FileMoved { outgoing, .. } = notice {
            let (went, came) = &mut self.kiosks[index].moved;
            *(if outgoing { went } else { came }) += 1;
        }
        self.kiosks[index].last_notice = Some(notice);
    }

    /// The power of one kiosk goes and comes: it has what its disk has.
    pub(crate) fn cut_power(&mut self, index: usize) {
        for socket in std::mem::take(&mut self.kiosks[index].sockets).into_values() {
            self.dead.insert(socket);
            self.hang_up_socket(socket);
        }
        for call in self.media.open_calls(index) {
            self.media_command(index, MediaCommand::Close { call });
        }
        let (seed, kiosks, now) = (self.seed, (self.kiosks.len(), self.servers.len()), self.clocks());
        let kiosk = &mut self.kiosks[index];
        kiosk.kept.boots += 1;
        kiosk.kiosk = Kiosk::new(setup(seed, kiosks, index, &kiosk.kept), now);
        (kiosk.view, kiosk.tone) = (None, None);
        self.input(index, Input::Timeout);
    }

    fn media_command(&mut self, index: usize, command: MediaCommand) {
        let events = MediaModel::command(self, index, command);
        for (after, kiosk, event) in events {
            self.schedule(after, Event::Media { kiosk, event });
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
        let Some(event) = self.gets_stuck(event) else { return true };
        match event {
            Event::Dial { socket } if self.owner(socket).is_some() => {
                let audience = SERVERS[usize::from(self.owners[&socket].1.0)];
                self.at_server(socket, |server, now| server.connected(socket, audience, now));
            }
            Event::Dial { .. } => {}
            Event::Up { socket, text } if !self.dead.contains(&socket) => {
                self.at_server(socket, |server, now| server.frame(socket, &text, now));
            }
            Event::Up { .. } => {}
            Event::HangUp { socket } => self.hang_up_socket(socket),
            Event::Down { socket, event } => {
                if let Some((index, server)) = self.owner(socket) {
                    if matches!(event, LinkEvent::Closed { .. }) {
                        self.kiosks[index].sockets.remove(&server);
                    }
                    self.input(index, Input::Link(server, event));
                }
            }
            Event::Unanswered { socket } => {
                let stuck = self.stuck.get_mut(&socket);
                let is_probe = |event: &Event| matches!(event, Event::Down { event: LinkEvent::Alive, .. });
                if stuck.is_some_and(|events| events.extract_if(.., |event| is_probe(event)).count() > 0)
                    && let Some((index, server)) = self.owner(socket)
                {
                    self.kiosks[index].sockets.remove(&server);
                    self.input(index, Input::Link(server, closed("no answer")));
                }
            }
            Event::Media { kiosk, event } => match self.busy_until(kiosk) {
                Some(until) => self.schedule_at(until, Event::Media { kiosk, event }),
                None => {
                    self.chunk_came(&event);
                    self.input(kiosk, Input::Media(event));
                }
            },
            Event::Disk { kiosk, command } => self.disk_turned(kiosk, command),
            Event::Figures => {
                for (kiosk, event) in self.media.released() {
                    self.schedule(Duration::ZERO, Event::Media { kiosk, event });
                }
                for (kiosk, event) in self.media.figures() {
                    if self.busy_until(kiosk).is_none() {
                        self.input(kiosk, Input::Media(event));
                    }
                }
                self.schedule(Duration::from_millis(500), Event::Figures);
            }
            Event::Deadline { kiosk, asked } if self.kiosks[kiosk].asked == asked => self.input(kiosk, Input::Timeout),
            Event::Deadline { .. } => {}
            Event::ServerDeadline { server } => {
                let now = self.clocks();
                let outputs = self.servers.get_mut(&server).map(|model| model.timeout(now)).unwrap_or_default();
                self.server_outputs(server, outputs);
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
            let confirmed = status.call.as_ref().and_then(|call| call.connection);
            assert_eq!(gates, confirmed, "kiosk {index}: the gates are open exactly in a confirmed connection");
            let in_call = status.call.as_ref().filter(|call| call.phase == "in-call");
            let shown = kiosk.view.as_ref().map(|view| &view.screen);
            let shown = if let Some(Screen::InCall { reconnecting, .. }) = shown { Some(*reconnecting) } else { None };
            let given_up_at = in_call.map(|call| call.given_up_at);
            assert_eq!(shown, given_up_at, "kiosk {index}: the screen tells the truth");
            assert!(
                confirmed.is_some() || given_up_at != Some(None),
                "kiosk {index}: a call without a connection reconnects"
            );
            assert!(given_up_at.flatten().is_none_or(|at| at >= self.now), "kiosk {index}: nobody waits for ever");
            assert!(kiosk.kiosk.history().len() <= 500);
        }
    }

    pub(crate) fn phase(&self, index: usize) -> &'static str {
        self.kiosks[index].kiosk.status().call.map_or("none", |call| call.phase)
    }

    /// The peer connection whose gates are open.
    pub(crate) fn connection(&self, index: usize) -> Option<CallId> {
        self.kiosks[index].kiosk.status().call?.connection
    }

    pub(crate) fn is_reconnecting(&self, index: usize) -> bool {
        self.kiosks[index].kiosk.status().call.is_some_and(|call| call.given_up_at.is_some())
    }

    /// Everybody is signed in at every server, and sees everybody.
    pub(crate) fn all_linked(&self) -> bool {
        let is_up = |(_, link): &(String, Link)| *link == Link::Up;
        self.kiosks
            .iter()
            .map(|kiosk| kiosk.kiosk.status())
            .all(|status| status.servers.iter().all(is_up) && status.peers + 1 == self.kiosks.len())
    }
}

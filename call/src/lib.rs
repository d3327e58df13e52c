//! The kiosk as ONE sans-IO state machine: everything that happens is an [`Input`], everything it wants an [`Output`].
//!
//! Single-mutation invariant: [`Kiosk::handle_input`], then [`Kiosk::poll_output`] until [`Output::Timeout`], then the next input.
//! No I/O, no clock, no randomness of its own: both clocks come with every input, randomness comes as a seed. So whole rooms of
//! kiosks run in one thread, in virtual time (`call/tests`).
#![forbid(unsafe_code)]

mod call;
mod calling;
mod channel;
mod chat;
mod clock;
mod configure;
mod controls;
mod derive;
mod files;
mod link;
mod links;
mod outside;
mod pairing;
mod port;
mod reconnecting;
mod revoking;
mod security;
mod signaling;
mod status;
mod timers;
mod trust;
mod view;
mod volume;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use kiosk_wire::{Envelope, IdentityKey, KioskStatus, Name, PeerId, PublicKey, Refusal, Room};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    call::Call,
    chat::Chat,
    configure::Whereabouts,
    controls::{Asked, Sending},
    files::Files,
    link::Presence,
    links::Links,
    pairing::Pairing as PairingWindow,
    timers::{Timer, Timers},
    trust::Trust,
    volume::Volume,
};
pub use crate::{
    chat::Retention,
    clock::*,
    link::retry_wait,
    port::*,
    security::CertificateCheck,
    status::{CallStatus, PeerStatus, Status},
    trust::UnknownPeers,
    view::*,
};

/// How long the end of a call stays on the screen.
const ENDED_SHOWN: Duration = Duration::from_secs(4);

/// Whom the call button calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An operator in the room: pinned before member before unverified.
    Operator,
    /// This peer.
    Peer(PeerId),
}

/// What the integrator decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the kiosk calls itself.
    pub name: Name,
    /// The room that it joins.
    pub room: Room,
    /// URLs of signaling servers. The kiosk is signed in at all of them at once.
    pub servers: Vec<String>,
    /// Whom the call button calls.
    pub target: Target,
    /// What happens to strangers.
    pub unknown: UnknownPeers,
    /// Authorities whose members are trusted.
    pub operator_keys: Vec<PublicKey>,
    /// How long chat is kept.
    pub retention: Retention,
    /// What can be said with one press.
    pub quick_replies: Vec<String>,
    /// Operators that are trusted may start the kiosk anew.
    pub allow_restart: bool,
    /// There is a second camera to be shared.
    pub document_camera: bool,
    /// It is an earlier one: what was decided since cannot be taken. The fault light says so.
    pub is_last_good: bool,
}

/// Everything that a kiosk starts with.
#[derive(Debug)]
pub struct Setup {
    /// Who it is.
    pub identity: IdentityKey,
    /// What the integrator decides.
    pub config: Config,
    /// The last epoch that was stored.
    pub epoch: u64,
    /// Trusted peers, from the config and the store.
    pub pins: Vec<Pin>,
    /// Peers that are refused, from the store.
    pub revoked: Vec<PeerId>,
    /// Revocation lists, from the store.
    pub revocations: Vec<Envelope>,
    /// What authorities say of us; shown when signing in, at most four.
    pub memberships: Vec<Envelope>,
    /// The loudspeaker's volume, percent.
    pub volume: u8,
    /// What the sent picture is to be good at.
    pub quality: Quality,
    /// What the disk has of the chat, oldest first.
    pub history: Vec<ChatLine>,
    /// 32 secret random bytes; all of the kiosk's randomness comes from here.
    pub seed: [u8; 32],
}

#[derive(Debug)]
struct Ended {
    name: PeerName,
    why: Ending,
}

/// The kiosk.
#[derive(Debug)]
pub struct Kiosk {
    target: Target,
    links: Links,
    trust: Trust,
    certificate_check: CertificateCheck,
    call: Option<Call>,
    ended: Option<Ended>,
    chat: Chat,
    files: Files,
    pairing: PairingWindow,
    sending: Sending,
    sending_before_call: Sending,
    pictures_swapped: bool,
    quality: Quality,
    question: Option<Asked>,
    remark: Option<Remark>,
    update: Option<u8>,
    allow_restart: bool,
    document_camera: bool,
    is_last_good: bool,
    /// What it is to call itself, and where, once there is no call.
    next_presence: Option<Whereabouts>,
    status_told: Option<KioskStatus>,
    /// Peers that have come since operators were told how we are.
    to_be_told: BTreeSet<PeerId>,
    camera: DeviceState,
    sound: DeviceState,
    panel: DeviceState,
    volume: Volume,
    tone: Option<Tone>,
    statistics: Option<Statistics>,
    refusals: BTreeMap<&'static str, u64>,
    timers: Timers,
    random: ChaCha20Rng,
    outputs: VecDeque<Output>,
    now: Now,
    view: Option<View>,
    lights: Option<Lights>,
    started: bool,
    stopped: bool,
}

impl Kiosk {
    /// A kiosk that has seen nothing yet; it opens its link with the first input (a [`Input::Timeout`] will do).
    #[must_use]
    pub fn new(setup: Setup, now: Now) -> Self {
        Self::with_certificate_check(setup, now, security::certificates_agree)
    }

    /// As [`Kiosk::new`], with another idea of when two certificates agree. The product has none:
    /// tests need it to show that their attacks succeed when the check is missing.
    #[doc(hidden)]
    #[must_use]
    pub fn with_certificate_check(setup: Setup, now: Now, certificate_check: CertificateCheck) -> Self {
        let Setup { identity, config, epoch, pins, revoked, revocations, memberships, volume, quality, history, seed } =
            setup;
        let pinned: BTreeSet<PeerId> = pins.iter().map(|pin| pin.peer).collect();
        let mut trust = Trust::new(pins, config.operator_keys, config.unknown);
        // The config has the last word.
        revoked.into_iter().filter(|peer| !pinned.contains(peer)).for_each(|peer| trust.revoke(peer));
        // What does not hold any more (its authority is not pinned now) is of no use.
        for list in &revocations {
            let _ = trust.learn(list);
        }
        let volume = Volume::new(volume);
        let presence = Presence { identity, name: config.name, room: config.room, memberships, epoch };
        let links = Links::new(presence, config.servers);
        let mut timers = Timers::default();
        links.each().for_each(|(server, _)| timers.set(Timer::Link(server), now.mono));
        timers.set(Timer::ChatOld, now.mono);
        Self {
            target: config.target,
            links,
            trust,
            certificate_check,
            call: None,
            ended: None,
            chat: Chat::new(config.retention, config.quick_replies, history),
            files: Files::default(),
            pairing: PairingWindow::default(),
            sending: Sending::default(),
            sending_before_call: Sending::default(),
            pictures_swapped: false,
            quality,
            question: None,
            remark: None,
            update: None,
            allow_restart: config.allow_restart,
            document_camera: config.document_camera,
            is_last_good: config.is_last_good,
            next_presence: None,
            status_told: None,
            to_be_told: BTreeSet::new(),
            camera: DeviceState::Ready,
            sound: DeviceState::Ready,
            panel: DeviceState::Ready,
            volume,
            tone: None,
            statistics: None,
            refusals: BTreeMap::new(),
            timers,
            random: ChaCha20Rng::from_seed(seed),
            outputs: VecDeque::from([
                Output::Volume(volume.percent()),
                Output::Media(MediaCommand::SetQuality(quality)),
            ]),
            now,
            view: None,
            lights: None,
            started: false,
            stopped: false,
        }
    }

    /// Something happened. Cannot fail: bad input becomes state and a [`Notice`]. Drain [`Kiosk::poll_output`] before the next one.
    pub fn handle_input(&mut self, input: Input, now: Now) {
        self.clock_moved(now);
        self.now = now;
        self.started = true;
        match input {
            Input::Button(button, edge) => self.button(button, edge),
            Input::Timeout => {}
            Input::Command(command) => self.command(command),
            Input::Link(server, event) => self.link_event(server, event),
            Input::Media(event) => self.media_event(event),
            Input::File(event) => self.file_event(event),
            Input::Panel(state) => self.panel = state,
            Input::Configure(decided) => self.configure(*decided),
            Input::NetworkChanged => self.network_changed(),
            Input::Stop => self.stop(),
        }
        while let Some(timer) = self.timers.take_expired(now.mono) {
            self.expired(timer);
        }
        self.change_presence();
        self.show();
    }

    /// The next thing wanted; [`Output::Timeout`] is the last of a turn.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| {
            let (at, reason) = self.timers.next();
            Output::Timeout(at, reason)
        })
    }

    /// After [`Input::Stop`]: the last outputs said goodbye, nothing more will come.
    #[must_use]
    pub const fn stopped(&self) -> bool {
        self.stopped
    }

    fn button(&mut self, button: Button, edge: Edge) {
        match (button, edge) {
            (Button::VolumeUp | Button::VolumeDown, _) => self.volume_button(button, edge),
            (_, Edge::Up) => {}
            (Button::Call, Edge::Down) => self.call_button(),
            (Button::Answer, Edge::Down) => self.answer_button(),
            (Button::HangUp, Edge::Down) => self.hang_up_command(),
            (Button::Yes, Edge::Down) => self.yes(),
            (Button::No, Edge::Down) => self.no(),
            (Button::Next, Edge::Down) => self.select_next_reply(),
            (Button::Reply(number), Edge::Down) => self.say_reply(number.into()),
            (Button::Page, Edge::Down) => self.turn_page(),
            (Button::Zoom, Edge::Down) => self.zoom(),
            (Button::Pair, Edge::Down) => self.pair(),
            (Button::Mute, Edge::Down) => self.mute(!self.sending.muted),
            (Button::Camera, Edge::Down) => self.turn_camera_off(!self.sending.camera_off),
            (Button::Hold, Edge::Down) => self.hold(!self.sending.held),
            (Button::Share, Edge::Down) => self.share_button(VideoSource::Panel),
            (Button::Document, Edge::Down) => self.share_button(VideoSource::Document),
            (Button::Swap, Edge::Down) => self.swap_pictures(),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Call(peer) => self.call_command(peer),
            Command::Answer => self.answer_command(),
            Command::HangUp => self.hang_up_command(),
            Command::Mute => self.mute(true),
            Command::Unmute => self.mute(false),
            Command::Camera(on) => self.turn_camera_off(!on),
            Command::Volume(percent) => self.volume_command(percent),
            Command::Hold(held) => self.hold(held),
            Command::Share(source) => self.share(source),
            Command::Quality(quality) => self.set_quality(quality),
            Command::Swap => self.swap_pictures(),
            Command::Chat(peer, text) => self.say(peer, text),
            Command::Type(typed) => self.typed(typed),
            Command::Reply(number) => self.say_reply(number),
            Command::Page => self.turn_page(),
            Command::ChatRead => self.chat.read(),
            Command::Yes => self.yes(),
            Command::No => self.no(),
            Command::Pair => self.pair(),
            Command::ShowFile(id) => self.show_file(id),
            Command::Zoom => self.zoom(),
            Command::SendFile(offer) => self.file_command_send(offer),
            Command::StopFile(id) => self.stop_file(id),
            Command::Updating(percent) => self.update = percent.map(|percent| percent.min(100)),
            Command::TrustAdd(pin) => {
                self.trust.add(pin.clone());
                self.output(Output::Store(Record::TrustAdded(pin)));
            }
            Command::TrustRemove(peer) => self.trust_no_more(peer),
            Command::Revoke(peer) => self.revoke(peer),
            Command::Revocations(list) => self.revocations(*list),
        }
    }

    fn expired(&mut self, timer: Timer) {
        match timer {
            Timer::Link(server) => self.link_due(server),
            Timer::Renewal(server) => self.renew(server),
            Timer::Ring => self.nobody_answered(),
            Timer::Connect => self.end_call(Ending::NoConnection),
            Timer::Confirm => self.confirm_again(),
            Timer::Ping => self.ping(),
            Timer::Silence => self.silent(),
            Timer::Retry => self.try_again(),
            Timer::GiveUp => self.end_call(Ending::PeerLost),
            Timer::Ended => {
                self.ended = None;
                self.put_chat_away();
            }
            Timer::AutoAnswer => self.answer(),
            Timer::ChatResend => self.send_waiting_lines(true),
            Timer::ChatShown => self.put_chat_away(),
            Timer::ChatOld => self.forget_old_lines(),
            Timer::Question => self.answer_question(false),
            Timer::Remark => self.remark = None,
            Timer::Pairing => self.pair_due(),
            Timer::Files => self.files_due(),
            Timer::VolumeStep => self.volume_still_held(),
            Timer::VolumeShown => self.keep_volume(),
        }
    }

    fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.end_call(Ending::Shutdown);
        self.keep_volume();
        for server in self.links.ids() {
            self.output(Output::Link(server, LinkCommand::Close));
        }
        self.timers = Timers::default();
        self.stopped = true;
    }

    fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn notify(&mut self, notice: Notice) {
        self.output(Output::Notify(notice));
    }

    fn decline(&mut self, sentence: String) {
        self.notify(Notice::Declined(sentence));
    }

    fn refuse(&mut self, refusal: Refusal, peer: Option<PeerId>) {
        *self.refusals.entry(refusal.code()).or_default() += 1;
        self.notify(Notice::Refused { reason: refusal.code(), peer });
    }

    fn after(&self, wait: Duration) -> Instant {
        self.now.mono + wait
    }
}

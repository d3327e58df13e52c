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
mod derive;
mod link;
mod port;
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

use kiosk_wire::{IdentityKey, Name, PeerId, PublicKey, Refusal, Room};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    call::Call,
    chat::Chat,
    link::{Link as ServerLink, Presence},
    timers::{Timer, Timers},
    trust::Trust,
    volume::Volume,
};
pub use crate::{
    clock::*,
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
    /// URLs of signaling servers, tried in turn.
    pub servers: Vec<String>,
    /// Whom the call button calls.
    pub target: Target,
    /// What happens to strangers.
    pub unknown: UnknownPeers,
    /// Authorities whose members are trusted.
    pub operator_keys: Vec<PublicKey>,
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
    /// The loudspeaker's volume, percent.
    pub volume: u8,
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
    link: ServerLink,
    trust: Trust,
    certificate_check: CertificateCheck,
    call: Option<Call>,
    ended: Option<Ended>,
    /// Calls offered in this session: an id is good once.
    calls_seen: BTreeSet<CallId>,
    chat: Chat,
    muted: bool,
    camera_off: bool,
    camera: DeviceState,
    sound: DeviceState,
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
        let Setup { identity, config, epoch, pins, volume, seed } = setup;
        let volume = Volume::new(volume);
        let presence = Presence { name: config.name, room: config.room, servers: config.servers };
        let mut timers = Timers::default();
        timers.set(Timer::Link, now.mono);
        Self {
            target: config.target,
            link: ServerLink::new(identity, presence, epoch),
            trust: Trust::new(pins, config.operator_keys, config.unknown),
            certificate_check,
            call: None,
            ended: None,
            calls_seen: BTreeSet::new(),
            chat: Chat::default(),
            muted: false,
            camera_off: false,
            camera: DeviceState::Ready,
            sound: DeviceState::Ready,
            volume,
            tone: None,
            statistics: None,
            refusals: BTreeMap::new(),
            timers,
            random: ChaCha20Rng::from_seed(seed),
            outputs: VecDeque::from([Output::Volume(volume.percent())]),
            now,
            view: None,
            lights: None,
            started: false,
            stopped: false,
        }
    }

    /// Something happened. Cannot fail: bad input becomes state and a [`Notice`]. Drain [`Kiosk::poll_output`] before the next one.
    pub fn handle_input(&mut self, input: Input, now: Now) {
        self.now = now;
        self.started = true;
        match input {
            Input::Button(button, edge) => self.button(button, edge),
            Input::Timeout => {}
            Input::Command(command) => self.command(command),
            Input::Link(event) => self.link_event(event),
            Input::Media(event) => self.media_event(event),
            Input::Stop => self.stop(),
        }
        while let Some(timer) = self.timers.take_expired(now.mono) {
            self.expired(timer);
        }
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
            (Button::Answer, Edge::Down) => self.answer_command(),
            (Button::HangUp, Edge::Down) => self.hang_up_command(),
            (Button::Mute, Edge::Down) => self.set_sending(!self.muted, self.camera_off),
            (Button::Camera, Edge::Down) => self.set_sending(self.muted, !self.camera_off),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Call(peer) => self.call_command(peer),
            Command::Answer => self.answer_command(),
            Command::HangUp => self.hang_up_command(),
            Command::Mute => self.set_sending(true, self.camera_off),
            Command::Unmute => self.set_sending(false, self.camera_off),
            Command::Camera(on) => self.set_sending(self.muted, !on),
            Command::Volume(percent) => self.set_volume(percent),
            Command::Chat(text) => self.say(text),
            Command::ChatRead => self.chat.read(),
            Command::TrustAdd(pin) => {
                self.trust.add(pin.clone());
                self.output(Output::Store(Record::TrustAdded(pin)));
            }
            Command::TrustRemove(peer) => {
                if self.trust.remove(peer) {
                    self.output(Output::Store(Record::TrustRemoved(peer)));
                } else {
                    self.decline(format!("{peer} is not a trusted peer"));
                }
            }
        }
    }

    fn expired(&mut self, timer: Timer) {
        match timer {
            Timer::Link => self.link_due(),
            Timer::Renewal => self.renew(),
            Timer::Ring => self.nobody_answered(),
            Timer::Connect => self.end_call(Ending::NoConnection),
            Timer::Ping => self.ping(),
            Timer::Silence => self.silent(),
            Timer::Ended => self.ended = None,
            Timer::VolumeStep => self.volume_still_held(),
            Timer::VolumeShown => self.volume_shown(),
        }
    }

    fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.end_call(Ending::Shutdown);
        self.volume_shown();
        self.output(Output::Link(LinkCommand::Close));
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

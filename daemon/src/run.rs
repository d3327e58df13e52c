//! THE loop: whatever happens becomes one input of the core; what the core then wants is carried out. Nothing else touches the core.
//!
//! ```text
//! keys · media · link · control · stop · deadline ── select! { biased } ─► one Input ─► Kiosk ─► poll_output() … Timeout
//! ```
//! Lights are written in place. Everything that can block is behind a queue that this loop never waits for; what leaves the kiosk waits
//! in the [`Outbox`] until the records before it are on the disk.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kiosk_call::{
    Button, Decided, DeviceState, Edge, FileCommand, FileEvent, Input, Kiosk, Lights, Link as LinkView, MediaCommand,
    MediaEvent, Now, Output, Pattern, Pin, Rung, Screen, UnixMillis, View,
};
use kiosk_hal::{
    keys::Keys,
    lights::{LightBank, Shine},
    touch::{Fingers, Touch},
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Interval, MissedTickBehavior, sleep_until},
};
use tracing::{debug, error, info, warn};

use crate::{
    answers::{Answer, to_value},
    buttons::Buttons,
    config::{Config, LightsSection},
    control::{Events, Request, protocol::Method},
    files::FileStore,
    healing::{Ladder, Step},
    journal::Journal,
    link::Links,
    metrics::Counts,
    outbox::{Outbox, Outgoing},
    panel::Touches,
    start::{core_config, pins},
    store::{StoreQueue, Written},
    trial::TryOut,
    watchdog::Watchdog,
};

/// A turn that takes longer is logged: a finger notices 100 ms, and a turn is only a part of the way.
const SLOW_TURN: Duration = Duration::from_millis(20);
/// How long the link may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longer than anything waits.
const FAR_AWAY: Duration = Duration::from_secs(3_600);

/// Hands a command to the media thread; must not block.
pub type MediaPort = Box<dyn FnMut(MediaCommand) + Send>;

/// Hands a command to the store of files; must not block.
pub type FilePort = Box<dyn FnMut(FileCommand) + Send>;

/// Everything that the loop is connected to.
pub(crate) struct Loop {
    pub(crate) kiosk: Kiosk,
    pub(crate) keys: Keys,
    pub(crate) buttons: Buttons,
    pub(crate) fingers: Fingers,
    /// What a finger on the panel means.
    pub(crate) touches: Touches,
    pub(crate) lamps: Lamps,
    /// Told when an LED has come.
    pub(crate) led_came: Arc<Notify>,
    /// Told when the network has changed.
    pub(crate) network_changed: Arc<Notify>,
    /// The loudspeaker's volume, percent; the latest counts.
    pub(crate) volumes: watch::Sender<u8>,
    pub(crate) views: watch::Sender<View>,
    /// Before `media`: media's threads may wait for a place in this queue, and its end waits for them.
    pub(crate) media_events: mpsc::Receiver<MediaEvent>,
    pub(crate) media: MediaPort,
    /// Has our own pictures sent through the encoder and back.
    pub(crate) try_out: TryOut,
    pub(crate) file_events: mpsc::Receiver<FileEvent>,
    pub(crate) file_port: FilePort,
    /// After `file_events`, since its end waits for what it tells.
    pub(crate) files: FileStore,
    /// Whether there is a screen.
    pub(crate) screen: watch::Receiver<DeviceState>,
    pub(crate) links: Links,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) stop: Arc<Notify>,
    pub(crate) store: StoreQueue,
    pub(crate) counts: Counts,
    /// What is done when nothing below helps.
    pub(crate) ladder: Ladder,
    pub(crate) watchdog: Watchdog,
    /// Peers that the config pins, which no command can remove.
    pub(crate) configured: Vec<kiosk_wire::PeerId>,
    /// What is wrong with the config that was written, while the last good one is used.
    pub(crate) config_problem: Option<String>,
    pub(crate) public_key: kiosk_wire::PublicKey,
    pub(crate) events: Events,
    pub(crate) started_at: Instant,
    pub(crate) turns: Turns,
}

/// What lives from turn to turn.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    journal: Journal,
    /// When the core wants to be woken.
    deadline: Option<(Instant, &'static str)>,
    outbox: Outbox,
    /// Buttons that kioskctl holds down, and until when.
    held: Vec<(Instant, Button)>,
    status: String,
}

/// Roles of lights and the LEDs that play them.
#[derive(Debug)]
pub(crate) struct Lamps {
    pub(crate) bank: Box<dyn LightBank>,
    pub(crate) names: LightsSection,
    pub(crate) shown: Option<Lights>,
    /// Somebody tests them: they do not follow the state.
    pub(crate) is_tested: bool,
}

impl Lamps {
    /// Lets this role's LED alone shine; None: all as the state says again.
    fn test(&mut self, role: Option<&str>) {
        let Some(lights) = self.shown else { return };
        self.is_tested = role.is_some();
        for (name, led) in self.names.roles() {
            let shine = if role == Some(name) { Shine::On } else { Shine::Off };
            if !led.is_empty()
                && let Err(error) = self.bank.set(led, shine)
            {
                warn!(%error, "light");
            }
        }
        if role.is_none() {
            self.shown = None;
            self.show(lights);
        }
    }

    /// Other LEDs play the roles from now on.
    fn rename(&mut self, names: LightsSection) {
        let Some(lights) = self.shown.filter(|_| names != self.names) else {
            self.names = names;
            return;
        };
        let kept: Vec<_> = names.roles().into_iter().map(|(_, led)| led.clone()).collect();
        for (_, led) in self.names.roles() {
            if !led.is_empty()
                && !kept.contains(led)
                && let Err(error) = self.bank.set(led, Shine::Off)
            {
                warn!(%error, "light");
            }
        }
        self.names = names;
        self.shown = None;
        self.show(lights);
    }

    fn show(&mut self, lights: Lights) {
        let Lights { call, message, mute, on_air, fault } = lights;
        let shown = self.shown.replace(lights);
        let pairs = [
            (&self.names.call, call, shown.map(|shown| shown.call)),
            (&self.names.message, message, shown.map(|shown| shown.message)),
            (&self.names.mute, mute, shown.map(|shown| shown.mute)),
            (&self.names.on_air, on_air, shown.map(|shown| shown.on_air)),
            (&self.names.fault, fault, shown.map(|shown| shown.fault)),
        ];
        for (name, pattern, before) in pairs {
            // Setting a blinking LED again would make it stumble.
            if name.is_empty() || before == Some(pattern) || self.is_tested {
                continue;
            }
            if let Err(error) = self.bank.set(name, shine(pattern)) {
                warn!(%error, "light");
            }
        }
    }
}

const fn shine(pattern: Pattern) -> Shine {
    match pattern {
        Pattern::Off => Shine::Off,
        Pattern::On => Shine::On,
        Pattern::Blink => Shine::Blink { on_ms: 500, off_ms: 500 },
        Pattern::Pulse => Shine::Blink { on_ms: 100, off_ms: 900 },
    }
}

enum Happened {
    Input(Input),
    Touch(Touch),
    Request(Request),
    Release(Button),
    LedCame,
    Stored(Option<Written>),
    /// The disk takes too long.
    GiveUp,
    Feed,
}

impl Loop {
    /// Runs until it is told to stop and the core has said goodbye.
    pub(crate) async fn run(mut self) {
        let mut feeding = self.watchdog.period().map(|period| {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        self.counts.unkept(self.store.standing().unkept);
        self.turn(Input::Timeout);
        self.watchdog.ready();
        while !self.kiosk.stopped() {
            match self.next(feeding.as_mut()).await {
                Happened::Input(input) => {
                    self.turn(input);
                }
                Happened::Touch(Touch::Present(present)) => self.touches.set_present(present),
                Happened::Touch(Touch::Tap { x, y }) => self.tap(x, y),
                Happened::Request(request) => self.serve(request),
                Happened::LedCame => self.lamps.bank.look_again(),
                Happened::Release(button) => {
                    self.turn(Input::Button(button, Edge::Up));
                }
                Happened::Stored(written) => self.stored(written.as_ref()),
                Happened::GiveUp => self.give_up(),
                Happened::Feed => self.watchdog.feed(),
            }
            self.heal();
        }
        self.watchdog.stopping();
        self.finish().await;
        info!("ended");
    }

    /// Everything that was decided is done, if that takes no longer than a goodbye may.
    async fn finish(mut self) {
        let writing = async {
            while self.store.is_writing() {
                let written = self.store.next().await;
                self.stored(written.as_ref());
            }
        };
        if tokio::time::timeout(GOODBYE, writing).await.is_err() {
            self.give_up();
        }
        if tokio::time::timeout(GOODBYE, self.links.finish()).await.is_err() {
            debug!("the server does not take our goodbye");
        }
        if tokio::time::timeout(GOODBYE, self.store.finish()).await.is_err() {
            warn!("the disk has not taken everything");
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Method(Method::Identity {}, answer) => self.identity(answer),
            Request::Method(Method::IdentityRotate {}, answer) => self.rotate_identity(answer),
            Request::Method(method, answer) => {
                let before = self.store.given();
                let said = self.answer(method);
                self.reply(before, answer, said);
            }
            Request::SendFile(offer, answer) => {
                // Nobody waits for the answer any more: nothing to do about it.
                let _ = answer.send(self.send_file(offer));
            }
            Request::TryOut(length, answer) => self.try_out(length, answer),
            Request::Tried(trial, answer) => drop(answer.send(to_value(&self.tried(&trial)))),
            Request::LearnKey(learner) => self.buttons.learn(learner),
            Request::Configure(config, done) => {
                self.configure(*config);
                let _ = done.send(());
            }
            Request::WatchKeys(watcher) => self.buttons.watch(watcher),
            Request::ShowLight(role) => self.lamps.test(role),
        }
    }

    async fn next(&mut self, feeding: Option<&mut Interval>) -> Happened {
        let far = Instant::now() + FAR_AWAY;
        let deadline = self.turns.deadline.map_or(far, |(at, _)| at);
        let patience = self.turns.outbox.deadline();
        let release = self.turns.held.iter().min_by_key(|(at, _)| *at).copied();
        let fed = async {
            match feeding {
                Some(interval) => interval.tick().await,
                None => std::future::pending().await,
            }
        };
        // Fingers first, deadlines last: the core looks at its deadlines with every input anyway.
        tokio::select! {
            biased;
            Some(input) = self.buttons.next(&mut self.keys) => Happened::Input(input),
            Some(touch) = self.fingers.next() => Happened::Touch(touch),
            Some(event) = self.media_events.recv() => Happened::Input(Input::Media(event)),
            Some(event) = self.file_events.recv() => Happened::Input(Input::File(event)),
            Ok(()) = self.screen.changed() => Happened::Input(Input::Panel(self.screen.borrow_and_update().clone())),
            Some((server, event)) = self.links.next() => Happened::Input(Input::Link(server, event)),
            () = self.network_changed.notified() => Happened::Input(Input::NetworkChanged),
            Some(request) = self.requests.recv() => Happened::Request(request),
            () = self.stop.notified() => Happened::Input(Input::Stop),
            () = self.led_came.notified() => Happened::LedCame,
            () = sleep_until(release.map_or(far, |(at, _)| at).into()), if release.is_some() => {
                let (at, button) = release.expect("the branch's condition");
                self.turns.held.retain(|held| *held != (at, button));
                Happened::Release(button)
            }
            written = self.store.next() => Happened::Stored(written),
            () = sleep_until(patience.unwrap_or(far).into()), if patience.is_some() => Happened::GiveUp,
            _ = fed => Happened::Feed,
            () = sleep_until(deadline.into()) => Happened::Input(Input::Timeout),
        }
    }

    /// A finger on the screen means what is painted there; elsewhere it wakes the screen.
    fn tap(&mut self, x: f64, y: f64) {
        match self.touches.at(x, y) {
            Some(command) => drop(self.turn(Input::Command(command))),
            None => self.views.send_modify(|_| {}),
        }
    }

    /// One turn: an input, then everything that the core wants. The sentence of what it declined, if it did.
    pub(crate) fn turn(&mut self, input: Input) -> Option<String> {
        let name = input.name();
        let began = Instant::now();
        let now = now();
        // A press wakes the screen, also if it changes nothing.
        let mut wakes = matches!(input, Input::Button(_, Edge::Down));
        self.counts.input(&input);
        self.note(&input, now.mono);
        self.kiosk.handle_input(input, now);
        let mut declined = None;
        loop {
            match self.kiosk.poll_output() {
                Output::Lights(lights) => self.lamps.show(lights),
                Output::View(view) => {
                    wakes = false;
                    self.show(*view);
                }
                Output::Media(command) => self.send(Outgoing::Media(command)),
                Output::File(command) => (self.file_port)(command),
                Output::Restart => {
                    info!("an operator wants a restart");
                    self.stop.notify_one();
                }
                Output::Volume(percent) => drop(self.volumes.send_replace(percent)),
                Output::Link(server, command) => {
                    let order = self.links.decide(server, command);
                    self.send(Outgoing::Link(order));
                }
                Output::Store(record) => self.store.keep(record),
                Output::Notify(notice) => {
                    self.turns.journal.write(&notice, now.mono);
                    self.counts.notice(&notice);
                    self.events.notice(&notice, now.wall);
                    if let kiosk_call::Notice::CallEnded { why, .. } = notice {
                        self.files.desk().call_ended(why);
                    }
                    if let kiosk_call::Notice::Declined(sentence) = notice {
                        declined = Some(sentence);
                    }
                }
                Output::Timeout(deadline, reason) => {
                    self.turns.deadline = deadline.map(|at| (at, reason));
                    break;
                }
            }
        }
        if wakes {
            self.views.send_modify(|_| {});
        }
        let took = began.elapsed();
        self.counts.turn(took);
        if took > SLOW_TURN {
            warn!(input = name, took_ms = took.as_millis(), "slow turn");
        }
        declined
    }

    /// Takes another config, as far as that is the loop's.
    fn configure(&mut self, config: Config) {
        let was_configured = |pin: &Pin| self.configured.contains(&pin.peer);
        // One that the config has pinned hides what somebody here had said of it.
        let hidden = self.store.standing().pins.iter().filter(|pin| was_configured(pin)).cloned();
        let kept = self.kiosk.pins().into_iter().filter(|pin| !was_configured(pin)).chain(hidden).collect();
        let decided = Decided {
            config: core_config(&config),
            pins: pins(&config, kept),
            volume: (!self.store.standing().has_volume).then_some(config.sound.volume),
        };
        self.configured = config.trust.peer.iter().map(|pin| pin.peer).collect();
        self.config_problem.clone_from(&config.instead_of);
        self.counts.config(config.instead_of.is_some());
        self.buttons.rebind(&config.buttons);
        self.lamps.rename(config.lights);
        self.files.desk().set_rules(config.files);
        self.turn(Input::Configure(Box::new(decided)));
    }

    /// What the ladder has to know.
    fn note(&mut self, input: &Input, now: Instant) {
        if let Input::Media(MediaEvent::Healing { rung: Rung::Restart, reason }) = input {
            self.ladder.want(reason);
        } else if let Input::Media(MediaEvent::Statistics { call, statistics }) = input {
            self.ladder.measured(*call, statistics, now);
        }
    }

    /// Where nothing else helps: ends, for another start, or has the board start anew. Not without somebody who does that.
    fn heal(&mut self) {
        if !self.watchdog.is_supervised() {
            return;
        }
        let step = self.ladder.step(&self.views.borrow(), now());
        match step {
            None => {}
            Some(Step::Restart(reason)) => {
                warn!(name: "healing-restart", %reason, "kioskd starts anew, as nothing else has helped");
                self.stop.notify_one();
            }
            Some(Step::Reboot(reason)) => {
                warn!(name: "healing-reboot", %reason, "the board is to start anew, as restarts have not helped");
                if let Err(error) = self.ladder.ask_for_reboot() {
                    error!(%error, "systemd cannot be asked for a reboot");
                }
                self.counts.reboot_wanted();
            }
        }
    }

    /// Lets it leave the kiosk, once all that was given to the store before is on the disk.
    fn send(&mut self, outgoing: Outgoing) {
        if self.store.is_writing() {
            let last = self.store.given();
            self.turns.outbox.put(last..=last, now().mono, outgoing);
        } else {
            self.carry_out(outgoing);
        }
    }

    /// Answers once the records that were given since `before` are on the disk, or not.
    fn reply(&mut self, before: u64, answer: oneshot::Sender<Answer>, said: Answer) {
        let (reply, last) = (Outgoing::Answer(answer, said), self.store.given());
        if last > before {
            self.turns.outbox.put(before + 1..=last, now().mono, reply);
        } else {
            self.carry_out(reply);
        }
    }

    fn carry_out(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Link(order) => self.links.carry_out(order),
            Outgoing::Media(command) => (self.media)(command),
            // Nobody waits for the answer any more: nothing to do about it.
            Outgoing::Answer(answer, said) => drop(answer.send(said)),
        }
    }

    fn stored(&mut self, written: Option<&Written>) {
        self.counts.unkept(self.store.standing().unkept);
        let Some(written) = written else { return };
        for outgoing in self.turns.outbox.written(written.number, written.declined.as_deref()) {
            self.carry_out(outgoing);
        }
    }

    fn give_up(&mut self) {
        warn!(name: "disk-slow", "the disk takes too long: what it is told goes on without it");
        self.store.give_up();
        for outgoing in self.turns.outbox.give_up() {
            self.carry_out(outgoing);
        }
    }

    /// Presses a button, and lets go of it at once or later.
    pub(crate) fn press(&mut self, button: Button, hold: Option<Duration>) -> Option<String> {
        let declined = self.turn(Input::Button(button, Edge::Down));
        match hold {
            Some(hold) => self.turns.held.push((now().mono + hold, button)),
            None => {
                self.turn(Input::Button(button, Edge::Up));
            }
        }
        declined
    }

    fn show(&mut self, view: View) {
        self.counts.view(&view);
        self.events.view(&self.views.borrow(), &view, now().wall);
        let status = status_line(&view);
        if status != self.turns.status {
            self.watchdog.status(&status);
            self.turns.status = status;
        }
        self.views.send_replace(view);
    }
}

/// Both clocks. Tokio's, so that tests can stop it.
pub(crate) fn now() -> Now {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall = UnixMillis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX));
    Now { mono: tokio::time::Instant::now().into_std(), wall }
}

fn status_line(view: &View) -> String {
    let doing = match &view.screen {
        Screen::Booting => "booting",
        Screen::Idle { .. } => "idle",
        Screen::RingingOut { .. } => "calling",
        Screen::RingingIn { .. } => "ringing",
        Screen::Connecting { .. } => "connecting",
        Screen::InCall { .. } => "in a call",
        Screen::Ended { .. } => "call ended",
        Screen::OutOfOrder => "out of order",
    };
    match &view.link {
        LinkView::Up => doing.to_owned(),
        LinkView::Connecting => format!("{doing}, signing in"),
        LinkView::Down { reason, .. } => format!("{doing}, no server: {reason}"),
    }
}

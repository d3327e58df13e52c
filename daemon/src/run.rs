//! THE loop: whatever happens becomes one input of the core; what the core then wants is carried out. Nothing else touches the core.
//!
//! ```text
//! keys · media · link · control · stop · deadline ── select! { biased } ─► one Input ─► Kiosk ─► poll_output() … Timeout
//! ```
//! Lights are written in place. Everything that can block is behind a queue that this loop never waits for.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kiosk_call::{
    Button, Edge, Input, Kiosk, Lights, Link as LinkView, MediaCommand, MediaEvent, Now, Output, Pattern, Screen,
    UnixMillis, View,
};
use kiosk_hal::{
    keys::Keys,
    lights::{LightBank, Shine},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Interval, MissedTickBehavior, sleep_until},
};
use tracing::{debug, error, info, warn};

use crate::{
    buttons::Buttons, config::LightsSection, control::Request, journal::Journal, link::Link, store::Store,
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

/// Everything that the loop is connected to.
pub(crate) struct Loop {
    pub(crate) kiosk: Kiosk,
    pub(crate) keys: Keys,
    pub(crate) buttons: Buttons,
    pub(crate) lamps: Lamps,
    /// Told when an LED has come.
    pub(crate) led_came: Arc<Notify>,
    /// The loudspeaker's volume, percent; the latest counts.
    pub(crate) volumes: watch::Sender<u8>,
    pub(crate) views: watch::Sender<View>,
    /// Before `media`: media's threads may wait for a place in this queue, and its end waits for them.
    pub(crate) media_events: mpsc::Receiver<MediaEvent>,
    pub(crate) media: MediaPort,
    pub(crate) link: Link,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) stop: Arc<Notify>,
    pub(crate) store: Store,
    pub(crate) watchdog: Watchdog,
    /// Peers that the config pins, which no command can remove.
    pub(crate) configured: Vec<kiosk_wire::PeerId>,
    pub(crate) public_key: kiosk_wire::PublicKey,
    pub(crate) started_at: Instant,
    pub(crate) turns: Turns,
}

/// What lives from turn to turn.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    journal: Journal,
    /// When the core wants to be woken.
    deadline: Option<(Instant, &'static str)>,
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
}

impl Lamps {
    fn show(&mut self, lights: Lights) {
        let Lights { call, mute, on_air, fault } = lights;
        let shown = self.shown.replace(lights);
        let pairs = [
            (&self.names.call, call, shown.map(|shown| shown.call)),
            (&self.names.mute, mute, shown.map(|shown| shown.mute)),
            (&self.names.on_air, on_air, shown.map(|shown| shown.on_air)),
            (&self.names.fault, fault, shown.map(|shown| shown.fault)),
        ];
        for (name, pattern, before) in pairs {
            // Setting a blinking LED again would make it stumble.
            if name.is_empty() || before == Some(pattern) {
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
    Request(Request),
    Release(Button),
    LedCame,
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
        self.turn(Input::Timeout);
        self.watchdog.ready();
        while !self.kiosk.stopped() {
            match self.next(feeding.as_mut()).await {
                Happened::Input(input) => {
                    self.turn(input);
                }
                Happened::Request(Request::Method(method, answer)) => {
                    // Nobody waits for the answer any more: nothing to do about it.
                    let _ = answer.send(self.answer(method));
                }
                Happened::Request(Request::LearnKey(learner)) => self.buttons.learn(learner),
                Happened::LedCame => self.lamps.bank.look_again(),
                Happened::Release(button) => {
                    self.turn(Input::Button(button, Edge::Up));
                }
                Happened::Feed => self.watchdog.feed(),
            }
        }
        self.watchdog.stopping();
        if tokio::time::timeout(GOODBYE, self.link.finish()).await.is_err() {
            debug!("the server does not take our goodbye");
        }
        info!("ended");
    }

    async fn next(&mut self, feeding: Option<&mut Interval>) -> Happened {
        let far = Instant::now() + FAR_AWAY;
        let deadline = self.turns.deadline.map_or(far, |(at, _)| at);
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
            Some((button, edge)) = self.buttons.next(&mut self.keys) => Happened::Input(Input::Button(button, edge)),
            Some(event) = self.media_events.recv() => Happened::Input(Input::Media(event)),
            Some(event) = self.link.next() => Happened::Input(Input::Link(event)),
            Some(request) = self.requests.recv() => Happened::Request(request),
            () = self.stop.notified() => Happened::Input(Input::Stop),
            () = self.led_came.notified() => Happened::LedCame,
            () = sleep_until(release.map_or(far, |(at, _)| at).into()), if release.is_some() => {
                let (at, button) = release.expect("the branch's condition");
                self.turns.held.retain(|held| *held != (at, button));
                Happened::Release(button)
            }
            _ = fed => Happened::Feed,
            () = sleep_until(deadline.into()) => Happened::Input(Input::Timeout),
        }
    }

    /// One turn: an input, then everything that the core wants. The sentence of what it declined, if it did.
    pub(crate) fn turn(&mut self, input: Input) -> Option<String> {
        let name = input.name();
        let began = Instant::now();
        let now = now();
        // A press wakes the screen, also if it changes nothing.
        let mut wakes = matches!(input, Input::Button(_, Edge::Down));
        self.kiosk.handle_input(input, now);
        let mut declined = None;
        loop {
            match self.kiosk.poll_output() {
                Output::Lights(lights) => self.lamps.show(lights),
                Output::View(view) => {
                    wakes = false;
                    self.show(view);
                }
                Output::Media(command) => (self.media)(command),
                Output::Volume(percent) => drop(self.volumes.send_replace(percent)),
                Output::Link(command) => self.link.carry_out(command),
                Output::Store(record) => {
                    if let Err(error) = self.store.keep(&record) {
                        error!(%error, "this does not survive a power cut");
                        declined = Some(format!("done until the next start only: {error}"));
                    }
                }
                Output::Notify(notice) => {
                    self.turns.journal.write(&notice, now.mono);
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
        if took > SLOW_TURN {
            warn!(input = name, took_ms = took.as_millis(), "slow turn");
        }
        declined
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
    };
    match &view.link {
        LinkView::Up => doing.to_owned(),
        LinkView::Connecting => format!("{doing}, signing in"),
        LinkView::Down { reason, .. } => format!("{doing}, no server: {reason}"),
    }
}

//! The screen, by atomic modesetting (kernel: Documentation/gpu/drm-kms.rst): monitors come and go, scenes are shown in planes
//! where the controller has them, in one composed plane where not.
//!
//! Without a card or a monitor scenes are taken and not shown; the first monitor that comes shows the newest. What was on the
//! screen before us is put back when the panel is dropped.

mod buffer;
mod card;
mod choice;
mod found;
mod pipe;
mod screen;

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, Instant},
};

use drm::control::Mode;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::time::sleep_until;

use self::{
    card::{Card, CardError, offered_connector, offered_mode},
    choice::{Monitor, choose_connector, choose_mode},
    found::Found,
    screen::{Failure, Screen},
};
pub use self::{
    choice::{ModeWish, NoMode, Rotation},
    screen::{Abilities, Way},
};
use super::{cec::Television, uevents::Uevents};
use crate::{
    compose::Scene,
    panel::{NextEvent, Panel, PanelError, PanelEvent, Size},
};

/// Monitors are looked for so often even when nothing tells of them: some are not told of.
const LOOK: Duration = Duration::from_secs(1);

/// A commit that has not reached the screen for this long is lost. At 24 frames a second it takes 42 ms, at most.
const LOST: Duration = Duration::from_millis(500);

/// A commit for which it was too early is tried again after this.
const TOO_EARLY: Duration = Duration::from_millis(10);

/// What is wanted of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsWish {
    /// `HDMI-A-1` or `card1-HDMI-A-1`; None: the first with a monitor.
    pub connector: Option<String>,
    /// The mode.
    pub mode: ModeWish,
    /// How far the picture is turned.
    pub rotation: Rotation,
    /// The size of scenes, as they are seen, while there was never a monitor.
    pub size: Size,
    /// What of the controller may be used.
    pub abilities: Abilities,
    /// Switch a television on and off with the screen.
    pub cec: bool,
}

impl KmsWish {
    /// Whatever is there, and this size as long as nothing is.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            connector: None,
            mode: ModeWish::Auto,
            rotation: Rotation::None,
            size,
            abilities: Abilities::default(),
            cec: false,
        }
    }
}

/// A monitor, or the lack of one, as a person is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundScreen {
    /// The connector's name; empty: there is no monitor.
    pub name: String,
    /// The card's node; empty: there is none.
    pub node: String,
    /// We show on it.
    pub is_used: bool,
    /// In which mode, or why not: a sentence.
    pub why: String,
}

/// Is told of the monitors, at first and whenever something about them is different.
pub type OnScreens = Box<dyn Fn(&[FoundScreen]) + Send>;

/// A card that is ours, and what was on it.
#[derive(Debug)]
struct Held {
    card: Arc<Card>,
    found: Found,
}

/// A commit on its way to the screen.
#[derive(Clone, Copy, Debug)]
struct Pending {
    /// When it is no longer waited for.
    until: Instant,
    /// Nothing is on its way: it was too early for it.
    was_early: bool,
}

/// The panel on a display card.
pub struct Kms {
    wish: KmsWish,
    television: Option<Television>,
    uevents: Option<Uevents>,
    held: Option<Held>,
    screen: Option<Screen>,
    size: Size,
    pending: Option<Pending>,
    next_look: Instant,
    /// The next look is not content with what the kernel remembers.
    look_closely: bool,
    is_dark: bool,
    /// What was said last of what is there, so that it is said once.
    said: String,
    /// Connectors with monitors that are not used.
    spare: Vec<String>,
    on_screens: OnScreens,
    told: Vec<FoundScreen>,
    /// Lost flips in a row.
    lost: u32,
}

impl fmt::Debug for Kms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kms").field("screen", &self.screen).field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl Kms {
    /// A panel that looks for its screen when its first event is waited for.
    #[must_use]
    pub fn new(wish: KmsWish, on_screens: OnScreens) -> Self {
        let size = wish.size;
        Self {
            television: wish.cec.then(Television::default),
            wish,
            uevents: None,
            held: None,
            screen: None,
            size,
            pending: None,
            next_look: Instant::now(),
            look_closely: true,
            is_dark: true,
            said: String::new(),
            spare: Vec::new(),
            on_screens,
            told: Vec::new(),
            lost: 0,
        }
    }

    /// How the last scene got onto the screen; None: there is no monitor.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        Some(self.screen.as_ref()?.way())
    }

    async fn wait(&mut self) -> PanelEvent {
        loop {
            if let Some(pending) = self.pending {
                if let Some(event) = self.wait_for_flip(pending).await {
                    return event;
                }
                continue;
            }
            if self.next_look <= Instant::now() {
                self.next_look = Instant::now() + LOOK;
                let closely = std::mem::take(&mut self.look_closely);
                let is_changed = self.look(closely);
                self.tell();
                if is_changed {
                    return PanelEvent::Changed;
                }
            }
            if self.uevents.is_none() {
                self.uevents =
                    Uevents::listen(&["drm"]).inspect_err(|error| tracing::debug!(%error, "no uevents")).ok();
            }
            let told = async {
                match &mut self.uevents {
                    Some(uevents) => uevents.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                uevent = told => match uevent {
                    Some(_) => {
                        self.look_closely = true;
                        self.next_look = Instant::now();
                    }
                    None => self.uevents = None,
                },
                () = sleep_until(self.next_look.into()) => {}
            }
        }
    }

    /// Waits for the end of a commit. None: look again.
    async fn wait_for_flip(&mut self, pending: Pending) -> Option<PanelEvent> {
        let Some(screen) = self.screen.as_mut().filter(|_| !pending.was_early) else {
            sleep_until(pending.until.into()).await;
            self.pending = None;
            return Some(PanelEvent::Changed);
        };
        tokio::select! {
            biased;
            flipped = screen.pipe.flipped() => {
                self.pending = None;
                match flipped {
                    Ok(()) => {
                        screen.flipped();
                        self.lost = 0;
                        Some(PanelEvent::Free)
                    }
                    Err(error) => {
                        self.give_up(&error);
                        None
                    }
                }
            }
            () = sleep_until(pending.until.into()) => {
                self.pending = None;
                if self.lost == 0 {
                    tracing::warn!("the screen does not show what it was given: its mode is set anew");
                }
                self.lost += 1;
                screen.pipe.begin_again();
                Some(PanelEvent::Changed)
            }
        }
    }

    /// Looks for the monitor that should be used. Whether it is another than before.
    fn look(&mut self, closely: bool) -> bool {
        if let Some(held) = &self.held {
            match self.choose(&held.card, closely) {
                Ok(Some(choice)) => return self.take(choice),
                Ok(None) => {}
                Err(error) => self.give_up(&error),
            }
        }
        let had_screen = self.lose_screen();
        if had_screen {
            self.say_no_monitor();
        }
        let is_worth_it = closely || self.held.is_none();
        let choice = if is_worth_it { self.look_at_other_cards() } else { None };
        choice.is_some_and(|choice| self.take(choice)) || had_screen
    }

    /// The connector and mode to be used on a card; None: no monitor is there.
    fn choose(&self, card: &Arc<Card>, closely: bool) -> io::Result<Option<Choice>> {
        let connectors = card.connectors(closely)?;
        let offered: Vec<_> = connectors.iter().map(offered_connector).collect();
        let Some(index) = choose_connector(&offered, &card.name, self.wish.connector.as_deref()) else {
            return Ok(None);
        };
        let connector = connectors[index].clone();
        let others = offered.iter().enumerate().filter(|(other, _)| *other != index);
        let spare = others.filter(|(_, other)| other.monitor == Monitor::Here).map(|(_, other)| other.name.clone());
        let modes: Vec<_> = connector.modes().iter().map(offered_mode).collect();
        let mode = choose_mode(&modes, self.wish.mode).map(|index| connector.modes()[index]);
        Ok(mode.map(|mode| Choice { connector, mode, spare: spare.collect() }))
    }

    /// Makes the chosen monitor ours. Whether it is another than before.
    fn take(&mut self, choice: Choice) -> bool {
        let Choice { connector, mode, spare } = choice;
        self.spare = spare;
        let is_same = |screen: &Screen| screen.name == connector.to_string() && *screen.pipe.mode() == mode;
        if self.screen.as_ref().is_some_and(is_same) {
            return false;
        }
        self.lose_screen();
        let Some(held) = &self.held else { return false };
        match Screen::new(&held.card, &connector, mode, self.wish.rotation, self.wish.abilities) {
            Ok(screen) => {
                let offered = offered_mode(&mode);
                self.say(&format!("{connector} of {} shows {offered}", held.card.name), false);
                self.size = screen.size();
                self.screen = Some(screen);
                true
            }
            Err(error) => {
                self.say(&format!("{connector} cannot be used: {error}"), true);
                false
            }
        }
    }

    /// Takes the first card that has the monitor to use. While there is none, the card that is held, or the first that can be, is
    /// kept: its monitor may come.
    fn look_at_other_cards(&mut self) -> Option<Choice> {
        let (cards, errors) = Card::all(self.held.as_ref().map(|held| held.card.name.as_str()));
        let mut idle = None;
        for card in cards {
            match self.choose(&card, true) {
                Ok(Some(choice)) => {
                    self.let_card_go();
                    self.hold(card);
                    return self.held.is_some().then_some(choice);
                }
                Ok(None) => idle = idle.or(Some(card)),
                Err(error) => tracing::debug!(card = card.name, %error, "this card is passed over"),
            }
        }
        if let Some(card) = idle.filter(|_| self.held.is_none()) {
            self.hold(card);
        }
        let worst = errors.iter().find(|error| !matches!(error, CardError::Unfit { .. })).or_else(|| errors.first());
        match (&self.held, worst) {
            (Some(_), _) => self.say_no_monitor(),
            (None, Some(error)) => self.say(&error.to_string(), true),
            (None, None) => self.say("no display card was found; 'kioskctl screenshot' shows the panel", false),
        }
        None
    }

    fn say_no_monitor(&mut self) {
        let Some(held) = &self.held else { return };
        let where_to = self.wish.connector.as_deref().unwrap_or(&held.card.name);
        let what = format!("no monitor is connected to {where_to}: plug one in; 'kioskctl screenshot' shows the panel");
        self.say(&what, false);
    }

    fn hold(&mut self, card: Arc<Card>) {
        match Found::of(&card) {
            Ok(found) => self.held = Some(Held { card, found }),
            Err(error) => self.say(&format!("{} cannot be used: {error}", card.name), true),
        }
    }

    fn let_card_go(&mut self) {
        self.lose_screen();
        if let Some(held) = self.held.take() {
            held.found.restore();
        }
    }

    /// Gives the monitor up, if there is one.
    fn lose_screen(&mut self) -> bool {
        let Some(mut screen) = self.screen.take() else { return false };
        self.pending = None;
        self.is_dark = true;
        if let Err(error) = screen.pipe.let_go() {
            tracing::debug!(%error, "the screen stays as it is");
        }
        true
    }

    /// The card does not do what it should: it is opened anew at the next look.
    fn give_up(&mut self, error: &io::Error) {
        self.say(&format!("the display card fails: {error}"), true);
        self.screen = None;
        self.held = None;
        self.pending = None;
        self.is_dark = true;
    }

    /// Tells of the monitors, if that is new.
    fn tell(&mut self) {
        let node = self.held.as_ref().map_or_else(String::new, |held| format!("/dev/dri/{}", held.card.name));
        let mut found = Vec::new();
        match &self.screen {
            Some(screen) => {
                let why = offered_mode(screen.pipe.mode()).to_string();
                found.push(FoundScreen { name: screen.name.clone(), node: node.clone(), is_used: true, why });
                let why = format!("{} is used; set connector in [panel] to use this one", screen.name);
                let spare = self.spare.iter().cloned();
                found.extend(spare.map(|name| FoundScreen {
                    name,
                    node: node.clone(),
                    is_used: false,
                    why: why.clone(),
                }));
            }
            None => found.push(FoundScreen { name: String::new(), node, is_used: false, why: self.said.clone() }),
        }
        if found != self.told {
            (self.on_screens)(&found);
            self.told = found;
        }
    }

    /// One line in the log for each thing that is new.
    fn say(&mut self, what: &str, is_wrong: bool) {
        if self.said == what {
            return;
        }
        what.clone_into(&mut self.said);
        if is_wrong {
            tracing::warn!(name: "device-missing", "{what}");
        } else {
            tracing::info!(name: "device-used", "{what}");
        }
    }
}

/// What `look` has chosen.
struct Choice {
    connector: drm::control::connector::Info,
    mode: Mode,
    /// Connectors with monitors that are not chosen.
    spare: Vec<String>,
}

impl Panel for Kms {
    fn size(&self) -> Size {
        self.size
    }

    fn is_free(&self) -> bool {
        self.pending.is_none()
    }

    fn present(&mut self, scene: &Scene<'_>) -> Result<(), PanelError> {
        let Some(screen) = &mut self.screen else { return Ok(()) };
        let now = Instant::now();
        match screen.present(scene) {
            Ok(()) => {
                self.pending = Some(Pending { until: now + LOST, was_early: false });
                if std::mem::take(&mut self.is_dark)
                    && let Some(television) = &self.television
                {
                    television.wake();
                }
                Ok(())
            }
            Err(Failure::Picture(error)) => Err(error.into()),
            Err(Failure::Device(error)) if error.kind() == io::ErrorKind::ResourceBusy => {
                self.pending =
                    Some(Pending { until: now + if self.lost > 0 { LOST } else { TOO_EARLY }, was_early: true });
                Ok(())
            }
            Err(Failure::Device(error)) => {
                self.give_up(&error);
                Err(PanelError::Device(format!("the display card fails: {error}")))
            }
        }
    }

    fn blank(&mut self) {
        let Some(screen) = &mut self.screen else { return };
        match screen.pipe.blank() {
            Ok(()) => self.is_dark = true,
            Err(error) => tracing::warn!(%error, "the screen does not go dark"),
        }
        if let Some(television) = &self.television {
            television.standby();
        }
    }

    fn next_event(&mut self) -> NextEvent<'_> {
        Box::pin(self.wait())
    }
}

impl Drop for Kms {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        if self.pending.is_some() {
            // What is on its way arrives first, as a rule.
            let limit = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            let _ = poll(&mut [PollFd::new(&*held.card, PollFlags::IN)], Some(&limit));
        }
        // Before our framebuffers go: the kernel switches a plane off whose framebuffer goes.
        held.found.restore();
        self.screen = None;
    }
}

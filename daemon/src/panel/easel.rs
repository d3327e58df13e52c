//! What the panel thread knows and does at each of its turns.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kiosk_call::{DeviceState, Link, Screen, View};
use kiosk_hal::{
    compose::{self, Composer, I420, Layer, Scene},
    panel::{Frame, Panel, PanelEvent, Size},
};

use super::{PanelSettings, PictureSlot};
use crate::paint::{self, Around, Painter};

/// The self-view alone is no reason to present more often than this.
const SELF_VIEW_PERIOD: Duration = Duration::from_millis(66);

/// What a painted layer depends on. The same again is not painted again.
#[derive(Debug, PartialEq, Eq)]
struct Painted {
    view: View,
    size: Size,
    beat: u64,
    around: Around,
}

/// The newest picture of a slot, as long as it may be seen.
#[derive(Default)]
struct Feed {
    slot: PictureSlot,
    shown: Option<Box<dyn I420>>,
}

impl Feed {
    /// Takes the newest picture if there may be one, else forgets all. Whether there is a new one.
    fn take(&mut self, is_wanted: bool) -> Result<bool, compose::PictureError> {
        let newest = self.slot.take();
        if !is_wanted {
            self.shown = None;
            return Ok(false);
        }
        let Some(picture) = newest else { return Ok(false) };
        compose::check(&*picture)?;
        self.shown = Some(picture);
        Ok(true)
    }

    fn picture(&self) -> Option<&dyn I420> {
        self.shown.as_deref()
    }
}

/// The state of the thread.
pub(super) struct Easel {
    panel: Box<dyn Panel>,
    painter: Painter,
    settings: PanelSettings,
    remote: Feed,
    own: Feed,
    /// When the call began whose pictures are shown; None: no pictures are.
    call: Option<Instant>,
    layer: Option<(Painted, Arc<Layer>)>,
    /// What is to be seen is not what was presented.
    is_stale: bool,
    /// There is a new self-view, which is not by itself a reason to present at once.
    own_waits: bool,
    presented: Option<Instant>,
    /// The view that was told last.
    view: Option<View>,
    /// When something last happened that a person wants to see.
    active: Instant,
    is_dark: bool,
    /// Layers painted.
    pub(super) painted: u64,
    frames: Arc<AtomicU64>,
    /// A failure has been told.
    told: bool,
}

impl Easel {
    pub(super) fn new(panel: Box<dyn Panel>, painter: Painter, settings: PanelSettings) -> Self {
        Self {
            panel,
            painter,
            settings,
            remote: Feed::default(),
            own: Feed::default(),
            call: None,
            layer: None,
            is_stale: true,
            own_waits: false,
            presented: None,
            view: None,
            active: Instant::now(),
            is_dark: false,
            painted: 0,
            frames: Arc::default(),
            told: false,
        }
    }

    /// Where remote pictures come from.
    pub(super) fn pictures(&self) -> PictureSlot {
        self.remote.slot.clone()
    }

    /// Where our own come from.
    pub(super) fn self_views(&self) -> PictureSlot {
        self.own.slot.clone()
    }

    /// Scenes presented.
    pub(super) fn frames(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.frames)
    }

    /// The next event of the panel.
    pub(super) async fn panel_event(&mut self) -> PanelEvent {
        self.panel.next_event().await
    }

    /// What the panel has told.
    pub(super) fn happened(&mut self, event: PanelEvent) {
        match event {
            PanelEvent::Free => {}
            PanelEvent::Changed => self.is_stale = true,
        }
    }

    /// A view has come. The same again means that a button was pressed. Either wakes the screen, unless it tells of the link
    /// only: nobody wants the screen of a kiosk without a server to be lit all night.
    pub(super) fn told(&mut self, view: &View, now: Instant) {
        let is_press = self.view.as_ref() == Some(view);
        if is_press || self.view.as_ref().map(without_link) != Some(without_link(view)) {
            self.active = now;
        }
        self.view = Some(view.clone());
    }

    /// Shows what is new, if anything is and the panel is free. Returns when there will be something to do.
    pub(super) fn turn(&mut self, view: View, now: Instant) -> Option<Instant> {
        if !self.panel.is_free() {
            return None;
        }
        if let Some(blank_at) = self.blank_at(&view) {
            if now >= blank_at {
                self.darken();
                return None;
            }
            return self.show(view, now).into_iter().chain([blank_at]).min();
        }
        self.show(view, now)
    }

    /// When the screen goes dark if nothing happens; None: never.
    fn blank_at(&self, view: &View) -> Option<Instant> {
        let after = self.settings.blank_after?;
        matches!(view.screen, Screen::Idle { .. }).then(|| self.active.checked_add(after)).flatten()
    }

    fn darken(&mut self) {
        if !self.is_dark {
            tracing::debug!("the screen goes dark");
            self.panel.blank();
            self.is_dark = true;
        }
    }

    fn show(&mut self, view: View, now: Instant) -> Option<Instant> {
        if std::mem::take(&mut self.is_dark) {
            tracing::debug!("the screen is lit");
            self.is_stale = true;
        }
        self.take_pictures(&view);
        let beat = self.painter.beat(&view, now);
        let size = self.panel.size();
        let corner =
            self.own.picture().map(|picture| compose::place_self_view((picture.width(), picture.height()), size));
        let picture = self.remote.picture().is_some();
        let around = Around { picture, corner };
        let wanted = Painted { view, size, beat: beat.shown, around };
        if self.layer.as_ref().is_none_or(|(painted, _)| *painted != wanted) {
            match self.painter.paint(&wanted.view, size, now, around) {
                Ok(pixmap) => {
                    let layer = Layer::new(size, pixmap.take()).expect("it is painted in this size");
                    self.layer = Some((wanted, Arc::new(layer)));
                }
                Err(error) => {
                    tell(&mut self.told, &error);
                    return beat.until;
                }
            }
            self.painted += 1;
            self.is_stale = true;
        }
        let own_due =
            self.presented.filter(|_| picture && self.own_waits).map(|presented| presented + SELF_VIEW_PERIOD);
        self.is_stale |= self.own_waits && own_due.is_none_or(|due| due <= now);
        if self.is_stale {
            self.present(now);
            return beat.until;
        }
        beat.until.into_iter().chain(own_due).min()
    }

    /// Takes the newest pictures, those that this view shows; forgets all others.
    fn take_pictures(&mut self, view: &View) {
        let call = pictures_of(view);
        let before = std::mem::replace(&mut self.call, call);
        let is_other_call = before.is_some() && before != call;
        let has_picture = self.remote.take(call.is_some() && !is_other_call);
        let has_own = self.own.take(self.settings.self_view && shows_self_view(view));
        for (taken, is_due) in [(has_picture, &mut self.is_stale), (has_own, &mut self.own_waits)] {
            match taken {
                Ok(is_new) => *is_due |= is_new,
                Err(error) => tell(&mut self.told, &error),
            }
        }
    }

    fn present(&mut self, now: Instant) {
        let Some(scene) = scene(&self.layer, &self.remote, &self.own) else { return };
        let presented = self.panel.present(&scene);
        (self.is_stale, self.own_waits) = (false, false);
        self.presented = Some(now);
        match presented {
            Ok(()) => {
                self.frames.fetch_add(1, Ordering::Relaxed);
                self.told = false;
            }
            Err(error) => {
                // Painted again at the next turn.
                self.layer = None;
                self.remote.shown = None;
                self.own.shown = None;
                tell(&mut self.told, &error);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn has_picture(&self) -> bool {
        self.remote.picture().is_some()
    }

    /// What is seen, composed anew.
    pub(super) fn screenshot(&self) -> io::Result<Frame> {
        let nothing = || io::Error::other("the panel has shown nothing yet");
        let scene = self.presented.and_then(|_| scene(&self.layer, &self.remote, &self.own)).ok_or_else(nothing)?;
        let mut frame = Frame::new(scene.layer.size());
        if !self.is_dark {
            Composer::default().compose(&mut frame, &scene).map_err(io::Error::other)?;
        }
        Ok(frame)
    }
}

/// One line in the log until it works again.
fn tell(told: &mut bool, error: &dyn fmt::Display) {
    if !std::mem::replace(told, true) {
        tracing::warn!(%error, "the panel shows something old");
    }
}

/// What is to be seen; None before something was painted.
fn scene<'a>(layer: &'a Option<(Painted, Arc<Layer>)>, remote: &'a Feed, own: &'a Feed) -> Option<Scene<'a>> {
    let (_, layer) = layer.as_ref()?;
    Some(Scene { layer, picture: remote.picture(), self_view: own.picture(), beside: paint::beside_a_picture() })
}

/// When the call began whose pictures this view shows; None: it shows none.
fn pictures_of(view: &View) -> Option<Instant> {
    match &view.screen {
        Screen::InCall { since, peer_video: true, .. } => Some(*since),
        Screen::InCall { .. }
        | Screen::Booting
        | Screen::Idle { .. }
        | Screen::RingingOut { .. }
        | Screen::RingingIn { .. }
        | Screen::Connecting { .. }
        | Screen::Ended { .. } => None,
    }
}

/// Whether people see themselves: in a call and while one begins, as long as the camera works and is on.
fn shows_self_view(view: &View) -> bool {
    let is_call = match &view.screen {
        Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } | Screen::InCall { .. } => {
            true
        }
        Screen::Booting | Screen::Idle { .. } | Screen::Ended { .. } => false,
    };
    is_call && !view.camera_off && view.camera == DeviceState::Ready
}

/// The view without what it tells of the link.
fn without_link(view: &View) -> View {
    let mut view = view.clone();
    view.link = Link::Up;
    if let Screen::Idle { reachable, .. } = &mut view.screen {
        *reachable = true;
    }
    view
}

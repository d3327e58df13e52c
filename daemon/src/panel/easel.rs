//! What the panel thread knows and does at each of its turns.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kiosk_call::{DeviceState, Link, Screen, VideoSource, View};
use kiosk_hal::{
    compose::{self, Composer, I420, Inset, Layer, Place, Scene},
    panel::{Frame, Panel, PanelEvent, Size},
};

use super::{PanelSettings, PanelSink, PictureSlot, StillSlot, Stills, Touches, sink::Mirror, stills::FileFeed};
use crate::paint::{Around, PaintError, Painter, Shown};

/// The self-view alone is no reason to present more often than this.
const SELF_VIEW_PERIOD: Duration = Duration::from_millis(66);

/// What a painted layer depends on. The same again is not painted again.
#[derive(Debug, PartialEq)]
struct Painted {
    view: View,
    size: Size,
    shown: Shown,
    around: Around,
}

/// Which picture is seen where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arrangement {
    /// Our own picture is the large one.
    is_swapped: bool,
    /// Where the large one has its room; None: everywhere.
    room: Option<Place>,
    /// Where the small one lies; None: there is none.
    inset: Option<Place>,
    /// Our own is seen as in a mirror.
    is_mirrored: bool,
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

/// All that makes up what is seen.
struct Sight {
    remote: Feed,
    own: Feed,
    layer: Option<(Painted, Arc<Layer>)>,
    arrangement: Arrangement,
    /// Beside pictures.
    beside: [u8; 4],
}

impl Sight {
    fn new(beside: [u8; 4]) -> Self {
        Self {
            remote: Feed::default(),
            own: Feed::default(),
            layer: None,
            arrangement: Arrangement { is_swapped: false, room: None, inset: None, is_mirrored: true },
            beside,
        }
    }

    /// The large picture and the small one.
    fn pictures(&self) -> (Option<&dyn I420>, Option<&dyn I420>) {
        let (remote, own) = (self.remote.picture(), self.own.picture());
        if self.arrangement.is_swapped { (own, remote) } else { (remote, own) }
    }

    /// What is to be seen; None before something was painted.
    fn scene(&self) -> Option<Scene<'_>> {
        let (_, layer) = self.layer.as_ref()?;
        let (picture, small) = self.pictures();
        let Arrangement { is_swapped, room, inset, is_mirrored } = self.arrangement;
        let is_mirrored = is_mirrored && !is_swapped;
        let inset = small.zip(inset).map(|(picture, at)| Inset { picture, at, is_mirrored });
        Some(Scene { layer, picture, room, inset, beside: self.beside })
    }
}

/// The state of the thread.
pub(super) struct Easel {
    panel: Box<dyn Panel>,
    painter: Painter,
    settings: PanelSettings,
    sight: Sight,
    /// When the call began whose pictures are shown; None: no pictures are.
    call: Option<Instant>,
    file: FileFeed,
    mirror: Mirror,
    touches: Touches,
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
            file: FileFeed::default(),
            mirror: Mirror::default(),
            touches: Touches::new(settings.rotation, settings.touch),
            sight: Sight::new(painter.beside_a_picture()),
            panel,
            painter,
            settings,
            call: None,
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

    /// Another painter, and other settings but for what is the board's.
    pub(super) fn dress(&mut self, painter: Painter, settings: PanelSettings) {
        let PanelSettings { blank_after, self_view, look, touch: _, rotation: _ } = settings;
        self.settings = PanelSettings { blank_after, self_view, look, ..self.settings };
        self.sight.beside = painter.beside_a_picture();
        self.painter = painter;
        self.sight.layer = None;
        self.active = Instant::now();
    }

    /// Where remote pictures come from.
    pub(super) fn pictures(&self) -> PictureSlot {
        self.sight.remote.slot.clone()
    }

    /// Where our own come from.
    pub(super) fn self_views(&self) -> PictureSlot {
        self.sight.own.slot.clone()
    }

    /// Where pictures of files come from.
    pub(super) fn stills(&self) -> StillSlot {
        self.file.slot.clone()
    }

    /// What fingers mean.
    pub(super) fn touches(&self) -> Touches {
        self.touches.clone()
    }

    /// Pictures of files are made there.
    pub(super) fn make_stills_by(&mut self, stills: Box<dyn Stills>) {
        self.file.connect(stills);
    }

    /// What is seen is shown there too.
    pub(super) fn show_to(&mut self, sink: Arc<dyn PanelSink>) {
        self.mirror.connect(sink);
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
            self.touches.show(None);
            self.is_dark = true;
        }
    }

    fn show(&mut self, view: View, now: Instant) -> Option<Instant> {
        if std::mem::take(&mut self.is_dark) {
            tracing::debug!("the screen is lit");
            self.is_stale = true;
            // What can be touched is told with what is painted.
            self.sight.layer = None;
        }
        let (size, touch) = (self.panel.size(), self.touches.is_present());
        self.take_pictures(&view);
        self.file.take(&view, self.painter.file_room(size, touch));
        let beat = self.painter.beat(&view, now);
        let arrangement = self.arrange(&view, size, touch);
        self.is_stale |= std::mem::replace(&mut self.sight.arrangement, arrangement) != arrangement;
        let has_picture = self.sight.pictures().0.is_some();
        let around = Around { picture: has_picture, corner: arrangement.inset, file: self.file.picture.clone(), touch };
        let wanted = Painted { view, size, shown: beat.shown, around };
        if self.sight.layer.as_ref().is_none_or(|(painted, _)| *painted != wanted)
            && let Err(error) = self.paint(wanted, now)
        {
            tell(&mut self.told, &error);
            return beat.until;
        }
        let own_due =
            self.presented.filter(|_| has_picture && self.own_waits).map(|presented| presented + SELF_VIEW_PERIOD);
        self.is_stale |= self.own_waits && own_due.is_none_or(|due| due <= now);
        let is_new = self.is_stale;
        if is_new {
            self.present(now);
        }
        let own_due = own_due.filter(|_| !is_new);
        let reflect_due = self.reflect(now);
        beat.until.into_iter().chain(own_due).chain(reflect_due).min()
    }

    /// Paints the layer anew, as far as it is not the same.
    fn paint(&mut self, wanted: Painted, now: Instant) -> Result<(), PaintError> {
        let painting = self.painter.paint(&wanted.view, wanted.size, now, &wanted.around)?;
        let before = self.sight.layer.take().filter(|(before, _)| painting.painted == 0 && before.size == wanted.size);
        // What a finger does may be something else where nothing that is seen is.
        self.touches.show(Some((wanted.size, painting.regions)));
        let layer = match before {
            Some((_, layer)) => layer,
            None => {
                let layer = Layer::new(wanted.size, painting.pixels.to_vec()).expect("it is painted in this size");
                self.painted += 1;
                self.is_stale = true;
                Arc::new(layer)
            }
        };
        self.sight.layer = Some((wanted, layer));
        Ok(())
    }

    /// Which picture is to be seen where.
    fn arrange(&self, view: &View, size: Size, touch: bool) -> Arrangement {
        let (remote, own) = (self.sight.remote.picture(), self.sight.own.picture());
        let is_swapped = view.pictures_swapped && remote.is_some() && own.is_some();
        let small = if is_swapped { remote } else { own };
        let inset =
            small.and_then(|picture| self.painter.inset(view, size, touch, (picture.width(), picture.height())));
        let room = self.painter.room(view, size, touch);
        Arrangement { is_swapped, room, inset, is_mirrored: view.source == VideoSource::Camera }
    }

    /// Shows it to whom it is shown too.
    fn reflect(&mut self, now: Instant) -> Option<Instant> {
        let scene = self.presented.and_then(|_| self.sight.scene());
        let due = self.mirror.turn(scene.as_ref(), now);
        due.unwrap_or_else(|error| {
            tell(&mut self.told, &error);
            None
        })
    }

    /// Takes the newest pictures, those that this view shows; forgets all others.
    fn take_pictures(&mut self, view: &View) {
        let call = pictures_of(view);
        let before = std::mem::replace(&mut self.call, call);
        let is_other_call = before.is_some() && before != call;
        let has_picture = self.sight.remote.take(call.is_some() && !is_other_call);
        let is_wanted = self.settings.self_view || view.pictures_swapped;
        let has_own = self.sight.own.take(is_wanted && shows_self_view(view));
        for (taken, is_due) in [(has_picture, &mut self.is_stale), (has_own, &mut self.own_waits)] {
            match taken {
                Ok(is_new) => *is_due |= is_new,
                Err(error) => tell(&mut self.told, &error),
            }
        }
    }

    fn present(&mut self, now: Instant) {
        let Some(scene) = self.sight.scene() else { return };
        let presented = self.panel.present(&scene);
        self.mirror.changed();
        (self.is_stale, self.own_waits) = (false, false);
        self.presented = Some(now);
        match presented {
            Ok(()) => {
                self.frames.fetch_add(1, Ordering::Relaxed);
                self.told = false;
            }
            Err(error) => {
                // Painted again at the next turn.
                self.sight.layer = None;
                self.sight.remote.shown = None;
                self.sight.own.shown = None;
                tell(&mut self.told, &error);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn has_picture(&self) -> bool {
        self.sight.remote.picture().is_some()
    }

    /// What is seen, composed anew.
    pub(super) fn screenshot(&self) -> io::Result<Frame> {
        let nothing = || io::Error::other("the panel has shown nothing yet");
        let scene = self.presented.and_then(|_| self.sight.scene()).ok_or_else(nothing)?;
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

/// When the call began whose pictures this view shows; None: it shows none.
fn pictures_of(view: &View) -> Option<Instant> {
    match &view.screen {
        Screen::InCall { since, peer_video: true, peer_hold: false, .. } if !is_covered(view) => Some(*since),
        Screen::InCall { .. }
        | Screen::Booting
        | Screen::Idle { .. }
        | Screen::RingingOut { .. }
        | Screen::RingingIn { .. }
        | Screen::Connecting { .. }
        | Screen::OutOfOrder
        | Screen::Ended { .. } => None,
    }
}

/// The call waits, or something else fills the screen.
const fn is_covered(view: &View) -> bool {
    view.held || view.shown.is_some() || view.pairing.is_some()
}

/// Whether people see what is sent of them: in a call and while one begins, as long as the camera works and is on. While the panel
/// is sent, it is seen already.
fn shows_self_view(view: &View) -> bool {
    let is_call = match &view.screen {
        Screen::InCall { peer_hold, .. } => !peer_hold,
        Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } => true,
        Screen::Booting | Screen::Idle { .. } | Screen::OutOfOrder | Screen::Ended { .. } => false,
    };
    let is_seen = match view.source {
        VideoSource::Camera => view.camera == DeviceState::Ready,
        VideoSource::Document => true,
        VideoSource::Panel => false,
    };
    is_call && is_seen && !view.camera_off && !is_covered(view)
}

/// The view without what it tells of the link.
fn without_link(view: &View) -> View {
    let mut view = view.clone();
    view.link = Link::Up;
    if let Screen::Idle { reachable } = &mut view.screen {
        *reachable = true;
    }
    view
}

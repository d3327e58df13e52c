//! The panel thread: paints the newest view over the newest remote picture, and presents it.
//!
//! Nothing waits for it: views and pictures are slots in which the newest wins. It paints only what changed.
//!
//! **Invariant**: nothing of a remote picture is shown unless the view is a call whose peer sends pictures
//! (`a_picture_is_shown_only_in_a_call`).

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use kiosk_call::{Screen, View};
pub use kiosk_hal::compose::{I420, PictureError};
use kiosk_hal::{
    compose::{self, Composer, Layer},
    panel::{Frame, Panel, Size},
};
use thiserror::Error;
use tokio::sync::{Notify, oneshot, watch};

use crate::{
    control::Screenshots,
    paint::{self, PaintError, Painter},
    watchdog::Pulse,
};

/// The thread shows that it is alive at least so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Frames that are kept to be painted into again: one is shown, one is looked at, one is painted.
const KEPT_FRAMES: usize = 4;

/// Why there is no panel thread.
#[derive(Debug, Error)]
pub enum PanelError {
    /// Nothing can be painted.
    #[error(transparent)]
    Paint(#[from] PaintError),
    /// The system gives no thread.
    #[error("the panel thread does not start: {0}")]
    Thread(io::Error),
}

/// Where remote pictures are put, from any thread. Clones are the same slot.
#[derive(Clone, Default)]
pub struct PictureSlot(Arc<Slot>);

#[derive(Default)]
struct Slot {
    newest: Mutex<Option<Box<dyn I420>>>,
    came: Notify,
}

impl PictureSlot {
    /// Puts a picture in place of one that was not yet shown. Never waits for the panel.
    pub fn put(&self, picture: impl I420 + 'static) {
        let before = lock(&self.0.newest).replace(Box::new(picture));
        // Giving a buffer back to its pool is not done under the lock.
        drop(before);
        self.0.came.notify_one();
    }

    fn take(&self) -> Option<Box<dyn I420>> {
        lock(&self.0.newest).take()
    }
}

impl fmt::Debug for PictureSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PictureSlot")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has been shown.
#[derive(Debug, Default)]
struct Shown {
    newest: Mutex<Option<Arc<Frame>>>,
    frames: AtomicU64,
}

/// The running thread. Dropping it ends it; the panel keeps its last frame.
#[derive(Debug)]
pub struct PanelThread {
    pictures: PictureSlot,
    shown: Arc<Shown>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PanelThread {
    /// Starts painting what `views` says onto `panel`. Beats `pulse` at least every second.
    ///
    /// # Errors
    /// If the system has no font or no thread.
    pub fn start(panel: Box<dyn Panel>, views: watch::Receiver<View>, pulse: Pulse) -> Result<Self, PanelError> {
        let painter = Painter::new()?;
        let (pictures, shown) = (PictureSlot::default(), Arc::new(Shown::default()));
        let (stop, stopped) = oneshot::channel();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(PanelError::Thread)?;
        let easel = Easel::new(panel, painter, pictures.clone(), Arc::clone(&shown));
        let thread = thread::Builder::new()
            .name("panel".to_owned())
            .spawn(move || runtime.block_on(paint_until(stopped, easel, views, pulse)))
            .map_err(PanelError::Thread)?;
        Ok(Self { pictures, shown, stop: Some(stop), thread: Some(thread) })
    }

    /// Where remote pictures go.
    #[must_use]
    pub fn pictures(&self) -> PictureSlot {
        self.pictures.clone()
    }

    /// Makes a PNG of what was presented last, wherever it is called.
    #[must_use]
    pub fn screenshots(&self) -> Screenshots {
        let shown = Arc::clone(&self.shown);
        Arc::new(move || {
            let frame = lock(&shown.newest).clone();
            frame.ok_or_else(|| io::Error::other("the panel has shown nothing yet"))?.png()
        })
    }

    /// Frames presented since the start.
    #[must_use]
    pub fn frames_shown(&self) -> u64 {
        self.shown.frames.load(Ordering::Relaxed)
    }
}

impl Drop for PanelThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the panel thread panicked");
        }
    }
}

async fn paint_until(
    mut stopped: oneshot::Receiver<()>,
    mut easel: Easel,
    mut views: watch::Receiver<View>,
    pulse: Pulse,
) {
    let slot = easel.pictures.clone();
    loop {
        pulse.beat();
        let view = views.borrow_and_update().clone();
        let now = Instant::now();
        let until = easel.turn(view, now);
        let wake = until.map_or(now + LONGEST_PAUSE, |until| until.min(now + LONGEST_PAUSE));
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            changed = views.changed() => if changed.is_err() { return },
            () = slot.0.came.notified() => {}
            () = tokio::time::sleep_until(wake.into()) => {}
        }
    }
}

/// What a painted layer depends on. The same again is not painted again.
#[derive(Debug, PartialEq, Eq)]
struct Painted {
    view: View,
    size: Size,
    beat: u64,
    picture: bool,
}

/// The state of the thread.
struct Easel {
    panel: Box<dyn Panel>,
    painter: Painter,
    composer: Composer,
    pictures: PictureSlot,
    shown: Arc<Shown>,
    /// When the call began whose pictures are shown; None: no pictures are.
    call: Option<Instant>,
    picture: Option<Box<dyn I420>>,
    layer: Option<(Painted, Layer)>,
    frames: Vec<Arc<Frame>>,
    /// Layers painted.
    painted: u64,
    /// A failure has been told.
    told: bool,
}

impl Easel {
    fn new(panel: Box<dyn Panel>, painter: Painter, pictures: PictureSlot, shown: Arc<Shown>) -> Self {
        Self {
            panel,
            painter,
            composer: Composer::default(),
            pictures,
            shown,
            call: None,
            picture: None,
            layer: None,
            frames: Vec::new(),
            painted: 0,
            told: false,
        }
    }

    /// Shows what is new, if anything is. Returns when the picture will be out of date.
    fn turn(&mut self, view: View, now: Instant) -> Option<Instant> {
        let mut is_new = self.take_picture(&view);
        let beat = self.painter.beat(&view, now);
        let wanted = Painted { view, size: self.panel.size(), beat: beat.shown, picture: self.picture.is_some() };
        if self.layer.as_ref().is_none_or(|(painted, _)| *painted != wanted) {
            match self.painter.paint(&wanted.view, wanted.size, now, wanted.picture) {
                Ok(pixmap) => {
                    let layer = Layer::new(wanted.size, pixmap.take()).expect("it is painted in this size");
                    self.layer = Some((wanted, layer));
                }
                Err(error) => {
                    self.tell(&error);
                    return beat.until;
                }
            }
            self.painted += 1;
            is_new = true;
        }
        if is_new {
            self.present();
        }
        beat.until
    }

    /// Takes the newest picture, if this view shows pictures; else forgets all there are. Whether there is a new one.
    fn take_picture(&mut self, view: &View) -> bool {
        let call = match &view.screen {
            Screen::InCall { since, peer_video: true, .. } => Some(*since),
            Screen::InCall { .. }
            | Screen::Booting
            | Screen::Idle { .. }
            | Screen::RingingOut { .. }
            | Screen::RingingIn { .. }
            | Screen::Connecting { .. }
            | Screen::Ended { .. } => None,
        };
        let before = std::mem::replace(&mut self.call, call);
        let is_other_call = before.is_some() && before != call;
        let newest = self.pictures.take();
        if call.is_none() || is_other_call {
            self.picture = None;
            return false;
        }
        let Some(picture) = newest else { return false };
        match compose::check(&*picture) {
            Ok(()) => self.picture = Some(picture),
            Err(error) => self.tell(&error),
        }
        true
    }

    fn present(&mut self) {
        let Some((painted, layer)) = &self.layer else { return };
        let mut frame = free_frame(&mut self.frames, painted.size);
        let Some(pixels) = Arc::get_mut(&mut frame) else { return };
        if let Err(error) = self.composer.compose(pixels, layer, self.picture.as_deref(), paint::beside_a_picture()) {
            self.picture = None;
            self.layer = None;
            self.tell(&error);
            return;
        }
        let presented = self.panel.present(&frame);
        *lock(&self.shown.newest) = Some(Arc::clone(&frame));
        self.shown.frames.fetch_add(1, Ordering::Relaxed);
        self.frames.push(frame);
        match presented {
            Ok(()) => self.told = false,
            Err(error) => {
                // Painted again at the next turn.
                self.layer = None;
                self.tell(&error);
            }
        }
    }

    /// One line in the log until it works again.
    fn tell(&mut self, error: &dyn fmt::Display) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(%error, "the panel shows something old");
        }
    }
}

/// A frame of this size that nobody else holds.
fn free_frame(frames: &mut Vec<Arc<Frame>>, size: Size) -> Arc<Frame> {
    frames.retain(|frame| frame.size() == size);
    if let Some(index) = frames.iter_mut().position(|frame| Arc::get_mut(frame).is_some()) {
        return frames.swap_remove(index);
    }
    frames.truncate(KEPT_FRAMES - 1);
    Arc::new(Frame::new(size))
}

#[cfg(test)]
mod tests;

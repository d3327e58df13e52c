//! The panel thread: paints the newest view over the newest pictures, and presents it.
//!
//! Nothing waits for it: views and pictures are slots in which the newest wins. It paints only what changed, and not before
//! the screen shows what it painted last.
//!
//! **Invariants**: nothing of a remote picture is shown unless the view is a call whose peer sends pictures
//! (`a_picture_is_shown_only_in_a_call`), nothing of the self-view unless a call is or may begin
//! (`the_self_view_is_shown_only_with_a_call_and_a_camera`).

mod easel;

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use kiosk_call::View;
pub use kiosk_hal::compose::{I420, Matrix, PictureError};
use kiosk_hal::panel::{Frame, Panel};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use self::easel::Easel;
use crate::{
    control::Screenshots,
    paint::{PaintError, Painter},
    watchdog::Pulse,
};

/// The thread shows that it is alive at least so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Screenshots that wait to be taken.
const WAITING_SCREENSHOTS: usize = 4;

/// How the panel behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PanelSettings {
    /// The screen goes dark when nothing has happened for this long; None: never.
    pub blank_after: Option<Duration>,
    /// People see themselves in a corner.
    pub self_view: bool,
}

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

/// Where pictures are put, from any thread. Clones are the same slot.
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

/// Who asks for a screenshot waits here for it.
type Asked = oneshot::Sender<io::Result<Frame>>;

/// The running thread. Dropping it ends it.
#[derive(Debug)]
pub struct PanelThread {
    pictures: PictureSlot,
    self_views: PictureSlot,
    frames: Arc<AtomicU64>,
    screenshots: mpsc::Sender<Asked>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PanelThread {
    /// Starts painting what `views` says onto `panel`. Beats `pulse` at least every second.
    ///
    /// # Errors
    /// If the system has no font or no thread.
    pub fn start(
        panel: Box<dyn Panel>,
        views: watch::Receiver<View>,
        pulse: Pulse,
        settings: PanelSettings,
    ) -> Result<Self, PanelError> {
        let painter = Painter::new()?;
        let (stop, stopped) = oneshot::channel();
        let (screenshots, asked) = mpsc::channel(WAITING_SCREENSHOTS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PanelError::Thread)?;
        let easel = Easel::new(panel, painter, settings);
        let (pictures, self_views, frames) = (easel.pictures(), easel.self_views(), easel.frames());
        let thread = thread::Builder::new()
            .name("panel".to_owned())
            .spawn(move || runtime.block_on(paint_until(stopped, easel, views, asked, pulse)))
            .map_err(PanelError::Thread)?;
        Ok(Self { pictures, self_views, frames, screenshots, stop: Some(stop), thread: Some(thread) })
    }

    /// Where remote pictures go.
    #[must_use]
    pub fn pictures(&self) -> PictureSlot {
        self.pictures.clone()
    }

    /// Where our own camera's pictures go.
    #[must_use]
    pub fn self_views(&self) -> PictureSlot {
        self.self_views.clone()
    }

    /// Makes a PNG of what is seen, on the thread that calls; outside of the runtime's threads.
    #[must_use]
    pub fn screenshots(&self) -> Screenshots {
        let screenshots = self.screenshots.clone();
        Arc::new(move || {
            let (asked, answer) = oneshot::channel();
            let gone = |_| io::Error::other("the panel thread has ended");
            screenshots.try_send(asked).map_err(|_| io::Error::other("the panel is not free to be looked at"))?;
            answer.blocking_recv().map_err(gone)??.png()
        })
    }

    /// Scenes presented since the start.
    #[must_use]
    pub fn frames_shown(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
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
    mut asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
) {
    let (pictures, self_views) = (easel.pictures(), easel.self_views());
    // The panel is heard first: it knows its size only then.
    let mut wake = Instant::now();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            event = easel.panel_event() => easel.happened(event),
            changed = views.changed() => {
                if changed.is_err() {
                    return;
                }
                easel.told(&views.borrow_and_update().clone(), Instant::now());
            }
            Some(asked) = asked.recv() => {
                // Who asked may have gone.
                let _ = asked.send(easel.screenshot());
            }
            () = pictures.0.came.notified() => {}
            () = self_views.0.came.notified() => {}
            () = tokio::time::sleep_until(wake.into()) => {}
        }
        pulse.beat();
        let view = views.borrow().clone();
        let now = Instant::now();
        let until = easel.turn(view, now);
        wake = until.map_or(now + LONGEST_PAUSE, |until| until.min(now + LONGEST_PAUSE));
    }
}

#[cfg(test)]
mod tests;

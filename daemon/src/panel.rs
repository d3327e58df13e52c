//! The panel thread: paints the newest view over the newest pictures, and presents it.
//!
//! Nothing waits for it: views and pictures are slots in which the newest wins. It paints only what changed, and not before
//! the screen shows what it painted last.
//!
//! **Invariants**: nothing of a remote picture is shown unless the view is a call whose peer sends pictures
//! (`a_picture_is_shown_only_in_a_call`), nothing of the self-view unless a call is or may begin
//! (`the_self_view_is_shown_only_with_a_call_and_a_camera`).

mod easel;
mod sink;
mod stills;
mod touches;

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
use kiosk_hal::{
    linux::Rotation,
    panel::{Frame, Panel},
};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use self::easel::Easel;
pub use self::{
    sink::PanelSink,
    stills::{Still, StillSlot, Stills},
    touches::Touches,
};
use crate::{
    control::Screenshots,
    paint::{Look, PaintError, Painter},
    watchdog::Pulse,
};

/// The thread shows that it is alive at least so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Wishes that wait to be met.
const WAITING: usize = 8;

/// How the panel behaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelSettings {
    /// The screen goes dark when nothing has happened for this long; None: never.
    pub blank_after: Option<Duration>,
    /// People see themselves in a corner.
    pub self_view: bool,
    /// There is a touch screen, until [`Touches::set_present`] says otherwise.
    pub touch: bool,
    /// How the picture is turned on the screen.
    pub rotation: Rotation,
    /// Language, colours, logo and all else that the house decides.
    pub look: Look,
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

/// What the thread is asked for.
enum Asked {
    /// A picture of what is seen.
    Screenshot(oneshot::Sender<io::Result<Frame>>),
    /// To take pictures of files from there.
    Stills(Box<dyn Stills>),
    /// To show what is seen to somebody else too.
    Sink(Arc<dyn PanelSink>),
    /// To ask the sink whether it wants frames.
    Look,
    /// To look and behave otherwise.
    Dress(Box<(Painter, PanelSettings)>),
}

/// Changes how the panel looks and behaves. Clones change the same panel.
#[derive(Clone, Debug)]
pub struct Wardrobe(mpsc::Sender<Asked>);

/// A dress of the panel's that fits; it takes a moment to make.
#[derive(Debug)]
pub struct Dress(Box<(Painter, PanelSettings)>);

impl Dress {
    /// Reads the fonts and the logo; not to be done on the runtime's threads.
    ///
    /// # Errors
    /// [`PaintError`].
    pub fn new(settings: PanelSettings) -> Result<Self, PaintError> {
        Ok(Self(Box::new((Painter::new(&settings.look)?, settings))))
    }
}

impl Wardrobe {
    /// From now on the panel looks and behaves so, but for `touch` and `rotation`, which are the board's. Waits for the thread
    /// to take it; not to be called on the runtime's threads.
    pub fn put_on(&self, dress: Dress) {
        // It has ended: nothing is shown any more.
        let _ = self.0.blocking_send(Asked::Dress(dress.0));
    }
}

/// The running thread. Dropping it ends it.
#[derive(Debug)]
pub struct PanelThread {
    pictures: PictureSlot,
    self_views: PictureSlot,
    frames: Arc<AtomicU64>,
    stills: StillSlot,
    touches: Touches,
    asked: mpsc::Sender<Asked>,
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
        let painter = Painter::new(&settings.look)?;
        let (stop, stopped) = oneshot::channel();
        let (asked, wishes) = mpsc::channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PanelError::Thread)?;
        let easel = Easel::new(panel, painter, settings);
        let (pictures, self_views, frames) = (easel.pictures(), easel.self_views(), easel.frames());
        let (stills, touches) = (easel.stills(), easel.touches());
        let thread = thread::Builder::new()
            .name("panel".to_owned())
            .spawn(move || runtime.block_on(paint_until(stopped, easel, views, wishes, pulse)))
            .map_err(PanelError::Thread)?;
        Ok(Self { pictures, self_views, frames, stills, touches, asked, stop: Some(stop), thread: Some(thread) })
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

    /// Where pictures of received files go.
    #[must_use]
    pub fn stills(&self) -> StillSlot {
        self.stills.clone()
    }

    /// From now on pictures of received files are made there.
    pub fn make_stills_by(&self, stills: Box<dyn Stills>) {
        self.ask(Asked::Stills(stills));
    }

    /// From now on what is seen is shown there too, whenever it is wanted.
    pub fn show_to(&self, sink: Arc<dyn PanelSink>) {
        self.ask(Asked::Sink(sink));
    }

    /// For whom the panel is shown to: to be called when frames become wanted, from any thread; returns at once.
    #[must_use]
    pub fn look_again(&self) -> Arc<dyn Fn() + Send + Sync> {
        let asked = self.asked.clone();
        // If so much waits that it does not fit, the thread looks soon by itself.
        Arc::new(move || drop(asked.try_send(Asked::Look)))
    }

    fn ask(&self, wish: Asked) {
        if self.asked.try_send(wish).is_err() {
            tracing::error!("the panel thread takes no wishes");
        }
    }

    /// Where the panel is told to look and behave otherwise.
    #[must_use]
    pub fn wardrobe(&self) -> Wardrobe {
        Wardrobe(self.asked.clone())
    }

    /// What a finger on the panel means.
    #[must_use]
    pub fn touches(&self) -> Touches {
        self.touches.clone()
    }

    /// Makes a PNG of what is seen, on the thread that calls; outside of the runtime's threads.
    #[must_use]
    pub fn screenshots(&self) -> Screenshots {
        let asked = self.asked.clone();
        Arc::new(move || {
            let (screenshot, answer) = oneshot::channel();
            let gone = |_| io::Error::other("the panel thread has ended");
            let busy = |_| io::Error::other("the panel is not free to be looked at");
            asked.try_send(Asked::Screenshot(screenshot)).map_err(busy)?;
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
    let (stills, touches) = (easel.stills(), easel.touches());
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
            Some(asked) = asked.recv() => match asked {
                Asked::Screenshot(answer) => {
                    // Who asked may have gone.
                    let _ = answer.send(easel.screenshot());
                }
                Asked::Stills(stills) => easel.make_stills_by(stills),
                Asked::Sink(sink) => easel.show_to(sink),
                Asked::Look => {}
                Asked::Dress(dress) => {
                    let (painter, settings) = *dress;
                    easel.dress(painter, settings);
                }
            },
            () = stills.came() => {}
            () = touches.changed() => {}
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

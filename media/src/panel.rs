//! The panel as a source: what is painted on it, handed in from outside, becomes pictures for the encoders.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use gstreamer as gst;
use gstreamer_video as gst_video;

use crate::{
    queue::{Post, Work},
    shape::PANEL_RATE,
};

/// Least time between two pictures.
const PERIOD: Duration = Duration::from_millis(1_000 / PANEL_RATE as u64);
/// A panel that stays as it is is sent again and again, so that late decoders and key units have something to begin with.
const REPEAT: Duration = Duration::from_millis(500);
/// The first picture after a change, and a key unit, are coarse, for they have to fit the bit rate; so many more of the same make it sharp.
const SHARPENING: u32 = 15;
/// Bytes of a pixel: B, G, R and one that says nothing.
const PIXEL: usize = 4;

/// Where frames of the panel go while it is shared. Cheap to clone, for any thread.
#[derive(Clone)]
pub struct PanelFeed(Arc<Shared>);

impl PanelFeed {
    pub(crate) fn new(post: Post) -> Self {
        Self(Arc::new(Shared {
            post,
            wanted: AtomicBool::new(false),
            on_wanted: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Whether frames are of use: the panel is what is sent, and there is somebody to send it to.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Acquire)
    }

    /// A frame of the panel, whenever it has changed, and one when [`on_wanted`](Self::on_wanted) is told. It is copied; the newest
    /// wins; nothing blocks. While it is not wanted, nothing happens.
    ///
    /// BGRx, 8 bits each: as painted, premultiplied over black. `stride` bytes from row to row. A frame that is shorter than that, or
    /// has no pixels, is passed over.
    pub fn put(&self, width: u32, height: u32, stride: usize, pixels: &[u8]) {
        if !self.wanted() {
            return;
        }
        let Some(frame) = Frame::copy(width, height, stride, pixels) else {
            tracing::debug!(width, height, stride, bytes = pixels.len(), "a frame of the panel that is none");
            return;
        };
        let mut state = self.0.lock();
        if !self.wanted() {
            return;
        }
        state.frame = Some(frame);
        if state.size.replace((width, height)) != Some((width, height)) {
            state.target = None;
            self.0.post.post(Work::PanelSize(width, height));
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// From now on called when frames become wanted; at once if they are. On a thread of media: it must hand over and return.
    pub fn on_wanted(&self, callback: Arc<dyn Fn() + Send + Sync>) {
        *self.0.on_wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&callback));
        if self.wanted() {
            callback();
        }
    }
}

impl fmt::Debug for PanelFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelFeed").field("wanted", &self.wanted()).finish_non_exhaustive()
    }
}

struct Shared {
    post: Post,
    wanted: AtomicBool,
    on_wanted: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    /// The newest, not yet taken.
    frame: Option<Frame>,
    /// Of the newest.
    size: Option<(u32, u32)>,
    /// In which size encoders want it; None: it has to be asked for.
    target: Option<(u32, u32)>,
    /// A picture is needed now, new or not.
    nudged: bool,
    ends: bool,
}

/// A frame without gaps between its rows.
struct Frame {
    size: (u32, u32),
    pixels: gst::Buffer,
}

impl Frame {
    fn copy(width: u32, height: u32, stride: usize, from: &[u8]) -> Option<Self> {
        let row = usize::try_from(width).ok()?.checked_mul(PIXEL).filter(|row| *row > 0 && *row <= stride)?;
        let rows = usize::try_from(height).ok().filter(|rows| *rows > 0)?;
        let length = stride.checked_mul(rows - 1)?.checked_add(row)?;
        let from = from.get(..length)?;
        let mut pixels = Vec::with_capacity(row * rows);
        from.chunks(stride).for_each(|line| pixels.extend_from_slice(line.get(..row).unwrap_or(line)));
        Some(Self { size: (width, height), pixels: gst::Buffer::from_slice(pixels) })
    }
}

/// Where pictures go: a buffer of I420 and its size.
pub(crate) type OnPanelPicture = Box<dyn Fn(gst::Buffer, (u32, u32)) + Send>;

/// The panel while it is what is sent: a thread that makes pictures of frames, at the encoders' pace.
pub(crate) struct SharedPanel {
    feed: PanelFeed,
    thread: Option<JoinHandle<()>>,
}

impl SharedPanel {
    /// Frames are wanted from now on.
    pub(crate) fn start(feed: PanelFeed, out: OnPanelPicture) -> std::io::Result<Self> {
        *feed.0.lock() = State::default();
        let shared = Arc::clone(&feed.0);
        let thread = thread::Builder::new().name("panel-share".into()).spawn(move || make_pictures(&shared, &out))?;
        feed.0.wanted.store(true, Ordering::Release);
        let callback = feed.0.on_wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        callback.into_iter().for_each(|callback| callback());
        Ok(Self { feed, thread: Some(thread) })
    }

    /// In which size the encoders want its pictures.
    pub(crate) fn set_target(&self, size: (u32, u32)) {
        self.feed.0.lock().target = Some(size);
        self.feed.0.changed.notify_one();
    }

    /// A picture now, new or not.
    pub(crate) fn nudge(&self) {
        self.feed.0.lock().nudged = true;
        self.feed.0.changed.notify_one();
    }
}

impl Drop for SharedPanel {
    fn drop(&mut self) {
        self.feed.0.wanted.store(false, Ordering::Release);
        *self.feed.0.lock() = State { ends: true, ..State::default() };
        self.feed.0.changed.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that shares the panel has panicked");
        }
    }
}

/// What the thread has to do next.
enum Step {
    Show {
        frame: Option<Frame>,
        target: (u32, u32),
        /// A key unit is made of it, which is coarse.
        is_key: bool,
    },
    End,
}

fn make_pictures(shared: &Shared, out: &OnPanelPicture) {
    let mut converter = None;
    let mut current: Option<Frame> = None;
    let mut picture: Option<(gst::Buffer, (u32, u32))> = None;
    let mut pace = Pace::default();
    while let Step::Show { frame, target, is_key } = next(shared, &pace, current.is_some()) {
        let is_new = frame.is_some() || picture.as_ref().is_none_or(|(_, size)| *size != target);
        current = frame.or(current);
        pace.shown(Instant::now(), is_new || is_key);
        let Some(frame) = &current else { continue };
        if is_new {
            match converted(&mut converter, frame, target) {
                Ok(buffer) => picture = Some((buffer, target)),
                Err(error) => {
                    tracing::warn!(%error, "the panel cannot be shared");
                    continue;
                }
            }
        }
        if let Some((buffer, size)) = &picture {
            out(buffer.clone(), *size);
        }
    }
}

/// Waits until there is something to show.
fn next(shared: &Shared, pace: &Pace, has_current: bool) -> Step {
    let mut state = shared.lock();
    loop {
        if state.ends {
            return Step::End;
        }
        let now = Instant::now();
        let due = match state.target {
            Some(_) if state.nudged && (state.frame.is_some() || has_current) => Some(now),
            Some(_) if state.frame.is_some() => Some(pace.fresh_at().unwrap_or(now)),
            Some(_) if has_current => Some(pace.repeat_at().unwrap_or(now)),
            _ => None,
        };
        if let (Some(due), Some(target)) = (due, state.target)
            && due <= now
        {
            let is_key = std::mem::take(&mut state.nudged);
            return Step::Show { frame: state.frame.take(), target, is_key };
        }
        let wait = due.map_or(REPEAT, |due| due - now);
        state = shared.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// When the next picture is due.
#[derive(Default)]
struct Pace {
    last: Option<Instant>,
    /// Repeats since the last coarse picture.
    repeats: u32,
}

impl Pace {
    const fn shown(&mut self, at: Instant, is_coarse: bool) {
        self.last = Some(at);
        self.repeats = if is_coarse { 0 } else { self.repeats.saturating_add(1) };
    }

    fn fresh_at(&self) -> Option<Instant> {
        Some(self.last? + PERIOD)
    }

    fn repeat_at(&self) -> Option<Instant> {
        Some(self.last? + if self.repeats < SHARPENING { PERIOD } else { REPEAT })
    }
}

/// From frames of one size to pictures of another.
struct Converter {
    inner: gst_video::VideoConverter,
    from: gst_video::VideoInfo,
    to: gst_video::VideoInfo,
}

impl Converter {
    fn new(from: (u32, u32), to: (u32, u32)) -> Result<Self, gst::glib::BoolError> {
        let from = gst_video::VideoInfo::builder(gst_video::VideoFormat::Bgrx, from.0, from.1).build()?;
        let to = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, to.0, to.1).build()?;
        let inner = gst_video::VideoConverter::new(&from, &to, None)?;
        Ok(Self { inner, from, to })
    }
}

fn converted(
    converter: &mut Option<Converter>,
    frame: &Frame,
    target: (u32, u32),
) -> Result<gst::Buffer, gst::glib::BoolError> {
    let fits = |known: &Converter| {
        (known.from.width(), known.from.height()) == frame.size && (known.to.width(), known.to.height()) == target
    };
    if !converter.as_ref().is_some_and(fits) {
        *converter = Some(Converter::new(frame.size, target)?);
    }
    let Converter { inner, from, to } = converter.as_mut().expect("it was just made");
    let refused = |_| gst::glib::bool_error!("the memory of a picture cannot be mapped");
    let source = gst_video::VideoFrame::from_buffer_readable(frame.pixels.clone(), from).map_err(refused)?;
    let memory = gst::Buffer::with_size(to.size())?;
    let mut target = gst_video::VideoFrame::from_buffer_writable(memory, to).map_err(refused)?;
    inner.frame(&source, &mut target);
    Ok(target.into_buffer())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Wide and high, and mean luma.
    type Made = ((u32, u32), u8);

    fn started() -> (PanelFeed, SharedPanel, Receiver<Made>, Receiver<Work>) {
        gst::init().expect("GStreamer");
        let (post, work) = mpsc::sync_channel(crate::queue::CAPACITY);
        let feed = PanelFeed::new(Post::new(post));
        let (sender, made) = mpsc::channel();
        let out = move |buffer: gst::Buffer, (width, height): (u32, u32)| {
            let map = buffer.map_readable().expect("memory");
            let luma = map[..(width * height) as usize].iter().map(|luma| u64::from(*luma)).sum::<u64>();
            let mean = u8::try_from(luma / u64::from(width * height)).expect("a mean");
            // The test may have seen enough.
            let _ = sender.send(((width, height), mean));
        };
        let panel = SharedPanel::start(feed.clone(), Box::new(out)).expect("a thread");
        (feed, panel, made, work)
    }

    fn size(work: &Receiver<Work>) -> Option<(u32, u32)> {
        match work.try_recv() {
            Ok(Work::PanelSize(width, height)) => Some((width, height)),
            Ok(_) | Err(_) => None,
        }
    }

    #[test]
    fn the_newest_frame_becomes_a_picture_of_the_wanted_size() {
        let (feed, panel, made, work) = started();
        for grey in 0..200 {
            feed.put(64, 32, 64 * 4, &[grey; 64 * 32 * 4]);
        }
        assert_eq!(size(&work), Some((64, 32)));
        assert_eq!(size(&work), None, "the size is told once");
        assert_eq!(made.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout), "nobody has said how large");
        panel.set_target((32, 16));
        let (of, luma) = made.recv_timeout(PATIENCE).expect("a picture");
        assert_eq!(of, (32, 16));
        // 199 of 255 in limited range: 16 + 199 · 219 / 255.
        assert!(luma.abs_diff(187) <= 1, "{luma}");
        feed.put(64, 32, 64 * 4, &[0; 64 * 32 * 4]);
        let (_, luma) = made.iter().find(|(_, luma)| *luma < 100).expect("the other frame");
        assert!(luma.abs_diff(16) <= 1, "{luma}");
        assert_eq!(made.iter().take(3).count(), 3, "it rests, and is repeated");
    }

    #[test]
    fn what_rests_is_made_sharp_and_then_repeated_seldom() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!((pace.fresh_at(), pace.repeat_at()), (None, None), "the first one is shown at once");
        pace.shown(start, true);
        assert_eq!(pace.fresh_at(), Some(start + PERIOD));
        for _ in 0..SHARPENING {
            assert_eq!(pace.repeat_at(), Some(start + PERIOD));
            pace.shown(start, false);
        }
        assert_eq!(pace.repeat_at(), Some(start + REPEAT));
        assert_eq!(pace.fresh_at(), Some(start + PERIOD), "a new one is never late");
        pace.shown(start, true);
        assert_eq!(pace.repeat_at(), Some(start + PERIOD));
    }

    #[test]
    fn a_nudge_is_answered_with_what_is_there() {
        let (feed, panel, made, _work) = started();
        panel.nudge();
        assert_eq!(made.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout), "there is nothing to show");
        feed.put(8, 8, 32, &[255; 256]);
        panel.set_target((8, 8));
        // Until it rests.
        assert_eq!(made.iter().take(SHARPENING as usize + 2).count(), SHARPENING as usize + 2);
        for _ in 0..3 {
            panel.nudge();
            let (_, luma) = made.recv_timeout(PATIENCE).expect("a picture");
            assert!(luma > 200, "{luma}");
        }
    }

    #[test]
    fn what_is_no_frame_is_passed_over_and_nothing_is_taken_when_nothing_is_wanted() {
        let (feed, panel, made, work) = started();
        for (width, height, stride, bytes) in [
            (0, 1, 4, 4),
            (1, 0, 4, 4),
            (2, 2, 8, 15),
            (2, 1, 7, 8),
            (u32::MAX, u32::MAX, usize::MAX, 16),
            (1, 1, 0, 4),
        ] {
            feed.put(width, height, stride, &vec![0; bytes]);
        }
        assert_eq!(size(&work), None);
        // The last row needs no gap behind it.
        feed.put(2, 2, 12, &[0; 20]);
        assert_eq!(size(&work), Some((2, 2)));
        drop(panel);
        assert!(!feed.wanted());
        feed.put(4, 4, 16, &[0; 64]);
        assert_eq!(size(&work), None);
        assert!(made.iter().next().is_none(), "the thread has ended");
    }

    #[test]
    fn whoever_paints_is_told_when_frames_are_wanted() {
        gst::init().expect("GStreamer");
        let (post, _work) = mpsc::sync_channel(1);
        let feed = PanelFeed::new(Post::new(post));
        let (sender, told) = mpsc::channel();
        let tell: Arc<dyn Fn() + Send + Sync> = Arc::new(move || sender.send(()).expect("the test looks"));
        feed.on_wanted(Arc::clone(&tell));
        assert_eq!(told.try_iter().count(), 0);
        for _ in 0..2 {
            let panel = SharedPanel::start(feed.clone(), Box::new(|_, _| ())).expect("a thread");
            assert_eq!(told.try_iter().count(), 1);
            drop(panel);
        }
        let panel = SharedPanel::start(feed.clone(), Box::new(|_, _| ())).expect("a thread");
        feed.on_wanted(tell);
        assert_eq!(told.try_iter().count(), 2, "at once, if they are wanted already");
        drop(panel);
    }
}

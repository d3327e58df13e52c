//! The gate between a camera's pictures, its placeholder, and the encoders.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use gstreamer as gst;
use gstreamer_app as gst_app;

use crate::{
    VideoCodec, VideoSettings,
    pipeline::Timeline,
    queue::{Post, Work},
    self_view::SelfView,
};

/// A live picture older than this no longer keeps the placeholder away.
const FRESH: gst::ClockTime = gst::ClockTime::from_mseconds(700);

/// Chooses, picture by picture, what the encoders get: the live source, or the placeholder while the live source is off, not
/// there yet, or silent. To the encoders it is one stream whose time never goes back.
pub(super) struct Gate {
    timeline: Timeline,
    post: Post,
    settings: VideoSettings,
    self_view: Arc<SelfView>,
    sending: AtomicBool,
    /// Running time of the newest live picture, in ns; 0: none since the source was opened.
    newest: AtomicU64,
    /// Time stamp of the last picture that was let through.
    last: Mutex<Option<gst::ClockTime>>,
    /// Pictures closer together than this are too many.
    least: gst::ClockTime,
    encoders: Mutex<Vec<(VideoCodec, gst_app::AppSrc)>>,
}

impl Gate {
    pub(super) fn new(timeline: Timeline, post: Post, settings: VideoSettings, self_view: Arc<SelfView>) -> Self {
        let framerate = settings.framerate;
        Self {
            timeline,
            post,
            settings,
            self_view,
            sending: AtomicBool::new(true),
            newest: AtomicU64::new(0),
            last: Mutex::new(None),
            // Half a period, not a whole one: capture jitters.
            least: gst::ClockTime::SECOND / (2 * u64::from(framerate.max(1))),
            encoders: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn add(&self, codec: VideoCodec, encoder: gst_app::AppSrc) {
        self.encoders.lock().unwrap_or_else(PoisonError::into_inner).push((codec, encoder));
    }

    pub(super) fn remove(&self, codec: VideoCodec) {
        self.encoders.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != codec);
    }

    pub(super) fn set_sending(&self, sending: bool) {
        self.sending.store(sending, Ordering::Release);
    }

    pub(super) fn is_sending(&self) -> bool {
        self.sending.load(Ordering::Acquire)
    }

    /// The source was closed: the placeholder's next picture passes.
    pub(super) fn forget_live(&self) {
        self.newest.store(0, Ordering::Release);
    }

    /// Time since the newest live picture; None: there was none since the source was opened.
    pub(super) fn silence(&self) -> Option<gst::ClockTime> {
        let newest = gst::ClockTime::from_nseconds(self.newest.load(Ordering::Acquire));
        (newest > gst::ClockTime::ZERO).then(|| self.timeline.now().saturating_sub(newest))
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.silence().is_some_and(|silence| silence < FRESH)
    }

    /// A picture of the source that was opened as this generation.
    pub(super) fn live(&self, generation: u64, buffer: gst::Buffer) {
        let before = self.newest.swap(self.timeline.now().nseconds().max(1), Ordering::AcqRel);
        if before == 0 {
            self.post.post(Work::CameraWorks(generation));
        }
        if self.is_sending() {
            self.self_view.offer(&buffer, &self.settings);
            self.pass(buffer);
        }
    }

    /// A picture of the placeholder.
    pub(super) fn placeholder(&self, buffer: gst::Buffer) {
        if !self.is_sending() || !self.is_fresh() {
            self.pass(buffer);
        }
    }

    /// Every picture that leaves the kiosk comes by here, live or not, and only those.
    fn pass(&self, buffer: gst::Buffer) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pts) = buffer.pts() else { return };
        if last.is_some_and(|last| pts < last + self.least) {
            return;
        }
        *last = Some(pts);
        for (codec, encoder) in self.encoders.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Err(error) = encoder.push_buffer(buffer.clone()) {
                tracing::trace!(?codec, ?error, "the encoder takes no more");
            }
        }
    }
}

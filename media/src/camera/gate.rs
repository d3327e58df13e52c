//! The gate between what can be sent as our picture (a camera, the panel, the placeholder) and the encoders.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use gstreamer as gst;
use gstreamer_app as gst_app;

use super::{Onlookers, pace::Pace, shutter::Shutter};
use crate::{
    VideoCodec, VideoSettings,
    encoder::raw_caps,
    pipeline::Timeline,
    queue::{Post, Work},
    self_view::SelfView,
    trial::{Course, Mark},
};

/// A live picture older than this no longer keeps the placeholder away.
const FRESH: gst::ClockTime = gst::ClockTime::from_mseconds(700);

/// Chooses, picture by picture, what the encoders get: the live source, or the placeholder while the live source is off, not
/// there yet, or silent. To the encoders it is one stream whose time never goes back.
pub(super) struct Gate {
    timeline: Timeline,
    post: Post,
    self_view: Arc<SelfView>,
    shutter: Arc<Shutter>,
    /// Live pictures.
    captured: Arc<AtomicU64>,
    course: Arc<Course>,
    sending: AtomicBool,
    /// The panel is what is sent.
    shares_panel: AtomicBool,
    /// Running time, in ns, until which another source may take to give its first picture.
    patient_until: AtomicU64,
    /// Running time of the newest live picture, in ns; 0: none since the source was opened.
    newest: AtomicU64,
    out: Mutex<Out>,
}

/// The encoders' side.
struct Out {
    pace: Pace,
    framerate: u32,
    /// Of the last picture: its size, and what is said of it.
    caps: Option<((u32, u32), gst::Caps)>,
    encoders: Vec<(VideoCodec, gst_app::AppSrc)>,
}

impl Gate {
    pub(super) fn new(
        timeline: Timeline,
        post: Post,
        framerate: u32,
        Onlookers { self_view, shutter, captured, course }: Onlookers,
    ) -> Self {
        Self {
            timeline,
            post,
            self_view,
            shutter,
            captured,
            course,
            sending: AtomicBool::new(true),
            shares_panel: AtomicBool::new(false),
            patient_until: AtomicU64::new(0),
            newest: AtomicU64::new(0),
            out: Mutex::new(Out { pace: Pace::new(framerate), framerate, caps: None, encoders: Vec::new() }),
        }
    }

    pub(super) fn add(&self, codec: VideoCodec, encoder: gst_app::AppSrc) {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).encoders.push((codec, encoder));
    }

    pub(super) fn remove(&self, codec: VideoCodec) {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).encoders.retain(|(of, _)| *of != codec);
    }

    /// No more pictures a second than these.
    pub(super) fn set_framerate(&self, framerate: u32) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.framerate != framerate {
            (out.pace, out.framerate, out.caps) = (out.pace.at(framerate), framerate, None);
        }
    }

    pub(super) fn set_sending(&self, sending: bool) {
        self.sending.store(sending, Ordering::Release);
    }

    fn is_sending(&self) -> bool {
        self.sending.load(Ordering::Acquire)
    }

    /// What is live from now on: the panel, or a camera.
    pub(super) fn share_panel(&self, shares: bool) {
        self.shares_panel.store(shares, Ordering::Release);
        self.forget_live();
    }

    /// Another source is about to give pictures: until then the peers keep the last one that they have, rather than a dark one.
    pub(super) fn be_patient(&self) {
        self.patient_until.store((self.timeline.now() + FRESH).nseconds(), Ordering::Release);
    }

    /// Nothing comes of it.
    pub(super) fn lose_patience(&self) {
        self.patient_until.store(0, Ordering::Release);
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

    fn note_live(&self) -> bool {
        self.captured.fetch_add(1, Ordering::Relaxed);
        self.newest.swap(self.timeline.now().nseconds().max(1), Ordering::AcqRel) == 0
    }

    /// A picture, of this size, of the camera that was opened as this generation.
    pub(super) fn live(&self, generation: u64, buffer: gst::Buffer, size: (u32, u32)) {
        if self.note_live() {
            self.post.post(Work::CameraWorks(generation));
        }
        // A snapshot is for a person who has agreed to it, whether or not pictures are sent.
        self.shutter.offer(&buffer, size);
        if self.is_sending() {
            self.self_view.offer(&buffer, size);
            let stamp = buffer.pts();
            let now = self.timeline.now();
            if self.pass(buffer, size) {
                self.course.note(Mark::Captured, stamp, now);
            }
        }
    }

    /// A picture, of this size, of the panel.
    pub(super) fn panel(&self, mut buffer: gst::Buffer, size: (u32, u32)) {
        if !self.shares_panel.load(Ordering::Acquire) {
            return;
        }
        self.note_live();
        if self.is_sending() {
            buffer.make_mut().set_pts(self.timeline.now());
            self.pass(buffer, size);
        }
    }

    /// A picture, of this size, of the placeholder.
    pub(super) fn placeholder(&self, buffer: gst::Buffer, size: (u32, u32)) {
        let is_needed = !self.is_sending() || !self.is_live() && !self.is_patient();
        if is_needed {
            self.pass(buffer, size);
        }
    }

    fn is_live(&self) -> bool {
        // The panel is never silent: what it shows may rest.
        if self.shares_panel.load(Ordering::Acquire) { self.silence().is_some() } else { self.is_fresh() }
    }

    fn is_patient(&self) -> bool {
        self.timeline.now().nseconds() < self.patient_until.load(Ordering::Acquire)
    }

    /// Every picture that leaves the kiosk comes by here, live or not, and only those. Returns whether it is one that is wanted.
    fn pass(&self, buffer: gst::Buffer, size: (u32, u32)) -> bool {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if !buffer.pts().is_some_and(|pts| out.pace.takes(pts)) {
            return false;
        }
        if out.caps.as_ref().is_none_or(|(of, _)| *of != size) {
            let (width, height) = size;
            let settings = VideoSettings { width, height, framerate: out.framerate, ..VideoSettings::default() };
            out.caps = Some((size, raw_caps(&settings)));
        }
        let caps = out.caps.as_ref().map(|(_, caps)| caps);
        let sample = caps.map(|caps| gst::Sample::builder().buffer(&buffer).caps(caps).build());
        for ((codec, encoder), sample) in out.encoders.iter().zip(sample.iter().cycle()) {
            if let Err(error) = encoder.push_sample(sample) {
                tracing::trace!(?codec, ?error, "the encoder takes no more");
            }
        }
        true
    }
}

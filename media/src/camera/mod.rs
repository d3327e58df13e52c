//! The cameras: the live source, the placeholder that stands in for it, and the gate that chooses between them.

mod caps;
mod exposure;
mod gate;
mod pace;
mod placeholder;
mod shutter;
mod source;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use gstreamer_app as gst_app;
use kiosk_call::{DeviceState, MediaEvent, Rung, VideoSource};

pub(crate) use self::{
    exposure::Exposure,
    shutter::{OnSnapshot, Shutter},
    source::has_libcamera,
};
use self::{
    gate::Gate,
    placeholder::Placeholder,
    source::{Live, Opening},
};
use crate::{
    CameraSource, MediaError, VideoCodec, VideoSettings,
    device::{self, Kind},
    healing,
    panel::OnPanelPicture,
    pipeline::Timeline,
    queue::{OnEvent, Owner, Post, Trouble},
    self_view::SelfView,
    trial::Course,
};

/// A source that has not given its first picture after this long has failed, though it has not said so.
const SLOWEST_START: Duration = Duration::from_secs(4);
/// A device that gave pictures and then none for so many of its frame intervals is frozen …
const FROZEN_FRAMES: u32 = 30;
/// … but in the dark a camera takes its time for each.
const SHORTEST_FREEZE: Duration = Duration::from_millis(1_500);
/// A source that failed is tried again after this time, twice that, and so on …
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// … up to this, so that a device which comes back without a word is in use again within two seconds.
const LAST_RETRY: Duration = Duration::from_millis(500);
/// A device that is there and has failed so often in a row, some ten seconds long, is not helped by opening it again.
const HOPELESS: u32 = 20;

/// The cameras that there are, and what of them is shown.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) camera: CameraSource,
    pub(crate) document: Option<CameraSource>,
    pub(crate) shows: VideoSource,
}

impl Scene {
    /// The source that has to be open.
    pub(crate) fn source(&self) -> CameraSource {
        match self.shows {
            VideoSource::Camera => self.camera.clone(),
            VideoSource::Document => self.document.clone().unwrap_or_default(),
            VideoSource::Panel => CameraSource::None,
        }
    }

    /// What a snapshot is taken with.
    pub(crate) fn snapshot_source(&self) -> CameraSource {
        match self.shows {
            VideoSource::Camera | VideoSource::Panel => self.camera.clone(),
            VideoSource::Document => self.document.clone().unwrap_or_default(),
        }
    }

    /// Size and rate in which its pictures are captured: papers in the mode that was chosen for their camera, as that is better than
    /// the configured size.
    pub(crate) fn capture(&self, configured: &VideoSettings) -> VideoSettings {
        let mut settings = configured.clone();
        if self.shows == VideoSource::Document
            && let Some(CameraSource::V4l2 { mode: Some(mode), .. }) = &self.document
        {
            (settings.width, settings.height) = ((mode.width & !1).max(2), (mode.height & !1).max(2));
        }
        settings
    }
}

/// Opened for a call only.
pub(crate) struct Camera {
    scene: Scene,
    settings: VideoSettings,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    gate: Arc<Gate>,
    placeholder: Placeholder,
    live: Option<Live>,
    /// Counts the attempts to open the source.
    generation: u64,
    opened: Option<Instant>,
    /// Failures since the last live picture.
    failures: u32,
    retry: Option<Instant>,
    /// What was told last; None: nothing yet.
    told: Option<DeviceState>,
}

/// Where pictures that are not for encoders go.
pub(crate) struct Onlookers {
    pub(crate) self_view: Arc<SelfView>,
    pub(crate) shutter: Arc<Shutter>,
    /// Counts live pictures.
    pub(crate) captured: Arc<AtomicU64>,
    /// When which was where.
    pub(crate) course: Arc<Course>,
}

impl Camera {
    /// With the placeholder running, so that pictures flow at once.
    pub(crate) fn start(
        scene: Scene,
        settings: VideoSettings,
        timeline: Timeline,
        post: Post,
        events: OnEvent,
        onlookers: Onlookers,
    ) -> Result<Self, MediaError> {
        let gate = Arc::new(Gate::new(timeline.clone(), post.clone(), settings.framerate, onlookers));
        gate.share_panel(scene.shows == VideoSource::Panel);
        let placeholder = Placeholder::start(&settings, &timeline, &post, &gate)?;
        Ok(Self {
            scene,
            settings,
            timeline,
            post,
            events,
            gate,
            placeholder,
            live: None,
            generation: 0,
            opened: None,
            failures: 0,
            retry: None,
            told: None,
        })
    }

    /// Where encoders get their pictures.
    pub(crate) fn feed(&self, codec: VideoCodec, encoder: gst_app::AppSrc) {
        self.gate.add(codec, encoder);
    }

    /// No more pictures for this encoder.
    pub(crate) fn forget(&self, codec: VideoCodec) {
        self.gate.remove(codec);
    }

    /// `false`: the placeholder instead of what the camera sees.
    pub(crate) fn set_sending(&self, sending: bool) {
        self.gate.set_sending(sending);
    }

    /// No more pictures a second than these.
    pub(crate) fn set_framerate(&self, framerate: u32) {
        self.gate.set_framerate(framerate);
    }

    /// Where pictures of the panel go. They pass while it is what is shown.
    pub(crate) fn panel(&self) -> OnPanelPicture {
        let gate = Arc::clone(&self.gate);
        Box::new(move |buffer, size| gate.panel(buffer, size))
    }

    /// From now on this is shown, from these cameras. What was open and is not needed any more is closed. The same source again: it is
    /// back, and is tried at once if it gives no pictures.
    pub(crate) fn set_scene(&mut self, scene: Scene) {
        let is_same = self.scene.shows == scene.shows && self.scene.source() == scene.source();
        let is_silent = self.gate.silence().is_some() && !self.gate.is_fresh();
        self.scene = scene;
        if is_same && (self.scene.shows == VideoSource::Panel || self.live.is_some() && !is_silent) {
            return;
        }
        self.close();
        self.gate.share_panel(self.scene.shows == VideoSource::Panel);
        self.gate.be_patient();
        self.failures = 0;
        // Whoever names the source may have told of it too: what is found out now is told in any case.
        self.told = None;
        self.open();
    }

    /// Opens the live source. Blocks as long as the device does.
    pub(crate) fn open(&mut self) {
        self.generation += 1;
        self.retry = None;
        let settings = self.scene.capture(&self.settings);
        let (gate, generation, size) = (Arc::clone(&self.gate), self.generation, (settings.width, settings.height));
        let opening = Opening {
            settings: &settings,
            timeline: &self.timeline,
            post: &self.post,
            owner: Owner::Camera(generation),
            out: Arc::new(move |buffer| gate.live(generation, buffer, size)),
        };
        match opening.open(&self.scene.source()) {
            Ok(live) => {
                self.opened = live.is_some().then(Instant::now);
                self.live = live;
            }
            Err(sentence) => self.fail(sentence),
        }
    }

    /// Whether there is a source that gives pictures, or is about to.
    pub(crate) const fn is_open(&self) -> bool {
        self.live.is_some()
    }

    /// What is wrong with the source that should be open.
    pub(crate) fn trouble(&self) -> Option<&str> {
        match &self.told {
            Some(DeviceState::Missing(sentence)) if self.live.is_none() => Some(sentence),
            Some(DeviceState::Missing(_) | DeviceState::Ready) | None => None,
        }
    }

    /// The source of this generation gives pictures.
    pub(crate) fn works(&mut self, generation: u64) {
        if generation == self.generation && self.live.is_some() {
            self.failures = 0;
            self.tell(DeviceState::Ready);
        }
    }

    /// An error of the source of this generation.
    pub(crate) fn broken(&mut self, generation: u64, trouble: &Trouble) {
        if generation != self.generation || self.live.is_none() {
            return;
        }
        tracing::debug!(element = trouble.element, error = %trouble.error, details = ?trouble.details, "camera");
        self.fail(source::sentence(&self.scene.source(), trouble));
    }

    /// The file of this generation is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        if generation == self.generation {
            self.live.iter().for_each(Live::ended);
        }
    }

    fn fail(&mut self, sentence: String) {
        if source::is_present(&self.scene.source()) {
            self.heal(&sentence);
        }
        self.close();
        self.gate.lose_patience();
        self.retry = Some(Instant::now() + backoff(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.tell(DeviceState::Missing(sentence));
    }

    /// It is there, and does not work.
    fn heal(&self, sentence: &str) {
        if self.live.is_some() {
            healing::tell(&self.events, Rung::Device, sentence.to_owned());
        }
        if self.failures.saturating_add(1) == HOPELESS {
            healing::tell(&self.events, Rung::Restart, sentence.to_owned());
        }
    }

    fn tell(&mut self, state: DeviceState) {
        if self.told.as_ref() == Some(&state) {
            return;
        }
        self.told = Some(state.clone());
        match (self.scene.shows, state) {
            (VideoSource::Camera, state) => (self.events)(MediaEvent::Camera(state)),
            // Nobody needs it to call and be called: only whoever looks after the kiosk is told.
            (VideoSource::Document, DeviceState::Missing(sentence)) => {
                tracing::warn!(%sentence, "the document camera does not work");
            }
            (VideoSource::Document, DeviceState::Ready) => tracing::info!("the document camera works"),
            (VideoSource::Panel, _) => {}
        }
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.retry
    }

    /// Looks after the source: notices when it has fallen silent, tries again when it is time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.retry.is_some_and(|at| at <= now) {
            self.open();
        } else if let Some(opened) = self.opened
            && self.is_stalled(now.saturating_duration_since(opened))
        {
            self.fail(device::stalled(Kind::Camera, &source::name(&self.scene.source())));
        }
    }

    fn is_stalled(&self, open_for: Duration) -> bool {
        match (self.gate.silence(), &self.scene.source()) {
            (None, _) => open_for > SLOWEST_START,
            (Some(silence), CameraSource::V4l2 { mode, .. }) => {
                let framerate = mode.as_ref().and_then(|mode| mode.framerate);
                Duration::from(silence) > freeze(framerate)
            }
            (Some(silence), CameraSource::Libcamera { .. }) => {
                Duration::from(silence) > freeze(Some((self.settings.framerate, 1)))
            }
            // A file is seeked at its end, a test picture is only ever late.
            (Some(silence), CameraSource::File(_) | CameraSource::Test { .. } | CameraSource::None) => {
                Duration::from(silence) > SLOWEST_START
            }
        }
    }

    fn close(&mut self) {
        self.live.take().into_iter().for_each(Live::stop);
        self.gate.forget_live();
        self.opened = None;
        self.retry = None;
    }

    pub(crate) fn stop(mut self) {
        self.close();
        self.placeholder.stop();
    }
}

/// How long to wait after so many failures.
fn backoff(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << failures.min(8)).min(LAST_RETRY)
}

/// How long a camera of this frame rate may give nothing.
fn freeze(framerate: Option<(u32, u32)>) -> Duration {
    let frames = framerate.filter(|(numerator, _)| *numerator > 0).map(|(numerator, denominator)| {
        Duration::from_secs(1).saturating_mul(FROZEN_FRAMES).saturating_mul(denominator) / numerator
    });
    frames.unwrap_or_default().max(SHORTEST_FREEZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_camera_is_tried_ever_more_seldom_but_twice_a_second() {
        let waits: Vec<_> = (0..5).map(|failures| backoff(failures).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 500, 500]);
        assert_eq!(backoff(u32::MAX), LAST_RETRY);
    }

    #[test]
    fn a_slow_camera_is_not_taken_for_a_frozen_one() {
        assert_eq!(freeze(Some((30, 1))), SHORTEST_FREEZE);
        assert_eq!(freeze(Some((5, 1))), Duration::from_secs(6));
        assert_eq!(freeze(Some((15, 2))), Duration::from_secs(4));
        assert_eq!(freeze(None), SHORTEST_FREEZE);
        assert_eq!(freeze(Some((0, 1))), SHORTEST_FREEZE);
    }
}

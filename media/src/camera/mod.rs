//! The camera: the live source, the placeholder that stands in for it, and the gate that chooses between them.

mod caps;
mod gate;
mod placeholder;
mod source;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer_app as gst_app;
use kiosk_call::{DeviceState, MediaEvent};

pub(crate) use self::source::has_libcamera;
use self::{
    gate::Gate,
    placeholder::{Look, Placeholder},
    source::{Live, Opening},
};
use crate::{
    CameraSource, MediaError, VideoCodec, VideoSettings,
    device::{self, Kind},
    pipeline::Timeline,
    queue::{OnEvent, Post, Trouble},
    self_view::SelfView,
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

/// Opened for a call only.
pub(crate) struct Camera {
    source: CameraSource,
    settings: VideoSettings,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    gate: Arc<Gate>,
    placeholder: Option<Placeholder>,
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

impl Camera {
    /// With the placeholder running, so that pictures flow at once.
    pub(crate) fn start(
        source: CameraSource,
        settings: VideoSettings,
        timeline: Timeline,
        post: Post,
        events: OnEvent,
        self_view: Arc<SelfView>,
    ) -> Result<Self, MediaError> {
        let gate = Arc::new(Gate::new(timeline.clone(), post.clone(), settings.clone(), self_view));
        let mut camera = Self {
            source,
            settings,
            timeline,
            post,
            events,
            gate,
            placeholder: None,
            live: None,
            generation: 0,
            opened: None,
            failures: 0,
            retry: None,
            told: None,
        };
        camera.show()?;
        Ok(camera)
    }

    /// Where encoders get their pictures.
    pub(crate) fn feed(&self, codec: VideoCodec, encoder: gst_app::AppSrc) {
        self.gate.add(codec, encoder);
    }

    /// No more pictures for this encoder.
    pub(crate) fn forget(&self, codec: VideoCodec) {
        self.gate.remove(codec);
    }

    /// `false`: black instead of what the camera sees.
    pub(crate) fn set_sending(&mut self, sending: bool) {
        self.gate.set_sending(sending);
        self.refresh();
    }

    /// From now on pictures come from here. The same source again: it is back, and is tried at once if it gives no pictures.
    pub(crate) fn use_source(&mut self, source: CameraSource) {
        let is_silent = self.gate.silence().is_some() && !self.gate.is_fresh();
        if self.source == source && self.live.is_some() && !is_silent {
            return;
        }
        self.close();
        self.source = source;
        self.failures = 0;
        // Whoever names the source may have told of it too: what is found out now is told in any case.
        self.told = None;
        self.open();
        self.refresh();
    }

    fn show(&mut self) -> Result<(), MediaError> {
        let is_missing = matches!(self.told, Some(DeviceState::Missing(_))) || self.source == CameraSource::None;
        let look = if is_missing && self.gate.is_sending() { Look::Bars } else { Look::Black };
        if self.placeholder.as_ref().is_some_and(|placeholder| placeholder.look == look) {
            return Ok(());
        }
        self.placeholder.take().into_iter().for_each(Placeholder::stop);
        self.placeholder = Some(Placeholder::start(look, &self.settings, &self.timeline, &self.post, &self.gate)?);
        Ok(())
    }

    fn refresh(&mut self) {
        if let Err(error) = self.show() {
            tracing::error!(%error, "no placeholder picture");
        }
    }

    /// Opens the live source. Blocks as long as the device does.
    pub(crate) fn open(&mut self) {
        self.generation += 1;
        self.retry = None;
        let opening = Opening {
            settings: &self.settings,
            timeline: &self.timeline,
            post: &self.post,
            gate: &self.gate,
            generation: self.generation,
        };
        match opening.open(&self.source) {
            Ok(live) => {
                self.opened = live.is_some().then(Instant::now);
                self.live = live;
            }
            Err(sentence) => self.fail(sentence),
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
        self.fail(source::sentence(&self.source, trouble));
    }

    /// The file of this generation is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        if generation == self.generation {
            self.live.iter().for_each(Live::ended);
        }
    }

    fn fail(&mut self, sentence: String) {
        self.close();
        self.retry = Some(Instant::now() + backoff(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.tell(DeviceState::Missing(sentence));
    }

    fn tell(&mut self, state: DeviceState) {
        if self.told.as_ref() != Some(&state) {
            self.told = Some(state.clone());
            self.refresh();
            (self.events)(MediaEvent::Camera(state));
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
            self.fail(device::stalled(Kind::Camera, &source::name(&self.source)));
        }
    }

    fn is_stalled(&self, open_for: Duration) -> bool {
        match (self.gate.silence(), &self.source) {
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
        self.placeholder.take().into_iter().for_each(Placeholder::stop);
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

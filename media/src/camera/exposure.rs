//! A camera that is opened for a snapshot only.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Scene,
    shutter::Shutter,
    source::{self, Live, Opening},
};
use crate::{
    CameraSource, VideoSettings,
    pipeline::Timeline,
    queue::{Owner, Post, Trouble},
};

/// A camera that has just been opened has yet to find the light: its pictures count from this time after its first one.
const SETTLING: Duration = Duration::from_millis(700);

/// Open until the snapshot is taken.
pub(crate) struct Exposure {
    live: Live,
    source: CameraSource,
    generation: u64,
}

impl Exposure {
    /// Opens the camera. Blocks as long as the device does. The error is a sentence.
    pub(crate) fn open(
        scene: &Scene,
        generation: u64,
        configured: &VideoSettings,
        (timeline, post): (&Timeline, &Post),
        shutter: &Arc<Shutter>,
    ) -> Result<Self, String> {
        let source = scene.snapshot_source();
        let settings = scene.capture(configured);
        let size = (settings.width, settings.height);
        let settling = match source {
            CameraSource::V4l2 { .. } | CameraSource::Libcamera { .. } => SETTLING,
            CameraSource::Test { .. } | CameraSource::File(_) | CameraSource::None => Duration::ZERO,
        };
        let (shutter, clock, first) = (Arc::clone(shutter), timeline.clone(), AtomicU64::new(0));
        let opening = Opening {
            settings: &settings,
            timeline,
            post,
            owner: Owner::Exposure(generation),
            out: Arc::new(move |buffer| {
                let now = clock.now().nseconds().max(1);
                let first = first.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire).unwrap_or_else(|at| at);
                let open_for = if first == 0 { 0 } else { now - first };
                if Duration::from_nanos(open_for) >= settling {
                    shutter.offer(&buffer, size);
                }
            }),
        };
        let none = || "No camera was found. Plug one in, or set source in [camera].".to_owned();
        let live = opening.open(&source)?.ok_or_else(none)?;
        Ok(Self { live, source, generation })
    }

    /// What an error of the exposure of this generation means, for people.
    pub(crate) fn sentence(&self, generation: u64, trouble: &Trouble) -> Option<String> {
        (generation == self.generation).then(|| source::sentence(&self.source, trouble))
    }

    /// What the camera is called in sentences.
    pub(crate) fn name(&self) -> String {
        source::name(&self.source)
    }

    pub(crate) fn stop(self) {
        self.live.stop();
    }
}

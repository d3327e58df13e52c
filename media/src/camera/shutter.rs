//! Snapshots: who waits for a picture of the camera.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer as gst;
use gstreamer_video as gst_video;

use crate::{
    Picture,
    queue::{Post, Work},
};

/// Nobody waits longer for a picture: a camera needs up to four seconds for its first one.
const PATIENCE: Duration = Duration::from_secs(6);

/// Takes a picture, or a sentence that says why there is none.
pub(crate) type OnSnapshot = Box<dyn FnOnce(Result<Picture, String>) + Send>;

/// Hands the next picture of the camera to all who wait for one.
pub(crate) struct Shutter {
    post: Post,
    waiting: Mutex<Vec<(Instant, OnSnapshot)>>,
}

impl fmt::Debug for Shutter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shutter")
    }
}

impl Shutter {
    pub(crate) const fn new(post: Post) -> Self {
        Self { post, waiting: Mutex::new(Vec::new()) }
    }

    /// One more waits.
    pub(crate) fn press(&self, now: Instant, on_snapshot: OnSnapshot) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((now + PATIENCE, on_snapshot));
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A picture of I420 and its size. Runs on the camera's thread.
    pub(crate) fn offer(&self, buffer: &gst::Buffer, (width, height): (u32, u32)) {
        if !self.is_waiting() {
            return;
        }
        for (_, on_snapshot) in self.take(|_| true) {
            let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height).build().ok();
            let frame = info.and_then(|info| gst_video::VideoFrame::from_buffer_readable(buffer.clone(), &info).ok());
            on_snapshot(frame.map(Picture::new).ok_or_else(|| "The camera's picture cannot be read.".to_owned()));
        }
        self.post.post(Work::Exposed);
    }

    /// Whoever has waited too long gets this sentence.
    pub(crate) fn give_up(&self, now: Instant, why: impl Fn() -> String) {
        self.take(|until| until <= now).into_iter().for_each(|(_, on_snapshot)| on_snapshot(Err(why())));
    }

    /// All who wait get this sentence.
    pub(crate) fn fail(&self, why: &str) {
        self.take(|_| true).into_iter().for_each(|(_, on_snapshot)| on_snapshot(Err(why.to_owned())));
    }

    /// Not called with the lock held: whoever waited may press again.
    fn take(&self, which: impl Fn(Instant) -> bool) -> Vec<(Instant, OnSnapshot)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extract_if(.., |(until, _)| which(*until)).collect()
    }
}

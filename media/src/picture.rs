//! One decoded picture, by reference to the decoder's memory.

use std::time::Duration;

use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video::{self as gst_video, prelude::*};

use crate::stamp;

/// One decoded picture of a peer: I420, its planes mapped, not copied.
///
/// Drop it soon: the decoder's buffer pool waits for it.
#[derive(Debug)]
pub struct Picture {
    frame: gst_video::VideoFrame<gst_video::video_frame::Readable>,
}

impl Picture {
    pub(crate) fn new(frame: gst_video::VideoFrame<gst_video::video_frame::Readable>) -> Self {
        Self { frame }
    }

    /// The newest picture of a sink that asks for I420.
    pub(crate) fn pull(sink: &gst_app::AppSink) -> Result<Self, gst::FlowError> {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let caps = sample.caps().ok_or(gst::FlowError::NotNegotiated)?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| gst::FlowError::NotNegotiated)?;
        let buffer = sample.buffer_owned().ok_or(gst::FlowError::Error)?;
        let frame = gst_video::VideoFrame::from_buffer_readable(buffer, &info).map_err(|_| gst::FlowError::Error)?;
        Ok(Self { frame })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.frame.width()
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.frame.height()
    }

    /// Plane 0 (Y), 1 (U) or 2 (V) and its stride in bytes. U and V have half the width and height, rounded up.
    /// Of any other plane: empty.
    #[must_use]
    pub fn plane(&self, index: u32) -> (&[u8], usize) {
        let data = self.frame.plane_data(index).unwrap_or_default();
        let stride = usize::try_from(index).ok().and_then(|index| self.frame.plane_stride().get(index));
        (data, stride.and_then(|stride| usize::try_from(*stride).ok()).unwrap_or_default())
    }

    /// How long ago the test camera of a kiosk on this very host took this picture, to 0.1 ms.
    /// `None` when the picture carries no stamp.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let (luma, stride) = self.plane(0);
        stamp::read(luma, stride).map(stamp::since)
    }
}

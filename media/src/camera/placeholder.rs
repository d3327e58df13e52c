//! What stands in for the camera's picture.

use std::sync::Arc;

use gstreamer::{self as gst, prelude::*};

use super::{gate::Gate, source::on_buffer};
use crate::{
    MediaError, VideoSettings,
    encoder::raw_caps,
    fanout,
    pipeline::{self, Timeline, capsfilter, chain, element_with},
    queue::{Owner, Post},
};

/// Pictures a second.
const RATE: i32 = 5;

/// A running placeholder.
pub(super) struct Placeholder {
    pipeline: gst::Pipeline,
    pub(super) look: Look,
}

/// What it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing: the camera is off, or has not been heard of yet.
    Black,
    /// Colour bars: there is no camera.
    Bars,
}

impl Placeholder {
    /// A new pipeline for a new look: videotestsrc 1.22 crashes when its pattern is changed while it makes a picture.
    pub(super) fn start(
        look: Look,
        settings: &VideoSettings,
        timeline: &Timeline,
        post: &Post,
        gate: &Arc<Gate>,
    ) -> Result<Self, MediaError> {
        let pattern = match look {
            Look::Black => "black",
            Look::Bars => "smpte100",
        };
        let source = element_with("videotestsrc", &[("is-live", "true"), ("pattern", pattern)])?;
        let mut caps = raw_caps(settings);
        caps.make_mut().set("framerate", gst::Fraction::new(RATE, 1));
        let sink = fanout::sink();
        let pipeline = timeline.pipeline("placeholder", Owner::Placeholder, post.clone());
        chain(&pipeline, &[&source, &capsfilter(&caps)?, sink.upcast_ref()])?;
        let gate = Arc::clone(gate);
        on_buffer(&sink, move |buffer| gate.placeholder(buffer));
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline, look })
    }

    pub(super) fn stop(self) {
        pipeline::end(&self.pipeline);
    }
}

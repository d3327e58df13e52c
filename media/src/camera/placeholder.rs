//! What stands in for a picture: dark, cheap to send, alive. What it means is said in words (`media`, docs/protocol.md §6), and drawn by
//! the receiver.

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
const RATE: u32 = 5;

/// A running placeholder.
pub(super) struct Placeholder {
    pipeline: gst::Pipeline,
}

impl Placeholder {
    pub(super) fn start(
        settings: &VideoSettings,
        timeline: &Timeline,
        post: &Post,
        gate: &Arc<Gate>,
    ) -> Result<Self, MediaError> {
        let source = element_with("videotestsrc", &[("is-live", "true"), ("pattern", "black")])?;
        let caps = raw_caps(&VideoSettings { framerate: RATE, ..settings.clone() });
        let sink = fanout::sink();
        let pipeline = timeline.pipeline("placeholder", Owner::Placeholder, post.clone());
        chain(&pipeline, &[&source, &capsfilter(&caps)?, sink.upcast_ref()])?;
        let (gate, size) = (Arc::clone(gate), (settings.width, settings.height));
        on_buffer(&sink, move |buffer| gate.placeholder(buffer, size));
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline })
    }

    pub(super) fn stop(self) {
        pipeline::end(&self.pipeline);
    }
}

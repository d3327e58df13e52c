//! Pipelines that share one clock and one base time, so that a buffer's time stamp means the same in all of them.

use gstreamer::{self as gst, prelude::*};

use crate::{
    MediaError,
    queue::{Owner, Post, Trouble, Work},
};

/// The clock of all pipelines: the monotonic system clock, never a sound card's.
///
/// A card can be unplugged in a call, and a pipeline that loses its clock stops. ALSA sources and sinks follow this clock
/// instead (`provide-clock=false`). Without a card (null and file PCMs have no pacing at all) it works the same.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    clock: gst::Clock,
    base: gst::ClockTime,
}

impl Timeline {
    pub(crate) fn start() -> Self {
        let clock = gst::SystemClock::obtain();
        let base = clock.time();
        Self { clock, base }
    }

    /// Running time now.
    pub(crate) fn now(&self) -> gst::ClockTime {
        self.clock.time().saturating_sub(self.base)
    }

    /// An empty pipeline on this clock whose messages go to the media thread.
    pub(crate) fn pipeline(&self, name: &str, owner: Owner, post: Post) -> gst::Pipeline {
        let pipeline = gst::Pipeline::with_name(name);
        pipeline.use_clock(Some(&self.clock));
        // Without a start time the pipeline leaves the base time alone.
        pipeline.set_start_time(gst::ClockTime::NONE);
        pipeline.set_base_time(self.base);
        watch(&pipeline, owner, post);
        pipeline
    }
}

/// Sends what the bus says to the media thread. No main loop, no bus file descriptor.
#[expect(clippy::wildcard_enum_match_arm, reason = "GStreamer's own list, which grows")]
pub(crate) fn watch(pipeline: &gst::Pipeline, owner: Owner, post: Post) {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Error(error) => {
                let element = error.src().map(|element| element.path_string().to_string()).unwrap_or_default();
                let trouble = Trouble { element, error: error.error(), details: error.debug() };
                post.post(Work::Broken(owner, trouble));
            }
            gst::MessageView::Warning(warning) => {
                tracing::debug!(?owner, error = %warning.error(), details = ?warning.debug(), "warning");
            }
            gst::MessageView::Eos(_) => {
                post.post(Work::Ended(owner));
            }
            gst::MessageView::Latency(_) => {
                post.post(Work::Latency(owner));
            }
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

/// Ends a pipeline: silences its bus, then waits until every thread of it is gone. May take seconds on a starved processor,
/// so only on the media thread.
pub(crate) fn end(pipeline: &gst::Pipeline) {
    if let Some(bus) = pipeline.bus() {
        bus.unset_sync_handler();
        bus.set_flushing(true);
    }
    if let Err(error) = pipeline.set_state(gst::State::Null) {
        tracing::warn!(pipeline = %pipeline.name(), %error, "does not stop");
    }
}

/// An element, or a sentence that says which one is missing.
pub(crate) fn element(factory: &str) -> Result<gst::Element, MediaError> {
    gst::ElementFactory::make(factory).build().map_err(|_| MediaError::Element(factory.to_owned()))
}

/// An element with properties written as in gst-launch.
pub(crate) fn element_with(factory: &str, properties: &[(&str, &str)]) -> Result<gst::Element, MediaError> {
    let element = element(factory)?;
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    Ok(element)
}

/// Buffers, alone or in lists.
pub(crate) const ANY_BUFFERS: gst::PadProbeType = gst::PadProbeType::BUFFER.union(gst::PadProbeType::BUFFER_LIST);

/// How many buffers are at a probe for [`ANY_BUFFERS`].
pub(crate) fn count_buffers(probe: &gst::PadProbeInfo<'_>) -> u64 {
    match &probe.data {
        Some(gst::PadProbeData::BufferList(list)) => u64::try_from(list.len()).unwrap_or(0),
        Some(_) | None => 1,
    }
}

/// A capsfilter.
pub(crate) fn capsfilter(caps: &gst::Caps) -> Result<gst::Element, MediaError> {
    let filter = element("capsfilter")?;
    filter.set_property("caps", caps);
    Ok(filter)
}

/// Adds the elements to the bin and links them in a row.
pub(crate) fn chain(bin: &impl IsA<gst::Bin>, elements: &[&gst::Element]) -> Result<(), MediaError> {
    bin.add_many(elements.iter().copied())?;
    gst::Element::link_many(elements.iter().copied())?;
    Ok(())
}

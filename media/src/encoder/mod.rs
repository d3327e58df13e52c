//! Video encoders: which one works here, and the pipeline that encodes once for all peers.

mod cache;
mod choice;
mod key_unit;
mod probe;
mod running;
mod table;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;

pub(crate) use self::{choice::Choice, probe::check, running::Encoders};
use self::{key_unit::KeyUnitLimit, table::Kind};
use crate::{
    MediaError, VideoCodec, VideoSettings,
    fanout::{self, Fanout},
    pipeline::{self, Timeline, capsfilter, chain, element_with},
    queue::{Owner, Post},
    shape::Shape,
    stages::{STALLED, Stage},
};

/// Pictures that go into an encoder before one has to come out.
const LEAST: u64 = 5;

/// Some pictures, encoded by a software encoder, to try decoders with.
pub(crate) fn software_stream(codec: VideoCodec, settings: &VideoSettings) -> Result<Vec<gst::Sample>, String> {
    let mut software =
        table::KINDS.iter().filter(|kind| kind.codec == codec && !kind.is_hardware() && kind.is_installed());
    software
        .next()
        .map_or_else(|| Err("no software encoder is installed".to_owned()), |kind| probe::stream(kind, settings))
}

/// Raw pictures as they are captured and encoded.
pub(crate) fn raw_caps(settings: &VideoSettings) -> gst::Caps {
    gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::try_from(settings.width).unwrap_or(640))
        .field("height", i32::try_from(settings.height).unwrap_or(480))
        .field("framerate", gst::Fraction::new(i32::try_from(settings.framerate).unwrap_or(30), 1))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .build()
}

/// Encodes the camera's pictures for all peers of one codec.
pub(crate) struct VideoEncoder {
    pipeline: gst::Pipeline,
    /// Raw pictures go in here.
    input: gst_app::AppSrc,
    encoder: gst::Element,
    /// Encoded pictures come out here.
    pub(crate) peers: Arc<Fanout>,
    kind: &'static Kind,
    /// Tells its bus messages from those of the encoder before it.
    pub(crate) generation: u64,
    limit: KeyUnitLimit,
    traffic: Arc<Traffic>,
    stage: Stage,
}

/// Pictures in and out.
#[derive(Debug, Default)]
struct Traffic {
    fed: AtomicU64,
    made: AtomicU64,
}

impl VideoEncoder {
    /// Encodes for these peers.
    pub(crate) fn start(
        kind: &'static Kind,
        generation: u64,
        shape: &Shape,
        timeline: &Timeline,
        post: &Post,
        peers: Arc<Fanout>,
    ) -> Result<Self, MediaError> {
        let pipeline = timeline.pipeline("encoder", Owner::Encoder(kind.codec, generation), post.clone());
        // Late pictures are worthless: one waits while one is encoded, the older is dropped. They come in the size of their source.
        let input = gst_app::AppSrc::builder()
            .is_live(true)
            .format(gst::Format::Time)
            .max_buffers(1)
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        let parts = kind.build(&shape.settings, shape.is_text)?;
        let sink = fanout::sink();
        // Of the right size already, they pass as they are.
        let scaler = element_with("videoscale", &[("add-borders", "false")])?;
        let size = capsfilter(&raw_caps(&shape.settings))?;
        let mut row = vec![input.upcast_ref(), &scaler, &size];
        row.extend(parts.elements.iter());
        row.push(sink.upcast_ref());
        chain(&pipeline, &row)?;
        let traffic = Arc::<Traffic>::default();
        count(input.upcast_ref(), "src", &traffic, |traffic| &traffic.fed);
        count(sink.upcast_ref(), "sink", &traffic, |traffic| &traffic.made);
        peers.feed(&sink);
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        let limit = KeyUnitLimit::new(Instant::now());
        Ok(Self {
            pipeline,
            input,
            encoder: parts.encoder,
            peers,
            kind,
            generation,
            limit,
            traffic,
            stage: Stage::new(LEAST),
        })
    }

    /// Another target, bits a second.
    fn set_bitrate(&self, bitrate_bps: u32) {
        self.kind.set_bitrate(&self.encoder, bitrate_bps);
    }

    pub(crate) const fn input(&self) -> &gst_app::AppSrc {
        &self.input
    }

    /// The GStreamer element.
    pub(crate) const fn name(&self) -> &'static str {
        self.kind.factory
    }

    /// A key unit now, or as soon as the limit allows.
    pub(crate) fn request_key_unit(&mut self, now: Instant) {
        self.limit.want();
        self.tick(now);
    }

    /// Makes a key unit that has been wanted and may be made by now.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.limit.take(now) {
            self.kind.force_key_unit(&self.encoder);
        }
    }

    /// When a postponed key unit is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.limit.due()
    }

    /// Whether it gives nothing though it is fed.
    pub(crate) fn has_stalled(&mut self, now: Instant) -> bool {
        let (fed, made) = (self.traffic.fed.load(Ordering::Relaxed), self.traffic.made.load(Ordering::Relaxed));
        self.stage.look(now, fed, made) > STALLED
    }

    /// Ends it. Its peers get nothing until another one feeds them.
    pub(crate) fn stop(self) -> Arc<Fanout> {
        pipeline::end(&self.pipeline);
        self.peers
    }
}

fn count(element: &gst::Element, pad: &str, traffic: &Arc<Traffic>, of: fn(&Traffic) -> &AtomicU64) {
    let traffic = Arc::clone(traffic);
    if let Some(pad) = element.static_pad(pad) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            of(&traffic).fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
    }
}

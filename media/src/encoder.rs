//! Video encoders: which one works here, its properties, and the pipeline that encodes once for all peers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

use crate::{
    MediaError, VideoCodec, VideoSettings,
    fanout::{self, Fanout},
    pipeline::{self, Timeline, capsfilter, chain, element, element_with},
    queue::{Owner, Post},
};

/// Hardware first. `v4l2h264enc` and the `va*` family exist as factories only where a driver has them.
const CANDIDATES: &[(VideoCodec, &str)] = &[
    (VideoCodec::H264, "v4l2h264enc"),
    (VideoCodec::H264, "vah264enc"),
    (VideoCodec::H264, "x264enc"),
    (VideoCodec::H264, "openh264enc"),
    (VideoCodec::Vp8, "vp8enc"),
];

/// How long an encoder may take for its first picture when it is tried.
const PROBE_TIME: gst::ClockTime = gst::ClockTime::from_seconds(3);

/// Two encoders' key units closer than this are one. A peer whose gate opens a moment after ours asks for another one at once
/// and must get it, else its first picture is late; a flood of requests (PLI) must not turn every picture into a key unit.
const KEY_UNIT_BURST: u32 = 3;
const KEY_UNIT_REFILL: Duration = Duration::from_millis(700);

type Probed = BTreeMap<(VideoCodec, u32, u32), Option<&'static str>>;

/// What was tried, for the life of the process: drivers don't come and go.
static PROBED: Mutex<Probed> = Mutex::new(BTreeMap::new());

/// The first encoder of the codec that really encodes here.
pub(crate) fn probe(codec: VideoCodec, settings: &VideoSettings) -> Option<&'static str> {
    let key = (codec, settings.width, settings.height);
    let mut probed = PROBED.lock().unwrap_or_else(PoisonError::into_inner);
    *probed.entry(key).or_insert_with(|| {
        let of_codec = CANDIDATES.iter().filter(|(of, _)| *of == codec).map(|(_, factory)| *factory);
        let works = of_codec.into_iter().find(|factory| match try_out(factory, settings) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%factory, %error, "encoder does not work here");
                false
            }
        });
        tracing::info!(codec = codec.encoding_name(), encoder = works, "video encoder");
        works
    })
}

/// Encodes real pictures: a factory alone says nothing about the driver below.
fn try_out(factory: &str, settings: &VideoSettings) -> Result<(), MediaError> {
    let pipeline = gst::Pipeline::new();
    let source = element_with("videotestsrc", &[("num-buffers", "5")])?;
    let encoder = Chain::build(factory, settings)?;
    let sink = fanout::sink();
    let caps = capsfilter(&raw_caps(settings))?;
    let mut row = vec![&source, &caps];
    row.extend(encoder.elements.iter());
    row.push(sink.upcast_ref());
    chain(&pipeline, &row)?;
    let outcome = pipeline
        .set_state(gst::State::Playing)
        .map_err(MediaError::from)
        .and_then(|_| sink.try_pull_sample(PROBE_TIME).ok_or_else(|| MediaError::Build("no picture came out".into())));
    // What it was stopped for is known by now.
    let _ = pipeline.set_state(gst::State::Null);
    outcome.map(drop)
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

/// An encoder with what must stand before and behind it.
struct Chain {
    elements: Vec<gst::Element>,
    encoder: gst::Element,
}

impl Chain {
    fn build(factory: &str, settings: &VideoSettings) -> Result<Self, MediaError> {
        let bits = settings.bitrate_bps.to_string();
        let kilobits = (settings.bitrate_bps / 1000).max(1).to_string();
        let encoder = match factory {
            // Live, one pass, no look-ahead; threads=1: libvpx's spin waits starve others under a real-time scheduler, and one
            // thread is enough at 480p. keyframe-mode=disabled: key units come on request only.
            "vp8enc" => element_with(
                factory,
                &[
                    ("deadline", "1"),
                    ("cpu-used", "-8"),
                    ("target-bitrate", &bits),
                    ("keyframe-max-dist", "2000"),
                    ("keyframe-mode", "disabled"),
                    ("end-usage", "cbr"),
                    ("buffer-initial-size", "100"),
                    ("buffer-optimal-size", "120"),
                    ("buffer-size", "150"),
                    ("max-intra-bitrate", "250"),
                    ("lag-in-frames", "0"),
                    ("error-resilient", "default"),
                    ("threads", "1"),
                ],
            )?,
            // Its defaults look ahead 1.4 s.
            "x264enc" => element_with(
                factory,
                &[
                    ("tune", "zerolatency"),
                    ("speed-preset", "ultrafast"),
                    ("threads", "4"),
                    ("key-int-max", "2560"),
                    ("b-adapt", "false"),
                    ("vbv-buf-capacity", "120"),
                    ("bitrate", &kilobits),
                ],
            )?,
            "openh264enc" => element_with(
                factory,
                &[
                    ("gop-size", "2560"),
                    ("rate-control", "bitrate"),
                    ("complexity", "low"),
                    ("background-detection", "false"),
                    ("scene-change-detection", "false"),
                    ("bitrate", &bits),
                ],
            )?,
            "vah264enc" => {
                element_with(factory, &[("key-int-max", "256"), ("rate-control", "cbr"), ("bitrate", &kilobits)])?
            }
            "v4l2h264enc" => v4l2h264enc(settings)?,
            other => element(other)?,
        };
        let mut elements = vec![convert(factory)?, encoder.clone()];
        match factory {
            "vp8enc" => {}
            // The level must be in the caps: with a level below 3 the Pi's encoder hangs at VGA (raspberrypi/linux #4906).
            "v4l2h264enc" => elements.push(capsfilter(&h264_caps().field("level", "4").build())?),
            _ => elements.push(capsfilter(&h264_caps().build())?),
        }
        Ok(Self { elements, encoder })
    }
}

fn h264_caps() -> gst::caps::Builder<gst::caps::NoFeature> {
    gst::Caps::builder("video/x-h264")
        .field("profile", "constrained-baseline")
        .field("stream-format", "byte-stream")
        .field("alignment", "au")
}

/// v4l2convert where the encoder is a V4L2 one (its start fails with some camera formats, raspberrypi/firmware #1701). The
/// others take I420 or are given what they take; where nothing needs converting, nothing is copied.
fn convert(factory: &str) -> Result<gst::Element, MediaError> {
    if factory == "v4l2h264enc" && gst::ElementFactory::find("v4l2convert").is_some() {
        return element("v4l2convert");
    }
    element("videoconvert")
}

/// The Pi's encoder takes bit rates in steps of 25 kbit/s, 25 kbit/s to 25 Mbit/s. No constant bit rate mode (#4738), no
/// i_frame_period=1 (#4740); headers must be repeated, as a peer may come at any time.
fn v4l2h264enc(settings: &VideoSettings) -> Result<gst::Element, MediaError> {
    let encoder = element("v4l2h264enc")?;
    let bits = (settings.bitrate_bps / 25_000).clamp(1, 1000) * 25_000;
    let controls = gst::Structure::builder("controls")
        .field("video_bitrate", i32::try_from(bits).unwrap_or(1_000_000))
        .field("h264_i_frame_period", 250_i32)
        .field("repeat_sequence_header", 1_i32)
        .build();
    encoder.set_property("extra-controls", controls);
    Ok(encoder)
}

/// Encodes the camera's pictures for all peers of one codec.
pub(crate) struct VideoEncoder {
    pipeline: gst::Pipeline,
    /// Raw pictures go in here.
    input: gst_app::AppSrc,
    encoder: gst::Element,
    /// Encoded pictures come out here.
    pub(crate) peers: Arc<Fanout>,
    name: &'static str,
    limit: KeyUnitLimit,
}

impl VideoEncoder {
    pub(crate) fn start(
        codec: VideoCodec,
        settings: &VideoSettings,
        timeline: &Timeline,
        post: &Post,
    ) -> Result<Self, MediaError> {
        let name = probe(codec, settings).ok_or_else(|| MediaError::NoEncoder(codec.encoding_name().into()))?;
        let pipeline = timeline.pipeline("encoder", Owner::Encoder(codec), post.clone());
        // Late pictures are worthless: one waits while one is encoded, the older is dropped.
        let input = gst_app::AppSrc::builder()
            .is_live(true)
            .format(gst::Format::Time)
            .caps(&raw_caps(settings))
            .max_buffers(1)
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        let parts = Chain::build(name, settings)?;
        let sink = fanout::sink();
        let mut row = vec![input.upcast_ref()];
        row.extend(parts.elements.iter());
        row.push(sink.upcast_ref());
        chain(&pipeline, &row)?;
        let peers = Arc::new(Fanout::default());
        peers.feed(&sink);
        pipeline.set_state(gst::State::Playing)?;
        Ok(Self { pipeline, input, encoder: parts.encoder, peers, name, limit: KeyUnitLimit::new(Instant::now()) })
    }

    pub(crate) const fn input(&self) -> &gst_app::AppSrc {
        &self.input
    }

    /// The GStreamer element.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// A key unit now, or as soon as the limit allows. Returns when to call [`Self::tick`], if later.
    pub(crate) fn request_key_unit(&mut self, now: Instant) {
        self.limit.wanted = true;
        self.tick(now);
    }

    /// Makes a key unit that has been wanted and may be made by now.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.limit.take(now) {
            self.force_key_unit();
        }
    }

    /// When a postponed key unit is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.limit.wanted.then_some(self.limit.next)
    }

    fn force_key_unit(&self) {
        if self.name == "v4l2h264enc" {
            // 1.22 ignores the event here (it came in 1.24); setting the controls again sets them at once while the device is open.
            let button = gst::Structure::builder("controls").field("force_key_frame", 1_i32).build();
            self.encoder.set_property("extra-controls", button);
            return;
        }
        let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
        let handled = self.encoder.static_pad("src").is_some_and(|pad| pad.send_event(event));
        tracing::debug!(encoder = self.name, handled, "key unit forced");
    }

    pub(crate) fn stop(self) {
        pipeline::end(&self.pipeline);
    }
}

/// A token bucket for key units.
#[derive(Debug)]
struct KeyUnitLimit {
    tokens: u32,
    next: Instant,
    wanted: bool,
}

impl KeyUnitLimit {
    fn new(now: Instant) -> Self {
        Self { tokens: KEY_UNIT_BURST, next: now + KEY_UNIT_REFILL, wanted: false }
    }

    fn take(&mut self, now: Instant) -> bool {
        while self.next <= now {
            if self.tokens >= KEY_UNIT_BURST {
                self.next = now + KEY_UNIT_REFILL;
            } else {
                self.tokens += 1;
                self.next += KEY_UNIT_REFILL;
            }
        }
        if !self.wanted || self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        self.wanted = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_is_limited_and_the_last_is_served() {
        let start = Instant::now();
        let mut limit = KeyUnitLimit::new(start);
        let mut served = 0;
        // A request every 10 ms for 7 s.
        for step in 0..700 {
            limit.wanted = true;
            served += u32::from(limit.take(start + Duration::from_millis(10 * step)));
        }
        assert_eq!(served, KEY_UNIT_BURST + 9);
        assert!(limit.wanted);
        assert!(limit.take(limit.next));
        assert!(!limit.wanted);
    }

    #[test]
    fn two_gates_that_open_one_after_the_other_both_get_theirs() {
        let start = Instant::now();
        let mut limit = KeyUnitLimit::new(start);
        for after in [0, 1, 20] {
            limit.wanted = true;
            assert!(limit.take(start + Duration::from_millis(after)));
        }
    }

    #[test]
    fn software_encoders_are_found_and_encode() {
        gst::init().expect("GStreamer");
        let settings = VideoSettings::default();
        assert_eq!(probe(VideoCodec::Vp8, &settings), Some("vp8enc"));
        assert!(probe(VideoCodec::H264, &settings).is_some());
        assert!(try_out("fakesink", &settings).is_err());
    }
}

//! Video decoders: which one works here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use gstreamer as gst;
use gstreamer_video as gst_video;

use crate::{
    MediaError, VideoCodec, VideoSettings,
    codecs::{CodecReport, CodecState, Codecs, Direction},
    encoder,
    pipeline::{element, element_with},
};

/// A decoder.
struct Kind {
    codec: VideoCodec,
    factory: &'static str,
    is_hardware: bool,
}

const fn hardware(codec: VideoCodec, factory: &'static str) -> Kind {
    Kind { codec, factory, is_hardware: true }
}

const fn software(codec: VideoCodec, factory: &'static str) -> Kind {
    Kind { codec, factory, is_hardware: false }
}

/// Hardware first: stateful V4L2 (Raspberry Pi 3 and 4), stateless V4L2 (Rockchip, Allwinner, i.MX 8M), Rockchip's own, VA-API.
const KINDS: &[Kind] = &[
    hardware(VideoCodec::H264, "v4l2h264dec"),
    hardware(VideoCodec::H264, "v4l2slh264dec"),
    hardware(VideoCodec::H264, "mppvideodec"),
    hardware(VideoCodec::H264, "vah264dec"),
    software(VideoCodec::H264, "avdec_h264"),
    software(VideoCodec::H264, "openh264dec"),
    hardware(VideoCodec::Vp8, "v4l2slvp8dec"),
    hardware(VideoCodec::Vp8, "vavp8dec"),
    software(VideoCodec::Vp8, "vp8dec"),
];

/// What is known of the decoders of this board. Shared with the threads of peer connections.
#[derive(Debug)]
pub(crate) struct Decoders {
    chosen: Mutex<BTreeMap<VideoCodec, &'static str>>,
    report: Arc<Codecs>,
}

impl Decoders {
    pub(crate) const fn new(report: Arc<Codecs>) -> Self {
        Self { chosen: Mutex::new(BTreeMap::new()), report }
    }

    /// Decodes real pictures with those that are installed, until one of the codec works.
    pub(crate) fn try_out(&self, codec: VideoCodec, settings: &VideoSettings) {
        let Ok(info) = gst_video::VideoInfo::from_caps(&encoder::raw_caps(settings)) else { return };
        let stream = encoder::software_stream(codec, settings);
        let mut chosen = None;
        let mut reports = Vec::new();
        for kind in KINDS.iter().filter(|kind| kind.codec == codec) {
            let state = match (gst::ElementFactory::find(kind.factory), chosen) {
                (None, _) => CodecState::Absent,
                (Some(_), Some(_)) => CodecState::NotTried,
                (Some(_), None) => {
                    let state = measure(kind, &stream, &info);
                    match &state {
                        CodecState::Works { .. } => chosen = Some(kind.factory),
                        CodecState::Broken(why) => {
                            tracing::warn!(decoder = kind.factory, %why, "an installed decoder does not work");
                        }
                        CodecState::NotTried | CodecState::Absent => {}
                    }
                    state
                }
            };
            let (factory, is_hardware) = (kind.factory, kind.is_hardware);
            reports.push(CodecReport { codec, direction: Direction::Decodes, factory, is_hardware, state });
        }
        tracing::info!(codec = codec.encoding_name(), decoder = chosen, "video decoder");
        self.report.put(Direction::Decodes, codec, reports);
        let mut known = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.map(|factory| known.insert(codec, factory));
    }

    /// The decoder that works; where none was tried, a software one.
    pub(crate) fn element(&self, codec: VideoCodec) -> Result<gst::Element, MediaError> {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).get(&codec).copied();
        let missing = || MediaError::Element(format!("a decoder of {}", codec.encoding_name()));
        chosen.map_or_else(|| any_software(codec).ok_or_else(missing), build)
    }
}

fn measure(kind: &Kind, stream: &Result<Vec<gst::Sample>, String>, info: &gst_video::VideoInfo) -> CodecState {
    let began = Instant::now();
    let checked = match (stream, build(kind.factory)) {
        // There is nothing to try it with.
        (Err(_), Ok(_)) => return CodecState::NotTried,
        (Ok(samples), Ok(decoder)) => encoder::check(decoder, kind.codec, samples, info)
            .map(|()| began.elapsed() / u32::try_from(samples.len()).unwrap_or(1).max(1)),
        (_, Err(error)) => Err(error.to_string()),
    };
    match checked {
        Ok(per_picture) => CodecState::Works { is_used: true, per_picture, follows_bitrate: true },
        Err(why) => CodecState::Broken(why),
    }
}

fn build(factory: &'static str) -> Result<gst::Element, MediaError> {
    match factory {
        // One thread: libvpx's spin waits starve others under a real-time scheduler.
        "vp8dec" => element_with(factory, &[("threads", "1")]),
        _ => element(factory),
    }
}

/// A software decoder, not tried: they only depend on being installed.
pub(crate) fn any_software(codec: VideoCodec) -> Option<gst::Element> {
    let mut of_codec = KINDS.iter().filter(|kind| kind.codec == codec && !kind.is_hardware);
    of_codec.find_map(|kind| build(kind.factory).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_decoders_are_tried_and_chosen() {
        gst::init().expect("GStreamer");
        let report = Arc::<Codecs>::default();
        let decoders = Decoders::new(Arc::clone(&report));
        for (codec, expected) in [(VideoCodec::Vp8, "vp8dec"), (VideoCodec::H264, "avdec_h264")] {
            decoders.try_out(codec, &VideoSettings::default());
            assert!(decoders.element(codec).is_ok());
            let works = report.all().into_iter().find(|report| report.factory == expected).map(|report| report.state);
            assert!(matches!(works, Some(CodecState::Works { is_used: true, .. })), "{expected}: {works:?}");
        }
    }

    #[test]
    fn a_decoder_that_shows_something_else_is_refused() {
        gst::init().expect("GStreamer");
        let settings = VideoSettings::default();
        let info = gst_video::VideoInfo::from_caps(&encoder::raw_caps(&settings)).expect("caps");
        let stream = encoder::software_stream(VideoCodec::Vp8, &settings);
        let broken = Kind { codec: VideoCodec::Vp8, factory: "identity", is_hardware: true };
        assert!(matches!(measure(&broken, &stream, &info), CodecState::Broken(_)));
        let missing = stream.map(|samples| samples[1..].to_vec());
        let software = Kind { codec: VideoCodec::Vp8, factory: "vp8dec", is_hardware: false };
        assert!(matches!(measure(&software, &missing, &info), CodecState::Broken(_)), "it begins without a key unit");
    }
}

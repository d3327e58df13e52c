//! From the peer to the screen and the loudspeaker: gate, depayloader, decoder, sink.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use kiosk_call::CallId;

use crate::{
    MediaError, VideoCodec,
    decoder::Decoders,
    fanout,
    picture::Picture,
    pipeline::{capsfilter, chain, element, element_with},
    queue::{News, OnPicture, Post},
    sound::{Playback, raw_caps},
};

/// The receiving side of a peer, shared with webrtcbin's callbacks. Holds no element.
pub(crate) struct Receiver {
    pub(crate) call: CallId,
    pub(crate) post: Post,
    pub(crate) pictures: OnPicture,
    pub(crate) playback: Arc<Playback>,
    pub(crate) decoders: Arc<Decoders>,
    /// Shut until the peer is known to be who it says.
    pub(crate) is_open: AtomicBool,
    /// Pictures handed over.
    pub(crate) frames: AtomicU64,
}

impl Receiver {
    /// A stream of the peer begins. Runs on webrtcbin's thread: the pad must be linked before its first packet comes.
    pub(crate) fn attach(self: &Arc<Self>, pipeline: &gst::Pipeline, pad: &gst::Pad) {
        if pad.direction() != gst::PadDirection::Src {
            return;
        }
        // The gate stands before the decoder: nothing of an unknown peer is even decoded. Dropped, not queued.
        let receiver = Arc::clone(self);
        let gated = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad.add_probe(gated, move |_, _| match receiver.is_open.load(Ordering::Acquire) {
            true => gst::PadProbeReturn::Ok,
            false => gst::PadProbeReturn::Drop,
        });
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let encoding = caps.structure(0).and_then(|rtp| rtp.get::<String>("encoding-name").ok()).unwrap_or_default();
        let attached = match encoding.as_str() {
            "OPUS" => self.attach_audio(pipeline, pad),
            "VP8" | "H264" => self.attach_video(pipeline, pad, &encoding),
            other => Err(MediaError::Description(format!("it sends `{other}`"))),
        };
        if let Err(error) = attached {
            self.post.news(self.call, News::Unusable(error.to_string()));
        }
    }

    fn attach_audio(self: &Arc<Self>, pipeline: &gst::Pipeline, pad: &gst::Pad) -> Result<(), MediaError> {
        let sink = fanout::sink();
        let receiver = Arc::clone(self);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let buffer = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?.buffer_owned();
                    if let Some(buffer) = buffer {
                        receiver.playback.push(receiver.call, buffer);
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        let row = [
            element("rtpopusdepay")?,
            // A lost packet is taken from the poorer copy in the next one, else concealed.
            element_with("opusdec", &[("use-inband-fec", "true"), ("plc", "true")])?,
            element("audioconvert")?,
            element("audioresample")?,
            capsfilter(&raw_caps())?,
            sink.upcast(),
        ];
        start(pipeline, pad, &row)
    }

    fn attach_video(
        self: &Arc<Self>,
        pipeline: &gst::Pipeline,
        pad: &gst::Pad,
        encoding: &str,
    ) -> Result<(), MediaError> {
        let depayloader = match encoding {
            "VP8" => "rtpvp8depay",
            _ => "rtph264depay",
        };
        let depayloader = element_with(depayloader, &[("request-keyframe", "true"), ("wait-for-keyframe", "true")])?;
        depayloader.set_property("name", DEPAYLOADER);
        let mut row = vec![depayloader];
        if encoding == "VP8" {
            row.push(self.decoders.element(VideoCodec::Vp8)?);
        } else {
            row.push(element("h264parse")?);
            row.push(self.decoders.element(VideoCodec::H264)?);
        }
        row.push(element("videoconvert")?);
        row.push(self.screen().upcast());
        start(pipeline, pad, &row)
    }

    /// Unsynchronised, the newest picture wins: a synchronised sink would delay every picture by the whole latency of the
    /// pipeline (2 ms against 216 ms).
    fn screen(self: &Arc<Self>) -> gst_app::AppSink {
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").build();
        let sink = fanout::sink();
        sink.set_max_buffers(1);
        sink.set_caps(Some(&caps));
        let receiver = Arc::clone(self);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let picture = Picture::pull(sink)?;
                    if receiver.frames.fetch_add(1, Ordering::Relaxed) == 0 {
                        receiver.post.news(receiver.call, News::FirstFrame);
                    }
                    (receiver.pictures)(receiver.call, picture);
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        sink
    }
}

const DEPAYLOADER: &str = "video-depayloader";

/// Asks the peer for a key unit (PLI). A peer whose gate opened before ours has sent its first one in vain.
pub(crate) fn request_key_unit(pipeline: &gst::Pipeline) {
    if let Some(pad) = pipeline.by_name(DEPAYLOADER).and_then(|depayloader| depayloader.static_pad("sink")) {
        pad.push_event(gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
    }
}

fn start(pipeline: &gst::Pipeline, pad: &gst::Pad, row: &[gst::Element]) -> Result<(), MediaError> {
    chain(pipeline, &row.iter().collect::<Vec<_>>())?;
    // From the sink backwards, so that each finds its next one running.
    for element in row.iter().rev() {
        element.sync_state_with_parent()?;
    }
    let entry = row
        .first()
        .and_then(|first| first.static_pad("sink"))
        .ok_or_else(|| MediaError::Build("a depayloader has no sink".into()))?;
    pad.link(&entry)?;
    Ok(())
}

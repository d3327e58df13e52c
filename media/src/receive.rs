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
    pipeline::{ANY_BUFFERS, Timeline, capsfilter, chain, count_buffers, element, element_with},
    queue::{News, OnPicture, Post},
    sound::{BYTES_PER_SAMPLE, Playback, raw_caps},
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
    /// Of all peers: what they send is neither heard nor seen while it is shut.
    pub(crate) hold: Arc<Hold>,
    pub(crate) timeline: Timeline,
    pub(crate) counts: Arc<Received>,
}

/// What has passed the receiving side.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Packets that came, in order, of pictures and of sound.
    pub(crate) picture_packets: AtomicU64,
    pub(crate) sound_packets: AtomicU64,
    /// Pictures whose packets are all there.
    pub(crate) frames: AtomicU64,
    pub(crate) frames_decoded: AtomicU64,
    /// Pictures handed over.
    pub(crate) frames_shown: AtomicU64,
    /// Samples.
    pub(crate) sound_decoded: AtomicU64,
    /// How long after its time stamp a picture is handed over, ns, smoothed; 0: there was none.
    picture_lag: AtomicU64,
    /// How long after its time stamp it is to be, ns.
    picture_wait: AtomicU64,
}

/// A picture may be shown so much earlier than its sound is heard: people begin to notice at 45 ms (ITU-R BT.1359 §3).
const LEAD: gst::ClockTime = gst::ClockTime::from_mseconds(35);
/// No picture waits longer for its sound.
const LONGEST_WAIT: gst::ClockTime = gst::ClockTime::from_mseconds(150);

impl Received {
    /// A picture is handed over so long after its time stamp. One thread calls this.
    fn note_lag(&self, lag: gst::ClockTime) {
        let before = self.picture_lag.load(Ordering::Relaxed);
        let lag = lag.nseconds();
        // The average of about eight: decoding takes its time now and then.
        let now = if before == 0 { lag } else { before - before / 8 + lag / 8 };
        self.picture_lag.store(now.max(1), Ordering::Relaxed);
    }

    /// So long after its time stamp the peer's sound is heard; None: there is none.
    pub(crate) fn follow_sound(&self, lag: Option<gst::ClockTime>) {
        let wait = lag.map_or(gst::ClockTime::ZERO, |lag| lag.saturating_sub(LEAD));
        self.picture_wait.store(wait.nseconds(), Ordering::Relaxed);
    }

    /// When a picture that came `now` is to be shown.
    fn show_at(&self, now: gst::ClockTime, stamp: gst::ClockTime) -> gst::ClockTime {
        let wait = gst::ClockTime::from_nseconds(self.picture_wait.load(Ordering::Relaxed));
        (stamp + wait).clamp(now, now + LONGEST_WAIT)
    }

    /// How long after its time stamp a picture is handed over; None: there was none since pictures came anew.
    pub(crate) fn picture_lag(&self) -> Option<gst::ClockTime> {
        let lag = self.picture_lag.load(Ordering::Relaxed);
        (lag > 0).then(|| gst::ClockTime::from_nseconds(lag))
    }
}

/// Whether what the peers send is taken in.
#[derive(Debug, Default)]
pub(crate) struct Hold(AtomicBool);

impl Hold {
    /// Returns whether that is another state than before.
    pub(crate) fn set(&self, holds: bool) -> bool {
        self.0.swap(holds, Ordering::AcqRel) != holds
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Receiver {
    /// A stream of the peer begins. Runs on webrtcbin's thread: the pad must be linked before its first packet comes.
    pub(crate) fn attach(self: &Arc<Self>, pipeline: &gst::Pipeline, pad: &gst::Pad) {
        if pad.direction() != gst::PadDirection::Src {
            return;
        }
        // The gate stands before the decoder: nothing of an unknown peer is even decoded. Dropped, not queued.
        let receiver = Arc::clone(self);
        pad.add_probe(ANY_BUFFERS, move |_, _| {
            let passes = receiver.is_open.load(Ordering::Acquire) && !receiver.hold.holds();
            if passes { gst::PadProbeReturn::Ok } else { gst::PadProbeReturn::Drop }
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
        let counts = Arc::clone(&self.counts);
        pad.add_probe(ANY_BUFFERS, move |_, probe| {
            counts.sound_packets.fetch_add(count_buffers(probe), Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        let sink = fanout::sink();
        let receiver = Arc::clone(self);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let buffer = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?.buffer_owned();
                    let bytes = buffer.as_ref().map_or(0, |buffer| buffer.size() as u64);
                    receiver.counts.sound_decoded.fetch_add(bytes / BYTES_PER_SAMPLE, Ordering::Relaxed);
                    if let Some(buffer) = buffer.filter(|_| !receiver.hold.holds()) {
                        receiver.playback.push(receiver.call, receiver.timeline.now(), buffer);
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
        let counts = Arc::clone(&self.counts);
        pad.add_probe(ANY_BUFFERS, move |_, probe| {
            counts.picture_packets.fetch_add(count_buffers(probe), Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        let depayloader = match encoding {
            "VP8" => "rtpvp8depay",
            _ => "rtph264depay",
        };
        let depayloader = element_with(depayloader, &[("request-keyframe", "true"), ("wait-for-keyframe", "true")])?;
        depayloader.set_property("name", DEPAYLOADER);
        let mut row = vec![depayloader];
        let decoder = if encoding == "VP8" {
            self.decoders.element(VideoCodec::Vp8)?
        } else {
            row.push(element("h264parse")?);
            self.decoders.element(VideoCodec::H264)?
        };
        if let Some(entry) = decoder.static_pad("sink") {
            let counts = Arc::clone(&self.counts);
            entry.add_probe(ANY_BUFFERS, move |_, probe| {
                counts.frames.fetch_add(count_buffers(probe), Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        }
        row.push(decoder);
        row.push(element("videoconvert")?);
        row.push(self.screen().upcast());
        start(pipeline, pad, &row)
    }

    /// A picture waits for its sound and for nothing else: without that, a synchronised sink would delay each by the whole latency of the pipeline
    /// (2 ms against 216 ms).
    fn screen(self: &Arc<Self>) -> gst_app::AppSink {
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").build();
        let sink = fanout::sink();
        sink.set_max_buffers(1);
        sink.set_caps(Some(&caps));
        sink.set_sync(true);
        if let Some(entry) = sink.static_pad("sink") {
            let receiver = Arc::clone(self);
            entry.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
                if let Some(buffer) = probe.buffer_mut()
                    && let Some(stamp) = buffer.pts()
                {
                    let shown = receiver.counts.show_at(receiver.timeline.now(), stamp);
                    receiver.counts.note_lag(shown.saturating_sub(stamp));
                    buffer.make_mut().set_pts(shown);
                }
                gst::PadProbeReturn::Ok
            });
        }
        let receiver = Arc::clone(self);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let picture = Picture::pull(sink)?;
                    let counts = &receiver.counts;
                    if counts.frames_decoded.fetch_add(1, Ordering::Relaxed) == 0 {
                        receiver.post.news(receiver.call, News::FirstFrame);
                    }
                    // One that was being decoded when the call was put on hold.
                    if !receiver.hold.holds() {
                        (receiver.pictures)(receiver.call, picture);
                        counts.frames_shown.fetch_add(1, Ordering::Relaxed);
                    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_waits_for_its_sound_and_never_long() {
        let ms = gst::ClockTime::from_mseconds;
        let counts = Received::default();
        assert_eq!(counts.show_at(ms(1_010), ms(1_000)), ms(1_010), "nothing is heard");
        counts.follow_sound(Some(ms(100)));
        assert_eq!(counts.show_at(ms(1_010), ms(1_000)), ms(1_065), "35 ms before its sound");
        assert_eq!(counts.show_at(ms(1_090), ms(1_000)), ms(1_090), "it is late already");
        assert_eq!(counts.show_at(ms(1_010), ms(9_000)), ms(1_160), "whatever its time stamp says");
        counts.follow_sound(None);
        assert_eq!(counts.show_at(ms(1_010), ms(1_000)), ms(1_010), "nothing is heard any more");
    }
}

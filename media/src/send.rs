//! From an encoder to the peer: payloader, caps, gate.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use gstreamer_rtp::{self as gst_rtp, prelude::*};
use gstreamer_video as gst_video;
use gstreamer_webrtc as gst_webrtc;

use crate::{
    MediaError, VideoCodec, fanout,
    pipeline::{ANY_BUFFERS, capsfilter, chain, count_buffers, element, element_with},
    queue::{Post, Work},
    terms::{AudioTerms, TWCC, VideoTerms},
};

/// Fits every path, as in browsers.
const MTU: u32 = 1200;

/// One outgoing stream, its gate shut.
pub(crate) struct Sender {
    /// Encoded buffers go in here.
    pub(crate) input: gst_app::AppSrc,
    counts: Arc<Counts>,
    valve: gst::Element,
}

/// What has passed an outgoing stream.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    is_open: AtomicBool,
    /// Encoded buffers that came in.
    encoded: AtomicU64,
    /// Those of them that came while the gate was open.
    sent: AtomicU64,
    /// Packets that webrtcbin has taken.
    packets: AtomicU64,
}

impl Sender {
    pub(crate) fn audio(
        pipeline: &gst::Pipeline,
        webrtc: &gst::Element,
        terms: &AudioTerms,
        ssrc: u32,
    ) -> Result<Self, MediaError> {
        let payloader = payloader("rtpopuspay", terms.payload_type, ssrc)?;
        extend(&payloader, terms.twcc)?;
        let caps = rtp_caps("audio", "OPUS", 48_000, terms.payload_type, ssrc, terms.twcc)
            .field("encoding-params", "2")
            .field("minptime", "10")
            .field("useinbandfec", "1")
            .build();
        Self::build(pipeline, webrtc, &payloader, &caps, false)
    }

    pub(crate) fn video(
        pipeline: &gst::Pipeline,
        webrtc: &gst::Element,
        terms: &VideoTerms,
        ssrc: u32,
        post: &Post,
    ) -> Result<Self, MediaError> {
        let name = terms.codec.encoding_name();
        let caps = rtp_caps("video", name, 90_000, terms.payload_type, ssrc, terms.twcc);
        let sender = match terms.codec {
            VideoCodec::Vp8 => {
                let payloader = payloader("rtpvp8pay", terms.payload_type, ssrc)?;
                payloader.set_property_from_str("picture-id-mode", "15-bit");
                extend(&payloader, terms.twcc)?;
                Self::build(pipeline, webrtc, &payloader, &caps.build(), true)?
            }
            VideoCodec::H264 => {
                let payloader = payloader("rtph264pay", terms.payload_type, ssrc)?;
                payloader.set_property_from_str("aggregate-mode", "zero-latency");
                // Parameter sets with every key unit.
                payloader.set_property("config-interval", -1);
                extend(&payloader, terms.twcc)?;
                let profile = [
                    ("profile-level-id", terms.profile_level_id.as_str()),
                    ("packetization-mode", "1"),
                    ("level-asymmetry-allowed", "1"),
                ];
                let caps = profile.iter().fold(caps, |caps, (name, value)| caps.field(*name, *value)).build();
                keep_caps(&payloader, &caps, profile.map(|(name, _)| name));
                Self::build(pipeline, webrtc, &payloader, &caps, true)?
            }
        };
        sender.listen_for_key_unit_requests(terms.codec, post);
        Ok(sender)
    }

    fn build(
        pipeline: &gst::Pipeline,
        webrtc: &gst::Element,
        payloader: &gst::Element,
        caps: &gst::Caps,
        resends: bool,
    ) -> Result<Self, MediaError> {
        let input = fanout::source();
        // Sticky events pass (webrtcbin needs the caps), buffers don't: no media before the peer is known to be who it says.
        // RTX sends again only what has passed here, and RTCP carries no media.
        let valve = element_with("valve", &[("drop", "true"), ("drop-mode", "forward-sticky-events")])?;
        let filter = capsfilter(caps)?;
        chain(pipeline, &[input.upcast_ref(), payloader, &filter, &valve])?;

        let pad =
            webrtc.request_pad_simple("sink_%u").ok_or_else(|| MediaError::Build("webrtcbin gives no pad".into()))?;
        let out = valve.static_pad("src").ok_or_else(|| MediaError::Build("the valve has no pad".into()))?;
        out.link(&pad)?;
        // NACK for pictures; no FEC, which did not help in any measurement. Sound has Opus's own FEC instead: webrtcbin 1.22 would
        // give its RTX the payload type 96, which is the video's (measured: then nothing arrives at all).
        let transceiver = pad.property::<gst_webrtc::WebRTCRTPTransceiver>("transceiver");
        transceiver.set_property("do-nack", resends);

        let counts = Arc::<Counts>::default();
        let count = Arc::clone(&counts);
        if let Some(pad) = input.static_pad("src") {
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                count.encoded.fetch_add(1, Ordering::Relaxed);
                if count.is_open.load(Ordering::Relaxed) {
                    count.sent.fetch_add(1, Ordering::Relaxed);
                }
                gst::PadProbeReturn::Ok
            });
        }
        let count = Arc::clone(&counts);
        out.add_probe(ANY_BUFFERS, move |_, probe| {
            count.packets.fetch_add(count_buffers(probe), Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        Ok(Self { input, counts, valve })
    }

    /// Encoded buffers that came in, gate open or not.
    pub(crate) fn encoded(&self) -> u64 {
        self.counts.encoded.load(Ordering::Relaxed)
    }

    /// Encoded buffers that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.counts.sent.load(Ordering::Relaxed)
    }

    /// Packets that webrtcbin has taken.
    pub(crate) fn packets(&self) -> u64 {
        self.counts.packets.load(Ordering::Relaxed)
    }

    /// PLI and FIR come up from webrtcbin as events; the encoder is in another pipeline.
    fn listen_for_key_unit_requests(&self, codec: VideoCodec, post: &Post) {
        let post = post.clone();
        if let Some(pad) = self.input.static_pad("src") {
            pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, probe| {
                if probe.event().is_some_and(|event| gst_video::UpstreamForceKeyUnitEvent::parse(event).is_ok()) {
                    post.post(Work::KeyUnit(codec));
                }
                gst::PadProbeReturn::Ok
            });
        }
    }

    /// Lets media out.
    pub(crate) fn open(&self) {
        self.valve.set_property("drop", false);
        self.counts.is_open.store(true, Ordering::Relaxed);
    }
}

fn payloader(factory: &str, payload_type: u8, ssrc: u32) -> Result<gst::Element, MediaError> {
    let payloader = element(factory)?;
    payloader.set_property("pt", u32::from(payload_type));
    payloader.set_property("mtu", MTU);
    payloader.set_property("ssrc", ssrc);
    Ok(payloader)
}

/// Makes the payloader's caps those that were negotiated. Of some fields it has its own mind: it reads the profile and level from
/// the stream (x264enc says 42c01e), and would find no common ground with what follows.
fn keep_caps<const N: usize>(payloader: &gst::Element, negotiated: &gst::Caps, fields: [&'static str; N]) {
    let Some(pad) = payloader.static_pad("src") else { return };
    let mut without = negotiated.clone();
    without.make_mut().structure_mut(0).into_iter().for_each(|caps| caps.remove_fields(fields));
    // Asked what may follow, answer without those fields…
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM | gst::PadProbeType::PUSH, move |_, probe| {
        let Some(query) = probe.query_mut() else { return gst::PadProbeReturn::Ok };
        let gst::QueryViewMut::Caps(query) = query.view_mut() else { return gst::PadProbeReturn::Ok };
        let common = query.filter_owned().map_or_else(|| without.clone(), |filter| filter.intersect(&without));
        query.set_result(&common);
        gst::PadProbeReturn::Handled
    });
    // …and put them right in what the payloader then says.
    let negotiated = negotiated.clone();
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, probe| {
        let said = probe.event().and_then(|event| {
            let gst::EventView::Caps(caps) = event.view() else { return None };
            Some(caps.caps_owned())
        });
        if let Some(mut caps) = said {
            if let (Some(caps), Some(ours)) = (caps.make_mut().structure_mut(0), negotiated.structure(0)) {
                for field in fields {
                    if let Ok(value) = ours.value(field) {
                        caps.set_value(field, value.clone());
                    }
                }
            }
            probe.data = Some(gst::PadProbeData::Event(gst::event::Caps::new(&caps)));
        }
        gst::PadProbeReturn::Ok
    });
}

/// Without an explicit ssrc webrtcbin writes `a=ssrc-group:FID 0 …`; without the extmap in these caps the extension is not
/// negotiated, whatever the payloader does.
fn rtp_caps(
    media: &str,
    encoding_name: &str,
    clock_rate: i32,
    payload_type: u8,
    ssrc: u32,
    twcc: Option<u8>,
) -> gst::caps::Builder<gst::caps::NoFeature> {
    let caps = gst::Caps::builder("application/x-rtp")
        .field("media", media)
        .field("encoding-name", encoding_name)
        .field("clock-rate", clock_rate)
        .field("payload", i32::from(payload_type))
        .field("ssrc", ssrc)
        .field("rtcp-fb-transport-cc", twcc.is_some());
    match twcc {
        Some(id) => caps.field(format!("extmap-{id}"), TWCC),
        None => caps,
    }
}

fn extend(payloader: &gst::Element, twcc: Option<u8>) -> Result<(), MediaError> {
    let Some(id) = twcc else { return Ok(()) };
    let extension = gst_rtp::RTPHeaderExtension::create_from_uri(TWCC)
        .ok_or_else(|| MediaError::Element("rtphdrexttwcc".into()))?;
    extension.set_id(u32::from(id));
    payloader.emit_by_name::<()>("add-extension", &[&extension]);
    Ok(())
}

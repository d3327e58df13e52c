//! An encoder that works when it is tried and fails in a call: another one takes over, and the call goes on.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use gstreamer::{self as gst, prelude::*};
use kiosk_media::{CameraSource, CodecReport, CodecState, Options, TestPattern, VideoCodec, VideoSettings};

use crate::side::Pair;

/// A hardware encoder's factory whose driver gives up: x264enc in disguise.
mod failing {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    };

    use gstreamer::{self as gst, glib, prelude::*, subclass::prelude::*};

    /// As long as the trial takes, it works.
    const GOOD_PICTURES: u32 = 60;

    #[derive(Debug, Default)]
    pub struct Failing {
        pictures: AtomicU32,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Failing {
        const NAME: &'static str = "FailingEncoder";
        type Type = super::FailingEncoder;
        type ParentType = gst::Bin;
    }

    impl ObjectImpl for Failing {
        fn constructed(&self) {
            self.parent_constructed();
            let bin = self.obj();
            let encoder = gst::ElementFactory::make("x264enc").build().expect("is installed with the tests");
            encoder.set_property_from_str("tune", "zerolatency");
            encoder.set_property_from_str("speed-preset", "ultrafast");
            bin.add(&encoder).expect("is empty");
            for name in ["sink", "src"] {
                let template = bin.pad_template(name).expect("see below");
                let target = encoder.static_pad(name).expect("an encoder has it");
                let pad = gst::GhostPad::builder_from_template_with_target(&template, &target).expect("fits").build();
                bin.add_pad(&pad).expect("is new");
            }
            let weak = bin.downgrade();
            let sink = encoder.static_pad("sink").expect("an encoder has it");
            sink.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                let Some(bin) = weak.upgrade() else { return gst::PadProbeReturn::Ok };
                if bin.imp().pictures.fetch_add(1, Ordering::Relaxed) < GOOD_PICTURES {
                    return gst::PadProbeReturn::Ok;
                }
                gst::element_error!(bin, gst::ResourceError::Write, ("the driver gave up"));
                gst::PadProbeReturn::Drop
            });
        }
    }

    impl GstObjectImpl for Failing {}

    impl ElementImpl for Failing {
        fn pad_templates() -> &'static [gst::PadTemplate] {
            static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
                let template = |name, direction, caps: &str| {
                    let caps = gst::Caps::builder(caps).build();
                    gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps).expect("fits")
                };
                vec![
                    template("sink", gst::PadDirection::Sink, "video/x-raw"),
                    template("src", gst::PadDirection::Src, "video/x-h264"),
                ]
            });
            TEMPLATES.as_ref()
        }
    }

    impl BinImpl for Failing {}
}

gst::glib::wrapper! {
    pub struct FailingEncoder(ObjectSubclass<failing::Failing>) @extends gst::Bin, gst::Element, gst::Object;
}

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { codec: vec![VideoCodec::H264], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn state(reports: &[CodecReport], factory: &str) -> Option<CodecState> {
    reports.iter().find(|report| report.factory == factory).map(|report| report.state.clone())
}

#[test]
fn a_call_survives_its_encoder() -> Result<()> {
    gst::init()?;
    gst::Element::register(None, "mpph264enc", gst::Rank::NONE, FailingEncoder::static_type())?;
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    let used = |pair: &Pair, side: usize| {
        pair.record[side].statistics.last().map(|statistics| statistics.encoder_implementation.clone())
    };
    pair.until("the hardware encoder at work", |pair| used(pair, 0).as_deref() == Some("mpph264enc"))?;
    pair.until("another encoder", |pair| used(pair, 0).as_deref() == Some("x264enc"))?;
    let seen = pair.seen[1].changes.load(Ordering::Relaxed);
    pair.until("pictures that go on", |pair| pair.seen[1].changes.load(Ordering::Relaxed) > seen + 30)?;
    ensure!(pair.record.iter().all(|record| record.failed.is_none()), "the call has failed");

    let reports = pair.media[0].codecs();
    let broken = state(&reports, "mpph264enc");
    ensure!(matches!(&broken, Some(CodecState::Broken(why)) if why.contains("the driver gave up")), "{broken:?}");
    let taken = state(&reports, "x264enc");
    ensure!(matches!(taken, Some(CodecState::Works { is_used: true, .. })), "{taken:?}");
    ensure!(state(&reports, "vpuenc_h264") == Some(CodecState::Absent));
    Ok(())
}

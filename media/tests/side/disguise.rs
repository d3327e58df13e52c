//! A hardware encoder's factory whose driver misbehaves, by a rule: x264enc in disguise.

use std::sync::OnceLock;

use anyhow::{Result, ensure};
use gstreamer::{self as gst, prelude::*};

/// What the driver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "each test program has its own fault")]
pub(crate) enum Conduct {
    Works,
    /// Says that it does not work.
    GivesUp,
    /// Takes pictures, and gives nothing for them.
    Swallows,
    /// What it makes is no picture (Rec. ITU-T H.264, table 7-1: filler data).
    Garbles,
}

/// What the driver does, after so many pictures, with one of so many bytes.
type Rule = fn(u64, usize) -> Conduct;

/// Turns a stream of bytes (Annex B) into filler.
fn garble(stream: &mut [u8]) {
    for at in 3..stream.len() {
        if stream[at - 3..at] == [0, 0, 1] {
            stream[at] = 12;
        }
    }
}

/// One a test program: GStreamer knows one factory of an element's class.
static RULE: OnceLock<Rule> = OnceLock::new();

mod failing {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    use gstreamer::{self as gst, glib, prelude::*, subclass::prelude::*};

    use super::Conduct;

    #[derive(Debug, Default)]
    pub struct Failing {
        pictures: AtomicU64,
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
            let source = encoder.static_pad("src").expect("an encoder has it");
            let of = bin.downgrade();
            source.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
                let pictures = of.upgrade().map_or(0, |bin| bin.imp().pictures.load(Ordering::Relaxed));
                let is_garbled = super::RULE.get().is_some_and(|rule| rule(pictures, 0) == Conduct::Garbles);
                if let Some(buffer) = probe.buffer_mut().filter(|_| is_garbled)
                    && let Ok(mut stream) = buffer.make_mut().map_writable()
                {
                    super::garble(&mut stream);
                }
                gst::PadProbeReturn::Ok
            });
            sink.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
                let Some(bin) = weak.upgrade() else { return gst::PadProbeReturn::Ok };
                let pictures = bin.imp().pictures.fetch_add(1, Ordering::Relaxed);
                let bytes = probe.buffer().map_or(0, |buffer| buffer.size());
                match super::RULE.get().map_or(Conduct::Works, |rule| rule(pictures, bytes)) {
                    Conduct::Works | Conduct::Garbles => gst::PadProbeReturn::Ok,
                    Conduct::Swallows => gst::PadProbeReturn::Drop,
                    Conduct::GivesUp => {
                        gst::element_error!(bin, gst::ResourceError::Write, ("the driver gave up"));
                        gst::PadProbeReturn::Drop
                    }
                }
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

/// From now on there is this encoder in this process.
pub(crate) fn register(factory: &str, rule: Rule) -> Result<()> {
    gst::init()?;
    ensure!(RULE.set(rule).is_ok(), "one a test program");
    gst::Element::register(None, factory, gst::Rank::NONE, FailingEncoder::static_type())?;
    Ok(())
}

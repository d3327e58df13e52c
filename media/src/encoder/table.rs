//! What is known of each video encoder: its properties, its units, its faults.
//!
//! Facts and their sources: docs/media.md, "Encoders". A factory of a hardware encoder exists only where its plugin and its driver
//! are; whether it works is for [`probe`](super::probe) to find out.

use gstreamer::{self as gst, prelude::*};
use gstreamer_video as gst_video;

use crate::{
    MediaError, VideoCodec, VideoSettings,
    pipeline::{capsfilter, element},
};

/// How an encoder is told its bit rate.
#[derive(Clone, Copy, Debug)]
enum Bitrate {
    /// A property, bits a second.
    Bits(&'static str),
    /// A property, kilobits a second.
    Kilobits(&'static str),
    /// A V4L2 control, `video_bitrate`: bits a second in steps of 25,000, 25,000 to 25,000,000 (raspberrypi/linux #4917).
    V4l2Control,
}

/// How an encoder is told to make a key unit.
#[derive(Clone, Copy, Debug)]
enum KeyUnit {
    /// `GstForceKeyUnit`, as GstVideoEncoder has it.
    Event,
    /// The same from GStreamer 1.24 on; before, the event is ignored and the V4L2 control `force_key_frame` is the way.
    V4l2Control,
    /// An action signal of the element.
    Signal(&'static str),
}

/// One encoder.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) codec: VideoCodec,
    pub(crate) factory: &'static str,
    /// Stands before it and gives it what it takes.
    converter: &'static str,
    /// Where its pictures must lie, as a caps feature.
    memory: Option<&'static str>,
    properties: &'static [(&'static str, &'static str)],
    /// Set over those where edges matter more than movement.
    text: &'static [(&'static str, &'static str)],
    bitrate: Bitrate,
    key_unit: KeyUnit,
}

/// Hardware first, then software; of the same codec the first that works is taken.
pub(crate) const KINDS: &[Kind] = &[
    // Raspberry Pi 3 and 4 (bcm2835-codec), and other stateful V4L2 encoders. No constant bit rate mode (raspberrypi/linux #4738), no
    // i_frame_period=1 (#4740). Its start fails with some formats unless v4l2convert stands before it (raspberrypi/firmware #1701).
    Kind {
        codec: VideoCodec::H264,
        factory: "v4l2h264enc",
        converter: "v4l2convert",
        memory: None,
        properties: &[],
        text: &[],
        bitrate: Bitrate::V4l2Control,
        key_unit: KeyUnit::V4l2Control,
    },
    // Rockchip, gstreamer-rockchip.
    Kind {
        codec: VideoCodec::H264,
        factory: "mpph264enc",
        converter: "videoconvert",
        memory: None,
        properties: &[("rc-mode", "cbr"), ("gop", "250"), ("header-mode", "each-idr"), ("profile", "baseline")],
        text: &[],
        bitrate: Bitrate::Bits("bps"),
        key_unit: KeyUnit::Event,
    },
    // NXP i.MX 8M, imx-gst1.0-plugin.
    Kind {
        codec: VideoCodec::H264,
        factory: "vpuenc_h264",
        converter: "videoconvert",
        memory: None,
        properties: &[("gop-size", "250")],
        text: &[],
        bitrate: Bitrate::Kilobits("bitrate"),
        key_unit: KeyUnit::Event,
    },
    // NVIDIA Jetson: ignores the event, has a signal; takes pictures in its own memory only.
    Kind {
        codec: VideoCodec::H264,
        factory: "nvv4l2h264enc",
        converter: "nvvidconv",
        memory: Some("memory:NVMM"),
        properties: &[
            ("preset-level", "UltraFastPreset"),
            ("maxperf-enable", "true"),
            ("insert-sps-pps", "true"),
            ("idrinterval", "256"),
            ("control-rate", "constant_bitrate"),
        ],
        text: &[],
        bitrate: Bitrate::Bits("bitrate"),
        key_unit: KeyUnit::Signal("force-IDR"),
    },
    // Intel and AMD through VA-API.
    Kind {
        codec: VideoCodec::H264,
        factory: "vah264enc",
        converter: "videoconvert",
        memory: None,
        properties: &[("key-int-max", "256"), ("rate-control", "cbr")],
        text: &[],
        bitrate: Bitrate::Kilobits("bitrate"),
        key_unit: KeyUnit::Event,
    },
    Kind {
        codec: VideoCodec::H264,
        factory: "vah264lpenc",
        converter: "videoconvert",
        memory: None,
        properties: &[("key-int-max", "256"), ("rate-control", "cbr")],
        text: &[],
        bitrate: Bitrate::Kilobits("bitrate"),
        key_unit: KeyUnit::Event,
    },
    // Its defaults look ahead 1.4 s.
    Kind {
        codec: VideoCodec::H264,
        factory: "x264enc",
        converter: "videoconvert",
        memory: None,
        properties: &[
            ("tune", "zerolatency"),
            ("speed-preset", "ultrafast"),
            ("threads", "4"),
            ("key-int-max", "2560"),
            ("b-adapt", "false"),
            ("vbv-buf-capacity", "120"),
        ],
        // Room for a larger first picture, but not so large that its packets, sent all at once, overrun buffers on their way; `ultrafast`
        // has neither the loop filter nor the partitions that letters need.
        text: &[("speed-preset", "veryfast"), ("vbv-buf-capacity", "600"), ("psy-tune", "ssim")],
        bitrate: Bitrate::Kilobits("bitrate"),
        key_unit: KeyUnit::Event,
    },
    Kind {
        codec: VideoCodec::H264,
        factory: "openh264enc",
        converter: "videoconvert",
        memory: None,
        properties: &[
            ("gop-size", "2560"),
            ("rate-control", "bitrate"),
            ("complexity", "low"),
            ("background-detection", "false"),
            ("scene-change-detection", "false"),
        ],
        text: &[("usage-type", "screen")],
        bitrate: Bitrate::Bits("bitrate"),
        key_unit: KeyUnit::Event,
    },
    // Rockchip, gstreamer-rockchip.
    Kind {
        codec: VideoCodec::Vp8,
        factory: "mppvp8enc",
        converter: "videoconvert",
        memory: None,
        properties: &[("rc-mode", "cbr"), ("gop", "250")],
        text: &[],
        bitrate: Bitrate::Bits("bps"),
        key_unit: KeyUnit::Event,
    },
    // Live, one pass, no look-ahead; threads=1: libvpx's spin waits starve others under a real-time scheduler, and one thread is
    // enough at 480p. keyframe-mode=disabled: key units come on request only.
    Kind {
        codec: VideoCodec::Vp8,
        factory: "vp8enc",
        converter: "videoconvert",
        memory: None,
        properties: &[
            ("deadline", "1"),
            ("cpu-used", "-8"),
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
        // As above, and never so coarse that letters melt.
        text: &[
            ("cpu-used", "-6"),
            ("buffer-initial-size", "300"),
            ("buffer-optimal-size", "500"),
            ("buffer-size", "600"),
            ("max-intra-bitrate", "600"),
            ("max-quantizer", "56"),
        ],
        bitrate: Bitrate::Bits("target-bitrate"),
        key_unit: KeyUnit::Event,
    },
];

/// An encoder with what must stand before and behind it.
pub(super) struct Chain {
    pub(super) elements: Vec<gst::Element>,
    pub(super) encoder: gst::Element,
}

impl Kind {
    /// Its plugin is installed and its driver there.
    pub(crate) fn is_installed(&self) -> bool {
        gst::ElementFactory::find(self.factory).is_some()
    }

    /// Neither the processor's work nor its heat.
    pub(crate) fn is_hardware(&self) -> bool {
        !matches!(self.factory, "x264enc" | "openh264enc" | "vp8enc")
    }

    pub(super) fn build(&self, settings: &VideoSettings, is_text: bool) -> Result<Chain, MediaError> {
        let encoder = element(self.factory)?;
        let text = if is_text { self.text } else { &[] };
        for (name, value) in self.properties.iter().chain(text) {
            set(&encoder, name, value);
        }
        if matches!(self.bitrate, Bitrate::V4l2Control) {
            // Headers must be repeated, as a peer may come at any time.
            let controls = gst::Structure::builder("controls")
                .field("video_bitrate", v4l2_bitrate(settings.bitrate_bps))
                .field("h264_i_frame_period", 250_i32)
                .field("repeat_sequence_header", 1_i32);
            set_controls(&encoder, controls.build());
        } else {
            self.set_bitrate(&encoder, settings.bitrate_bps);
        }
        // Where nothing needs converting, nothing is copied.
        let converter = element(self.converter).or_else(|_| element("videoconvert"))?;
        let mut elements = vec![converter];
        if let Some(memory) = self.memory {
            let caps = gst::Caps::builder("video/x-raw").features([memory]).field("format", "NV12").build();
            elements.push(capsfilter(&caps)?);
        }
        elements.push(encoder.clone());
        if self.codec == VideoCodec::H264 {
            elements.push(capsfilter(&self.h264_caps(settings))?);
        }
        Ok(Chain { elements, encoder })
    }

    fn h264_caps(&self, settings: &VideoSettings) -> gst::Caps {
        let caps = gst::Caps::builder("video/x-h264")
            .field("profile", "constrained-baseline")
            .field("stream-format", "byte-stream")
            .field("alignment", "au");
        match self.bitrate {
            // The Pi's encoder wants the level in the caps: below 3 it hangs at VGA (raspberrypi/linux #4906), above 4.2 it has none.
            Bitrate::V4l2Control => caps.field("level", level(settings)).build(),
            Bitrate::Bits(_) | Bitrate::Kilobits(_) => caps.build(),
        }
    }

    /// Sets the target, bits a second; at any time.
    pub(super) fn set_bitrate(&self, encoder: &gst::Element, bitrate_bps: u32) {
        match self.bitrate {
            Bitrate::Bits(name) => set(encoder, name, &bitrate_bps.to_string()),
            Bitrate::Kilobits(name) => set(encoder, name, &(bitrate_bps / 1000).max(1).to_string()),
            Bitrate::V4l2Control => {
                let controls = gst::Structure::builder("controls").field("video_bitrate", v4l2_bitrate(bitrate_bps));
                set_controls(encoder, controls.build());
            }
        }
    }

    /// Asks for a key unit.
    pub(super) fn force_key_unit(&self, encoder: &gst::Element) {
        match self.key_unit {
            KeyUnit::V4l2Control if gst::version() < (1, 24, 0, 0) => {
                // While the device is open, setting the controls again sets them at once.
                set_controls(encoder, gst::Structure::builder("controls").field("force_key_frame", 1_i32).build());
            }
            KeyUnit::Event | KeyUnit::V4l2Control => {
                let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
                let handled = encoder.static_pad("src").is_some_and(|pad| pad.send_event(event));
                tracing::debug!(encoder = self.factory, handled, "key unit forced");
            }
            KeyUnit::Signal(name) => encoder.emit_by_name::<()>(name, &[]),
        }
    }
}

/// Sets a property as in gst-launch, if this version of the element has it and takes the value.
fn set(element: &gst::Element, name: &str, value: &str) {
    let Some(property) = element.find_property(name) else {
        tracing::debug!(element = %element.name(), name, "has no such property");
        return;
    };
    match gst::glib::Value::deserialize_with_pspec(value, &property) {
        Ok(value) => element.set_property_from_value(name, &value),
        Err(error) => tracing::debug!(element = %element.name(), name, value, %error, "does not take this"),
    }
}

/// V4L2 controls by their names (Documentation/userspace-api/media/v4l/ext-ctrls-codec.rst), in lower case with `_`.
fn set_controls(encoder: &gst::Element, controls: gst::Structure) {
    if encoder.find_property("extra-controls").is_some() {
        encoder.set_property("extra-controls", controls);
    }
}

fn v4l2_bitrate(bitrate_bps: u32) -> i32 {
    let steps = (bitrate_bps / 25_000).clamp(1, 1_000);
    i32::try_from(steps * 25_000).unwrap_or(1_000_000)
}

/// The lowest of 4, 4.1 and 4.2 that these pictures fit (Rec. ITU-T H.264, table A-1: macroblocks a second).
fn level(settings: &VideoSettings) -> &'static str {
    let macroblocks = settings.width.div_ceil(16) * settings.height.div_ceil(16) * settings.framerate;
    if macroblocks <= 245_760 { "4" } else { "4.2" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_comes_after_hardware() {
        for codec in [VideoCodec::H264, VideoCodec::Vp8] {
            let hardware: Vec<_> = KINDS.iter().filter(|kind| kind.codec == codec).map(Kind::is_hardware).collect();
            assert!(hardware.is_sorted_by(|one, other| *one || !other), "{codec:?}: {hardware:?}");
            assert_eq!(hardware.last(), Some(&false), "there is always a software encoder to fall back to");
        }
    }

    #[test]
    fn rates_and_levels_are_what_the_pi_takes() {
        for (bits, steps) in [(1_000_000, 1_000_000), (1_012_345, 1_000_000), (1, 25_000), (90_000_000, 25_000_000)] {
            assert_eq!(v4l2_bitrate(bits), steps);
        }
        let settings =
            |width, height, framerate| VideoSettings { width, height, framerate, ..VideoSettings::default() };
        assert_eq!(level(&settings(640, 480, 30)), "4");
        assert_eq!(level(&settings(1920, 1080, 30)), "4");
        assert_eq!(level(&settings(1920, 1080, 60)), "4.2");
    }

    #[test]
    fn properties_that_an_element_lacks_are_passed_over() {
        gst::init().expect("GStreamer");
        let identity = element("identity").expect("is in the core");
        set(&identity, "no-such-property", "1");
        set(&identity, "sync", "perhaps");
        set(&identity, "sync", "true");
        assert!(identity.property::<bool>("sync"));
        set_controls(&identity, gst::Structure::new_empty("controls"));
    }

    #[test]
    fn the_software_encoders_have_all_the_properties_that_they_are_given() {
        gst::init().expect("GStreamer");
        for kind in KINDS.iter().filter(|kind| !kind.is_hardware()) {
            let encoder = element(kind.factory).expect("is installed with the tests");
            for (name, value) in kind.properties.iter().chain(kind.text) {
                let property = encoder.find_property(name);
                let taken =
                    property.is_some_and(|property| gst::glib::Value::deserialize_with_pspec(value, &property).is_ok());
                assert!(taken, "{}: {name}={value}", kind.factory);
            }
        }
    }
}

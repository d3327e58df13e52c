//! What a camera is asked for, as caps.

use gstreamer as gst;

use crate::{CameraMode, VideoSettings};

/// The caps of a mode; None: GStreamer has no name for its format.
pub(super) fn of_mode(mode: &CameraMode) -> Option<gst::Caps> {
    let raw = |format| gst::Caps::builder("video/x-raw").field("format", format);
    let builder = match &mode.fourcc {
        b"YU12" | b"YM12" => raw("I420"),
        b"YV12" => raw("YV12"),
        b"NV12" | b"NM12" => raw("NV12"),
        b"NV21" => raw("NV21"),
        b"NV16" => raw("NV16"),
        b"422P" => raw("Y42B"),
        b"YUYV" => raw("YUY2"),
        b"UYVY" => raw("UYVY"),
        b"YVYU" => raw("YVYU"),
        b"VYUY" => raw("VYUY"),
        b"RGB3" => raw("RGB"),
        b"BGR3" => raw("BGR"),
        b"RGBP" => raw("RGB16"),
        b"RGB4" => raw("xRGB"),
        b"BGR4" | b"XR24" => raw("BGRx"),
        b"MJPG" | b"JPEG" => gst::Caps::builder("image/jpeg"),
        _ => return None,
    };
    let side = |pixels| i32::try_from(pixels).ok();
    let mut caps = builder.field("width", side(mode.width)?).field("height", side(mode.height)?).build();
    if let Some((numerator, denominator)) = mode.framerate {
        let denominator = i32::try_from(denominator).ok().filter(|denominator| *denominator > 0)?;
        caps.make_mut().set("framerate", gst::Fraction::new(i32::try_from(numerator).ok()?, denominator));
    }
    Some(caps)
}

/// The first of these that the device offers: the mode, if one was chosen; raw at our size, raw at any, JPEG at our size, JPEG at
/// any; not faster than we encode, if it can be slow. `offered` is asked for what it has of the caps that it is given, or of all:
/// with some drivers that is a second's work.
pub(super) fn choose(
    offered: impl Fn(Option<&gst::Caps>) -> gst::Caps,
    mode: Option<&CameraMode>,
    settings: &VideoSettings,
) -> gst::Caps {
    if let Some(caps) = mode.and_then(of_mode) {
        if offered(Some(&caps)).can_intersect(&caps) {
            return caps;
        }
        tracing::warn!(%caps, "the camera no longer offers the mode that was chosen: another is taken");
    }
    let offered = offered(None);
    let rate = i32::try_from(settings.framerate).unwrap_or(30);
    let slow = gst::FractionRange::new(gst::Fraction::new(1, 1), gst::Fraction::new(rate, 1));
    let width = i32::try_from(settings.width).unwrap_or(640);
    let height = i32::try_from(settings.height).unwrap_or(480);
    for kind in ["video/x-raw", "image/jpeg"] {
        let any = || gst::Caps::builder(kind).field("framerate", slow);
        let sized = any().field("width", width).field("height", height).build();
        for wanted in [sized, any().build(), gst::Caps::builder(kind).build()] {
            if offered.can_intersect(&wanted) {
                return wanted;
            }
        }
    }
    gst::Caps::new_any()
}

/// What libcamera is asked for: its image signal processor scales and paces, and NV12 is what all of them make.
pub(super) fn of_libcamera(settings: &VideoSettings) -> gst::Caps {
    gst::Caps::builder("video/x-raw")
        .field("format", "NV12")
        .field("width", i32::try_from(settings.width).unwrap_or(640))
        .field("height", i32::try_from(settings.height).unwrap_or(480))
        .field("framerate", gst::Fraction::new(i32::try_from(settings.framerate).unwrap_or(30), 1))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &str, mode: Option<&CameraMode>) -> String {
        gst::init().expect("GStreamer");
        let offered = offered.parse::<gst::Caps>().expect("caps");
        let ask =
            |filter: Option<&gst::Caps>| filter.map_or_else(|| offered.clone(), |filter| offered.intersect(filter));
        choose(ask, mode, &VideoSettings::default()).to_string()
    }

    const RAW: &str = "video/x-raw,format=YUY2,width=640,height=480,framerate=30/1";
    const JPEG: &str = "image/jpeg,width=640,height=480,framerate=30/1";
    const OTHER: &str = "video/x-raw,format=YUY2,width=1920,height=1080,framerate=5/1";

    #[test]
    fn raw_at_our_size_is_preferred() {
        assert!(chosen(&format!("{JPEG};{RAW}"), None).starts_with("video/x-raw"));
        assert!(chosen(JPEG, None).starts_with("image/jpeg"));
        assert!(chosen(&format!("{OTHER};{RAW}"), None).contains("640"));
        assert!(!chosen(OTHER, None).contains("640"));
        assert_eq!(chosen("image/jpeg,framerate=60/1", None), "image/jpeg");
        assert_eq!(chosen("video/x-bayer", None), "ANY");
    }

    #[test]
    fn a_chosen_mode_is_taken_if_it_is_offered() {
        let mode = |fourcc: &[u8; 4], framerate| CameraMode { fourcc: *fourcc, width: 640, height: 480, framerate };
        let both = format!("{RAW};{JPEG};{OTHER}");
        let jpeg = mode(b"MJPG", Some((30, 1)));
        assert_eq!(chosen(&both, Some(&jpeg)), "image/jpeg, width=(int)640, height=(int)480, framerate=(fraction)30/1");
        assert!(chosen(RAW, Some(&jpeg)).starts_with("video/x-raw"), "a stale mode does not keep the camera away");
        let unknown = mode(b"pBAA", None);
        assert!(chosen(&both, Some(&unknown)).starts_with("video/x-raw"));
        let timeless = mode(b"YUYV", None);
        assert_eq!(chosen(&both, Some(&timeless)), "video/x-raw, format=(string)YUY2, width=(int)640, height=(int)480");
        for broken in [mode(b"YUYV", Some((30, 0))), CameraMode { width: u32::MAX, ..timeless }] {
            assert!(of_mode(&broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn every_format_has_a_name_that_gstreamer_knows() {
        gst::init().expect("GStreamer");
        for fourcc in [
            b"YU12", b"YM12", b"YV12", b"NV12", b"NM12", b"NV21", b"NV16", b"422P", b"YUYV", b"UYVY", b"YVYU", b"VYUY",
            b"RGB3", b"BGR3", b"RGBP", b"RGB4", b"BGR4", b"XR24",
        ] {
            let mode = CameraMode { fourcc: *fourcc, width: 64, height: 64, framerate: Some((30, 1)) };
            let caps = of_mode(&mode).expect("known");
            assert!(gstreamer_video::VideoInfo::from_caps(&caps).is_ok(), "{caps}");
        }
    }
}

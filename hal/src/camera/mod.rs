//! Cameras as plain data, and which one to take.

mod control;
mod mode;

use std::{cmp::Ordering, fmt, path::PathBuf};

pub use self::{
    control::{Control, ControlKind, MenuItem, Setting, Settled, settle},
    mode::{Mode, Wanted, choose_mode},
};

/// A V4L2 capture device (Documentation/userspace-api/media/v4l/vidioc-querycap.rst).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Device node, such as `/dev/video0`. Numbers change with the order of plugging.
    pub path: PathBuf,
    /// `card` of `struct v4l2_capability`, such as `HD Pro Webcam C920`.
    pub name: String,
    /// `driver` of `struct v4l2_capability`, such as `uvcvideo`.
    pub driver: String,
    /// `bus_info` of `struct v4l2_capability`, such as `usb-0000:01:00.0-1.2`.
    pub bus: String,
    /// Path below `/dev/v4l/by-id` (or else `by-path`) that keeps meaning this camera, where udev made one.
    pub stable: Option<PathBuf>,
    /// Names that keep meaning this camera, best first: those of its links below `/dev/v4l/by-id` and `by-path`; where udev
    /// made none, what sysfs lets them be called.
    pub names: Vec<String>,
    /// What it delivers, in the driver's order.
    pub formats: Vec<Format>,
    /// What can be adjusted, in the driver's order.
    pub controls: Vec<Control>,
}

/// A pixel format that a camera delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Four characters, such as `YUYV` or `MJPG`.
    pub fourcc: FourCc,
    /// The driver's words for it.
    pub description: String,
    /// Its sizes, and how fast each comes; only asked of formats that a call [can use](FourCc::is_usable).
    pub sizes: Vec<SizeOffer>,
}

/// A pixel format's four characters (Documentation/userspace-api/media/v4l/pixfmt.rst).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// It can become a picture of a call.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        mode::is_usable(self)
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii().to_string().trim_end())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FourCc({self})")
    }
}

/// A size, or a range of them, with the rates that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeOffer {
    /// What can be asked for.
    pub size: PictureSize,
    /// Rates at this size, of a range at its largest; none: the driver does not say.
    pub rates: Vec<Rates>,
}

/// Sizes that a camera can be asked for (Documentation/userspace-api/media/v4l/vidioc-enum-framesizes.rst).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// This one.
    Discrete {
        /// Pixels.
        width_px: u32,
        /// Pixels.
        height_px: u32,
    },
    /// All between the smallest and the largest, in steps from the smallest.
    Range {
        /// Smallest width and height in pixels.
        min_px: (u32, u32),
        /// Largest width and height in pixels.
        max_px: (u32, u32),
        /// Step of width and height in pixels, at least 1.
        step_px: (u32, u32),
    },
}

/// Frames a second, as a fraction: NTSC's 29.97 is 30000/1001. Neither part is 0.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Frames …
    pub numerator: u32,
    /// … in so many seconds.
    pub denominator: u32,
}

impl Rate {
    /// None, if one part is 0.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || denominator == 0 { None } else { Some(Self { numerator, denominator }) }
    }
}

impl Ord for Rate {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross = |a: u32, b: u32| u64::from(a) * u64::from(b);
        cross(self.numerator, other.denominator).cmp(&cross(other.numerator, self.denominator))
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rate {}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = format!("{:.2}", f64::from(self.numerator) / f64::from(self.denominator));
        f.write_str(rate.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Rates that a camera can be asked for (Documentation/userspace-api/media/v4l/vidioc-enum-frameintervals.rst), there given as
/// the time between frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rates {
    /// This one.
    Discrete(Rate),
    /// All between the slowest and the fastest.
    Range {
        /// Slowest.
        least: Rate,
        /// Fastest.
        most: Rate,
    },
}

/// Drivers whose capture nodes are processing steps, not cameras.
const NO_CAMERAS: &[&str] =
    &["bcm2835-isp", "bcm2835-codec", "pispbe", "rpivid", "rpi-hevc-dec", "hantro-vpu", "rkvdec", "rockchip-rga"];

/// Drivers of bare sensors behind a CSI receiver: their pictures need an image signal processor, which libcamera drives.
const CSI: &[&str] = &["unicam", "bcm2835-unicam", "rp1-cfe"];

/// How a camera's pictures are to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Straight from its device node.
    V4l2,
    /// Through libcamera.
    Libcamera,
}

impl Camera {
    /// How its pictures are to be had; None if it is a codec or a processing step, or delivers nothing a call can use.
    #[must_use]
    pub fn access(&self) -> Option<Access> {
        let driver = self.driver.as_str();
        if NO_CAMERAS.contains(&driver) {
            None
        } else if CSI.contains(&driver) {
            Some(Access::Libcamera)
        } else {
            self.formats.iter().any(|format| format.fourcc.is_usable()).then_some(Access::V4l2)
        }
    }

    /// Whether someone who wrote `wanted` meant this one: its path, its stable path, one of its stable names, its name, or its
    /// bus.
    #[must_use]
    pub fn is_called(&self, wanted: &str) -> bool {
        self.path.as_os_str() == wanted
            || self.stable.as_deref().is_some_and(|path| path.as_os_str() == wanted)
            || self.names.iter().any(|name| name == wanted)
            || self.name == wanted
            || self.bus == wanted
    }
}

/// The camera to take, and how: of those that [`is_called`](Camera::is_called) so, or with no wish of all, the one in use if
/// it is still there, else the first. Cameras behind libcamera count if it is there, and after the others.
#[must_use]
pub fn choose<'a>(
    cameras: &'a [Camera],
    wanted: Option<&str>,
    in_use: Option<&str>,
    has_libcamera: bool,
) -> Option<(&'a Camera, Access)> {
    let meant = cameras.iter().filter(|camera| wanted.is_none_or(|name| camera.is_called(name)));
    let usable = meant.filter_map(|camera| Some((camera, camera.access()?)));
    usable
        .filter(|(_, access)| *access == Access::V4l2 || has_libcamera)
        .min_by_key(|(camera, access)| (in_use.is_none_or(|name| !camera.is_called(name)), *access != Access::V4l2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(number: u32, name: &str, driver: &str, fourcc: &[u8; 4]) -> Camera {
        let stable = (driver == "uvcvideo").then(|| format!("usb-{number}-video-index0"));
        Camera {
            path: format!("/dev/video{number}").into(),
            name: name.to_owned(),
            driver: driver.to_owned(),
            bus: format!("platform:{driver}-{number}"),
            stable: stable.as_ref().map(|name| format!("/dev/v4l/by-id/{name}").into()),
            names: stable.into_iter().collect(),
            formats: vec![Format { fourcc: FourCc(*fourcc), description: String::new(), sizes: Vec::new() }],
            controls: Vec::new(),
        }
    }

    fn chosen(cameras: &[Camera], wanted: Option<&str>, in_use: Option<&str>, has_libcamera: bool) -> Option<String> {
        choose(cameras, wanted, in_use, has_libcamera).map(|(camera, access)| format!("{} {access:?}", camera.name))
    }

    #[test]
    fn the_first_real_camera_is_taken() {
        let all = [
            camera(0, "isp", "bcm2835-isp", b"YUYV"),
            camera(1, "thermal", "uvcvideo", b"Y16 "),
            camera(2, "vivid", "vivid", b"YUYV"),
            camera(3, "Webcam", "uvcvideo", b"MJPG"),
        ];
        assert_eq!(chosen(&all, None, None, true).as_deref(), Some("vivid V4l2"));
        assert_eq!(chosen(&all[..2], None, None, true), None);
        assert_eq!(chosen(&all, Some("isp"), None, true), None, "a wish does not make a camera of a codec");
    }

    #[test]
    fn a_wish_is_a_path_a_stable_name_or_a_name() {
        let all = [camera(2, "vivid", "vivid", b"YUYV"), camera(3, "Webcam", "uvcvideo", b"MJPG")];
        for wanted in
            ["/dev/video3", "/dev/v4l/by-id/usb-3-video-index0", "usb-3-video-index0", "Webcam", "platform:uvcvideo-3"]
        {
            assert_eq!(chosen(&all, Some(wanted), None, false).as_deref(), Some("Webcam V4l2"), "{wanted}");
        }
        assert_eq!(chosen(&all, Some("/dev/video9"), None, false), None, "a wish that is not met is not replaced");
    }

    #[test]
    fn the_camera_in_use_is_kept() {
        let all = [camera(0, "New", "uvcvideo", b"YUYV"), camera(3, "Webcam", "uvcvideo", b"MJPG")];
        assert_eq!(chosen(&all, None, Some("/dev/video3"), false).as_deref(), Some("Webcam V4l2"));
        assert_eq!(
            chosen(&all, None, Some("/dev/v4l/by-id/usb-3-video-index0"), false).as_deref(),
            Some("Webcam V4l2")
        );
        assert_eq!(chosen(&all, None, Some("/dev/video7"), false).as_deref(), Some("New V4l2"));
        assert_eq!(
            chosen(&all, Some("New"), Some("/dev/video3"), false).as_deref(),
            Some("New V4l2"),
            "the wish counts"
        );
    }

    #[test]
    fn a_bare_sensor_needs_libcamera_and_comes_last() {
        let all = [camera(0, "unicam", "unicam", b"pBAA"), camera(1, "Webcam", "uvcvideo", b"MJPG")];
        assert_eq!(chosen(&all, None, None, true).as_deref(), Some("Webcam V4l2"));
        assert_eq!(chosen(&all[..1], None, None, true).as_deref(), Some("unicam Libcamera"));
        assert_eq!(chosen(&all[..1], None, None, false), None);
        assert_eq!(chosen(&all, Some("unicam"), None, true).as_deref(), Some("unicam Libcamera"));
        assert_eq!(chosen(&all, None, Some("/dev/video0"), true).as_deref(), Some("unicam Libcamera"), "it is in use");
        for driver in ["bcm2835-unicam", "rp1-cfe"] {
            assert_eq!(camera(0, "sensor", driver, b"pGAA").access(), Some(Access::Libcamera), "{driver}");
        }
    }

    #[test]
    fn four_characters_are_printed_without_padding() {
        assert_eq!(FourCc(*b"Y16 ").to_string(), "Y16");
        assert_eq!(FourCc([b'A', 0, 0x80, b'B']).to_string(), "A\\x00\\x80B");
    }

    #[test]
    fn rates_are_compared_as_numbers() {
        let rate = |numerator, denominator| Rate::new(numerator, denominator).expect("no part is 0");
        assert_eq!(rate(30, 1), rate(60, 2));
        assert!(rate(30_000, 1_001) < rate(30, 1) && rate(u32::MAX, 1) > rate(1, u32::MAX));
        assert!(Rate::new(0, 1).is_none() && Rate::new(1, 0).is_none());
        for (rate, text) in [(rate(30, 1), "30"), (rate(30_000, 1_001), "29.97"), (rate(15, 2), "7.5")] {
            assert_eq!(rate.to_string(), text);
        }
    }
}

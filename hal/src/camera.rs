//! Cameras as plain data, and which one to take.

use std::{fmt, path::PathBuf};

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
    /// What it delivers, in the driver's order.
    pub formats: Vec<Format>,
}

/// A pixel format that a camera delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Four characters, such as `YUYV` or `MJPG`.
    pub fourcc: FourCc,
    /// The driver's words for it.
    pub description: String,
    /// Its sizes.
    pub sizes: Vec<PictureSize>,
}

/// A pixel format's four characters (Documentation/userspace-api/media/v4l/pixfmt.rst).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FourCc(pub [u8; 4]);

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
    /// All between the smallest and the largest.
    Range {
        /// Smallest width and height in pixels.
        min_px: (u32, u32),
        /// Largest width and height in pixels.
        max_px: (u32, u32),
    },
}

/// Formats that can become a video call: packed or planar YUV, RGB, or compressed pictures. Bayer patterns of bare sensors
/// cannot; they need an image signal processor first.
const USABLE: &[&[u8; 4]] = &[
    b"YUYV", b"UYVY", b"YVYU", b"VYUY", b"NV12", b"NV21", b"NM12", b"YU12", b"YV12", b"YM12", b"422P", b"NV16",
    b"RGB3", b"BGR3", b"RGBP", b"BGR4", b"RGB4", b"XR24", b"MJPG", b"JPEG", b"H264",
];

/// Drivers whose capture nodes are processing steps, not cameras.
const NO_CAMERAS: &[&str] =
    &["bcm2835-isp", "bcm2835-codec", "pispbe", "rpivid", "hantro-vpu", "rkvdec", "rockchip-rga"];

impl Camera {
    /// It is a camera, not a codec or a processing step, and delivers what a call can use.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !NO_CAMERAS.contains(&self.driver.as_str())
            && self.formats.iter().any(|format| USABLE.contains(&&format.fourcc.0))
    }

    /// Whether someone who wrote `wanted` meant this one: its path, its stable path or that path's last part, its name, or
    /// its bus.
    #[must_use]
    pub fn is_called(&self, wanted: &str) -> bool {
        let stable = self.stable.as_deref();
        self.path.as_os_str() == wanted
            || self.name == wanted
            || self.bus == wanted
            || stable
                .is_some_and(|path| path.as_os_str() == wanted || path.file_name().is_some_and(|last| last == wanted))
    }
}

/// The camera to take: the first that [`is_called`](Camera::is_called) so, or with no wish the first that
/// [`is_usable`](Camera::is_usable).
#[must_use]
pub fn choose<'a>(cameras: &'a [Camera], wanted: Option<&str>) -> Option<&'a Camera> {
    cameras.iter().find(|camera| wanted.map_or_else(|| camera.is_usable(), |name| camera.is_called(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(number: u32, name: &str, driver: &str, fourcc: &[u8; 4]) -> Camera {
        Camera {
            path: format!("/dev/video{number}").into(),
            name: name.to_owned(),
            driver: driver.to_owned(),
            bus: format!("platform:{driver}-{number}"),
            stable: (driver == "uvcvideo").then(|| format!("/dev/v4l/by-id/usb-{number}-video-index0").into()),
            formats: vec![Format { fourcc: FourCc(*fourcc), description: String::new(), sizes: Vec::new() }],
        }
    }

    #[test]
    fn the_first_real_camera_is_taken() {
        let all = [
            camera(0, "unicam", "unicam", b"pBAA"),
            camera(1, "bcm2835-isp", "bcm2835-isp", b"YUYV"),
            camera(2, "vivid", "vivid", b"YUYV"),
            camera(3, "Webcam", "uvcvideo", b"MJPG"),
        ];
        assert_eq!(choose(&all, None), Some(&all[2]), "vivid counts");
        assert_eq!(choose(&all[..2], None), None);
    }

    #[test]
    fn a_wish_is_a_path_a_stable_name_or_a_name() {
        let all = [camera(2, "vivid", "vivid", b"YUYV"), camera(3, "Webcam", "uvcvideo", b"MJPG")];
        for wanted in
            ["/dev/video3", "/dev/v4l/by-id/usb-3-video-index0", "usb-3-video-index0", "Webcam", "platform:uvcvideo-3"]
        {
            assert_eq!(choose(&all, Some(wanted)), Some(&all[1]), "{wanted}");
        }
        assert_eq!(choose(&all, Some("/dev/video9")), None, "a wish that is not met is not replaced");
    }

    #[test]
    fn four_characters_are_printed_without_padding() {
        assert_eq!(FourCc(*b"Y16 ").to_string(), "Y16");
        assert_eq!(FourCc([b'A', 0, 0x80, b'B']).to_string(), "A\\x00\\x80B");
    }
}

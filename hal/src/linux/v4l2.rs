//! The three ioctls that ask a V4L2 device what it is. Structures and numbers: `linux/videodev2.h`.
#![expect(unsafe_code, reason = "ioctls read and write structures that only the kernel's headers describe")]

use std::{io, os::fd::AsFd};

use rustix::ioctl::{Getter, Opcode, Updater, ioctl, opcode};

/// `V4L2_CAP_VIDEO_CAPTURE` and `V4L2_CAP_VIDEO_CAPTURE_MPLANE`.
pub(super) const CAP_VIDEO_CAPTURE: u32 = 0x1;
pub(super) const CAP_VIDEO_CAPTURE_MPLANE: u32 = 0x1000;
/// `V4L2_CAP_STREAMING`.
pub(super) const CAP_STREAMING: u32 = 0x0400_0000;
/// `V4L2_CAP_DEVICE_CAPS`: `device_caps` is filled in.
const CAP_DEVICE_CAPS: u32 = 0x8000_0000;
/// `V4L2_BUF_TYPE_VIDEO_CAPTURE` and `V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE`.
pub(super) const BUF_TYPE_VIDEO_CAPTURE: u32 = 1;
pub(super) const BUF_TYPE_VIDEO_CAPTURE_MPLANE: u32 = 9;

/// `struct v4l2_capability`.
#[repr(C)]
struct RawCapability {
    driver: [u8; 16],
    card: [u8; 32],
    bus_info: [u8; 32],
    version: u32,
    capabilities: u32,
    device_caps: u32,
    reserved: [u32; 3],
}

/// `struct v4l2_fmtdesc`.
#[derive(Default)]
#[repr(C)]
struct RawFormat {
    index: u32,
    kind: u32,
    flags: u32,
    description: [u8; 32],
    pixel_format: u32,
    mbus_code: u32,
    reserved: [u32; 3],
}

/// `struct v4l2_frmsizeenum`, its union as the words of the longer member.
#[derive(Default)]
#[repr(C)]
struct RawFrameSize {
    index: u32,
    pixel_format: u32,
    kind: u32,
    size: [u32; 6],
    reserved: [u32; 2],
}

const QUERYCAP: Opcode = opcode::read::<RawCapability>(b'V', 0);
const ENUM_FMT: Opcode = opcode::read_write::<RawFormat>(b'V', 2);
const ENUM_FRAMESIZES: Opcode = opcode::read_write::<RawFrameSize>(b'V', 74);

/// What a device says it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Capability {
    pub(super) driver: String,
    pub(super) card: String,
    pub(super) bus_info: String,
    /// Of this node, not of the whole device.
    pub(super) flags: u32,
}

/// A size, or a range of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameSize {
    Discrete { width: u32, height: u32 },
    Stepwise { min: (u32, u32), max: (u32, u32) },
}

/// Text up to its first NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

/// `VIDIOC_QUERYCAP`.
pub(super) fn capability(fd: impl AsFd) -> io::Result<Capability> {
    // SAFETY: QUERYCAP is `_IOR('V', 0, struct v4l2_capability)`, and RawCapability is that structure: 104 bytes, no padding.
    let raw = unsafe { ioctl(fd, Getter::<QUERYCAP, RawCapability>::new()) }?;
    let flags = if raw.capabilities & CAP_DEVICE_CAPS == 0 { raw.capabilities } else { raw.device_caps };
    Ok(Capability { driver: text(&raw.driver), card: text(&raw.card), bus_info: text(&raw.bus_info), flags })
}

/// `VIDIOC_ENUM_FMT`: four characters and description; None after the last.
pub(super) fn format(fd: impl AsFd, kind: u32, index: u32) -> Option<([u8; 4], String)> {
    let mut raw = RawFormat { index, kind, ..RawFormat::default() };
    // SAFETY: ENUM_FMT is `_IOWR('V', 2, struct v4l2_fmtdesc)`, and RawFormat is that structure: 64 bytes, no padding.
    unsafe { ioctl(fd, Updater::<ENUM_FMT, RawFormat>::new(&mut raw)) }.ok()?;
    Some((raw.pixel_format.to_le_bytes(), text(&raw.description)))
}

/// `VIDIOC_ENUM_FRAMESIZES`; None after the last.
pub(super) fn frame_size(fd: impl AsFd, pixel_format: [u8; 4], index: u32) -> Option<FrameSize> {
    /// `V4L2_FRMSIZE_TYPE_DISCRETE`; the others are ranges.
    const DISCRETE: u32 = 1;
    let mut raw = RawFrameSize { index, pixel_format: u32::from_le_bytes(pixel_format), ..RawFrameSize::default() };
    // SAFETY: ENUM_FRAMESIZES is `_IOWR('V', 74, struct v4l2_frmsizeenum)`, and RawFrameSize is that structure: 44 bytes,
    // no padding, its union laid out as the six words of `struct v4l2_frmsize_stepwise`, all of which may hold anything.
    unsafe { ioctl(fd, Updater::<ENUM_FRAMESIZES, RawFrameSize>::new(&mut raw)) }.ok()?;
    // Discrete: width, height. Stepwise: min_width, max_width, step_width, min_height, max_height, step_height.
    let [first, second, _, fourth, fifth, _] = raw.size;
    Some(if raw.kind == DISCRETE {
        FrameSize::Discrete { width: first, height: second }
    } else {
        FrameSize::Stepwise { min: (first, fourth), max: (second, fifth) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_and_numbers_are_the_kernels() {
        assert_eq!(size_of::<RawCapability>(), 104);
        assert_eq!(size_of::<RawFormat>(), 64);
        assert_eq!(size_of::<RawFrameSize>(), 44);
        assert_eq!(QUERYCAP, 0x8068_5600);
        assert_eq!(ENUM_FMT, 0xc040_5602);
        assert_eq!(ENUM_FRAMESIZES, 0xc02c_564a);
    }

    #[test]
    fn texts_end_at_nul() {
        assert_eq!(text(b"vivid\0\0\0"), "vivid");
        assert_eq!(text(b"full"), "full");
        assert_eq!(text(&[]), "");
    }

    #[test]
    fn what_is_no_video_device_is_an_error() {
        let file = std::fs::File::open("/dev/null").expect("is everywhere");
        assert!(capability(&file).is_err());
        assert!(format(&file, BUF_TYPE_VIDEO_CAPTURE, 0).is_none());
        assert!(frame_size(&file, *b"YUYV", 0).is_none());
    }
}

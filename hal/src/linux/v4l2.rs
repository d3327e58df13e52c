//! The ioctls that ask a V4L2 device what it is and what it has, and the one that adjusts it. Structures and numbers:
//! `linux/videodev2.h`. Why not a crate: docs/decisions/0008-v4l2.md.
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
/// `V4L2_FRMSIZE_TYPE_DISCRETE` and `V4L2_FRMIVAL_TYPE_DISCRETE`; the others are ranges.
const DISCRETE: u32 = 1;

/// `enum v4l2_ctrl_type`.
pub(super) mod control_type {
    pub(in crate::linux) const INTEGER: u32 = 1;
    pub(in crate::linux) const BOOLEAN: u32 = 2;
    pub(in crate::linux) const MENU: u32 = 3;
    pub(in crate::linux) const BUTTON: u32 = 4;
    /// The heading of a class, not a control.
    pub(in crate::linux) const CLASS: u32 = 6;
    pub(in crate::linux) const BITMASK: u32 = 8;
    pub(in crate::linux) const INTEGER_MENU: u32 = 9;
}

/// `V4L2_CTRL_FLAG_…`.
pub(super) mod control_flag {
    pub(in crate::linux) const DISABLED: u32 = 0x1;
    pub(in crate::linux) const READ_ONLY: u32 = 0x4;
    pub(in crate::linux) const INACTIVE: u32 = 0x10;
    /// Added to an id: the next one after it.
    pub(super) const NEXT: u32 = 0x8000_0000;
}

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

/// `struct v4l2_frmivalenum`, its union as the words of the longer member.
#[derive(Default)]
#[repr(C)]
struct RawFrameInterval {
    index: u32,
    pixel_format: u32,
    width: u32,
    height: u32,
    kind: u32,
    interval: [u32; 6],
    reserved: [u32; 2],
}

/// `struct v4l2_queryctrl`.
#[derive(Default)]
#[repr(C)]
struct RawControl {
    id: u32,
    kind: u32,
    name: [u8; 32],
    minimum: i32,
    maximum: i32,
    step: i32,
    default: i32,
    flags: u32,
    reserved: [u32; 2],
}

/// `struct v4l2_querymenu`, which is packed; its union as the bytes of the longer member.
#[derive(Default)]
#[repr(C)]
struct RawMenuItem {
    id: u32,
    index: u32,
    name: [u8; 32],
    reserved: u32,
}

/// `struct v4l2_control`.
#[repr(C)]
struct RawValue {
    id: u32,
    value: i32,
}

const QUERYCAP: Opcode = opcode::read::<RawCapability>(b'V', 0);
const ENUM_FMT: Opcode = opcode::read_write::<RawFormat>(b'V', 2);
const ENUM_FRAMESIZES: Opcode = opcode::read_write::<RawFrameSize>(b'V', 74);
const ENUM_FRAMEINTERVALS: Opcode = opcode::read_write::<RawFrameInterval>(b'V', 75);
const QUERYCTRL: Opcode = opcode::read_write::<RawControl>(b'V', 36);
const QUERYMENU: Opcode = opcode::read_write::<RawMenuItem>(b'V', 37);
const G_CTRL: Opcode = opcode::read_write::<RawValue>(b'V', 27);
const S_CTRL: Opcode = opcode::read_write::<RawValue>(b'V', 28);

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
    Stepwise { min: (u32, u32), max: (u32, u32), step: (u32, u32) },
}

/// Seconds between frames as numerator and denominator, or a range of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameInterval {
    Discrete((u32, u32)),
    Stepwise { min: (u32, u32), max: (u32, u32) },
}

/// What there is to adjust.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ControlInfo {
    pub(super) id: u32,
    /// Of [`control_type`], or another.
    pub(super) kind: u32,
    pub(super) name: String,
    pub(super) minimum: i32,
    pub(super) maximum: i32,
    pub(super) step: i32,
    pub(super) default: i32,
    /// Of [`control_flag`], and others.
    pub(super) flags: u32,
}

/// Text up to its first NUL. Drivers cut it off anywhere, also within a character.
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
    let mut raw = RawFrameSize { index, pixel_format: u32::from_le_bytes(pixel_format), ..RawFrameSize::default() };
    // SAFETY: ENUM_FRAMESIZES is `_IOWR('V', 74, struct v4l2_frmsizeenum)`, and RawFrameSize is that structure: 44 bytes,
    // no padding, its union laid out as the six words of `struct v4l2_frmsize_stepwise`, all of which may hold anything.
    unsafe { ioctl(fd, Updater::<ENUM_FRAMESIZES, RawFrameSize>::new(&mut raw)) }.ok()?;
    // Discrete: width, height. Stepwise: min_width, max_width, step_width, min_height, max_height, step_height.
    let [first, second, third, fourth, fifth, sixth] = raw.size;
    Some(if raw.kind == DISCRETE {
        FrameSize::Discrete { width: first, height: second }
    } else {
        FrameSize::Stepwise { min: (first, fourth), max: (second, fifth), step: (third, sixth) }
    })
}

/// `VIDIOC_ENUM_FRAMEINTERVALS`; None after the last.
pub(super) fn frame_interval(
    fd: impl AsFd,
    pixel_format: [u8; 4],
    (width, height): (u32, u32),
    index: u32,
) -> Option<FrameInterval> {
    let pixel_format = u32::from_le_bytes(pixel_format);
    let mut raw = RawFrameInterval { index, pixel_format, width, height, ..RawFrameInterval::default() };
    // SAFETY: ENUM_FRAMEINTERVALS is `_IOWR('V', 75, struct v4l2_frmivalenum)`, and RawFrameInterval is that structure: 52
    // bytes, no padding, its union laid out as the six words of `struct v4l2_frmival_stepwise`, all of which may hold anything.
    unsafe { ioctl(fd, Updater::<ENUM_FRAMEINTERVALS, RawFrameInterval>::new(&mut raw)) }.ok()?;
    let [numerator, denominator, max_numerator, max_denominator, _, _] = raw.interval;
    Some(if raw.kind == DISCRETE {
        FrameInterval::Discrete((numerator, denominator))
    } else {
        FrameInterval::Stepwise { min: (numerator, denominator), max: (max_numerator, max_denominator) }
    })
}

/// `VIDIOC_QUERYCTRL`: the first control after this id that is a number of 32 bits; None after the last.
pub(super) fn next_control(fd: impl AsFd, after: u32) -> Option<ControlInfo> {
    let mut raw = RawControl { id: after | control_flag::NEXT, ..RawControl::default() };
    // SAFETY: QUERYCTRL is `_IOWR('V', 36, struct v4l2_queryctrl)`, and RawControl is that structure: 68 bytes, no padding.
    unsafe { ioctl(fd, Updater::<QUERYCTRL, RawControl>::new(&mut raw)) }.ok()?;
    Some(ControlInfo {
        id: raw.id,
        kind: raw.kind,
        name: text(&raw.name),
        minimum: raw.minimum,
        maximum: raw.maximum,
        step: raw.step,
        default: raw.default,
        flags: raw.flags,
    })
}

/// `VIDIOC_QUERYMENU`: name of a menu's item, of a menu of numbers the number; None: there is no such item.
pub(super) fn menu_item(fd: impl AsFd, control: &ControlInfo, index: u32) -> Option<String> {
    let mut raw = RawMenuItem { id: control.id, index, ..RawMenuItem::default() };
    // SAFETY: QUERYMENU is `_IOWR('V', 37, struct v4l2_querymenu)`, and RawMenuItem is that structure: 44 bytes, no padding
    // (its fields are such that packing it changes nothing), its union laid out as the bytes of its name.
    unsafe { ioctl(fd, Updater::<QUERYMENU, RawMenuItem>::new(&mut raw)) }.ok()?;
    Some(if control.kind == control_type::INTEGER_MENU {
        raw.name.first_chunk().map(|bytes| i64::from_ne_bytes(*bytes)).unwrap_or_default().to_string()
    } else {
        text(&raw.name)
    })
}

/// `VIDIOC_G_CTRL`: a control's value.
pub(super) fn value(fd: impl AsFd, id: u32) -> io::Result<i32> {
    let mut raw = RawValue { id, value: 0 };
    // SAFETY: G_CTRL is `_IOWR('V', 27, struct v4l2_control)`, and RawValue is that structure: 8 bytes, no padding.
    unsafe { ioctl(fd, Updater::<G_CTRL, RawValue>::new(&mut raw)) }?;
    Ok(raw.value)
}

/// `VIDIOC_S_CTRL`: sets a control.
pub(super) fn set_value(fd: impl AsFd, id: u32, value: i32) -> io::Result<()> {
    // SAFETY: S_CTRL is `_IOWR('V', 28, struct v4l2_control)`, and RawValue is that structure: 8 bytes, no padding.
    unsafe { ioctl(fd, Updater::<S_CTRL, RawValue>::new(&mut RawValue { id, value })) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_and_numbers_are_the_kernels() {
        assert_eq!(size_of::<RawCapability>(), 104);
        assert_eq!(size_of::<RawFormat>(), 64);
        assert_eq!(size_of::<RawFrameSize>(), 44);
        assert_eq!(size_of::<RawFrameInterval>(), 52);
        assert_eq!(size_of::<RawControl>(), 68);
        assert_eq!(size_of::<RawMenuItem>(), 44);
        assert_eq!(size_of::<RawValue>(), 8);
        assert_eq!(QUERYCAP, 0x8068_5600);
        assert_eq!(ENUM_FMT, 0xc040_5602);
        assert_eq!(ENUM_FRAMESIZES, 0xc02c_564a);
        assert_eq!(ENUM_FRAMEINTERVALS, 0xc034_564b);
        assert_eq!(QUERYCTRL, 0xc044_5624);
        assert_eq!(QUERYMENU, 0xc02c_5625);
        assert_eq!(G_CTRL, 0xc008_561b);
        assert_eq!(S_CTRL, 0xc008_561c);
    }

    #[test]
    fn texts_end_at_nul_and_may_be_broken() {
        assert_eq!(text(b"vivid\0\0\0"), "vivid");
        assert_eq!(text(b"full"), "full");
        assert_eq!(text(&[]), "");
        assert_eq!(text("Kamera für".as_bytes().get(..9).expect("within ü")), "Kamera f\u{fffd}");
    }

    #[test]
    fn what_is_no_video_device_is_an_error() {
        let file = std::fs::File::open("/dev/null").expect("is everywhere");
        assert!(capability(&file).is_err());
        assert!(format(&file, BUF_TYPE_VIDEO_CAPTURE, 0).is_none());
        assert!(frame_size(&file, *b"YUYV", 0).is_none());
        assert!(frame_interval(&file, *b"YUYV", (640, 480), 0).is_none());
        assert!(next_control(&file, 0).is_none());
        assert!(value(&file, 0x0098_0900).is_err());
        assert!(set_value(&file, 0x0098_0900, 1).is_err());
    }
}

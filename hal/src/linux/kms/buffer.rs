//! Memory that a plane scans out: dumb buffers, which every card has, mapped once and for all.

use std::{io, mem, sync::Arc};

use drm::{
    buffer::{Buffer as _, DrmFourcc, DrmModifier, Handle, PlanarBuffer},
    control::{
        Device as _, FbCmd2Flags,
        dumbbuffer::{DumbBuffer, DumbMapping},
        framebuffer,
    },
};

use super::{card::Card, choice::Rotation};
use crate::{
    compose::{I420, plane_size},
    panel::{Frame, Size},
};

/// What is in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As [`Frame`] has it.
    Xrgb,
    /// The same, with premultiplied alpha.
    Argb,
    /// Luma, blue difference, red difference: as decoders give it. Sides are even.
    Yuv420,
    /// Luma, then both differences by turns. Sides are even.
    Nv12,
}

impl Format {
    /// As in `drm_fourcc.h`.
    pub(super) const fn fourcc(self) -> DrmFourcc {
        match self {
            Self::Xrgb => DrmFourcc::Xrgb8888,
            Self::Argb => DrmFourcc::Argb8888,
            Self::Yuv420 => DrmFourcc::Yuv420,
            Self::Nv12 => DrmFourcc::Nv12,
        }
    }
}

/// A dumb buffer as a framebuffer.
pub(super) struct Buffer {
    card: Arc<Card>,
    pub(super) size: Size,
    pub(super) format: Format,
    pub(super) framebuffer: framebuffer::Handle,
    memory: DumbBuffer,
    /// None only while it is dropped.
    map: Option<DumbMapping<'static>>,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer").field("size", &self.size).field("format", &self.format).finish_non_exhaustive()
    }
}

/// Where the planes of a framebuffer are in its memory.
struct Planar {
    size: Size,
    format: Format,
    pitch: u32,
    handle: Handle,
}

impl Planar {
    /// Pitch and offset of each plane.
    fn layout(&self) -> [(u32, u32); 3] {
        let (pitch, luma) = (self.pitch, self.pitch * self.size.height_px);
        match self.format {
            Format::Xrgb | Format::Argb => [(pitch, 0), (0, 0), (0, 0)],
            Format::Yuv420 => {
                [(pitch, 0), (pitch / 2, luma), (pitch / 2, luma + pitch / 2 * (self.size.height_px / 2))]
            }
            Format::Nv12 => [(pitch, 0), (pitch, luma), (0, 0)],
        }
    }
}

impl PlanarBuffer for Planar {
    fn size(&self) -> (u32, u32) {
        (self.size.width_px, self.size.height_px)
    }

    fn format(&self) -> DrmFourcc {
        self.format.fourcc()
    }

    fn modifier(&self) -> Option<DrmModifier> {
        None
    }

    fn pitches(&self) -> [u32; 4] {
        let [first, second, third] = self.layout().map(|(pitch, _)| pitch);
        [first, second, third, 0]
    }

    fn handles(&self) -> [Option<Handle>; 4] {
        let [first, second, third] = self.layout().map(|(pitch, _)| (pitch > 0).then_some(self.handle));
        [first, second, third, None]
    }

    fn offsets(&self) -> [u32; 4] {
        let [first, second, third] = self.layout().map(|(_, offset)| offset);
        [first, second, third, 0]
    }
}

impl Buffer {
    /// A black one.
    #[expect(unsafe_code, reason = "a map that lives as long as its buffer")]
    pub(super) fn new(card: &Arc<Card>, size: Size, format: Format) -> io::Result<Self> {
        let (columns, rows, bits) = match format {
            Format::Xrgb | Format::Argb => (size.width_px, size.height_px, 32),
            // A byte a pixel, and half as many rows again for the differences. So wide that each plane begins where any
            // controller can read it.
            Format::Yuv420 | Format::Nv12 => {
                (size.width_px.next_multiple_of(64), size.height_px + size.height_px / 2, 8)
            }
        };
        let mut memory = card.create_dumb_buffer((columns, rows), format.fourcc(), bits)?;
        let planar = Planar { size, format, pitch: memory.pitch(), handle: memory.handle() };
        let made = card.add_planar_framebuffer(&planar, FbCmd2Flags::empty()).and_then(|framebuffer| {
            let map = card.map_dumb_buffer(&mut memory).inspect_err(|_| {
                let _ = card.destroy_framebuffer(framebuffer);
            })?;
            // SAFETY: the lifetime is there so that the memory is not freed while it is mapped. Our `drop` unmaps it first.
            let map = unsafe { mem::transmute::<DumbMapping<'_>, DumbMapping<'static>>(map) };
            Ok((framebuffer, map))
        });
        match made {
            Ok((framebuffer, map)) => {
                Ok(Self { card: Arc::clone(card), size, format, framebuffer, memory, map: Some(map) })
            }
            Err(error) => {
                let _ = card.destroy_dumb_buffer(memory);
                Err(error)
            }
        }
    }

    /// Its bytes, and how many there are from row to row.
    pub(super) fn pixels(&mut self) -> (&mut [u8], usize) {
        let pitch = self.memory.pitch() as usize;
        (self.map.as_deref_mut().expect("it is not being dropped"), pitch)
    }

    /// Fills it with a frame of its size.
    pub(super) fn write(&mut self, frame: &Frame) {
        let rows = 0..frame.size().height_px as usize;
        self.write_part(frame, rows, 0..frame.size().stride_bytes());
    }

    /// Fills a part of it with that part of a frame of its size; `bytes` are those of a row.
    pub(super) fn write_part(&mut self, frame: &Frame, rows: std::ops::Range<usize>, bytes: std::ops::Range<usize>) {
        let (stride, (pixels, pitch)) = (frame.size().stride_bytes(), self.pixels());
        for row in rows {
            let (to, from) = (row * pitch, row * stride);
            pixels[to + bytes.start..to + bytes.end]
                .copy_from_slice(&frame.pixels()[from + bytes.start..from + bytes.end]);
        }
    }

    /// Fills it with a frame that is turned on the way.
    pub(super) fn write_turned(&mut self, frame: &Frame, rotation: Rotation) {
        let (pixels, pitch) = self.pixels();
        turn(frame, rotation, pixels, pitch);
    }

    /// Fills it with a picture of its size that has passed `compose::check`; an odd last row or column is left out.
    pub(super) fn write_picture(&mut self, picture: &dyn I420) {
        let (size, format) = (self.size, self.format);
        let (pixels, pitch) = self.pixels();
        write_picture(picture, size, format, pixels, pitch);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // Unmapped first. The kernel frees the memory when the screen no longer shows it.
        self.map = None;
        let _ = self.card.destroy_framebuffer(self.framebuffer);
        let _ = self.card.destroy_dumb_buffer(self.memory);
    }
}

/// Writes a frame turned. Goes through the target row by row, in strips narrow enough for the cache lines that it reads.
fn turn(frame: &Frame, rotation: Rotation, target: &mut [u8], pitch: usize) {
    const STRIP: usize = 16;
    let (width, height) = (frame.size().width_px as usize, frame.size().height_px as usize);
    let turned = rotation.turn(frame.size());
    let (columns, rows) = (turned.width_px as usize, turned.height_px as usize);
    let source = |x: usize, y: usize| match rotation {
        Rotation::None => (x, y),
        Rotation::Quarter => (y, height - 1 - x),
        Rotation::Half => (width - 1 - x, height - 1 - y),
        Rotation::ThreeQuarters => (width - 1 - y, x),
    };
    let (pixels, _) = frame.pixels().as_chunks::<{ Frame::PIXEL_BYTES }>();
    for strip in (0..columns).step_by(STRIP) {
        for y in 0..rows {
            let end = columns.min(strip + STRIP);
            let start = y * pitch;
            let row = &mut target[start + strip * Frame::PIXEL_BYTES..start + end * Frame::PIXEL_BYTES];
            for (x, pixel) in (strip..end).zip(row.as_chunks_mut::<{ Frame::PIXEL_BYTES }>().0) {
                let (from_x, from_y) = source(x, y);
                *pixel = pixels[from_y * width + from_x];
            }
        }
    }
}

fn write_picture(picture: &dyn I420, size: Size, format: Format, target: &mut [u8], pitch: usize) {
    let (luma, chroma) = target.split_at_mut(pitch * size.height_px as usize);
    copy_plane(picture, 0, size, luma, pitch);
    match format {
        Format::Nv12 => {
            let (columns, rows) = plane_size(size.width_px, size.height_px, 1);
            let ((blue, blue_stride), (red, red_stride)) = (picture.plane(1), picture.plane(2));
            for row in 0..rows {
                let pairs = blue[row * blue_stride..].iter().zip(&red[row * red_stride..]).take(columns);
                for (pair, (blue, red)) in chroma[row * pitch..].as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
                    *pair = [*blue, *red];
                }
            }
        }
        Format::Yuv420 => {
            let (blue, red) = chroma.split_at_mut(pitch / 2 * (size.height_px as usize / 2));
            copy_plane(picture, 1, size, blue, pitch / 2);
            copy_plane(picture, 2, size, red, pitch / 2);
        }
        Format::Xrgb | Format::Argb => {}
    }
}

fn copy_plane(picture: &dyn I420, index: usize, size: Size, target: &mut [u8], pitch: usize) {
    let (columns, rows) = plane_size(size.width_px, size.height_px, index);
    let (bytes, stride) = picture.plane(index);
    for (to, from) in target.chunks_mut(pitch).zip(bytes.chunks(stride)).take(rows) {
        to[..columns].copy_from_slice(&from[..columns]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_turned_clockwise() {
        // 1 2 3
        // 4 5 6
        let mut frame = Frame::new(Size::new(3, 2).expect("fits"));
        for (value, pixel) in (1..).zip(frame.pixels_mut().chunks_exact_mut(4)) {
            pixel[0] = value;
        }
        let turned = |rotation: Rotation| {
            let size = rotation.turn(frame.size());
            let pitch = size.stride_bytes() + 4;
            let mut target = vec![0; pitch * size.height_px as usize];
            turn(&frame, rotation, &mut target, pitch);
            let rows =
                target.chunks(pitch).map(|row| row.chunks(4).take(size.width_px as usize).map(|p| p[0]).collect());
            rows.collect::<Vec<Vec<u8>>>()
        };
        assert_eq!(turned(Rotation::None), [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(turned(Rotation::Quarter), [[4, 1], [5, 2], [6, 3]]);
        assert_eq!(turned(Rotation::Half), [[6, 5, 4], [3, 2, 1]]);
        assert_eq!(turned(Rotation::ThreeQuarters), [[3, 6], [2, 5], [1, 4]]);
    }

    #[test]
    fn strips_cover_wide_frames() {
        let mut frame = Frame::new(Size::new(37, 21).expect("fits"));
        for (value, pixel) in (0_u32..).zip(frame.pixels_mut().chunks_exact_mut(4)) {
            pixel.copy_from_slice(&value.to_le_bytes());
        }
        let mut once = Frame::new(Size::new(21, 37).expect("fits"));
        turn(&frame, Rotation::Quarter, once.pixels_mut(), 21 * 4);
        let mut back = Frame::new(frame.size());
        turn(&once, Rotation::ThreeQuarters, back.pixels_mut(), 37 * 4);
        assert!(back.pixels() == frame.pixels() && once.pixels() != frame.pixels());
    }

    /// 5 x 3 pixels, numbered, its rows padded.
    struct Numbered([Vec<u8>; 3]);

    impl I420 for Numbered {
        fn width(&self) -> u32 {
            5
        }

        fn height(&self) -> u32 {
            3
        }

        fn plane(&self, index: usize) -> (&[u8], usize) {
            (&self.0[index], if index == 0 { 8 } else { 4 })
        }
    }

    #[test]
    fn pictures_are_written_as_planes_take_them() {
        let plane = |first: u8, bytes: u8| (first..first + bytes).collect::<Vec<_>>();
        let picture = Numbered([plane(0, 24), plane(100, 8), plane(200, 8)]);
        let size = Size::new(4, 2).expect("fits");
        let written = |format| {
            let mut target = vec![0; 18];
            write_picture(&picture, size, format, &mut target, 6);
            target
        };
        let luma = [0, 1, 2, 3, 0, 0, 8, 9, 10, 11, 0, 0];
        assert_eq!(written(Format::Yuv420)[..12], luma);
        assert_eq!(written(Format::Yuv420)[12..], [100, 101, 0, 200, 201, 0]);
        assert_eq!(written(Format::Nv12)[..12], luma);
        assert_eq!(written(Format::Nv12)[12..], [100, 200, 101, 201, 0, 0]);
    }
}

//! What a display controller with two planes does, for panels without one: a picture, scaled and in the panel's colours, and
//! a painted layer over it.

use std::{fmt, ops::Range};

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_bgra};

use crate::panel::{Frame, Size};

/// A picture as decoders give it: luma, and both chroma at half the width and height (rounded up), 8 bits each.
///
/// Its colours are those of ITU-R BT.601 in limited range, which is what WebRTC peers send where they say nothing else.
pub trait I420: Send {
    /// Pixels, 1 and up.
    fn width(&self) -> u32;
    /// Pixels, 1 and up.
    fn height(&self) -> u32;
    /// The bytes of plane 0 (luma), 1 (blue difference) or 2 (red difference), and how many there are from row to row.
    fn plane(&self, index: usize) -> (&[u8], usize);
}

/// Why a picture is not shown.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is empty or larger than any panel.
    #[error("a picture of {width} x {height} pixels cannot be shown")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// It has fewer bytes than its size asks for.
    #[error("plane {0} of a picture is too short")]
    Short(usize),
    /// The scaler refuses it.
    #[error("a picture cannot be scaled: {0}")]
    Scale(String),
    /// The converter refuses it.
    #[error("a picture's colours cannot be converted: {0}")]
    Convert(String),
}

/// Whether all of a picture is there. What is composed must have passed.
///
/// # Errors
/// If it is not.
pub fn check(picture: &dyn I420) -> Result<(), PictureError> {
    let (width, height) = (picture.width(), picture.height());
    Size::new(width, height).ok_or(PictureError::Size { width, height })?;
    for index in 0..3 {
        let (columns, rows) = plane_size(picture.width(), picture.height(), index);
        let (bytes, stride) = picture.plane(index);
        let needed = stride.checked_mul(rows - 1).and_then(|start| start.checked_add(columns));
        if stride < columns || needed.is_none_or(|needed| bytes.len() < needed) {
            return Err(PictureError::Short(index));
        }
    }
    Ok(())
}

fn plane_size(width: u32, height: u32, index: usize) -> (usize, usize) {
    let shrink = |side: u32| if index == 0 { side as usize } else { (side as usize).div_ceil(2) };
    (shrink(width), shrink(height))
}

/// What is painted over a picture: pixels as [`Frame`] has them, but with premultiplied alpha.
pub struct Layer {
    size: Size,
    pixels: Vec<u8>,
    /// Rows with something in them. All others are transparent.
    bands: Vec<Range<usize>>,
}

impl Layer {
    /// A layer of these pixels, rows from top to bottom without padding; None: they are not as many as the size asks for.
    #[must_use]
    pub fn new(size: Size, pixels: Vec<u8>) -> Option<Self> {
        if pixels.len() != size.frame_bytes() {
            return None;
        }
        let stride = size.stride_bytes();
        let nothing = vec![0; stride];
        let mut bands: Vec<Range<usize>> = Vec::new();
        for (row, bytes) in pixels.chunks_exact(stride).enumerate() {
            if bytes == nothing {
                continue;
            }
            match bands.last_mut() {
                Some(band) if band.end == row => band.end = row + 1,
                _ => bands.push(row..row + 1),
            }
        }
        Some(Self { size, pixels, bands })
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("size", &self.size).field("bands", &self.bands).finish_non_exhaustive()
    }
}

/// Where a picture lies on a panel: as large as it can be, in the middle, its proportions kept, its sides even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

fn place(picture: (u32, u32), panel: Size) -> Place {
    let (width, height) = (u64::from(picture.0), u64::from(picture.1));
    let (most_width, most_height) = (u64::from(panel.width_px), u64::from(panel.height_px));
    let fits_in_width = height * most_width <= most_height * width;
    let (wide, high) = if fits_in_width {
        (most_width, (height * most_width + width / 2) / width)
    } else {
        ((width * most_height + height / 2) / height, most_height)
    };
    let even = |side: u64, most: u64| usize::try_from((side.min(most) & !1).max(1)).unwrap_or(1);
    let (width, height) = (even(wide, most_width), even(high, most_height));
    Place { left: (panel.width_px as usize - width) / 2, top: (panel.height_px as usize - height) / 2, width, height }
}

/// Composes frames. Keeps its buffers between them.
#[derive(Default)]
pub struct Composer {
    resizer: Resizer,
    /// Rows of the picture without what is between them, if there is something.
    tight: Vec<u8>,
    scaled: [Vec<u8>; 3],
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Composer")
    }
}

impl Composer {
    /// Fills a frame with the picture, if there is one, `beside` where it does not reach, and the layer over both. Without a
    /// picture the layer is all that is shown.
    ///
    /// # Errors
    /// If the picture has not passed [`check`], or the layer is not as large as the frame.
    pub fn compose(
        &mut self,
        frame: &mut Frame,
        layer: &Layer,
        picture: Option<&dyn I420>,
        beside: [u8; 4],
    ) -> Result<(), PictureError> {
        if frame.size() != layer.size {
            return Err(PictureError::Size { width: layer.size.width_px, height: layer.size.height_px });
        }
        let Some(picture) = picture else {
            frame.pixels_mut().copy_from_slice(&layer.pixels);
            return Ok(());
        };
        check(picture)?;
        let at = place((picture.width(), picture.height()), frame.size());
        fill_beside(frame, at, beside);
        self.scale(picture, at)?;
        self.convert(frame, at)?;
        let stride = frame.size().stride_bytes();
        for band in &layer.bands {
            let bytes = band.start * stride..band.end * stride;
            blend(&mut frame.pixels_mut()[bytes.clone()], &layer.pixels[bytes]);
        }
        Ok(())
    }

    /// Scaling the planes before the colours are converted moves fewer than half as many bytes as after.
    fn scale(&mut self, picture: &dyn I420, at: Place) -> Result<(), PictureError> {
        let refused = |error: &dyn fmt::Display| PictureError::Scale(error.to_string());
        let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        for index in 0..3 {
            let (columns, rows) = plane_size(picture.width(), picture.height(), index);
            let (wide, high) = plane_size(pixels(at.width), pixels(at.height), index);
            let (bytes, stride) = picture.plane(index);
            let bytes = if stride == columns {
                &bytes[..columns * rows]
            } else {
                self.tight.clear();
                for row in bytes.chunks(stride).take(rows) {
                    self.tight.extend_from_slice(&row[..columns]);
                }
                &self.tight
            };
            let scaled = &mut self.scaled[index];
            if (columns, rows) == (wide, high) {
                scaled.clear();
                scaled.extend_from_slice(bytes);
                continue;
            }
            scaled.resize(wide * high, 0);
            // By type: else the code for every kind of pixel is compiled, a minute and a half for one that is used.
            let source =
                TypedImageRef::<U8>::from_buffer(pixels(columns), pixels(rows), bytes).map_err(|e| refused(&e))?;
            let mut target =
                TypedImage::<U8>::from_buffer(pixels(wide), pixels(high), scaled).map_err(|e| refused(&e))?;
            self.resizer.resize_typed(&source, &mut target, &options).map_err(|e| refused(&e))?;
        }
        Ok(())
    }

    fn convert(&self, frame: &mut Frame, at: Place) -> Result<(), PictureError> {
        let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let [luma, blue, red] = &self.scaled;
        let chroma_stride = pixels(at.width.div_ceil(2));
        let planes = YuvPlanarImage {
            y_plane: luma.as_slice(),
            y_stride: pixels(at.width),
            u_plane: blue.as_slice(),
            u_stride: chroma_stride,
            v_plane: red.as_slice(),
            v_stride: chroma_stride,
            width: pixels(at.width),
            height: pixels(at.height),
        };
        let stride = frame.size().stride_bytes();
        let start = at.top * stride + at.left * Frame::PIXEL_BYTES;
        // Whole rows from the first pixel on, the last one only as far as the picture goes.
        let end = start + (at.height - 1) * stride + at.width * Frame::PIXEL_BYTES;
        let target = &mut frame.pixels_mut()[start..end];
        yuv420_to_bgra(&planes, target, pixels(stride), YuvRange::Limited, YuvStandardMatrix::Bt601)
            .map_err(|error| PictureError::Convert(error.to_string()))
    }
}

/// Paints what a picture at this place does not cover.
fn fill_beside(frame: &mut Frame, at: Place, color: [u8; 4]) {
    let size = frame.size();
    let (stride, width) = (size.stride_bytes(), size.width_px as usize);
    let row = color.repeat(width);
    let (left, right) = (at.left * Frame::PIXEL_BYTES, (at.left + at.width) * Frame::PIXEL_BYTES);
    for (y, pixels) in frame.pixels_mut().chunks_exact_mut(stride).enumerate() {
        if y < at.top || y >= at.top + at.height {
            pixels.copy_from_slice(&row);
        } else {
            pixels[..left].copy_from_slice(&row[..left]);
            pixels[right..].copy_from_slice(&row[right..]);
        }
    }
}

/// Lays premultiplied pixels over opaque ones.
fn blend(below: &mut [u8], above: &[u8]) {
    for (below, above) in below.chunks_exact_mut(Frame::PIXEL_BYTES).zip(above.chunks_exact(Frame::PIXEL_BYTES)) {
        match above[3] {
            0 => {}
            255 => below.copy_from_slice(above),
            alpha => {
                for (below, above) in below.iter_mut().zip(above) {
                    let product = u32::from(*below) * u32::from(255 - alpha) + 128;
                    // Divides by 255, rounded, for all products of two bytes.
                    let rest = (product + (product >> 8)) >> 8;
                    *below = u8::try_from(u32::from(*above) + rest).unwrap_or(u8::MAX);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_proportions() {
        let place = |picture, panel: (u32, u32)| {
            let Place { left, top, width, height } = place(picture, Size::new(panel.0, panel.1).expect("fits"));
            (left, top, width, height)
        };
        assert_eq!(place((640, 360), (1280, 720)), (0, 0, 1280, 720));
        assert_eq!(place((640, 480), (1280, 720)), (160, 0, 960, 720));
        assert_eq!(place((1280, 720), (480, 800)), (0, 265, 480, 270));
        assert_eq!(place((480, 640), (1280, 720)), (370, 0, 540, 720));
        assert_eq!(place((7680, 1), (320, 240)), (0, 119, 320, 1));
        assert_eq!(place((1, 7680), (320, 240)), (159, 0, 1, 240));
        assert_eq!(place((640, 360), (1, 1)), (0, 0, 1, 1));
    }

    #[test]
    fn rows_with_something_in_them_make_bands() {
        let size = Size::new(4, 6).expect("fits");
        let mut pixels = vec![0; size.frame_bytes()];
        for row in [1, 2, 5] {
            pixels[row * 16] = 1;
        }
        assert_eq!(Layer::new(size, pixels).expect("is as large").bands, [1..3, 5..6]);
        assert!(Layer::new(size, vec![0; 7]).is_none());
    }

    #[test]
    fn blending_is_exact() {
        for alpha in 0..=255_u8 {
            for value in [0, 1, 127, 128, 254, 255] {
                let mut below = [value; 4];
                let above = [alpha, 0, alpha / 2, alpha];
                blend(&mut below, &above);
                for (seen, above) in below.iter().zip(above) {
                    let exact = f64::from(above) + f64::from(value) * f64::from(255 - alpha) / 255.0;
                    assert!((f64::from(*seen) - exact).abs() <= 0.5, "{value} under {above} of {alpha}: {seen}");
                }
            }
        }
    }

    struct Grey(u32, u32, [Vec<u8>; 3]);

    impl I420 for Grey {
        fn width(&self) -> u32 {
            self.0
        }

        fn height(&self) -> u32 {
            self.1
        }

        fn plane(&self, index: usize) -> (&[u8], usize) {
            (&self.2[index], if index == 0 { self.0 as usize } else { (self.0 as usize).div_ceil(2) })
        }
    }

    /// White on the left, black on the right.
    fn halves(width: u32, height: u32) -> Grey {
        let row: Vec<u8> = (0..width).map(|x| if x < width / 2 { 235 } else { 16 }).collect();
        let chroma = vec![128; (width as usize).div_ceil(2) * (height as usize).div_ceil(2)];
        Grey(width, height, [row.repeat(height as usize), chroma.clone(), chroma])
    }

    #[test]
    fn a_picture_is_scaled_and_in_the_panels_colours() {
        let size = Size::new(200, 120).expect("fits");
        let layer = Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large");
        for (width, height) in [(100, 60), (200, 120), (401, 241), (51, 31)] {
            let mut frame = Frame::new(size);
            let composed =
                Composer::default().compose(&mut frame, &layer, Some(&halves(width, height)), [1, 2, 3, 255]);
            composed.expect("it is all there");
            assert_eq!(frame.rgb(40, 60), Some([255; 3]), "{width}x{height}");
            assert_eq!(frame.rgb(160, 60), Some([0; 3]), "{width}x{height}");
        }
    }

    #[test]
    fn a_picture_that_is_not_all_there_is_refused() {
        let size = Size::new(64, 64).expect("fits");
        let layer = Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large");
        let mut short = halves(64, 64);
        short.2[1].pop();
        let compose =
            |picture: &Grey| Composer::default().compose(&mut Frame::new(size), &layer, Some(picture), [0; 4]);
        assert!(matches!(compose(&short), Err(PictureError::Short(1))));
        assert!(matches!(compose(&halves(0, 4)), Err(PictureError::Size { .. })));
        assert!(compose(&halves(64, 64)).is_ok());
    }
}

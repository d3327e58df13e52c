//! What a display controller with planes does, for panels without: a picture, scaled and in the panel's colours, a painted
//! layer over it, and a small picture over all.

mod place;

use std::{fmt, ops::Range, sync::Arc};

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_bgra};

pub use self::place::{Place, place, place_in};
use crate::panel::{Frame, Size};

/// What luma and chroma mean. The range is limited in both (16 is black, 235 is white).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601: what WebRTC peers send where they say nothing else.
    #[default]
    Bt601,
    /// ITU-R BT.709.
    Bt709,
}

/// A picture as decoders give it: luma, and both chroma at half the width and height (rounded up), 8 bits each.
pub trait I420: Send {
    /// Pixels, 1 and up.
    fn width(&self) -> u32;
    /// Pixels, 1 and up.
    fn height(&self) -> u32;
    /// The bytes of plane 0 (luma), 1 (blue difference) or 2 (red difference), and how many there are from row to row.
    fn plane(&self, index: usize) -> (&[u8], usize);
    /// What its colours mean.
    fn matrix(&self) -> Matrix {
        Matrix::Bt601
    }
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

/// Columns and rows of plane `index` of a picture.
pub(crate) fn plane_size(width: u32, height: u32, index: usize) -> (usize, usize) {
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

    /// Its size.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    fn must_fit(&self, frame: &Frame) -> Result<(), PictureError> {
        let Size { width_px: width, height_px: height } = self.size;
        if frame.size() == self.size { Ok(()) } else { Err(PictureError::Size { width, height }) }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("size", &self.size).field("bands", &self.bands).finish_non_exhaustive()
    }
}

/// All that is to be seen on a panel.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// As large as the panel. Without a picture it is seen alone, and should be opaque.
    pub layer: &'a Arc<Layer>,
    /// Lies below the layer, where [`place_in`] says.
    pub picture: Option<&'a dyn I420>,
    /// Where on the panel the picture has its room; None: all of it.
    pub room: Option<Place>,
    /// Lies over the layer.
    pub inset: Option<Inset<'a>>,
    /// What is seen beside the picture: blue, green, red, and 255.
    pub beside: [u8; 4],
}

impl fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |picture: Option<&dyn I420>| picture.map(|picture| (picture.width(), picture.height()));
        let (picture, inset) = (size(self.picture), size(self.inset.map(|inset| inset.picture)));
        f.debug_struct("Scene")
            .field("layer", self.layer)
            .field("picture", &picture)
            .field("room", &self.room)
            .field("inset", &inset)
            .finish_non_exhaustive()
    }
}

/// A small picture that lies over everything.
#[derive(Clone, Copy)]
pub struct Inset<'a> {
    /// Scaled to its place.
    pub picture: &'a dyn I420,
    /// Within the panel.
    pub at: Place,
    /// People know themselves from mirrors.
    pub is_mirrored: bool,
}

impl fmt::Debug for Inset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inset").field("at", &self.at).field("is_mirrored", &self.is_mirrored).finish_non_exhaustive()
    }
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
    /// Fills a frame with a scene.
    ///
    /// # Errors
    /// If a picture has not passed [`check`], or the layer is not as large as the frame.
    pub fn compose(&mut self, frame: &mut Frame, scene: &Scene<'_>) -> Result<(), PictureError> {
        let layer = scene.layer;
        layer.must_fit(frame)?;
        match scene.picture {
            None => frame.pixels_mut().copy_from_slice(&layer.pixels),
            Some(picture) => {
                check(picture)?;
                let at = place_in(scene.room, (picture.width(), picture.height()), frame.size());
                fill_beside(frame, at, scene.beside);
                self.draw(frame, picture, at, false)?;
                let stride = frame.size().stride_bytes();
                for band in &layer.bands {
                    let bytes = band.start * stride..band.end * stride;
                    blend(&mut frame.pixels_mut()[bytes.clone()], &layer.pixels[bytes]);
                }
            }
        }
        self.draw_inset(frame, scene)
    }

    /// Fills a frame with what lies over a picture at this place: the layer, opaque where the picture does not reach. Its
    /// pixels have premultiplied alpha.
    ///
    /// # Errors
    /// As with [`Composer::compose`].
    pub(crate) fn overlay(frame: &mut Frame, scene: &Scene<'_>, at: Place) -> Result<(), PictureError> {
        scene.layer.must_fit(frame)?;
        let stride = frame.size().stride_bytes();
        let (left, right) = (at.left * Frame::PIXEL_BYTES, (at.left + at.width) * Frame::PIXEL_BYTES);
        let beside = |row: usize| row < at.top || row >= at.top + at.height;
        let beside_row = scene.beside.repeat(stride / Frame::PIXEL_BYTES);
        let rows = frame.pixels_mut().chunks_exact_mut(stride).zip(scene.layer.pixels.chunks_exact(stride));
        for (row, (pixels, above)) in rows.enumerate() {
            let covered = if beside(row) { 0..0 } else { left..right };
            pixels.copy_from_slice(&beside_row);
            blend(pixels, above);
            pixels[covered.clone()].copy_from_slice(&above[covered]);
        }
        Ok(())
    }

    /// Lays the small picture, if the scene has one, over what is in the frame.
    ///
    /// # Errors
    /// As with [`Composer::compose`], or if it has no place on the panel.
    pub(crate) fn draw_inset(&mut self, frame: &mut Frame, scene: &Scene<'_>) -> Result<(), PictureError> {
        let Some(Inset { picture, at, is_mirrored }) = scene.inset else { return Ok(()) };
        check(picture)?;
        if !at.is_within(frame.size()) {
            let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
            return Err(PictureError::Size { width: side(at.width), height: side(at.height) });
        }
        self.draw(frame, picture, at, is_mirrored)
    }

    fn draw(
        &mut self,
        frame: &mut Frame,
        picture: &dyn I420,
        at: Place,
        is_mirrored: bool,
    ) -> Result<(), PictureError> {
        let stride = frame.size().stride_bytes();
        let start = at.top * stride + at.left * Frame::PIXEL_BYTES;
        self.draw_at(&mut frame.pixels_mut()[start..], stride, picture, (at.width, at.height), is_mirrored)
    }

    /// Fills a part of some pixels with a picture. `target` begins at the part's first pixel; its rows are `stride` bytes apart.
    ///
    /// # Errors
    /// If the picture has not passed [`check`].
    pub(crate) fn draw_at(
        &mut self,
        target: &mut [u8],
        stride: usize,
        picture: &dyn I420,
        (width, height): (usize, usize),
        is_mirrored: bool,
    ) -> Result<(), PictureError> {
        self.scale(picture, (width, height))?;
        if is_mirrored {
            for (index, plane) in self.scaled.iter_mut().enumerate() {
                let columns = if index == 0 { width } else { width.div_ceil(2) };
                plane.chunks_exact_mut(columns).for_each(<[u8]>::reverse);
            }
        }
        // Whole rows from the first pixel on, the last one only as far as the picture goes.
        let end = (height - 1) * stride + width * Frame::PIXEL_BYTES;
        self.convert(&mut target[..end], stride, (width, height), picture.matrix())
    }

    /// Scaling the planes before the colours are converted moves fewer than half as many bytes as after.
    fn scale(&mut self, picture: &dyn I420, (width, height): (usize, usize)) -> Result<(), PictureError> {
        let refused = |error: &dyn fmt::Display| PictureError::Scale(error.to_string());
        let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        for index in 0..3 {
            let (columns, rows) = plane_size(picture.width(), picture.height(), index);
            let (wide, high) = plane_size(pixels(width), pixels(height), index);
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

    fn convert(
        &self,
        target: &mut [u8],
        stride: usize,
        (width, height): (usize, usize),
        matrix: Matrix,
    ) -> Result<(), PictureError> {
        let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let [luma, blue, red] = &self.scaled;
        let chroma_stride = pixels(width.div_ceil(2));
        let planes = YuvPlanarImage {
            y_plane: luma.as_slice(),
            y_stride: pixels(width),
            u_plane: blue.as_slice(),
            u_stride: chroma_stride,
            v_plane: red.as_slice(),
            v_stride: chroma_stride,
            width: pixels(width),
            height: pixels(height),
        };
        let matrix = match matrix {
            Matrix::Bt601 => YuvStandardMatrix::Bt601,
            Matrix::Bt709 => YuvStandardMatrix::Bt709,
        };
        yuv420_to_bgra(&planes, target, pixels(stride), YuvRange::Limited, matrix)
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
        let layer = Arc::new(Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large"));
        for (width, height) in [(100, 60), (200, 120), (401, 241), (51, 31)] {
            let mut frame = Frame::new(size);
            let picture = halves(width, height);
            let scene =
                Scene { layer: &layer, picture: Some(&picture), room: None, inset: None, beside: [1, 2, 3, 255] };
            Composer::default().compose(&mut frame, &scene).expect("it is all there");
            assert_eq!(frame.rgb(40, 60), Some([255; 3]), "{width}x{height}");
            assert_eq!(frame.rgb(160, 60), Some([0; 3]), "{width}x{height}");
        }
    }

    #[test]
    fn a_picture_that_is_not_all_there_is_refused() {
        let size = Size::new(64, 64).expect("fits");
        let layer = Arc::new(Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large"));
        let mut short = halves(64, 64);
        short.2[1].pop();
        let compose = |picture: &Grey| {
            let scene = Scene { layer: &layer, picture: Some(picture), room: None, inset: None, beside: [0; 4] };
            Composer::default().compose(&mut Frame::new(size), &scene)?;
            let at = Place { left: 0, top: 0, width: 8, height: 8 };
            let scene = Scene { picture: None, inset: Some(Inset { picture, at, is_mirrored: true }), ..scene };
            Composer::default().compose(&mut Frame::new(size), &scene)
        };
        assert!(matches!(compose(&short), Err(PictureError::Short(1))));
        assert!(matches!(compose(&halves(0, 4)), Err(PictureError::Size { .. })));
        assert!(compose(&halves(64, 64)).is_ok());
    }

    #[test]
    fn the_small_picture_lies_in_its_place_mirrored_or_not() {
        let size = Size::new(320, 240).expect("fits");
        let layer = Arc::new(Layer::new(size, [9, 9, 9, 255].repeat(320 * 240)).expect("is as large"));
        let picture = halves(160, 120);
        let at = Place { left: 230, top: 170, width: 80, height: 60 };
        let seen = |is_mirrored| {
            let inset = Some(Inset { picture: &picture, at, is_mirrored });
            let scene = Scene { layer: &layer, picture: None, room: None, inset, beside: [0; 4] };
            let mut frame = Frame::new(size);
            Composer::default().compose(&mut frame, &scene).expect("it is all there");
            let at = |x: u32, y: u32| frame.rgb(x, y).expect("inside");
            assert_eq!([at(229, 170), at(230, 169), at(310, 170)], [[9; 3]; 3]);
            [at(240, 200), at(300, 200)]
        };
        assert_eq!(seen(true), [[0; 3], [255; 3]], "black, that is on the right, is seen on the left");
        assert_eq!(seen(false), [[255; 3], [0; 3]]);
        let outside = Place { left: 300, ..at };
        let inset = Some(Inset { picture: &picture, at: outside, is_mirrored: false });
        let scene = Scene { layer: &layer, picture: None, room: None, inset, beside: [0; 4] };
        assert!(Composer::default().compose(&mut Frame::new(size), &scene).is_err(), "it reaches over the edge");
    }

    #[test]
    fn the_two_matrices_are_told_apart() {
        struct Hd(Grey);
        impl I420 for Hd {
            fn width(&self) -> u32 {
                self.0.width()
            }

            fn height(&self) -> u32 {
                self.0.height()
            }

            fn plane(&self, index: usize) -> (&[u8], usize) {
                self.0.plane(index)
            }

            fn matrix(&self) -> Matrix {
                Matrix::Bt709
            }
        }
        let size = Size::new(16, 16).expect("fits");
        let layer = Arc::new(Layer::new(size, vec![0; size.frame_bytes()]).expect("is as large"));
        let green = || Grey(16, 16, [vec![145; 256], vec![54; 64], vec![34; 64]]);
        let shown = |picture: &dyn I420| {
            let mut frame = Frame::new(size);
            let scene = Scene { layer: &layer, picture: Some(picture), room: None, inset: None, beside: [0; 4] };
            Composer::default().compose(&mut frame, &scene).expect("it is all there");
            frame.rgb(8, 8).expect("inside")
        };
        let [red, high, blue] = shown(&green());
        assert!(red < 3 && high > 252 && blue < 3, "the green of BT.601: {red} {high} {blue}");
        assert!(shown(&Hd(green()))[1] < 230, "is not that of BT.709");
    }

    /// What two planes show together: the overlay over the picture in the place.
    #[test]
    fn an_overlay_and_a_picture_make_the_same_as_composing() {
        let size = Size::new(64, 48).expect("fits");
        let pixels: Vec<u8> =
            (0..64 * 48).flat_map(|at| if at % 3 == 0 { [40, 20, 10, 128] } else { [0; 4] }).collect();
        let layer = Arc::new(Layer::new(size, pixels).expect("is as large"));
        let picture = halves(40, 40);
        let corner = Place { left: 40, top: 30, width: 20, height: 16 };
        let inset = Some(Inset { picture: &picture, at: corner, is_mirrored: true });
        let scene = Scene { layer: &layer, picture: Some(&picture), room: None, inset, beside: [1, 2, 3, 255] };
        let mut composer = Composer::default();
        let (mut composed, mut overlay, mut both) = (Frame::new(size), Frame::new(size), Frame::new(size));
        composer.compose(&mut composed, &scene).expect("it is all there");
        let at = place((40, 40), size);
        Composer::overlay(&mut overlay, &scene, at).expect("is as large");
        composer.draw_inset(&mut overlay, &scene).expect("it is all there");
        composer.draw(&mut both, &picture, at, false).expect("it is all there");
        blend(both.pixels_mut(), overlay.pixels());
        assert!(both.pixels() == composed.pixels());
    }
}

//! From a file's bytes to a picture of the size that the panel wants. Runs in the process that [`super::confine`] has shut in.
//!
//! Limits come first: what a header promises is compared with them before anything is allocated.

use std::io::Cursor;

use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, util::TransformExt as _},
    hayro_syntax::Pdf,
    kurbo::Affine,
    render_into,
    vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE},
};
use image::{
    DynamicImage, GenericImageView as _, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbaImage,
    imageops::FilterType, metadata::Orientation,
};
use kiosk_call::ShownFile;
use kiosk_hal::panel::Size;
use thiserror::Error;

use crate::files::kind;

/// Most pixels of a picture: those of the largest telephones.
const MOST_PIXELS: u64 = 64_000_000;
/// Longest side of a picture, pixels.
const LONGEST_SIDE: u32 = 20_000;
/// Most bytes of a decoded picture, and of what its decoder needs beside.
const MOST_BYTES: u64 = 256 << 20;
/// A picture is made larger at most so many times: beyond that it is but blots.
const MOST_ENLARGED: f64 = 4.0;
/// Longest side of a page, points of 1/72 inch (ISO 32000-2 §14.11.2; 14,400 is what programs make at most).
const LONGEST_PAGE: f32 = 14_400.0;

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Not larger than this.
    pub largest: Size,
    /// All of it (0), or a quarter of it: [`ShownFile::zoom`].
    pub zoom: u8,
}

impl Wish {
    /// As it stands on the command line of the process that decodes: `1920x1080+0`.
    #[must_use]
    pub fn to_argument(self) -> String {
        format!("{}x{}+{}", self.largest.width_px, self.largest.height_px, self.zoom)
    }

    /// From there.
    #[must_use]
    pub fn from_argument(text: &str) -> Option<Self> {
        let (size, zoom) = text.split_once('+')?;
        let (width, height) = size.split_once('x')?;
        let largest = Size::new(width.parse().ok()?, height.parse().ok()?)?;
        let zoom = zoom.parse().ok().filter(|zoom| *zoom <= ShownFile::QUARTERS)?;
        Some(Self { largest, zoom })
    }

    /// Column and row of the quarter, in reading order; None: all of it.
    fn quarter(self) -> Option<(u32, u32)> {
        let quarter = u32::from(self.zoom).checked_sub(1)?;
        Some((quarter % 2, quarter / 2))
    }
}

/// A decoded picture: pixels as [`crate::panel::Still`] has them, opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its size.
    pub size: Size,
    /// Blue, green, red, 255.
    pub pixels: Vec<u8>,
}

/// Why a file makes no picture. Each is the end of a sentence.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Not one of the four types.
    #[error("it is neither PNG, JPEG, WebP nor PDF")]
    Kind,
    /// More than a kiosk can hold.
    #[error("{0} x {1} pixels are too many")]
    Pixels(u32, u32),
    /// The decoder refuses it.
    #[error("{0}")]
    Picture(#[from] image::ImageError),
    /// No document that can be read: damaged, or locked with a password.
    #[error("the document cannot be read: {0}")]
    Document(String),
    /// A document without a page, or with one of impossible size.
    #[error("the document has no page that can be shown")]
    Page,
}

/// Makes a picture of a file.
///
/// # Errors
/// [`DecodeError`].
pub fn decode(file: Vec<u8>, wish: Wish) -> Result<Decoded, DecodeError> {
    match kind::picture(&file) {
        Some(format) => picture(&file, format, wish),
        None if kind::is_pdf(&file) => page(file, wish),
        None => Err(DecodeError::Kind),
    }
}

/// The largest size with these proportions within another one.
fn within(width: f64, height: f64, largest: Size, most: f64) -> Size {
    let scale = (f64::from(largest.width_px) / width).min(f64::from(largest.height_px) / height).min(most);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the sides of a panel")]
    let side = |length: f64, largest: u32| ((length * scale).round().clamp(1.0, f64::from(largest))) as u32;
    Size { width_px: side(width, largest.width_px), height_px: side(height, largest.height_px) }
}

fn picture(file: &[u8], format: ImageFormat, wish: Wish) -> Result<Decoded, DecodeError> {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_BYTES {
        return Err(DecodeError::Pixels(width, height));
    }
    // A picture with a broken note about its orientation is shown as it lies.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    if let Some((column, row)) = wish.quarter() {
        let (width, height) = (image.width().div_ceil(2), image.height().div_ceil(2));
        image = image.crop_imm(column * (image.width() - width), row * (image.height() - height), width, height);
    }
    Ok(on_white(scale(image, wish.largest).into_rgba8()))
}

fn scale(image: DynamicImage, largest: Size) -> DynamicImage {
    let (width, height) = image.dimensions();
    let size = within(f64::from(width), f64::from(height), largest, MOST_ENLARGED);
    let (width_px, height_px) = (size.width_px, size.height_px);
    // Box averages first: the good filter is slow on what is many times larger.
    let image = if width > 4 * width_px && height > 4 * height_px {
        image.thumbnail_exact(2 * width_px, 2 * height_px)
    } else {
        image
    };
    if image.dimensions() == (width_px, height_px) {
        image
    } else {
        image.resize_exact(width_px, height_px, FilterType::CatmullRom)
    }
}

/// Whoever made a picture with holes looked at it on white.
fn on_white(image: RgbaImage) -> Decoded {
    let size = Size { width_px: image.width(), height_px: image.height() };
    let mut pixels = image.into_raw();
    for pixel in pixels.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        let over = |colour: u8| {
            let mixed = (u32::from(colour) * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(over);
        pixel.copy_from_slice(&[blue, green, red, 255]);
    }
    Decoded { size, pixels }
}

fn page(file: Vec<u8>, wish: Wish) -> Result<Decoded, DecodeError> {
    let pdf = Pdf::new(file).map_err(|error| DecodeError::Document(format!("{error:?}")))?;
    let page = pdf.pages().first().ok_or(DecodeError::Page)?;
    let (width, height) = page.render_dimensions();
    if ![width, height].iter().all(|side| (1.0..=LONGEST_PAGE).contains(side)) {
        return Err(DecodeError::Page);
    }
    let (width, height) = (f64::from(width), f64::from(height));
    let size = within(width, height, wish.largest, f64::MAX);
    let mut transform = Affine::scale_non_uniform(f64::from(size.width_px) / width, f64::from(size.height_px) / height)
        * page.initial_transform(true).to_kurbo();
    if let Some((column, row)) = wish.quarter() {
        let corner = (-f64::from(column * size.width_px), -f64::from(row * size.height_px));
        transform = Affine::translate(corner) * Affine::scale(2.0) * transform;
    }
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| DecodeError::Page);
    let (width, height) = (side(size.width_px)?, side(size.height_px)?);
    let mut context = RenderContext::new(width, height);
    let settings = (InterpreterSettings::default(), RenderSettings::default());
    render_into(page, &RenderCache::new(), &settings.0, &settings.1, &mut context, transform);
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    let paper = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), paper);
    let mut pixels = pixmap.data_as_u8_slice().to_vec();
    for pixel in pixels.chunks_exact_mut(4) {
        pixel.swap(0, 2);
        pixel[3] = 255;
    }
    Ok(Decoded { size, pixels })
}

#[cfg(test)]
mod tests;

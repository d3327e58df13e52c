//! What belongs to the house: its logo, its title, the clock, and the code that leads to its help.

use std::{path::Path, sync::Arc};

use kiosk_call::{Screen, View};
use kiosk_hal::panel::Size;
use qrcode::{EcLevel, QrCode};
use thiserror::Error;
use tiny_skia::{Pixmap, PixmapPaint, PremultipliedColorU8, Transform};

use super::{
    Shown,
    canvas::Canvas,
    screens::left,
    text::Stand,
    theme::{Face, Scale},
};

/// Largest file of a logo, bytes.
const LARGEST_LOGO: u64 = 4 << 20;

/// Widest side of a logo that is read, pixels.
const WIDEST_LOGO: u32 = 4_096;

/// Why a logo is not shown.
#[derive(Debug, Error)]
pub enum LogoError {
    /// The file cannot be read.
    #[error("the logo cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is too large.
    #[error("the logo is larger than 4 MiB or {WIDEST_LOGO} pixels")]
    TooLarge,
    /// It is neither of the two formats.
    #[error("the logo is neither a PNG nor an SVG: {0}")]
    Format(String),
}

/// A logo as it came.
pub(super) enum Logo {
    Pixels(Pixmap),
    Drawing(Box<resvg::usvg::Tree>),
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logo")
    }
}

impl Logo {
    /// From a PNG or SVG file. An SVG gets no text and no pictures from elsewhere.
    pub(super) fn read(path: &Path) -> Result<Self, LogoError> {
        if std::fs::metadata(path)?.len() > LARGEST_LOGO {
            return Err(LogoError::TooLarge);
        }
        let bytes = std::fs::read(path)?;
        let logo = if bytes.starts_with(b"\x89PNG") {
            let pixmap = Pixmap::decode_png(&bytes).map_err(|error| LogoError::Format(error.to_string()))?;
            Self::Pixels(pixmap)
        } else {
            let options = resvg::usvg::Options::default();
            let tree =
                resvg::usvg::Tree::from_data(&bytes, &options).map_err(|error| LogoError::Format(error.to_string()))?;
            Self::Drawing(Box::new(tree))
        };
        let (width, height) = logo.size();
        let widest = super::pixels(WIDEST_LOGO as usize);
        let fits = (1.0..=widest).contains(&width) && (1.0..=widest).contains(&height);
        if fits { Ok(logo) } else { Err(LogoError::TooLarge) }
    }

    fn size(&self) -> (f32, f32) {
        match self {
            Self::Pixels(pixmap) => (super::pixels(pixmap.width() as usize), super::pixels(pixmap.height() as usize)),
            Self::Drawing(tree) => (tree.size().width(), tree.size().height()),
        }
    }

    /// As large as fits, its colours in the order of the panel. None: it would be nothing, or there is no memory.
    fn scaled(&self, most: (f32, f32)) -> Option<Pixmap> {
        let (width, height) = self.size();
        let scale = (most.0 / width).min(most.1 / height);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the panel")]
        let (wide, high) = ((width * scale).round() as u32, (height * scale).round() as u32);
        let mut pixmap = Pixmap::new(wide, high)?;
        let transform = Transform::from_scale(scale, scale);
        match self {
            Self::Pixels(pixels) => {
                let paint = PixmapPaint { quality: tiny_skia::FilterQuality::Bicubic, ..PixmapPaint::default() };
                pixmap.draw_pixmap(0, 0, pixels.as_ref(), &paint, transform, None);
            }
            Self::Drawing(tree) => resvg::render(tree, transform, &mut pixmap.as_mut()),
        }
        for pixel in pixmap.pixels_mut() {
            let (red, green, blue, alpha) = (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha());
            *pixel = PremultipliedColorU8::from_rgba(blue, green, red, alpha).unwrap_or(*pixel);
        }
        Some(pixmap)
    }
}

/// What belongs to the house, in the size of the panel.
#[derive(Debug)]
pub(super) struct Brand {
    size: Size,
    logo: Option<Arc<Pixmap>>,
    title: Option<String>,
    /// To scan, for help.
    pub(super) code: Option<Arc<Pixmap>>,
    help: String,
}

impl Brand {
    /// Nothing yet.
    pub(super) fn new(title: Option<String>) -> Self {
        Self { size: Size { width_px: 0, height_px: 0 }, logo: None, title, code: None, help: String::new() }
    }

    /// Makes the pictures that this size of a panel needs.
    pub(super) fn fit(&mut self, size: Size, logo: Option<&Logo>, help: &str) {
        if self.size == size && self.help == help {
            return;
        }
        let scale = Scale::new(size, false);
        let most = (scale.width * 0.5, 8.0 * scale.unit);
        self.logo = logo.and_then(|logo| logo.scaled(most)).map(Arc::new);
        self.code = code(help, scale.unit).map(Arc::new);
        self.size = size;
        help.clone_into(&mut self.help);
    }
}

/// A QR code with its margin, in black on white whatever the colours of the house are: about 40 units wide.
fn code(content: &str, unit: f32) -> Option<Pixmap> {
    /// Modules around it (ISO/IEC 18004 §5.3.8).
    const MARGIN: usize = 4;
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let across = width + 2 * MARGIN;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the panel")]
    let module = ((40.0 * unit / super::pixels(across)) as usize).max(1);
    let side = u32::try_from(across * module).ok()?;
    let mut pixmap = Pixmap::new(side, side)?;
    let white = PremultipliedColorU8::from_rgba(255, 255, 255, 255)?;
    let black = PremultipliedColorU8::from_rgba(0, 0, 0, 255)?;
    let columns = across * module;
    for (index, pixel) in pixmap.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (index % columns / module, index / columns / module);
        let inside = (MARGIN..MARGIN + width).contains(&x) && (MARGIN..MARGIN + width).contains(&y);
        let is_dark = inside && modules[(y - MARGIN) * width + x - MARGIN] == qrcode::Color::Dark;
        *pixel = if is_dark { black } else { white };
    }
    Some(pixmap)
}

/// Paints the strip at the top: logo, title and clock. What is below is free.
pub(super) fn paint(canvas: &mut Canvas<'_>, brand: &Brand, view: &View, shown: &Shown) -> f32 {
    let scale = canvas.scale;
    let edge = left(canvas);
    let (top, height) = (scale.margin() * 0.8, 8.0 * scale.unit);
    let mut right = scale.width - edge;
    if let (Some((hour, minute)), Screen::Idle { .. } | Screen::OutOfOrder) = (shown.clock, &view.screen) {
        let time = canvas.set(&format!("{hour:02}:{minute:02}"), Face::Heading, scale.width, 1);
        right -= time.width;
        let at = (right, top + (height - time.height) / 2.0);
        canvas.text(&time, at, (Stand::Left, time.width), canvas.palette().quiet);
        right -= scale.gap();
    }
    let mut x = edge;
    if let Some(logo) = &brand.logo {
        let (width, high) = (super::pixels(logo.width() as usize), super::pixels(logo.height() as usize));
        canvas.picture(Arc::clone(logo), (x, top + (height - high) / 2.0));
        x += width + 1.2 * scale.gap();
    }
    let title = match (&brand.title, &brand.logo) {
        (Some(title), _) => title.as_str(),
        (None, Some(_)) => "",
        (None, None) => &view.name,
    };
    if !title.is_empty() && right > x {
        let block = canvas.set(title, Face::BodyBold, right - x, 1);
        let at = (x, top + (height - block.height) / 2.0);
        canvas.text(&block, at, (Stand::Left, block.width), canvas.palette().accent);
    }
    top + height + scale.gap() * 0.6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).expect("is written");
        (directory, path)
    }

    #[test]
    fn logos_of_both_kinds_are_read_and_others_refused_with_a_reason() {
        let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="#ff0000"/></svg>"##;
        let (_keep, path) = file("logo.svg", svg);
        let scaled = Logo::read(&path).expect("is an SVG").scaled((100.0, 20.0)).expect("fits");
        assert_eq!((scaled.width(), scaled.height()), (40, 20));
        let pixel = scaled.pixel(20, 10).expect("inside");
        assert_eq!((pixel.blue(), pixel.red()), (255, 0), "blue first, as the panel has it: red is last");
        let mut pixmap = Pixmap::new(8, 4).expect("is small");
        pixmap.fill(tiny_skia::Color::WHITE);
        let (_keep, path) = file("logo.png", &pixmap.encode_png().expect("encodes"));
        assert!(matches!(Logo::read(&path), Ok(Logo::Pixels(_))));
        for (bytes, said) in [
            (&b"GIF89a"[..], "neither a PNG nor an SVG"),
            (b"\x89PNG broken", "neither a PNG nor an SVG"),
            (br#"<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="9"/>"#, "4 MiB or 4096 pixels"),
        ] {
            let (_keep, path) = file("logo", bytes);
            let error = Logo::read(&path).expect_err("is none").to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(matches!(Logo::read(Path::new("/nowhere")), Err(LogoError::Unreadable(_))));
    }

    #[test]
    fn a_code_has_its_margin_and_fits() {
        let pixmap = code("https://example.org/help", 4.8).expect("is made");
        assert!((100..=192).contains(&pixmap.width()));
        let module = pixmap.width() / 33;
        for at in 0..4 * module {
            assert_eq!(pixmap.pixel(at, at).map(PremultipliedColorU8::red), Some(255), "the margin is white");
        }
        assert_eq!(pixmap.pixel(4 * module, 4 * module).map(PremultipliedColorU8::red), Some(0), "a finder pattern");
        assert!(code(&"x".repeat(9_000), 4.8).is_none(), "what does not fit is no code");
    }
}

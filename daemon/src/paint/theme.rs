//! Colours, sizes and distances.

use kiosk_hal::panel::Size;
use thiserror::Error;
use tiny_skia::Paint;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    red: u8,
    green: u8,
    blue: u8,
    alpha: u8,
}

impl Color {
    /// From `0xRRGGBB`.
    #[must_use]
    pub const fn rgb(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self { red, green, blue, alpha: 255 }
    }

    /// The same, covering only so much of 255.
    pub(super) const fn alpha(self, alpha: u8) -> Self {
        Self { alpha, ..self }
    }

    /// The same, covering only this share, 0 to 1, of what it covers.
    pub(super) fn share(self, share: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a byte's share is a byte")]
        let alpha = (f32::from(self.alpha) * share.clamp(0.0, 1.0)).round() as u8;
        Self { alpha, ..self }
    }

    pub(super) const fn is_opaque(self) -> bool {
        self.alpha == 255
    }

    /// For tiny-skia, with red and blue swapped: the rasteriser treats all channels alike, and so its output is in the order
    /// that the panel wants (`DRM_FORMAT_XRGB8888`).
    pub(super) fn paint(self) -> Paint<'static> {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.shader = tiny_skia::Shader::SolidColor(self.swapped());
        paint
    }

    pub(super) fn swapped(self) -> tiny_skia::Color {
        tiny_skia::Color::from_rgba8(self.blue, self.green, self.red, self.alpha)
    }

    /// What is seen of it, opaque, over something.
    pub(super) fn over(self, below: Self) -> Self {
        let mix = |top: u8, bottom: u8| {
            let (top, bottom, alpha) = (u32::from(top), u32::from(bottom), u32::from(self.alpha));
            u8::try_from((top * alpha + bottom * (255 - alpha) + 127) / 255).expect("a mean of bytes is a byte")
        };
        let (red, green, blue) = (mix(self.red, below.red), mix(self.green, below.green), mix(self.blue, below.blue));
        Self { red, green, blue, alpha: 255 }
    }

    #[cfg(test)]
    pub(super) const fn channels(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }

    /// Relative luminance (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

/// Contrast of two colours (WCAG 2.2, "contrast ratio"): 1 to 21.
fn contrast(one: Color, other: Color) -> f64 {
    let (a, b) = (one.luminance(), other.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2.2, success criterion 1.4.3, level AA: although all our text is large and 3 to 1 would do.
const LEAST_CONTRAST: f64 = 4.5;

/// Colours that cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{what}: the contrast is {}.{} to 1, and WCAG 2.2 AA asks for 4.5 to 1", .tenths / 10, .tenths % 10)]
pub struct PaletteError {
    what: &'static str,
    /// Of the contrast, rounded down.
    tenths: u32,
}

/// All colours of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Behind everything.
    pub(super) ground: Color,
    /// A little nearer than the ground: cards, notices, what the peer says.
    pub(super) raised: Color,
    /// Lines and rings on the ground; carries no text.
    pub(super) line: Color,
    /// Text.
    pub(super) ink: Color,
    /// Text that is less important.
    pub(super) quiet: Color,
    /// What can be done here.
    pub(super) accent: Color,
    /// Text on the accent.
    pub(super) on_accent: Color,
    /// All is well, or answer.
    pub(super) good: Color,
    /// Text on good.
    pub(super) on_good: Color,
    /// Take care.
    pub(super) warn: Color,
    /// Text on warn.
    pub(super) on_warn: Color,
    /// Something failed: marks and text on the ground.
    pub(super) bad: Color,
    /// Hang up, muted, camera off: fills.
    pub(super) stop: Color,
    /// Text on stop.
    pub(super) on_stop: Color,
    /// What was said here.
    pub(super) own: Color,
    /// Over pictures, below text.
    pub(super) scrim: Color,
}

impl Palette {
    /// The accent unless the config says otherwise.
    pub const ACCENT: Color = Color::rgb(0x54_D3C6);
    /// The ground unless the config says otherwise.
    pub const GROUND: Color = Color::rgb(0x0C_1722);

    /// A palette around an accent, a ground and perhaps a colour of text.
    ///
    /// # Errors
    /// If something could not be read in these colours.
    pub fn new(accent: Color, ground: Color, ink: Option<Color>) -> Result<Self, PaletteError> {
        let is_dark = contrast(ground, Color::rgb(0xFF_FFFF)) >= contrast(ground, Color::rgb(0));
        let (light, dark) = (Color::rgb(0xF4_F8FB), Color::rgb(0x0B_141C));
        let ink = ink.unwrap_or(if is_dark { light } else { dark });
        let raised = ink.alpha(if is_dark { 22 } else { 15 }).over(ground);
        let choose = |on_dark: u32, on_light: u32| Color::rgb(if is_dark { on_dark } else { on_light });
        let (good, warn) = (choose(0x62_D98F, 0x0F_6B38), choose(0xFF_C04D, 0x8A_4B00));
        let stop = Color::rgb(0xB8_2A32);
        let palette = Self {
            ground,
            raised,
            line: ink.alpha(44).over(ground),
            ink,
            quiet: ink.alpha(186).over(ground),
            accent,
            on_accent: on(accent),
            good,
            on_good: on(good),
            warn,
            on_warn: on(warn),
            bad: choose(0xFF_8F85, 0xA8_1E26),
            stop,
            on_stop: on(stop),
            own: accent.alpha(if is_dark { 60 } else { 40 }).over(ground),
            scrim: ground.alpha(208),
        };
        palette.must_be_readable()?;
        Ok(palette)
    }

    /// Which text stands on which ground, and what to say if it cannot be read.
    fn pairs(&self) -> [(&'static str, Color, Color); 17] {
        let (text, accent) = ("text on this ground cannot be read", "the accent cannot be read on the ground");
        let (marks, bubble) =
            ("warnings cannot be read on this ground", "text in a bubble of this accent cannot be read");
        [
            (text, self.ink, self.ground),
            (text, self.ink, self.raised),
            (text, self.quiet, self.ground),
            (text, self.quiet, self.raised),
            (accent, self.accent, self.ground),
            (accent, self.accent, self.raised),
            (bubble, self.ink, self.own),
            (bubble, self.quiet, self.own),
            ("text on this accent cannot be read", self.on_accent, self.accent),
            (marks, self.good, self.ground),
            (marks, self.good, self.raised),
            (marks, self.warn, self.ground),
            (marks, self.warn, self.raised),
            (marks, self.bad, self.ground),
            (marks, self.on_good, self.good),
            (marks, self.on_warn, self.warn),
            (marks, self.on_stop, self.stop),
        ]
    }

    fn must_be_readable(&self) -> Result<(), PaletteError> {
        for (what, text, ground) in self.pairs() {
            let contrast = contrast(text, ground);
            if contrast < LEAST_CONTRAST {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 21, in tenths")]
                let tenths = (contrast * 10.0) as u32;
                return Err(PaletteError { what, tenths });
            }
        }
        Ok(())
    }
}

impl Default for Palette {
    fn default() -> Self {
        Self::new(Self::ACCENT, Self::GROUND, None).expect("a test reads it")
    }
}

/// Text on a fill: a dark or a light tint of it, whichever is read better.
fn on(fill: Color) -> Color {
    let (dark, light) = (Color::rgb(0).alpha(216).over(fill), Color::rgb(0xFF_FFFF).alpha(244).over(fill));
    if contrast(dark, fill) >= contrast(light, fill) { dark } else { light }
}

/// Sizes and distances on a panel, in pixels. All grow with the panel's shorter side, because that is what grows with the
/// distance from which people look at it: the smallest text
/// that is for who is not within reach is 4.4 % of it, 4 mm on a panel of 7 inches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) width: f32,
    pub(super) height: f32,
    /// 1 % of the shorter side.
    pub(super) unit: f32,
    /// Of text, in units: more than 1 if the config asks for large text.
    pub(super) text: f32,
}

impl Scale {
    /// How much larger large text is.
    const LARGE: f32 = 1.22;

    #[expect(clippy::cast_precision_loss, reason = "panels have at most 7680 pixels a side")]
    pub(super) fn new(size: Size, large_text: bool) -> Self {
        let (width, height) = (size.width_px as f32, size.height_px as f32);
        Self { width, height, unit: width.min(height) / 100.0, text: if large_text { Self::LARGE } else { 1.0 } }
    }

    pub(super) fn is_portrait(&self) -> bool {
        self.height > self.width
    }

    /// Distance of everything from the panel's edges.
    pub(super) fn margin(&self) -> f32 {
        5.4 * self.unit
    }

    /// Distance between things that belong together.
    pub(super) fn gap(&self) -> f32 {
        2.2 * self.unit
    }

    /// Shortest side of what a finger is to hit: 9 mm on a panel of 7 inches (its shorter side is 86 mm), and more on larger ones.
    pub(super) fn finger(&self) -> f32 {
        11.0 * self.unit
    }

    /// Pixels of a font.
    pub(super) fn font(&self, face: Face) -> f32 {
        (face.size() * self.unit * self.text).max(1.0)
    }
}

/// The type scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    /// Digits that are compared.
    Digits,
    /// What the screen is about.
    Display,
    /// The same, when it is long.
    Title,
    /// What a card is about.
    Heading,
    /// Sentences.
    Body,
    /// Sentences that must be seen.
    BodyBold,
    /// What to press.
    Action,
    /// Chips, notices.
    Label,
    /// Chips that must be seen.
    LabelBold,
    /// On the buttons of a touch screen, and beside what is read from there: by who stands within reach.
    Caption,
}

impl Face {
    /// Font size in units of [`Scale::unit`].
    pub(super) const fn size(self) -> f32 {
        match self {
            Self::Digits => 15.0,
            Self::Display => 11.5,
            Self::Title => 8.6,
            Self::Heading => 6.8,
            Self::Body | Self::BodyBold => 5.6,
            Self::Action => 5.2,
            Self::Label | Self::LabelBold => 4.4,
            Self::Caption => 3.5,
        }
    }

    pub(super) const fn is_bold(self) -> bool {
        match self {
            Self::Digits
            | Self::Display
            | Self::Title
            | Self::Heading
            | Self::BodyBold
            | Self::Action
            | Self::LabelBold
            | Self::Caption => true,
            Self::Body | Self::Label => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_readable_on_its_ground() {
        Palette::default().must_be_readable().expect("the default colours are readable");
    }

    #[test]
    fn the_colours_of_a_house_are_taken_or_refused_with_a_reason() {
        let palette = |accent, ground| Palette::new(Color::rgb(accent), Color::rgb(ground), None);
        for (accent, ground) in [(0xFF_D100, 0x10_1820), (0x00_5EB8, 0xFF_FFFF), (0x9B_D3FF, 0x1A_0B2E)] {
            palette(accent, ground).expect("is readable");
        }
        for (accent, ground, said) in [
            (0x00_5EB8, 0x0C_1722, "the accent cannot be read on the ground"),
            (0x54_D3C6, 0x77_7777, "text on this ground cannot be read"),
            (0xFF_FF00, 0xFF_FFFF, "the accent cannot be read on the ground"),
        ] {
            let error = palette(accent, ground).expect_err("cannot be read").to_string();
            assert!(error.starts_with(said) && error.ends_with("WCAG 2.2 AA asks for 4.5 to 1"), "{error}");
        }
        let pale = Palette::new(Palette::ACCENT, Palette::GROUND, Some(Color::rgb(0x44_5566)));
        assert!(pale.is_err());
    }

    #[test]
    fn text_over_a_picture_is_readable_whatever_it_shows() {
        let palette = Palette::default();
        for picture in [Color::rgb(0), Color::rgb(0xFF_FFFF), Color::rgb(0xFF_FF00), Color::rgb(0x00_FF00)] {
            for text in [palette.ink, palette.quiet, palette.good, palette.accent, palette.warn] {
                let ground = palette.scrim.over(picture);
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {:.2}", contrast(text, ground));
            }
        }
    }

    /// WCAG 2.2, success criterion 1.4.11: marks that carry meaning, 3 to 1.
    #[test]
    fn marks_are_seen() {
        let palette = Palette::default();
        let fills = [palette.accent, palette.good, palette.warn, palette.bad];
        for mark in fills {
            assert!(contrast(mark, palette.ground) >= 3.0, "{mark:?}");
            assert!(contrast(mark, palette.line) >= 3.0, "{mark:?} on its track");
        }
    }

    #[test]
    fn contrast_is_computed_as_the_standard_does() {
        assert!((contrast(Color::rgb(0), Color::rgb(0xFF_FFFF)) - 21.0).abs() < 0.01);
        assert!((contrast(Color::rgb(0x77_7777), Color::rgb(0xFF_FFFF)) - 4.48).abs() < 0.01);
    }
}

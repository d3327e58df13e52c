//! Colours, sizes and distances.

use kiosk_hal::panel::Size;
use tiny_skia::Paint;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color {
    red: u8,
    green: u8,
    blue: u8,
    alpha: u8,
}

impl Color {
    const fn rgb(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self { red, green, blue, alpha: 255 }
    }

    /// The same, covering only so much of 255.
    pub(super) const fn alpha(self, alpha: u8) -> Self {
        Self { alpha, ..self }
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
    #[cfg(test)]
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
    #[cfg(test)]
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

/// Behind everything.
pub(super) const GROUND: Color = Color::rgb(0x0C_1722);
/// A little nearer than the ground: notices, what the peer says.
pub(super) const RAISED: Color = Color::rgb(0x1B_2E3D);
/// Lines and rings on the ground; carries no text.
pub(super) const LINE: Color = Color::rgb(0x2C_4557);
/// Text.
pub(super) const INK: Color = Color::rgb(0xF4_F8FB);
/// Text that is less important.
pub(super) const QUIET: Color = Color::rgb(0xB4_C5D1);
/// What can be done here.
pub(super) const ACCENT: Color = Color::rgb(0x54_D3C6);
/// Text on [`ACCENT`].
pub(super) const ON_ACCENT: Color = Color::rgb(0x04_211E);
/// All is well, or answer.
pub(super) const GOOD: Color = Color::rgb(0x62_D98F);
/// Text on [`GOOD`].
pub(super) const ON_GOOD: Color = Color::rgb(0x03_2310);
/// Take care.
pub(super) const WARN: Color = Color::rgb(0xFF_C04D);
/// Text on [`WARN`].
pub(super) const ON_WARN: Color = Color::rgb(0x2B_1B00);
/// Something failed: marks and text on the ground.
pub(super) const BAD: Color = Color::rgb(0xFF_8F85);
/// Muted, camera off: fills.
pub(super) const STOP: Color = Color::rgb(0xB8_2A32);
/// Text on [`STOP`].
pub(super) const ON_STOP: Color = Color::rgb(0xFF_FFFF);
/// What was said here.
pub(super) const OWN: Color = Color::rgb(0x1A_5F59);
/// Over the remote picture, below text.
pub(super) const SCRIM: Color = GROUND.alpha(204);

/// Sizes and distances on a panel, in pixels. All grow with the panel's shorter side, because that is what grows with the
/// distance from which people look at it: the smallest text is 4.6 % of it, 4 mm on a panel of 7 inches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) width: f32,
    pub(super) height: f32,
    /// 1 % of the shorter side.
    pub(super) unit: f32,
}

impl Scale {
    #[expect(clippy::cast_precision_loss, reason = "panels have at most 7680 pixels a side")]
    pub(super) fn new(size: Size) -> Self {
        let (width, height) = (size.width_px as f32, size.height_px as f32);
        Self { width, height, unit: width.min(height) / 100.0 }
    }

    pub(super) fn is_portrait(&self) -> bool {
        self.height > self.width
    }

    /// Distance of everything from the panel's edges.
    pub(super) fn margin(&self) -> f32 {
        6.0 * self.unit
    }

    /// Distance between things that belong together.
    pub(super) fn gap(&self) -> f32 {
        2.2 * self.unit
    }
}

/// The type scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// What the screen is about.
    Display,
    /// The same, when it is long.
    Title,
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
}

impl Face {
    /// Font size in units of [`Scale::unit`].
    pub(super) const fn size(self) -> f32 {
        match self {
            Self::Display => 11.5,
            Self::Title => 8.6,
            Self::Body | Self::BodyBold => 5.8,
            Self::Action => 5.0,
            Self::Label | Self::LabelBold => 4.6,
        }
    }

    pub(super) const fn is_bold(self) -> bool {
        match self {
            Self::Display | Self::Title | Self::BodyBold | Self::Action | Self::LabelBold => true,
            Self::Body | Self::Label => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(text: Color, ground: Color) -> f64 {
        let (a, b) = (text.luminance(), ground.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, success criterion 1.4.3: 4.5 to 1, although all our text is large and 3 to 1 would do.
    #[test]
    fn every_text_is_readable_on_its_ground() {
        let pairs = [
            (INK, GROUND),
            (QUIET, GROUND),
            (ACCENT, GROUND),
            (GOOD, GROUND),
            (WARN, GROUND),
            (BAD, GROUND),
            (INK, RAISED),
            (QUIET, RAISED),
            (WARN, RAISED),
            (INK, OWN),
            (ON_ACCENT, ACCENT),
            (ON_GOOD, GOOD),
            (ON_WARN, WARN),
            (ON_STOP, STOP),
        ];
        for (text, ground) in pairs {
            assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {:.2}", contrast(text, ground));
        }
    }

    #[test]
    fn text_over_a_picture_is_readable_whatever_it_shows() {
        for picture in [Color::rgb(0), Color::rgb(0xFF_FFFF), Color::rgb(0xFF_FF00), Color::rgb(0x00_FF00)] {
            for text in [INK, QUIET, GOOD] {
                let ground = SCRIM.over(picture);
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {:.2}", contrast(text, ground));
            }
        }
    }

    /// WCAG 2.2, success criterion 1.4.11: marks that carry meaning, 3 to 1.
    #[test]
    fn marks_are_seen() {
        for (mark, ground) in [(ACCENT, GROUND), (GOOD, GROUND), (WARN, GROUND), (BAD, GROUND), (GOOD, RAISED)] {
            assert!(contrast(mark, ground) >= 3.0, "{mark:?} on {ground:?}");
        }
    }

    #[test]
    fn contrast_is_computed_as_the_standard_does() {
        assert!((contrast(Color::rgb(0), Color::rgb(0xFF_FFFF)) - 21.0).abs() < 0.01);
        assert!((contrast(Color::rgb(0x77_7777), Color::rgb(0xFF_FFFF)) - 4.48).abs() < 0.01);
    }
}

//! How large, how often and with how many bits pictures are encoded: a function of what is sent, what it is to be good at, and the
//! configuration. `docs/media.md` has the table.

use kiosk_call::{Quality, VideoSource};

use crate::VideoSettings;

/// Pictures of documents, a second, at most: papers rest, and every picture gets twice the bits.
const DOCUMENT_RATE: u32 = 15;
/// Pictures of the panel, a second, at most.
pub(crate) const PANEL_RATE: u32 = 10;
/// Pictures that save data, a second, at most, and their size in pixels (320 × 240).
const SAVER_RATE: u32 = 15;
const SAVER_PIXELS: u32 = 320 * 240;
/// What is read from another source than the camera is useless at that size: this many pixels at most (960 × 540).
const SAVER_TEXT_PIXELS: u32 = 960 * 540;
/// A share of the bits for whoever saves data.
const SAVER_SHARE: u32 = 3;
/// Neither side of a picture may be longer, and not both this long.
const LONG: u32 = 1920;
const SHORT: u32 = 1080;

/// What encoders make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Size, pictures a second, bits a second; codecs as configured.
    pub(crate) settings: VideoSettings,
    /// Edges matter more than movement.
    pub(crate) is_text: bool,
}

impl Shape {
    /// For pictures that come in this size.
    pub(crate) fn of(source: VideoSource, quality: Quality, configured: &VideoSettings, native: (u32, u32)) -> Self {
        let full = bounded(native);
        let half = (full.0 / 2, full.1 / 2);
        let is_camera = source == VideoSource::Camera;
        let (size, rate) = match (source, quality) {
            (VideoSource::Camera, Quality::Auto) => (full, configured.framerate),
            (_, Quality::Smooth) => (half, configured.framerate),
            (VideoSource::Camera, Quality::DataSaver) => (at_most(full, SAVER_PIXELS), SAVER_RATE),
            (_, Quality::DataSaver) => (at_most(full, SAVER_TEXT_PIXELS), PANEL_RATE),
            (_, Quality::Sharp | Quality::Auto) => (full, DOCUMENT_RATE),
        };
        let rate = if source == VideoSource::Panel { rate.min(PANEL_RATE) } else { rate };
        let share = if quality == Quality::DataSaver { SAVER_SHARE } else { 1 };
        let (width, height) = even(size);
        Self {
            settings: VideoSettings {
                width,
                height,
                framerate: rate.min(configured.framerate).max(1),
                bitrate_bps: configured.bitrate_bps / share,
                codec: configured.codec.clone(),
            },
            is_text: !is_camera && quality != Quality::Smooth || quality == Quality::Sharp,
        }
    }

    /// The same, not larger than what encoders were tried with: one has refused the larger size.
    pub(crate) fn limited(mut self, configured: &VideoSettings) -> Self {
        let size = at_most((self.settings.width, self.settings.height), pixels((configured.width, configured.height)));
        (self.settings.width, self.settings.height) = even(size);
        self
    }

    /// Larger than what encoders were tried with.
    pub(crate) const fn exceeds(&self, configured: &VideoSettings) -> bool {
        pixels((self.settings.width, self.settings.height)) > pixels((configured.width, configured.height))
    }

    /// A running encoder can be told the difference.
    pub(crate) fn differs_in_bitrate_only(&self, other: &Self) -> bool {
        let bitrate_bps = other.settings.bitrate_bps;
        Self { settings: VideoSettings { bitrate_bps, ..self.settings.clone() }, ..*self } == *other
    }

    /// Width and height, pixels.
    pub(crate) const fn size(&self) -> (u32, u32) {
        (self.settings.width, self.settings.height)
    }
}

const fn pixels((width, height): (u32, u32)) -> u32 {
    width.saturating_mul(height)
}

/// Sides even, as 4:2:0 wants them, and at least two pixels.
fn even((width, height): (u32, u32)) -> (u32, u32) {
    ((width & !1).max(2), (height & !1).max(2))
}

/// Full HD at most, upright or not, in the same proportions.
fn bounded((width, height): (u32, u32)) -> (u32, u32) {
    let (long, short) = (width.max(height), width.min(height));
    let (of, to) = if u64::from(long) * u64::from(SHORT) >= u64::from(short) * u64::from(LONG) {
        (long, LONG)
    } else {
        (short, SHORT)
    };
    if of <= to { (width, height) } else { (scaled(width, to, of), scaled(height, to, of)) }
}

fn scaled(side: u32, by: u32, of: u32) -> u32 {
    u32::try_from(u64::from(side) * u64::from(by) / u64::from(of.max(1))).unwrap_or(u32::MAX)
}

/// In the same proportions, no more than so many pixels.
fn at_most((width, height): (u32, u32), most: u32) -> (u32, u32) {
    let area = u64::from(width) * u64::from(height);
    if area <= u64::from(most) {
        return (width, height);
    }
    // width² · most / area, so that width · height is just below `most`.
    let wide = (u64::from(width) * u64::from(width) * u64::from(most) / area).isqrt();
    let wide = u32::try_from(wide).unwrap_or(width);
    (wide, scaled(height, wide, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: VideoSettings =
        VideoSettings { width: 1280, height: 720, framerate: 30, bitrate_bps: 1_500_000, codec: Vec::new() };

    fn shape(source: VideoSource, quality: Quality, native: (u32, u32)) -> (u32, u32, u32, u32, bool) {
        let Shape { settings, is_text } = Shape::of(source, quality, &CONFIGURED, native);
        (settings.width, settings.height, settings.framerate, settings.bitrate_bps, is_text)
    }

    #[test]
    fn the_camera_is_as_the_table_says() {
        let of = |quality| shape(VideoSource::Camera, quality, (1280, 720));
        assert_eq!(of(Quality::Auto), (1280, 720, 30, 1_500_000, false));
        assert_eq!(of(Quality::DataSaver), (368, 206, 15, 500_000, false));
        assert_eq!(of(Quality::Sharp), (1280, 720, 15, 1_500_000, true));
        assert_eq!(of(Quality::Smooth), (640, 360, 30, 1_500_000, false));
        assert_eq!(shape(VideoSource::Camera, Quality::DataSaver, (640, 480)), (320, 240, 15, 500_000, false));
    }

    #[test]
    fn documents_and_the_panel_are_as_the_table_says() {
        let document = |quality| shape(VideoSource::Document, quality, (1920, 1080));
        assert_eq!(document(Quality::Auto), (1920, 1080, 15, 1_500_000, true));
        assert_eq!(document(Quality::Sharp), (1920, 1080, 15, 1_500_000, true));
        assert_eq!(document(Quality::Smooth), (960, 540, 30, 1_500_000, false));
        assert_eq!(document(Quality::DataSaver), (960, 540, 10, 500_000, true));
        let panel = |quality| shape(VideoSource::Panel, quality, (1080, 1920));
        assert_eq!(panel(Quality::Auto), (1080, 1920, 10, 1_500_000, true));
        assert_eq!(panel(Quality::Sharp), (1080, 1920, 10, 1_500_000, true));
        assert_eq!(panel(Quality::Smooth), (540, 960, 10, 1_500_000, false));
        assert_eq!(panel(Quality::DataSaver), (540, 960, 10, 500_000, true));
    }

    #[test]
    fn nothing_is_larger_than_full_hd_and_proportions_stay() {
        for (native, size) in [
            ((3840, 2160), (1920, 1080)),
            ((2160, 3840), (1080, 1920)),
            ((2560, 1080), (1920, 810)),
            ((1600, 1200), (1440, 1080)),
            ((1366, 768), (1366, 768)),
            ((1365, 767), (1364, 766)),
            ((1, 1), (2, 2)),
            ((u32::MAX, 1), (1920, 2)),
        ] {
            let (width, height, ..) = shape(VideoSource::Panel, Quality::Auto, native);
            assert_eq!((width, height), size, "{native:?}");
        }
    }

    #[test]
    fn an_encoder_that_refuses_full_hd_gets_what_it_was_tried_with() {
        let shape = Shape::of(VideoSource::Panel, Quality::Auto, &CONFIGURED, (1920, 1080));
        assert!(shape.exceeds(&CONFIGURED));
        let limited = shape.limited(&CONFIGURED);
        assert_eq!(limited.size(), (1280, 720));
        assert!(!limited.exceeds(&CONFIGURED));
    }
}

//! Which of the pictures that a camera offers to ask it for.

use super::{Format, FourCc, PictureSize, Rate, Rates, SizeOffer};

/// What a call would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
    /// Frames a second.
    pub framerate: u32,
}

/// What to ask a camera for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Format.
    pub fourcc: FourCc,
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
    /// None: the driver does not say which it has.
    pub rate: Option<Rate>,
    /// Why this one, for people.
    pub why: String,
}

/// What has to be done to a format until it is planar YUV with quarter colour (I420), which encoders take; cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Conversion {
    Nothing,
    /// Planes are split, joined or swapped.
    Planes,
    /// Every second row of colour is dropped.
    Rows,
    /// JPEG is decoded.
    Jpeg,
    /// Every pixel is computed anew.
    Colours,
}

impl Conversion {
    /// None: it cannot become a picture of a call. Bayer patterns need an image signal processor first. H.264 from a camera
    /// could only be passed on as it is, and a call sets bit rate and key units by itself.
    const fn of(fourcc: FourCc) -> Option<Self> {
        Some(match &fourcc.0 {
            b"YU12" | b"YM12" => Self::Nothing,
            b"NV12" | b"NM12" | b"NV21" | b"YV12" => Self::Planes,
            b"YUYV" | b"UYVY" | b"YVYU" | b"VYUY" | b"422P" | b"NV16" => Self::Rows,
            b"MJPG" | b"JPEG" => Self::Jpeg,
            b"RGB3" | b"BGR3" | b"RGBP" | b"BGR4" | b"RGB4" | b"XR24" => Self::Colours,
            _ => return None,
        })
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "as encoders take it",
            Self::Planes => "planes rearranged",
            Self::Rows => "colour halved",
            Self::Jpeg => "decoded from JPEG",
            Self::Colours => "colours converted",
        }
    }
}

/// A call can use this format.
pub(super) const fn is_usable(fourcc: FourCc) -> bool {
    Conversion::of(fourcc).is_some()
}

/// How a size compares with the wanted one; best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    /// Covers it, with so many pixels.
    Larger(u64),
    /// Does not cover it, and lacks so many pixels (or as many as none, if it is only of another shape).
    Smaller(u64),
}

impl Fit {
    fn of((width, height): (u32, u32), wanted: Wanted) -> Self {
        let pixels = |width, height| u64::from(width) * u64::from(height);
        if (width, height) == (wanted.width_px, wanted.height_px) {
            Self::Exact
        } else if width >= wanted.width_px && height >= wanted.height_px {
            Self::Larger(pixels(width, height))
        } else {
            let covered = pixels(width.min(wanted.width_px), height.min(wanted.height_px));
            Self::Smaller(pixels(wanted.width_px, wanted.height_px).saturating_sub(covered))
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Exact => "the wanted size",
            Self::Larger(_) => "the smallest that covers the wanted size",
            Self::Smaller(_) => "the nearest to the wanted size, which it does not reach",
        }
    }
}

/// How a rate compares with the wanted one; best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pace {
    Enough,
    Unknown,
    /// At least half of it.
    Slow,
    /// Less than half of it: rather another size than this.
    Poor,
}

impl Pace {
    fn of(rate: Option<Rate>, framerate: u32) -> Self {
        let is_below = |denominator| Rate::new(framerate, denominator).is_some_and(|limit| rate < Some(limit));
        match rate {
            None => Self::Unknown,
            Some(_) if is_below(2) => Self::Poor,
            Some(_) if is_below(1) => Self::Slow,
            Some(_) => Self::Enough,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Enough => "fast enough",
            Self::Unknown => "at a rate that the driver does not tell",
            Self::Slow => "slower than wanted",
            Self::Poor => "much slower than wanted",
        }
    }
}

/// The size nearest to the wanted one that an offer has, larger rather than smaller.
fn nearest(size: PictureSize, wanted: Wanted) -> (u32, u32) {
    match size {
        PictureSize::Discrete { width_px, height_px } => (width_px, height_px),
        PictureSize::Range { min_px, max_px, step_px } => {
            let side = |wanted: u32, min: u32, max: u32, step: u32| {
                let steps = wanted.saturating_sub(min).div_ceil(step.max(1));
                let last = max.saturating_sub(min) / step.max(1);
                min.saturating_add(steps.min(last).saturating_mul(step))
            };
            (
                side(wanted.width_px, min_px.0, max_px.0, step_px.0),
                side(wanted.height_px, min_px.1, max_px.1, step_px.1),
            )
        }
    }
}

/// The slowest rate that is enough, else the fastest.
fn nearest_rate(rates: &[Rates], framerate: u32) -> Option<Rate> {
    let wanted = Rate::new(framerate, 1)?;
    let nearest = rates.iter().map(|rates| match *rates {
        Rates::Discrete(rate) => rate,
        Rates::Range { least, most } => wanted.max(least).min(most),
    });
    let (enough, slow): (Vec<_>, Vec<_>) = nearest.partition(|rate| *rate >= wanted);
    enough.into_iter().min().or_else(|| slow.into_iter().max())
}

struct Candidate {
    fourcc: FourCc,
    size_px: (u32, u32),
    rate: Option<Rate>,
    fit: Fit,
    pace: Pace,
    conversion: Conversion,
}

impl Candidate {
    fn new(fourcc: FourCc, offer: &SizeOffer, wanted: Wanted) -> Option<Self> {
        let conversion = Conversion::of(fourcc)?;
        let size_px = nearest(offer.size, wanted);
        let rate = nearest_rate(&offer.rates, wanted.framerate);
        let (fit, pace) = (Fit::of(size_px, wanted), Pace::of(rate, wanted.framerate));
        (size_px.0 > 0 && size_px.1 > 0).then_some(Self { fourcc, size_px, rate, fit, pace, conversion })
    }

    /// Least is best. A poor rate is worse than any size; otherwise the size counts first, then the rate, then the work.
    fn order(&self) -> (bool, Fit, Pace, Conversion) {
        (self.pace == Pace::Poor, self.fit, self.pace, self.conversion)
    }

    fn mode(self) -> Mode {
        let mut reasons = vec![self.fit.words(), self.pace.words(), self.conversion.words()];
        if self.fit != Fit::Exact {
            reasons.push("scaled");
        }
        let (width_px, height_px) = self.size_px;
        Mode { fourcc: self.fourcc, width_px, height_px, rate: self.rate, why: reasons.join(", ") }
    }
}

/// The mode with the least to be done to its pictures: of the wanted size, else the smallest that covers it, else the nearest;
/// of that the one that is fast enough, else the fastest; of that the cheapest format. What comes at less than half the wanted
/// rate is only taken if everything does. None, if no format can be used.
#[must_use]
pub fn choose_mode(formats: &[Format], wanted: Wanted) -> Option<Mode> {
    let offers = formats.iter().flat_map(|format| format.sizes.iter().map(|offer| (format.fourcc, offer)));
    let candidates = offers.filter_map(|(fourcc, offer)| Candidate::new(fourcc, offer, wanted));
    // Of two that are slow, the faster one.
    candidates
        .reduce(|best, next| {
            let is_better = match next.order().cmp(&best.order()) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => next.pace > Pace::Unknown && next.rate > best.rate,
                std::cmp::Ordering::Greater => false,
            };
            if is_better { next } else { best }
        })
        .map(Candidate::mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VGA: Wanted = Wanted { width_px: 640, height_px: 480, framerate: 30 };
    const HD: Wanted = Wanted { width_px: 1280, height_px: 720, framerate: 30 };

    fn fixed(width_px: u32, height_px: u32, rates: &[u32]) -> SizeOffer {
        let rates = rates.iter().filter_map(|rate| Rate::new(*rate, 1)).map(Rates::Discrete).collect();
        SizeOffer { size: PictureSize::Discrete { width_px, height_px }, rates }
    }

    fn format(fourcc: &[u8; 4], sizes: Vec<SizeOffer>) -> Format {
        Format { fourcc: FourCc(*fourcc), description: String::new(), sizes }
    }

    /// `YUYV 640x480@30`, or nothing.
    fn chosen(formats: &[Format], wanted: Wanted) -> String {
        let written = |mode: Mode| {
            let rate = mode.rate.map_or_else(|| "?".to_owned(), |rate| rate.to_string());
            format!("{} {}x{}@{rate}", mode.fourcc, mode.width_px, mode.height_px)
        };
        choose_mode(formats, wanted).map(written).unwrap_or_default()
    }

    #[test]
    fn an_everyday_webcam() {
        let camera = [
            format(b"MJPG", vec![fixed(1920, 1080, &[30, 15]), fixed(640, 480, &[30]), fixed(1280, 720, &[60, 30])]),
            format(b"YUYV", vec![fixed(640, 480, &[5, 30, 15]), fixed(1280, 720, &[5]), fixed(1920, 1080, &[2])]),
        ];
        assert_eq!(chosen(&camera, VGA), "YUYV 640x480@30", "raw before JPEG");
        assert_eq!(chosen(&camera, HD), "MJPG 1280x720@30", "five a second are no call; not more than wanted");
        assert_eq!(chosen(&camera, Wanted { framerate: 60, ..HD }), "MJPG 1280x720@60");
        assert_eq!(chosen(&camera, Wanted { framerate: 15, ..VGA }), "YUYV 640x480@15");
        assert_eq!(chosen(&camera, Wanted { framerate: 9, ..VGA }), "YUYV 640x480@15", "the slowest that is enough");
        let mode = choose_mode(&camera, HD).expect("one");
        assert_eq!(mode.why, "the wanted size, fast enough, decoded from JPEG");
    }

    #[test]
    fn the_least_conversion_wins() {
        let size = || vec![fixed(640, 480, &[30])];
        let all = [b"RGB3", b"MJPG", b"YUYV", b"NV12", b"YU12"].map(|fourcc| format(fourcc, size()));
        for last in (1..=all.len()).rev() {
            assert_eq!(chosen(&all[..last], VGA), format!("{} 640x480@30", all[last - 1].fourcc));
        }
        let backwards: Vec<_> = all.iter().rev().cloned().collect();
        assert_eq!(chosen(&backwards, VGA), "YU12 640x480@30", "not by the driver's order");
    }

    #[test]
    fn only_jpeg_at_1080p() {
        let camera = [format(b"MJPG", vec![fixed(1920, 1080, &[30])])];
        assert_eq!(chosen(&camera, VGA), "MJPG 1920x1080@30");
        let why = choose_mode(&camera, VGA).expect("one").why;
        assert_eq!(why, "the smallest that covers the wanted size, fast enough, decoded from JPEG, scaled");
    }

    #[test]
    fn raw_that_is_too_slow_is_passed_over_for_another_size() {
        let raw = format(b"YUYV", vec![fixed(1280, 720, &[5]), fixed(640, 360, &[30])]);
        assert_eq!(chosen(std::slice::from_ref(&raw), HD), "YUYV 640x360@30");
        assert_eq!(chosen(&[raw, format(b"MJPG", vec![fixed(1920, 1080, &[30])])], HD), "MJPG 1920x1080@30");
        let slow = [format(b"YUYV", vec![fixed(1280, 720, &[5]), fixed(1920, 1080, &[2])])];
        assert_eq!(chosen(&slow, HD), "YUYV 1280x720@5", "if all are slow, by size");
    }

    #[test]
    fn the_smallest_that_covers_else_the_nearest() {
        let camera = [format(b"YUYV", vec![fixed(320, 240, &[30]), fixed(1600, 1200, &[30]), fixed(800, 600, &[30])])];
        assert_eq!(chosen(&camera, VGA), "YUYV 800x600@30");
        let small = [format(b"YUYV", vec![fixed(160, 120, &[30]), fixed(640, 360, &[30]), fixed(352, 288, &[30])])];
        assert_eq!(chosen(&small, VGA), "YUYV 640x360@30");
    }

    #[test]
    fn sizes_in_steps_and_any_rate() {
        let range = |min_px, max_px, step_px, least, most| {
            let rate = |numerator| Rate::new(numerator, 1).expect("not 0");
            let rates = vec![Rates::Range { least: rate(least), most: rate(most) }];
            vec![SizeOffer { size: PictureSize::Range { min_px, max_px, step_px }, rates }]
        };
        let stepwise = [format(b"YU12", range((32, 32), (2592, 1944), (2, 2), 1, 90))];
        assert_eq!(chosen(&stepwise, VGA), "YU12 640x480@30");
        assert_eq!(chosen(&stepwise, Wanted { width_px: 3840, height_px: 2160, framerate: 30 }), "YU12 2592x1944@30");
        let coarse = [format(b"YUYV", range((48, 32), (2000, 2000), (64, 100), 1, 20))];
        assert_eq!(chosen(&coarse, VGA), "YUYV 688x532@20", "rounded up to the next step");
        assert_eq!(chosen(&coarse, Wanted { width_px: 16, height_px: 16, framerate: 9 }), "YUYV 48x32@9");
        let odd = [format(b"YUYV", range((640, 480), (640, 480), (0, 0), 30, 30))];
        assert_eq!(chosen(&odd, HD), "YUYV 640x480@30", "a step of 0 divides nothing");
        let wrong = [format(b"YUYV", range((640, 480), (0, 0), (16, 16), 30, 30))];
        assert_eq!(chosen(&wrong, HD), "YUYV 640x480@30", "an upside-down range");
    }

    #[test]
    fn of_two_slow_ones_the_faster() {
        let camera = [format(b"YUYV", vec![fixed(640, 480, &[15])]), format(b"UYVY", vec![fixed(640, 480, &[20])])];
        assert_eq!(chosen(&camera, VGA), "UYVY 640x480@20");
        let mixed = [format(b"YUYV", vec![fixed(640, 480, &[15])]), format(b"MJPG", vec![fixed(640, 480, &[30])])];
        assert_eq!(chosen(&mixed, VGA), "MJPG 640x480@30", "enough before cheap");
    }

    #[test]
    fn a_driver_that_tells_no_rates() {
        let camera = [format(b"UYVY", vec![fixed(640, 480, &[])])];
        assert_eq!(chosen(&camera, VGA), "UYVY 640x480@?");
        let known = [camera[0].clone(), format(b"MJPG", vec![fixed(640, 480, &[30])])];
        assert_eq!(chosen(&known, VGA), "MJPG 640x480@30");
    }

    #[test]
    fn what_cannot_become_a_call() {
        let sizes = || vec![fixed(640, 480, &[30])];
        for fourcc in [b"BA81", b"pBAA", b"H264", b"HEVC", b"Y16 ", b"\0\x01\xff "] {
            assert_eq!(chosen(&[format(fourcc, sizes())], VGA), "", "{}", FourCc(*fourcc));
        }
        assert_eq!(chosen(&[format(b"YUYV", Vec::new())], VGA), "", "no sizes");
        assert_eq!(chosen(&[format(b"YUYV", vec![fixed(0, 0, &[30])])], VGA), "", "an empty picture");
        assert_eq!(chosen(&[], VGA), "");
    }
}

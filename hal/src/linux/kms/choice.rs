//! Which connector, which mode, which planes: decided from plain data.

use std::{fmt, str::FromStr};

use crate::{compose::Place, panel::Size};

/// The largest mode that "auto" takes, in pixels: 1920x1200. A 4K picture is four times the work of a 1080p one.
const AUTO_PIXELS: u64 = 1_920 * 1_200;

/// Which mode is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeWish {
    /// The monitor's own, unless it is larger than 1920x1200 pixels: then the largest that is not.
    #[default]
    Auto,
    /// This one, or the largest that fits.
    Size {
        /// Pixels.
        size: Size,
        /// Frames a second; None: any.
        hertz: Option<u32>,
    },
}

/// A text that is no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write auto, WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ")]
pub struct NoMode;

impl FromStr for ModeWish {
    type Err = NoMode;

    fn from_str(text: &str) -> Result<Self, NoMode> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let (size, hertz) = match text.split_once('@') {
            Some((size, hertz)) => (size, Some(hertz.parse().ok().filter(|hertz| *hertz > 0).ok_or(NoMode)?)),
            None => (text, None),
        };
        let (width, height) = size.split_once('x').ok_or(NoMode)?;
        let side = |text: &str| text.parse().map_err(|_| NoMode);
        let size = Size::new(side(width)?, side(height)?).ok_or(NoMode)?;
        Ok(Self::Size { size, hertz })
    }
}

/// How far the picture is turned, clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Not at all.
    #[default]
    None,
    /// The top is on the right.
    Quarter,
    /// Upside down.
    Half,
    /// The top is on the left.
    ThreeQuarters,
}

impl Rotation {
    /// From 0, 90, 180 or 270.
    #[must_use]
    pub const fn from_degrees(degrees: i64) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }

    /// The bit of the plane property `rotation` (`drm_mode.h`), which turns counter-clockwise.
    pub(super) const fn property_bit(self) -> u64 {
        match self {
            Self::None => 1,
            Self::ThreeQuarters => 1 << 1,
            Self::Half => 1 << 2,
            Self::Quarter => 1 << 3,
        }
    }

    const fn is_sideways(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }

    /// The size of what is turned, of a mode's size, and the other way round.
    pub(super) const fn turn(self, size: Size) -> Size {
        if self.is_sideways() { Size { width_px: size.height_px, height_px: size.width_px } } else { size }
    }

    /// Where a part of a picture of this size is after the picture was turned.
    pub(super) const fn turn_place(self, at: Place, of: Size) -> Place {
        let (width, height) = (of.width_px as usize, of.height_px as usize);
        let (right, bottom) = (width - at.left - at.width, height - at.top - at.height);
        match self {
            Self::None => at,
            Self::Quarter => Place { left: bottom, top: at.left, width: at.height, height: at.width },
            Self::Half => Place { left: right, top: bottom, width: at.width, height: at.height },
            Self::ThreeQuarters => Place { left: at.top, top: right, width: at.height, height: at.width },
        }
    }
}

/// A mode that a monitor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OfferedMode {
    pub(super) size: Size,
    pub(super) hertz: u32,
    /// The monitor's own.
    pub(super) is_preferred: bool,
    pub(super) is_interlaced: bool,
}

impl OfferedMode {
    const fn pixels(&self) -> u64 {
        self.size.width_px as u64 * self.size.height_px as u64
    }
}

impl fmt::Display for OfferedMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}@{}", self.size.width_px, self.size.height_px, self.hertz)
    }
}

/// The index of the mode to take; None: there is none.
pub(super) fn choose_mode(offered: &[OfferedMode], wish: ModeWish) -> Option<usize> {
    let own = offered.iter().position(|mode| mode.is_preferred).or(if offered.is_empty() { None } else { Some(0) })?;
    // The best of those that may be taken: not interlaced, large, of the wanted rate, fast, the monitor's own, the first.
    let best = |fits: &dyn Fn(&OfferedMode) -> bool, hertz: Option<u32>| {
        let fitting = offered.iter().enumerate().filter(|(_, mode)| fits(mode));
        let found = fitting.max_by_key(|(index, mode)| {
            let is_rate = hertz.is_none_or(|hertz| mode.hertz == hertz);
            (!mode.is_interlaced, mode.pixels(), is_rate, mode.is_preferred, mode.hertz, usize::MAX - index)
        });
        found.map(|(index, _)| index)
    };
    let chosen = match wish {
        ModeWish::Auto if offered[own].pixels() <= AUTO_PIXELS => Some(own),
        ModeWish::Auto => best(&|mode| mode.pixels() <= AUTO_PIXELS, None),
        ModeWish::Size { size, hertz } => best(&|mode| mode.size == size, hertz).or_else(|| {
            best(&|mode| mode.size.width_px <= size.width_px && mode.size.height_px <= size.height_px, hertz)
        }),
    };
    chosen.or(Some(own))
}

/// A connector, and whether there is something at its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfferedConnector {
    /// As below /sys/class/drm, without the card: `HDMI-A-1`.
    pub(super) name: String,
    pub(super) monitor: Monitor,
}

/// What a connector says of its other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Monitor {
    /// Nothing there, or nothing that offers a mode.
    None,
    /// It cannot know; there are modes.
    Perhaps,
    /// It is there.
    Here,
}

/// The index of the connector to take: the one that is `wanted`, as `HDMI-A-1` or `card1-HDMI-A-1`, or the first that surely
/// has a monitor, or that may have one. None: none is to be taken now.
pub(super) fn choose_connector(offered: &[OfferedConnector], card: &str, wanted: Option<&str>) -> Option<usize> {
    let is_wanted = |name: &str| match wanted {
        None => true,
        Some(wanted) => {
            wanted == name || wanted.strip_prefix(card).and_then(|rest| rest.strip_prefix('-')) == Some(name)
        }
    };
    let usable =
        |monitor| move |connector: &&OfferedConnector| connector.monitor == monitor && is_wanted(&connector.name);
    let first = |monitor| {
        let connector = offered.iter().find(usable(monitor))?;
        offered.iter().position(|other| other == connector)
    };
    first(Monitor::Here).or_else(|| first(Monitor::Perhaps))
}

/// What a plane is for, property `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaneKind {
    Primary,
    Overlay,
    Cursor,
}

/// What a plane's place in the stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// No property `zpos`: primary below overlays, those in the order of their numbers.
    Unsaid,
    /// It is what it is.
    Fixed(u64),
    /// It may be set, from the least to the most.
    Free(u64, u64),
}

/// A plane that can be shown on our CRTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfferedPlane {
    pub(super) kind: PlaneKind,
    pub(super) depth: Depth,
    /// Takes XRGB8888.
    pub(super) is_opaque: bool,
    /// Takes ARGB8888.
    pub(super) has_alpha: bool,
}

/// A plane, and the `zpos` to set, if any.
pub(super) type Placed = (usize, Option<u64>);

/// Which planes to take, by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    /// The one that shows all when there is no other.
    pub(super) primary: usize,
    /// One for the picture and one above it for the rest; the primary plane is one of them.
    pub(super) pair: Option<[Placed; 2]>,
}

/// Which planes to take; None: there is no primary one that takes XRGB8888.
pub(super) fn choose_planes(offered: &[OfferedPlane]) -> Option<Planes> {
    let primary = offered.iter().position(|plane| plane.kind == PlaneKind::Primary && plane.is_opaque)?;
    let others = || (0..offered.len()).filter(|index| offered[*index].kind == PlaneKind::Overlay);
    let pair = |lower: usize, upper: usize| {
        let (below, above) = (&offered[lower], &offered[upper]);
        if !(below.is_opaque && above.has_alpha) {
            return None;
        }
        let (lower_zpos, upper_zpos) = stack(below, above)?;
        Some([(lower, lower_zpos), (upper, upper_zpos)])
    };
    // Many controllers want the primary plane to be on, so it is one of the two; most have it at the bottom.
    let above = others().find_map(|other| pair(primary, other));
    let below = || others().find_map(|other| pair(other, primary));
    Some(Planes { primary, pair: above.or_else(below) })
}

/// How one plane is put above another: the `zpos` of each, where it is to be set. None: it cannot.
fn stack(below: &OfferedPlane, above: &OfferedPlane) -> Option<(Option<u64>, Option<u64>)> {
    match (below.depth, above.depth) {
        (Depth::Unsaid, _) | (_, Depth::Unsaid) => {
            (below.kind == PlaneKind::Primary && above.kind == PlaneKind::Overlay).then_some((None, None))
        }
        (Depth::Fixed(low), Depth::Fixed(high)) => (low < high).then_some((None, None)),
        (Depth::Fixed(low), Depth::Free(least, most)) => {
            let high = least.max(low + 1);
            (high <= most).then_some((None, Some(high)))
        }
        (Depth::Free(least, _), Depth::Fixed(high)) => (least < high).then_some((Some(least), None)),
        (Depth::Free(low, _), Depth::Free(least, most)) => {
            let high = least.max(low + 1);
            (high <= most).then_some((Some(low), Some(high)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size::new(width, height).expect("fits")
    }

    fn mode(width: u32, height: u32, hertz: u32) -> OfferedMode {
        OfferedMode { size: size(width, height), hertz, is_preferred: false, is_interlaced: false }
    }

    fn own(mode: OfferedMode) -> OfferedMode {
        OfferedMode { is_preferred: true, ..mode }
    }

    fn chosen(offered: &[OfferedMode], wish: &str) -> String {
        let index = choose_mode(offered, wish.parse().expect("a mode")).expect("there are modes");
        offered[index].to_string()
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!("auto".parse(), Ok(ModeWish::Auto));
        assert_eq!("1280x720".parse(), Ok(ModeWish::Size { size: size(1280, 720), hertz: None }));
        assert_eq!("1920x1080@50".parse(), Ok(ModeWish::Size { size: size(1920, 1080), hertz: Some(50) }));
        for wrong in ["", "1080p", "1920x", "x1080", "1920x1080@", "1920x1080@0", "0x0", "1920x1080@60@60", "-1x5"] {
            assert_eq!(wrong.parse::<ModeWish>(), Err(NoMode), "{wrong}");
        }
    }

    #[test]
    fn the_monitors_own_mode_is_taken_unless_it_is_huge() {
        let full = [mode(1280, 720, 60), own(mode(1920, 1080, 60)), mode(1920, 1080, 50)];
        assert_eq!(chosen(&full, "auto"), "1920x1080@60");
        let uhd = [own(mode(3840, 2160, 60)), mode(1920, 1080, 50), mode(1920, 1080, 60), mode(1920, 1200, 60)];
        assert_eq!(chosen(&uhd, "auto"), "1920x1200@60");
        assert_eq!(chosen(&[own(mode(1200, 1920, 60))], "auto"), "1200x1920@60");
        assert_eq!(chosen(&[own(mode(3840, 2160, 30))], "auto"), "3840x2160@30");
        assert_eq!(chosen(&[mode(800, 480, 60), mode(640, 480, 60)], "auto"), "800x480@60");
        assert_eq!(choose_mode(&[], ModeWish::Auto), None);
    }

    #[test]
    fn a_wanted_mode_or_the_largest_that_fits() {
        let interlaced = OfferedMode { is_interlaced: true, ..mode(1920, 1080, 60) };
        let offered = [
            own(mode(3840, 2160, 60)),
            interlaced,
            mode(1920, 1080, 50),
            mode(1920, 1080, 30),
            mode(1366, 768, 60),
            mode(1280, 720, 60),
        ];
        assert_eq!(chosen(&offered, "1920x1080"), "1920x1080@50", "not the interlaced one");
        assert_eq!(chosen(&offered, "1920x1080@30"), "1920x1080@30");
        assert_eq!(chosen(&offered, "1920x1080@24"), "1920x1080@50");
        assert_eq!(chosen(&offered, "1400x1050"), "1366x768@60");
        assert_eq!(chosen(&offered, "3840x2160"), "3840x2160@60");
        assert_eq!(chosen(&offered, "640x480"), "3840x2160@60", "nothing fits");
    }

    fn connector(name: &str, monitor: Monitor) -> OfferedConnector {
        OfferedConnector { name: name.to_owned(), monitor }
    }

    #[test]
    fn a_connector_with_a_monitor_is_taken() {
        use Monitor::{Here, None as Nothing, Perhaps};
        let choose = |monitors: [Monitor; 3], wanted: Option<&str>| {
            let names = ["Composite-1", "HDMI-A-1", "HDMI-A-2"];
            let offered: Vec<_> = names.iter().zip(monitors).map(|(name, monitor)| connector(name, monitor)).collect();
            choose_connector(&offered, "card1", wanted).map(|index| names[index])
        };
        assert_eq!(choose([Perhaps, Nothing, Here], None), Some("HDMI-A-2"));
        assert_eq!(choose([Perhaps, Nothing, Nothing], None), Some("Composite-1"));
        assert_eq!(choose([Nothing, Here, Here], None), Some("HDMI-A-1"));
        assert_eq!(choose([Nothing; 3], None), None);
        assert_eq!(choose([Here, Here, Here], Some("HDMI-A-2")), Some("HDMI-A-2"));
        assert_eq!(choose([Here, Here, Here], Some("card1-HDMI-A-2")), Some("HDMI-A-2"));
        assert_eq!(choose([Here, Here, Here], Some("card0-HDMI-A-2")), None);
        assert_eq!(choose([Here, Nothing, Here], Some("HDMI-A-1")), None, "the named one or none");
    }

    fn plane(kind: PlaneKind, depth: Depth) -> OfferedPlane {
        OfferedPlane { kind, depth, is_opaque: true, has_alpha: true }
    }

    fn pair(offered: &[OfferedPlane]) -> Option<[Placed; 2]> {
        choose_planes(offered).expect("there is a primary plane").pair
    }

    #[test]
    fn the_picture_is_below_the_rest() {
        use Depth::{Fixed, Free, Unsaid};
        use PlaneKind::{Cursor, Overlay, Primary};
        let planes = |depths: [Depth; 2]| [plane(Primary, depths[0]), plane(Overlay, depths[1])];
        let below = |low, high| Some([(0, low), (1, high)]);
        let above = |low, high| Some([(1, low), (0, high)]);
        assert_eq!(pair(&planes([Unsaid, Unsaid])), below(None, None));
        assert_eq!(pair(&planes([Fixed(0), Fixed(1)])), below(None, None));
        assert_eq!(pair(&planes([Fixed(1), Fixed(0)])), above(None, None), "overlays that lie below");
        assert_eq!(pair(&planes([Fixed(0), Free(0, 20)])), below(None, Some(1)), "as on a Raspberry Pi");
        assert_eq!(pair(&planes([Free(0, 7), Free(0, 7)])), below(Some(0), Some(1)));
        assert_eq!(pair(&planes([Free(0, 3), Fixed(1)])), below(Some(0), None));
        assert_eq!(pair(&planes([Fixed(5), Free(0, 5)])), above(Some(0), None));
        assert_eq!(pair(&[plane(Primary, Unsaid), plane(Cursor, Unsaid)]), None, "a cursor is too small");
        let blind = OfferedPlane { has_alpha: false, ..plane(Overlay, Unsaid) };
        assert_eq!(pair(&[plane(Primary, Unsaid), blind.clone()]), None);
        assert_eq!(pair(&[plane(Primary, Unsaid), blind, plane(Overlay, Unsaid)]), Some([(0, None), (2, None)]));
        assert_eq!(choose_planes(&[plane(Overlay, Unsaid)]), None);
    }

    #[test]
    fn places_turn_with_the_picture() {
        let of = size(640, 480);
        let at = Place { left: 10, top: 20, width: 100, height: 50 };
        let turned = |rotation: Rotation| {
            let Place { left, top, width, height } = rotation.turn_place(at, of);
            (left, top, width, height)
        };
        assert_eq!(turned(Rotation::None), (10, 20, 100, 50));
        assert_eq!(turned(Rotation::Quarter), (410, 10, 50, 100));
        assert_eq!(turned(Rotation::Half), (530, 410, 100, 50));
        assert_eq!(turned(Rotation::ThreeQuarters), (20, 530, 50, 100));
        assert_eq!(Rotation::Quarter.turn(of), size(480, 640));
        for (degrees, bit) in [(0, 1), (90, 8), (180, 4), (270, 2)] {
            assert_eq!(Rotation::from_degrees(degrees).expect("a rotation").property_bit(), bit);
        }
        assert_eq!(Rotation::from_degrees(45), None);
    }
}

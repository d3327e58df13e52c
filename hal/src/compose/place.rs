//! Where pictures lie on a panel.

use crate::panel::Size;

/// A part of a panel, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the left edge.
    pub left: usize,
    /// From the top edge.
    pub top: usize,
    /// 1 and up.
    pub width: usize,
    /// 1 and up.
    pub height: usize,
}

impl Place {
    /// Whether it is a part of a panel of this size.
    pub(super) fn is_within(&self, panel: Size) -> bool {
        let fits = |from: usize, side: usize, all: u32| {
            side > 0 && from.checked_add(side).is_some_and(|end| end <= all as usize)
        };
        fits(self.left, self.width, panel.width_px) && fits(self.top, self.height, panel.height_px)
    }
}

/// Where a picture lies on a panel: as large as it can be, in the middle, its proportions kept, its sides even.
///
/// Both sides of the picture must be 1 and up.
#[must_use]
pub fn place(picture: (u32, u32), panel: Size) -> Place {
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

/// Where a picture lies on a panel: as [`place`] says, in its room if it has one. A room that is not within the panel is none.
#[must_use]
pub fn place_in(room: Option<Place>, picture: (u32, u32), panel: Size) -> Place {
    let Some(room) = room.filter(|room| room.is_within(panel)) else { return place(picture, panel) };
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let at = place(picture, Size { width_px: side(room.width), height_px: side(room.height) });
    Place { left: room.left + at.left, top: room.top + at.top, ..at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_proportions() {
        let place = |picture, panel: (u32, u32)| {
            let Place { left, top, width, height } = super::place(picture, Size::new(panel.0, panel.1).expect("fits"));
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
    fn a_picture_stays_in_its_room() {
        let panel = Size::new(800, 480).expect("fits");
        let room = Place { left: 0, top: 60, width: 800, height: 360 };
        let at = place_in(Some(room), (1280, 720), panel);
        assert_eq!(at, Place { left: 80, top: 60, width: 640, height: 360 });
        let too_low = Place { top: 200, ..room };
        assert_eq!(
            place_in(Some(too_low), (1280, 720), panel),
            super::place((1280, 720), panel),
            "a room outside is none"
        );
    }
}

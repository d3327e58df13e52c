//! What a finger on the panel means.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use kiosk_call::Command;
use kiosk_hal::{compose::Place, linux::Rotation, panel::Size};
use tokio::sync::Notify;

use crate::paint::Region;

/// What a finger on the panel means, as long as it shows what it shows. Clones are of the same panel.
#[derive(Clone)]
pub struct Touches(Arc<Shared>);

struct Shared {
    rotation: Rotation,
    is_present: AtomicBool,
    changed: Notify,
    /// Where what is on the screen can be touched, and the size of the picture.
    shown: Mutex<Option<(Size, Vec<Region>)>>,
}

impl Touches {
    /// Of a panel whose picture is turned like this.
    pub(super) fn new(rotation: Rotation, is_present: bool) -> Self {
        Self(Arc::new(Shared {
            rotation,
            is_present: AtomicBool::new(is_present),
            changed: Notify::new(),
            shown: Mutex::default(),
        }))
    }

    /// Whether there is a touch screen: what a finger can do is drawn only then.
    pub fn set_present(&self, is_present: bool) {
        if self.0.is_present.swap(is_present, Ordering::Relaxed) != is_present {
            self.0.changed.notify_one();
        }
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.0.is_present.load(Ordering::Relaxed)
    }

    /// What a finger there does. `x` and `y` are parts, 0 to 1, of the width and height that the screen scans out, from its top left
    /// corner: before the picture is turned, as the touch screen, which is not turned, has them. None: nothing, or the screen is dark.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<Command> {
        let (x, y) = match self.0.rotation {
            Rotation::None => (x, y),
            Rotation::Quarter => (y, 1.0 - x),
            Rotation::Half => (1.0 - x, 1.0 - y),
            Rotation::ThreeQuarters => (1.0 - y, x),
        };
        let shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, regions) = shown.as_ref()?;
        let pixel = |part: f64, side: u32| {
            let inside = (0.0..=1.0).contains(&part);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the panel")]
            let pixel = inside.then_some((part * f64::from(side)) as usize);
            pixel
        };
        let (column, row) = (pixel(x, size.width_px)?, pixel(y, size.height_px)?);
        let is_hit = |region: &&Region| {
            let Place { left, top, width, height } = region.place;
            (left..left + width).contains(&column) && (top..top + height).contains(&row)
        };
        regions.iter().rev().find(is_hit).map(|region| region.command.clone())
    }

    /// The screen shows this now; None: it is dark.
    pub(super) fn show(&self, shown: Option<(Size, &[Region])>) {
        let mut slot = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = shown.map(|(size, regions)| (size, regions.to_vec()));
    }

    /// Waits until a touch screen comes or goes.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Default for Touches {
    fn default() -> Self {
        Self::new(Rotation::None, false)
    }
}

impl fmt::Debug for Touches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Touches").field("is_present", &self.is_present()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the top left corner of the picture: answer, and in a part of it, decline.
    fn shown() -> [Region; 2] {
        let place = |width, height| Place { left: 0, top: 0, width, height };
        [
            Region { place: place(40, 20), command: Command::Answer },
            Region { place: place(20, 20), command: Command::HangUp },
        ]
    }

    #[test]
    fn what_lies_above_is_hit() {
        let touches = Touches::new(Rotation::None, true);
        assert_eq!(touches.at(0.1, 0.1), None, "nothing is shown yet");
        touches.show(Some((Size { width_px: 200, height_px: 100 }, &shown())));
        assert_eq!(touches.at(0.05, 0.1), Some(Command::HangUp));
        assert_eq!(touches.at(0.15, 0.1), Some(Command::Answer));
        for (x, y) in [(0.25, 0.1), (0.05, 0.3), (-0.1, 0.1), (f64::NAN, 0.1), (0.05, 1.5)] {
            assert_eq!(touches.at(x, y), None, "{x} {y}");
        }
        touches.show(None);
        assert_eq!(touches.at(0.05, 0.1), None, "what is dark is not touched");
    }

    /// The picture's top left corner is, turned clockwise, at the top right, bottom right, bottom left of what is scanned out.
    #[test]
    fn a_turned_picture_is_hit_where_it_is_seen() {
        for (rotation, x, y) in [
            (Rotation::None, 0.02, 0.02),
            (Rotation::Quarter, 0.98, 0.02),
            (Rotation::Half, 0.98, 0.98),
            (Rotation::ThreeQuarters, 0.02, 0.98),
        ] {
            let touches = Touches::new(rotation, true);
            touches.show(Some((Size { width_px: 200, height_px: 100 }, &shown())));
            assert_eq!(touches.at(x, y), Some(Command::HangUp), "{rotation:?}");
            assert_eq!(touches.at(1.0 - x, y), None, "{rotation:?}");
        }
    }
}

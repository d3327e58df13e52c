//! Touch screens of evdev, by their single-touch axes: the kernel makes those of the first finger of every multi-touch screen
//! (Documentation/input/multi-touch-protocol.rst, `input_mt_report_pointer_emulation`).

use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use evdev::{AbsInfo, AbsoluteAxisCode, Device, EventSummary, InputEvent, KeyCode, PropType, SynchronizationCode};

use super::{
    evdev::{InputDevices, Reader},
    keys::KeyDevices,
};
use crate::touch::{Fingers, LARGEST_SLIDE, Touch, TouchSource};

/// The touch screens among these devices, those that are plugged in later too. They are ours alone (`EVIOCGRAB`).
///
/// Must be called within a tokio runtime with I/O.
#[must_use]
pub fn fingers(devices: &KeyDevices) -> Fingers {
    Fingers::new(EvdevTouch(InputDevices::new(TouchReader { wanted: devices.clone(), screens: 0 })))
}

struct EvdevTouch(InputDevices<TouchReader>);

impl TouchSource for EvdevTouch {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Touch>> {
        self.0.poll_next(cx).map(Some)
    }
}

struct TouchReader {
    wanted: KeyDevices,
    /// How many are open.
    screens: usize,
}

/// One touch screen, and where its finger is.
#[derive(Debug)]
pub(super) struct Surface {
    x: RangeInclusive<i32>,
    y: RangeInclusive<i32>,
    at: (i32, i32),
    down: bool,
    /// Where the finger came down; None: no finger, or it has slid away.
    began: Option<(f64, f64)>,
}

impl Surface {
    /// `at`: where the last finger was. The kernel tells of an axis only when it changes: of a finger at the same place, nothing.
    const fn new(x: RangeInclusive<i32>, y: RangeInclusive<i32>, at: (i32, i32)) -> Self {
        Self { x, y, at, down: false, began: None }
    }

    /// An event of the screen; a tap is complete with the report (`SYN_REPORT`) in which the finger went up.
    fn event(&mut self, event: InputEvent) -> Option<Touch> {
        let summary = event.destructure();
        if let EventSummary::AbsoluteAxis(_, AbsoluteAxisCode::ABS_X, value) = summary {
            self.at.0 = value;
        } else if let EventSummary::AbsoluteAxis(_, AbsoluteAxisCode::ABS_Y, value) = summary {
            self.at.1 = value;
        } else if let EventSummary::Key(_, KeyCode::BTN_TOUCH, value) = summary {
            self.down = value != 0;
        } else if let EventSummary::Synchronization(_, SynchronizationCode::SYN_REPORT, _) = summary {
            return self.report();
        }
        None
    }

    fn report(&mut self) -> Option<Touch> {
        let (x, y) = (part(self.at.0, &self.x), part(self.at.1, &self.y));
        match (self.down, self.began) {
            (true, None) => self.began = Some((x, y)),
            (false, Some(began)) => {
                self.began = None;
                let (from_x, from_y) = began;
                let slid = (x - from_x).abs().max((y - from_y).abs());
                return (slid <= LARGEST_SLIDE).then_some(Touch::Tap { x: from_x, y: from_y });
            }
            (true, Some(_)) | (false, None) => {}
        }
        None
    }
}

/// Where a value lies in its range, 0 to 1.
fn part(value: i32, range: &RangeInclusive<i32>) -> f64 {
    let (first, last) = (f64::from(*range.start()), f64::from(*range.end()));
    ((f64::from(value) - first) / (last - first)).clamp(0.0, 1.0)
}

/// A screen that is touched where it shows: no pen tablet, no touch pad (Documentation/input/event-codes.rst, `INPUT_PROP_DIRECT`).
fn surface(device: &Device) -> Option<Surface> {
    let touched = device.supported_keys().is_some_and(|keys| keys.contains(KeyCode::BTN_TOUCH));
    if !touched || !device.properties().contains(PropType::DIRECT) {
        return None;
    }
    let axis = |axis: AbsoluteAxisCode| {
        let (_, info): (_, AbsInfo) = device.get_absinfo().ok()?.find(|(found, _)| *found == axis)?;
        (info.minimum() < info.maximum()).then(|| (info.minimum()..=info.maximum(), info.value()))
    };
    let ((x, at_x), (y, at_y)) = (axis(AbsoluteAxisCode::ABS_X)?, axis(AbsoluteAxisCode::ABS_Y)?);
    Some(Surface::new(x, y, (at_x, at_y)))
}

impl Reader for TouchReader {
    type Event = Touch;
    type State = Surface;

    fn open(&self, path: &Path, device: &mut Device) -> Option<Surface> {
        let surface = surface(device).filter(|_| self.wanted.wants(path, device.name()))?;
        if let Err(error) = device.grab() {
            tracing::warn!(device = %path.display(), %error, "is not ours alone: touches go to another program too");
        }
        Some(surface)
    }

    fn came(&mut self, _: &Arc<str>, waiting: &mut VecDeque<Touch>) {
        self.screens += 1;
        if self.screens == 1 {
            waiting.push_back(Touch::Present(true));
        }
    }

    fn read(surface: &mut Surface, _: &Arc<str>, event: InputEvent, waiting: &mut VecDeque<Touch>) {
        waiting.extend(surface.event(event));
    }

    fn gone(&mut self, _: Surface, _: &Arc<str>, waiting: &mut VecDeque<Touch>) {
        self.screens -= 1;
        if self.screens == 0 {
            waiting.push_back(Touch::Present(false));
        }
    }
}

#[cfg(test)]
mod tests {
    use evdev::EventType;

    use super::*;

    /// A finger's reports: where it is, and whether it is down.
    fn touches(reports: &[(i32, i32, bool)]) -> Vec<Touch> {
        let mut surface = Surface::new(0..=1000, 100..=300, (0, 0));
        let mut touches = Vec::new();
        for (x, y, down) in reports {
            let events = [
                (EventType::ABSOLUTE, AbsoluteAxisCode::ABS_X.0, *x),
                (EventType::ABSOLUTE, AbsoluteAxisCode::ABS_Y.0, *y),
                (EventType::KEY, KeyCode::BTN_TOUCH.0, i32::from(*down)),
                (EventType::SYNCHRONIZATION, SynchronizationCode::SYN_REPORT.0, 0),
            ];
            touches.extend(
                events.iter().filter_map(|(kind, code, value)| surface.event(InputEvent::new(kind.0, *code, *value))),
            );
        }
        touches
    }

    #[test]
    fn a_finger_that_goes_up_where_it_came_down_has_tapped() {
        assert_eq!(touches(&[(500, 250, true), (510, 250, true), (510, 251, false)]), [Touch::Tap { x: 0.5, y: 0.75 }]);
        assert_eq!(
            touches(&[(0, 100, true), (0, 100, false), (1000, 300, true), (1000, 300, false)]),
            [Touch::Tap { x: 0.0, y: 0.0 }, Touch::Tap { x: 1.0, y: 1.0 }]
        );
    }

    #[test]
    fn a_finger_that_slides_or_stays_has_not_tapped() {
        assert_eq!(touches(&[(500, 200, true), (600, 200, true), (600, 200, false)]), []);
        assert_eq!(touches(&[(500, 200, true), (500, 220, false)]), [], "10 % down");
        assert_eq!(touches(&[(500, 200, true)]), []);
        assert_eq!(touches(&[(500, 200, false)]), [], "went up before we looked");
    }

    #[test]
    fn a_value_beyond_its_range_is_at_the_edge() {
        assert_eq!(touches(&[(-5, 400, true), (-5, 400, false)]), [Touch::Tap { x: 0.0, y: 1.0 }]);
    }
}

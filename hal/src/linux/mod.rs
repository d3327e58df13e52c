//! The real board: evdev, `/sys/class/leds`, V4L2, ALSA.

mod cameras;
mod keys;
mod lights;
mod sound_cards;
mod v4l2;

pub use self::{
    cameras::cameras,
    keys::{KeyDevices, keys},
    lights::SysfsLights,
    sound_cards::sound_cards,
};
use crate::{
    Board,
    panel::{Newest, Offscreen, Size},
};

/// Opens the board. What is missing is a line in the log, not an error: a kiosk without keys can still be called.
///
/// The panel is a picture in memory, to be looked at through [`Newest`].
///
/// Must be called within a tokio runtime with I/O.
#[must_use]
pub fn open(devices: &KeyDevices, panel: Size) -> (Board, Newest) {
    let (panel, newest) = Offscreen::new(panel);
    (Board { keys: keys(devices), lights: Box::new(SysfsLights::default()), panel: Box::new(panel) }, newest)
}

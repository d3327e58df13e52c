//! The real board: evdev, `/sys/class/leds`, V4L2, ALSA, KMS.

mod cameras;
mod cec;
mod evdev;
mod keys;
mod kms;
mod lights;
mod mixer;
mod sound_cards;
mod touch;
mod typing;
mod uevents;
mod v4l2;

pub use self::{
    cameras::{cameras, set_controls},
    keys::{KeyDevice, KeyDevices, key_devices, keys},
    kms::{Abilities, FoundScreen, Kms, KmsWish, ModeWish, NoMode, OnScreens, Rotation, Way},
    lights::{SysfsLights, leds},
    mixer::CardMixer,
    sound_cards::sound_cards,
    touch::fingers,
    typing::{NoLayout, Typed, Typing},
    uevents::{Action, Uevent, Uevents},
};
use crate::Board;

/// Opens the board. What is missing is a line in the log, not an error: a kiosk without keys can still be called, and one
/// without a monitor can be looked at through its screenshots.
///
/// Must be called within a tokio runtime with I/O.
#[must_use]
pub fn open(devices: &KeyDevices, screen: KmsWish, on_screens: OnScreens) -> Board {
    let panel = Box::new(Kms::new(screen, on_screens));
    Board { keys: keys(devices), fingers: fingers(devices), lights: Box::new(SysfsLights::default()), panel }
}

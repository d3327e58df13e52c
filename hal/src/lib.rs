//! The board: keys, touch, lights, panel, cameras and sound cards, real ([`linux`]) and simulated ([`sim`]).
//!
//! Knows nothing of calls: keys are evdev codes, lights are LED names, pictures are pixels. What a key means and what a light
//! says is decided above. Which backend runs is chosen at run time; both are always compiled.

pub mod camera;
pub mod compose;
pub mod keys;
pub mod lights;
pub mod linux;
pub mod panel;
pub mod sim;
pub mod sound;
pub mod touch;

use keys::Keys;
use lights::LightBank;
use panel::Panel;
use touch::Fingers;

/// The devices that a kiosk runs on.
#[derive(Debug)]
pub struct Board {
    /// Presses and releases, of all input devices.
    pub keys: Keys,
    /// Fingers on the screen.
    pub fingers: Fingers,
    /// The LEDs.
    pub lights: Box<dyn LightBank>,
    /// The screen.
    pub panel: Box<dyn Panel>,
}

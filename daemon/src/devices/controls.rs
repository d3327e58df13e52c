//! Buttons and lights of the config, and the keys and LEDs that are there for them.

use kiosk_hal::{keys, linux};

use crate::{
    config::{ButtonsSection, LightsSection},
    control::protocol::{DeviceKind, FoundDevice, FoundState},
};

/// What the config wants of input devices and LEDs.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    pub(crate) buttons: ButtonsSection,
    pub(crate) lights: LightsSection,
}

/// Buttons and lights, and what there is for them.
pub(crate) struct Controls {
    bindings: Bindings,
    simulated: bool,
}

impl Controls {
    pub(crate) const fn new(bindings: Bindings, simulated: bool) -> Self {
        Self { bindings, simulated }
    }

    pub(super) fn rebind(&mut self, bindings: Bindings) {
        self.bindings = bindings;
    }

    /// Each binding, and the input device that has its key.
    pub(super) fn buttons(&self) -> Vec<FoundDevice> {
        let devices = if self.simulated { Vec::new() } else { linux::key_devices() };
        let found = |(button, binding): (_, crate::config::Binding)| {
            let device = devices.iter().find(|device| device.keys.contains(&binding.code));
            let (node, state, why) = match device {
                Some(device) => (device.path.display().to_string(), FoundState::Used, device.name.clone()),
                None if self.simulated => (String::new(), FoundState::Used, "the board is simulated".to_owned()),
                None => {
                    let key = keys::name(binding.code);
                    let why = format!(
                        "no input device has {key}: plug it in, or bind another key in [buttons] ('kioskctl buttons learn' names one)"
                    );
                    (String::new(), FoundState::Missing, why)
                }
            };
            FoundDevice { kind: DeviceKind::Button, name: format!("{button:?}: {binding}"), node, state, why }
        };
        self.bindings.buttons.bound().map(found).collect()
    }

    /// Each light, and its LED.
    pub(super) fn lights(&self) -> Vec<FoundDevice> {
        let leds = if self.simulated { Vec::new() } else { linux::leds() };
        let found = |(role, led): (&str, &String)| {
            let (state, why) = if self.simulated {
                (FoundState::Used, "the board is simulated".to_owned())
            } else if leds.contains(led) {
                (FoundState::Used, String::new())
            } else {
                let there = if leds.is_empty() { "none".to_owned() } else { leds.join(", ") };
                (
                    FoundState::Missing,
                    format!("there is no such LED; there are: {there}. Name another in [lights], or \"\" for none."),
                )
            };
            FoundDevice { kind: DeviceKind::Light, name: role.to_owned(), node: led.clone(), state, why }
        };
        self.bindings.lights.roles().into_iter().filter(|(_, led)| !led.is_empty()).map(found).collect()
    }
}

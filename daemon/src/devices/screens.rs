//! The monitors, for `kioskctl devices`. Which one is taken is decided by the panel, which has to have it.

use kiosk_call::DeviceState;
use kiosk_hal::linux::FoundScreen;

use crate::control::protocol::{DeviceKind, FoundDevice, FoundState};

/// What the panel has found.
pub(crate) fn found(screens: &[FoundScreen]) -> Vec<FoundDevice> {
    let row = |screen: &FoundScreen| {
        let state = match (screen.is_used, screen.name.is_empty()) {
            (true, _) => FoundState::Used,
            (false, true) => FoundState::Missing,
            (false, false) => FoundState::Spare,
        };
        let FoundScreen { name, node, why, .. } = screen.clone();
        FoundDevice { kind: DeviceKind::Panel, name, node, state, why }
    };
    screens.iter().map(row).collect()
}

/// Whether there is a screen.
pub(crate) fn state(screens: &[FoundScreen]) -> DeviceState {
    if screens.iter().any(|screen| screen.is_used) {
        DeviceState::Ready
    } else {
        DeviceState::Missing("No monitor was found. Plug one in and switch it on.".to_owned())
    }
}

/// The panel of a simulated board.
pub(crate) fn simulated() -> Vec<FoundDevice> {
    let why = "the board is simulated".to_owned();
    vec![FoundDevice {
        kind: DeviceKind::Panel,
        name: String::new(),
        node: String::new(),
        state: FoundState::Used,
        why,
    }]
}

//! Keys of evdev devices.

use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll},
};

use evdev::{Device, EventSummary, InputEvent, KeyCode};

use super::evdev::{InputDevices, Reader};
use crate::keys::{Edge, KeyEvent, KeySource, Keys};

/// Which input devices to listen to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyDevices {
    /// Those with one of these names (`gpio-keys`) or paths (`/dev/input/event0`). Empty: all that have keys.
    pub names: Vec<String>,
    /// A device that has one of these keys is ours alone (`EVIOCGRAB`): what is pressed there is not typed on the console too.
    pub grab: BTreeSet<u16>,
}

impl KeyDevices {
    pub(super) fn wants(&self, path: &Path, name: Option<&str>) -> bool {
        let called = |wanted: &String| path.as_os_str() == wanted.as_str() || name == Some(wanted.as_str());
        self.names.is_empty() || self.names.iter().any(called)
    }
}

/// The keys of these devices, of those that are plugged in later too.
///
/// Must be called within a tokio runtime with I/O.
#[must_use]
pub fn keys(devices: &KeyDevices) -> Keys {
    let devices = InputDevices::new(KeyReader(devices.clone()));
    if devices.is_empty() {
        tracing::warn!("no input device has keys: the buttons do nothing until one is plugged in");
    }
    Keys::new(EvdevKeys(devices))
}

/// An input device that has keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDevice {
    /// Its node, such as `/dev/input/event0`.
    pub path: PathBuf,
    /// Its name, such as `gpio-keys`.
    pub name: String,
    /// Codes of its keys.
    pub keys: BTreeSet<u16>,
}

/// All input devices that have keys. Those that cannot be opened are left out.
#[must_use]
pub fn key_devices() -> Vec<KeyDevice> {
    let mut devices: Vec<_> = evdev::enumerate()
        .map(|(path, device)| KeyDevice {
            path,
            name: device.name().unwrap_or_default().to_owned(),
            keys: key_codes(&device),
        })
        .filter(|device| !device.keys.is_empty())
        .collect();
    devices.sort_by(|one, other| one.path.cmp(&other.path));
    devices
}

fn key_codes(device: &Device) -> BTreeSet<u16> {
    /// Where a finger or pen is: no key that anybody presses ("Documentation/input/event-codes.rst", `BTN_TOOL_*`).
    const TOUCH: std::ops::RangeInclusive<u16> = KeyCode::BTN_TOOL_PEN.code()..=KeyCode::BTN_TOOL_QUADTAP.code();
    let codes = device.supported_keys().into_iter().flat_map(|keys| keys.iter()).map(|key| key.code());
    codes.filter(|code| !TOUCH.contains(code)).collect()
}

struct EvdevKeys(InputDevices<KeyReader>);

impl KeySource for EvdevKeys {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<KeyEvent>> {
        self.0.poll_next(cx).map(Some)
    }
}

struct KeyReader(KeyDevices);

impl Reader for KeyReader {
    type Event = KeyEvent;
    /// Keys that are down.
    type State = BTreeSet<u16>;

    fn open(&self, path: &Path, device: &mut Device) -> Option<Self::State> {
        let keys = key_codes(device);
        if keys.is_empty() || !self.0.wants(path, device.name()) {
            return None;
        }
        if !keys.is_disjoint(&self.0.grab)
            && let Err(error) = device.grab()
        {
            tracing::warn!(device = %path.display(), %error, "is not ours alone: what is pressed there goes to another program too");
        }
        Some(BTreeSet::new())
    }

    fn came(&mut self, _: &Arc<str>, _: &mut VecDeque<KeyEvent>) {}

    fn read(held: &mut Self::State, name: &Arc<str>, event: InputEvent, waiting: &mut VecDeque<KeyEvent>) {
        let changed = key_change(event, held);
        waiting.extend(changed.map(|(code, edge)| KeyEvent { code, edge, device: Arc::clone(name) }));
    }

    /// Nobody holds the keys of a device that is not there.
    fn gone(&mut self, held: Self::State, name: &Arc<str>, waiting: &mut VecDeque<KeyEvent>) {
        let let_go = |code| KeyEvent { code, edge: Edge::Up, device: Arc::clone(name) };
        waiting.extend(held.into_iter().map(let_go));
    }
}

/// The press or release in an event, if it is one. Value 2 is auto-repeat (Documentation/input/event-codes.rst, `EV_KEY`).
fn key_change(event: InputEvent, held: &mut BTreeSet<u16>) -> Option<(u16, Edge)> {
    let EventSummary::Key(_, key, value) = event.destructure() else { return None };
    let code = key.code();
    let (edge, changed) = match value {
        0 => (Edge::Up, held.remove(&code)),
        1 => (Edge::Down, held.insert(code)),
        _ => return None,
    };
    changed.then_some((code, edge))
}

#[cfg(test)]
mod tests {
    use evdev::EventType;

    use super::*;

    fn event(kind: EventType, code: u16, value: i32) -> InputEvent {
        InputEvent::new(kind.0, code, value)
    }

    #[test]
    fn only_presses_and_releases_count() {
        let mut held = BTreeSet::new();
        let mut next = |kind, code, value| key_change(event(kind, code, value), &mut held);
        assert_eq!(next(EventType::KEY, 169, 0), None, "the release of a key that was down before we looked");
        assert_eq!(next(EventType::KEY, 169, 1), Some((169, Edge::Down)));
        assert_eq!(next(EventType::KEY, 169, 2), None, "auto-repeat");
        assert_eq!(next(EventType::KEY, 169, 1), None, "pressed twice without a release");
        assert_eq!(next(EventType::SYNCHRONIZATION, 0, 0), None);
        assert_eq!(next(EventType::MISC, 4, 1), None);
        assert_eq!(next(EventType::KEY, 169, 0), Some((169, Edge::Up)));
    }

    #[test]
    fn devices_are_named_by_name_or_path() {
        let path = Path::new("/dev/input/event3");
        assert!(KeyDevices::default().wants(path, None));
        for (names, wanted) in [(["gpio-keys"], true), (["/dev/input/event3"], true), (["event3"], false)] {
            let devices = KeyDevices { names: names.map(str::to_owned).to_vec(), ..KeyDevices::default() };
            assert_eq!(devices.wants(path, Some("gpio-keys")), wanted, "{names:?}");
        }
    }
}

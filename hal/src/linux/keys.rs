//! Keys of evdev devices (Documentation/input/input.rst, "evdev"), read where they are awaited.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll, ready},
};

use evdev::{Device, EventStream, EventSummary};

use super::uevents::{Action, Uevent, Uevents};
use crate::keys::{Edge, KeyEvent, KeySource, Keys};

/// Where the kernel puts input devices.
const DEV_INPUT: &str = "/dev/input";

/// Which input devices to listen to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyDevices {
    /// Those with one of these names (`gpio-keys`) or paths (`/dev/input/event0`). Empty: all that have keys.
    pub names: Vec<String>,
    /// A device that has one of these keys is ours alone (`EVIOCGRAB`): what is pressed there is not typed on the console too.
    pub grab: BTreeSet<u16>,
}

impl KeyDevices {
    fn wants(&self, path: &Path, name: Option<&str>) -> bool {
        let called = |wanted: &String| path.as_os_str() == wanted.as_str() || name == Some(wanted.as_str());
        self.names.is_empty() || self.names.iter().any(called)
    }
}

/// The keys of these devices, of those that are plugged in later too.
///
/// Must be called within a tokio runtime with I/O.
#[must_use]
pub fn keys(devices: &KeyDevices) -> Keys {
    let mut source = EvdevKeys {
        wanted: devices.clone(),
        directory: PathBuf::from(DEV_INPUT),
        uevents: listen(),
        open: BTreeMap::new(),
        refused: BTreeSet::new(),
        waiting: VecDeque::new(),
    };
    source.scan();
    if source.open.is_empty() {
        tracing::warn!("no input device has keys: the buttons do nothing until one is plugged in");
    }
    Keys::new(source)
}

fn listen() -> Option<Uevents> {
    Uevents::listen(&["input"])
        .inspect_err(|error| tracing::warn!(%error, "input devices that are plugged in later will not be noticed"))
        .ok()
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
    device.supported_keys().into_iter().flat_map(|keys| keys.iter()).map(|key| key.code()).collect()
}

struct Keyboard {
    stream: EventStream,
    name: Arc<str>,
    /// Keys that are down.
    held: BTreeSet<u16>,
}

struct EvdevKeys {
    wanted: KeyDevices,
    directory: PathBuf,
    /// None: what is plugged in later is not noticed.
    uevents: Option<Uevents>,
    open: BTreeMap<PathBuf, Keyboard>,
    /// Devices that did not open or are not wanted: one log line each.
    refused: BTreeSet<PathBuf>,
    waiting: VecDeque<KeyEvent>,
}

impl EvdevKeys {
    /// Opens the devices that are there and not open.
    fn scan(&mut self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let paths: BTreeSet<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("event"))
            })
            .collect();
        self.refused.retain(|path| paths.contains(path));
        for path in paths {
            if self.open.contains_key(&path) {
                continue;
            }
            match open(&path, &self.wanted) {
                Ok(Some(stream)) => {
                    let name: Arc<str> = Arc::from(stream.device().name().unwrap_or_default());
                    tracing::info!(device = %path.display(), name = &*name, "listens to keys");
                    self.refused.remove(&path);
                    self.open.insert(path, Keyboard { stream, name, held: BTreeSet::new() });
                }
                Ok(None) => drop(self.refused.insert(path)),
                Err(error) => {
                    if self.refused.insert(path.clone()) {
                        tracing::warn!(device = %path.display(), %error, "cannot be opened: is kioskd in the group input?");
                    }
                }
            }
        }
    }

    /// Whether a device came since last time. udev tells of it when its access rights are set.
    fn poll_plugged(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(uevents) = &mut self.uevents {
            match ready!(uevents.poll_next(cx)) {
                Some(Uevent { action: Action::Remove, .. }) => {}
                Some(_) => return Poll::Ready(()),
                None => self.uevents = None,
            }
        }
        Poll::Pending
    }

    /// Reads all devices that have something to read.
    fn poll_devices(&mut self, cx: &mut Context<'_>) {
        let mut gone = Vec::new();
        for (path, keyboard) in &mut self.open {
            loop {
                match keyboard.stream.poll_event(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(event)) => {
                        let changed = key_change(event, &mut keyboard.held);
                        let device = &keyboard.name;
                        self.waiting.extend(changed.map(|(code, edge)| KeyEvent {
                            code,
                            edge,
                            device: Arc::clone(device),
                        }));
                    }
                    Poll::Ready(Err(error)) => {
                        tracing::info!(device = %path.display(), %error, "an input device is gone");
                        gone.push(path.clone());
                        break;
                    }
                }
                // A device that never pauses must not keep the others waiting.
                if self.waiting.len() >= 64 {
                    cx.waker().wake_by_ref();
                    break;
                }
            }
        }
        for path in gone {
            let Some(Keyboard { name, held, .. }) = self.open.remove(&path) else { continue };
            // Nobody holds the keys of a device that is not there.
            let let_go = |code| KeyEvent { code, edge: Edge::Up, device: Arc::clone(&name) };
            self.waiting.extend(held.into_iter().map(let_go));
        }
    }
}

impl KeySource for EvdevKeys {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<KeyEvent>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Poll::Ready(Some(event));
            }
            self.poll_devices(cx);
            if self.waiting.is_empty() {
                match self.poll_plugged(cx) {
                    Poll::Ready(()) => self.scan(),
                    Poll::Pending => return Poll::Pending,
                }
            }
        }
    }
}

fn open(path: &Path, wanted: &KeyDevices) -> io::Result<Option<EventStream>> {
    let mut device = Device::open(path)?;
    let keys = key_codes(&device);
    if keys.is_empty() || !wanted.wants(path, device.name()) {
        return Ok(None);
    }
    if !keys.is_disjoint(&wanted.grab)
        && let Err(error) = device.grab()
    {
        tracing::warn!(device = %path.display(), %error, "is not ours alone: what is pressed there goes to another program too");
    }
    device.into_event_stream().map(Some)
}

/// The press or release in an event, if it is one. Value 2 is auto-repeat (Documentation/input/event-codes.rst, `EV_KEY`).
fn key_change(event: evdev::InputEvent, held: &mut BTreeSet<u16>) -> Option<(u16, Edge)> {
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
    use evdev::{EventType, InputEvent};

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

    #[tokio::test]
    async fn a_device_that_does_not_open_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut source = EvdevKeys {
            wanted: KeyDevices::default(),
            directory: directory.path().to_owned(),
            uevents: None,
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            waiting: VecDeque::new(),
        };
        let node = directory.path().join("event0");
        fs::write(&node, "").expect("writes");
        fs::write(directory.path().join("mouse0"), "").expect("writes");
        source.scan();
        assert_eq!(source.refused, BTreeSet::from([node.clone()]));
        std::future::poll_fn(|cx| {
            assert!(source.poll_next(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        fs::remove_file(node).expect("removes");
        source.scan();
        assert!(source.refused.is_empty());
    }
}

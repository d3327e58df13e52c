//! Keys of evdev devices (Documentation/input/input.rst, "evdev"), read where they are awaited.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs, io,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    task::{Context, Poll},
};

use evdev::{Device, EventStream, EventSummary};
use rustix::fs::inotify;
use tokio::io::unix::AsyncFd;

use crate::keys::{Edge, KeyEvent, KeySource, Keys};

/// Where the kernel puts input devices.
const DEV_INPUT: &str = "/dev/input";

/// Which input devices to listen to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyDevices {
    /// All that have keys.
    #[default]
    All,
    /// Those with one of these names (`gpio-keys`) or paths (`/dev/input/event0`).
    Named(Vec<String>),
}

impl KeyDevices {
    fn wants(&self, path: &Path, name: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => {
                names.iter().any(|wanted| path.as_os_str() == wanted.as_str() || name == Some(wanted.as_str()))
            }
        }
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
        plugged: watch(Path::new(DEV_INPUT)),
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

/// An inotify watch on the coming of devices. udev sets the access rights after the kernel made the node, hence `ATTRIB`.
#[expect(unsafe_code, reason = "tokio wants the promise that the descriptor stays open")]
fn watch(directory: &Path) -> Option<AsyncFd<OwnedFd>> {
    let open = || -> io::Result<AsyncFd<OwnedFd>> {
        let fd = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        inotify::add_watch(&fd, directory, inotify::WatchFlags::CREATE | inotify::WatchFlags::ATTRIB)?;
        // SAFETY: an OwnedFd always yields the same descriptor, and it is open until the OwnedFd is dropped.
        unsafe { AsyncFd::register(fd) }.map_err(Into::into)
    };
    open()
        .inspect_err(|error| tracing::info!(%error, "input devices that are plugged in later will not be noticed"))
        .ok()
}

struct Keyboard {
    stream: EventStream,
    /// Keys that are down.
    held: BTreeSet<u16>,
}

struct EvdevKeys {
    wanted: KeyDevices,
    directory: PathBuf,
    plugged: Option<AsyncFd<OwnedFd>>,
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
                    tracing::info!(device = %path.display(), name = stream.device().name(), "listens to keys");
                    self.refused.remove(&path);
                    self.open.insert(path, Keyboard { stream, held: BTreeSet::new() });
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

    /// Whether a device came since last time.
    fn poll_plugged(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(fd) = &mut self.plugged else { return Poll::Pending };
        let mut came = false;
        while let Poll::Ready(Ok(mut guard)) = fd.poll_read_ready(cx) {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            // What it says is not looked at: the directory is read again anyway.
            if inotify::Reader::new(fd.get_ref(), &mut buffer).next().is_ok() {
                came = true;
            } else {
                guard.clear_ready();
            }
        }
        if came { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Reads all devices that have something to read.
    fn poll_devices(&mut self, cx: &mut Context<'_>) {
        let mut gone = Vec::new();
        for (path, keyboard) in &mut self.open {
            loop {
                match keyboard.stream.poll_event(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(event)) => self.waiting.extend(key_event(event, &mut keyboard.held)),
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
            let held = self.open.remove(&path).map(|keyboard| keyboard.held).unwrap_or_default();
            // Nobody holds the keys of a device that is not there.
            self.waiting.extend(held.into_iter().map(|code| KeyEvent { code, edge: Edge::Up }));
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
    let device = Device::open(path)?;
    let has_keys = device.supported_keys().is_some_and(|keys| keys.iter().next().is_some());
    if !has_keys || !wanted.wants(path, device.name()) {
        return Ok(None);
    }
    device.into_event_stream().map(Some)
}

/// The press or release in an event, if it is one. Value 2 is auto-repeat (Documentation/input/event-codes.rst, `EV_KEY`).
fn key_event(event: evdev::InputEvent, held: &mut BTreeSet<u16>) -> Option<KeyEvent> {
    let EventSummary::Key(_, key, value) = event.destructure() else { return None };
    let code = key.code();
    let (edge, changed) = match value {
        0 => (Edge::Up, held.remove(&code)),
        1 => (Edge::Down, held.insert(code)),
        _ => return None,
    };
    changed.then_some(KeyEvent { code, edge })
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
        let mut next = |kind, code, value| key_event(event(kind, code, value), &mut held);
        assert_eq!(next(EventType::KEY, 169, 0), None, "the release of a key that was down before we looked");
        assert_eq!(next(EventType::KEY, 169, 1), Some(KeyEvent { code: 169, edge: Edge::Down }));
        assert_eq!(next(EventType::KEY, 169, 2), None, "auto-repeat");
        assert_eq!(next(EventType::KEY, 169, 1), None, "pressed twice without a release");
        assert_eq!(next(EventType::SYNCHRONIZATION, 0, 0), None);
        assert_eq!(next(EventType::MISC, 4, 1), None);
        assert_eq!(next(EventType::KEY, 169, 0), Some(KeyEvent { code: 169, edge: Edge::Up }));
    }

    #[test]
    fn devices_are_named_by_name_or_path() {
        let path = Path::new("/dev/input/event3");
        assert!(KeyDevices::All.wants(path, None));
        for (names, wanted) in [(["gpio-keys"], true), (["/dev/input/event3"], true), (["event3"], false)] {
            let devices = KeyDevices::Named(names.map(str::to_owned).to_vec());
            assert_eq!(devices.wants(path, Some("gpio-keys")), wanted, "{names:?}");
        }
    }

    #[tokio::test]
    async fn a_new_node_wakes_the_stream_and_one_that_does_not_open_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut source = EvdevKeys {
            wanted: KeyDevices::All,
            directory: directory.path().to_owned(),
            plugged: watch(directory.path()),
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            waiting: VecDeque::new(),
        };
        assert!(source.plugged.is_some());
        std::future::poll_fn(|cx| {
            assert!(source.poll_next(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let node = directory.path().join("event0");
        fs::write(&node, "").expect("writes");
        fs::write(directory.path().join("mouse0"), "").expect("writes");
        std::future::poll_fn(|cx| {
            assert!(source.poll_next(cx).is_pending());
            if source.refused.is_empty() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        assert_eq!(source.refused, BTreeSet::from([node.clone()]));
        fs::remove_file(node).expect("removes");
        source.scan();
        assert!(source.refused.is_empty());
    }
}

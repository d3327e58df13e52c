//! Input devices of evdev (Documentation/input/input.rst, "evdev"): found, opened, read where they are awaited, lost and found again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll, ready},
};

use evdev::{Device, EventStream, InputEvent};

use super::uevents::{Action, Uevent, Uevents};

/// Where the kernel puts input devices.
const DEV_INPUT: &str = "/dev/input";
/// Events that may wait for the reader before the next device has its turn.
const WAITING: usize = 64;

/// What is read of a kind of input device.
pub(super) trait Reader: Send {
    /// What comes of it.
    type Event: Send;
    /// What is known of one open device.
    type State: Send;

    /// Whether a device is one of ours; it may be set up for us here. None: it is not.
    fn open(&self, path: &Path, device: &mut Device) -> Option<Self::State>;
    /// A device has been opened.
    fn came(&mut self, name: &Arc<str>, waiting: &mut VecDeque<Self::Event>);
    /// Something happened to it.
    fn read(state: &mut Self::State, name: &Arc<str>, event: InputEvent, waiting: &mut VecDeque<Self::Event>);
    /// It is gone.
    fn gone(&mut self, state: Self::State, name: &Arc<str>, waiting: &mut VecDeque<Self::Event>);
}

struct Open<S> {
    stream: EventStream,
    name: Arc<str>,
    state: S,
}

/// All devices of one kind, those that are plugged in later too.
pub(super) struct InputDevices<R: Reader> {
    reader: R,
    directory: PathBuf,
    /// None: what is plugged in later is not noticed.
    uevents: Option<Uevents>,
    open: BTreeMap<PathBuf, Open<R::State>>,
    /// Devices that did not open or are not ours: one log line each.
    refused: BTreeSet<PathBuf>,
    waiting: VecDeque<R::Event>,
}

impl<R: Reader> InputDevices<R> {
    /// Opens what is there. Must be called within a tokio runtime with I/O.
    pub(super) fn new(reader: R) -> Self {
        let uevents = Uevents::listen(&["input"])
            .inspect_err(|error| tracing::warn!(%error, "input devices that are plugged in later will not be noticed"))
            .ok();
        Self::of(reader, PathBuf::from(DEV_INPUT), uevents)
    }

    fn of(reader: R, directory: PathBuf, uevents: Option<Uevents>) -> Self {
        let (open, refused, waiting) = Default::default();
        let mut devices = Self { reader, directory, uevents, open, refused, waiting };
        devices.scan();
        devices
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

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
            match self.open(&path) {
                Ok(Some(open)) => {
                    tracing::info!(device = %path.display(), name = &*open.name, "listens to an input device");
                    self.refused.remove(&path);
                    self.reader.came(&open.name, &mut self.waiting);
                    self.open.insert(path, open);
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

    fn open(&self, path: &Path) -> io::Result<Option<Open<R::State>>> {
        let mut device = Device::open(path)?;
        let Some(state) = self.reader.open(path, &mut device) else { return Ok(None) };
        let name = Arc::from(device.name().unwrap_or_default());
        Ok(Some(Open { stream: device.into_event_stream()?, name, state }))
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
        for (path, Open { stream, name, state }) in &mut self.open {
            loop {
                match stream.poll_event(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(event)) => R::read(state, name, event, &mut self.waiting),
                    Poll::Ready(Err(error)) => {
                        tracing::info!(device = %path.display(), %error, "an input device is gone");
                        gone.push(path.clone());
                        break;
                    }
                }
                // A device that never pauses must not keep the others waiting.
                if self.waiting.len() >= WAITING {
                    cx.waker().wake_by_ref();
                    break;
                }
            }
        }
        for path in gone {
            if let Some(Open { name, state, .. }) = self.open.remove(&path) {
                self.reader.gone(state, &name, &mut self.waiting);
            }
        }
    }

    /// The next event of any of them; it never ends.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<R::Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Poll::Ready(event);
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Reader for Nothing {
        type Event = ();
        type State = ();

        fn open(&self, _: &Path, _: &mut Device) -> Option<()> {
            Some(())
        }
        fn came(&mut self, _: &Arc<str>, _: &mut VecDeque<()>) {}
        fn read((): &mut (), _: &Arc<str>, _: InputEvent, _: &mut VecDeque<()>) {}
        fn gone(&mut self, (): (), _: &Arc<str>, _: &mut VecDeque<()>) {}
    }

    #[tokio::test]
    async fn a_device_that_does_not_open_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut devices = InputDevices::of(Nothing, directory.path().to_owned(), None);
        let node = directory.path().join("event0");
        fs::write(&node, "").expect("writes");
        fs::write(directory.path().join("mouse0"), "").expect("writes");
        devices.scan();
        assert_eq!(devices.refused, BTreeSet::from([node.clone()]));
        std::future::poll_fn(|cx| {
            assert!(devices.poll_next(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        fs::remove_file(node).expect("removes");
        devices.scan();
        assert!(devices.refused.is_empty());
    }
}

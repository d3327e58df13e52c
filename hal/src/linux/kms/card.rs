//! A display card: opened, ours alone, its objects with their properties by name.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt as _,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use drm::{
    ClientCapability, Device as _,
    control::{
        Device as _, Event, Mode, ModeFlags, ModeTypeFlags, RawResourceHandle, ResourceHandle, atomic::AtomicModeReq,
        connector, crtc, property,
    },
};
use rustix::fs::OFlags;
use tokio::io::{Interest, unix::AsyncFd};

use super::choice::{Monitor, OfferedConnector, OfferedMode};
use crate::panel::Size;

/// Where cards are.
const DIRECTORY: &str = "/dev/dri";

/// An open card whose master we are: nobody else may show anything on it.
#[derive(Debug)]
pub(super) struct Card {
    file: AsyncFd<File>,
    /// `card0`.
    pub(super) name: String,
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.get_ref().as_fd()
    }
}

impl drm::Device for Card {}
impl drm::control::Device for Card {}

/// Why a card is not used. Each is one sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum CardError {
    /// It renders only, or has a driver from before atomic modesetting.
    #[error("{name} shows no pictures by atomic modesetting")]
    Unfit { name: String },
    /// Another program is master.
    #[error(
        "another program shows its pictures on {name}: end it (a desktop, a boot splash), or give kioskd the rights to {name}"
    )]
    Taken { name: String },
    /// The rest.
    #[error("{name} cannot be used: {source}")]
    Io { name: String, source: io::Error },
}

impl Card {
    /// All that can be used, but for the one of this name, in the order of their numbers; and why the others cannot.
    pub(super) fn all(but: Option<&str>) -> (Vec<Arc<Self>>, Vec<CardError>) {
        let (mut cards, mut errors) = (Vec::new(), Vec::new());
        for path in nodes(Path::new(DIRECTORY)) {
            if path.file_name().and_then(|name| name.to_str()) == but && but.is_some() {
                continue;
            }
            match Self::open(&path) {
                Ok(card) => cards.push(Arc::new(card)),
                Err(error) => errors.push(error),
            }
        }
        (cards, errors)
    }

    #[expect(unsafe_code, reason = "tokio wants the promise that the descriptor stays open")]
    fn open(path: &Path) -> Result<Self, CardError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |source| CardError::Io { name: name.clone(), source };
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(failed)?;
        // SAFETY: a File keeps one descriptor, open until it is dropped.
        let file = unsafe { AsyncFd::register_with_interest(file, Interest::READABLE) }
            .map_err(|error| failed(error.into()))?;
        let card = Self { file, name: name.clone() };
        let unfit = |_| CardError::Unfit { name: name.clone() };
        card.set_client_capability(ClientCapability::UniversalPlanes, true).map_err(unfit)?;
        card.set_client_capability(ClientCapability::Atomic, true).map_err(unfit)?;
        let connectors = card.resource_handles().map_err(unfit)?.connectors().len();
        if connectors == 0 {
            return Err(CardError::Unfit { name });
        }
        // Who opens it first is master already; for that one this changes nothing.
        card.acquire_master_lock().map_err(|_| CardError::Taken { name })?;
        Ok(card)
    }

    /// Its connectors. `probe`: looks at the wires again, which takes some milliseconds, instead of what the kernel remembers.
    pub(super) fn connectors(&self, probe: bool) -> io::Result<Vec<connector::Info>> {
        let handles = self.resource_handles()?;
        handles.connectors().iter().map(|handle| self.get_connector(*handle, probe)).collect()
    }

    /// An object's properties.
    pub(super) fn object<T: ResourceHandle>(&self, handle: T) -> io::Result<Object> {
        let mut properties = BTreeMap::new();
        for (id, value) in self.get_properties(handle)?.iter() {
            let info = self.get_property(*id)?;
            let name = info.name().to_string_lossy().into_owned();
            properties.insert(name, Property { info, value: *value });
        }
        Ok(Object { handle: handle.into(), properties })
    }

    /// Waits until a commit on this CRTC has reached the screen. A dropped future loses nothing.
    pub(super) async fn flipped(&self, crtc: crtc::Handle) -> io::Result<()> {
        loop {
            let mut guard = self.file.readable().await?;
            if self.read_flip(crtc)? {
                return Ok(());
            }
            guard.clear_ready();
        }
    }

    /// Whether the end of a commit on this CRTC waits to be read.
    pub(super) fn read_flip(&self, crtc: crtc::Handle) -> io::Result<bool> {
        match self.receive_events() {
            Ok(mut events) => Ok(events.any(|event| matches!(event, Event::PageFlip(flip) if flip.crtc == crtc))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// `card0`, `card1` … in the order of their numbers.
fn nodes(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.strip_prefix("card")?.parse::<u32>().ok()?;
        Some((number, entry.path()))
    });
    numbered.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// What a connector offers, for the choice.
pub(super) fn offered_connector(connector: &connector::Info) -> OfferedConnector {
    let monitor = match connector.state() {
        _ if connector.modes().is_empty() => Monitor::None,
        connector::State::Connected => Monitor::Here,
        connector::State::Unknown => Monitor::Perhaps,
        connector::State::Disconnected => Monitor::None,
    };
    OfferedConnector { name: connector.to_string(), monitor }
}

/// What a mode offers, for the choice.
pub(super) fn offered_mode(mode: &Mode) -> OfferedMode {
    OfferedMode {
        size: mode_size(mode),
        hertz: mode.vrefresh(),
        is_preferred: mode.mode_type().contains(ModeTypeFlags::PREFERRED),
        is_interlaced: mode.flags().contains(ModeFlags::INTERLACE),
    }
}

/// The visible pixels of a mode.
pub(super) fn mode_size(mode: &Mode) -> Size {
    let (width, height) = mode.size();
    Size { width_px: u32::from(width).max(1), height_px: u32::from(height).max(1) }
}

/// A property of an object: what it is, and its value when it was read.
#[derive(Clone, Debug)]
struct Property {
    info: property::Info,
    value: property::RawValue,
}

/// A KMS object (connector, CRTC, plane) and its properties by name.
#[derive(Clone, Debug)]
pub(super) struct Object {
    handle: RawResourceHandle,
    properties: BTreeMap<String, Property>,
}

impl Object {
    /// The value of a property when the object was read.
    pub(super) fn value(&self, name: &str) -> Option<u64> {
        Some(self.properties.get(name)?.value)
    }

    /// The least and the most that a property can be set to; None: it is not there, or cannot be set.
    pub(super) fn range(&self, name: &str) -> Option<(u64, u64)> {
        let property = self.properties.get(name).filter(|property| property.info.mutable())?;
        if let property::ValueType::UnsignedRange(least, most) = *property.info.value_type() {
            Some((least, most))
        } else {
            None
        }
    }

    /// The number of a value by its name; None: the property has none of that name.
    pub(super) fn named(&self, name: &str, value: &str) -> Option<u64> {
        let property::ValueType::Enum(values) = self.properties.get(name)?.info.value_type() else { return None };
        let (numbers, names) = values.values();
        let mut pairs = numbers.iter().zip(names);
        let (number, _) = pairs.find(|(_, known)| known.name().to_bytes() == value.as_bytes())?;
        Some(*number)
    }

    /// Asks for a value, if there is such a property and it can be set.
    pub(super) fn set(&self, request: &mut AtomicModeReq, name: &str, value: u64) {
        if let Some(property) = self.properties.get(name).filter(|property| property.info.mutable()) {
            request.add_raw_property(self.handle, property.info.handle(), value);
        }
    }

    /// Asks for the value that it had when the object was read.
    pub(super) fn set_back(&self, request: &mut AtomicModeReq, name: &str) {
        if let Some(value) = self.value(name) {
            self.set(request, name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_in_the_order_of_their_numbers() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["card10", "card2", "renderD128", "card", "cardx", "by-path"] {
            std::fs::write(directory.path().join(name), []).expect("writes");
        }
        let expected = ["card2", "card10"].map(|name| directory.path().join(name));
        assert_eq!(nodes(directory.path()), expected);
        assert!(nodes(&directory.path().join("none")).is_empty());
    }
}

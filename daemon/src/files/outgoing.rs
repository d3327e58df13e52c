//! Files that go to peers: copies and snapshots, until they are sent. None outlives kioskd, as no transfer does.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use kiosk_call::{Chunk, FileEvent};
use kiosk_wire::{FileId, FileOffer, FileRefusal, Hasher};
use tracing::warn;

use super::{
    incoming::free_bytes,
    kind::{self, LOOKED_AT},
    shelf::{make_directory, names_in, remove_leftover},
};
use crate::config::FilesSection;

const MEBIBYTE: u64 = 1 << 20;
/// What kioskctl began to bring and did not go on with.
const BROUGHT_WITHIN: Duration = Duration::from_secs(600);

/// A file that is being brought by kioskctl, or that can be sent.
#[derive(Debug)]
struct Held {
    name: String,
    size: u64,
    file: File,
    /// Milliseconds since 1970: when the last bytes were brought.
    at: u64,
    /// None: not all of it is here.
    offer: Option<FileOffer>,
}

/// Why a file cannot be brought or sent: a sentence.
pub(crate) type Sentence = String;

#[derive(Debug)]
pub(crate) struct Outgoing {
    directory: PathBuf,
    rules: FilesSection,
    held: BTreeMap<FileId, Held>,
}

impl Outgoing {
    /// Empties the directory, which is made if it is missing.
    pub(crate) fn set_rules(&mut self, rules: FilesSection) {
        self.rules = rules;
    }

    pub(crate) fn open(directory: &Path, rules: FilesSection) -> io::Result<Self> {
        for name in names_in(directory)? {
            remove_leftover(&directory.join(name));
        }
        Ok(Self { directory: directory.to_owned(), rules, held: BTreeMap::new() })
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.directory.join(format!("{id}.data"))
    }

    /// Makes a place for a file of so many bytes.
    pub(crate) fn begin(&mut self, id: FileId, name: String, size: u64, at: u64) -> Result<(), Sentence> {
        let largest = u64::from(self.rules.largest_mb);
        if size == 0 || size > largest * MEBIBYTE {
            return Err(format!("a file to be sent has at least one byte and at most {largest} MiB (`largest_mb`)"));
        }
        let used: u64 = self.held.values().map(|held| held.size).sum();
        let quota = u64::from(self.rules.quota_mb) * MEBIBYTE;
        let keep_free = u64::from(self.rules.keep_free_mb) * MEBIBYTE;
        make_directory(&self.directory).map_err(|error| format!("it cannot be kept: {error}"))?;
        let free = free_bytes(&self.directory).map_err(|error| error.to_string())?;
        if used + size > quota || free < keep_free + size {
            return Err("there is no room for it (`quota_mb`, `keep_free_mb`)".to_owned());
        }
        let mut options = OpenOptions::new();
        let created = options.create_new(true).read(true).write(true).mode(0o600).open(self.path(id));
        let file = created.map_err(|error| format!("it cannot be kept: {error}"))?;
        self.held.insert(id, Held { name, size, file, at, offer: None });
        Ok(())
    }

    /// The next bytes of it.
    pub(crate) fn bring(&mut self, id: FileId, offset: u64, bytes: &[u8], at: u64) -> Result<(), Sentence> {
        let held = self.held.get_mut(&id).filter(|held| held.offer.is_none()).ok_or("no such file was begun")?;
        let there = held.file.stream_position().map_err(|error| error.to_string())?;
        let end = there.checked_add(bytes.len() as u64);
        if offset != there || end.is_none_or(|end| end > held.size) {
            return Err(format!("{there} of {} bytes are here, and these begin at {offset}", held.size));
        }
        held.at = at;
        held.file.write_all(bytes).map_err(|error| format!("it cannot be kept: {error}"))
    }

    /// All of it is here: what is to be offered.
    pub(crate) fn finish(&mut self, id: FileId) -> Result<FileOffer, Sentence> {
        let held = self.held.get_mut(&id).filter(|held| held.offer.is_none()).ok_or("no such file was begun")?;
        let offer = held.describe(id).map_err(|error| format!("it cannot be read again: {error}"))?;
        if offer.size != held.size {
            return Err(format!("{} of {} bytes are here", offer.size, held.size));
        }
        let offer = offer.checked().map_err(|_| "a name has 1 to 128 characters, no '/', '\\' or control character")?;
        held.offer = Some(offer.clone());
        Ok(offer)
    }

    /// A file that was made here.
    pub(crate) fn keep(&mut self, id: FileId, name: String, bytes: &[u8], at: u64) -> Result<FileOffer, Sentence> {
        let size = bytes.len() as u64;
        let kept =
            self.begin(id, name, size, at).and_then(|()| self.bring(id, 0, bytes, at)).and_then(|()| self.finish(id));
        if kept.is_err() {
            self.remove(id);
        }
        kept
    }

    /// A piece of a file that can be sent.
    pub(crate) fn read(&self, id: FileId, offset: u64, length: usize) -> FileEvent {
        let failed = FileEvent::Failed { id, why: FileRefusal::Storage };
        let Some(held) = self.held.get(&id).filter(|held| held.offer.is_some()) else { return failed };
        let mut bytes = vec![0; length.min(Chunk::LARGEST)];
        match held.file.read_at(&mut bytes, offset) {
            Ok(count @ 1..) => {
                bytes.truncate(count);
                FileEvent::Read(Chunk { id, offset, bytes })
            }
            Ok(0) => failed,
            Err(error) => {
                warn!(%id, %error, "a file that is being sent cannot be read");
                failed
            }
        }
    }

    /// False: it is not there.
    pub(crate) fn remove(&mut self, id: FileId) -> bool {
        let known = self.held.remove(&id).is_some();
        if known && let Err(error) = fs::remove_file(self.path(id)) {
            warn!(%id, %error, "a sent file cannot be removed");
        }
        known
    }

    /// What was begun and is brought no further goes.
    pub(crate) fn forget_old(&mut self, now: u64) {
        let within = u64::try_from(BROUGHT_WITHIN.as_millis()).unwrap_or(u64::MAX);
        let left = |held: &Held| held.offer.is_none() && now.saturating_sub(held.at) > within;
        let old: Vec<FileId> = self.held.iter().filter(|(_, held)| left(held)).map(|(id, _)| *id).collect();
        for id in old {
            self.remove(id);
        }
    }

    /// Every file that can be sent.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&FileOffer, u64)> {
        self.held.values().filter_map(|held| Some((held.offer.as_ref()?, held.at)))
    }

    /// The bytes of a file that can be sent, and its size.
    pub(crate) fn whole(&self, id: FileId) -> Option<(PathBuf, u64)> {
        let held = self.held.get(&id).filter(|held| held.offer.is_some())?;
        Some((self.path(id), held.size))
    }
}

impl Held {
    fn describe(&mut self, id: FileId) -> io::Result<FileOffer> {
        let mut hasher = Hasher::default();
        let mut piece = vec![0; 64 << 10];
        let (mut size, mut found) = (0, None);
        self.file.seek(SeekFrom::Start(0))?;
        loop {
            let count = self.file.read(&mut piece)?;
            if count == 0 {
                break;
            }
            // A regular file gives as many bytes as it has: the first piece is the start that is looked at.
            const { assert!(LOOKED_AT <= 64 << 10) };
            found.get_or_insert_with(|| kind::sniff(&piece[..count]));
            hasher.add(&piece[..count]);
            size += count as u64;
        }
        let media_type = found.unwrap_or("application/octet-stream").to_owned();
        Ok(FileOffer { id, name: self.name.clone(), media_type, size, sha256: hasher.finish() })
    }
}

#[cfg(test)]
mod tests;

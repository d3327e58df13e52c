//! Files that come from peers: kept as they come, checked, refused, forgotten.
//!
//! Of no file more than a chunk is in memory. The bytes are synced every [`SYNC_EVERY`] before the card tells of them; what is
//! there is hashed again when a file goes on, so that what a disk has lost is noticed at the end at the latest.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use kiosk_call::{Chunk, FileEvent, Retention};
use kiosk_wire::{FileId, FileOffer, FileRefusal, Hasher};
use nix::sys::statvfs::statvfs;
use tracing::{info, warn};

use super::{
    kind::{self, LOOKED_AT},
    shelf::{Card, Shelf, make_directory},
};
use crate::config::FilesSection;

/// At most so many bytes come again after a power cut.
const SYNC_EVERY: u64 = 4 << 20;
/// Most files that are kept.
const MOST_FILES: usize = 1_000;
/// What a file needs beside its bytes: its card, and the rest of its last block.
const OVERHEAD: u64 = 8_192;
/// What is not whole goes after this time, if the core does not say so before.
const PARTIAL_KEPT: Duration = Duration::from_secs(3_600);
const MEBIBYTE: u64 = 1 << 20;

/// The file that is coming.
#[derive(Debug)]
struct Open {
    id: FileId,
    file: File,
    hasher: Hasher,
    received: u64,
    /// Its type is known and allowed.
    looked_at: bool,
}

/// Why a file is not taken.
enum No {
    Refused(FileRefusal),
    Disk(io::Error),
}

impl From<io::Error> for No {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<FileRefusal> for No {
    fn from(why: FileRefusal) -> Self {
        Self::Refused(why)
    }
}

#[derive(Debug)]
pub(crate) struct Incoming {
    shelf: Shelf,
    rules: FilesSection,
    cards: BTreeMap<FileId, Card>,
    open: Option<Open>,
}

impl Incoming {
    /// What is there from before. Files that are kept until a call ends are not: there is no call.
    pub(crate) fn set_rules(&mut self, rules: FilesSection) {
        self.rules = rules;
    }

    pub(crate) fn open(directory: &Path, rules: FilesSection, now: u64) -> io::Result<Self> {
        let (shelf, cards) = Shelf::open(directory)?;
        let mut incoming = Self { shelf, rules, cards, open: None };
        incoming.forget_old(now);
        if incoming.rules.keep == Retention::UntilCallEnds {
            incoming.forget_whole();
        }
        Ok(incoming)
    }

    /// Makes room, or goes on with what is there.
    pub(crate) fn accept(&mut self, offer: &FileOffer, now: u64) -> FileEvent {
        let id = offer.id;
        match self.begin(offer, now) {
            Ok(event) => event,
            Err(no) => self.give_up(id, no),
        }
    }

    fn begin(&mut self, offer: &FileOffer, now: u64) -> Result<FileEvent, No> {
        let id = offer.id;
        self.rest(None);
        if !self.rules.accept {
            return Err(FileRefusal::Declined.into());
        }
        if offer.size > u64::from(self.rules.largest_mb) * MEBIBYTE {
            return Err(FileRefusal::Size.into());
        }
        let known = self.cards.get(&id).filter(|card| card.is_of(offer));
        if let Some(found) = known.and_then(|card| card.found.as_deref()) {
            return Ok(FileEvent::Complete { id, can_be_shown: kind::can_be_shown(found) });
        }
        let card = match known.cloned() {
            Some(card) => Card { at: now, ..card },
            // An id stands for one file.
            None if self.cards.get(&id).is_some_and(Card::is_whole) => return Err(FileRefusal::Hash.into()),
            None => {
                self.remove(id);
                make_directory(self.shelf.directory())?;
                self.make_room(offer.size)?;
                Card::new(offer, now)
            }
        };
        let open = if card.synced == 0 { self.start(id)? } else { self.go_on(id, card.synced)? };
        let offset = open.received;
        self.keep_card(id, Card { synced: offset, ..card })?;
        self.open = Some(open);
        Ok(FileEvent::Accepted { id, offset })
    }

    fn start(&self, id: FileId) -> io::Result<Open> {
        let file = self.shelf.create(id)?;
        Ok(Open { id, file, hasher: Hasher::default(), received: 0, looked_at: false })
    }

    /// What is there of it, and was synced, is hashed again.
    fn go_on(&self, id: FileId, synced: u64) -> io::Result<Open> {
        let mut file = self.shelf.reopen(id)?;
        let received = synced.min(file.metadata()?.len());
        file.set_len(received)?;
        let mut hasher = Hasher::default();
        let mut piece = vec![0; 64 << 10];
        loop {
            match file.read(&mut piece)? {
                0 => break,
                count => hasher.add(&piece[..count]),
            }
        }
        Ok(Open { id, file, hasher, received, looked_at: false })
    }

    fn keep_card(&mut self, id: FileId, card: Card) -> io::Result<()> {
        self.shelf.write(id, &card)?;
        self.cards.insert(id, card);
        Ok(())
    }

    /// The next bytes of the file that is coming.
    pub(crate) fn write(&mut self, chunk: &Chunk) -> FileEvent {
        let id = chunk.id;
        match self.add(chunk) {
            Ok(event) => event,
            Err(no) => self.give_up(id, no),
        }
    }

    fn add(&mut self, chunk: &Chunk) -> Result<FileEvent, No> {
        let id = chunk.id;
        let unknown = || No::Refused(FileRefusal::Storage);
        let size = self.cards.get(&id).ok_or_else(unknown)?.size;
        let open = self.open.as_mut().filter(|open| open.id == id && open.received == chunk.offset);
        let open = open.ok_or_else(unknown)?;
        let received = open.received.checked_add(chunk.bytes.len() as u64).filter(|end| *end <= size);
        let received = received.ok_or(FileRefusal::Size)?;
        open.file.write_all(&chunk.bytes)?;
        open.hasher.add(&chunk.bytes);
        open.received = received;
        if !open.looked_at && (received >= LOOKED_AT as u64 || received == size) {
            allowed(&self.rules, look_at(&mut open.file)?)?;
            open.looked_at = true;
        }
        if received == size {
            return self.finish(id);
        }
        if received - self.cards.get(&id).map_or(0, |card| card.synced) >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(FileEvent::Written { id, received })
    }

    fn finish(&mut self, id: FileId) -> Result<FileEvent, No> {
        let (Some(mut open), Some(card)) = (self.open.take(), self.cards.get(&id).cloned()) else {
            return Err(FileRefusal::Storage.into());
        };
        if open.hasher.finish() != card.sha256 {
            return Err(FileRefusal::Hash.into());
        }
        let found = look_at(&mut open.file)?;
        open.file.sync_all()?;
        self.keep_card(id, Card { synced: card.size, found: Some(found.to_owned()), ..card })?;
        Ok(FileEvent::Complete { id, can_be_shown: kind::can_be_shown(found) })
    }

    /// Whatever has come of the open file survives a power cut.
    fn sync(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        open.file.sync_all()?;
        let (id, synced) = (open.id, open.received);
        let Some(card) = self.cards.get(&id).cloned() else { return Ok(()) };
        if card.synced == synced { Ok(()) } else { self.keep_card(id, Card { synced, ..card }) }
    }

    /// The open file (this one, or whichever it is) is closed, and what is there of it stays.
    pub(crate) fn rest(&mut self, id: Option<FileId>) {
        let is_meant = |open: &Open| id.is_none_or(|id| open.id == id);
        if !self.open.as_ref().is_some_and(is_meant) {
            return;
        }
        if let Err(error) = self.sync() {
            warn!(%error, "the end of a resting file does not survive a power cut");
        }
        self.open = None;
    }

    fn give_up(&mut self, id: FileId, no: No) -> FileEvent {
        let why = match no {
            No::Refused(why) => {
                info!(%id, ?why, "a file is not taken");
                why
            }
            No::Disk(error) => {
                warn!(%id, %error, "a received file cannot be kept");
                FileRefusal::Storage
            }
        };
        if !self.cards.get(&id).is_some_and(Card::is_whole) {
            self.remove(id);
        }
        FileEvent::Failed { id, why }
    }

    /// False: it is not there.
    pub(crate) fn remove(&mut self, id: FileId) -> bool {
        self.open.take_if(|open| open.id == id);
        let known = self.cards.remove(&id).is_some();
        self.shelf.remove(id);
        known
    }

    fn make_room(&mut self, size: u64) -> Result<(), No> {
        loop {
            if self.fits(size)? {
                return Ok(());
            }
            let oldest = self.cards.iter().filter(|(_, card)| card.is_whole()).min_by_key(|(_, card)| card.at);
            let oldest = oldest.map(|(id, _)| *id).filter(|_| self.rules.replace_oldest).ok_or(FileRefusal::Quota)?;
            info!(id = %oldest, "a received file makes room for a new one");
            self.remove(oldest);
        }
    }

    fn fits(&self, size: u64) -> io::Result<bool> {
        let used: u64 = self.cards.values().map(|card| card.size + OVERHEAD).sum();
        let coming: u64 = self.cards.values().map(|card| card.size - card.synced.min(card.size)).sum();
        let needed = size + OVERHEAD;
        let quota = u64::from(self.rules.quota_mb) * MEBIBYTE;
        let keep_free = u64::from(self.rules.keep_free_mb) * MEBIBYTE;
        let free = free_bytes(self.shelf.directory())?;
        Ok(self.cards.len() < MOST_FILES && used + needed <= quota && free >= keep_free + coming + needed)
    }

    /// What has been kept long enough, and what nobody has gone on with.
    pub(crate) fn forget_old(&mut self, now: u64) {
        let older =
            |card: &Card, than: Duration| now.saturating_sub(card.at) > than.as_millis().try_into().unwrap_or(u64::MAX);
        let open = self.open.as_ref().map(|open| open.id);
        let old = |id: &FileId, card: &Card| match (card.is_whole(), self.rules.keep) {
            (true, Retention::For(kept)) => older(card, kept),
            (true, Retention::UntilCallEnds) => false,
            (false, _) => Some(*id) != open && older(card, PARTIAL_KEPT),
        };
        let old: Vec<FileId> = self.cards.iter().filter(|(id, card)| old(id, card)).map(|(id, _)| *id).collect();
        for id in old {
            self.remove(id);
        }
    }

    /// The call is over for which they were kept.
    pub(crate) fn forget_whole(&mut self) {
        let whole: Vec<FileId> = self.cards.iter().filter(|(_, card)| card.is_whole()).map(|(id, _)| *id).collect();
        for id in whole {
            self.remove(id);
        }
    }

    /// Every file, and how much of it is there.
    pub(crate) fn list(&self) -> impl Iterator<Item = (FileId, &Card, u64)> {
        self.cards.iter().map(|(id, card)| {
            let open = self.open.as_ref().filter(|open| open.id == *id);
            (*id, card, open.map_or(card.synced, |open| open.received))
        })
    }

    /// The bytes of a file that is whole, and its size.
    pub(crate) fn whole(&self, id: FileId) -> Option<(PathBuf, u64)> {
        let card = self.cards.get(&id).filter(|card| card.is_whole())?;
        Some((self.shelf.data(id), card.size))
    }
}

/// Bytes that are free for us on the file system (statvfs(3): `f_bavail` fragments).
pub(super) fn free_bytes(directory: &Path) -> io::Result<u64> {
    let found = statvfs(directory)?;
    // Their types differ from processor to processor.
    let bytes = u128::from(found.blocks_available()) * u128::from(found.fragment_size());
    Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
}

fn look_at(file: &mut File) -> io::Result<&'static str> {
    let mut start = Vec::with_capacity(LOOKED_AT);
    file.seek(SeekFrom::Start(0))?;
    (&*file).take(LOOKED_AT as u64).read_to_end(&mut start)?;
    file.seek(SeekFrom::End(0))?;
    Ok(kind::sniff(&start))
}

fn allowed(rules: &FilesSection, found: &str) -> Result<(), FileRefusal> {
    if rules.types.iter().any(|rule| rule.allows(found)) { Ok(()) } else { Err(FileRefusal::Type) }
}

#[cfg(test)]
mod tests;

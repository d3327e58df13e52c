//! Both directions together, as the thread has them.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kiosk_call::{Chunk, FileEvent, VideoSource};
use kiosk_wire::{FileId, FileOffer, FileRefusal};
use tracing::warn;

use super::{
    incoming::Incoming,
    kind,
    outgoing::{Outgoing, Sentence},
    snapshot::{self, Snapshot},
};
use crate::{config::FilesSection, store::random_seed};

/// A file that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFile {
    /// Which.
    pub id: FileId,
    /// Its name, for people.
    pub name: String,
    /// By its content; empty: not all of it is here.
    pub media_type: String,
    /// Bytes in all.
    pub size: u64,
    /// Bytes that are here.
    pub received: u64,
    /// To a peer.
    pub outgoing: bool,
    /// When it came: milliseconds since 1970.
    pub at_ms: u64,
    /// It can be shown on the screen.
    pub can_be_shown: bool,
}

pub(crate) struct Vault {
    incoming: Incoming,
    outgoing: Outgoing,
    keeps_until_call_ends: bool,
    /// When the files of a lost call go.
    forgets_at: Option<Instant>,
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Vault {
    pub(super) fn set_rules(&mut self, rules: FilesSection) {
        self.keeps_until_call_ends = rules.keep == kiosk_call::Retention::UntilCallEnds;
        self.incoming.set_rules(rules.clone());
        self.outgoing.set_rules(rules);
    }

    pub(super) fn open(directory: &Path, rules: FilesSection) -> io::Result<Self> {
        let keeps_until_call_ends = rules.keep == kiosk_call::Retention::UntilCallEnds;
        Ok(Self {
            incoming: Incoming::open(&directory.join("incoming"), rules.clone(), now_ms())?,
            outgoing: Outgoing::open(&directory.join("outgoing"), rules)?,
            keeps_until_call_ends,
            forgets_at: None,
        })
    }

    pub(super) fn accept(&mut self, offer: &FileOffer) -> FileEvent {
        self.incoming.accept(offer, now_ms())
    }

    pub(super) fn write(&mut self, chunk: &Chunk) -> FileEvent {
        self.incoming.write(chunk)
    }

    pub(super) fn piece(&self, id: FileId, offset: u64, length: usize) -> FileEvent {
        self.outgoing.read(id, offset, length)
    }

    /// The transfer of this file, or of whichever is coming.
    pub(super) fn rest(&mut self, id: Option<FileId>) {
        self.incoming.rest(id);
    }

    pub(super) fn keep_snapshot(&mut self, id: FileId, of: VideoSource, taken: Result<Snapshot, String>) -> FileEvent {
        let at = now_ms();
        let kept = taken
            .and_then(|taken| snapshot::encode(of, taken))
            .and_then(|(name, bytes)| self.outgoing.keep(id, name, &bytes, at));
        match kept {
            Ok(offer) => FileEvent::Stored(offer),
            Err(error) => {
                warn!(?of, error, "no snapshot can be taken");
                FileEvent::Failed { id, why: FileRefusal::Storage }
            }
        }
    }

    /// What was received for this call goes so long after it.
    pub(super) fn call_ended(&mut self, after: Duration) {
        if self.keeps_until_call_ends {
            self.forgets_at = Some(Instant::now() + after);
            self.forget_due();
        }
    }

    pub(super) const fn forgets_at(&self) -> Option<Instant> {
        self.forgets_at
    }

    pub(super) fn forget_old(&mut self) {
        self.forget_due();
        self.incoming.forget_old(now_ms());
        self.outgoing.forget_old(now_ms());
    }

    fn forget_due(&mut self) {
        if self.forgets_at.take_if(|at| *at <= Instant::now()).is_some() {
            self.incoming.forget_whole();
        }
    }

    pub(super) fn list(&self) -> Vec<HeldFile> {
        let received = self.incoming.list().map(|(id, card, received)| {
            let media_type = card.found.clone().unwrap_or_default();
            HeldFile {
                id,
                name: card.name.clone(),
                can_be_shown: kind::can_be_shown(&media_type),
                media_type,
                size: card.size,
                received,
                outgoing: false,
                at_ms: card.at,
            }
        });
        let sent = self.outgoing.list().map(|(offer, at_ms)| HeldFile {
            id: offer.id,
            name: offer.name.clone(),
            media_type: offer.media_type.clone(),
            size: offer.size,
            received: offer.size,
            outgoing: true,
            at_ms,
            can_be_shown: false,
        });
        received.chain(sent).collect()
    }

    pub(super) fn begin(&mut self, name: String, size: u64) -> Result<FileId, Sentence> {
        let seed = random_seed().map_err(|error| error.to_string())?;
        let (id, _) = seed.split_first_chunk().ok_or("there is no chance")?;
        self.outgoing.begin(FileId(*id), name, size, now_ms()).map(|()| FileId(*id))
    }

    pub(super) fn bring(&mut self, id: FileId, offset: u64, bytes: &[u8]) -> Result<(), Sentence> {
        self.outgoing.bring(id, offset, bytes, now_ms())
    }

    pub(super) fn finish(&mut self, id: FileId) -> Result<FileOffer, Sentence> {
        self.outgoing.finish(id)
    }

    /// None: there is no such file that is whole.
    pub(super) fn read(&self, id: FileId, offset: u64, length: usize) -> Option<io::Result<(Vec<u8>, u64)>> {
        let (path, size) = self.find(id)?;
        let mut bytes = vec![0; length];
        let read = File::open(path).and_then(|file| file.read_at(&mut bytes, offset));
        Some(read.map(|count| {
            bytes.truncate(count);
            (bytes, size)
        }))
    }

    fn find(&self, id: FileId) -> Option<(PathBuf, u64)> {
        self.incoming.whole(id).or_else(|| self.outgoing.whole(id))
    }

    pub(super) fn remove(&mut self, id: FileId) -> bool {
        self.incoming.remove(id) || self.outgoing.remove(id)
    }
}

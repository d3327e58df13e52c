//! A directory of received files: for each its bytes (`ID.data`) and a card (`ID.json`) that says what they are.
//!
//! Names are ids, never what a peer calls a file. Bytes are synced before a card speaks of them, and a card is replaced whole
//! ([`write_whole`]): so a card never promises what a power cut took.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use kiosk_wire::{FileId, FileOffer, Hash};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::store::write_whole;

/// Ending of a file's bytes.
const DATA: &str = "data";
/// Ending of a card.
const CARD: &str = "json";
/// Larger cards are not ours.
const LARGEST_CARD: u64 = 4_096;

/// What is known of a received file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Card {
    /// As its sender calls it: for people.
    pub(crate) name: String,
    /// Bytes in all.
    pub(crate) size: u64,
    /// As offered.
    pub(crate) sha256: Hash,
    /// When it was last accepted, or complete: milliseconds since 1970.
    pub(crate) at: u64,
    /// Bytes from the start that a power cut does not take.
    pub(crate) synced: u64,
    /// The media type by its content; None: not all of it is there.
    pub(crate) found: Option<String>,
}

impl Card {
    /// Of a file of which nothing is there yet.
    pub(crate) fn new(offer: &FileOffer, at: u64) -> Self {
        Self { name: offer.name.clone(), size: offer.size, sha256: offer.sha256, at, synced: 0, found: None }
    }

    /// The same bytes are meant.
    pub(crate) fn is_of(&self, offer: &FileOffer) -> bool {
        (self.size, self.sha256) == (offer.size, offer.sha256)
    }

    pub(crate) const fn is_whole(&self) -> bool {
        self.found.is_some()
    }
}

#[derive(Debug)]
pub(crate) struct Shelf(PathBuf);

/// Makes the directory with mode 0700, if it is not there.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The names in a directory, which is made if it is missing. Where it cannot be made there are none: what is to be kept there is refused
/// then, for as long as that lasts.
pub(crate) fn names_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    if let Err(error) = make_directory(directory) {
        warn!(directory = %directory.display(), %error, "no file can be kept");
        return Ok(Vec::new());
    }
    fs::read_dir(directory)?.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect()
}

/// On a disk that is read-only it stays, and is not looked at.
pub(crate) fn remove_leftover(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        warn!(file = %path.display(), %error, "what an earlier run left cannot be removed");
    }
}

impl Shelf {
    /// Opens the directory (made if missing and if that is possible), throws away what belongs together no more, and reads the cards.
    pub(crate) fn open(directory: &Path) -> io::Result<(Self, BTreeMap<FileId, Card>)> {
        let shelf = Self(directory.to_owned());
        let mut cards = BTreeMap::new();
        let names = names_in(directory)?;
        for name in &names {
            let id = name.file_stem().and_then(OsStr::to_str).and_then(|stem| stem.parse().ok());
            let card = id.filter(|_| name.extension() == Some(OsStr::new(CARD)));
            if let Some(id) = card
                && let Some(card) = shelf.read_card(id)
            {
                cards.insert(id, card);
            }
        }
        let expected: Vec<PathBuf> =
            cards.keys().flat_map(|id| [DATA, CARD].map(|ending| PathBuf::from(format!("{id}.{ending}")))).collect();
        for name in names.iter().filter(|name| !expected.contains(name)) {
            remove_leftover(&directory.join(name));
        }
        Ok((shelf, cards))
    }

    fn read_card(&self, id: FileId) -> Option<Card> {
        let mut text = String::new();
        let read = File::open(self.path(id, CARD)).and_then(|file| file.take(LARGEST_CARD).read_to_string(&mut text));
        let card: Card = match read
            .map_err(|error| error.to_string())
            .and_then(|_| serde_json::from_str(&text).map_err(|error| error.to_string()))
        {
            Ok(card) => card,
            Err(error) => {
                warn!(%id, error, "the card of a received file is damaged: the file goes");
                return None;
            }
        };
        let length = fs::metadata(self.data(id)).ok()?.len();
        (!card.is_whole() || length == card.size).then_some(card)
    }

    fn path(&self, id: FileId, ending: &str) -> PathBuf {
        self.0.join(format!("{id}.{ending}"))
    }

    /// Where a file's bytes are.
    pub(crate) fn data(&self, id: FileId) -> PathBuf {
        self.path(id, DATA)
    }

    /// The directory, for [`nix::sys::statvfs`].
    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    /// An empty file for bytes.
    pub(crate) fn create(&self, id: FileId) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(self.data(id))
    }

    /// A file's bytes, to be read and continued.
    pub(crate) fn reopen(&self, id: FileId) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.data(id))
    }

    /// Keeps a card. What it says of the bytes must be synced.
    pub(crate) fn write(&self, id: FileId, card: &Card) -> io::Result<()> {
        write_whole(&self.0, &format!("{id}.{CARD}"), &serde_json::to_vec(card)?)
    }

    /// The card goes first: bytes without one go at the next start.
    pub(crate) fn remove(&self, id: FileId) {
        for path in [self.path(id, CARD), self.data(id)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    warn!(%id, %error, "a received file cannot be removed");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
}

//! The ports to the store of files and to the data channel on which files travel.

use std::fmt;

use kiosk_wire::{FileId, FileOffer, FileRefusal};

use crate::view::VideoSource;

/// A piece of a file (docs/protocol.md §6, "Files").
#[derive(Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Of which file.
    pub id: FileId,
    /// Where it belongs.
    pub offset: u64,
    /// 1 to [`Chunk::LARGEST`] bytes.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// Most bytes of data in a message of 16 KiB.
    pub const LARGEST: usize = 16_384 - Self::HEADER;
    const HEADER: usize = 24;

    /// As it travels.
    #[must_use]
    pub fn to_message(&self) -> Vec<u8> {
        [&self.id.0[..], &self.offset.to_be_bytes(), &self.bytes].concat()
    }

    /// From how it travels; None: it is not one.
    #[must_use]
    pub fn from_message(message: &[u8]) -> Option<Self> {
        let (id, rest) = message.split_first_chunk()?;
        let (offset, bytes) = rest.split_first_chunk()?;
        let fits = (1..=Self::LARGEST).contains(&bytes.len());
        fits.then(|| Self { id: FileId(*id), offset: u64::from_be_bytes(*offset), bytes: bytes.to_vec() })
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk({} at {}, {} bytes)", self.id, self.offset, self.bytes.len())
    }
}

/// What the kiosk wants of the store of files. Commands on an unknown file are answered by [`FileEvent::Failed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileCommand {
    /// Make room for a file that is offered, or find what is there of it: answered by [`FileEvent::Accepted`].
    Accept(FileOffer),
    /// Keep what comes next of an accepted file: answered by [`FileEvent::Written`], after the last chunk by [`FileEvent::Complete`].
    Write(Chunk),
    /// Read up to so many bytes of a file that is to be sent: answered by [`FileEvent::Read`].
    Read {
        /// Which.
        id: FileId,
        /// From where.
        offset: u64,
        /// How many, at most [`Chunk::LARGEST`].
        length: usize,
    },
    /// Take a picture and keep it as a file under this id: answered by [`FileEvent::Stored`].
    Snapshot {
        /// The file's id.
        id: FileId,
        /// Of what: [`VideoSource::Camera`] or [`VideoSource::Panel`].
        of: VideoSource,
    },
    /// No longer wanted: forget what is there of it.
    Discard(FileId),
    /// The transfer rests: close the file, but keep what is there of it.
    Rest(FileId),
}

/// What the store of files tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileEvent {
    /// There is room.
    Accepted {
        /// For which.
        id: FileId,
        /// Bytes that are there already.
        offset: u64,
    },
    /// What came is kept.
    Written {
        /// Of which.
        id: FileId,
        /// Bytes from the start.
        received: u64,
    },
    /// It is there, whole, and its SHA-256 is right.
    Complete {
        /// Which.
        id: FileId,
        /// It can be shown on the screen.
        can_be_shown: bool,
    },
    /// A piece of a file to be sent.
    Read(Chunk),
    /// A snapshot is kept and can be offered.
    Stored(FileOffer),
    /// It did not work; nothing more comes of this file.
    Failed {
        /// Which.
        id: FileId,
        /// Why.
        why: FileRefusal,
    },
}

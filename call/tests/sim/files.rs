//! A model of the stores of files: contents that a seed makes, a disk that answers late but in order, and every byte compared.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use kiosk_call::{CallId, Chunk, FileCommand, FileEvent, FileId, FileOffer, FileRefusal, Input, MediaEvent};
use kiosk_wire::Hash;

use super::{Event, World};

/// What comes of a file on the disk of its receiver.
#[derive(Debug)]
pub(crate) struct Incoming {
    offer: FileOffer,
    kept: u64,
    open: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// What may be sent.
    pub(crate) ours: BTreeMap<FileId, FileOffer>,
    pub(crate) incoming: BTreeMap<FileId, Incoming>,
    /// How often each file has come, whole and byte for byte.
    pub(crate) arrived: BTreeMap<FileId, usize>,
    /// The last command is done then.
    done_at: Option<Instant>,
}

/// What is on the way between the stores.
#[derive(Debug, Default)]
pub(crate) struct FilesModel {
    pub(crate) disks: BTreeMap<usize, Disk>,
    /// When the last chunk of a call arrives at a kiosk: the data channel keeps their order.
    chunk_at: BTreeMap<(CallId, usize), Instant>,
    /// Everything is cut when so many more messages and chunks have been sent.
    pub(crate) cut_after: Option<u64>,
    /// Bytes of chunks anywhere between the disks, and the most there ever were.
    pub(crate) on_the_way: usize,
    pub(crate) most_on_the_way: usize,
}

/// The bytes of a file: SplitMix64 of its seed and place.
fn content(seed: u64, offset: u64, length: u64) -> Vec<u8> {
    let word = |index: u64| {
        let mut z = seed.wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    };
    let first = offset / 8;
    let bytes = (first..(offset + length).div_ceil(8)).flat_map(word);
    bytes.skip(usize::try_from(offset - first * 8).unwrap()).take(usize::try_from(length).unwrap()).collect()
}

fn seed_of(offer: &FileOffer) -> u64 {
    u64::from_le_bytes(*offer.sha256.0.first_chunk().unwrap())
}

/// An offer of so many bytes, made by this seed.
pub(crate) fn offer(seed: u64, size: u64, media_type: &str) -> FileOffer {
    let (mut id, mut hash) = ([0; 16], [0; 32]);
    id[..8].copy_from_slice(&seed.to_le_bytes());
    id[8] = 0xf1;
    hash[..8].copy_from_slice(&seed.to_le_bytes());
    hash[8..16].copy_from_slice(&size.to_le_bytes());
    let name = format!("file {seed}");
    FileOffer { id: FileId(id), name, media_type: media_type.to_owned(), size, sha256: Hash(hash) }
}

impl Disk {
    fn carry_out(&mut self, command: FileCommand) -> Vec<FileEvent> {
        match command {
            FileCommand::Accept(offer) if self.arrived.contains_key(&offer.id) => vec![complete(&offer)],
            FileCommand::Accept(offer) => {
                let id = offer.id;
                let found =
                    self.incoming.entry(id).or_insert_with(|| Incoming { offer: offer.clone(), kept: 0, open: false });
                assert_eq!(found.offer, offer, "what rests is what goes on");
                found.open = true;
                vec![FileEvent::Accepted { id, offset: found.kept }]
            }
            FileCommand::Write(chunk) => self.write(&chunk),
            FileCommand::Read { id, offset, length } => {
                let length = u64::try_from(length).unwrap();
                assert!((1..=Chunk::LARGEST as u64).contains(&length));
                let Some(offer) = self.ours.get(&id) else {
                    return vec![FileEvent::Failed { id, why: FileRefusal::Storage }];
                };
                assert!(offset + length <= offer.size, "nothing is read beyond the end");
                vec![FileEvent::Read(Chunk { id, offset, bytes: content(seed_of(offer), offset, length) })]
            }
            FileCommand::Snapshot { id, of: _ } => {
                let seed = u64::from_le_bytes(*id.0.first_chunk().unwrap());
                let offer = FileOffer { id, ..offer(seed, 200_000, "image/png") };
                self.ours.insert(id, offer.clone());
                vec![FileEvent::Stored(offer)]
            }
            FileCommand::Discard(id) => {
                self.ours.remove(&id);
                self.incoming.remove(&id);
                Vec::new()
            }
            FileCommand::Rest(id) => {
                if let Some(file) = self.incoming.get_mut(&id) {
                    file.open = false;
                }
                Vec::new()
            }
        }
    }

    fn write(&mut self, chunk: &Chunk) -> Vec<FileEvent> {
        let id = chunk.id;
        let Some(file) = self.incoming.get_mut(&id).filter(|file| file.open) else {
            return vec![FileEvent::Failed { id, why: FileRefusal::Storage }];
        };
        assert_eq!(chunk.offset, file.kept, "chunks come in order, without gaps, none twice");
        let length = chunk.bytes.len() as u64;
        assert!(chunk.bytes == content(seed_of(&file.offer), chunk.offset, length), "byte for byte");
        file.kept += length;
        let received = file.kept;
        assert!(received <= file.offer.size, "no more than was offered");
        if received < file.offer.size {
            return vec![FileEvent::Written { id, received }];
        }
        *self.arrived.entry(id).or_default() += 1;
        self.incoming.remove(&id).map(|file| complete(&file.offer)).into_iter().collect()
    }
}

fn complete(offer: &FileOffer) -> FileEvent {
    FileEvent::Complete { id: offer.id, can_be_shown: offer.media_type.starts_with("image/") }
}

impl World {
    fn moved(&mut self, more: usize, less: usize) {
        self.files.on_the_way = self.files.on_the_way + more - less;
        self.files.most_on_the_way = self.files.most_on_the_way.max(self.files.on_the_way);
    }

    /// The disk is slow, and does one thing after the other.
    pub(crate) fn file_command(&mut self, kiosk: usize, command: FileCommand) {
        if let FileCommand::Write(chunk) = &command {
            self.moved(chunk.bytes.len(), 0);
        }
        let at = self.now + self.delay();
        let disk = self.files.disks.entry(kiosk).or_default();
        let at = disk.done_at.map_or(at, |last| last.max(at));
        disk.done_at = Some(at);
        self.schedule(at - self.now, Event::Disk { kiosk, command });
    }

    pub(crate) fn disk_turned(&mut self, kiosk: usize, command: FileCommand) {
        let written = if let FileCommand::Write(chunk) = &command { chunk.bytes.len() } else { 0 };
        let disk = self.files.disks.entry(kiosk).or_default();
        let events = disk.carry_out(command);
        self.moved(0, written);
        for event in events {
            let read = if let FileEvent::Read(chunk) = &event { chunk.bytes.len() } else { 0 };
            self.moved(read, 0);
            self.input(kiosk, Input::File(event));
            self.moved(0, read);
        }
    }

    /// Something is sent on a data channel; from the last one on that is meant to come through, nothing does.
    pub(crate) fn count_down(&mut self, kiosk: usize, other: usize) {
        let Some(left) = &mut self.files.cut_after else { return };
        if *left == 0 {
            self.files.cut_after = None;
            self.media.cut.insert((kiosk.min(other), kiosk.max(other)));
        } else {
            *left -= 1;
        }
    }

    pub(crate) fn chunk_sent(&mut self, chunk: Chunk, call: CallId) -> MediaEvent {
        self.moved(chunk.bytes.len(), 0);
        MediaEvent::Chunk { call, chunk }
    }

    /// After so long, and not before the last one.
    pub(crate) fn chunk_arrives(&mut self, call: CallId, to: usize) -> Duration {
        let at = self.now + self.delay();
        let last = self.files.chunk_at.entry((call, to)).or_insert(at);
        *last = at.max(*last);
        *last - self.now
    }

    pub(crate) fn chunk_came(&mut self, event: &MediaEvent) {
        if let MediaEvent::Chunk { chunk, .. } = event {
            self.moved(0, chunk.bytes.len());
        }
    }
}

/// When the channel of a new call opens.
pub(crate) fn channel_opens(world: &mut World, call: CallId, kiosk: usize) -> (Duration, usize, MediaEvent) {
    (world.delay() * 3, kiosk, MediaEvent::FileChannelOpen { call })
}

//! How much memory a large file costs. Alone in its process: what it measures is the process's.

use std::fs;

use kiosk_call::{Chunk, FileCommand, FileEvent};
use kiosk_wire::{FileId, FileOffer, Hasher};
use kioskd::{config::FilesSection, files::FileStore};
use tokio::sync::mpsc;

const PIECES: u64 = 100 * 64;
/// 100 MiB in all.
const SIZE: u64 = PIECES * 16_384;
/// What it may cost beyond an idle kiosk, KiB.
const MOST_KIB: u64 = 8 << 10;

/// Most memory that this process has had, KiB (proc_pid_status(5): `VmHWM`).
fn most_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("it reads");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Bytes of the file.
fn piece(offset: u64, length: usize) -> Vec<u8> {
    (offset..).take(length).map(|place| b"abcdefghijklmnopqrstuvwxyz \n"[(place / 3 % 28) as usize]).collect()
}

#[test]
fn a_file_is_never_whole_in_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let rules = FilesSection { keep_free_mb: 0, ..FilesSection::default() };
    let (events, mut told) = mpsc::channel(64);
    let store = FileStore::start(directory.path(), &rules, events, Box::new(|_, _| {})).expect("it starts");
    let mut port = store.port();
    let (id, mut hasher) = (FileId([1; 16]), Hasher::default());
    let mut offset = 0;
    while offset < SIZE {
        let length = Chunk::LARGEST.min(usize::try_from(SIZE - offset).expect("small"));
        hasher.add(&piece(offset, length));
        offset += length as u64;
    }
    let offer = FileOffer {
        id,
        name: "large.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        size: SIZE,
        sha256: hasher.finish(),
    };
    let idle = most_kib();
    let (mut sent, mut reconnects) = (0, 0);
    let mut next = || told.blocking_recv().expect("it tells");
    port(FileCommand::Accept(offer.clone()));
    assert_eq!(next(), FileEvent::Accepted { id, offset: 0 });
    while sent < SIZE {
        // As the core does it: at most 131,072 bytes beyond what is kept.
        let until = SIZE.min(sent + 131_072);
        while sent < until {
            let length = Chunk::LARGEST.min(usize::try_from(until - sent).expect("small"));
            port(FileCommand::Write(Chunk { id, offset: sent, bytes: piece(sent, length) }));
            sent += length as u64;
            let expected = FileEvent::Written { id, received: sent };
            let told = next();
            assert!(told == expected || (sent == SIZE && matches!(told, FileEvent::Complete { .. })), "{told:?}");
        }
        if sent > (reconnects + 1) * SIZE / 4 && reconnects < 3 {
            reconnects += 1;
            port(FileCommand::Rest(id));
            // What is there is hashed again.
            port(FileCommand::Accept(offer.clone()));
            assert_eq!(next(), FileEvent::Accepted { id, offset: sent });
        }
    }
    let cost = most_kib() - idle;
    drop((port, store));
    println!("100 MiB over {reconnects} reconnects cost {cost} KiB");
    assert_eq!(reconnects, 3);
    assert!(cost <= MOST_KIB, "{cost} KiB");
}

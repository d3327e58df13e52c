use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

const ID: FileId = FileId([7; 16]);

fn open() -> (TempDir, Outgoing) {
    let place = tempfile::tempdir().expect("a directory");
    let rules = FilesSection { keep_free_mb: 0, largest_mb: 1, quota_mb: 1, ..FilesSection::default() };
    let outgoing = Outgoing::open(&place.path().join("outgoing"), rules).expect("it opens");
    (place, outgoing)
}

#[test]
fn what_is_brought_in_pieces_is_sent_in_pieces() {
    let (place, mut outgoing) = open();
    let bytes: Vec<u8> = b"%PDF-1.7 ".iter().copied().cycle().take(100_000).collect();
    outgoing.begin(ID, "form.pdf".to_owned(), 100_000, 0).expect("there is room");
    for (index, piece) in bytes.chunks(30_000).enumerate() {
        outgoing.bring(ID, index as u64 * 30_000, piece, 0).expect("it is kept");
    }
    let offer = outgoing.finish(ID).expect("it is whole");
    let mut hasher = Hasher::default();
    hasher.add(&bytes);
    assert_eq!((offer.media_type.as_str(), offer.size, offer.sha256), ("application/pdf", 100_000, hasher.finish()));
    let mode = fs::metadata(outgoing.path(ID)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut read = Vec::new();
    while let FileEvent::Read(chunk) = outgoing.read(ID, read.len() as u64, usize::MAX) {
        assert!(chunk.bytes.len() <= Chunk::LARGEST);
        read.extend(chunk.bytes);
    }
    assert_eq!(read, bytes);
    assert_eq!(outgoing.list().count(), 1);
    drop(outgoing);
    let again = Outgoing::open(&place.path().join("outgoing"), FilesSection::default()).expect("it opens");
    assert!(!again.path(ID).exists(), "no transfer outlives kioskd");
}

#[test]
fn only_what_is_whole_is_sent() {
    let (_place, mut outgoing) = open();
    outgoing.begin(ID, "a.txt".to_owned(), 10, 0).expect("there is room");
    outgoing.bring(ID, 0, b"12345", 0).expect("it is kept");
    assert!(outgoing.bring(ID, 4, b"x", 0).is_err() && outgoing.bring(ID, 5, b"678901", 0).is_err());
    assert_eq!(outgoing.read(ID, 0, 10), FileEvent::Failed { id: ID, why: FileRefusal::Storage });
    assert_eq!(outgoing.finish(ID), Err("5 of 10 bytes are here".to_owned()));
    outgoing.bring(ID, 5, b"67890", 0).expect("it is kept");
    assert!(outgoing.finish(ID).is_ok() && outgoing.finish(ID).is_err());
    assert!(outgoing.remove(ID) && !outgoing.remove(ID));
}

#[test]
fn limits_are_kept() {
    let (_place, mut outgoing) = open();
    assert!(outgoing.begin(ID, "a".to_owned(), 0, 0).is_err());
    assert!(outgoing.begin(ID, "a".to_owned(), (1 << 20) + 1, 0).is_err());
    outgoing.begin(ID, "a".to_owned(), 1 << 19, 0).expect("there is room");
    assert!(outgoing.begin(FileId([8; 16]), "a".to_owned(), (1 << 19) + 1, 0).is_err());
    outgoing.forget_old(600_001);
    assert!(outgoing.held.is_empty(), "who began it does not go on");
    assert!(outgoing.keep(ID, "a/b".to_owned(), b"x", 0).is_err(), "no name of a file");
    assert!(outgoing.held.is_empty());
}

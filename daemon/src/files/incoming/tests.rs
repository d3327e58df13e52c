use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use super::*;
use crate::config::TypeRule;

const DAY: u64 = 24 * 3_600_000;

fn rules() -> FilesSection {
    FilesSection {
        keep_free_mb: 0,
        keep: Retention::For(Duration::from_secs(7 * 24 * 3_600)),
        ..FilesSection::default()
    }
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(place: &TempDir, rules: FilesSection) -> Incoming {
    Incoming::open(&place.path().join("incoming"), rules, DAY).expect("it opens")
}

/// Text of this length.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|place| b"a kiosk keeps what it gets \n"[place % 28]).collect()
}

fn offer(number: u8, bytes: &[u8]) -> FileOffer {
    let mut hasher = Hasher::default();
    hasher.add(bytes);
    FileOffer {
        id: FileId([number; 16]),
        name: "../../etc/passwd".to_owned(),
        media_type: "image/png".to_owned(),
        size: bytes.len() as u64,
        sha256: hasher.finish(),
    }
}

fn chunks(id: FileId, bytes: &[u8], from: u64) -> impl Iterator<Item = Chunk> {
    let start = usize::try_from(from).expect("small");
    let pieces = bytes[start..].chunks(Chunk::LARGEST).enumerate();
    pieces.map(move |(index, piece)| Chunk {
        id,
        offset: from + (index * Chunk::LARGEST) as u64,
        bytes: piece.to_vec(),
    })
}

/// The last event.
fn send(incoming: &mut Incoming, offer: &FileOffer, bytes: &[u8]) -> FileEvent {
    let mut event = incoming.accept(offer, DAY);
    let FileEvent::Accepted { offset, .. } = event else { return event };
    for chunk in chunks(offer.id, bytes, offset) {
        event = incoming.write(&chunk);
        if !matches!(event, FileEvent::Written { .. }) {
            break;
        }
    }
    event
}

fn failed(offer: &FileOffer, why: FileRefusal) -> FileEvent {
    FileEvent::Failed { id: offer.id, why }
}

fn left(place: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(place.path().join("incoming"))
        .expect("it is there")
        .map(|entry| entry.expect("it reads").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_arrives_whole() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(100_000);
    let offer = offer(1, &bytes);
    let complete = FileEvent::Complete { id: offer.id, can_be_shown: false };
    assert_eq!(send(&mut incoming, &offer, &bytes), complete);
    let (path, size) = incoming.whole(offer.id).expect("it is whole");
    assert_eq!((fs::read(&path).expect("it reads"), size), (bytes, 100_000));
    assert_eq!(fs::metadata(path).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(incoming.accept(&offer, DAY), complete, "it is offered again");
    drop(incoming);
    let mut incoming = open(&place, rules());
    assert_eq!(incoming.accept(&offer, DAY), complete, "kioskd was started anew");
}

#[test]
fn names_are_only_words() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(10);
    send(&mut incoming, &offer(255, &bytes), &bytes);
    assert_eq!(left(&place), ["_____________________w.data", "_____________________w.json"]);
    let (_, card, received) = incoming.list().next().expect("it is there");
    assert_eq!((card.name.as_str(), card.found.as_deref(), received), ("../../etc/passwd", Some("text/plain"), 10));
}

#[test]
fn a_rested_file_goes_on_where_it_was() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(200_000);
    let offer = offer(1, &bytes);
    incoming.accept(&offer, DAY);
    for chunk in chunks(offer.id, &bytes, 0).take(3) {
        incoming.write(&chunk);
    }
    let kept = 3 * Chunk::LARGEST as u64;
    incoming.rest(Some(offer.id));
    assert_eq!(incoming.accept(&offer, DAY), FileEvent::Accepted { id: offer.id, offset: kept });
    assert_eq!(send(&mut incoming, &offer, &bytes), FileEvent::Complete { id: offer.id, can_be_shown: false });
}

#[test]
fn a_power_cut_takes_only_what_was_not_synced() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(5 << 20);
    let offer = offer(1, &bytes);
    incoming.accept(&offer, DAY);
    for chunk in chunks(offer.id, &bytes, 0).take(300) {
        incoming.write(&chunk);
    }
    // No goodbye: what was written since the last sync is there, or not, or is something else.
    drop(incoming);
    let data = place.path().join("incoming").join(format!("{}.data", offer.id));
    let synced = (SYNC_EVERY / Chunk::LARGEST as u64 + 1) * Chunk::LARGEST as u64;
    let mut torn = fs::read(&data).expect("it is there");
    let start = usize::try_from(synced).expect("small");
    torn[start..].fill(0);
    torn.truncate(start + 7_000);
    fs::write(&data, torn).expect("it writes");
    fs::write(place.path().join("incoming/half.json.tmp"), "{").expect("it writes");
    let mut incoming = open(&place, rules());
    assert_eq!(incoming.accept(&offer, DAY), FileEvent::Accepted { id: offer.id, offset: synced });
    assert_eq!(send(&mut incoming, &offer, &bytes), FileEvent::Complete { id: offer.id, can_be_shown: false });
    assert_eq!(left(&place).len(), 2, "leftovers are cleared");
}

#[test]
fn what_a_disk_has_lost_of_it_comes_again() {
    let place = place();
    let bytes = text(200_000);
    let offer = offer(1, &bytes);
    let data = place.path().join("incoming").join(format!("{}.data", offer.id));
    let mut incoming = open(&place, rules());
    incoming.accept(&offer, DAY);
    for chunk in chunks(offer.id, &bytes, 0).take(5) {
        incoming.write(&chunk);
    }
    incoming.rest(None);
    fs::write(&data, &bytes[..10_000]).expect("it writes");
    assert_eq!(incoming.accept(&offer, DAY), FileEvent::Accepted { id: offer.id, offset: 10_000 });
    incoming.rest(None);
    fs::write(&data, vec![b'x'; 10_000]).expect("it writes");
    assert_eq!(send(&mut incoming, &offer, &bytes), failed(&offer, FileRefusal::Hash), "the end shows it");
    assert!(left(&place).is_empty());
}

#[test]
fn what_was_tampered_with_is_refused_and_gone() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(50_000);
    let offer = offer(1, &bytes);
    let mut other = bytes.clone();
    other[49_999] ^= 1;
    assert_eq!(send(&mut incoming, &offer, &other), failed(&offer, FileRefusal::Hash));
    assert!(left(&place).is_empty() && incoming.list().next().is_none());
}

#[test]
fn more_than_was_offered_is_refused_and_gone() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(50_000);
    let offer = offer(1, &bytes[..40_000]);
    assert_eq!(send(&mut incoming, &offer, &bytes), failed(&offer, FileRefusal::Size));
    assert!(left(&place).is_empty());
    incoming.accept(&offer, DAY);
    let gap = Chunk { id: offer.id, offset: 1, bytes: vec![0] };
    assert_eq!(incoming.write(&gap), failed(&offer, FileRefusal::Storage));
    let unknown = Chunk { id: FileId([9; 16]), offset: 0, bytes: vec![0] };
    assert_eq!(incoming.write(&unknown), FileEvent::Failed { id: unknown.id, why: FileRefusal::Storage });
}

#[test]
fn the_type_is_what_the_content_says() {
    let place = place();
    let rule = |text| TypeRule::new(text).expect("a rule");
    let mut incoming =
        open(&place, FilesSection { types: vec![rule("image/png"), rule("application/pdf")], ..rules() });
    let script = b"#!/bin/sh\nrm -rf /\n".to_vec();
    let long = text(60_000);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(20_000, 0);
    for (number, bytes) in [(1, &script), (2, &long)] {
        let offer = offer(number, bytes);
        assert_eq!(send(&mut incoming, &offer, bytes), failed(&offer, FileRefusal::Type), "it claims to be a PNG");
    }
    let offer = offer(3, &png);
    assert_eq!(send(&mut incoming, &offer, &png), FileEvent::Complete { id: offer.id, can_be_shown: true });
    assert_eq!(left(&place).len(), 2);
}

#[test]
fn the_type_is_refused_before_most_of_it_has_come() {
    let place = place();
    let types = vec![TypeRule::new("image/*").expect("a rule")];
    let mut incoming = open(&place, FilesSection { types, ..rules() });
    let bytes = text(1 << 20);
    let offer = offer(1, &bytes);
    incoming.accept(&offer, DAY);
    let first = chunks(offer.id, &bytes, 0).next().expect("one");
    assert_eq!(incoming.write(&first), failed(&offer, FileRefusal::Type));
}

#[test]
fn limits_are_kept() {
    let bytes = text(100);
    let huge = FileOffer { size: (2 << 20) + 1, ..offer(1, &bytes) };
    let begin = |rules: FilesSection, offer: &FileOffer| open(&place(), rules).accept(offer, DAY);
    let accepted = |offer: &FileOffer| FileEvent::Accepted { id: offer.id, offset: 0 };
    assert_eq!(begin(FilesSection { largest_mb: 2, ..rules() }, &huge), failed(&huge, FileRefusal::Size));
    assert_eq!(begin(FilesSection { largest_mb: 3, ..rules() }, &huge), accepted(&huge));
    assert_eq!(begin(FilesSection { quota_mb: 2, ..rules() }, &huge), failed(&huge, FileRefusal::Quota));
    assert_eq!(begin(FilesSection { accept: false, ..rules() }, &huge), failed(&huge, FileRefusal::Declined));
    let full = FilesSection { keep_free_mb: 1 << 20, ..rules() };
    let expected = if free_bytes(place().path()).expect("it tells") > 1 << 40 {
        accepted(&huge)
    } else {
        failed(&huge, FileRefusal::Quota)
    };
    assert_eq!(begin(full, &huge), expected);
}

#[test]
fn unfinished_files_count_as_large_as_they_will_be() {
    let place = place();
    let mut incoming = open(&place, FilesSection { quota_mb: 3, ..rules() });
    let half = |number| FileOffer { size: 2 << 20, ..offer(number, b"x") };
    assert!(matches!(incoming.accept(&half(1), DAY), FileEvent::Accepted { .. }));
    assert_eq!(incoming.accept(&half(2), DAY), failed(&half(2), FileRefusal::Quota));
    incoming.remove(half(1).id);
    assert!(matches!(incoming.accept(&half(2), DAY), FileEvent::Accepted { .. }));
}

#[test]
fn the_oldest_make_room_if_they_may() {
    let place = place();
    let mut incoming = open(&place, FilesSection { quota_mb: 1, replace_oldest: true, ..rules() });
    let bytes = text(400_000);
    for (number, day) in [(1, 2), (2, 1), (3, 3)] {
        let offer = offer(number, &bytes);
        incoming.accept(&offer, day * DAY);
        for chunk in chunks(offer.id, &bytes, 0) {
            incoming.write(&chunk);
        }
    }
    let ids: Vec<_> = incoming.list().map(|(id, ..)| id.0[0]).collect();
    assert_eq!(ids, [1, 3]);
    let huge = FileOffer { size: 2 << 20, ..offer(4, &bytes) };
    assert_eq!(incoming.accept(&huge, 4 * DAY), failed(&huge, FileRefusal::Quota), "not even alone");
}

#[test]
fn an_id_stands_for_one_file() {
    let place = place();
    let mut incoming = open(&place, rules());
    let (bytes, other) = (text(100), text(101));
    send(&mut incoming, &offer(1, &bytes), &bytes);
    let second = offer(1, &other);
    assert_eq!(incoming.accept(&second, DAY), failed(&second, FileRefusal::Hash));
    assert!(incoming.whole(second.id).is_some(), "the first one stays");
}

#[test]
fn files_go_when_their_time_is_over() {
    let place = place();
    let mut incoming = open(&place, rules());
    let bytes = text(100);
    send(&mut incoming, &offer(1, &bytes), &bytes);
    incoming.accept(&offer(2, &bytes), DAY);
    incoming.rest(None);
    incoming.forget_old(DAY + 3_600_000);
    assert_eq!(incoming.list().count(), 2);
    incoming.forget_old(DAY + 3_600_001);
    assert_eq!(incoming.list().count(), 1, "nobody went on with the second");
    incoming.forget_old(8 * DAY);
    assert_eq!(incoming.list().count(), 1);
    incoming.forget_old(0);
    assert_eq!(incoming.list().count(), 1, "the clock was set back");
    incoming.forget_old(8 * DAY + 1);
    assert!(left(&place).is_empty());
}

#[test]
fn files_of_a_call_do_not_outlive_kioskd() {
    let place = place();
    let rules = FilesSection { keep: Retention::UntilCallEnds, ..rules() };
    let mut incoming = open(&place, rules.clone());
    let bytes = text(100);
    send(&mut incoming, &offer(1, &bytes), &bytes);
    incoming.accept(&offer(2, &bytes), DAY);
    drop(incoming);
    let incoming = open(&place, rules);
    let ids: Vec<_> = incoming.list().map(|(id, ..)| id.0[0]).collect();
    assert_eq!(ids, [2], "what is not whole may go on after a power cut");
}

#[test]
fn damaged_cards_cost_their_file_only() {
    let place = place();
    let bytes = text(100);
    let mut incoming = open(&place, rules());
    for number in 1..=5 {
        send(&mut incoming, &offer(number, &bytes), &bytes);
    }
    drop(incoming);
    let path =
        |number: u8, ending: &str| place.path().join("incoming").join(format!("{}.{ending}", FileId([number; 16])));
    fs::write(path(1, "json"), "{\"name\":7}").expect("it writes");
    fs::remove_file(path(2, "json")).expect("it is there");
    fs::remove_file(path(3, "data")).expect("it is there");
    fs::write(path(5, "data"), &bytes[..99]).expect("it writes");
    let incoming = open(&place, rules());
    assert_eq!(incoming.list().map(|(id, ..)| id.0[0]).collect::<Vec<_>>(), [4]);
    assert_eq!(left(&place).len(), 2);
}

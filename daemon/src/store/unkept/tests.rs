//! Tests of what the disk does not take.

use std::{fs, path::Path, time::Duration};

use kiosk_call::{ChatLine, Pin, Retention, UnixMillis};
use kiosk_wire::{ChatId, PeerId};

use super::*;
use crate::{
    isolated::{isolated, mount, small_disk},
    store::Kept,
};

const FOREVER: Retention = Retention::For(Duration::from_secs(365 * 86_400));

fn line(number: u8) -> ChatLine {
    let (id, peer) = (ChatId([number; 16]), PeerId([1; 32]));
    let text = format!("line {number} {}", "x".repeat(2_000));
    ChatLine { id, peer, from: None, text, at: UnixMillis(u64::from(number)), delivered: false }
}

fn pin(byte: u8) -> Pin {
    Pin { peer: PeerId([byte; 32]), name: format!("Peer {byte}"), auto_answer: false }
}

fn open(directory: &Path) -> (Store, Kept) {
    Store::open(directory, FOREVER).expect("it opens")
}

#[test]
fn what_cannot_be_written_waits_in_its_order_and_holds_up_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut store, _) = open(directory.path());
    let obstacle = directory.path().join("trust.json.tmp");
    fs::create_dir(&obstacle).expect("it is made");
    store.keep(&Record::TrustAdded(pin(1))).expect_err("it cannot be written");
    store.keep(&Record::Volume(30)).expect("another file");
    store.keep(&Record::Revoked(PeerId([1; 32]))).expect_err("it cannot be written");
    assert!(store.problem().is_some_and(|problem| problem.contains("trust.json")), "{:?}", store.problem());
    fs::remove_dir(&obstacle).expect("it goes");
    store.retry();
    assert_eq!(store.problem(), None);
    drop(store);
    let (_, kept) = open(directory.path());
    assert_eq!((kept.volume, kept.pins, kept.revoked), (Some(30), vec![], vec![PeerId([1; 32])]));
}

#[test]
fn every_file_that_is_not_taken_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut store, _) = open(directory.path());
    let obstacles = ["trust.json.tmp", "volume.tmp"].map(|name| directory.path().join(name));
    for obstacle in &obstacles {
        fs::create_dir(obstacle).expect("it is made");
    }
    store.keep(&Record::Volume(30)).expect_err("it cannot be written");
    store.keep(&Record::TrustAdded(pin(1))).expect_err("it cannot be written");
    store.keep(&Record::TrustAdded(pin(2))).expect_err("it cannot be written");
    let problem = store.problem().expect("two files").to_owned();
    assert!(problem.contains("/trust.json") && problem.contains("/volume"), "{problem}");
    assert_eq!(store.unkept(), 2, "files, not records");
    fs::remove_dir(&obstacles[0]).expect("it goes");
    store.retry();
    let problem = store.problem().expect("one file").to_owned();
    assert!(!problem.contains("trust.json") && problem.contains("/volume"), "{problem}");
    assert_eq!(store.unkept(), 1);
}

#[test]
fn of_what_is_replaced_only_the_last_waits() {
    let mut waiting = Unkept::default();
    for record in [Record::Epoch(1), Record::Volume(1), Record::Epoch(2), Record::TrustAdded(pin(1))] {
        waiting.put(&record);
    }
    assert_eq!(waiting.records, [Record::Volume(1), Record::Epoch(2), Record::TrustAdded(pin(1))]);
    for number in 0..=MOST_WAITING {
        waiting.put(&Record::ChatForgotten(UnixMillis(number as u64)));
    }
    assert_eq!(waiting.records.len(), 3 + MOST_WAITING);
    assert_eq!(waiting.records[3], Record::ChatForgotten(UnixMillis(1)), "the oldest has gone");
}

#[test]
fn a_full_disk_loses_nothing_that_was_said_once_there_is_room() {
    isolated("store::unkept::tests::a_full_disk_loses_nothing_that_was_said_once_there_is_room", &["--mount"], || {
        let disk = small_disk();
        let (mut store, first) = open(disk);
        store.keep(&Record::ChatLine(line(1))).expect("there is room");
        let ballast = disk.join("ballast");
        fs::write(&ballast, vec![0; 1 << 20]).expect_err("it is full");
        store.keep(&Record::Volume(30)).expect_err("it is full");
        for number in 2..10 {
            store.keep(&Record::ChatLine(line(number))).expect_err("it is full");
        }
        store.keep(&Record::ChatDelivered(line(2).id)).expect_err("it is full");
        assert!(store.problem().is_some());
        fs::remove_file(&ballast).expect("it goes");
        store.retry();
        assert_eq!(store.problem(), None);
        drop(store);
        let (_, second) = open(disk);
        assert_eq!(second.identity.public(), first.identity.public());
        assert_eq!(second.volume, Some(30));
        let mut said: Vec<_> = (1..10).map(line).collect();
        said[1].delivered = true;
        assert_eq!(second.history, said);
    });
}

#[test]
fn a_kiosk_starts_on_a_full_disk() {
    isolated("store::unkept::tests::a_kiosk_starts_on_a_full_disk", &["--mount"], || {
        let disk = small_disk();
        let (mut store, first) = open(disk);
        store.keep(&Record::ChatLine(line(1))).expect("there is room");
        drop(store);
        fs::write(disk.join("ballast"), vec![0; 1 << 20]).expect_err("it is full");
        let (store, second) = open(disk);
        assert_eq!(second.identity.public(), first.identity.public());
        assert_eq!(second.history, [line(1)]);
        assert!(store.problem().is_some());
    });
}

#[test]
fn a_kiosk_starts_on_a_read_only_disk_and_counts_on() {
    isolated("store::unkept::tests::a_kiosk_starts_on_a_read_only_disk_and_counts_on", &["--mount"], || {
        let disk = small_disk();
        let (mut store, first) = open(disk);
        store.keep(&Record::Epoch(7)).expect("there is room");
        store.keep(&Record::ChatLine(line(1))).expect("there is room");
        drop(store);
        fs::write(disk.join("volume.tmp"), "left by a power cut").expect("there is room");
        mount(&["-o", "remount,ro"], disk);
        let (mut store, second) = open(disk);
        assert_eq!(second.identity.public(), first.identity.public());
        assert_eq!(second.history, [line(1)]);
        assert!(second.epoch > 1_700_000_000, "further than any that could not be kept: {}", second.epoch);
        assert!(store.problem().is_some_and(|problem| problem.contains("Read-only")), "{:?}", store.problem());
        assert!(matches!(Store::open(disk, FOREVER), Err(StoreError::Locked(_))), "two share an identity");
        store.keep(&Record::Epoch(second.epoch + 1)).expect_err("it is read-only");
        store.keep(&Record::ChatLine(line(2))).expect_err("it is read-only");
        mount(&["-o", "remount,rw"], disk);
        store.retry();
        assert_eq!(store.problem(), None);
        drop(store);
        let (_, third) = open(disk);
        assert_eq!((third.epoch, third.history), (second.epoch + 1, vec![line(1), line(2)]));
    });
}

//! Tests of the store's queue with a disk that hangs: a pipe in place of the file that is written, which nobody reads.

use std::{fs::File, path::Path};

use kiosk_call::Retention;
use nix::{sys::stat::Mode, unistd::mkfifo};

use super::*;

fn open(directory: &Path) -> Store {
    Store::open(directory, Retention::UntilCallEnds).expect("it opens").0
}

#[tokio::test]
async fn what_hangs_is_told_when_it_no_longer_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = StoreQueue::new(open(directory.path()));
    let hanging = directory.path().join("volume.tmp");
    mkfifo(&hanging, Mode::S_IRUSR | Mode::S_IWUSR).expect("it is made");
    store.keep(Record::Volume(30));
    store.keep(Record::Epoch(7));
    assert_eq!((store.given(), store.is_writing()), (2, true));
    assert!(store.standing().has_volume, "a config that comes now must not set another");
    let (answer, asked) = tokio::sync::oneshot::channel();
    store.ask(move |store| drop(answer.send(store.problem().map(str::to_owned))));

    let pipe = tokio::task::spawn_blocking(|| File::open(hanging)).await.expect("it runs").expect("it opens");
    let first = store.next().await.expect("a record");
    assert_eq!(first.number, 1);
    assert!(first.declined.is_some_and(|sentence| sentence.contains("volume")), "a pipe cannot be synced");
    let second = store.next().await.expect("a record");
    assert_eq!((second.number, second.declined, store.is_writing()), (2, None, false));
    assert_eq!(store.standing().unkept, 1, "the volume waits");
    assert!(asked.await.expect("it is answered").is_some(), "asked after the records");
    drop(pipe);

    store.finish().await;
    let (_, kept) = Store::open(directory.path(), Retention::UntilCallEnds).expect("nobody has it any more");
    assert_eq!((kept.volume, kept.epoch), (None, 7));
}

#[tokio::test]
async fn what_was_given_up_is_told_nevertheless() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = StoreQueue::new(open(directory.path()));
    store.keep(Record::Epoch(1));
    store.give_up();
    assert!(!store.is_writing());
    store.keep(Record::Epoch(2));
    assert!(store.is_writing());
    assert_eq!(store.next().await.map(|written| written.number), Some(1));
    assert!(store.is_writing(), "the second is on its way");
    assert_eq!(store.next().await.map(|written| written.number), Some(2));
    assert!(!store.is_writing());
    store.finish().await;
}

use kiosk_wire::Hasher;
use tempfile::TempDir;

use super::*;

const WAIT: Duration = Duration::from_secs(30);

struct Kiosk {
    place: TempDir,
    store: FileStore,
    port: FilePort,
    told: events::Receiver<FileEvent>,
}

fn kiosk_with(rules: FilesSection, take: TakeSnapshot) -> Kiosk {
    let place = tempfile::tempdir().expect("a directory");
    let (events, told) = events::channel(1_000);
    let rules = FilesSection { keep_free_mb: 0, ..rules };
    let store = FileStore::start(place.path(), &rules, events, take).expect("it starts");
    let port = store.port();
    Kiosk { place, store, port, told }
}

fn kiosk() -> Kiosk {
    kiosk_with(FilesSection::default(), Box::new(|_, taken| taken(Err("no camera".to_owned()))))
}

impl Kiosk {
    fn next(&mut self) -> FileEvent {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let next = async { tokio::time::timeout(WAIT, self.told.recv()).await };
        runtime.block_on(next).expect("it tells").expect("it runs")
    }

    fn list(&self) -> Vec<HeldFile> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(self.store.desk().list()).expect("it runs")
    }

    fn receive(&mut self, number: u8, bytes: &[u8]) -> FileId {
        let offer = offer(number, bytes);
        (self.port)(FileCommand::Accept(offer.clone()));
        assert_eq!(self.next(), FileEvent::Accepted { id: offer.id, offset: 0 });
        (self.port)(FileCommand::Write(Chunk { id: offer.id, offset: 0, bytes: bytes.to_vec() }));
        assert_eq!(self.next(), FileEvent::Complete { id: offer.id, can_be_shown: false });
        offer.id
    }
}

fn offer(number: u8, bytes: &[u8]) -> FileOffer {
    let mut hasher = Hasher::default();
    hasher.add(bytes);
    let (id, size) = (FileId([number; 16]), bytes.len() as u64);
    FileOffer { id, name: "a.txt".to_owned(), media_type: "text/plain".to_owned(), size, sha256: hasher.finish() }
}

#[test]
fn files_of_a_call_go_when_it_ends() {
    let mut kiosk = kiosk();
    kiosk.receive(1, b"one");
    assert_eq!(kiosk.list().len(), 1);
    kiosk.store.desk().call_ended(Ending::PeerLost);
    assert_eq!(kiosk.list().len(), 1, "the peer may come back and offer it again");
    kiosk.store.desk().call_ended(Ending::HungUp);
    assert!(kiosk.list().is_empty());
}

#[test]
fn files_with_a_time_outlive_their_call_and_kioskd() {
    let rules =
        FilesSection { keep: kiosk_call::Retention::For(Duration::from_secs(3_600)), ..FilesSection::default() };
    let mut kiosk = kiosk_with(rules.clone(), Box::new(|_, _| {}));
    kiosk.receive(1, b"one");
    kiosk.store.desk().call_ended(Ending::HungUp);
    let Kiosk { place, store, .. } = kiosk;
    drop(store);
    let vault = Vault::open(&place.path().join("files"), rules).expect("it opens");
    assert_eq!(vault.list().iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.txt"]);
}

#[test]
fn a_file_that_is_coming_is_synced_at_the_end() {
    let mut kiosk = kiosk();
    let offer = offer(1, b"one and two");
    (kiosk.port)(FileCommand::Accept(offer.clone()));
    (kiosk.port)(FileCommand::Write(Chunk { id: offer.id, offset: 0, bytes: b"one".to_vec() }));
    assert!(matches!(
        (kiosk.next(), kiosk.next()),
        (FileEvent::Accepted { .. }, FileEvent::Written { received: 3, .. })
    ));
    let Kiosk { place, store, .. } = kiosk;
    drop(store);
    let mut vault = Vault::open(&place.path().join("files"), FilesSection::default()).expect("it opens");
    assert_eq!(vault.accept(&offer), FileEvent::Accepted { id: offer.id, offset: 3 });
}

#[test]
fn snapshots_become_files_to_be_sent() {
    let png = b"\x89PNG\r\n\x1a\n and so on".to_vec();
    let shown = png.clone();
    let take: TakeSnapshot = Box::new(move |of, taken| match of {
        VideoSource::Panel => taken(Ok(Snapshot::Png(shown.clone()))),
        VideoSource::Camera | VideoSource::Document => taken(Err("no camera".to_owned())),
    });
    let mut kiosk = kiosk_with(FilesSection::default(), take);
    let id = FileId([5; 16]);
    (kiosk.port)(FileCommand::Snapshot { id, of: VideoSource::Panel });
    let FileEvent::Stored(offer) = kiosk.next() else { panic!("no snapshot") };
    assert_eq!((offer.id, offer.media_type.as_str(), offer.size), (id, "image/png", png.len() as u64));
    assert!(offer.name.starts_with("screen 20") && offer.checked().is_ok());
    (kiosk.port)(FileCommand::Read { id, offset: 0, length: 1_000 });
    assert_eq!(kiosk.next(), FileEvent::Read(Chunk { id, offset: 0, bytes: png }));
    (kiosk.port)(FileCommand::Snapshot { id: FileId([6; 16]), of: VideoSource::Camera });
    assert_eq!(kiosk.next(), FileEvent::Failed { id: FileId([6; 16]), why: FileRefusal::Storage });
    (kiosk.port)(FileCommand::Discard(id));
    assert!(kiosk.list().is_empty());
}

#[test]
fn the_loop_never_waits_for_a_slow_disk() {
    let mut kiosk = kiosk();
    // The thread stands still until this test lets it go on.
    let (go_on, stand) = mpsc::channel::<()>();
    kiosk.store.queue.put(Work::Job(Box::new(move |_| {
        let _ = stand.recv();
    })));
    let offer = offer(1, &[b'a'; 1_000]);
    (kiosk.port)(FileCommand::Accept(offer.clone()));
    for offset in 0..1_000 {
        (kiosk.port)(FileCommand::Write(Chunk { id: offer.id, offset, bytes: vec![b'a'] }));
    }
    drop(go_on);
    let failed = FileEvent::Failed { id: offer.id, why: FileRefusal::Storage };
    let told: Vec<_> = (0..1_001).map(|_| kiosk.next()).collect();
    let written = told.iter().filter(|event| matches!(event, FileEvent::Written { .. })).count();
    assert!((MOST_WAITING - 2..MOST_WAITING).contains(&written), "{written}");
    assert_eq!(told.last(), Some(&failed));
    assert!(kiosk.list().is_empty(), "what was given up is gone");
}

#[test]
fn unknown_files_fail_and_cost_nothing() {
    let mut kiosk = kiosk();
    let id = FileId([9; 16]);
    let failed = FileEvent::Failed { id, why: FileRefusal::Storage };
    (kiosk.port)(FileCommand::Rest(id));
    (kiosk.port)(FileCommand::Discard(id));
    (kiosk.port)(FileCommand::Read { id, offset: 0, length: 1 });
    assert_eq!(kiosk.next(), failed);
    (kiosk.port)(FileCommand::Write(Chunk { id, offset: 0, bytes: vec![1] }));
    assert_eq!(kiosk.next(), failed);
}

//! T1: one kiosk's transfers, rule by rule, with peers that keep none of them. Whole transfers between two kiosks: `transfers.rs`.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{
    Button, Chunk, Command, Edge, FileCommand, FileEvent, FileId, FileOffer, FileRefusal, Input, Notice, Remark,
    VideoSource,
};
use kiosk_wire::{AskId, Body, Hash, Wish};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use rogue::Rig;

const CHUNK: u64 = Chunk::LARGEST as u64;
const WINDOW: u64 = 131_072;
const REST: Duration = Duration::from_secs(600);

fn offer(number: u8, size: u64) -> FileOffer {
    let (name, media_type) = (format!("file {number}"), "image/png".to_owned());
    FileOffer { id: FileId([number; 16]), name, media_type, size, sha256: Hash([number; 32]) }
}

fn piece(id: FileId, offset: u64, length: u64) -> Chunk {
    Chunk { id, offset, bytes: vec![0; usize::try_from(length).expect("small")] }
}

/// In a call with rogue 0; the store knows nothing yet. Rogue 1 can call too.
fn in_call() -> Rig {
    let mut rig = Rig::new(1, 2, 2);
    rig.call(0, 1);
    rig.heard(0);
    rig
}

fn call_again(rig: &mut Rig, rogue: usize, number: u8) {
    rig.press(Button::HangUp);
    rig.call(rogue, number);
    rig.heard(rogue).retain(|body| !matches!(body, Body::Media { .. }));
}

/// What the peer heard of files.
fn told(rig: &mut Rig) -> Vec<Body> {
    let mut bodies = rig.heard(0);
    bodies.retain(|body| {
        matches!(
            body,
            Body::FileOffer(_)
                | Body::FileAccept { .. }
                | Body::FileProgress { .. }
                | Body::FileDone(_)
                | Body::FileCancel { .. }
        )
    });
    bodies
}

fn send(rig: &mut Rig, offer: &FileOffer) {
    rig.input(Input::Command(Command::SendFile(offer.clone())));
}

/// The store answers each read.
fn answer_reads(rig: &mut Rig) -> usize {
    let read = |command| {
        let FileCommand::Read { id, offset, length } = command else { return None };
        Some(piece(id, offset, length as u64))
    };
    let reads: Vec<_> = rig.stored().into_iter().filter_map(read).collect();
    let count = reads.len();
    reads.into_iter().for_each(|chunk| rig.store(FileEvent::Read(chunk)));
    count
}

/// Offered by the peer, accepted by the store from here on.
fn receiving(rig: &mut Rig, offer: &FileOffer, from: u64) {
    rig.say(0, &Body::FileOffer(offer.clone()));
    assert_eq!(rig.stored(), [FileCommand::Accept(offer.clone())]);
    rig.store(FileEvent::Accepted { id: offer.id, offset: from });
    assert_eq!(told(rig), [Body::FileAccept { id: offer.id, offset: from }]);
}

fn remark(rig: &Rig) -> Option<Remark> {
    rig.view.as_ref()?.remark
}

fn cancel(number: u8, why: FileRefusal) -> Body {
    Body::FileCancel { id: FileId([number; 16]), why }
}

#[test]
fn a_sender_reads_no_more_than_the_window_allows() {
    let mut rig = in_call();
    let file = offer(1, 1_000_000);
    send(&mut rig, &file);
    assert_eq!(told(&mut rig), [Body::FileOffer(file.clone())]);
    assert_eq!(rig.stored(), []);
    rig.say(0, &Body::FileAccept { id: file.id, offset: 0 });
    assert_eq!(answer_reads(&mut rig), 8, "eight full chunks fit, no crumbs");
    assert_eq!(rig.chunks.len(), 8);
    assert_eq!(answer_reads(&mut rig), 0, "nothing was told to be there");
    rig.say(0, &Body::FileProgress { id: file.id, received: 40_000 });
    assert_eq!(answer_reads(&mut rig), 2);
    let sent: u64 = rig.chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum();
    assert!(sent <= 40_000 + WINDOW);
    rig.say(0, &Body::FileProgress { id: file.id, received: sent });
    while answer_reads(&mut rig) > 0 {
        let end = rig.chunks.last().map(|chunk| chunk.offset + chunk.bytes.len() as u64).expect("some");
        rig.say(0, &Body::FileProgress { id: file.id, received: end });
    }
    let mut next = 0;
    for chunk in &rig.chunks {
        assert_eq!(chunk.offset, next);
        next += chunk.bytes.len() as u64;
    }
    assert_eq!(next, file.size);
    rig.say(0, &Body::FileDone(file.id));
    assert!(rig.notices.contains(&Notice::FileMoved { size: file.size, outgoing: true }));
    assert_eq!(remark(&rig), Some(Remark::FileSent));
    assert_eq!(rig.stored(), [FileCommand::Discard(file.id)]);
    assert!(rig.kiosk.status().refusals.is_empty());
}

#[test]
fn a_store_that_reads_less_than_it_is_asked_for_leaves_no_gap() {
    let mut rig = in_call();
    let file = offer(1, 100_000);
    send(&mut rig, &file);
    rig.say(0, &Body::FileAccept { id: file.id, offset: 0 });
    rig.stored();
    rig.store(FileEvent::Read(piece(file.id, 0, 1_000)));
    rig.store(FileEvent::Read(piece(file.id, CHUNK, CHUNK)));
    assert_eq!(rig.chunks.len(), 1);
    while answer_reads(&mut rig) > 0 {}
    let sent: u64 = rig.chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum();
    assert_eq!(sent, file.size);
}

#[test]
fn a_receiver_that_has_it_all_may_say_so_at_once_in_the_next_call() {
    let mut rig = in_call();
    let file = offer(1, 20_000);
    send(&mut rig, &file);
    rig.say(0, &Body::FileAccept { id: file.id, offset: 0 });
    while answer_reads(&mut rig) > 0 {}
    call_again(&mut rig, 0, 2);
    rig.stored();
    rig.say(0, &Body::FileDone(file.id));
    assert!(rig.notices.contains(&Notice::FileMoved { size: file.size, outgoing: true }));
    assert_eq!(rig.stored(), [FileCommand::Discard(file.id)]);
    assert!(rig.kiosk.status().refusals.is_empty());
}

#[test]
fn a_receiver_that_lies_gets_nothing_more() {
    let lies = [
        (Body::FileAccept { id: FileId([1; 16]), offset: 100_001 }, false, true),
        (Body::FileProgress { id: FileId([1; 16]), received: 0 }, false, false),
        (Body::FileDone(FileId([1; 16])), false, true),
        (Body::FileAccept { id: FileId([1; 16]), offset: 0 }, true, false),
        (Body::FileProgress { id: FileId([1; 16]), received: 99_999 }, true, true),
        (Body::FileProgress { id: FileId([1; 16]), received: u64::MAX }, true, true),
        (Body::FileDone(FileId([1; 16])), true, true),
        (Body::FileAccept { id: FileId([2; 16]), offset: 0 }, true, false),
        (Body::FileProgress { id: FileId([2; 16]), received: 0 }, true, false),
        (Body::FileDone(FileId([2; 16])), true, false),
        (Body::FileCancel { id: FileId([2; 16]), why: FileRefusal::Size }, true, false),
        (Body::Show(Some(FileId([2; 16]))), true, false),
        (Body::FileOffer(offer(1, 100_000)), true, false),
    ];
    for (lie, accepted, cancelled) in lies {
        let mut rig = in_call();
        send(&mut rig, &offer(1, 100_000));
        if accepted {
            rig.say(0, &Body::FileAccept { id: FileId([1; 16]), offset: 0 });
            rig.store(FileEvent::Read(piece(FileId([1; 16]), 0, CHUNK)));
            rig.say(0, &Body::FileProgress { id: FileId([1; 16]), received: CHUNK });
        }
        told(&mut rig);
        rig.say(0, &lie);
        let refused: u64 = rig.kiosk.status().refusals.values().sum();
        assert_eq!(refused, 1, "{lie:?}");
        let said = if cancelled { vec![cancel(1, FileRefusal::Stopped)] } else { Vec::new() };
        assert_eq!(told(&mut rig), said, "{lie:?}");
        assert_eq!(rig.stored().contains(&FileCommand::Discard(FileId([1; 16]))), cancelled, "{lie:?}");
        assert_eq!(rig.phase(), "in-call", "{lie:?}");
    }
    let mut rig = in_call();
    send(&mut rig, &offer(1, 100_000));
    rig.say(0, &Body::FileAccept { id: FileId([1; 16]), offset: 0 });
    rig.store(FileEvent::Read(piece(FileId([1; 16]), 0, CHUNK)));
    rig.say(0, &Body::FileProgress { id: FileId([1; 16]), received: CHUNK });
    rig.say(0, &Body::FileProgress { id: FileId([1; 16]), received: CHUNK - 1 });
    assert_eq!(rig.refusals("unexpected"), 1, "progress does not go backwards");
}

#[test]
fn a_receiver_tells_what_the_store_has_kept_and_nothing_else() {
    let mut rig = in_call();
    let file = offer(3, 200_000);
    receiving(&mut rig, &file, 0);
    let mut next = 0;
    while next + CHUNK <= WINDOW {
        rig.chunk(0, piece(file.id, next, CHUNK));
        next += CHUNK;
    }
    assert_eq!(rig.stored().len(), 8);
    assert_eq!(told(&mut rig), [], "the store has kept nothing yet: the peer must wait");
    rig.store(FileEvent::Written { id: file.id, received: 30_000 });
    assert_eq!(told(&mut rig), []);
    rig.store(FileEvent::Written { id: file.id, received: 40_000 });
    assert_eq!(told(&mut rig), [Body::FileProgress { id: file.id, received: 40_000 }]);
    rig.store(FileEvent::Written { id: file.id, received: 10_000 });
    rig.store(FileEvent::Written { id: file.id, received: 150_000 });
    assert_eq!(told(&mut rig), [], "a store that makes no sense is not believed");
    rig.store(FileEvent::Written { id: file.id, received: next });
    assert_eq!(told(&mut rig), [Body::FileProgress { id: file.id, received: next }]);
    while next < file.size {
        let length = CHUNK.min(file.size - next);
        rig.chunk(0, piece(file.id, next, length));
        next += length;
    }
    rig.store(FileEvent::Written { id: file.id, received: next });
    told(&mut rig);
    rig.store(FileEvent::Complete { id: file.id, can_be_shown: true });
    assert_eq!(told(&mut rig), [Body::FileDone(file.id)]);
    assert!(rig.notices.contains(&Notice::FileMoved { size: file.size, outgoing: false }));
    let shown = rig.view.as_ref().and_then(|view| view.shown.clone());
    assert_eq!(shown.map(|shown| (shown.id, shown.name)), Some((file.id, file.name)));
    rig.say(0, &Body::Show(None));
    assert_eq!(rig.view.as_ref().and_then(|view| view.shown.clone()), None);
    rig.say(0, &Body::Show(Some(file.id)));
    assert!(rig.view.as_ref().is_some_and(|view| view.shown.is_some()));
    assert!(rig.kiosk.status().refusals.is_empty());
    // What came in one call is not for the peer of the next.
    call_again(&mut rig, 1, 2);
    rig.say(1, &Body::Show(Some(file.id)));
    assert_eq!(rig.view.as_ref().and_then(|view| view.shown.clone()), None);
    assert_eq!(rig.refusals("unexpected"), 1);
}

#[test]
fn a_sender_that_lies_is_not_written_down() {
    let id = FileId([4; 16]);
    // What comes, whether it is refused, whether that is the end of the transfer.
    let lies = [
        (piece(FileId([5; 16]), 0, 10), true, false),
        (piece(id, CHUNK, 10), true, false),
        (piece(id, u64::MAX, 10), true, false),
        (piece(id, 0, 0), true, false),
        (piece(id, 0, 50_001), true, true),
        (piece(id, 0, 200_000), true, true),
    ];
    for (lie, refused, ended) in lies {
        let mut rig = in_call();
        receiving(&mut rig, &offer(4, 50_000), 0);
        rig.chunk(0, lie.clone());
        assert_eq!(rig.kiosk.status().refusals.values().sum::<u64>(), u64::from(refused), "{lie:?}");
        let written = rig.stored().into_iter().any(|command| matches!(command, FileCommand::Write(_)));
        assert!(!written, "{lie:?}");
        assert_eq!(!told(&mut rig).is_empty(), ended, "{lie:?}");
        assert_eq!(rig.phase(), "in-call");
    }
    // The window is closed until something is told to be kept.
    let mut rig = in_call();
    receiving(&mut rig, &offer(4, 1_000_000), 0);
    for number in 0..9 {
        rig.chunk(0, piece(id, number * CHUNK, CHUNK));
    }
    assert_eq!(told(&mut rig), [cancel(4, FileRefusal::Stopped)]);
    let stored = rig.stored();
    assert_eq!(stored.len(), 9);
    assert_eq!(stored.last(), Some(&FileCommand::Discard(id)));
    rig.chunk(0, piece(id, 9 * CHUNK, CHUNK));
    assert_eq!(rig.refusals("body-limit"), 1, "what was on its way when it was cancelled is no offence");
    assert_eq!(rig.refusals("unexpected"), 0);
}

#[test]
fn one_comes_at_a_time_and_only_so_many_wait() {
    let mut rig = in_call();
    for number in 0..20 {
        rig.say(0, &Body::FileOffer(offer(number, 10)));
    }
    assert_eq!(rig.stored(), [FileCommand::Accept(offer(0, 10))]);
    let full: Vec<_> = (17..20).map(|number| cancel(number, FileRefusal::Quota)).collect();
    assert_eq!(told(&mut rig), full);
    rig.store(FileEvent::Failed { id: FileId([0; 16]), why: FileRefusal::Type });
    assert_eq!(told(&mut rig), [cancel(0, FileRefusal::Type)]);
    assert_eq!(remark(&rig), Some(Remark::FileFailed(FileRefusal::Type)));
    assert_eq!(rig.stored(), [FileCommand::Accept(offer(1, 10))]);
    rig.say(0, &cancel(2, FileRefusal::Stopped));
    rig.say(0, &cancel(1, FileRefusal::Stopped));
    assert_eq!(rig.stored(), [FileCommand::Discard(FileId([1; 16])), FileCommand::Accept(offer(3, 10))]);
    rig.store(FileEvent::Accepted { id: FileId([1; 16]), offset: 0 });
    assert_eq!(rig.stored(), [FileCommand::Discard(FileId([1; 16]))], "nobody wants it any more");
    assert_eq!(told(&mut rig), []);
    rig.say(0, &Body::FileOffer(offer(3, 10)));
    rig.say(0, &Body::FileOffer(offer(4, 10)));
    assert_eq!(rig.refusals("unexpected"), 2, "offered twice in one call");
    // Ours wait in a queue too.
    for number in 100..120 {
        send(&mut rig, &offer(number, 10));
    }
    assert_eq!(told(&mut rig), [Body::FileOffer(offer(100, 10))]);
    let declined = rig.notices.iter().filter(|notice| matches!(notice, Notice::Declined(_))).count();
    assert_eq!(declined, 4);
    assert_eq!(rig.stored().len(), 4, "what is declined is forgotten");
}

#[test]
fn a_no_stops_what_is_under_way_first_what_comes() {
    let mut rig = in_call();
    let (comes, goes) = (offer(1, 9 * CHUNK), offer(2, 9 * CHUNK));
    receiving(&mut rig, &comes, 0);
    send(&mut rig, &goes);
    assert_eq!(told(&mut rig), [Body::FileOffer(goes.clone())]);
    for (number, rest) in [(1, vec![goes.id]), (2, vec![])] {
        rig.press(Button::No);
        assert_eq!(told(&mut rig), [cancel(number, FileRefusal::Stopped)]);
        assert_eq!(rig.stored(), [FileCommand::Discard(FileId([number; 16]))]);
        let status = rig.kiosk.status();
        assert_eq!(status.transfers.iter().map(|file| file.id).collect::<Vec<_>>(), rest);
        assert_eq!(remark(&rig), Some(Remark::FileFailed(FileRefusal::Stopped)));
    }
    rig.press(Button::No);
    assert_eq!(told(&mut rig), []);
}

#[test]
fn what_was_refused_or_has_arrived_is_not_taken_again() {
    let mut rig = in_call();
    receiving(&mut rig, &offer(1, 10), 0);
    rig.store(FileEvent::Failed { id: FileId([1; 16]), why: FileRefusal::Quota });
    assert_eq!(told(&mut rig), [cancel(1, FileRefusal::Quota)]);
    receiving(&mut rig, &offer(2, 10), 0);
    rig.chunk(0, piece(FileId([2; 16]), 0, 10));
    rig.store(FileEvent::Written { id: FileId([2; 16]), received: 10 });
    rig.store(FileEvent::Complete { id: FileId([2; 16]), can_be_shown: false });
    assert_eq!(remark(&rig), Some(Remark::FileReceived));
    call_again(&mut rig, 0, 2);
    rig.stored();
    // Our last words may not have come through: the sender asks again.
    rig.say(0, &Body::FileOffer(offer(1, 10)));
    rig.say(0, &Body::FileOffer(offer(2, 10)));
    let id = FileId([2; 16]);
    assert_eq!(
        told(&mut rig),
        [cancel(1, FileRefusal::Quota), Body::FileAccept { id, offset: 10 }, Body::FileDone(id)]
    );
    assert_eq!(rig.stored(), [], "the store is not bothered");
    let came = rig.notices.iter().filter(|notice| matches!(notice, Notice::FileMoved { .. })).count();
    assert_eq!(came, 1);
    assert!(rig.kiosk.status().refusals.is_empty());
    // Under the same id, but not the same.
    rig.say(0, &Body::FileOffer(FileOffer { sha256: Hash([9; 32]), ..offer(2, 10) }));
    assert_eq!(told(&mut rig), [cancel(2, FileRefusal::Hash)]);
    assert_eq!(rig.refusals("unexpected"), 1);
}

#[test]
fn what_rests_goes_on_for_its_sender_alone() {
    let mut rig = in_call();
    let file = offer(1, 100_000);
    receiving(&mut rig, &file, 0);
    rig.chunk(0, piece(file.id, 0, CHUNK));
    rig.stored();
    rig.press(Button::HangUp);
    assert_eq!(rig.stored(), [FileCommand::Rest(file.id)]);
    rig.store(FileEvent::Written { id: file.id, received: CHUNK });
    rig.call(1, 2);
    rig.heard(1);
    rig.say(1, &Body::FileOffer(file.clone()));
    assert_eq!(rig.stored(), [], "another peer may know its id, and gets nothing by it");
    assert_eq!(rig.refusals("unexpected"), 1);
    assert!(rig.heard(1).contains(&cancel(1, FileRefusal::Hash)));
    call_again(&mut rig, 0, 3);
    receiving(&mut rig, &file, CHUNK);
    rig.chunk(0, piece(file.id, CHUNK, CHUNK));
    assert_eq!(rig.stored().len(), 1);
    call_again(&mut rig, 0, 4);
    rig.stored();
    rig.say(0, &Body::FileOffer(FileOffer { size: 50_000, ..file.clone() }));
    assert_eq!(told(&mut rig), [cancel(1, FileRefusal::Hash)], "it is not the file that rests");
    assert_eq!(rig.stored(), [FileCommand::Discard(file.id)]);
    // And what nobody comes back for is forgotten.
    receiving(&mut rig, &offer(2, 10), 0);
    rig.press(Button::HangUp);
    rig.stored();
    rig.run(REST - Duration::from_secs(1));
    assert_eq!(rig.stored(), []);
    rig.run(Duration::from_secs(1));
    assert_eq!(rig.stored(), [FileCommand::Discard(FileId([2; 16]))]);
}

#[test]
fn a_store_that_is_slower_than_two_calls_is_understood() {
    let mut rig = in_call();
    let file = offer(1, 100);
    receiving(&mut rig, &file, 0);
    rig.chunk(0, piece(file.id, 0, 100));
    call_again(&mut rig, 0, 2);
    rig.say(0, &Body::FileOffer(file.clone()));
    told(&mut rig);
    // Only now it comes to what was written in the first call.
    rig.store(FileEvent::Written { id: file.id, received: 100 });
    rig.store(FileEvent::Complete { id: file.id, can_be_shown: true });
    assert_eq!(told(&mut rig), [Body::FileAccept { id: file.id, offset: 100 }, Body::FileDone(file.id)]);
    rig.stored();
    rig.store(FileEvent::Accepted { id: file.id, offset: 100 });
    rig.store(FileEvent::Complete { id: file.id, can_be_shown: true });
    assert_eq!((told(&mut rig), rig.stored()), (Vec::new(), Vec::new()));
    let came = rig.notices.iter().filter(|notice| matches!(notice, Notice::FileMoved { .. })).count();
    assert_eq!(came, 1);
}

#[test]
fn a_snapshot_is_for_the_call_in_which_it_was_granted() {
    let mut rig = in_call();
    let ask = |rig: &mut Rig, number: u8| {
        rig.say(0, &Body::Ask { id: AskId([number; 16]), wish: Wish::SnapshotCamera });
        rig.press(Button::Yes);
        let Some(FileCommand::Snapshot { id, of: VideoSource::Camera }) = rig.stored().pop() else {
            panic!("a picture is taken")
        };
        FileOffer { id, ..offer(number, 5_000) }
    };
    let first = ask(&mut rig, 1);
    rig.store(FileEvent::Stored(first.clone()));
    assert_eq!(told(&mut rig), [Body::FileOffer(first.clone())]);
    rig.say(0, &Body::FileAccept { id: first.id, offset: 0 });
    assert_eq!(answer_reads(&mut rig), 1);
    rig.say(0, &Body::FileDone(first.id));
    assert_eq!(rig.stored(), [FileCommand::Discard(first.id)]);
    // The call ends before the picture is taken: nobody gets it, not even the same peer.
    let second = ask(&mut rig, 2);
    call_again(&mut rig, 0, 2);
    rig.stored();
    rig.store(FileEvent::Stored(second.clone()));
    assert_eq!((told(&mut rig), rig.stored()), (Vec::new(), vec![FileCommand::Discard(second.id)]));
    let third = ask(&mut rig, 3);
    rig.store(FileEvent::Failed { id: third.id, why: FileRefusal::Storage });
    assert_eq!(remark(&rig), Some(Remark::FileFailed(FileRefusal::Storage)));
    rig.store(FileEvent::Stored(offer(9, 10)));
    assert_eq!(rig.stored(), [FileCommand::Discard(FileId([9; 16]))], "nobody asked for it");
}

/// Everything that a peer, its chunks and a confused store can say, thrown at one kiosk.
#[test]
fn noise_breaks_nothing_and_the_call_can_always_be_hung_up() {
    let mut accepted = 0;
    for seed in 0..8 {
        let mut rig = Rig::new(seed, 1, 1);
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        for call in 1..4 {
            rig.call(0, call);
            for _ in 0..200 {
                noise(&mut rig, &mut random);
                let status = rig.kiosk.status();
                assert_eq!(status.call.expect("nothing of files ends a call").phase, "in-call");
                let view = rig.view.as_ref().expect("painted");
                assert!(view.transfers.len() <= 2);
                assert!(view.transfers.iter().all(|transfer| transfer.received <= transfer.size));
            }
            accepted += rig.heard(0).iter().filter(|body| matches!(body, Body::FileAccept { .. })).count();
            rig.press(Button::HangUp);
            assert_eq!(rig.phase(), "none", "seed {seed}");
        }
        assert!(rig.most_outputs < 60, "{} outputs in a turn", rig.most_outputs);
        assert!(rig.most_bytes <= 300_000, "{} bytes in a turn", rig.most_bytes);
    }
    assert!(accepted > 8, "{accepted} transfers: noise that is always refused shows little");
}

fn noise(rig: &mut Rig, random: &mut ChaCha20Rng) {
    let mut below = |bound: u64| random.next_u64() % bound;
    let number = u8::try_from(below(6)).expect("small");
    let id = FileId([number; 16]);
    let places = [0, 1, 10, CHUNK, 2 * CHUNK, 65_536, WINDOW, WINDOW + 1, 200_000, u64::MAX - 1, u64::MAX];
    let place = places[usize::try_from(below(11)).expect("small")];
    let why = [FileRefusal::Stopped, FileRefusal::Hash, FileRefusal::Quota][usize::from(number % 3)];
    let size = [1, 10, CHUNK, 2 * CHUNK, WINDOW, 200_000][usize::from(number)];
    let length = [1, 9, 10, CHUNK, CHUNK + 1][usize::from(number.min(4))];
    match below(20) {
        0..=3 => rig.say(0, &Body::FileOffer(offer(number, size))),
        4 => rig.say(0, &Body::FileAccept { id, offset: place }),
        5 => rig.say(0, &Body::FileProgress { id, received: place }),
        6 => rig.say(0, &Body::FileDone(id)),
        7 => rig.say(0, &Body::FileCancel { id, why }),
        8 => rig.say(0, &Body::Show((number > 1).then_some(id))),
        9..=10 => rig.chunk(0, piece(id, place, length)),
        11 => rig.chunk(0, piece(id, 0, length)),
        12..=13 => rig.store(FileEvent::Accepted { id, offset: if below(3) == 0 { place } else { 0 } }),
        14 => rig.store(FileEvent::Written { id, received: place }),
        15 => rig.store(FileEvent::Complete { id, can_be_shown: number > 2 }),
        16 => rig.store(FileEvent::Read(piece(id, place, length))),
        17 => rig.store(FileEvent::Failed { id, why }),
        18 => send(rig, &offer(number, size)),
        _ => {
            let button = [Button::Zoom, Button::No, Button::Yes][usize::from(number % 3)];
            rig.input(Input::Button(button, Edge::Down));
            rig.input(Input::Command(Command::StopFile(id)));
            rig.input(Input::Command(Command::ShowFile(Some(id))));
        }
    }
}

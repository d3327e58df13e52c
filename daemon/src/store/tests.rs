//! Tests of the state directory.

use super::*;

fn pin(byte: u8, name: &str) -> Pin {
    Pin { peer: PeerId([byte; 32]), name: name.to_owned(), auto_answer: byte == 2 }
}

fn refused(directory: &Path) -> StoreError {
    Store::open(directory, Retention::UntilCallEnds).map(|_| ()).expect_err("it must be refused")
}

#[test]
fn a_credential_is_the_identity_and_leaves_no_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, kept) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    let (key, credential) = (directory.path().join(IDENTITY), directory.path().join(CREDENTIAL));
    fs::rename(&key, &credential).expect("it moves");
    let identity = store.identity(Some(credential.clone())).expect("a key");
    assert_eq!(identity.public(), kept.identity.public());
    assert!(!key.exists(), "the secret is on the disk again");
    fs::write(&credential, "short").expect("it writes");
    let error = store.identity(Some(credential)).expect_err("no key").to_string();
    assert!(error.contains("kioskd.identity is damaged (5 bytes instead of 32)"), "{error}");
}

#[test]
fn everything_survives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("deep/state");
    let (mut store, first) = Store::open(&path, Retention::UntilCallEnds).expect("it opens");
    assert_eq!((first.epoch, first.pins.len()), (0, 0));
    store.keep(&Record::Epoch(7)).expect("it writes");
    store.keep(&Record::TrustAdded(pin(1, "One"))).expect("it writes");
    store.keep(&Record::TrustAdded(pin(2, "Two"))).expect("it writes");
    store.keep(&Record::TrustAdded(pin(1, "Uno"))).expect("it writes");
    store.keep(&Record::TrustRemoved(PeerId([3; 32]))).expect("it writes");
    store.keep(&Record::Revoked(PeerId([4; 32]))).expect("it writes");
    let key = kiosk_wire::OperatorKey::from_seed(&[5; 32]).expect("below the order");
    let list = |number| {
        let empty =
            kiosk_wire::RevocationList { v: 1, op: key.public(), number, at: 0, peers: vec![], serials: vec![] };
        Box::new(empty.seal(&key))
    };
    store.keep(&Record::RevocationList(key.public(), list(1))).expect("it writes");
    store.keep(&Record::RevocationList(key.public(), list(2))).expect("it writes");
    drop(store);
    let (mut store, second) = Store::open(&path, Retention::UntilCallEnds).expect("it opens");
    assert_eq!(second.identity.public(), first.identity.public());
    assert_eq!(second.epoch, 7);
    assert_eq!(second.pins, [pin(2, "Two"), pin(1, "Uno")]);
    assert_eq!((second.revoked, second.revocations), (vec![PeerId([4; 32])], vec![*list(2)]));
    store.keep(&Record::TrustRemoved(PeerId([2; 32]))).expect("it writes");
    drop(store);
    assert_eq!(Store::open(&path, Retention::UntilCallEnds).expect("it opens").1.pins, [pin(1, "Uno")]);
    let mode = |name: &str| fs::metadata(path.join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!([mode(""), mode(IDENTITY), mode(TRUST), mode(EPOCH)], [0o700, 0o600, 0o600, 0o600]);
}

#[test]
fn a_power_cut_while_writing_leaves_the_old_content() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut store, first) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    store.keep(&Record::Epoch(7)).expect("it writes");
    drop(store);
    for name in ["epoch.tmp", "identity.key.tmp", "trust.json.tmp"] {
        fs::write(directory.path().join(name), "8 half a fi").expect("it writes");
    }
    let (_, second) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    assert_eq!((second.epoch, second.identity.public()), (7, first.identity.public()));
    let left = fs::read_dir(directory.path()).expect("it reads").filter_map(Result::ok);
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(TEMPORARY)));
}

#[test]
fn a_new_identity_counts_from_the_next_start_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, first) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    let new = store.rotate_identity().expect("it writes");
    assert_ne!(new, first.identity.public());
    drop(store);
    let (_, second) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    assert_eq!(second.identity.public(), new);
}

#[test]
fn two_kioskds_do_not_share_an_identity() {
    let directory = tempfile::tempdir().expect("a directory");
    let _first = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    assert!(matches!(refused(directory.path()), StoreError::Locked(_)));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens"));
    let key = directory.path().join(IDENTITY);
    for mode in [0o640, 0o604, 0o610] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("it is ours");
        let error = refused(directory.path());
        assert!(error.is_permission());
        let sentence = error.to_string();
        assert!(sentence.contains(&format!("(mode {mode:04o})")) && sentence.contains("chmod 600"), "{sentence}");
    }
}

#[test]
fn damaged_files_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens"));
    for (name, content, why) in [
        (IDENTITY, &b"short"[..], "5 bytes instead of 32"),
        (IDENTITY, &[0; 32][..], "not a P-256 secret"),
        (EPOCH, &b"-1"[..], "not a number"),
        (TRUST, &b"{\"peers\":[{}]}"[..], "missing field `id`"),
    ] {
        let path = directory.path().join(name);
        let old = fs::read(&path).ok();
        fs::write(&path, content).expect("it writes");
        let sentence = refused(directory.path()).to_string();
        assert!(sentence.contains(why) && sentence.contains(&path.display().to_string()), "{sentence}");
        match old {
            Some(old) => fs::write(&path, old).expect("it writes"),
            None => fs::remove_file(&path).expect("it is there"),
        }
    }
}

#[test]
fn what_is_said_is_on_the_disk_only_if_it_is_to_be_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let week = Retention::For(std::time::Duration::from_secs(7 * 24 * 3_600));
    let line = ChatLine {
        id: kiosk_call::ChatId([1; 16]),
        peer: PeerId([2; 32]),
        from: None,
        text: "How do I get in?".to_owned(),
        at: kiosk_call::UnixMillis(5),
        delivered: false,
    };
    let (mut store, _) = Store::open(directory.path(), week).expect("it opens");
    store.keep(&Record::ChatLine(line.clone())).expect("it writes");
    store.keep(&Record::ChatDelivered(line.id)).expect("it writes");
    store.keep(&Record::Quality(Quality::DataSaver)).expect("it writes");
    drop(store);
    let (store, kept) = Store::open(directory.path(), week).expect("it opens");
    assert_eq!(kept.history, [ChatLine { delivered: true, ..line }]);
    assert_eq!(kept.quality, Some(Quality::DataSaver));
    drop(store);
    let (mut store, kept) = Store::open(directory.path(), Retention::UntilCallEnds).expect("it opens");
    assert!(kept.history.is_empty() && !directory.path().join("chat.db").exists());
    assert!(store.keep(&Record::ChatDelivered(kiosk_call::ChatId([1; 16]))).is_err());
    for (quality, _) in QUALITIES {
        store.keep(&Record::Quality(quality)).expect("it writes");
        assert_eq!(store.quality().expect("it reads"), Some(quality));
    }
    fs::write(directory.path().join(QUALITY), "shiny").expect("it writes");
    assert_eq!(store.quality().expect("it reads"), None);
}

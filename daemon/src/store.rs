//! What survives a power cut: the identity key, the sign-in counter, the trusted peers. One directory, one file each.
//!
//! Every write goes to a temporary file, is synced, renamed over the old one, and the directory is synced: a reader finds the old
//! content or the new one, never half of it (rename(2), fsync(2)).

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use kiosk_call::{Pin, Record};
use kiosk_wire::{IdentityKey, Name, PeerId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The 32 secret bytes of the identity key.
const IDENTITY: &str = "identity.key";
/// The sign-in counter, decimal.
const EPOCH: &str = "epoch";
/// The loudspeaker's volume, percent, decimal.
const VOLUME: &str = "volume";
/// The trusted peers, JSON.
const TRUST: &str = "trust.json";
/// Held locked while a kioskd runs.
const LOCK: &str = "lock";
/// Ending of a file being written.
const TEMPORARY: &str = ".tmp";
/// Larger files are not ours.
const LARGEST_FILE: u64 = 4 << 20;

/// Why the state directory cannot be used. Each is a sentence that says what to do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system refuses.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has the directory.
    #[error("another kioskd uses {}; stop it, or set another state_dir in [paths]", .0.display())]
    Locked(PathBuf),
    /// Others can read the secret.
    #[error("the identity key {} can be read by others (mode {mode:04o}); if that is a mistake run 'chmod 600' on it, if somebody may have copied it, remove it (the kiosk gets a new identity)", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file is not a key.
    #[error("the identity key {} is damaged ({why}); restore it from a backup, or remove it (the kiosk gets a new identity)", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file of ours does not make sense.
    #[error("{} is damaged ({why}); restore it from a backup, or remove it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    /// The file system said no for want of rights, or because the file shows too much.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
            }
            Self::Exposed { .. } => true,
            Self::Locked(_) | Self::BadKey { .. } | Self::Damaged { .. } => false,
        }
    }
}

/// The state directory, locked for this process.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    pins: Vec<Pin>,
    _lock: File,
}

/// What a kiosk starts with.
#[derive(Debug)]
pub struct Kept {
    /// Who it is.
    pub identity: IdentityKey,
    /// The last sign-in counter.
    pub epoch: u64,
    /// Peers trusted by `kioskctl trust add`.
    pub pins: Vec<Pin>,
    /// The volume that somebody here has chosen, percent.
    pub volume: Option<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    peers: Vec<StoredPin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPin {
    id: PeerId,
    name: Name,
    auto_answer: bool,
}

impl Store {
    /// Opens the directory (made with mode 0700 if missing), locks it, clears what a power cut left, and reads or makes what a kiosk
    /// starts with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(directory: &Path) -> Result<(Self, Kept), StoreError> {
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { what, path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io("make", directory))?;
        let lock_path = directory.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(directory.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io("lock", &lock_path)(source)),
        }
        let mut store = Self { directory: directory.to_owned(), pins: Vec::new(), _lock: lock };
        store.clear_leftovers()?;
        let identity = store.identity()?;
        let epoch = store.epoch()?;
        store.pins = store.read_pins()?;
        let pins = store.pins.clone();
        let volume = store.volume()?;
        Ok((store, Kept { identity, epoch, pins, volume }))
    }

    /// Keeps a record before anything else happens.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the old content stays.
    pub fn keep(&mut self, record: &Record) -> Result<(), StoreError> {
        match record {
            Record::Epoch(epoch) => self.write(EPOCH, format!("{epoch}\n").as_bytes()),
            Record::Volume(percent) => self.write(VOLUME, format!("{percent}\n").as_bytes()),
            Record::TrustAdded(pin) => {
                let mut pins: Vec<Pin> = self.pins.iter().filter(|old| old.peer != pin.peer).cloned().collect();
                pins.push(pin.clone());
                self.write_pins(pins)
            }
            Record::TrustRemoved(peer) => {
                self.write_pins(self.pins.iter().filter(|old| old.peer != *peer).cloned().collect())
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn io<T>(&self, what: &'static str, name: &str, result: io::Result<T>) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::Io { what, path: self.path(name), source })
    }

    fn damaged(&self, name: &str, why: &str) -> StoreError {
        StoreError::Damaged { path: self.path(name), why: why.to_owned() }
    }

    fn clear_leftovers(&self) -> Result<(), StoreError> {
        for entry in self.io("read", "", fs::read_dir(&self.directory))?.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(TEMPORARY) {
                self.io("remove", &name, fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    /// A file's bytes, or None if there is none.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let file = match File::open(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => self.io("read", name, opened)?,
        };
        let mut bytes = Vec::new();
        self.io("read", name, file.take(LARGEST_FILE).read_to_end(&mut bytes))?;
        Ok(Some(bytes))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = format!("{name}{TEMPORARY}");
        let write = || {
            let mut file =
                OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(self.path(&temporary))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(self.path(&temporary), self.path(name))?;
            File::open(&self.directory)?.sync_all()
        };
        self.io("write", name, write())
    }

    fn identity(&self) -> Result<IdentityKey, StoreError> {
        let path = self.path(IDENTITY);
        let Some(bytes) = self.read(IDENTITY)? else { return self.new_identity() };
        let metadata = self.io("read", IDENTITY, fs::metadata(&path))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Exposed { path, mode });
        }
        let bad = |why: String| StoreError::BadKey { path: path.clone(), why };
        let seed =
            <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| bad(format!("{} bytes instead of 32", bytes.len())))?;
        IdentityKey::from_seed(&seed).ok_or_else(|| bad("not a P-256 secret".to_owned()))
    }

    fn new_identity(&self) -> Result<IdentityKey, StoreError> {
        loop {
            let seed = random_seed()?;
            if let Some(identity) = IdentityKey::from_seed(&seed) {
                self.write(IDENTITY, &seed)?;
                tracing::info!(peer = %identity.public().peer_id(), "made a new identity");
                return Ok(identity);
            }
        }
    }

    fn epoch(&self) -> Result<u64, StoreError> {
        let Some(bytes) = self.read(EPOCH)? else { return Ok(0) };
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
        number.ok_or_else(|| self.damaged(EPOCH, "not a number"))
    }

    /// A damaged one is not worth a kiosk that does not start.
    fn volume(&self) -> Result<Option<u8>, StoreError> {
        let Some(bytes) = self.read(VOLUME)? else { return Ok(None) };
        let percent = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
        if percent.is_none() {
            tracing::warn!(file = %self.path(VOLUME).display(), "the kept volume is damaged: the config's is taken");
        }
        Ok(percent)
    }

    fn read_pins(&self) -> Result<Vec<Pin>, StoreError> {
        let Some(bytes) = self.read(TRUST)? else { return Ok(Vec::new()) };
        let file: TrustFile =
            serde_json::from_slice(&bytes).map_err(|error| self.damaged(TRUST, &error.to_string()))?;
        let pin = |pin: StoredPin| Pin { peer: pin.id, name: pin.name.into(), auto_answer: pin.auto_answer };
        Ok(file.peers.into_iter().map(pin).collect())
    }

    fn write_pins(&mut self, pins: Vec<Pin>) -> Result<(), StoreError> {
        let stored = |pin: &Pin| {
            let name = Name::try_from(pin.name.clone()).map_err(|_| self.damaged(TRUST, "a name that is none"))?;
            Ok(StoredPin { id: pin.peer, name, auto_answer: pin.auto_answer })
        };
        let file = TrustFile { peers: pins.iter().map(stored).collect::<Result<_, StoreError>>()? };
        let bytes = serde_json::to_vec_pretty(&file).map_err(|error| self.damaged(TRUST, &error.to_string()))?;
        self.write(TRUST, &bytes)?;
        self.pins = pins;
        Ok(())
    }
}

/// 32 secret random bytes of the kernel; waits until it has gathered enough after boot (getrandom(2)).
///
/// # Errors
/// [`StoreError::Io`] on a kernel without them.
pub fn random_seed() -> Result<[u8; 32], StoreError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Io {
        what: "read",
        path: "the kernel's random bytes".into(),
        source: error.into(),
    })?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(byte: u8, name: &str) -> Pin {
        Pin { peer: PeerId([byte; 32]), name: name.to_owned(), auto_answer: byte == 2 }
    }

    fn refused(directory: &Path) -> StoreError {
        Store::open(directory).map(|_| ()).expect_err("it must be refused")
    }

    #[test]
    fn everything_survives_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/state");
        let (mut store, first) = Store::open(&path).expect("it opens");
        assert_eq!((first.epoch, first.pins.len()), (0, 0));
        store.keep(&Record::Epoch(7)).expect("it writes");
        store.keep(&Record::TrustAdded(pin(1, "One"))).expect("it writes");
        store.keep(&Record::TrustAdded(pin(2, "Two"))).expect("it writes");
        store.keep(&Record::TrustAdded(pin(1, "Uno"))).expect("it writes");
        store.keep(&Record::TrustRemoved(PeerId([3; 32]))).expect("it writes");
        drop(store);
        let (mut store, second) = Store::open(&path).expect("it opens");
        assert_eq!(second.identity.public(), first.identity.public());
        assert_eq!(second.epoch, 7);
        assert_eq!(second.pins, [pin(2, "Two"), pin(1, "Uno")]);
        store.keep(&Record::TrustRemoved(PeerId([2; 32]))).expect("it writes");
        drop(store);
        assert_eq!(Store::open(&path).expect("it opens").1.pins, [pin(1, "Uno")]);
        let mode = |name: &str| fs::metadata(path.join(name)).expect(name).permissions().mode() & 0o777;
        assert_eq!([mode(""), mode(IDENTITY), mode(TRUST), mode(EPOCH)], [0o700, 0o600, 0o600, 0o600]);
    }

    #[test]
    fn a_power_cut_while_writing_leaves_the_old_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut store, first) = Store::open(directory.path()).expect("it opens");
        store.keep(&Record::Epoch(7)).expect("it writes");
        drop(store);
        for name in ["epoch.tmp", "identity.key.tmp", "trust.json.tmp"] {
            fs::write(directory.path().join(name), "8 half a fi").expect("it writes");
        }
        let (_, second) = Store::open(directory.path()).expect("it opens");
        assert_eq!((second.epoch, second.identity.public()), (7, first.identity.public()));
        let left = fs::read_dir(directory.path()).expect("it reads").filter_map(Result::ok);
        assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(TEMPORARY)));
    }

    #[test]
    fn two_kioskds_do_not_share_an_identity() {
        let directory = tempfile::tempdir().expect("a directory");
        let _first = Store::open(directory.path()).expect("it opens");
        assert!(matches!(refused(directory.path()), StoreError::Locked(_)));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        drop(Store::open(directory.path()).expect("it opens"));
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
        drop(Store::open(directory.path()).expect("it opens"));
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
}

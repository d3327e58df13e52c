//! What survives a power cut: the identity key, the sign-in counter, the trusted peers, and what people here have set. One directory,
//! one file each. What was said is in a database there ([`History`]), and only if it is to be kept.
//!
//! Every write goes to a temporary file, is synced, renamed over the old one, and the directory is synced: a reader finds the old
//! content or the new one, never half of it (rename(2), fsync(2)).
//!
//! A disk that is full or read-only is no reason not to run, nor not to call: what it does not take waits in memory ([`Unkept`]).

mod queue;
mod unkept;

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use kiosk_call::{ChatLine, Pin, Quality, Record, Retention};
use kiosk_wire::{Envelope, IdentityKey, Name, PeerId, PublicKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use self::queue::{StoreQueue, Written};
use self::unkept::{Unkept, is_chat};
use crate::{
    crashes,
    history::{History, HistoryError},
};

/// The 32 secret bytes of the identity key.
const IDENTITY: &str = "identity.key";
/// The same as a credential of the service (systemd.exec(5), Credentials): then there is no file of it in the directory.
const CREDENTIAL: &str = "kioskd.identity";
/// The sign-in counter, decimal.
const EPOCH: &str = "epoch";
/// The loudspeaker's volume, percent, decimal.
const VOLUME: &str = "volume";
/// What the sent picture is to be good at, one of [`QUALITIES`].
const QUALITY: &str = "quality";
/// The trusted peers, JSON.
const TRUST: &str = "trust.json";
/// The newest revocation list of each authority, JSON.
const REVOCATIONS: &str = "revocations.json";
/// Ending of a file being written.
const TEMPORARY: &str = ".tmp";
/// Larger files are not ours.
const LARGEST_FILE: u64 = 4 << 20;

const QUALITIES: [(Quality, &str); 4] = [
    (Quality::Auto, "auto"),
    (Quality::DataSaver, "data-saver"),
    (Quality::Sharp, "sharp"),
    (Quality::Smooth, "smooth"),
];

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
    /// systemd holds the key.
    #[error("the identity key is the credential {}: make a new credential as docs/operations.md says, and restart kioskd", .0.display())]
    Credential(PathBuf),
    /// The database of the chat.
    #[error(transparent)]
    History(#[from] HistoryError),
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
            Self::Locked(_) | Self::BadKey { .. } | Self::Damaged { .. } | Self::Credential(_) | Self::History(_) => {
                false
            }
        }
    }
}

/// The state directory, locked for this process.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    trusted: Trusted,
    lists: BTreeMap<String, Envelope>,
    /// Whether what is said is to be kept.
    keeps_chat: bool,
    /// None: nothing that is said is kept, or nothing could be.
    history: Option<History>,
    unkept: Unkept,
    /// The directory itself, locked as long as this lives: that works where nothing can be written.
    _lock: File,
}

/// What a kiosk starts with.
#[derive(Debug)]
pub struct Kept {
    /// Who it is.
    pub identity: IdentityKey,
    /// The last sign-in counter; the clock's seconds, if these are more, where it cannot be kept.
    pub epoch: u64,
    /// Peers trusted by `kioskctl trust add` and by pairing.
    pub pins: Vec<Pin>,
    /// Peers refused by `kioskctl revoke`.
    pub revoked: Vec<PeerId>,
    /// Revocation lists of authorities, as they came.
    pub revocations: Vec<Envelope>,
    /// The volume that somebody here has chosen, percent.
    pub volume: Option<u8>,
    /// What somebody here wants the sent picture to be good at.
    pub quality: Option<Quality>,
    /// What was said, as far as a start needs it: [`History::recent`].
    pub history: Vec<ChatLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    peers: Vec<StoredPin>,
    #[serde(default)]
    revoked: Vec<PeerId>,
}

#[derive(Clone, Debug, Default)]
struct Trusted {
    pins: Vec<Pin>,
    revoked: Vec<PeerId>,
}

impl Trusted {
    fn without(&self, peer: PeerId) -> Self {
        let pins = self.pins.iter().filter(|pin| pin.peer != peer).cloned().collect();
        Self { pins, revoked: self.revoked.iter().filter(|old| **old != peer).copied().collect() }
    }
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
    /// starts with. What was said is removed, if it is not to be kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(directory: &Path, chat: Retention) -> Result<(Self, Kept), StoreError> {
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { what, path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io("make", directory))?;
        let lock = File::open(directory).map_err(io("open", directory))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(directory.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io("lock", directory)(source)),
        }
        let mut store = Self {
            directory: directory.to_owned(),
            trusted: Trusted::default(),
            lists: BTreeMap::new(),
            keeps_chat: chat != Retention::UntilCallEnds,
            history: None,
            unkept: Unkept::default(),
            _lock: lock,
        };
        clear_leftovers(directory).map_err(io("read", directory))?;
        crashes::clear_leftovers(directory);
        let identity = store.identity(credential())?;
        let mut epoch = store.epoch()?;
        if store.keep(&Record::Epoch(epoch)).is_err() {
            // It may have counted further than could be kept, and peers refuse a counter that goes back.
            epoch = epoch.max(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
        }
        store.trusted = store.read_trusted()?;
        store.lists = store.read_lists()?;
        let Trusted { pins, revoked } = store.trusted.clone();
        let revocations = store.lists.values().cloned().collect();
        let volume = store.volume()?;
        let quality = store.quality()?;
        let history = store.read_history();
        Ok((store, Kept { identity, epoch, pins, revoked, revocations, volume, quality, history }))
    }

    /// Writes a record to the file that it belongs to.
    fn write_record(&mut self, record: &Record) -> Result<(), StoreError> {
        match record {
            Record::Epoch(epoch) => self.write(EPOCH, format!("{epoch}\n").as_bytes()),
            Record::Volume(percent) => self.write(VOLUME, format!("{percent}\n").as_bytes()),
            Record::Quality(quality) => self.write(QUALITY, format!("{}\n", quality_name(*quality)).as_bytes()),
            Record::ChatLine(_) | Record::ChatDelivered(_) | Record::ChatForgotten(_) => {
                self.write_chat(std::slice::from_ref(record))
            }
            Record::TrustAdded(pin) => {
                let mut trusted = self.trusted.without(pin.peer);
                trusted.pins.push(pin.clone());
                self.write_trusted(trusted)
            }
            Record::TrustRemoved(peer) => self.write_trusted(self.trusted.without(*peer)),
            Record::Revoked(peer) => {
                let mut trusted = self.trusted.without(*peer);
                trusted.revoked.push(*peer);
                self.write_trusted(trusted)
            }
            Record::RevocationList(authority, list) => {
                let mut lists = self.lists.clone();
                lists.insert(authority.to_string(), (**list).clone());
                self.write_lists(lists)
            }
        }
    }

    /// Where the identity's secret is, and the permissions of its file, octal.
    #[must_use]
    pub fn key(&self) -> (String, Option<String>) {
        if credential().is_some() {
            return (format!("the credential {CREDENTIAL} of the service"), None);
        }
        let path = self.path(IDENTITY);
        let mode = fs::metadata(&path).ok().map(|file| format!("{:04o}", file.permissions().mode() & 0o7777));
        (path.display().to_string(), mode)
    }

    /// The peers that somebody here trusts.
    #[must_use]
    pub fn pins(&self) -> &[Pin] {
        &self.trusted.pins
    }

    /// Whether somebody here has set the volume.
    #[must_use]
    pub fn has_volume(&self) -> bool {
        self.path(VOLUME).exists() || self.unkept.waits_for(VOLUME)
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
        self.io("write", name, write_whole(&self.directory, name, bytes))
    }

    fn identity(&self, credential: Option<PathBuf>) -> Result<IdentityKey, StoreError> {
        // Who else may read a credential, systemd sees to.
        if let Some(path) = credential {
            let bytes = fs::read(&path);
            let bytes = bytes.map_err(|source| StoreError::Io { what: "read", path: path.clone(), source })?;
            return key_of(path, &bytes);
        }
        let path = self.path(IDENTITY);
        let Some(bytes) = self.read(IDENTITY)? else { return self.new_identity() };
        let metadata = self.io("read", IDENTITY, fs::metadata(&path))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Exposed { path, mode });
        }
        key_of(path, &bytes)
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

    /// As with the volume.
    fn quality(&self) -> Result<Option<Quality>, StoreError> {
        let Some(bytes) = self.read(QUALITY)? else { return Ok(None) };
        let known = QUALITIES.iter().find(|(_, name)| bytes.trim_ascii_end() == name.as_bytes());
        if known.is_none() {
            tracing::warn!(file = %self.path(QUALITY).display(), "the kept quality is damaged: it is left to the config");
        }
        Ok(known.map(|(quality, _)| *quality))
    }

    /// A kiosk without its history is better than none.
    fn read_history(&mut self) -> Vec<ChatLine> {
        if !self.keeps_chat {
            if let Err(error) = History::remove(&self.directory) {
                tracing::warn!(%error, "what was said is still on the disk");
            }
            return Vec::new();
        }
        self.history().and_then(|history| Ok(history.recent()?)).unwrap_or_else(|error| {
            tracing::warn!(%error, "what is said is not kept");
            Vec::new()
        })
    }

    fn history(&mut self) -> Result<&History, StoreError> {
        if !self.keeps_chat {
            return self.io("write", "", Err(io::Error::other("what is said is not to be kept")));
        }
        if self.history.is_none() {
            self.history = Some(History::open(&self.directory)?);
        }
        Ok(self.history.as_ref().expect("it was just opened"))
    }

    /// Either all of these or none.
    fn write_chat(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let written = self.history().and_then(|history| Ok(history.keep(records)?));
        if written.is_err() {
            // One that was opened while nothing could be written never can.
            self.history = None;
        }
        written
    }

    fn read_trusted(&self) -> Result<Trusted, StoreError> {
        let Some(bytes) = self.read(TRUST)? else { return Ok(Trusted::default()) };
        let TrustFile { peers, revoked } =
            serde_json::from_slice(&bytes).map_err(|error| self.damaged(TRUST, &error.to_string()))?;
        let pin = |pin: StoredPin| Pin { peer: pin.id, name: pin.name.into(), auto_answer: pin.auto_answer };
        Ok(Trusted { pins: peers.into_iter().map(pin).collect(), revoked })
    }

    fn write_trusted(&mut self, trusted: Trusted) -> Result<(), StoreError> {
        let stored = |pin: &Pin| {
            let name = Name::try_from(pin.name.clone()).map_err(|_| self.damaged(TRUST, "a name that is none"))?;
            Ok(StoredPin { id: pin.peer, name, auto_answer: pin.auto_answer })
        };
        let peers = trusted.pins.iter().map(stored).collect::<Result<_, StoreError>>()?;
        let file = TrustFile { peers, revoked: trusted.revoked.clone() };
        let bytes = serde_json::to_vec_pretty(&file).map_err(|error| self.damaged(TRUST, &error.to_string()))?;
        self.write(TRUST, &bytes)?;
        self.trusted = trusted;
        Ok(())
    }

    fn read_lists(&self) -> Result<BTreeMap<String, Envelope>, StoreError> {
        let Some(bytes) = self.read(REVOCATIONS)? else { return Ok(BTreeMap::new()) };
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(REVOCATIONS, &error.to_string()))
    }

    fn write_lists(&mut self, lists: BTreeMap<String, Envelope>) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec_pretty(&lists).map_err(|error| self.damaged(REVOCATIONS, &error.to_string()))?;
        self.write(REVOCATIONS, &bytes)?;
        self.lists = lists;
        Ok(())
    }

    /// Another identity from the next start on. The old one is gone: whoever trusted it has to be told the new one.
    ///
    /// # Errors
    /// [`StoreError::Credential`], [`StoreError::Io`].
    pub fn rotate_identity(&self) -> Result<PublicKey, StoreError> {
        match credential() {
            Some(path) => Err(StoreError::Credential(path)),
            None => self.new_identity().map(|identity| identity.public()),
        }
    }
}

/// The identity key that systemd has decrypted for us, if it was told to.
fn credential() -> Option<PathBuf> {
    let path = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join(CREDENTIAL);
    path.exists().then_some(path)
}

fn key_of(path: PathBuf, bytes: &[u8]) -> Result<IdentityKey, StoreError> {
    let Ok(seed) = <[u8; 32]>::try_from(bytes) else {
        return Err(StoreError::BadKey { path, why: format!("{} bytes instead of 32", bytes.len()) });
    };
    IdentityKey::from_seed(&seed).ok_or_else(|| StoreError::BadKey { path, why: "not a P-256 secret".to_owned() })
}

fn quality_name(quality: Quality) -> &'static str {
    QUALITIES.iter().find(|(known, _)| *known == quality).map_or("", |(_, name)| name)
}

/// Puts these bytes in place of a file's old ones (or makes it, mode 0600), so that a power cut leaves the old or the new.
pub(crate) fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write_whole_with(directory, name, bytes, 0o600)
}

/// As [`write_whole`], with these permissions.
pub(crate) fn write_whole_with(directory: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = directory.join(format!("{name}{TEMPORARY}"));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    File::open(directory)?.sync_all()
}

/// Removes what a power cut left of files that were being written there.
pub(crate) fn clear_leftovers(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(TEMPORARY)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(file = %entry.path().display(), %error, "what a power cut left cannot be removed");
        }
    }
    Ok(())
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
mod tests;

//! An authority: the operator key of whoever runs the kiosks, and the ledger of what it has signed. It lies in a directory of its own, on
//! a machine of its own: no kiosk and no server needs the key (docs/operations.md, "Authorities").

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use kiosk_wire::{
    Envelope, MOST_REVOKED, MemberRoom, Membership, OperatorKey, PeerId, PublicKey, RevocationList, Role,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::store::{StoreError, random_seed, write_whole};

/// The 32 secret bytes of the operator key.
const KEY: &str = "operator.key";
/// What it has signed, JSON.
const LEDGER: &str = "ledger.json";
/// Seconds of a day.
const DAY: u64 = 86_400;
/// Longest life of a membership, days: ten years.
pub const MOST_DAYS: u64 = 3_653;

/// Why the authority does not do it. Each is a sentence that says what to do.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// The file system refuses.
    #[error("cannot {what} {}: {source}; the directory has to be yours, and writable", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a key already.
    #[error("there is an authority in {} already: choose another directory", .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("there is no authority in {}: 'kioskctl authority init' makes one", .0.display())]
    Missing(PathBuf),
    /// Others can read the secret.
    #[error("the operator key {} can be read by others (mode {mode:04o}): run 'chmod 600' on it, and make a new one if somebody may have copied it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file does not make sense.
    #[error("{} is damaged ({why}): restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] StoreError),
    /// No such membership.
    #[error("no membership has the number {0}: see 'kioskctl authority show'")]
    UnknownSerial(u64),
    /// The list is at its limit.
    #[error(
        "a revocation list holds {MOST_REVOKED} entries of a kind: wait until memberships have run out, or begin a new authority"
    )]
    Full,
}

/// A membership that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Its number.
    pub serial: u64,
    /// Who.
    #[cfg_attr(test, schemars(with = "String"))]
    pub peer: PeerId,
    /// As what.
    #[cfg_attr(test, schemars(with = "String"))]
    pub role: Role,
    /// Where.
    #[cfg_attr(test, schemars(with = "String"))]
    pub room: MemberRoom,
    /// From when, Unix seconds.
    pub from: u64,
    /// Until when, Unix seconds.
    pub until: u64,
    /// It was taken back.
    #[serde(default)]
    pub revoked: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    issued: Vec<Issued>,
    /// Identities taken back, whoever vouches for them.
    revoked_peers: Vec<PeerId>,
    /// Of the last revocation list; 0: there is none yet.
    number: u64,
    list: Option<Envelope>,
}

/// The key and its ledger.
#[derive(Debug)]
pub struct Authority {
    directory: PathBuf,
    key: OperatorKey,
    ledger: Ledger,
}

/// What is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// One membership.
    Serial(u64),
    /// An identity, whoever vouches for it.
    Peer(PeerId),
}

impl Authority {
    /// Makes a key, in a directory that is made for it (mode 0700).
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn init(directory: &Path) -> Result<Self, AuthorityError> {
        if directory.join(KEY).exists() {
            return Err(AuthorityError::Exists(directory.to_owned()));
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|source| AuthorityError::Io { what: "make", path: directory.to_owned(), source })?;
        let (seed, key) = loop {
            let seed = random_seed()?;
            if let Some(key) = OperatorKey::from_seed(&seed) {
                break (seed, key);
            }
        };
        let authority = Self { directory: directory.to_owned(), key, ledger: Ledger::default() };
        authority.write_ledger()?;
        authority.write(KEY, &seed)?;
        Ok(authority)
    }

    /// Opens one.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn open(directory: &Path) -> Result<Self, AuthorityError> {
        let path = directory.join(KEY);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(AuthorityError::Missing(directory.to_owned()));
            }
            Err(source) => return Err(AuthorityError::Io { what: "read", path, source }),
            Ok(bytes) => bytes,
        };
        let metadata = fs::metadata(&path);
        let metadata = metadata.map_err(|source| AuthorityError::Io { what: "read", path: path.clone(), source })?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(AuthorityError::Exposed { path, mode });
        }
        let seed = <[u8; 32]>::try_from(bytes.as_slice()).ok().and_then(|seed| OperatorKey::from_seed(&seed));
        let key = seed.ok_or_else(|| AuthorityError::Damaged { path, why: "not a P-256 secret".to_owned() })?;
        let path = directory.join(LEDGER);
        let text = fs::read(&path);
        let text = text.map_err(|source| AuthorityError::Io { what: "read", path: path.clone(), source })?;
        let ledger =
            serde_json::from_slice(&text).map_err(|error| AuthorityError::Damaged { path, why: error.to_string() })?;
        Ok(Self { directory: directory.to_owned(), key, ledger })
    }

    /// What kiosks and pages pin (`operator_keys`).
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Memberships, oldest first.
    #[must_use]
    pub fn issued(&self) -> &[Issued] {
        &self.ledger.issued
    }

    /// Identities taken back.
    #[must_use]
    pub fn revoked_peers(&self) -> &[PeerId] {
        &self.ledger.revoked_peers
    }

    /// The last revocation list.
    #[must_use]
    pub const fn list(&self) -> Option<&Envelope> {
        self.ledger.list.as_ref()
    }

    /// Vouches for a peer from `now` (Unix seconds) on, for 1 to [`MOST_DAYS`] days. It is in the ledger before it is out.
    ///
    /// # Errors
    /// [`AuthorityError::Io`].
    pub fn issue(
        &mut self,
        peer: PeerId,
        role: Role,
        room: MemberRoom,
        now: u64,
        days: u64,
    ) -> Result<Envelope, AuthorityError> {
        let serial = self.ledger.issued.last().map_or(1, |last| last.serial + 1);
        let until = now.saturating_add(days.min(MOST_DAYS) * DAY);
        let issued = Issued { serial, peer, role, room: room.clone(), from: now, until, revoked: false };
        self.ledger.issued.push(issued);
        self.write_ledger()?;
        let op = self.key.public();
        Ok(Membership { v: 1, op, sub: peer, serial, nb: now, na: until, role, room }.seal(&self.key))
    }

    /// Takes something back, at `now` (Unix seconds): the next revocation list. What has run out by itself leaves the list.
    ///
    /// # Errors
    /// [`AuthorityError`]; nothing has changed then.
    pub fn revoke(&mut self, what: Revoked, now: u64) -> Result<Envelope, AuthorityError> {
        match what {
            Revoked::Serial(serial) => {
                let found = self.ledger.issued.iter_mut().find(|issued| issued.serial == serial);
                found.ok_or(AuthorityError::UnknownSerial(serial))?.revoked = true;
            }
            Revoked::Peer(peer) => {
                if !self.ledger.revoked_peers.contains(&peer) {
                    self.ledger.revoked_peers.push(peer);
                }
            }
        }
        // A day of grace for clocks that lag behind.
        let lives = |issued: &&Issued| issued.revoked && issued.until.saturating_add(DAY) >= now;
        let serials: Vec<u64> = self.ledger.issued.iter().filter(lives).map(|issued| issued.serial).collect();
        let peers = self.ledger.revoked_peers.clone();
        if serials.len() > MOST_REVOKED || peers.len() > MOST_REVOKED {
            return Err(AuthorityError::Full);
        }
        let number = self.ledger.number + 1;
        let list = RevocationList { v: 1, op: self.key.public(), number, at: now, peers, serials }.seal(&self.key);
        self.ledger.number = number;
        self.ledger.list = Some(list.clone());
        self.write_ledger()?;
        Ok(list)
    }

    fn write_ledger(&self) -> Result<(), AuthorityError> {
        let text = serde_json::to_vec_pretty(&self.ledger).expect("strings and numbers");
        self.write(LEDGER, &text)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), AuthorityError> {
        let path = self.directory.join(name);
        write_whole(&self.directory, name, bytes).map_err(|source| AuthorityError::Io { what: "write", path, source })
    }
}

#[cfg(test)]
mod tests {
    use kiosk_wire::Room;

    use super::*;

    const NOW: u64 = 1_795_305_600;

    fn peer(byte: u8) -> PeerId {
        PeerId([byte; 32])
    }

    #[test]
    fn what_it_signs_holds_and_is_in_the_ledger() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("safe");
        let mut authority = Authority::init(&path).expect("a new one");
        let lobby = MemberRoom::One(Room::try_from("lobby".to_owned()).expect("short"));
        let first = authority.issue(peer(1), Role::Operator, MemberRoom::Every, NOW, 30).expect("it writes");
        let second = authority.issue(peer(2), Role::Kiosk, lobby, NOW, 90).expect("it writes");
        let key = authority.public_key();
        let member = Membership::open(&first, key).expect("it is signed");
        assert_eq!((member.serial, member.sub, member.nb, member.na), (1, peer(1), NOW, NOW + 30 * DAY));
        assert_eq!(Membership::open(&second, key).expect("it is signed").serial, 2);

        let reopened = Authority::open(&path).expect("it is there");
        assert_eq!((reopened.public_key(), reopened.issued().len()), (key, 2));
        let mode = |name: &str| fs::metadata(path.join(name)).expect(name).permissions().mode() & 0o777;
        assert_eq!([mode(""), mode(KEY), mode(LEDGER)], [0o700, 0o600, 0o600]);
    }

    #[test]
    fn lists_rise_and_forget_what_has_run_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut authority = Authority::init(directory.path()).expect("a new one");
        for days in [1, 90] {
            authority.issue(peer(1), Role::Operator, MemberRoom::Every, NOW, days).expect("it writes");
        }
        let key = authority.public_key();
        let list = |envelope: &Envelope| RevocationList::open(envelope, key).expect("it is signed");
        let first = list(&authority.revoke(Revoked::Serial(1), NOW).expect("it is known"));
        assert_eq!((first.number, first.serials.as_slice()), (1, &[1][..]));
        let mut authority = Authority::open(directory.path()).expect("it is there");
        authority.revoke(Revoked::Serial(2), NOW + 10 * DAY).expect("it is known");
        let third = list(&authority.revoke(Revoked::Peer(peer(9)), NOW + 10 * DAY).expect("anybody"));
        assert_eq!((third.number, third.serials, third.peers), (3, vec![2], vec![peer(9)]));
        assert!(matches!(authority.revoke(Revoked::Serial(7), NOW), Err(AuthorityError::UnknownSerial(7))));
        let kept = Authority::open(directory.path()).expect("it is there");
        assert_eq!(list(kept.list().expect("there are three")).number, 3);
    }

    #[test]
    fn what_is_wrong_with_it_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(matches!(Authority::open(directory.path()), Err(AuthorityError::Missing(_))));
        Authority::init(directory.path()).expect("a new one");
        assert!(matches!(Authority::init(directory.path()), Err(AuthorityError::Exists(_))));
        let key = directory.path().join(KEY);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
        assert!(matches!(Authority::open(directory.path()), Err(AuthorityError::Exposed { mode: 0o644, .. })));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is ours");
        fs::write(directory.path().join(LEDGER), "{}").expect("it writes");
        assert!(matches!(Authority::open(directory.path()), Err(AuthorityError::Damaged { .. })));
        fs::write(&key, "short").expect("it writes");
        assert!(matches!(Authority::open(directory.path()), Err(AuthorityError::Damaged { .. })));
    }
}

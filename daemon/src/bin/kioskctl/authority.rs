//! `kioskctl authority`: needs no kioskd and no kiosk; it is for the machine on which the operator key lies.

use std::{
    fmt::Write as _,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, Subcommand, ValueEnum};
use kiosk_wire::{MemberRoom, PeerId, Role, Room};
use kioskd::{
    authority::{Authority, AuthorityError, Issued, MOST_DAYS, Revoked},
    reports::AuthorityShown,
};

/// What an authority is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Errand {
    /// Make an operator key. Prints its public half, for `operator_keys` of the kiosks' config.
    Init {
        /// A directory that only you can read, with a backup.
        directory: PathBuf,
    },
    /// The public key, and what was signed.
    Show {
        /// The authority's directory.
        directory: PathBuf,
    },
    /// Vouch for a peer. Prints the membership, which the peer shows when it signs in.
    Issue(Issue),
    /// Take a membership or an identity back. Prints the new revocation list, for kiosk-server --revocations.
    Revoke(Revoke),
    /// The last revocation list once more.
    Revocations {
        /// The authority's directory.
        directory: PathBuf,
    },
}

/// `issue`.
#[derive(Debug, Args)]
pub(crate) struct Issue {
    /// The authority's directory.
    directory: PathBuf,
    /// `PeerId` of who it is for, as `kioskctl identity` or the page shows it.
    #[arg(long, allow_hyphen_values = true)]
    peer: PeerId,
    /// As what.
    #[arg(long)]
    role: RoleName,
    /// The room; without: every room.
    #[arg(long, value_parser = room)]
    room: Option<Room>,
    /// How long it holds. Short is good: it is the answer to a server that holds a revocation list back.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=MOST_DAYS))]
    days: u64,
}

/// `revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The authority's directory.
    directory: PathBuf,
    #[command(flatten)]
    what: What,
}

/// One of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Number of a membership, as `show` lists it.
    #[arg(long)]
    serial: Option<u64>,
    /// An identity, whoever vouches for it: a stolen kiosk, for instance.
    #[arg(long, allow_hyphen_values = true)]
    peer: Option<PeerId>,
}

/// [`Role`] as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Kiosk,
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Kiosk => Self::Kiosk,
            RoleName::Operator => Self::Operator,
        }
    }
}

fn room(text: &str) -> Result<Room, String> {
    Room::try_from(text.to_owned())
        .map_err(|_| "a room is 1 to 63 of a-z, 0-9, '.', '_', '-', the first a letter or digit".to_owned())
}

/// Does it; what is to be printed.
pub(crate) fn run(errand: &Errand, as_json: bool) -> Result<String, AuthorityError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Envelopes are JSON anyway: one line, made to be appended to a file.
    match errand {
        Errand::Init { directory } => Ok(shown(&Authority::init(directory)?, as_json)),
        Errand::Show { directory } => Ok(shown(&Authority::open(directory)?, as_json)),
        Errand::Issue(Issue { directory, peer, role, room, days }) => {
            let room = room.clone().map_or(MemberRoom::Every, MemberRoom::One);
            let envelope = Authority::open(directory)?.issue(*peer, (*role).into(), room, now, *days)?;
            Ok(format!("{}\n", envelope.to_text()))
        }
        Errand::Revoke(Revoke { directory, what }) => {
            let what = what.serial.map(Revoked::Serial).or_else(|| what.peer.map(Revoked::Peer));
            let what = what.expect("clap asks for one of them");
            Ok(format!("{}\n", Authority::open(directory)?.revoke(what, now)?.to_text()))
        }
        Errand::Revocations { directory } => {
            let list = Authority::open(directory)?.list().map(|list| format!("{}\n", list.to_text()));
            Ok(list.unwrap_or_default())
        }
    }
}

fn shown(authority: &Authority, as_json: bool) -> String {
    if as_json {
        let shown = serde_json::to_string(&AuthorityShown::of(authority)).expect("it has no maps but of strings");
        return format!("{shown}\n");
    }
    let mut out = format!("{}\n", authority.public_key());
    for Issued { serial, peer, role, room, until, revoked, .. } in authority.issued() {
        let role = if *role == Role::Kiosk { "kiosk" } else { "operator" };
        let room = match room {
            MemberRoom::Every => "every room",
            MemberRoom::One(room) => room.as_str(),
        };
        let until = jiff::Timestamp::from_second(i64::try_from(*until).unwrap_or(i64::MAX));
        let until = until.map(|until| until.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        let state = if *revoked { ", revoked" } else { "" };
        let _ = writeln!(out, "{serial:>5}  {peer}  {role}, {room}, until {until}{state}");
    }
    for peer in authority.revoked_peers() {
        let _ = writeln!(out, "       {peer}  revoked");
    }
    out
}

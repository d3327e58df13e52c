//! What the kiosk tells: what is to be kept, and what an admin wants to know.

use std::time::Duration;

use kiosk_wire::{CallId, ChatId, Envelope, PeerId, PublicKey};

use super::{Pin, ServerId};
use crate::{
    clock::UnixMillis,
    view::{ChatLine, Quality},
};

/// What must survive a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The identity's sign-in counter, before it is used.
    Epoch(u64),
    /// A peer is trusted from now on.
    TrustAdded(Pin),
    /// A peer is no longer trusted.
    TrustRemoved(PeerId),
    /// A peer is refused, whoever vouches for it, until it is trusted again.
    Revoked(PeerId),
    /// The newest revocation list of an authority, in place of the one before.
    RevocationList(PublicKey, Box<Envelope>),
    /// The loudspeaker's volume, percent.
    Volume(u8),
    /// What the sent picture is to be good at.
    Quality(Quality),
    /// A line of chat, said or heard. Kept before its receipt is sent.
    ChatLine(ChatLine),
    /// A line that was said here has arrived there.
    ChatDelivered(ChatId),
    /// All lines from before this moment go.
    ChatForgotten(UnixMillis),
}

/// How the connection of a confirmed call was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing was heard of the peer.
    Silence,
    /// The peer closed its side without a bye, or ICE gave it up.
    Closed,
    /// Media here needs a new one.
    Media,
    /// The peer offers a new one.
    Peer,
}

impl Loss {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Silence, Self::Closed, Self::Media, Self::Peer];

    /// For programs: metrics count losses by it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Closed => "closed",
            Self::Media => "media",
            Self::Peer => "peer",
        }
    }
}

/// What an admin wants to know of a normal day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Signed in.
    Linked {
        /// Where.
        server: ServerId,
        /// Peers in the room.
        peers: usize,
    },
    /// The link is gone.
    LinkLost {
        /// To which server.
        server: ServerId,
        /// Why, for people.
        reason: String,
        /// When we try again.
        retry_in: Duration,
    },
    /// A call rings, here or there.
    CallStarted {
        /// The call.
        call: CallId,
        /// With whom.
        peer: PeerId,
        /// We called.
        outgoing: bool,
    },
    /// Both sides are confirmed, the gates are open.
    CallConnected {
        /// The call.
        call: CallId,
        /// From the answer to here.
        after: Duration,
    },
    /// The connection of a confirmed call is lost; a new one is tried for 45 s.
    CallReconnecting {
        /// The call.
        call: CallId,
        /// Why.
        reason: Loss,
    },
    /// A call that was reconnecting is as it was before.
    CallResumed {
        /// The call.
        call: CallId,
        /// From the loss to here.
        after: Duration,
    },
    /// A call is over.
    CallEnded {
        /// The call.
        call: CallId,
        /// Why.
        why: crate::view::Ending,
    },
    /// Something was refused; the journal rate-limits, the counter counts each.
    Refused {
        /// A reason code of docs/protocol.md §8.
        reason: &'static str,
        /// Who sent it, as far as known.
        peer: Option<PeerId>,
    },
    /// An authority has taken something back.
    RevocationsLearned {
        /// Whose list it is.
        authority: PublicKey,
        /// Its number.
        number: u64,
        /// How many identities and memberships it names.
        entries: usize,
    },
    /// Another program signed in with our identity: the device was copied, or two share a key.
    IdentityTaken,
    /// A peer is pinned: two people compared digits.
    Paired {
        /// Who.
        peer: PeerId,
    },
    /// A peer wanted something of the room.
    Asked {
        /// Who.
        peer: PeerId,
        /// What, as on the wire.
        wish: kiosk_wire::Wish,
        /// Whether it was done.
        granted: bool,
    },
    /// A file has come or gone, whole.
    FileMoved {
        /// Bytes.
        size: u64,
        /// To the peer.
        outgoing: bool,
    },
    /// A command could not be carried out; a sentence.
    Declined(String),
}

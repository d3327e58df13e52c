//! What kiosks, browsers and the signaling server say, and its signature: KSP/1 of `docs/protocol.md`.
//!
//! No I/O, no clock, no randomness of its own. Whatever comes from outside becomes a typed value or a [`Refusal`].
#![forbid(unsafe_code)]

mod body;
mod certificate;
mod envelope;
mod frame;
mod id;
mod key;
mod message;
mod refusal;
mod revocation;
mod sdp;

pub use body::{
    Body, ByeReason, Candidate, Fault, FileOffer, FileRefusal, KioskState, KioskStatus, RejectReason, Wish,
};
pub use certificate::{MemberRoom, Membership, Name, ProofOfPossession, Role, Room, SessionCertificate};
pub use envelope::{Envelope, Kind};
pub use frame::{ClientFrame, ErrorCode, IceServer, LARGEST_FRAME, Limits, PeerDescription, ServerFrame};
pub use id::{AskId, CallId, ChatId, FileId, Fingerprint, Hash, Hasher, Nonce, PeerId, SessionId};
pub use key::{IdentityKey, OperatorKey, PublicKey, SessionKey};
pub use message::{
    LARGEST_CHANNEL_MESSAGE, Message, MessageHeader, Recipient, Transport, pairing_commitment,
    short_authentication_string,
};
pub use refusal::Refusal;
pub use revocation::{MOST_REVOKED, RevocationList};
pub use sdp::{Description, LARGEST_SDP, SdpType};

//! What kiosks, browsers and the signaling server say, and its signature: KSP/1 of `docs/protocol.md`.
//!
//! No I/O, no clock, no randomness of its own. Whatever comes from outside becomes a typed value or a [`Refusal`].
#![forbid(unsafe_code)]

mod certificate;
mod envelope;
mod frame;
mod id;
mod key;
mod message;
mod refusal;
mod sdp;

pub use certificate::{MemberRoom, Membership, Name, ProofOfPossession, Role, Room, SessionCertificate};
pub use envelope::{Envelope, Kind};
pub use frame::{ClientFrame, ErrorCode, IceServer, LARGEST_FRAME, Limits, PeerDescription, ServerFrame};
pub use id::{CallId, ChatId, Fingerprint, Hash, Nonce, PeerId, SessionId};
pub use key::{IdentityKey, OperatorKey, PublicKey, SessionKey};
pub use message::{
    Body, ByeReason, Candidate, LARGEST_CHANNEL_MESSAGE, Message, MessageHeader, Recipient, RejectReason, Transport,
    short_authentication_string,
};
pub use refusal::Refusal;
pub use sdp::{Description, LARGEST_SDP, SdpType};

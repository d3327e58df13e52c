//! Messages between peers, on the link and on the data channel: who says it to whom, and its signature (docs/protocol.md §6, §7).

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    Body, CallId, Envelope, Hash, Kind, PeerId, PublicKey, Refusal, Room, SessionCertificate, SessionId, SessionKey,
    body::present,
    certificate::{from_json, to_json},
    id::sha256,
};

/// Largest text message on the data channel, bytes.
pub const LARGEST_CHANNEL_MESSAGE: usize = 16_384;
/// How a message travels. Some types belong to one of them, some to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The WebSocket, through the server.
    Link,
    /// The data channel `ksp`, from peer to peer.
    Channel,
}

/// Everything around the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// The sender.
    pub from: PeerId,
    /// The recipient.
    pub to: PeerId,
    /// The recipient's session now.
    pub to_session: SessionId,
    /// The room of both.
    pub room: Room,
    /// The call, or [`CallId::NONE`].
    pub call: CallId,
    /// 0, 1, 2 … per call, direction and transport; outside a call per pair of sessions and direction.
    pub seq: u32,
    /// In an answer: the offer's hash.
    pub re: Option<Hash>,
    /// Unix milliseconds; informative.
    pub at: u64,
}

/// A message that was verified: there is no other way to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The call, or [`CallId::NONE`].
    pub call: CallId,
    /// 0, 1, 2 … per call, direction and transport; outside a call per pair of sessions and direction.
    pub seq: u32,
    /// In an answer: the offer's hash.
    pub re: Option<Hash>,
    /// Unix milliseconds; informative.
    pub at: u64,
    /// The envelope's id.
    pub hash: Hash,
    /// What it says.
    pub body: Body,
}

/// Who we are when we receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Our identity.
    pub peer: PeerId,
    /// Our session now.
    pub session: SessionId,
    /// Our room.
    pub room: Room,
}

#[derive(Serialize)]
struct PayloadOut<'a> {
    v: u8,
    t: &'a str,
    from: PeerId,
    fs: SessionId,
    to: PeerId,
    ts: SessionId,
    room: &'a Room,
    call: CallId,
    seq: u32,
    re: Option<Hash>,
    at: u64,
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayloadIn<'a> {
    v: u8,
    t: String,
    from: PeerId,
    fs: SessionId,
    to: PeerId,
    ts: SessionId,
    room: Room,
    call: CallId,
    seq: u32,
    #[serde(deserialize_with = "present")]
    re: Option<Hash>,
    at: u64,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Message {
    /// Signs a message.
    #[must_use]
    pub fn seal(key: &SessionKey, header: &MessageHeader, body: &Body) -> Envelope {
        let payload = PayloadOut {
            v: 1,
            t: body.name(),
            from: header.from,
            fs: key.public().session_id(),
            to: header.to,
            ts: header.to_session,
            room: &header.room,
            call: header.call,
            seq: header.seq,
            re: header.re,
            at: header.at,
            body: body.to_value(),
        };
        Envelope::message(&to_json(&payload), key)
    }

    /// Rules 2, 3, 5, 6, 7 and 12 of docs/protocol.md §7: what can be said of a message without knowing the call.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn open(
        envelope: &Envelope,
        sender: &SessionCertificate,
        recipient: &Recipient,
        transport: Transport,
    ) -> Result<Self, Refusal> {
        let payload = envelope.verify(Kind::Message, sender.sk)?;
        let payload: PayloadIn<'_> = from_json(&payload)?;
        if payload.v != 1 {
            return Err(Refusal::Version);
        }
        if payload.from != sender.peer() || payload.fs != sender.session() {
            return Err(Refusal::WrongSender);
        }
        if payload.to != recipient.peer {
            return Err(Refusal::NotForMe);
        }
        if payload.ts != recipient.session {
            return Err(Refusal::StaleSession);
        }
        if payload.room != recipient.room {
            return Err(Refusal::Room);
        }
        let body = Body::parse(&payload.t, payload.body.get())?;
        if !body.travels(transport, payload.call != CallId::NONE) {
            return Err(Refusal::WrongTransport);
        }
        if payload.re.is_some() != matches!(body, Body::Answer(_)) {
            return Err(Refusal::AnswerMismatch);
        }
        let PayloadIn { call, seq, re, at, .. } = payload;
        Ok(Self { call, seq, re, at, hash: envelope.hash(), body })
    }
}

/// What a side of a pairing commits to before it reveals its nonce (docs/protocol.md §6).
#[must_use]
pub fn pairing_commitment(key: PublicKey, nonce: [u8; 16]) -> [u8; 32] {
    sha256(&[b"ksp1-pair", &nonce, &key.to_raw()])
}

/// Six digits that two people compare (docs/protocol.md §6): each key with the nonce that its holder revealed, in any order.
#[must_use]
pub fn short_authentication_string(a: (PublicKey, [u8; 16]), b: (PublicKey, [u8; 16])) -> u32 {
    let ((first, first_nonce), (second, second_nonce)) = if a.0.peer_id() <= b.0.peer_id() { (a, b) } else { (b, a) };
    let hash = sha256(&[b"ksp1-sas", &first.to_raw(), &second.to_raw(), &first_nonce, &second_nonce]);
    let start = hash.first_chunk::<8>().expect("a hash has 32 bytes");
    u32::try_from(u64::from_be_bytes(*start) % 1_000_000).expect("below a million")
}

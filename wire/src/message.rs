//! Messages between peers, on the link and on the data channel (docs/protocol.md §6, §7).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json, value::RawValue};

use crate::{
    CallId, ChatId, Description, Envelope, Fingerprint, Hash, Kind, PeerId, PublicKey, Refusal, Room, SdpType,
    SessionCertificate, SessionId, SessionKey,
    certificate::{from_json, to_json},
    id::sha256,
};

/// Largest text message on the data channel, bytes.
pub const LARGEST_CHANNEL_MESSAGE: usize = 16_384;
/// Most candidates in one message.
const MOST_CANDIDATES: usize = 32;
/// Longest candidate, bytes.
const LONGEST_CANDIDATE: usize = 1_024;
/// Longest line of chat, characters and bytes.
const LONGEST_CHAT: (usize, usize) = (4_000, 8_192);

/// How a message travels. Each type belongs to one of them, `bye` to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The WebSocket, through the server.
    Link,
    /// The data channel `ksp`, from peer to peer.
    Channel,
}

/// W3C `RTCIceCandidateInit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Candidate {
    /// `candidate:…` (RFC 8839 §5.1).
    pub candidate: String,
    /// The section's mid.
    #[serde(deserialize_with = "present")]
    pub sdp_mid: Option<String>,
    /// The section's place.
    #[serde(rename = "sdpMLineIndex", deserialize_with = "present")]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE generation.
    #[serde(deserialize_with = "present")]
    pub username_fragment: Option<String>,
}

/// serde lets an `Option` be absent; in this protocol a member that may be null must still be there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Why an offer is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectReason {
    /// A person said no.
    Declined,
    /// In another call.
    Busy,
    /// Nobody answered.
    Timeout,
    /// The trust policy says no.
    Untrusted,
    /// Media failed.
    Media,
}

/// Why a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByeReason {
    /// A person hung up.
    HangUp,
    /// It took too long.
    Timeout,
    /// Nothing came for 3 s.
    Lost,
    /// Media failed.
    Media,
    /// A certificate or confirmation is wrong.
    Security,
    /// Messages are missing or make no sense.
    Protocol,
    /// The program ends.
    Shutdown,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Starts a call.
    Offer(Description),
    /// The offer is shown to a person.
    Ringing,
    /// Accepts a call.
    Answer(Description),
    /// 1…32 of them.
    Candidates(Vec<Candidate>),
    /// RFC 8838 §8.2.
    EndOfCandidates,
    /// Instead of an answer.
    Reject(RejectReason),
    /// The end, at any time, on either transport.
    Bye(ByeReason),
    /// SHA-256("ksp1-pair" ‖ nonce ‖ raw identity key).
    PairCommit([u8; 32]),
    /// The nonce.
    PairReveal([u8; 16]),
    /// A person compared the digits.
    PairConfirm,
    /// What the sender saw of the call's security.
    Confirm {
        /// The sender's own certificate.
        local: Fingerprint,
        /// The receiver's, as seen in the handshake.
        remote: Fingerprint,
        /// Of the offer's envelope.
        offer: Hash,
        /// Of the answer's envelope.
        answer: Hash,
    },
    /// A line of chat.
    Chat {
        /// Its id.
        id: ChatId,
        /// 1…4,000 characters, at most 8,192 bytes.
        text: String,
    },
    /// A line of chat has come.
    ChatReceived(ChatId),
    /// What the sender is sending.
    Media {
        /// Sound.
        audio: bool,
        /// Pictures.
        video: bool,
    },
    /// Are you there?
    Ping(u32),
    /// I am.
    Pong(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptionBody {
    sdp: String,
    fp: Fingerprint,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CandidatesBody {
    candidates: Vec<Candidate>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhyBody<T> {
    why: T,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitBody {
    commit: Hash,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevealBody {
    nonce: CallId,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    lfp: Fingerprint,
    rfp: Fingerprint,
    offer: Hash,
    answer: Hash,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatBody {
    id: ChatId,
    text: String,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceivedBody {
    id: ChatId,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaBody {
    audio: bool,
    video: bool,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PingBody {
    n: u32,
}

impl Body {
    /// The `t` of the message.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Offer(_) => "offer",
            Self::Ringing => "ringing",
            Self::Answer(_) => "answer",
            Self::Candidates(_) => "candidates",
            Self::EndOfCandidates => "end-of-candidates",
            Self::Reject(_) => "reject",
            Self::Bye(_) => "bye",
            Self::PairCommit(_) => "pair-commit",
            Self::PairReveal(_) => "pair-reveal",
            Self::PairConfirm => "pair-confirm",
            Self::Confirm { .. } => "confirm",
            Self::Chat { .. } => "chat",
            Self::ChatReceived(_) => "chat-received",
            Self::Media { .. } => "media",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
        }
    }

    const fn travels(&self, transport: Transport) -> bool {
        match self {
            Self::Bye(_) => true,
            Self::Confirm { .. }
            | Self::Chat { .. }
            | Self::ChatReceived(_)
            | Self::Media { .. }
            | Self::Ping(_)
            | Self::Pong(_) => matches!(transport, Transport::Channel),
            Self::Offer(_)
            | Self::Ringing
            | Self::Answer(_)
            | Self::Candidates(_)
            | Self::EndOfCandidates
            | Self::Reject(_)
            | Self::PairCommit(_)
            | Self::PairReveal(_)
            | Self::PairConfirm => matches!(transport, Transport::Link),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Offer(description) | Self::Answer(description) => {
                json!({ "sdp": description.sdp(), "fp": description.fingerprint() })
            }
            Self::Ringing | Self::EndOfCandidates | Self::PairConfirm => json!({}),
            Self::Candidates(candidates) => json!({ "candidates": candidates }),
            Self::Reject(why) => json!({ "why": why }),
            Self::Bye(why) => json!({ "why": why }),
            Self::PairCommit(commit) => json!({ "commit": Hash(*commit) }),
            Self::PairReveal(nonce) => json!({ "nonce": CallId(*nonce) }),
            Self::Confirm { local, remote, offer, answer } => {
                json!({ "lfp": local, "rfp": remote, "offer": offer, "answer": answer })
            }
            Self::Chat { id, text } => json!({ "id": id, "text": text }),
            Self::ChatReceived(id) => json!({ "id": id }),
            Self::Media { audio, video } => json!({ "audio": audio, "video": video }),
            Self::Ping(n) | Self::Pong(n) => json!({ "n": n }),
        }
    }

    fn parse(name: &str, body: &str) -> Result<Self, Refusal> {
        let json = body.as_bytes();
        Ok(match name {
            "offer" => Self::Offer(description(json, SdpType::Offer)?),
            "ringing" => from_json::<Empty>(json).map(|_| Self::Ringing)?,
            "answer" => Self::Answer(description(json, SdpType::Answer)?),
            "candidates" => Self::Candidates(candidates(json)?),
            "end-of-candidates" => from_json::<Empty>(json).map(|_| Self::EndOfCandidates)?,
            "reject" => Self::Reject(from_json::<WhyBody<_>>(json)?.why),
            "bye" => Self::Bye(from_json::<WhyBody<_>>(json)?.why),
            "pair-commit" => Self::PairCommit(from_json::<CommitBody>(json)?.commit.0),
            "pair-reveal" => Self::PairReveal(from_json::<RevealBody>(json)?.nonce.0),
            "pair-confirm" => from_json::<Empty>(json).map(|_| Self::PairConfirm)?,
            "confirm" => {
                let ConfirmBody { lfp, rfp, offer, answer } = from_json(json)?;
                Self::Confirm { local: lfp, remote: rfp, offer, answer }
            }
            "chat" => {
                let ChatBody { id, text } = from_json(json)?;
                Self::Chat { id, text: Self::chat_text(text)? }
            }
            "chat-received" => Self::ChatReceived(from_json::<ReceivedBody>(json)?.id),
            "media" => {
                let MediaBody { audio, video } = from_json(json)?;
                Self::Media { audio, video }
            }
            "ping" => Self::Ping(from_json::<PingBody>(json)?.n),
            "pong" => Self::Pong(from_json::<PingBody>(json)?.n),
            _ => return Err(Refusal::PayloadSyntax),
        })
    }

    /// A line of chat, if it can be one: 1…4,000 characters, at most 8,192 bytes, not only white space.
    ///
    /// # Errors
    /// [`Refusal::BodyLimit`].
    pub fn chat_text(text: String) -> Result<String, Refusal> {
        let (characters, bytes) = LONGEST_CHAT;
        let fits = !text.trim().is_empty() && text.len() <= bytes && text.chars().count() <= characters;
        if fits { Ok(text) } else { Err(Refusal::BodyLimit) }
    }
}

fn description(json: &[u8], kind: SdpType) -> Result<Description, Refusal> {
    let DescriptionBody { sdp, fp } = from_json(json)?;
    Description::declared(sdp, fp, kind)
}

fn candidates(json: &[u8]) -> Result<Vec<Candidate>, Refusal> {
    let CandidatesBody { candidates } = from_json(json)?;
    let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= 256);
    let fits = (1..=MOST_CANDIDATES).contains(&candidates.len())
        && candidates.iter().all(|candidate| {
            candidate.candidate.len() <= LONGEST_CANDIDATE
                && !candidate.candidate.contains(|letter: char| letter.is_control())
                && short(&candidate.sdp_mid)
                && short(&candidate.username_fragment)
        });
    if fits { Ok(candidates) } else { Err(Refusal::BodyLimit) }
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
    /// The call.
    pub call: CallId,
    /// 0, 1, 2 … per call, direction and transport.
    pub seq: u32,
    /// In an answer: the offer's hash.
    pub re: Option<Hash>,
    /// Unix milliseconds; informative.
    pub at: u64,
}

/// A message that was verified: there is no other way to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The call.
    pub call: CallId,
    /// 0, 1, 2 … per call, direction and transport.
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
        if !body.travels(transport) {
            return Err(Refusal::WrongTransport);
        }
        if payload.re.is_some() != matches!(body, Body::Answer(_)) {
            return Err(Refusal::AnswerMismatch);
        }
        let PayloadIn { call, seq, re, at, .. } = payload;
        Ok(Self { call, seq, re, at, hash: envelope.hash(), body })
    }
}

/// Six digits that two people compare (docs/protocol.md §6): each key with the nonce that its holder revealed, in any order.
#[must_use]
pub fn short_authentication_string(a: (PublicKey, [u8; 16]), b: (PublicKey, [u8; 16])) -> u32 {
    let ((first, first_nonce), (second, second_nonce)) = if a.0.peer_id() <= b.0.peer_id() { (a, b) } else { (b, a) };
    let hash = sha256(&[b"ksp1-sas", &first.to_raw(), &second.to_raw(), &first_nonce, &second_nonce]);
    let start = hash.first_chunk::<8>().expect("a hash has 32 bytes");
    u32::try_from(u64::from_be_bytes(*start) % 1_000_000).expect("below a million")
}

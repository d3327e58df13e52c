//! What a message says: one variant a type of docs/protocol.md §6.

mod file;
mod status;
mod wish;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

pub use self::{
    file::{FileOffer, FileRefusal},
    status::{Fault, KioskState, KioskStatus},
    wish::Wish,
};
use crate::{
    AskId, CallId, ChatId, Description, FileId, Fingerprint, Hash, Refusal, SdpType, Transport, certificate::from_json,
};

/// Most candidates in one message.
const MOST_CANDIDATES: usize = 32;
/// Longest candidate, bytes.
const LONGEST_CANDIDATE: usize = 1_024;
/// Longest line of chat, characters and bytes.
const LONGEST_CHAT: (usize, usize) = (4_000, 8_192);

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
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// For a member that may be absent, but not null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
    /// The call that is to go on is not there (any more): only ever said to an offer with `resume`.
    Gone,
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
    /// Starts a call, or gives one that goes on a new peer connection.
    Offer {
        /// What is offered.
        description: Description,
        /// The first offer's call, of the conversation that goes on.
        resume: Option<CallId>,
    },
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
    /// No pin comes of this pairing.
    PairCancel,
    /// How a kiosk is, for operators.
    Status(KioskStatus),
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
        /// The picture is a screen or a document: to be shown whole and sharp.
        screen: bool,
        /// The sender is away, and wants neither heard nor seen.
        hold: bool,
    },
    /// The sender wants something of the room.
    Ask {
        /// Its id.
        id: AskId,
        /// What.
        wish: Wish,
    },
    /// To an `ask`.
    Reply {
        /// The question's.
        id: AskId,
        /// Yes.
        granted: bool,
    },
    /// A file may follow.
    FileOffer(FileOffer),
    /// Send it.
    FileAccept {
        /// Which.
        id: FileId,
        /// From this byte on.
        offset: u64,
    },
    /// So much of it is kept.
    FileProgress {
        /// Which.
        id: FileId,
        /// Bytes from the start.
        received: u64,
    },
    /// It is there, whole.
    FileDone(FileId),
    /// It will not be sent, or not be taken.
    FileCancel {
        /// Which.
        id: FileId,
        /// Why.
        why: FileRefusal,
    },
    /// Show this received file, or none.
    Show(Option<FileId>),
    /// Are you there?
    Ping(u32),
    /// I am.
    Pong(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferBody {
    sdp: String,
    fp: Fingerprint,
    #[serde(default, deserialize_with = "given")]
    resume: Option<CallId>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
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
    screen: bool,
    hold: bool,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskBody {
    id: AskId,
    what: String,
    #[serde(deserialize_with = "present")]
    value: Option<u8>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyBody {
    id: AskId,
    granted: bool,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptBody {
    id: FileId,
    offset: u64,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressBody {
    id: FileId,
    received: u64,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoneBody {
    id: FileId,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    id: FileId,
    why: FileRefusal,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowBody {
    #[serde(deserialize_with = "present")]
    id: Option<FileId>,
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
            Self::Offer { .. } => "offer",
            Self::Ringing => "ringing",
            Self::Answer(_) => "answer",
            Self::Candidates(_) => "candidates",
            Self::EndOfCandidates => "end-of-candidates",
            Self::Reject(_) => "reject",
            Self::Bye(_) => "bye",
            Self::PairCommit(_) => "pair-commit",
            Self::PairReveal(_) => "pair-reveal",
            Self::PairConfirm => "pair-confirm",
            Self::PairCancel => "pair-cancel",
            Self::Status(_) => "status",
            Self::Confirm { .. } => "confirm",
            Self::Chat { .. } => "chat",
            Self::ChatReceived(_) => "chat-received",
            Self::Media { .. } => "media",
            Self::Ask { .. } => "ask",
            Self::Reply { .. } => "reply",
            Self::FileOffer(_) => "file-offer",
            Self::FileAccept { .. } => "file-accept",
            Self::FileProgress { .. } => "file-progress",
            Self::FileDone(_) => "file-done",
            Self::FileCancel { .. } => "file-cancel",
            Self::Show(_) => "show",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
        }
    }

    /// Whether it may come this way. `of_call`: it names a call.
    pub(crate) const fn travels(&self, transport: Transport, of_call: bool) -> bool {
        match self {
            Self::Bye(_) => of_call,
            Self::Chat { .. } | Self::ChatReceived(_) | Self::Reply { .. } | Self::Ask { wish: Wish::Restart, .. } => {
                of_call == matches!(transport, Transport::Channel)
            }
            Self::Confirm { .. }
            | Self::Media { .. }
            | Self::Ask { .. }
            | Self::FileOffer(_)
            | Self::FileAccept { .. }
            | Self::FileProgress { .. }
            | Self::FileDone(_)
            | Self::FileCancel { .. }
            | Self::Show(_)
            | Self::Ping(_)
            | Self::Pong(_) => of_call && matches!(transport, Transport::Channel),
            Self::Offer { .. }
            | Self::Ringing
            | Self::Answer(_)
            | Self::Candidates(_)
            | Self::EndOfCandidates
            | Self::Reject(_) => of_call && matches!(transport, Transport::Link),
            Self::PairCommit(_) | Self::PairReveal(_) | Self::PairConfirm | Self::PairCancel | Self::Status(_) => {
                !of_call && matches!(transport, Transport::Link)
            }
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Offer { description, resume: Some(first) } => {
                json!({ "sdp": description.sdp(), "fp": description.fingerprint(), "resume": first })
            }
            Self::Offer { description, resume: None } | Self::Answer(description) => {
                json!({ "sdp": description.sdp(), "fp": description.fingerprint() })
            }
            Self::Ringing | Self::EndOfCandidates | Self::PairConfirm | Self::PairCancel => json!({}),
            Self::Status(status) => json!(status),
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
            Self::Media { audio, video, screen, hold } => {
                json!({ "audio": audio, "video": video, "screen": screen, "hold": hold })
            }
            Self::Ask { id, wish } => json!({ "id": id, "what": wish.name(), "value": wish.value() }),
            Self::Reply { id, granted } => json!({ "id": id, "granted": granted }),
            Self::FileOffer(offer) => json!(offer),
            Self::FileAccept { id, offset } => json!({ "id": id, "offset": offset }),
            Self::FileProgress { id, received } => json!({ "id": id, "received": received }),
            Self::FileDone(id) => json!({ "id": id }),
            Self::FileCancel { id, why } => json!({ "id": id, "why": why }),
            Self::Show(id) => json!({ "id": id }),
            Self::Ping(n) | Self::Pong(n) => json!({ "n": n }),
        }
    }

    pub(crate) fn parse(name: &str, body: &str) -> Result<Self, Refusal> {
        let json = body.as_bytes();
        Ok(match name {
            "offer" => offer(json)?,
            "ringing" => from_json::<Empty>(json).map(|_| Self::Ringing)?,
            "answer" => {
                let AnswerBody { sdp, fp } = from_json(json)?;
                Self::Answer(Description::declared(sdp, fp, SdpType::Answer)?)
            }
            "candidates" => Self::Candidates(candidates(json)?),
            "end-of-candidates" => from_json::<Empty>(json).map(|_| Self::EndOfCandidates)?,
            "reject" => Self::Reject(from_json::<WhyBody<_>>(json)?.why),
            "bye" => Self::Bye(from_json::<WhyBody<_>>(json)?.why),
            "pair-commit" => Self::PairCommit(from_json::<CommitBody>(json)?.commit.0),
            "pair-reveal" => Self::PairReveal(from_json::<RevealBody>(json)?.nonce.0),
            "pair-confirm" => from_json::<Empty>(json).map(|_| Self::PairConfirm)?,
            "pair-cancel" => from_json::<Empty>(json).map(|_| Self::PairCancel)?,
            "status" => Self::Status(from_json::<KioskStatus>(json)?.checked()?),
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
                let MediaBody { audio, video, screen, hold } = from_json(json)?;
                Self::Media { audio, video, screen, hold }
            }
            "ask" => {
                let AskBody { id, what, value } = from_json(json)?;
                Self::Ask { id, wish: Wish::new(&what, value)? }
            }
            "reply" => {
                let ReplyBody { id, granted } = from_json(json)?;
                Self::Reply { id, granted }
            }
            name if name.starts_with("file-") || name == "show" => return Self::parse_file(name, json),
            "ping" => Self::Ping(from_json::<PingBody>(json)?.n),
            "pong" => Self::Pong(from_json::<PingBody>(json)?.n),
            _ => return Err(Refusal::PayloadSyntax),
        })
    }

    fn parse_file(name: &str, json: &[u8]) -> Result<Self, Refusal> {
        Ok(match name {
            "file-offer" => Self::FileOffer(from_json::<FileOffer>(json)?.checked()?),
            "file-accept" => {
                let AcceptBody { id, offset } = from_json(json)?;
                Self::FileAccept { id, offset }
            }
            "file-progress" => {
                let ProgressBody { id, received } = from_json(json)?;
                Self::FileProgress { id, received }
            }
            "file-done" => Self::FileDone(from_json::<DoneBody>(json)?.id),
            "file-cancel" => {
                let CancelBody { id, why } = from_json(json)?;
                Self::FileCancel { id, why }
            }
            "show" => Self::Show(from_json::<ShowBody>(json)?.id),
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

fn offer(json: &[u8]) -> Result<Body, Refusal> {
    let OfferBody { sdp, fp, resume } = from_json(json)?;
    if resume == Some(CallId::NONE) {
        return Err(Refusal::BodyLimit);
    }
    Ok(Body::Offer { description: Description::declared(sdp, fp, SdpType::Offer)?, resume })
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

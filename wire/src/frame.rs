//! Frames: what peer and server say to each other (docs/protocol.md §4, §5).

use serde::{Deserialize, Serialize};

use crate::{Envelope, Nonce, PeerId, Refusal, Room, certificate::reason_in, certificate::to_json};

/// Largest frame, bytes.
pub const LARGEST_FRAME: usize = 65_536;

/// What the server allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest frame, bytes.
    pub frame: u32,
    /// Frames a second in the long run.
    pub rate: u32,
    /// Frames at once.
    pub burst: u32,
}

/// A peer as the server presents it. To be verified by whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerDescription {
    /// Session certificate.
    pub sess: Envelope,
    /// Memberships, 0 to 4.
    pub memb: Vec<Envelope>,
}

/// W3C `RTCIceServer`, with the credential's life in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
}

/// Why the server did not do what a frame asked. Advice: never trusted for security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The addressee is not in the room.
    Offline,
    /// Too many frames.
    Rate,
    /// Too large.
    TooBig,
    /// The envelope's signature is not the sender's.
    BadSig,
    /// Not a frame, or not one that belongs here.
    BadFrame,
    /// Somebody signed in with the same identity later.
    Gone,
    /// No room for another peer.
    Full,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
pub enum ServerFrame {
    /// The challenge.
    Hello {
        /// Versions.
        v: Vec<u8>,
        /// To be signed.
        nonce: Nonce,
        /// The URL by which the client reached the server.
        aud: String,
        /// What the server allows.
        limits: Limits,
    },
    /// Signed in.
    Welcome {
        /// As whom.
        you: PeerId,
        /// Who else is there.
        peers: Vec<PeerDescription>,
        /// STUN and TURN.
        ice: Vec<IceServer>,
    },
    /// A peer came.
    Joined {
        /// Which.
        peer: PeerDescription,
    },
    /// A peer went.
    Left {
        /// Which.
        peer: PeerId,
    },
    /// Whom an authority no longer vouches for: after the welcome, and again when there is news.
    Revocations {
        /// A revocation list.
        list: Envelope,
    },
    /// A peer's message.
    Msg {
        /// Whose, says the server.
        from: PeerId,
        /// The message.
        m: Envelope,
    },
    /// Something was not done.
    Err {
        /// To whom it was to go.
        #[serde(rename = "ref")]
        to: Option<PeerId>,
        /// Why.
        code: ErrorCode,
    },
}

/// To the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
pub enum ClientFrame {
    /// The answer to the challenge.
    Auth {
        /// The room.
        room: Room,
        /// Session certificate.
        sess: Envelope,
        /// Memberships, 0 to 4.
        memb: Vec<Envelope>,
        /// Proof of possession.
        pop: Envelope,
    },
    /// A message for a peer.
    Msg {
        /// For whom.
        to: PeerId,
        /// The message.
        m: Envelope,
    },
}

macro_rules! frame {
    ($name:ident) => {
        impl $name {
            /// From one text frame.
            ///
            /// # Errors
            /// [`Refusal::FrameTooBig`], [`Refusal::FrameSyntax`], or the reason of an id or room in it.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                if text.len() > LARGEST_FRAME {
                    return Err(Refusal::FrameTooBig);
                }
                serde_json::from_str(text).map_err(|error| reason_in(&error, Refusal::FrameSyntax))
            }

            /// To one text frame.
            #[must_use]
            pub fn to_text(&self) -> String {
                String::from_utf8(to_json(self)).expect("serde_json writes UTF-8")
            }
        }
    };
}
frame!(ServerFrame);
frame!(ClientFrame);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_text() {
        let envelope = Envelope { protected: "a".into(), payload: "b".into(), signature: "c".into() };
        let frame = ClientFrame::Msg { to: PeerId([1; 32]), m: envelope };
        assert_eq!(ClientFrame::parse(&frame.to_text()), Ok(frame));
        let error = ServerFrame::Err { to: None, code: ErrorCode::TooBig };
        assert_eq!(error.to_text(), r#"{"t":"err","ref":null,"code":"too-big"}"#);
        assert_eq!(ServerFrame::parse(&error.to_text()), Ok(error));
    }

    #[test]
    fn frames_with_surprises_are_refused() {
        for (text, reason) in [
            (r#"{"t":"left","peer":"x"}"#, Refusal::PeerId),
            (r#"{"t":"nonsense"}"#, Refusal::FrameSyntax),
            (r#"{"t":"err","ref":null,"code":"gone","more":1}"#, Refusal::FrameSyntax),
            (r#"{"t":"err","ref":null,"ref":null,"code":"gone"}"#, Refusal::FrameSyntax),
            (r#"{"t":"err","ref":null,"code":"gone"} "x""#, Refusal::FrameSyntax),
            ("[]", Refusal::FrameSyntax),
            ("", Refusal::FrameSyntax),
        ] {
            assert_eq!(ServerFrame::parse(text), Err(reason), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(ServerFrame::parse(&format!(r#"{{"t":"left","peer":{deep}}}"#)), Err(Refusal::FrameSyntax));
        assert_eq!(ServerFrame::parse(&" ".repeat(LARGEST_FRAME + 1)), Err(Refusal::FrameTooBig));
    }
}

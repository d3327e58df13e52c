//! Every way in which something is refused, with its reason code of docs/protocol.md §8.

use std::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// Why something was refused. Fail closed: whoever gets one drops what it came from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Refusal { $($(#[$doc])* $variant,)* }

        impl Refusal {
            /// All of them, in the order of docs/protocol.md §8.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The reason code of docs/protocol.md §8, also the label of the metric.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

refusals! {
    /// A frame or channel message is larger than its limit.
    FrameTooBig = "frame-too-big",
    /// A frame is not JSON of a known shape.
    FrameSyntax = "frame-syntax",
    /// The protected header is not the constant that belongs here.
    Header = "header",
    /// The signature is not 64 bytes.
    SignatureLength = "signature-length",
    /// The signature does not verify.
    Signature = "signature",
    /// The payload is not JSON of the right shape.
    PayloadSyntax = "payload-syntax",
    /// The version is not 1.
    Version = "version",
    /// A public key is not a point of P-256 in uncompressed form.
    Key = "key",
    /// A PeerId is not what it should be, or not the hash of its key.
    PeerId = "peer-id",
    /// A SessionId is not what it should be, or not the hash of its key.
    SessionId = "session-id",
    /// No certificate of the sender is known.
    UnknownPeer = "unknown-peer",
    /// A certificate or membership has run out.
    Expired = "expired",
    /// A certificate or membership is not valid yet, or for too long.
    NotYetValid = "not-yet-valid",
    /// The audience is not the server that was dialled.
    Audience = "audience",
    /// The nonce is not the server's.
    Nonce = "nonce",
    /// Another room, or no room's name.
    Room = "room",
    /// A membership for another role.
    Role = "role",
    /// A name that cannot be shown.
    Name = "name",
    /// An epoch lower than one seen.
    Epoch = "epoch",
    /// Addressed to somebody else.
    NotForMe = "not-for-me",
    /// Addressed to another session of mine: a replay.
    StaleSession = "stale-session",
    /// Not from the session whose certificate is known.
    WrongSender = "wrong-sender",
    /// The trust policy says no.
    Untrusted = "untrusted",
    /// Of a call that is not the current one.
    UnknownCall = "unknown-call",
    /// An offer with the id of an earlier call.
    CallReused = "call-reused",
    /// Messages before this one are missing.
    OutOfOrder = "out-of-order",
    /// Seen before.
    Replayed = "replayed",
    /// An answer to another offer.
    AnswerMismatch = "answer-mismatch",
    /// A link message on the channel or the reverse.
    WrongTransport = "wrong-transport",
    /// Makes no sense in this phase of the call.
    Unexpected = "unexpected",
    /// The description is larger than 32 KiB.
    SdpSize = "sdp-size",
    /// The description is not made of SDP lines.
    SdpSyntax = "sdp-syntax",
    /// A media section is not DTLS.
    SdpProtocol = "sdp-protocol",
    /// A media section has no sha-256 fingerprint.
    SdpFingerprintMissing = "sdp-fingerprint-missing",
    /// A fingerprint differs from the signed one.
    SdpFingerprintMismatch = "sdp-fingerprint-mismatch",
    /// A fingerprint by sha-1, md5 or something unknown.
    SdpFingerprintAlgorithm = "sdp-fingerprint-algorithm",
    /// Keys in the SDP.
    SdpCrypto = "sdp-crypto",
    /// Not one bundle of all sections.
    SdpBundle = "sdp-bundle",
    /// No ICE credentials, or more than one pair.
    SdpIce = "sdp-ice",
    /// A DTLS role that does not fit.
    SdpSetup = "sdp-setup",
    /// No media section, or more than 16.
    SdpSections = "sdp-sections",
    /// A member of a body is empty, too long or out of range.
    BodyLimit = "body-limit",
    /// The certificate of the handshake is not the signed one.
    CertificateMismatch = "certificate-mismatch",
    /// The peer saw other certificates or descriptions than we did.
    ConfirmMismatch = "confirm-mismatch",
    /// Media, chat or controls before the confirmation.
    NotConfirmed = "not-confirmed",
    /// A nonce revealed in pairing is not the one that was committed to.
    PairingMismatch = "pairing-mismatch",
    /// A revocation list older than the one that is known.
    RevocationOld = "revocation-old",
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Refusal {}

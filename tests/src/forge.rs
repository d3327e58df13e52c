//! What an attacker on the way of the frames can do to one of them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kiosk_wire::{Fingerprint, Kind, PeerId};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::Value;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a kiosk to the server.
    Up,
    /// From the server to a kiosk.
    Down,
}

/// One text frame on its way, with what it takes to send it elsewhere.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Which kiosk's frame it is, by its number; None before it has signed in.
    pub who: Option<usize>,
    /// Which way it goes.
    pub way: Way,
    /// The frame.
    pub text: String,
}

impl Frame {
    /// A frame for the kiosk `who`, made by the attacker.
    #[must_use]
    pub const fn down(who: usize, text: String) -> Self {
        Self { who: Some(who), way: Way::Down, text }
    }

    /// The same frame for another kiosk.
    #[must_use]
    pub fn redirected(&self, who: usize) -> Self {
        Self { who: Some(who), ..self.clone() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Its `t`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.json()["t"].as_str().unwrap_or_default().to_owned()
    }

    /// What its envelope says, not verified. Null when there is none.
    #[must_use]
    pub fn payload(&self) -> Value {
        payload(&self.json()["m"])
    }

    /// It carries a message of this type, to (or from) this kiosk.
    #[must_use]
    pub fn is(&self, way: Way, who: usize, message: &str) -> bool {
        self.way == way && self.who == Some(who) && self.payload()["t"] == message
    }

    /// The frame with other JSON.
    #[must_use]
    pub fn with(&self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut json = self.json();
        edit(&mut json);
        Self { text: json.to_string(), ..self.clone() }
    }

    /// The message with another payload and the old signature.
    #[must_use]
    pub fn with_payload(&self, edit: impl FnOnce(&mut Value)) -> Self {
        self.with(|frame| edit_payload(&mut frame["m"], edit))
    }

    /// The message signed anew by somebody else's key.
    #[must_use]
    pub fn signed_by(&self, key: &SigningKey) -> Self {
        self.with(|frame| sign(&mut frame["m"], key))
    }

    /// The message says that the sender's certificate is another one, wherever it says so.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: Fingerprint) -> Self {
        self.with_payload(|message| {
            let sdp = message["body"]["sdp"].as_str().unwrap_or_default();
            message["body"]["sdp"] = with_fingerprint(sdp, fingerprint).into();
            message["body"]["fp"] = serde_json::to_value(fingerprint).unwrap_or_default();
        })
    }
}

/// The description with every fingerprint replaced (RFC 8122 §5).
#[must_use]
pub fn with_fingerprint(sdp: &str, fingerprint: Fingerprint) -> String {
    let line = |line: &str| match line.strip_prefix("a=fingerprint:sha-256 ") {
        Some(_) => format!("a=fingerprint:sha-256 {}\r\n", fingerprint.to_sdp()),
        None => line.to_owned(),
    };
    sdp.split_inclusive('\n').map(line).collect()
}

/// What an envelope says, not verified.
#[must_use]
pub fn payload(envelope: &Value) -> Value {
    let text = envelope["payload"].as_str().unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Another payload under the old signature.
pub fn edit_payload(envelope: &mut Value, edit: impl FnOnce(&mut Value)) {
    let mut message = payload(envelope);
    edit(&mut message);
    envelope["payload"] = BASE64_URL_SAFE_NO_PAD.encode(message.to_string()).into();
}

/// Another header under the old signature.
pub fn set_header(envelope: &mut Value, header: &str) {
    envelope["protected"] = BASE64_URL_SAFE_NO_PAD.encode(header).into();
}

/// Signs whatever the envelope says (RFC 7515 §5.1 step 5).
pub fn sign(envelope: &mut Value, key: &SigningKey) {
    let text = |member: &str| envelope[member].as_str().unwrap_or_default().to_owned();
    let signature: Signature = key.sign(format!("{}.{}", text("protected"), text("payload")).as_bytes());
    envelope["signature"] = BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()).into();
}

/// An envelope of the attacker's.
#[must_use]
pub fn envelope(kind: Kind, message: &Value, key: &SigningKey) -> Value {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(message.to_string());
    let mut envelope = serde_json::json!({ "protected": kind.protected(), "payload": payload, "signature": "" });
    sign(&mut envelope, key);
    envelope
}

/// The attacker's own identity and session.
#[derive(Debug)]
pub struct Mallory {
    /// Signs certificates.
    pub identity: SigningKey,
    /// Signs messages.
    pub session: SigningKey,
}

impl Default for Mallory {
    fn default() -> Self {
        let key = |seed| SigningKey::from_slice(&[seed; 32]).expect("below the order");
        Self { identity: key(0x66), session: key(0x67) }
    }
}

impl Mallory {
    /// Whose certificate a handshake with the attacker would show.
    pub const FINGERPRINT: Fingerprint = Fingerprint([0xaa; 32]);

    /// The raw public key of this key, base64url.
    #[must_use]
    pub fn raw(key: &SigningKey) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(key.verifying_key().to_sec1_point(false).as_bytes())
    }

    /// The id of the attacker's identity or session.
    #[must_use]
    pub fn id(key: &SigningKey) -> PeerId {
        let mut raw = [0; 65];
        raw.copy_from_slice(key.verifying_key().to_sec1_point(false).as_bytes());
        kiosk_wire::PublicKey::from_raw(&raw).map(kiosk_wire::PublicKey::peer_id).expect("a public key")
    }
}

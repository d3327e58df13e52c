//! Ids and hashes: fixed bytes that travel as base64url without padding (RFC 4648 §5).

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use crate::Refusal;

/// base64url without padding; refuses non-canonical trailing bits.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let written = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (written == N).then_some(bytes)
}

/// base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of what comes in pieces, like a file.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// The next piece.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of all pieces.
    #[must_use]
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $refusal:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                decode(text).map(Self).ok_or(Refusal::$refusal)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

id! {
    /// Who a peer is: SHA-256 of its raw identity public key.
    PeerId, 32, PeerId
}
id! {
    /// One signed-in presence of a peer: SHA-256 of its raw session public key.
    SessionId, 32, SessionId
}
id! {
    /// One call: 16 random bytes, made by the caller.
    CallId, 16, PayloadSyntax
}
id! {
    /// One line of chat: 16 random bytes, made by its sender.
    ChatId, 16, PayloadSyntax
}
id! {
    /// One question to the room: 16 random bytes, made by who asks.
    AskId, 16, PayloadSyntax
}
id! {
    /// One file: 16 random bytes, made by its sender.
    FileId, 16, PayloadSyntax
}
id! {
    /// The server's challenge: 16 random bytes.
    Nonce, 16, Nonce
}
id! {
    /// Hash of an envelope's signing input. Signature bytes are never an id: ECDSA is malleable.
    Hash, 32, PayloadSyntax
}

impl CallId {
    /// What belongs to no call (docs/protocol.md §6).
    pub const NONE: Self = Self([0; 16]);
}

/// SHA-256 of a DTLS certificate in DER, as in `a=fingerprint:sha-256` (RFC 8122 §5). In JSON: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of_der(certificate: &[u8]) -> Self {
        Self(sha256(&[certificate]))
    }

    /// From the value of an `a=fingerprint:sha-256` line: 32 hex pairs, colons between.
    #[must_use]
    pub fn from_sdp(value: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut pairs = value.split(':');
        for byte in &mut bytes {
            *byte = hex_pair(pairs.next()?)?;
        }
        pairs.next().is_none().then_some(Self(bytes))
    }

    /// As in an `a=fingerprint:sha-256` line.
    #[must_use]
    pub fn to_sdp(self) -> String {
        self.0.map(|byte| format!("{byte:02X}")).join(":")
    }
}

fn hex_pair(pair: &str) -> Option<u8> {
    (pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .then(|| u8::from_str_radix(pair, 16).ok())
        .flatten()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() != 64 || text.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(Refusal::PayloadSyntax);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = text.get(at..at + 2).and_then(hex_pair).ok_or(Refusal::PayloadSyntax)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_text() {
        let id = PeerId([7; 32]);
        assert_eq!(id.to_string().len(), 43);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("short".parse::<PeerId>(), Err(Refusal::PeerId));
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        let mut hasher = Hasher::default();
        hasher.add(b"a");
        hasher.add(b"bc");
        // FIPS 180-4, example of one block.
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint(hasher.finish().0).to_string(), digits);
    }

    #[test]
    fn trailing_bits_are_refused() {
        let mut text = PeerId([0; 32]).to_string();
        text.replace_range(42.., "B");
        assert_eq!(text.parse::<PeerId>(), Err(Refusal::PeerId));
    }

    #[test]
    fn fingerprints_survive_both_forms() {
        let fingerprint = Fingerprint::of_der(b"certificate");
        assert_eq!(Fingerprint::from_sdp(&fingerprint.to_sdp()), Some(fingerprint));
        assert_eq!(Fingerprint::from_sdp(&fingerprint.to_sdp().to_lowercase()), Some(fingerprint));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(Fingerprint::from_sdp(&format!("{}:00", fingerprint.to_sdp())), None);
        assert_eq!(Fingerprint::from_sdp("+1"), None);
        assert!(fingerprint.to_string().to_uppercase().parse::<Fingerprint>().is_err());
    }
}

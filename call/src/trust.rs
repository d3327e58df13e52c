//! Whom the kiosk trusts: first match of docs/protocol.md §7 rule 8.

use std::collections::{BTreeMap, BTreeSet};

use kiosk_wire::{Envelope, Membership, PeerId, PublicKey, Refusal, RevocationList, SessionCertificate};

use crate::port::Pin;

/// What happens to a call of somebody who is neither pinned nor a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownPeers {
    /// It is refused.
    Refuse,
    /// It rings, and the screen says that the caller is not verified. For demonstrations.
    RingUnverified,
}

/// What a peer is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Pinned(Pin),
    Member,
    Unverified,
    Refused,
}

impl Standing {
    pub(crate) const fn verified(&self) -> bool {
        matches!(self, Self::Pinned(_) | Self::Member)
    }
}

/// An authority that is pinned here, and the newest of its revocation lists.
#[derive(Debug)]
struct Authority {
    key: PublicKey,
    list: Option<RevocationList>,
}

impl Authority {
    fn revokes(&self, peer: PeerId) -> bool {
        self.list.as_ref().is_some_and(|list| list.peers.contains(&peer))
    }

    fn vouches(&self, certificate: &SessionCertificate, envelope: &Envelope, now: Option<u64>) -> bool {
        let Ok(membership) = Membership::open(envelope, self.key) else { return false };
        let is_revoked = self.list.as_ref().is_some_and(|list| list.serials.contains(&membership.serial));
        !is_revoked && membership.covers(certificate, now).is_ok()
    }
}

#[derive(Debug)]
pub(crate) struct Trust {
    pins: BTreeMap<PeerId, Pin>,
    /// Taken back by people here.
    revoked: BTreeSet<PeerId>,
    authorities: Vec<Authority>,
    unknown: UnknownPeers,
}

impl Trust {
    pub(crate) fn new(pins: Vec<Pin>, operator_keys: Vec<PublicKey>, unknown: UnknownPeers) -> Self {
        let authorities = operator_keys.into_iter().map(|key| Authority { key, list: None }).collect();
        let pins = pins.into_iter().map(|pin| (pin.peer, pin)).collect();
        Self { pins, revoked: BTreeSet::new(), authorities, unknown }
    }

    /// From now on these; what was revoked, stays so, as far as its authority is still pinned.
    pub(crate) fn configure(&mut self, pins: Vec<Pin>, operator_keys: Vec<PublicKey>, unknown: UnknownPeers) {
        let Self { revoked, authorities, .. } = std::mem::replace(self, Self::new(pins, operator_keys, unknown));
        self.revoked = revoked.into_iter().filter(|peer| !self.pins.contains_key(peer)).collect();
        for Authority { key, list } in authorities {
            if let Some(still) = self.authorities.iter_mut().find(|authority| authority.key == key) {
                still.list = list;
            }
        }
    }

    /// Whoever is pinned is not revoked here any more.
    pub(crate) fn add(&mut self, pin: Pin) {
        self.revoked.remove(&pin.peer);
        self.pins.insert(pin.peer, pin);
    }

    pub(crate) fn remove(&mut self, peer: PeerId) -> bool {
        self.pins.remove(&peer).is_some()
    }

    /// People here do not trust this peer, whoever vouches for it.
    pub(crate) fn revoke(&mut self, peer: PeerId) {
        self.pins.remove(&peer);
        self.revoked.insert(peer);
    }

    pub(crate) fn revoked(&self) -> impl Iterator<Item = PeerId> {
        self.revoked.iter().copied()
    }

    /// The newest list of each authority that has one.
    pub(crate) fn lists(&self) -> impl Iterator<Item = &RevocationList> {
        self.authorities.iter().filter_map(|authority| authority.list.as_ref())
    }

    /// A revocation list came. None: it is known already, or of an authority that is none here.
    pub(crate) fn learn(&mut self, envelope: &Envelope) -> Result<Option<&RevocationList>, Refusal> {
        let mut opened =
            self.authorities.iter_mut().map(|authority| (RevocationList::open(envelope, authority.key), authority));
        let Some((list, authority)) = opened.find(|(list, _)| *list != Err(Refusal::Signature)) else {
            return Ok(None);
        };
        let list = list?;
        match authority.list.as_ref().map(|known| known.number.cmp(&list.number)) {
            Some(std::cmp::Ordering::Greater) => Err(Refusal::RevocationOld),
            Some(std::cmp::Ordering::Equal) => Ok(None),
            Some(std::cmp::Ordering::Less) | None => Ok(Some(authority.list.insert(list))),
        }
    }

    pub(crate) fn is_pinned(&self, peer: PeerId) -> bool {
        self.pins.contains_key(&peer)
    }

    pub(crate) fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    /// By people here or by an authority, whoever else vouches for it.
    pub(crate) fn is_revoked(&self, peer: PeerId) -> bool {
        self.revoked.contains(&peer) || self.authorities.iter().any(|authority| authority.revokes(peer))
    }

    /// `now`: Unix seconds, None while the clock is not to be trusted.
    pub(crate) fn standing(
        &self,
        certificate: &SessionCertificate,
        memberships: &[Envelope],
        now: Option<u64>,
    ) -> Standing {
        let peer = certificate.peer();
        if self.is_revoked(peer) {
            return Standing::Refused;
        }
        if let Some(pin) = self.pins.get(&peer) {
            return Standing::Pinned(pin.clone());
        }
        let mut vouched =
            self.authorities.iter().flat_map(|authority| memberships.iter().map(move |it| (authority, it)));
        let covered = vouched.any(|(authority, membership)| authority.vouches(certificate, membership, now));
        match (covered, self.unknown) {
            (true, _) => Standing::Member,
            (false, UnknownPeers::RingUnverified) => Standing::Unverified,
            (false, UnknownPeers::Refuse) => Standing::Refused,
        }
    }
}

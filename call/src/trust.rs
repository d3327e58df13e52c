//! Whom the kiosk trusts: first match of docs/protocol.md §7 rule 8.

use std::collections::BTreeMap;

use kiosk_wire::{Envelope, Membership, PeerId, PublicKey, SessionCertificate};

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

#[derive(Debug)]
pub(crate) struct Trust {
    pins: BTreeMap<PeerId, Pin>,
    operator_keys: Vec<PublicKey>,
    unknown: UnknownPeers,
}

impl Trust {
    pub(crate) fn new(pins: Vec<Pin>, operator_keys: Vec<PublicKey>, unknown: UnknownPeers) -> Self {
        Self { pins: pins.into_iter().map(|pin| (pin.peer, pin)).collect(), operator_keys, unknown }
    }

    pub(crate) fn add(&mut self, pin: Pin) {
        self.pins.insert(pin.peer, pin);
    }

    pub(crate) fn remove(&mut self, peer: PeerId) -> bool {
        self.pins.remove(&peer).is_some()
    }

    pub(crate) fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    /// `now`: Unix seconds, None while the clock is not to be trusted.
    pub(crate) fn standing(
        &self,
        certificate: &SessionCertificate,
        memberships: &[Envelope],
        now: Option<u64>,
    ) -> Standing {
        if let Some(pin) = self.pins.get(&certificate.peer()) {
            return Standing::Pinned(pin.clone());
        }
        let covered = memberships.iter().any(|envelope| {
            let by = |key: &PublicKey| Membership::open(envelope, *key);
            self.operator_keys
                .iter()
                .filter_map(|key| by(key).ok())
                .any(|member| member.covers(certificate, now).is_ok())
        });
        match (covered, self.unknown) {
            (true, _) => Standing::Member,
            (false, UnknownPeers::RingUnverified) => Standing::Unverified,
            (false, UnknownPeers::Refuse) => Standing::Refused,
        }
    }
}

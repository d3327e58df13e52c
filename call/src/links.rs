//! The links to all servers: they know nothing of each other, and a peer may be met at any of them. So either server may die.

use std::collections::BTreeMap;

use kiosk_wire::{Name, PeerId, PublicKey, Room};

use crate::{
    link::{Link, Presence, RoomPeer, Session},
    port::ServerId,
};

#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) presence: Presence,
    each: BTreeMap<ServerId, Link>,
}

impl Links {
    pub(crate) fn new(presence: Presence, servers: Vec<String>) -> Self {
        let each = ServerId::all().zip(servers).map(|(id, server)| (id, Link::new(server))).collect();
        Self { presence, each }
    }

    /// Other servers from now on, under another name perhaps. Nothing is open.
    pub(crate) fn change(&mut self, name: Name, room: Room, servers: Vec<String>) {
        (self.presence.name, self.presence.room) = (name, room);
        self.each = ServerId::all().zip(servers).map(|(id, server)| (id, Link::new(server))).collect();
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.presence.identity.public()
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        self.presence.peer_id()
    }

    pub(crate) fn ids(&self) -> Vec<ServerId> {
        self.each.keys().copied().collect()
    }

    /// In the order of the config.
    pub(crate) fn each(&self) -> impl Iterator<Item = (ServerId, &Link)> {
        self.each.iter().map(|(id, link)| (*id, link))
    }

    pub(crate) fn link(&mut self, id: ServerId) -> Option<&mut Link> {
        self.each.get_mut(&id)
    }

    /// Who signs in, and where.
    pub(crate) fn at(&mut self, id: ServerId) -> Option<(&mut Presence, &mut Link)> {
        Some((&mut self.presence, self.each.get_mut(&id)?))
    }

    pub(crate) fn session(&self, id: ServerId) -> Option<&Session> {
        self.each.get(&id)?.session()
    }

    /// Signed in at one server at least.
    pub(crate) fn up(&self) -> bool {
        self.sessions().next().is_some()
    }

    fn sessions(&self) -> impl Iterator<Item = (ServerId, &Session)> {
        self.each().filter_map(|(id, link)| Some((id, link.session()?)))
    }

    /// The first server where this peer is.
    pub(crate) fn meeting(&self, peer: PeerId) -> Option<(ServerId, &Session)> {
        self.sessions().find(|(_, session)| session.peers.contains_key(&peer))
    }

    pub(crate) fn meeting_mut(&mut self, peer: PeerId) -> Option<(ServerId, &mut Session)> {
        let mut sessions = self.each.iter_mut().filter_map(|(id, link)| Some((*id, link.session_mut()?)));
        sessions.find(|(_, session)| session.peers.contains_key(&peer))
    }

    pub(crate) fn peer(&self, peer: PeerId) -> Option<&RoomPeer> {
        self.meeting(peer)?.1.peers.get(&peer)
    }

    /// Everybody who is at one server at least, as the first one tells of them.
    pub(crate) fn peers(&self) -> BTreeMap<PeerId, &RoomPeer> {
        let mut all = BTreeMap::new();
        for (id, peer) in self.sessions().flat_map(|(_, session)| &session.peers) {
            all.entry(*id).or_insert(peer);
        }
        all
    }
}

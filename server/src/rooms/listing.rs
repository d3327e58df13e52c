//! Who is in which room, for the admin (docs/server.md, "Admin page").

use std::time::Instant;

use kiosk_wire::{Name, PeerId, Role, Room};
use serde::Serialize;

use super::{Rooms, State};

/// A room with somebody in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedRoom {
    /// Its name.
    pub room: Room,
    /// At least one, sorted by id.
    pub peers: Vec<ListedPeer>,
}

/// A peer in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedPeer {
    /// Who.
    pub id: PeerId,
    /// As what.
    pub role: Role,
    /// What it calls itself: signed by it, and vouched for by nobody.
    pub name: Name,
    /// Whole seconds since it signed in.
    pub seconds: u64,
}

impl Rooms {
    /// All rooms with all their peers, sorted by name.
    #[must_use]
    pub fn listing(&self, now: Instant) -> Vec<ListedRoom> {
        let listed = |socket| match &self.sockets.get(socket)?.state {
            State::SignedIn(member) => Some(ListedPeer {
                id: member.peer,
                role: member.role,
                name: member.name.clone(),
                seconds: now.saturating_duration_since(member.since).as_secs(),
            }),
            State::Waiting { .. } => None,
        };
        let rooms = self.rooms.iter();
        rooms
            .map(|(room, members)| ListedRoom {
                room: room.clone(),
                peers: members.values().filter_map(listed).collect(),
            })
            .collect()
    }
}

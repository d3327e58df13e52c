//! The link: opening it, signing in, who is in the room, trying again. Everything about the server; nothing about a call.

use std::{collections::BTreeMap, time::Duration};

use kiosk_wire::{
    ClientFrame, Envelope, IceServer, IdentityKey, Name, Nonce, PeerDescription, PeerId, ProofOfPossession, Recipient,
    Refusal, Role, Room, SessionCertificate, SessionKey,
};
use rand_chacha::{ChaCha20Rng, rand_core::RngCore as _};
use url::Url;

use crate::{clock::UnixMillis, port::LinkCommand};

/// Longest time from opening to signed in.
pub(crate) const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// Full jitter: each wait is drawn between the shortest and a ceiling that doubles from 1 s to the longest.
const SHORTEST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);
/// Another program signed in with our identity: do not fight over it.
const RETRY_AFTER_GONE: Duration = Duration::from_secs(30);
/// A session's life; renewed before it ends, in an idle moment.
const SESSION_LIFE_SECS: u64 = 86_400;
/// When a session is renewed.
pub(crate) const RENEW_AFTER: Duration = Duration::from_secs(23 * 3_600);
/// 2026-01-01: a wall clock before this was never set.
const CLOCK_FLOOR: UnixMillis = UnixMillis(1_767_225_600_000);
/// Most peers remembered; a server that names more is lying or not ours.
const MOST_PEERS: usize = 4_096;

/// Unix seconds, if the clock can be right.
pub(crate) const fn trusted_seconds(wall: UnixMillis) -> Option<u64> {
    if wall.0 >= CLOCK_FLOOR.0 { Some(wall.0 / 1_000) } else { None }
}

/// A peer in the room whose certificate was verified here.
#[derive(Clone, Debug)]
pub(crate) struct RoomPeer {
    pub(crate) certificate: SessionCertificate,
    pub(crate) memberships: Vec<Envelope>,
}

/// One signed-in presence.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) key: SessionKey,
    pub(crate) me: Recipient,
    pub(crate) peers: BTreeMap<PeerId, RoomPeer>,
    pub(crate) ice: Vec<IceServer>,
}

#[derive(Debug)]
pub(crate) enum State {
    /// Waiting to try again; why, for people.
    Down { reason: String },
    /// The WebSocket is opening.
    Opening,
    /// Waiting for hello.
    Opened,
    /// Waiting for welcome.
    SigningIn(SessionKey),
    /// Signed in.
    Up(Box<Session>),
}

/// What the kiosk calls itself at the server.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) name: Name,
    pub(crate) room: Room,
    pub(crate) servers: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Link {
    identity: IdentityKey,
    presence: Presence,
    epoch: u64,
    attempt: usize,
    failures: u32,
    /// Highest epoch seen of each peer, so that an old session cannot come back.
    epochs: BTreeMap<PeerId, u64>,
    pub(crate) state: State,
}

impl Link {
    pub(crate) const fn new(identity: IdentityKey, presence: Presence, epoch: u64) -> Self {
        let state = State::Down { reason: String::new() };
        Self { identity, presence, epoch, attempt: 0, failures: 0, epochs: BTreeMap::new(), state }
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        self.identity.public().peer_id()
    }

    pub(crate) const fn presence(&self) -> &Presence {
        &self.presence
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Up(session) => Some(session),
            State::Down { .. } | State::Opening | State::Opened | State::SigningIn(_) => None,
        }
    }

    pub(crate) fn peer(&self, peer: PeerId) -> Option<&RoomPeer> {
        self.session()?.peers.get(&peer)
    }

    /// Opens the next server's WebSocket. None: no server is configured.
    pub(crate) fn open(&mut self) -> Option<LinkCommand> {
        let server = self.server()?.to_owned();
        self.state = State::Opening;
        Some(LinkCommand::Connect(server))
    }

    fn server(&self) -> Option<&str> {
        let servers = &self.presence.servers;
        servers.get(self.attempt.checked_rem(servers.len())?).map(String::as_str)
    }

    pub(crate) fn opened(&mut self) {
        self.state = State::Opened;
    }

    /// The link is gone: how long to wait before the next attempt.
    pub(crate) fn down(&mut self, reason: String, replaced: bool, random: &mut ChaCha20Rng) -> Duration {
        let was_up = matches!(self.state, State::Up(_));
        self.state = State::Down { reason };
        self.failures = if was_up { 0 } else { self.failures.saturating_add(1) };
        self.attempt = self.attempt.wrapping_add(1);
        let ceiling = Duration::from_secs(1 << self.failures.min(4)).min(LONGEST_RETRY);
        let spread = u64::try_from((ceiling - SHORTEST_RETRY).as_millis()).expect("seconds fit");
        let wait = SHORTEST_RETRY + Duration::from_millis(random.next_u64() % (spread + 1));
        if replaced { wait + RETRY_AFTER_GONE } else { wait }
    }

    /// Answers the server's challenge with a new session key. The new epoch is to be stored before the frame goes out.
    pub(crate) fn sign_in(
        &mut self,
        (versions, nonce, audience): (&[u8], Nonce, String),
        wall: UnixMillis,
        random: &mut ChaCha20Rng,
    ) -> Result<(u64, ClientFrame), Refusal> {
        if !matches!(self.state, State::Opened) {
            return Err(Refusal::Unexpected);
        }
        if !versions.contains(&1) {
            return Err(Refusal::Version);
        }
        // Else a rogue server could relay our sign-in to the real one.
        if !self.server().is_some_and(|dialled| same_server(dialled, &audience)) {
            return Err(Refusal::Audience);
        }
        let key = session_key(random);
        self.epoch += 1;
        let not_before = trusted_seconds(wall).unwrap_or_default();
        let certificate = SessionCertificate {
            v: 1,
            id: self.identity.public(),
            sk: key.public(),
            epoch: self.epoch,
            aud: audience.clone(),
            sn: nonce,
            nb: not_before,
            na: not_before + SESSION_LIFE_SECS,
            role: Role::Kiosk,
            name: self.presence.name.clone(),
            room: self.presence.room.clone(),
        };
        let auth = ClientFrame::Auth {
            room: self.presence.room.clone(),
            sess: certificate.seal(&self.identity),
            memb: Vec::new(),
            pop: ProofOfPossession::seal(&key, nonce, &audience),
        };
        self.state = State::SigningIn(key);
        Ok((self.epoch, auth))
    }

    /// Signed in. Peers whose certificates do not hold are left out; their refusals come back.
    pub(crate) fn welcome(
        &mut self,
        (you, peers, ice): (PeerId, &[PeerDescription], Vec<IceServer>),
        wall: UnixMillis,
    ) -> Result<Vec<Refusal>, Refusal> {
        let State::SigningIn(key) = &self.state else { return Err(Refusal::Unexpected) };
        if you != self.peer_id() {
            return Err(Refusal::PeerId);
        }
        let key = key.clone();
        let me = Recipient { peer: you, session: key.public().session_id(), room: self.presence.room.clone() };
        self.failures = 0;
        self.state = State::Up(Box::new(Session { key, me, peers: BTreeMap::new(), ice }));
        Ok(peers.iter().filter_map(|peer| self.joined(peer, wall).err()).collect())
    }

    /// A peer came, or came again with another session.
    pub(crate) fn joined(&mut self, peer: &PeerDescription, wall: UnixMillis) -> Result<PeerId, Refusal> {
        let certificate = SessionCertificate::open(&peer.sess)?;
        let id = certificate.peer();
        if let Some(now) = trusted_seconds(wall) {
            certificate.holds_at(now)?;
        }
        if certificate.room != self.presence.room {
            return Err(Refusal::Room);
        }
        if self.epochs.get(&id).is_some_and(|seen| *seen > certificate.epoch) {
            return Err(Refusal::Epoch);
        }
        if id == self.peer_id() || peer.memb.len() > 4 {
            return Err(Refusal::Unexpected);
        }
        let State::Up(session) = &mut self.state else { return Err(Refusal::Unexpected) };
        if session.peers.len() >= MOST_PEERS || (self.epochs.len() >= MOST_PEERS && !self.epochs.contains_key(&id)) {
            return Err(Refusal::BodyLimit);
        }
        self.epochs.insert(id, certificate.epoch);
        session.peers.insert(id, RoomPeer { certificate, memberships: peer.memb.clone() });
        Ok(id)
    }

    pub(crate) fn left(&mut self, peer: PeerId) {
        if let State::Up(session) = &mut self.state {
            session.peers.remove(&peer);
        }
    }
}

/// Draws until the scalar is below the curve's order: nearly always once.
fn session_key(random: &mut ChaCha20Rng) -> SessionKey {
    loop {
        let mut seed = [0; 32];
        random.fill_bytes(&mut seed);
        if let Some(key) = SessionKey::from_seed(&seed) {
            return key;
        }
    }
}

/// Scheme, host, port (default ports elided) and path agree (WHATWG URL §4.5 does the normalising).
fn same_server(dialled: &str, audience: &str) -> bool {
    let parts = |text: &str| {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?.to_owned();
        Some((url.scheme().to_owned(), host, url.port_or_known_default(), url.path().to_owned()))
    };
    parts(dialled).is_some_and(|dialled| parts(audience) == Some(dialled))
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    fn link() -> Link {
        let identity = IdentityKey::from_seed(&[1; 32]).expect("below the order");
        let name = Name::try_from("Lobby".to_owned()).expect("short");
        let room = Room::try_from("lobby".to_owned()).expect("lower case");
        let servers = vec!["wss://a.example/signaling".to_owned(), "wss://b.example/signaling".to_owned()];
        Link::new(identity, Presence { name, room, servers }, 3)
    }

    #[test]
    fn only_the_dialled_server_gets_a_signature() {
        let random = &mut ChaCha20Rng::from_seed([0; 32]);
        for (audience, fits) in [
            ("wss://a.example/signaling", true),
            ("wss://A.example:443/signaling", true),
            ("ws://a.example/signaling", false),
            ("wss://a.example:3030/signaling", false),
            ("wss://a.example/other", false),
            ("wss://b.example/signaling", false),
            ("nonsense", false),
        ] {
            let mut link = link();
            link.open();
            link.opened();
            let answer = link.sign_in((&[1], Nonce([0; 16]), audience.to_owned()), UnixMillis(0), random);
            assert_eq!(answer.is_ok(), fits, "{audience}");
        }
    }

    #[test]
    fn servers_take_turns_and_waits_stay_in_bounds() {
        let random = &mut ChaCha20Rng::from_seed([0; 32]);
        let mut link = link();
        let mut longest = Duration::ZERO;
        for attempt in 0..200 {
            let expected = ["wss://a.example/signaling", "wss://b.example/signaling"][attempt % 2];
            assert_eq!(link.open(), Some(LinkCommand::Connect(expected.to_owned())));
            let wait = link.down("refused".to_owned(), false, random);
            assert!((SHORTEST_RETRY..=LONGEST_RETRY).contains(&wait), "{wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest > LONGEST_RETRY / 2, "{longest:?}");
        assert!(link.down(String::new(), true, random) >= RETRY_AFTER_GONE);
    }
}

//! The link to one server: opening it, signing in, who is in the room, trying again. Nothing about a call.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kiosk_wire::{
    ClientFrame, Envelope, IceServer, IdentityKey, Name, Nonce, PeerDescription, PeerId, ProofOfPossession, Recipient,
    Refusal, Role, Room, SessionCertificate, SessionId, SessionKey,
};
use rand_chacha::{ChaCha20Rng, rand_core::RngCore as _};
use url::Url;

use crate::{
    clock::UnixMillis,
    outside::Numbers,
    port::{CallId, LinkCommand},
    view::LinkTrouble,
};

/// Longest time from opening to signed in.
pub(crate) const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// Full jitter: each wait is drawn between the shortest and a ceiling that doubles from 1 s to the longest.
const SHORTEST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);
/// While a call reconnects: the ceiling of the waits, and the longest time to open, and then to sign in.
const LONGEST_RETRY_IN_HASTE: Duration = Duration::from_secs(1);
pub(crate) const HASTE: Duration = Duration::from_secs(2);
/// Another program signed in with our identity: do not fight over it.
const RETRY_AFTER_GONE: Duration = Duration::from_secs(30);
/// A session's life; renewed before it ends, but not while a call is being set up.
const SESSION_LIFE_SECS: u64 = 86_400;
/// When a session is renewed.
pub(crate) const RENEW_AFTER: Duration = Duration::from_secs(23 * 3_600);
/// 2026-01-01: a wall clock before this was never set.
const CLOCK_FLOOR: UnixMillis = UnixMillis(1_767_225_600_000);
/// Most peers remembered; a server that names more is lying or not ours.
const MOST_PEERS: usize = 4_096;

/// How long a link waits, after so many attempts in a row that have failed, before it opens again. `in_haste`: while a call reconnects.
#[must_use]
pub fn retry_wait(failures: u32, in_haste: bool, random: u64) -> Duration {
    let longest = if in_haste { LONGEST_RETRY_IN_HASTE } else { LONGEST_RETRY };
    let ceiling = Duration::from_secs(1 << failures.min(4)).min(longest);
    let spread = u64::try_from((ceiling - SHORTEST_RETRY).as_millis()).expect("seconds fit");
    SHORTEST_RETRY + Duration::from_millis(random % (spread + 1))
}

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
    /// Of messages outside a call, by the peer's session.
    pub(crate) outside: BTreeMap<SessionId, Numbers>,
    /// Calls offered in this session: an id is good once.
    pub(crate) calls_seen: BTreeSet<CallId>,
}

#[derive(Debug)]
pub(crate) enum State {
    /// Waiting to try again; why, for an admin.
    Down { trouble: LinkTrouble, reason: String },
    /// The WebSocket is opening.
    Opening,
    /// Waiting for hello.
    Opened,
    /// Waiting for welcome.
    SigningIn(SessionKey),
    /// Signed in.
    Up(Box<Session>),
}

/// Who signs in, at every server the same.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) identity: IdentityKey,
    pub(crate) name: Name,
    pub(crate) room: Room,
    /// What authorities say of us.
    pub(crate) memberships: Vec<Envelope>,
    /// Of the last sign-in at any server.
    pub(crate) epoch: u64,
}

impl Presence {
    pub(crate) fn peer_id(&self) -> PeerId {
        self.identity.public().peer_id()
    }
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) server: String,
    failures: u32,
    /// Highest epoch seen of each peer at this server, so that an old session cannot come back.
    epochs: BTreeMap<PeerId, u64>,
    pub(crate) state: State,
}

impl Link {
    pub(crate) const fn new(server: String) -> Self {
        let state = State::Down { trouble: LinkTrouble::NoServer, reason: String::new() };
        Self { server, failures: 0, epochs: BTreeMap::new(), state }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Up(session) => Some(session),
            State::Down { .. } | State::Opening | State::Opened | State::SigningIn(_) => None,
        }
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Up(session) => Some(session),
            State::Down { .. } | State::Opening | State::Opened | State::SigningIn(_) => None,
        }
    }

    /// Opens the WebSocket.
    pub(crate) fn open(&mut self) -> LinkCommand {
        self.state = State::Opening;
        LinkCommand::Connect(self.server.clone())
    }

    pub(crate) fn opened(&mut self) {
        self.state = State::Opened;
    }

    /// The link is gone: how long to wait before the next attempt.
    pub(crate) fn down(
        &mut self,
        (trouble, reason): (LinkTrouble, String),
        in_haste: bool,
        random: &mut ChaCha20Rng,
    ) -> Duration {
        let was_up = matches!(self.state, State::Up(_));
        self.state = State::Down { trouble, reason };
        self.failures = if was_up { 0 } else { self.failures.saturating_add(1) };
        let wait = retry_wait(self.failures, in_haste, random.next_u64());
        if trouble == LinkTrouble::Replaced { wait + RETRY_AFTER_GONE } else { wait }
    }

    /// Answers the server's challenge with a new session key. The presence's new epoch is to be stored before the frame goes out.
    pub(crate) fn sign_in(
        &mut self,
        presence: &mut Presence,
        (versions, nonce, audience): (&[u8], Nonce, String),
        wall: UnixMillis,
        random: &mut ChaCha20Rng,
    ) -> Result<ClientFrame, Refusal> {
        if !matches!(self.state, State::Opened) {
            return Err(Refusal::Unexpected);
        }
        if !versions.contains(&1) {
            return Err(Refusal::Version);
        }
        // Else a rogue server could relay our sign-in to the real one.
        if !same_server(&self.server, &audience) {
            return Err(Refusal::Audience);
        }
        let key = session_key(random);
        presence.epoch += 1;
        let not_before = trusted_seconds(wall).unwrap_or_default();
        let certificate = SessionCertificate {
            v: 1,
            id: presence.identity.public(),
            sk: key.public(),
            epoch: presence.epoch,
            aud: audience.clone(),
            sn: nonce,
            nb: not_before,
            na: not_before + SESSION_LIFE_SECS,
            role: Role::Kiosk,
            name: presence.name.clone(),
            room: presence.room.clone(),
        };
        let auth = ClientFrame::Auth {
            room: presence.room.clone(),
            sess: certificate.seal(&presence.identity),
            memb: presence.memberships.clone(),
            pop: ProofOfPossession::seal(&key, nonce, &audience),
        };
        self.state = State::SigningIn(key);
        Ok(auth)
    }

    /// Signed in. Peers whose certificates do not hold are left out; their refusals come back.
    pub(crate) fn welcome(
        &mut self,
        presence: &Presence,
        (you, peers, ice): (PeerId, &[PeerDescription], Vec<IceServer>),
        wall: UnixMillis,
    ) -> Result<Vec<Refusal>, Refusal> {
        let State::SigningIn(key) = &self.state else { return Err(Refusal::Unexpected) };
        if you != presence.peer_id() {
            return Err(Refusal::PeerId);
        }
        let key = key.clone();
        let me = Recipient { peer: you, session: key.public().session_id(), room: presence.room.clone() };
        self.failures = 0;
        self.state = State::Up(Box::new(Session {
            key,
            me,
            peers: BTreeMap::new(),
            ice,
            outside: BTreeMap::new(),
            calls_seen: BTreeSet::new(),
        }));
        Ok(peers.iter().filter_map(|peer| self.joined(presence, peer, wall).err()).collect())
    }

    /// A peer came, or came again with another session.
    pub(crate) fn joined(
        &mut self,
        presence: &Presence,
        peer: &PeerDescription,
        wall: UnixMillis,
    ) -> Result<PeerId, Refusal> {
        let certificate = SessionCertificate::open(&peer.sess)?;
        let id = certificate.peer();
        if let Some(now) = trusted_seconds(wall) {
            certificate.holds_at(now)?;
        }
        if certificate.room != presence.room {
            return Err(Refusal::Room);
        }
        if self.epochs.get(&id).is_some_and(|seen| *seen > certificate.epoch) {
            return Err(Refusal::Epoch);
        }
        if id == presence.peer_id() || peer.memb.len() > 4 {
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

    const SERVER: &str = "wss://a.example/signaling";

    fn presence() -> Presence {
        Presence {
            identity: IdentityKey::from_seed(&[1; 32]).expect("below the order"),
            name: Name::try_from("Lobby".to_owned()).expect("short"),
            room: Room::try_from("lobby".to_owned()).expect("lower case"),
            memberships: Vec::new(),
            epoch: 3,
        }
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
            let (mut link, mut presence) = (Link::new(SERVER.to_owned()), presence());
            link.open();
            link.opened();
            let challenge = (&[1][..], Nonce([0; 16]), audience.to_owned());
            let answer = link.sign_in(&mut presence, challenge, UnixMillis(0), random);
            assert_eq!(answer.is_ok(), fits, "{audience}");
            assert_eq!(presence.epoch, if fits { 4 } else { 3 }, "{audience}");
        }
    }

    #[test]
    fn waits_stay_in_bounds() {
        let random = &mut ChaCha20Rng::from_seed([0; 32]);
        let mut link = Link::new(SERVER.to_owned());
        let mut longest = Duration::ZERO;
        for _ in 0..200 {
            assert_eq!(link.open(), LinkCommand::Connect(SERVER.to_owned()));
            let wait = link.down((LinkTrouble::NoServer, "refused".to_owned()), false, random);
            assert!((SHORTEST_RETRY..=LONGEST_RETRY).contains(&wait), "{wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest > LONGEST_RETRY / 2, "{longest:?}");
        let wait = link.down((LinkTrouble::NoServer, "refused".to_owned()), true, random);
        assert!((SHORTEST_RETRY..=LONGEST_RETRY_IN_HASTE).contains(&wait), "{wait:?}");
        assert!(link.down((LinkTrouble::Replaced, String::new()), true, random) >= RETRY_AFTER_GONE);
    }
}

//! Who is who: session certificates, proof of possession, memberships.

use serde::{Deserialize, Serialize};

use crate::{Envelope, IdentityKey, Kind, Nonce, OperatorKey, PeerId, PublicKey, Refusal, SessionId, SessionKey};

/// Leeway for clocks that differ, seconds.
const CLOCK_LEEWAY: u64 = 60;
/// Longest life of a session certificate, seconds.
const LONGEST_SESSION: u64 = 86_400;
/// 2^53 - 1: the largest integer that a browser reads without loss.
pub(crate) const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// What a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A call point on a wall.
    Kiosk,
    /// A person who answers.
    Operator,
}

/// A room's name: `[a-z0-9][a-z0-9._-]{0,62}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Room(String);

impl Room {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Room {
    type Error = Refusal;

    fn try_from(name: String) -> Result<Self, Refusal> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = name.len() <= 63
            && name.bytes().next().is_some_and(letter)
            && name.bytes().all(|byte| letter(byte) || b"._-".contains(&byte));
        if fits { Ok(Self(name)) } else { Err(Refusal::Room) }
    }
}

impl From<Room> for String {
    fn from(room: Room) -> Self {
        room.0
    }
}

/// A name for people: 1…64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = Refusal;

    fn try_from(name: String) -> Result<Self, Refusal> {
        let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits { Ok(Self(name)) } else { Err(Refusal::Name) }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// What an identity key says of a session key: docs/protocol.md §4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionCertificate {
    /// Version: 1.
    pub v: u8,
    /// The identity key.
    pub id: PublicKey,
    /// The session key.
    pub sk: PublicKey,
    /// Larger at each sign-in of this identity.
    pub epoch: u64,
    /// The server's URL as its hello gave it.
    pub aud: String,
    /// The hello's nonce.
    pub sn: Nonce,
    /// Not before, Unix seconds; 0 from a kiosk whose clock is not set.
    pub nb: u64,
    /// Not after, Unix seconds.
    pub na: u64,
    /// What the peer is.
    pub role: Role,
    /// What it calls itself.
    pub name: Name,
    /// The room it is in.
    pub room: Room,
}

impl SessionCertificate {
    /// Signs it.
    #[must_use]
    pub fn seal(&self, identity: &IdentityKey) -> Envelope {
        Envelope::session_certificate(&to_json(self), identity)
    }

    /// Checks everything that needs no clock and no context: header, signature under its own `id`, shape, version, limits.
    ///
    /// # Errors
    /// What is wrong, first failure of the order in docs/protocol.md §7.
    pub fn open(envelope: &Envelope) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Id {
            id: PublicKey,
        }
        let id_of = |payload: &[u8]| from_json::<Id>(payload).map(|claim| claim.id);
        let payload = envelope.verify_by(Kind::SessionCertificate, id_of)?;
        let certificate: Self = from_json(&payload)?;
        if certificate.v != 1 {
            return Err(Refusal::Version);
        }
        if certificate.epoch > LARGEST_INTEGER || certificate.na > LARGEST_INTEGER {
            return Err(Refusal::BodyLimit);
        }
        let life = certificate.na.checked_sub(certificate.nb);
        if life.is_none_or(|life| life > LONGEST_SESSION) {
            return Err(Refusal::NotYetValid);
        }
        Ok(certificate)
    }

    /// Whether it holds at `now`, Unix seconds. One made without a clock (`nb` = 0) always does: the nonce proved that it was fresh.
    ///
    /// # Errors
    /// [`Refusal::NotYetValid`], [`Refusal::Expired`].
    pub fn holds_at(&self, now: u64) -> Result<(), Refusal> {
        if self.nb == 0 { Ok(()) } else { holds_between(self.nb, self.na, now) }
    }

    /// Who it is.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.id.peer_id()
    }

    /// Which session it certifies.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.sk.session_id()
    }
}

/// Shows the server that whoever signs in holds the session key, now, for this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofOfPossession {
    v: u8,
    t: AuthTag,
    /// The hello's nonce.
    pub sn: Nonce,
    /// The server's URL as its hello gave it.
    pub aud: String,
    /// The session that signs.
    pub fs: SessionId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum AuthTag {
    #[serde(rename = "auth")]
    Auth,
}

impl ProofOfPossession {
    /// Signs one.
    #[must_use]
    pub fn seal(key: &SessionKey, nonce: Nonce, audience: &str) -> Envelope {
        let (aud, fs) = (audience.to_owned(), key.public().session_id());
        Envelope::message(&to_json(&Self { v: 1, t: AuthTag::Auth, sn: nonce, aud, fs }), key)
    }

    /// Checks it against the certificate that came with it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(envelope: &Envelope, certificate: &SessionCertificate) -> Result<(), Refusal> {
        let proof: Self = from_json(&envelope.verify(Kind::Message, certificate.sk)?)?;
        if proof.v != 1 {
            return Err(Refusal::Version);
        }
        if proof.sn != certificate.sn {
            return Err(Refusal::Nonce);
        }
        if proof.aud != certificate.aud {
            return Err(Refusal::Audience);
        }
        if proof.fs != certificate.session() {
            return Err(Refusal::SessionId);
        }
        Ok(())
    }
}

/// Where a membership holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemberRoom {
    /// `*`.
    Every,
    /// This one.
    One(Room),
}

impl TryFrom<String> for MemberRoom {
    type Error = Refusal;

    fn try_from(name: String) -> Result<Self, Refusal> {
        if name == "*" { Ok(Self::Every) } else { Room::try_from(name).map(Self::One) }
    }
}

impl From<MemberRoom> for String {
    fn from(room: MemberRoom) -> Self {
        match room {
            MemberRoom::Every => "*".to_owned(),
            MemberRoom::One(room) => room.into(),
        }
    }
}

/// What an operator key says of an identity: docs/protocol.md §4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// Version: 1.
    pub v: u8,
    /// The operator key.
    pub op: PublicKey,
    /// Who is a member.
    pub sub: PeerId,
    /// For revocation.
    pub serial: u64,
    /// Not before, Unix seconds.
    pub nb: u64,
    /// Not after, Unix seconds.
    pub na: u64,
    /// As what.
    pub role: Role,
    /// Where.
    pub room: MemberRoom,
}

impl Membership {
    /// Signs it.
    #[must_use]
    pub fn seal(&self, operator: &OperatorKey) -> Envelope {
        Envelope::membership(&to_json(self), operator)
    }

    /// Checks that it is one, signed by `operator`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn open(envelope: &Envelope, operator: PublicKey) -> Result<Self, Refusal> {
        let membership: Self = from_json(&envelope.verify(Kind::Membership, operator)?)?;
        if membership.v != 1 {
            return Err(Refusal::Version);
        }
        if membership.op != operator {
            return Err(Refusal::Key);
        }
        Ok(membership)
    }

    /// Checks that it covers the bearer of this certificate at `now`, Unix seconds (None: the clock is not to be trusted).
    ///
    /// # Errors
    /// What is wrong.
    pub fn covers(&self, certificate: &SessionCertificate, now: Option<u64>) -> Result<(), Refusal> {
        if self.sub != certificate.peer() {
            return Err(Refusal::PeerId);
        }
        if self.role != certificate.role {
            return Err(Refusal::Role);
        }
        match &self.room {
            MemberRoom::Every => {}
            MemberRoom::One(room) if *room == certificate.room => {}
            MemberRoom::One(_) => return Err(Refusal::Room),
        }
        now.map_or(Ok(()), |now| holds_between(self.nb, self.na, now))
    }
}

fn holds_between(not_before: u64, not_after: u64, now: u64) -> Result<(), Refusal> {
    if now.saturating_add(CLOCK_LEEWAY) < not_before {
        return Err(Refusal::NotYetValid);
    }
    if now > not_after.saturating_add(CLOCK_LEEWAY) {
        return Err(Refusal::Expired);
    }
    Ok(())
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("these types have string keys and no failing serialisers")
}

/// serde's derived types refuse unknown, missing and duplicate members; none of ours nests deeper than 4.
/// Ids, names, rooms and keys report their own reason.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(payload).map_err(|error| reason_in(&error, Refusal::PayloadSyntax))
}

/// serde carries errors as text: finds the reason that one of our types put there.
pub(crate) fn reason_in(error: &serde_json::Error, otherwise: Refusal) -> Refusal {
    let text = error.to_string();
    let code = text.split(" at line ").next().unwrap_or_default();
    Refusal::ALL.iter().copied().find(|refusal| refusal.code() == code).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (IdentityKey, SessionKey) {
        (
            IdentityKey::from_seed(&[1; 32]).expect("below the order"),
            SessionKey::from_seed(&[2; 32]).expect("below the order"),
        )
    }

    fn certificate() -> SessionCertificate {
        let (identity, session) = keys();
        SessionCertificate {
            v: 1,
            id: identity.public(),
            sk: session.public(),
            epoch: 4,
            aud: "wss://server.example/signaling".to_owned(),
            sn: Nonce([9; 16]),
            nb: 1_790_000_000,
            na: 1_790_086_400,
            role: Role::Kiosk,
            name: Name::try_from("Lobby 2".to_owned()).expect("short"),
            room: Room::try_from("lobby".to_owned()).expect("lower case"),
        }
    }

    #[test]
    fn certificates_survive_their_envelope() {
        let (identity, _) = keys();
        assert_eq!(SessionCertificate::open(&certificate().seal(&identity)), Ok(certificate()));
    }

    #[test]
    fn a_certificate_signed_by_another_is_refused() {
        let stranger = IdentityKey::from_seed(&[7; 32]).expect("below the order");
        assert_eq!(SessionCertificate::open(&certificate().seal(&stranger)), Err(Refusal::Signature));
    }

    #[test]
    fn lives_are_bounded() {
        let (identity, _) = keys();
        let long = SessionCertificate { na: certificate().nb + 86_401, ..certificate() };
        assert_eq!(SessionCertificate::open(&long.seal(&identity)), Err(Refusal::NotYetValid));
        assert_eq!(certificate().holds_at(1_790_000_000 - 61), Err(Refusal::NotYetValid));
        assert_eq!(certificate().holds_at(1_790_086_400 + 61), Err(Refusal::Expired));
        assert_eq!(certificate().holds_at(1_790_000_001), Ok(()));
        assert_eq!(SessionCertificate { nb: 0, na: 86_400, ..certificate() }.holds_at(u64::MAX), Ok(()));
    }

    #[test]
    fn payloads_with_surprises_are_refused() {
        let (identity, _) = keys();
        let json = String::from_utf8(to_json(&certificate())).expect("JSON is UTF-8");
        for (surprise, reason) in [
            (json.replacen('{', r#"{"v":1,"#, 1), Refusal::PayloadSyntax),
            (json.replacen('{', r#"{"crit":[],"#, 1), Refusal::PayloadSyntax),
            (json.replacen(r#""epoch":4,"#, "", 1), Refusal::PayloadSyntax),
            (json.replacen(r#""v":1"#, r#""v":2"#, 1), Refusal::Version),
            (json.replacen("lobby", "Lobby", 1), Refusal::Room),
            (json.replacen("Lobby 2", "a\\u0007", 1), Refusal::Name),
            (format!("{json}x"), Refusal::PayloadSyntax),
        ] {
            let envelope = Envelope::session_certificate(surprise.as_bytes(), &identity);
            assert_eq!(SessionCertificate::open(&envelope), Err(reason), "{surprise}");
        }
    }

    #[test]
    fn possession_is_for_one_server_and_moment() {
        let (_, session) = keys();
        let certificate = certificate();
        let proof =
            |nonce, aud: &str| ProofOfPossession::check(&ProofOfPossession::seal(&session, nonce, aud), &certificate);
        assert_eq!(proof(Nonce([9; 16]), &certificate.aud), Ok(()));
        assert_eq!(proof(Nonce([8; 16]), &certificate.aud), Err(Refusal::Nonce));
        assert_eq!(proof(Nonce([9; 16]), "wss://rogue.example/signaling"), Err(Refusal::Audience));
    }

    #[test]
    fn memberships_cover_one_peer_role_and_room() {
        let operator = OperatorKey::from_seed(&[6; 32]).expect("below the order");
        let member = Membership {
            v: 1,
            op: operator.public(),
            sub: certificate().peer(),
            serial: 1,
            nb: 1_780_000_000,
            na: 1_800_000_000,
            role: Role::Kiosk,
            room: MemberRoom::Every,
        };
        assert_eq!(Membership::open(&member.seal(&operator), operator.public()), Ok(member.clone()));
        assert_eq!(member.covers(&certificate(), Some(1_790_000_000)), Ok(()));
        assert_eq!(member.covers(&certificate(), Some(1_800_000_061)), Err(Refusal::Expired));
        let elsewhere = Membership { room: MemberRoom::One(Room("hall".to_owned())), ..member.clone() };
        assert_eq!(elsewhere.covers(&certificate(), None), Err(Refusal::Room));
        let other = Membership { sub: PeerId([0; 32]), ..member.clone() };
        assert_eq!(other.covers(&certificate(), None), Err(Refusal::PeerId));
        assert_eq!(Membership { role: Role::Operator, ..member }.covers(&certificate(), None), Err(Refusal::Role));
    }
}

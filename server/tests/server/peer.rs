//! Peers for the tests: keys, certificates and the frames they sign.

use kiosk_wire::{
    ClientFrame, Envelope, IdentityKey, Name, Nonce, PeerId, ProofOfPossession, Role, Room, ServerFrame,
    SessionCertificate, SessionKey,
};

/// Unix seconds of the tests with a made-up clock.
pub(crate) const WALL: u64 = 1_790_000_000;

/// A peer that signs in as often as it is asked to.
pub(crate) struct Peer {
    pub(crate) identity: IdentityKey,
    pub(crate) session: SessionKey,
}

/// What a server's hello said.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) nonce: Nonce,
    pub(crate) audience: String,
}

impl Challenge {
    pub(crate) fn read(text: &str) -> Self {
        match ServerFrame::parse(text) {
            Ok(ServerFrame::Hello { nonce, aud, v, limits }) => {
                assert_eq!((v.as_slice(), limits.frame), ([1].as_slice(), 65_536));
                Self { nonce, audience: aud }
            }
            other => panic!("not a hello: {other:?}"),
        }
    }
}

pub(crate) fn room(name: &str) -> Room {
    Room::try_from(name.to_owned()).expect("a room's name")
}

impl Peer {
    /// Number 1 and up; the same number is the same identity, with a session key by `session`.
    pub(crate) fn new(number: u32, session: u32) -> Self {
        let seed = |first: u8, number: u32| {
            let mut seed = [first; 32];
            seed[28..].copy_from_slice(&number.to_be_bytes());
            seed
        };
        Self {
            identity: IdentityKey::from_seed(&seed(1, number)).expect("below the order"),
            session: SessionKey::from_seed(&seed(2, number * 1000 + session)).expect("below the order"),
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.identity.public().peer_id()
    }

    pub(crate) fn certificate(&self, challenge: &Challenge, wall: u64) -> SessionCertificate {
        SessionCertificate {
            v: 1,
            id: self.identity.public(),
            sk: self.session.public(),
            epoch: 1,
            aud: challenge.audience.clone(),
            sn: challenge.nonce,
            nb: wall,
            na: wall + 86_400,
            role: Role::Kiosk,
            name: Name::try_from("Lobby 2".to_owned()).expect("short"),
            room: room("lobby"),
        }
    }

    pub(crate) fn proof(&self, challenge: &Challenge) -> Envelope {
        ProofOfPossession::seal(&self.session, challenge.nonce, &challenge.audience)
    }

    /// The frame that signs in with this certificate.
    pub(crate) fn auth_with(&self, certificate: &SessionCertificate, challenge: &Challenge) -> ClientFrame {
        ClientFrame::Auth {
            room: certificate.room.clone(),
            sess: certificate.seal(&self.identity),
            memb: vec![],
            pop: self.proof(challenge),
        }
    }

    /// The frame that signs in, as text.
    pub(crate) fn auth(&self, challenge: &Challenge, wall: u64) -> String {
        self.auth_with(&self.certificate(challenge, wall), challenge).to_text()
    }

    /// An envelope signed by the session key. The server does not read its payload, so any will do: this is the only kind of
    /// message that can be sealed without a call.
    pub(crate) fn message(&self) -> Envelope {
        ProofOfPossession::seal(&self.session, Nonce([7; 16]), "any")
    }

    /// One whose frame is about `size` bytes.
    pub(crate) fn large_message(&self, size: usize) -> Envelope {
        ProofOfPossession::seal(&self.session, Nonce([7; 16]), &"x".repeat(size * 3 / 4 - 400))
    }
}

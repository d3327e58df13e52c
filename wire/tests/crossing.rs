//! Every message is for one recipient, from one sender, in one room, in one pair of sessions: whoever else gets it refuses it.
#![expect(clippy::unwrap_used, reason = "a test")]

use kiosk_wire::{
    Body, CallId, IdentityKey, Message, MessageHeader, Name, Nonce, Recipient, Refusal, Role, Room, SessionCertificate,
    SessionKey, Transport,
};

const IDENTITIES: u8 = 4;
const ROOMS: [&str; 2] = ["lobby", "hall"];
/// Sessions of one identity in one room, one after the other.
const SESSIONS: u8 = 2;

struct Party {
    key: SessionKey,
    certificate: SessionCertificate,
}

impl Party {
    fn new(identity: u8, room: u8, session: u8) -> Self {
        let key = SessionKey::from_seed(&[1 + identity + 10 * room + 100 * session; 32]).unwrap();
        let id = IdentityKey::from_seed(&[201 + identity; 32]).unwrap().public();
        let certificate = SessionCertificate {
            v: 1,
            id,
            sk: key.public(),
            epoch: session.into(),
            aud: "wss://server.example/signaling".to_owned(),
            sn: Nonce([0; 16]),
            nb: 1_790_000_000,
            na: 1_790_086_400,
            role: Role::Kiosk,
            name: Name::try_from(format!("Kiosk {identity}")).unwrap(),
            room: Room::try_from(ROOMS[usize::from(room)].to_owned()).unwrap(),
        };
        Self { key, certificate }
    }

    fn recipient(&self) -> Recipient {
        let SessionCertificate { room, .. } = &self.certificate;
        Recipient { peer: self.certificate.peer(), session: self.certificate.session(), room: room.clone() }
    }

    /// In its own room, as every honest sender does.
    fn says_to(&self, to: &Self) -> MessageHeader {
        MessageHeader {
            from: self.certificate.peer(),
            to: to.certificate.peer(),
            to_session: to.certificate.session(),
            room: self.certificate.room.clone(),
            call: CallId([9; 16]),
            seq: 0,
            re: None,
            at: 0,
        }
    }
}

fn parties() -> Vec<Party> {
    let every = |room| (0..IDENTITIES).flat_map(move |who| (0..SESSIONS).map(move |session| (who, room, session)));
    (0..2).flat_map(every).map(|(who, room, session)| Party::new(who, room, session)).collect()
}

/// Four identities in two rooms, two sessions each: what each says to each, delivered to each.
#[test]
fn a_message_opens_for_its_recipient_alone() {
    let parties = parties();
    let mut opened = 0;
    for (from, sender) in parties.iter().enumerate() {
        for (to, meant) in parties.iter().enumerate() {
            let m = Message::seal(&sender.key, &sender.says_to(meant), &Body::Ringing);
            for (at, reader) in parties.iter().enumerate() {
                let result = Message::open(&m, &sender.certificate, &reader.recipient(), Transport::Link);
                let (theirs, ours, meant) = (&sender.certificate, &reader.certificate, &meant.certificate);
                let expected = if ours.peer() != meant.peer() {
                    Err(Refusal::NotForMe)
                } else if ours.session() != meant.session() {
                    Err(Refusal::StaleSession)
                } else if theirs.room != ours.room {
                    Err(Refusal::Room)
                } else {
                    Ok(())
                };
                assert_eq!(result.map(drop), expected, "from {from} to {to}, delivered to {at}");
                opened += usize::from(expected.is_ok());
            }
        }
    }
    assert_eq!(opened, 2 * 8 * 8, "each to each within its room");
}

/// The server says that it comes from somebody else.
#[test]
fn a_message_opens_as_its_senders_alone() {
    let parties = parties();
    let reader = &parties[0];
    for (from, sender) in parties.iter().enumerate() {
        let m = Message::seal(&sender.key, &sender.says_to(reader), &Body::Ringing);
        for (named, other) in parties.iter().enumerate().filter(|(named, _)| *named != from) {
            let result = Message::open(&m, &other.certificate, &reader.recipient(), Transport::Link);
            assert_eq!(result, Err(Refusal::Signature), "from {from}, named as {named}");
        }
    }
}

//! Envelopes, and payloads that are signed as they should be: what is accepted is what was sealed, byte for byte in the end.
#![no_main]

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kiosk_wire::{
    Envelope, IdentityKey, Kind, Membership, Message, MessageHeader, Name, Nonce, OperatorKey, ProofOfPossession,
    Recipient, Role, Room, SessionCertificate, SessionKey, Transport,
};
use libfuzzer_sys::fuzz_target;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};

/// Those of wire/vectors: the kiosk's identity and session, the operator's identity and session, an operator key.
const KIOSK: [u8; 2] = [0x11, 0x12];
const OPERATOR: [u8; 2] = [0x21, 0x22];
const AUTHORITY: u8 = 0x31;

fn sign(kind: Kind, seed: u8, payload: &[u8]) -> Envelope {
    let (protected, payload) = (kind.protected().to_owned(), BASE64_URL_SAFE_NO_PAD.encode(payload));
    let key = SigningKey::from_slice(&[seed; 32]).expect("below the order");
    let signature: Signature = key.sign(format!("{protected}.{payload}").as_bytes());
    Envelope { protected, payload, signature: BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()) }
}

fn certificate([identity, session]: [u8; 2], role: Role) -> SessionCertificate {
    SessionCertificate {
        v: 1,
        id: IdentityKey::from_seed(&[identity; 32]).expect("below the order").public(),
        sk: SessionKey::from_seed(&[session; 32]).expect("below the order").public(),
        epoch: 7,
        aud: "wss://server.example:3030/signaling".to_owned(),
        sn: Nonce([identity; 16]),
        nb: 1_790_000_000,
        na: 1_790_086_400,
        role,
        name: Name::try_from("Lobby 2".to_owned()).expect("a name"),
        room: room(),
    }
}

fn room() -> Room {
    Room::try_from("lobby".to_owned()).expect("a room")
}

fn message(payload: &[u8]) {
    let (sender, me) = (certificate(KIOSK, Role::Kiosk), certificate(OPERATOR, Role::Operator));
    let recipient = Recipient { peer: me.peer(), session: me.session(), room: room() };
    let envelope = sign(Kind::Message, KIOSK[1], payload);
    for transport in [Transport::Link, Transport::Channel] {
        let Ok(message) = Message::open(&envelope, &sender, &recipient, transport) else { continue };
        let header = MessageHeader {
            from: sender.peer(),
            to: me.peer(),
            to_session: me.session(),
            room: room(),
            call: message.call,
            seq: message.seq,
            re: message.re,
            at: 0,
        };
        let key = SessionKey::from_seed(&[KIOSK[1]; 32]).expect("below the order");
        let again = Message::open(&Message::seal(&key, &header, &message.body), &sender, &recipient, transport);
        assert_eq!(again.map(|again| again.body), Ok(message.body));
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 5 {
        0 => message(rest),
        1 => {
            let identity = IdentityKey::from_seed(&[KIOSK[0]; 32]).expect("below the order");
            if let Ok(certificate) = SessionCertificate::open(&sign(Kind::SessionCertificate, KIOSK[0], rest)) {
                assert_eq!(certificate.id, identity.public());
                assert_eq!(SessionCertificate::open(&certificate.seal(&identity)), Ok(certificate));
            }
        }
        2 => {
            let key = OperatorKey::from_seed(&[AUTHORITY; 32]).expect("below the order").public();
            if let Ok(membership) = Membership::open(&sign(Kind::Membership, AUTHORITY, rest), key) {
                let _ = membership.covers(&certificate(KIOSK, Role::Kiosk), Some(1_790_000_000));
            }
        }
        3 => {
            let signed = sign(Kind::Message, KIOSK[1], rest);
            let _ = ProofOfPossession::check(&signed, &certificate(KIOSK, Role::Kiosk));
        }
        _ => {
            // Nobody signed this.
            let Ok(text) = std::str::from_utf8(rest) else { return };
            let Ok(envelope) = Envelope::parse(text) else { return };
            let _ = SessionCertificate::open(&envelope);
            let _ = envelope.hash();
            assert_eq!(Envelope::parse(&envelope.to_text()), Ok(envelope));
        }
    }
});

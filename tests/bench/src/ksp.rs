//! Signing in and calling as KSP/1 has it (docs/protocol.md), with real keys and signatures.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use kiosk_wire::{
    Body, CallId, ClientFrame, Description, Envelope, IdentityKey, Message, MessageHeader, Name, PeerDescription,
    PeerId, ProofOfPossession, Recipient, Role, Room, SdpType, ServerFrame, SessionCertificate, SessionKey, Transport,
};

use crate::client::{Socket, Who};

const SESSION_LIFE_SECS: u64 = 86_400;
/// Operators of a room; the rest are kiosks.
const OPERATORS: u32 = 2;

fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The keys that a sign-in takes. They are made before they are needed: in the field each client has a processor of its own.
pub(crate) struct Keys {
    identity: IdentityKey,
    session: SessionKey,
}

impl Keys {
    pub(crate) fn new(number: u32) -> Self {
        let mut seed = [1; 32];
        seed[28..].copy_from_slice(&number.to_be_bytes());
        let identity = IdentityKey::from_seed(&seed).expect("far below the order of the curve");
        Self { identity, session: session() }
    }

    /// For the next sign-in.
    pub(crate) fn renew(&mut self) {
        self.session = session();
    }
}

fn session() -> SessionKey {
    loop {
        if let Some(key) = SessionKey::from_seed(&rand::random()) {
            return key;
        }
    }
}

/// Somebody signed in.
pub(crate) struct Presence {
    key: SessionKey,
    me: Recipient,
    peers: Vec<PeerDescription>,
}

/// Answers the challenge and waits for the welcome.
pub(crate) async fn sign_in(socket: &mut Socket, who: Who, keys: &Keys) -> Result<Presence> {
    let ServerFrame::Hello { nonce, aud, .. } = ServerFrame::parse(&socket.text().await?)? else {
        bail!("no-hello");
    };
    let (identity, key, now) = (&keys.identity, keys.session.clone(), wall());
    let certificate = SessionCertificate {
        v: 1,
        id: identity.public(),
        sk: key.public(),
        epoch: now,
        aud: aud.clone(),
        sn: nonce,
        nb: now,
        na: now + SESSION_LIFE_SECS,
        role: if who.place < OPERATORS { Role::Operator } else { Role::Kiosk },
        name: Name::try_from(format!("Point {}", who.number)).ok().context("a name")?,
        room: Room::try_from(format!("room-{}", who.room)).ok().context("a room's name")?,
    };
    let auth = ClientFrame::Auth {
        room: certificate.room.clone(),
        sess: certificate.seal(identity),
        memb: vec![],
        pop: ProofOfPossession::seal(&key, nonce, &aud),
    };
    socket.send(auth.to_text()).await?;
    let ServerFrame::Welcome { you, peers, .. } = ServerFrame::parse(&socket.text().await?)? else {
        bail!("no-welcome");
    };
    let me = Recipient { peer: you, session: key.public().session_id(), room: certificate.room };
    Ok(Presence { key, me, peers })
}

/// Two who call each other; 0 is the caller.
pub(crate) struct Couple {
    people: [Presence; 2],
    certificates: [SessionCertificate; 2],
    calls: u128,
    call: CallId,
    sent: [u32; 2],
}

impl Couple {
    /// The first was in the room when the second came.
    pub(crate) async fn meet(sockets: &mut [Socket; 2], who: [Who; 2]) -> Result<Self> {
        let first = sign_in(&mut sockets[0], who[0], &Keys::new(who[0].number)).await?;
        let second = sign_in(&mut sockets[1], who[1], &Keys::new(who[1].number)).await?;
        let ServerFrame::Joined { peer } = ServerFrame::parse(&sockets[0].text().await?)? else {
            bail!("nobody joined");
        };
        let present = second.peers.first().context("nobody is in the room")?;
        let certificates = [SessionCertificate::open(&present.sess)?, SessionCertificate::open(&peer.sess)?];
        Ok(Self { people: [first, second], certificates, calls: 0, call: CallId::NONE, sent: [0; 2] })
    }

    fn seal(&mut self, side: usize, re: Option<kiosk_wire::Hash>, body: &Body) -> (PeerId, Envelope) {
        let (person, other) = (&self.people[side], &self.people[1 - side].me);
        let header = MessageHeader {
            from: person.me.peer,
            to: other.peer,
            to_session: other.session,
            room: person.me.room.clone(),
            call: self.call,
            seq: self.sent[side],
            re,
            at: wall() * 1000,
        };
        self.sent[side] += 1;
        (other.peer, Message::seal(&person.key, &header, body))
    }

    fn say(&mut self, side: usize, re: Option<kiosk_wire::Hash>, body: &Body) -> String {
        let (to, m) = self.seal(side, re, body);
        ClientFrame::Msg { to, m }.to_text()
    }

    fn hear(&self, side: usize, text: &str) -> Result<Message> {
        let ServerFrame::Msg { m, .. } = ServerFrame::parse(text)? else { bail!("not a message: {text}") };
        Ok(Message::open(&m, &self.certificates[1 - side], &self.people[side].me, Transport::Link)?)
    }

    pub(crate) fn offer(&mut self, sdp: &str) -> Result<String> {
        self.calls += 1;
        self.call = CallId(self.calls.to_be_bytes());
        self.sent = [0; 2];
        let description = Description::new(sdp.to_owned(), SdpType::Offer)?;
        Ok(self.say(0, None, &Body::Offer { description, resume: None }))
    }

    /// The callee verifies the offer, rings and answers.
    pub(crate) fn answer(&mut self, offer: &str, sdp: &str) -> Result<[String; 2]> {
        let offer = self.hear(1, offer)?;
        let description = Description::new(sdp.to_owned(), SdpType::Answer)?;
        Ok([self.say(1, None, &Body::Ringing), self.say(1, Some(offer.hash), &Body::Answer(description))])
    }

    /// The caller verifies what it hears.
    pub(crate) fn check(&self, ringing: &str, answer: &str) -> Result<()> {
        let (ringing, answer) = (self.hear(0, ringing)?, self.hear(0, answer)?);
        anyhow::ensure!(matches!((ringing.body, answer.body), (Body::Ringing, Body::Answer(_))), "in another order");
        Ok(())
    }
}

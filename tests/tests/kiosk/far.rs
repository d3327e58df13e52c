//! The far side of a kiosk under test: a server and an operator that exist only as frames.

use std::time::{SystemTime, UNIX_EPOCH};

use kiosk_call::{LinkCommand, LinkEvent};
use kiosk_wire::{
    ClientFrame, IdentityKey, Limits, Name, Nonce, PeerDescription, PeerId, Role, Room, ServerFrame,
    SessionCertificate, SessionKey,
};
use kioskd::link::LinkTask;

/// What the kiosk's config has as its server.
pub(crate) const SERVER: &str = "wss://server.example/signaling";

/// The server and its only other guest.
pub(crate) struct Far {
    task: LinkTask,
    generation: u64,
    operator: IdentityKey,
}

impl Far {
    pub(crate) fn new(task: LinkTask) -> Self {
        Self { task, generation: 0, operator: IdentityKey::from_seed(&[9; 32]).expect("below the order") }
    }

    pub(crate) fn operator(&self) -> PeerId {
        self.operator.public().peer_id()
    }

    /// The next thing that the kiosk wants of its link.
    pub(crate) async fn wanted(&mut self) -> LinkCommand {
        let (generation, command) = self.task.commands.recv().await.expect("the kiosk runs");
        self.generation = generation;
        command
    }

    pub(crate) async fn happened(&self, event: LinkEvent) {
        self.task.events.send((self.task.server, self.generation, event)).await.expect("the kiosk runs");
    }

    pub(crate) async fn say(&self, frame: &ServerFrame) {
        self.happened(LinkEvent::Frame(frame.to_text())).await;
    }

    /// Lets the kiosk sign in to a room with one operator; returns who the kiosk is.
    pub(crate) async fn sign_in(&mut self) -> PeerId {
        assert_eq!(self.wanted().await, LinkCommand::Connect(SERVER.to_owned()));
        self.happened(LinkEvent::Opened).await;
        let limits = Limits { frame: 65_536, rate: 50, burst: 200 };
        self.say(&ServerFrame::Hello { v: vec![1], nonce: Nonce([5; 16]), aud: SERVER.to_owned(), limits }).await;
        let LinkCommand::Send(frame) = self.wanted().await else { panic!("no sign-in") };
        let Ok(ClientFrame::Auth { sess, .. }) = ClientFrame::parse(&frame) else { panic!("{frame} is no sign-in") };
        let you = SessionCertificate::open(&sess).expect("it is signed").peer();
        self.say(&ServerFrame::Welcome { you, peers: vec![self.description()], ice: Vec::new() }).await;
        you
    }

    fn description(&self) -> PeerDescription {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let certificate = SessionCertificate {
            v: 1,
            id: self.operator.public(),
            sk: SessionKey::from_seed(&[8; 32]).expect("below the order").public(),
            epoch: 1,
            aud: SERVER.to_owned(),
            sn: Nonce([6; 16]),
            nb: now,
            na: now + 3_600,
            role: Role::Operator,
            name: Name::try_from("Desk".to_owned()).expect("short"),
            room: Room::try_from("lobby".to_owned()).expect("lower case"),
        };
        PeerDescription { sess: certificate.seal(&self.operator), memb: Vec::new() }
    }
}

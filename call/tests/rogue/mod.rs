//! One real kiosk among peers that sign whatever a test wants: no server, no network, in virtual time.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: virtual time starts at some instant")]

use std::time::{Duration, Instant};

use kiosk_call::{
    Button, CallId, Chunk, Config, Edge, FileCommand, FileEvent, Input, Kiosk, LinkCommand, LinkEvent, LinkTrouble,
    MediaCommand, MediaEvent, Notice, Now, Output, Pairing, Pin, Quality, Record, Retention, ServerId, Setup, Target,
    UnixMillis, UnknownPeers, View,
};
use kiosk_wire::{
    Body, ClientFrame, Description, Envelope, Fingerprint, Hash, IdentityKey, KioskStatus, Limits, Message,
    MessageHeader, Name, Nonce, OperatorKey, PeerDescription, PeerId, PublicKey, Recipient, Role, Room, SdpType,
    ServerFrame, SessionCertificate, SessionId, SessionKey, Transport,
};

const SERVER: &str = "wss://server.example/signaling";
/// 2026-11-22.
pub(crate) const START: u64 = 1_795_305_600_000;
const LOCAL: Fingerprint = Fingerprint([1; 32]);
const REMOTE: Fingerprint = Fingerprint([2; 32]);

fn sdp(fingerprint: Fingerprint, setup: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
         a=mid:0\r\na=ice-ufrag:ufrag\r\na=ice-pwd:0123456789abcdefghijklmn\r\na=setup:{setup}\r\na=fingerprint:sha-256 {}\r\n",
        fingerprint.to_sdp()
    )
}

fn room() -> Room {
    Room::try_from("lobby".to_owned()).unwrap()
}

/// A peer whose messages the test writes.
pub(crate) struct Rogue {
    identity: IdentityKey,
    key: SessionKey,
    certificate: SessionCertificate,
    outside: u32,
    channel: u32,
    channel_received: u32,
    pub(crate) call: Option<CallId>,
    /// With which session of the kiosk that call is.
    callee: Option<SessionCertificate>,
    /// The hashes of its offer and of the kiosk's answer to it.
    answered: Option<(Hash, Hash)>,
    /// What the kiosk said to it, oldest first; but how it is, which it tells every operator.
    pub(crate) heard: Vec<Body>,
    pub(crate) statuses: Vec<KioskStatus>,
    /// What authorities say of it.
    pub(crate) memberships: Vec<Envelope>,
}

impl Rogue {
    fn new(index: u8, epoch: u64) -> Self {
        let identity = IdentityKey::from_seed(&[100 + index; 32]).unwrap();
        let mut seed = [50 + index; 32];
        seed[0] = u8::try_from(epoch).unwrap();
        let key = SessionKey::from_seed(&seed).unwrap();
        let certificate = SessionCertificate {
            v: 1,
            id: identity.public(),
            sk: key.public(),
            epoch,
            aud: SERVER.to_owned(),
            sn: Nonce([0; 16]),
            nb: START / 1_000,
            na: START / 1_000 + 86_400,
            role: if index == 0 { Role::Operator } else { Role::Kiosk },
            name: Name::try_from(format!("Rogue {index}")).unwrap(),
            room: room(),
        };
        let fresh = (0, 0, 0);
        Self {
            identity,
            key,
            certificate,
            outside: fresh.0,
            channel: fresh.1,
            channel_received: fresh.2,
            call: None,
            callee: None,
            answered: None,
            heard: Vec::new(),
            statuses: Vec::new(),
            memberships: Vec::new(),
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.certificate.peer()
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.identity.public()
    }

    fn hear(&mut self, body: Body) {
        if let Body::Status(status) = body {
            self.statuses.push(status);
        } else {
            self.heard.push(body);
        }
    }

    pub(crate) fn description(&self) -> PeerDescription {
        PeerDescription { sess: self.certificate.seal(&self.identity), memb: self.memberships.clone() }
    }

    fn recipient(&self) -> Recipient {
        Recipient { peer: self.peer(), session: self.certificate.session(), room: room() }
    }
}

/// The kiosk and its peers.
pub(crate) struct Rig {
    pub(crate) kiosk: Kiosk,
    pub(crate) now: Instant,
    /// What the kiosk's clock said at the start, in milliseconds since 1970.
    pub(crate) wall: u64,
    start: Instant,
    deadline: Option<Instant>,
    certificate: Option<SessionCertificate>,
    pub(crate) rogues: Vec<Rogue>,
    pub(crate) view: Option<View>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) records: Vec<Record>,
    /// What the store of files was told, and media was given to send: taken by the test.
    pub(crate) files: Vec<FileCommand>,
    pub(crate) chunks: Vec<Chunk>,
    /// The other commands to media.
    pub(crate) media: Vec<MediaCommand>,
    pub(crate) restarts: usize,
    /// Most outputs of a turn, and most bytes of chunks in one.
    pub(crate) most_outputs: usize,
    pub(crate) most_bytes: usize,
}

impl Rig {
    /// Signed in, with so many peers in the room, of which so many are pinned.
    pub(crate) fn new(seed: u64, rogues: u8, pinned: u8) -> Self {
        let start = Instant::now();
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rogues: Vec<_> = (0..rogues).map(|index| Rogue::new(index, 1)).collect();
        let pin = |rogue: &Rogue| Pin { peer: rogue.peer(), name: "Pinned".to_owned(), auto_answer: false };
        let setup = Setup {
            identity: IdentityKey::from_seed(&[1; 32]).unwrap(),
            config: Config {
                name: Name::try_from("Kiosk".to_owned()).unwrap(),
                room: room(),
                servers: vec![SERVER.to_owned()],
                target: Target::Operator,
                unknown: UnknownPeers::Refuse,
                operator_keys: vec![authority().public()],
                retention: Retention::UntilCallEnds,
                quick_replies: Vec::new(),
                allow_restart: true,
                document_camera: false,
                is_last_good: false,
            },
            epoch: 0,
            pins: rogues.iter().take(pinned.into()).map(pin).collect(),
            revoked: Vec::new(),
            revocations: Vec::new(),
            memberships: Vec::new(),
            volume: 70,
            quality: Quality::Auto,
            history: Vec::new(),
            seed: bytes,
        };
        let now = Now { mono: start, wall: UnixMillis(START) };
        let mut rig = Self {
            kiosk: Kiosk::new(setup, now),
            now: start,
            wall: START,
            start,
            deadline: None,
            certificate: None,
            rogues,
            view: None,
            notices: Vec::new(),
            records: Vec::new(),
            files: Vec::new(),
            chunks: Vec::new(),
            media: Vec::new(),
            restarts: 0,
            most_outputs: 0,
            most_bytes: 0,
        };
        rig.input(Input::Timeout);
        rig
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            let passed = u64::try_from((self.now - self.start).as_millis()).unwrap();
            self.kiosk.handle_input(input, Now { mono: self.now, wall: UnixMillis(self.wall + passed) });
            let (mut outputs, mut bytes) = (0, 0);
            loop {
                let output = self.kiosk.poll_output();
                if let Output::Timeout(at, _) = output {
                    self.deadline = at;
                    break;
                }
                outputs += 1;
                if let Output::Media(MediaCommand::SendChunk { chunk, .. }) | Output::File(FileCommand::Write(chunk)) =
                    &output
                {
                    bytes += chunk.bytes.len();
                }
                inputs.extend(self.output(output));
            }
            self.most_outputs = self.most_outputs.max(outputs);
            self.most_bytes = self.most_bytes.max(bytes);
        }
    }

    /// What the world answers at once.
    fn output(&mut self, output: Output) -> Vec<Input> {
        match output {
            Output::Link(_, LinkCommand::Connect(_)) => {
                let limits = Limits { frame: 65_536, rate: 50, burst: 200 };
                let hello = ServerFrame::Hello { v: vec![1], nonce: Nonce([9; 16]), aud: SERVER.to_owned(), limits };
                return vec![Input::Link(ServerId(0), LinkEvent::Opened), frame(&hello)];
            }
            Output::Link(_, LinkCommand::Send(text)) => return self.frame_sent(&text),
            Output::Media(MediaCommand::Answer { call, .. }) => {
                let sdp = sdp(LOCAL, "active");
                return vec![
                    Input::Media(MediaEvent::LocalDescription { call, sdp }),
                    Input::Media(MediaEvent::Secured { call, local: LOCAL, remote: REMOTE }),
                    Input::Media(MediaEvent::ChannelOpen { call }),
                    Input::Media(MediaEvent::FileChannelOpen { call }),
                ];
            }
            Output::Media(MediaCommand::SendChannel { call, text }) => self.channel_sent(call, &text),
            Output::Media(MediaCommand::SendChunk { chunk, .. }) => self.chunks.push(chunk),
            Output::File(command) => self.files.push(command),
            Output::View(view) => self.view = Some(*view),
            Output::Notify(notice) => self.notices.push(notice),
            Output::Store(record) => self.records.push(record),
            Output::Media(command) => self.media.push(command),
            Output::Restart => self.restarts += 1,
            Output::Link(_, LinkCommand::Probe) => return vec![Input::Link(ServerId(0), LinkEvent::Alive)],
            Output::Link(_, LinkCommand::Close) | Output::Lights(_) | Output::Volume(_) | Output::Timeout(..) => {}
        }
        Vec::new()
    }

    fn frame_sent(&mut self, text: &str) -> Vec<Input> {
        match ClientFrame::parse(text).unwrap() {
            ClientFrame::Auth { sess, .. } => {
                let certificate = SessionCertificate::open(&sess).unwrap();
                let you = certificate.peer();
                self.certificate = Some(certificate);
                let peers = self.rogues.iter().map(Rogue::description).collect();
                vec![frame(&ServerFrame::Welcome { you, peers, ice: Vec::new() })]
            }
            ClientFrame::Msg { to, m } => {
                let certificate = self.certificate.as_ref().unwrap();
                // To a session that is gone: nobody can open it.
                let rogue = self.rogues.iter_mut().find(|rogue| rogue.peer() == to);
                if let Some(rogue) = rogue
                    && let Ok(message) = Message::open(&m, certificate, &rogue.recipient(), Transport::Link)
                {
                    let is_answer = matches!(message.body, Body::Answer(_));
                    rogue.hear(message.body);
                    if is_answer {
                        let (offer, answer) = (message.re.unwrap(), message.hash);
                        rogue.answered = Some((offer, answer));
                        let index = self.rogues.iter().position(|rogue| rogue.peer() == to).unwrap();
                        return self.confirm(index, offer, answer).into_iter().collect();
                    }
                }
                Vec::new()
            }
        }
    }

    fn channel_sent(&mut self, call: CallId, text: &str) {
        let Some(rogue) = self.rogues.iter_mut().find(|rogue| rogue.call == Some(call)) else { return };
        let envelope = Envelope::parse(text).unwrap();
        let certificate = rogue.callee.as_ref().unwrap();
        let message = Message::open(&envelope, certificate, &rogue.recipient(), Transport::Channel).unwrap();
        assert_eq!(message.seq, rogue.channel_received, "the channel has no gaps");
        rogue.channel_received += 1;
        rogue.hear(message.body);
    }

    /// Of a message to the kiosk's session of now, or of that call.
    pub(crate) fn header(&self, rogue: usize, call: CallId, seq: u32) -> MessageHeader {
        let caller = &self.rogues[rogue];
        let callee = caller.callee.as_ref().filter(|_| caller.call == Some(call));
        let to = callee.or(self.certificate.as_ref()).unwrap();
        MessageHeader {
            from: self.rogues[rogue].peer(),
            to: to.peer(),
            to_session: to.session(),
            room: room(),
            call,
            seq,
            re: None,
            at: START,
        }
    }

    /// The envelope of the next message outside a call.
    pub(crate) fn seal_outside(&mut self, rogue: usize, body: &Body) -> Envelope {
        let header = self.header(rogue, CallId::NONE, self.rogues[rogue].outside);
        self.rogues[rogue].outside += 1;
        Message::seal(&self.rogues[rogue].key, &header, body)
    }

    pub(crate) fn deliver(&mut self, rogue: usize, m: Envelope) {
        let from = self.rogues[rogue].peer();
        self.input(frame(&ServerFrame::Msg { from, m }));
    }

    /// Over the link, outside a call.
    pub(crate) fn say_outside(&mut self, rogue: usize, body: &Body) {
        let m = self.seal_outside(rogue, body);
        self.deliver(rogue, m);
    }

    fn seal_on_channel(&mut self, rogue: usize, body: &Body) -> Option<(CallId, String)> {
        let call = self.rogues[rogue].call?;
        let header = self.header(rogue, call, self.rogues[rogue].channel);
        self.rogues[rogue].channel += 1;
        Some((call, Message::seal(&self.rogues[rogue].key, &header, body).to_text()))
    }

    /// Over the data channel of its call.
    pub(crate) fn say(&mut self, rogue: usize, body: &Body) {
        if let Some((call, text)) = self.seal_on_channel(rogue, body) {
            self.input(Input::Media(MediaEvent::ChannelMessage { call, text }));
        }
    }

    fn confirm(&mut self, rogue: usize, offer: Hash, answer: Hash) -> Option<Input> {
        let body = Body::Confirm { local: REMOTE, remote: LOCAL, offer, answer };
        let (call, text) = self.seal_on_channel(rogue, &body)?;
        Some(Input::Media(MediaEvent::ChannelMessage { call, text }))
    }

    /// The peer calls with somebody else's description and a person answers: the peer has no part in the data channel. The hashes of the
    /// offer and of the answer.
    pub(crate) fn ring_for_another(&mut self, rogue: usize, number: u8) -> (Hash, Hash) {
        self.rogues[rogue].call = None;
        let m = self.seal_offer(rogue, number, None);
        self.deliver(rogue, m);
        self.press(Button::Answer);
        self.rogues[rogue].answered.unwrap()
    }

    /// The first words on the channel of the call, signed by this peer for us or for rogue 0.
    pub(crate) fn confirm_as(&mut self, rogue: usize, call: CallId, for_us: bool, offer: Hash, answer: Hash) {
        let ours = self.header(rogue, call, 0);
        let recipient = self.rogues[0].recipient();
        let header =
            if for_us { ours } else { MessageHeader { to: recipient.peer, to_session: recipient.session, ..ours } };
        let body = Body::Confirm { local: REMOTE, remote: LOCAL, offer, answer };
        let text = Message::seal(&self.rogues[rogue].key, &header, &body).to_text();
        self.input(Input::Media(MediaEvent::ChannelMessage { call, text }));
    }

    /// The same over the link.
    pub(crate) fn confirm_by_link(&mut self, rogue: usize, call: CallId, offer: Hash, answer: Hash) {
        let body = Body::Confirm { local: REMOTE, remote: LOCAL, offer, answer };
        let m = Message::seal(&self.rogues[rogue].key, &self.header(rogue, call, 1), &body);
        self.deliver(rogue, m);
    }

    /// The peer calls, a person answers, the gates are open. Peers that are pinned can do it.
    pub(crate) fn call(&mut self, rogue: usize, number: u8) {
        self.ring(rogue, number);
        self.press(Button::Answer);
        assert_eq!(self.phase(), "in-call");
    }

    /// The peer calls.
    pub(crate) fn ring(&mut self, rogue: usize, number: u8) {
        self.offer(rogue, number, None);
    }

    /// The peer offers a connection, for a call that goes on or a new one.
    pub(crate) fn offer(&mut self, rogue: usize, number: u8, resume: Option<CallId>) {
        let call = CallId([number; 16]);
        let caller = &mut self.rogues[rogue];
        (caller.call, caller.channel, caller.channel_received) = (Some(call), 0, 0);
        caller.callee.clone_from(&self.certificate);
        let m = self.seal_offer(rogue, number, resume);
        self.deliver(rogue, m);
    }

    /// An offer to the kiosk's session of now.
    pub(crate) fn seal_offer(&self, rogue: usize, number: u8, resume: Option<CallId>) -> Envelope {
        let description = Description::new(sdp(REMOTE, "actpass"), SdpType::Offer).unwrap();
        let offer = Body::Offer { description, resume };
        Message::seal(&self.rogues[rogue].key, &self.header(rogue, CallId([number; 16]), 0), &offer)
    }

    pub(crate) fn phase(&self) -> &'static str {
        self.kiosk.status().call.map_or("none", |call| call.phase)
    }

    pub(crate) fn press(&mut self, button: Button) {
        self.input(Input::Button(button, Edge::Down));
        self.input(Input::Button(button, Edge::Up));
    }

    pub(crate) fn store(&mut self, event: FileEvent) {
        self.input(Input::File(event));
    }

    pub(crate) fn chunk(&mut self, rogue: usize, chunk: Chunk) {
        if let Some(call) = self.rogues[rogue].call {
            self.input(Input::Media(MediaEvent::Chunk { call, chunk }));
        }
    }

    /// Time passes, and with it the kiosk's deadlines.
    pub(crate) fn run(&mut self, for_: Duration) {
        let until = self.now + for_;
        while let Some(at) = self.deadline.filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = until;
    }

    pub(crate) fn join(&mut self, index: u8, epoch: u64) {
        let rogue = Rogue::new(index, epoch);
        let peer = rogue.description();
        match self.rogues.iter().position(|known| known.peer() == rogue.peer()) {
            Some(place) => self.rogues[place] = rogue,
            None => self.rogues.push(rogue),
        }
        self.input(frame(&ServerFrame::Joined { peer }));
    }

    /// The server tells of a peer once more.
    pub(crate) fn present(&mut self, rogue: usize) {
        let peer = self.rogues[rogue].description();
        self.frame(&ServerFrame::Joined { peer });
    }

    pub(crate) fn frame(&mut self, told: &ServerFrame) {
        self.input(frame(told));
    }

    pub(crate) fn leave(&mut self, rogue: usize) {
        let peer = self.rogues[rogue].peer();
        self.input(frame(&ServerFrame::Left { peer }));
    }

    pub(crate) fn lose_link(&mut self) {
        let (trouble, reason) = (LinkTrouble::NoNetwork, "cable pulled".to_owned());
        self.input(Input::Link(ServerId(0), LinkEvent::Closed { trouble, reason }));
    }

    /// What the kiosk said to a peer since the last time.
    pub(crate) fn heard(&mut self, rogue: usize) -> Vec<Body> {
        std::mem::take(&mut self.rogues[rogue].heard)
    }

    pub(crate) fn stored(&mut self) -> Vec<FileCommand> {
        std::mem::take(&mut self.files)
    }

    pub(crate) fn refusals(&self, reason: &str) -> u64 {
        self.kiosk.status().refusals.get(reason).copied().unwrap_or_default()
    }

    pub(crate) fn pairing(&self) -> Option<Pairing> {
        self.view.as_ref()?.pairing.clone()
    }

    pub(crate) fn session(&self, rogue: usize) -> SessionId {
        self.rogues[rogue].certificate.session()
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.certificate.as_ref().unwrap().id
    }
}

/// The authority that the kiosk has pinned.
pub(crate) fn authority() -> OperatorKey {
    OperatorKey::from_seed(&[77; 32]).unwrap()
}

fn frame(frame: &ServerFrame) -> Input {
    Input::Link(ServerId(0), LinkEvent::Frame(frame.to_text()))
}

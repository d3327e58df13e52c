//! T1: the rooms without sockets, in virtual time.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use kiosk_server::{
    Ice,
    rooms::{CloseReason, Input, Note, Now, Output, Rooms, SIGN_IN_TIME, Settings, SocketId},
};
use kiosk_wire::{ClientFrame, Envelope, ErrorCode, LARGEST_FRAME, PeerId, Refusal, ServerFrame};

use crate::peer::{Challenge, Peer, WALL, room};

const AUDIENCE: &str = "ws://127.0.0.1:3030/signaling";

/// The rooms, a clock, and what came out for each socket.
struct World {
    rooms: Rooms,
    start: Instant,
    elapsed: Duration,
    frames: BTreeMap<SocketId, Vec<Arc<str>>>,
    closed: BTreeMap<SocketId, CloseReason>,
    notes: Vec<Note>,
    deadline: Option<Instant>,
}

impl World {
    fn new(settings: Settings) -> Self {
        Self {
            rooms: Rooms::new(settings, [4; 32]),
            start: Instant::now(),
            elapsed: Duration::ZERO,
            frames: BTreeMap::new(),
            closed: BTreeMap::new(),
            notes: Vec::new(),
            deadline: None,
        }
    }

    fn now(&self) -> Now {
        Now { mono: self.start + self.elapsed, wall: WALL + self.elapsed.as_secs() }
    }

    fn input(&mut self, input: Input) {
        self.rooms.handle_input(input, self.now());
        self.deadline = loop {
            match self.rooms.poll_output() {
                Output::Send { socket, text } => {
                    assert!(text.len() <= LARGEST_FRAME, "a frame of {} bytes", text.len());
                    assert!(!self.closed.contains_key(&socket), "a frame after the close of {socket:?}");
                    self.frames.entry(socket).or_default().push(text);
                }
                Output::Close { socket, reason } => assert_eq!(self.closed.insert(socket, reason), None),
                Output::Note(note) => self.notes.push(note),
                Output::Timeout(deadline) => break deadline,
            }
        };
    }

    /// Moves the clock on, stopping at every deadline.
    fn advance(&mut self, by: Duration) {
        let end = self.elapsed + by;
        while let Some(deadline) = self.deadline.filter(|&deadline| deadline <= self.start + end) {
            self.elapsed = deadline - self.start;
            self.input(Input::Timeout);
        }
        self.elapsed = end;
    }

    fn connect_from(&mut self, number: u64, address: &str) -> Option<Challenge> {
        let address: IpAddr = address.parse().expect("an address");
        self.input(Input::Connected { socket: SocketId(number), address, audience: AUDIENCE.to_owned() });
        self.taken(number).first().map(|text| Challenge::read(text))
    }

    fn connect(&mut self, number: u64) -> Challenge {
        self.connect_from(number, "127.0.0.1").expect("a hello")
    }

    fn frame(&mut self, number: u64, text: impl Into<String>) {
        self.input(Input::Frame { socket: SocketId(number), text: text.into() });
    }

    fn sign_in(&mut self, number: u64, peer: &Peer) {
        let challenge = self.connect(number);
        let wall = self.now().wall;
        self.frame(number, peer.auth(&challenge, wall));
    }

    /// Raw frames sent to this socket since the last look.
    fn taken(&mut self, number: u64) -> Vec<Arc<str>> {
        self.frames.remove(&SocketId(number)).unwrap_or_default()
    }

    fn told(&mut self, number: u64) -> Vec<ServerFrame> {
        self.taken(number).iter().map(|text| ServerFrame::parse(text).expect("a frame of the protocol")).collect()
    }

    fn closed(&self, number: u64) -> Option<CloseReason> {
        self.closed.get(&SocketId(number)).copied()
    }
}

/// A world with peers 1 and 2 signed in on sockets 1 and 2, and nothing unread.
fn two_peers() -> (World, Peer, Peer) {
    let mut world = World::new(Settings::default());
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    world.sign_in(1, &one);
    world.sign_in(2, &two);
    world.taken(1);
    world.taken(2);
    (world, one, two)
}

fn error(to: Option<PeerId>, code: ErrorCode) -> ServerFrame {
    ServerFrame::Err { to, code }
}

fn message(to: PeerId, m: Envelope) -> String {
    ClientFrame::Msg { to, m }.to_text()
}

#[test]
fn peers_see_each_other_come_and_go() {
    let mut world = World::new(Settings::default());
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    world.sign_in(1, &one);
    assert_eq!(world.told(1), [ServerFrame::Welcome { you: one.id(), peers: vec![], ice: vec![] }]);
    world.sign_in(2, &two);
    let told = world.told(2);
    let [ServerFrame::Welcome { you, peers, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((*you, peers.len()), (two.id(), 1));
    let certificate = kiosk_wire::SessionCertificate::open(&peers[0].sess).expect("as it was signed");
    assert_eq!(certificate.peer(), one.id());
    let told = world.told(1);
    assert!(matches!(told.as_slice(), [ServerFrame::Joined { peer }] if peer.sess != peers[0].sess), "{told:?}");
    world.input(Input::Closed { socket: SocketId(2) });
    assert_eq!(world.told(1), [ServerFrame::Left { peer: two.id() }]);
    assert_eq!((world.rooms.peers(), world.rooms.rooms()), (1, 1));
    world.input(Input::Closed { socket: SocketId(1) });
    assert_eq!((world.rooms.peers(), world.rooms.rooms(), world.rooms.waiting()), (0, 0, 0));
    assert_eq!(world.deadline, None);
}

#[test]
fn challenges_differ() {
    let mut world = World::new(Settings::default());
    assert_ne!(world.connect(1).nonce, world.connect(2).nonce);
}

/// Each line changes one thing of a good sign-in.
#[test]
fn each_bad_sign_in_is_refused_for_its_reason() {
    type Change = fn(&Peer, &Challenge) -> String;
    let cases: &[(Refusal, Change)] = &[
        (Refusal::FrameSyntax, |_, _| "{".to_owned()),
        (Refusal::FrameSyntax, |peer, challenge| peer.auth(challenge, WALL).replacen("\"memb\":[],", "", 1)),
        (Refusal::FrameTooBig, |_, _| " ".repeat(LARGEST_FRAME + 1)),
        (Refusal::Unexpected, |peer, _| message(peer.id(), peer.message())),
        (Refusal::Room, |peer, challenge| peer.auth(challenge, WALL).replacen("lobby", "Lobby", 1)),
        (Refusal::Room, |peer, challenge| peer.auth(challenge, WALL).replacen("lobby", "ward", 1)),
        (Refusal::Header, |peer, challenge| changed(peer, challenge, |sess, pop| *sess = pop.clone())),
        (Refusal::Header, |peer, challenge| changed(peer, challenge, |sess, pop| *pop = sess.clone())),
        (Refusal::SignatureLength, |peer, challenge| changed(peer, challenge, |sess, _| sess.signature.truncate(85))),
        (Refusal::Signature, |peer, challenge| {
            changed(peer, challenge, |sess, _| {
                sess.signature = Peer::new(9, 0).certificate_envelope(challenge).signature
            })
        }),
        (Refusal::Signature, |peer, challenge| {
            changed(peer, challenge, |_, pop| *pop = Peer::new(9, 0).proof(challenge))
        }),
        (Refusal::Audience, |peer, challenge| {
            peer.auth(&Challenge { audience: "wss://rogue.example/signaling".into(), ..challenge.clone() }, WALL)
        }),
        (Refusal::Audience, |peer, challenge| {
            let rogue = Challenge { audience: "wss://rogue.example/signaling".into(), ..challenge.clone() };
            changed(peer, challenge, |_, pop| *pop = peer.proof(&rogue))
        }),
        (Refusal::Nonce, |peer, challenge| {
            peer.auth(&Challenge { nonce: kiosk_wire::Nonce([0; 16]), ..challenge.clone() }, WALL)
        }),
        (Refusal::Nonce, |peer, challenge| {
            let old = Challenge { nonce: kiosk_wire::Nonce([0; 16]), ..challenge.clone() };
            changed(peer, challenge, |_, pop| *pop = peer.proof(&old))
        }),
        (Refusal::Expired, |peer, challenge| peer.auth(challenge, WALL - 86_461)),
        (Refusal::NotYetValid, |peer, challenge| peer.auth(challenge, WALL + 61)),
        (Refusal::BodyLimit, |peer, challenge| with_memberships(peer, challenge, &vec![peer.message(); 5])),
        (Refusal::BodyLimit, |peer, challenge| with_memberships(peer, challenge, &[peer.large_message(9000)])),
    ];
    for (number, (reason, frame)) in (1..).zip(cases) {
        let mut world = World::new(Settings::default());
        let challenge = world.connect(number);
        world.frame(number, frame(&Peer::new(1, 0), &challenge));
        assert_eq!(world.closed(number), Some(CloseReason::Refused(*reason)), "case {number}");
        assert_eq!(world.notes, [Note::Refused(reason.code())], "case {number}");
        assert_eq!((world.rooms.peers(), world.rooms.waiting()), (0, 0), "case {number}");
    }
}

impl Peer {
    fn certificate_envelope(&self, challenge: &Challenge) -> Envelope {
        self.certificate(challenge, WALL).seal(&self.identity)
    }
}

fn changed(peer: &Peer, challenge: &Challenge, change: impl FnOnce(&mut Envelope, &mut Envelope)) -> String {
    let mut frame = peer.auth_with(&peer.certificate(challenge, WALL), challenge);
    if let ClientFrame::Auth { sess, pop, .. } = &mut frame {
        change(sess, pop);
    }
    frame.to_text()
}

fn with_memberships(peer: &Peer, challenge: &Challenge, memberships: &[Envelope]) -> String {
    let mut frame = peer.auth_with(&peer.certificate(challenge, WALL), challenge);
    if let ClientFrame::Auth { memb, .. } = &mut frame {
        *memb = memberships.to_vec();
    }
    frame.to_text()
}

#[test]
fn clocks_may_differ_by_a_minute_and_a_kiosk_may_have_none() {
    for nb in [WALL - 86_460, WALL - 86_400, WALL + 60] {
        let mut world = World::new(Settings::default());
        let challenge = world.connect(1);
        world.frame(1, Peer::new(1, 0).auth(&challenge, nb));
        assert_eq!((world.closed(1), world.rooms.peers()), (None, 1), "{nb}");
    }
    let mut world = World::new(Settings::default());
    let challenge = world.connect(1);
    world.frame(1, Peer::new(1, 0).auth(&challenge, 0));
    assert_eq!((world.closed(1), world.rooms.peers()), (None, 1));
    world.advance(Duration::from_secs(86_399));
    assert_eq!(world.closed(1), None);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.closed(1), Some(CloseReason::SessionEnded));
}

#[test]
fn a_message_arrives_byte_for_byte() {
    let (mut world, one, two) = two_peers();
    let Envelope { protected, payload, signature } = one.message();
    // Members in another order, odd white space and an escape: all of it must survive.
    let escaped = signature.replacen(&signature[..1], &format!("\\u{:04x}", signature.as_bytes()[0]), 1);
    let m = format!("{{ \"signature\" :\"{escaped}\",\n\t\"payload\":\"{payload}\" , \"protected\":\"{protected}\"}}");
    world.frame(1, format!(r#" {{"m":{m},"to":"{}","t":"msg"}}"#, two.id()));
    let expected = format!(r#"{{"t":"msg","from":"{}","m":{m}}}"#, one.id());
    assert_eq!(world.taken(2).iter().map(|text| &**text).collect::<Vec<_>>(), [expected]);
    assert_eq!(world.taken(1), Vec::<Arc<str>>::new());
    assert_eq!(world.notes.last(), Some(&Note::Relayed));
}

#[test]
fn what_cannot_be_passed_on_is_answered() {
    let (mut world, one, two) = two_peers();
    let elsewhere = Peer::new(3, 0);
    let challenge = world.connect(3);
    let certificate = kiosk_wire::SessionCertificate { room: room("ward"), ..elsewhere.certificate(&challenge, WALL) };
    world.frame(3, elsewhere.auth_with(&certificate, &challenge).to_text());
    world.taken(3);
    let (to, signed) = (two.id(), one.message());
    let flipped = Envelope { payload: signed.payload.replacen('e', "f", 1), ..signed.clone() };
    let no_message = one.certificate_envelope(&challenge);
    let extra = message(to, signed.clone()).replacen("\"payload\"", "\"header\":{},\"payload\"", 1);
    let twice = message(to, signed.clone()).replacen("\"t\"", "\"t\":\"msg\",\"t\"", 1);
    for (frame, ref_, code) in [
        (message(elsewhere.id(), signed.clone()), Some(elsewhere.id()), ErrorCode::Offline),
        (message(PeerId([0; 32]), signed.clone()), Some(PeerId([0; 32])), ErrorCode::Offline),
        (message(to, flipped), Some(to), ErrorCode::BadSig),
        (message(to, two.message()), Some(to), ErrorCode::BadSig),
        (message(to, no_message), Some(to), ErrorCode::BadSig),
        (extra, Some(to), ErrorCode::BadFrame),
        (twice, None, ErrorCode::BadFrame),
        (one.auth(&challenge, WALL), None, ErrorCode::BadFrame),
        (r#"{"t":"msg"}"#.to_owned(), None, ErrorCode::BadFrame),
        ("[".repeat(LARGEST_FRAME), None, ErrorCode::BadFrame),
        (String::new(), None, ErrorCode::BadFrame),
    ] {
        world.frame(1, frame.clone());
        assert_eq!(world.told(1), [error(ref_, code)], "{}", &frame[..frame.len().min(200)]);
    }
    assert_eq!((world.told(2), world.told(3), world.closed.len()), (vec![], vec![], 0));
}

/// `from` is two bytes longer than `to`.
#[test]
fn a_frame_that_grows_beyond_the_limit_is_not_passed_on() {
    let (mut world, one, two) = two_peers();
    let envelope = one.large_message(60_000);
    let padded = |size: usize| {
        let frame = message(two.id(), envelope.clone());
        frame.replacen("\"payload\"", &format!("{}\"payload\"", " ".repeat(size - frame.len())), 1)
    };
    world.frame(1, padded(LARGEST_FRAME - 2));
    assert_eq!((world.told(1), world.taken(2)[0].len()), (vec![], LARGEST_FRAME));
    world.frame(1, padded(LARGEST_FRAME - 1));
    assert_eq!((world.told(1), world.told(2)), (vec![error(Some(two.id()), ErrorCode::TooBig)], vec![]));
}

#[test]
fn the_newer_of_two_sign_ins_wins() {
    let (mut world, one, two) = two_peers();
    let again = Peer::new(1, 1);
    world.sign_in(3, &again);
    assert_eq!(world.told(1), [error(None, ErrorCode::Gone)]);
    assert_eq!(world.closed(1), Some(CloseReason::Gone));
    assert!(
        matches!(world.told(2).as_slice(), [ServerFrame::Left { peer }, ServerFrame::Joined { .. }] if *peer == one.id())
    );
    assert!(matches!(world.told(3).as_slice(), [ServerFrame::Welcome { peers, .. }] if peers.len() == 1));
    world.frame(2, message(one.id(), two.message()));
    assert!(matches!(world.told(3).as_slice(), [ServerFrame::Msg { from, .. }] if *from == two.id()));
    // The end of the older socket, noticed late, does not touch the newer.
    world.input(Input::Closed { socket: SocketId(1) });
    world.frame(1, message(two.id(), one.message()));
    assert_eq!((world.told(2), world.rooms.peers()), (vec![], 2));
    // The older session key signs nothing any more.
    world.frame(3, message(two.id(), one.message()));
    assert_eq!(world.told(3), [error(Some(two.id()), ErrorCode::BadSig)]);
}

#[test]
fn a_sign_in_to_another_room_leaves_the_first() {
    let (mut world, one, _) = two_peers();
    let challenge = world.connect(3);
    let certificate = kiosk_wire::SessionCertificate { room: room("ward"), ..one.certificate(&challenge, WALL) };
    world.frame(3, one.auth_with(&certificate, &challenge).to_text());
    assert_eq!((world.told(2), world.rooms.rooms()), (vec![ServerFrame::Left { peer: one.id() }], 2));
}

#[test]
fn whoever_does_not_sign_in_is_closed() {
    let mut world = World::new(Settings::default());
    world.connect(1);
    world.advance(SIGN_IN_TIME - Duration::from_millis(1));
    assert_eq!(world.closed(1), None);
    world.advance(Duration::from_millis(1));
    assert_eq!(world.closed(1), Some(CloseReason::SignInTimeout));
    assert_eq!((world.rooms.waiting(), world.deadline), (0, None));
}

#[test]
fn a_session_ends_with_its_certificate() {
    let (mut world, one, two) = two_peers();
    let challenge = world.connect(3);
    let certificate = kiosk_wire::SessionCertificate { na: WALL + 100, ..one.certificate(&challenge, WALL) };
    world.frame(3, one.auth_with(&certificate, &challenge).to_text());
    world.taken(2);
    world.advance(Duration::from_secs(159));
    assert_eq!(world.closed(3), None);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.closed(3), Some(CloseReason::SessionEnded));
    assert_eq!((world.told(2), world.closed(2)), (vec![ServerFrame::Left { peer: one.id() }], None));
    drop(two);
}

#[test]
fn too_many_frames_are_dropped_and_far_too_many_end_it() {
    let settings = Settings { rate: 10, burst: 20, ..Settings::default() };
    let mut world = World::new(settings);
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    world.sign_in(1, &one);
    world.sign_in(2, &two);
    world.taken(2);
    let frame = message(two.id(), one.message());
    world.taken(1);
    // The sign-in was the first of 20.
    for _ in 0..19 {
        world.frame(1, frame.clone());
    }
    assert_eq!((world.told(1), world.told(2).len()), (vec![], 19));
    world.frame(1, frame.clone());
    assert_eq!((world.told(1), world.told(2).len()), (vec![error(None, ErrorCode::Rate)], 0));
    world.advance(Duration::from_secs(1));
    for _ in 0..9 {
        world.frame(1, frame.clone());
    }
    assert_eq!((world.told(1), world.told(2).len()), (vec![], 9));
    for _ in 0..30 {
        world.frame(1, frame.clone());
    }
    assert_eq!(world.closed(1), Some(CloseReason::Rate));
    assert_eq!(world.told(2), [ServerFrame::Left { peer: one.id() }]);
}

#[test]
fn sockets_that_wait_are_bounded_for_an_address_and_in_all() {
    let settings = Settings { waiting: 5, waiting_per_address: 2, ..Settings::default() };
    let mut world = World::new(settings);
    for (number, address, fits) in [
        (1, "192.0.2.1", true),
        (2, "::ffff:192.0.2.1", true),
        (3, "192.0.2.1", false),
        (4, "2001:db8::1", true),
        (5, "2001:db8::2", true),
        (6, "2001:db8::3", false),
        (7, "2001:db8:0:1::3", true),
        (8, "192.0.2.8", false),
    ] {
        let challenge = world.connect_from(number, address);
        assert_eq!(challenge.is_some(), fits, "{number}");
        assert_eq!(world.closed(number), (!fits).then_some(CloseReason::TooManySockets), "{number}");
    }
    // Time, or going away, makes room again; so does signing in.
    world.input(Input::Closed { socket: SocketId(1) });
    let challenge = world.connect_from(9, "192.0.2.1").expect("a place");
    world.frame(9, Peer::new(1, 0).auth(&challenge, WALL));
    assert!(world.connect_from(10, "192.0.2.1").is_some());
    world.advance(SIGN_IN_TIME);
    assert!(world.connect_from(11, "192.0.2.8").is_some());
}

#[test]
fn rooms_and_their_peers_are_bounded() {
    let mut world = World::new(Settings { rooms: 1, peers_per_room: 2, ..Settings::default() });
    let (one, two) = (Peer::new(1, 0), Peer::new(2, 0));
    world.sign_in(1, &one);
    world.sign_in(2, &two);
    world.sign_in(3, &Peer::new(3, 0));
    assert_eq!((world.told(3), world.closed(3)), (vec![error(None, ErrorCode::Full)], Some(CloseReason::Full)));
    // Who is in already may sign in again.
    world.sign_in(4, &Peer::new(1, 1));
    assert_eq!((world.closed(4), world.rooms.peers()), (None, 2));
    let challenge = world.connect(5);
    let five = Peer::new(5, 0);
    let certificate = kiosk_wire::SessionCertificate { room: room("ward"), ..five.certificate(&challenge, WALL) };
    world.frame(5, five.auth_with(&certificate, &challenge).to_text());
    assert_eq!((world.told(5), world.closed(5)), (vec![error(None, ErrorCode::Full)], Some(CloseReason::Full)));
    assert_eq!(world.rooms.waiting(), 0);
}

/// Large descriptions fill a room before the number of peers does; the welcome stays a legal frame (checked by `World::input`).
#[test]
fn a_welcome_never_outgrows_a_frame() {
    let mut world = World::new(Settings { peers_per_room: 100, ..Settings::default() });
    for number in 1..20 {
        let peer = Peer::new(u32::try_from(number).expect("small"), 0);
        let challenge = world.connect(number);
        world.frame(number, with_memberships(&peer, &challenge, &[peer.large_message(6000)]));
    }
    let full = world.closed.values().filter(|&&reason| reason == CloseReason::Full).count();
    assert!(full >= 8 && world.rooms.peers() >= 7, "{full} refused, {} in", world.rooms.peers());
}

#[test]
fn a_draining_server_sends_everybody_away() {
    let (mut world, ..) = two_peers();
    world.connect(3);
    world.input(Input::Drain);
    assert!((1..=3).all(|number| world.closed(number) == Some(CloseReason::Draining)));
    assert_eq!(world.frames.len(), 0, "no word of who left: all leave");
    assert!(world.connect_from(4, "127.0.0.1").is_none());
    assert_eq!(world.closed(4), Some(CloseReason::Draining));
    assert_eq!((world.rooms.peers(), world.rooms.waiting(), world.deadline), (0, 0, None));
}

#[test]
fn the_welcome_carries_turn_credentials() {
    let ice = Ice::new(vec!["stun:s.example".into()], vec!["turn:t.example".into()], b"secret".to_vec());
    let mut world = World::new(Settings { ice: ice.clone(), ..Settings::default() });
    let one = Peer::new(1, 0);
    world.sign_in(1, &one);
    let told = world.told(1);
    assert!(
        matches!(told.as_slice(), [ServerFrame::Welcome { ice: told, .. }] if *told == ice.servers(one.id(), WALL))
    );
}

//! A whole kiosk in a room with two peers that sign whatever is to be signed: frames of the server, messages over the link and over the channel of a call,
//! chunks of files, buttons, time. After each: the gates are open exactly in a call, the screen says so, and a turn does little.
//!
//! The input is a list of steps: a byte for what, a byte for how, and for some a length (two bytes, big-endian) and a text.
#![no_main]

#[expect(dead_code, reason = "it uses its part of the rig")]
#[path = "../../call/tests/rogue/mod.rs"]
mod rogue;

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kiosk_call::{
    Button, CallId, Chunk, Command, FileCommand, FileEvent, FileId, Input, LinkEvent, MediaCommand, MediaEvent, Screen,
    ServerId,
};
use kiosk_wire::{Envelope, Hash, Kind};
use libfuzzer_sys::fuzz_target;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use rogue::Rig;

const PEERS: u8 = 2;
const MOST_STEPS: usize = 64;
/// As in call/tests/sim.
const MOST_OUTPUTS: usize = 200;
const TYPES: [&str; 32] = [
    "offer",
    "ringing",
    "answer",
    "candidates",
    "end-of-candidates",
    "reject",
    "bye",
    "pair-commit",
    "pair-reveal",
    "pair-confirm",
    "pair-cancel",
    "status",
    "confirm",
    "chat",
    "chat-received",
    "media",
    "ping",
    "pong",
    "ask",
    "reply",
    "file-offer",
    "file-accept",
    "file-progress",
    "file-done",
    "file-cancel",
    "show",
    "chat",
    "ask",
    "file-offer",
    "file-accept",
    "media",
    "candidates",
];
const BUTTONS: [Button; 16] = [
    Button::Call,
    Button::Answer,
    Button::HangUp,
    Button::Mute,
    Button::Camera,
    Button::VolumeUp,
    Button::Yes,
    Button::No,
    Button::Next,
    Button::Reply(0),
    Button::Page,
    Button::Hold,
    Button::Share,
    Button::Document,
    Button::Zoom,
    Button::Pair,
];

struct Steps<'a>(&'a [u8]);

impl<'a> Steps<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

struct World {
    rig: Rig,
    /// The next message of each peer: over the link in its call, outside a call, over the channel.
    next: [[u32; 3]; PEERS as usize],
    calls: u8,
    gates: Option<CallId>,
    seen: usize,
}

impl World {
    fn new() -> Self {
        let mut rig = Rig::new(1, PEERS, PEERS);
        rig.input(Input::Command(Command::Volume(50)));
        Self { rig, next: [[1, 0, 1]; PEERS as usize], calls: 0, gates: None, seen: 0 }
    }

    fn step(&mut self, steps: &mut Steps<'_>) -> Option<()> {
        let (what, how) = (steps.byte()?, steps.byte()?);
        let peer = usize::from(how % PEERS);
        match what % 12 {
            0 => self.rig.input(Input::Link(ServerId(0), LinkEvent::Frame(steps.text()?.to_owned()))),
            1 | 2 => {
                let envelope = self.signed(peer, usize::from(how >> 7), steps)?;
                self.rig.deliver(peer, envelope);
            }
            3..=5 => {
                let call = self.rig.rogues[peer].call.unwrap_or(CallId::NONE);
                let text = self.signed(peer, 2, steps)?.to_text();
                self.rig.input(Input::Media(MediaEvent::ChannelMessage { call, text }));
            }
            6 => {
                let (place, length) = (steps.byte()?, steps.byte()?);
                let bytes = vec![0; usize::from(length) * 64 + 1];
                let chunk = Chunk { id: FileId([how % 4; 16]), offset: u64::from(place) * 64, bytes };
                self.rig.chunk(peer, chunk);
            }
            7 => self.rig.press(BUTTONS[usize::from(how) % BUTTONS.len()]),
            8 => self.rig.run(Duration::from_millis(u64::from(how) * 100)),
            9 => {
                self.calls = self.calls.wrapping_add(1);
                self.next[peer] = [1, self.next[peer][1], 1];
                self.rig.ring(peer, 1 + self.calls % 200);
            }
            10 => self.answer_the_store(how),
            _ => self.media_event(peer, how),
        }
        Some(())
    }

    /// With everything right but what the input says: type, body, and sometimes the number.
    fn signed(&mut self, peer: usize, way: usize, steps: &mut Steps<'_>) -> Option<Envelope> {
        let (kind, skip) = (steps.byte()?, steps.byte()?);
        let body = steps.text()?;
        let next = &mut self.next[peer][way];
        let seq = next.wrapping_add(u32::from(skip / 64));
        *next = seq.wrapping_add(1);
        let call = if way == 1 { CallId::NONE } else { self.rig.rogues[peer].call.unwrap_or(CallId::NONE) };
        let header = self.rig.header(peer, call, seq);
        let payload = format!(
            r#"{{"v":1,"t":"{}","from":"{}","fs":"{}","to":"{}","ts":"{}","room":"lobby","call":"{call}","seq":{seq},"re":null,"at":0,"body":{body}}}"#,
            TYPES[usize::from(kind) % TYPES.len()],
            header.from,
            self.rig.session(peer),
            header.to,
            header.to_session,
        );
        let (protected, payload) = (Kind::Message.protected().to_owned(), BASE64_URL_SAFE_NO_PAD.encode(payload));
        let signature: Signature = key(peer).sign(format!("{protected}.{payload}").as_bytes());
        Some(Envelope { protected, payload, signature: BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()) })
    }

    fn answer_the_store(&mut self, how: u8) {
        for command in self.rig.stored() {
            let event = match command {
                FileCommand::Accept(offer) if how % 4 == 0 => {
                    FileEvent::Complete { id: offer.id, can_be_shown: how % 8 == 0 }
                }
                FileCommand::Accept(offer) => {
                    FileEvent::Accepted { id: offer.id, offset: (u64::from(how) * 16).min(offer.size - 1) }
                }
                FileCommand::Write(chunk) => {
                    FileEvent::Written { id: chunk.id, received: chunk.offset + chunk.bytes.len() as u64 }
                }
                FileCommand::Read { id, offset, length } => {
                    FileEvent::Read(Chunk { id, offset, bytes: vec![0; length] })
                }
                FileCommand::Snapshot { id, of: _ } => FileEvent::Failed { id, why: kiosk_call::FileRefusal::Storage },
                FileCommand::Discard(_) | FileCommand::Rest(_) => continue,
            };
            self.rig.store(event);
        }
    }

    fn media_event(&mut self, peer: usize, how: u8) {
        let Some(call) = self.rig.rogues[peer].call else { return };
        self.rig.input(match how % 4 {
            0 => Input::Media(MediaEvent::PeerGone { call }),
            1 => Input::Media(MediaEvent::FirstFrame { call }),
            2 => Input::Media(MediaEvent::ChannelOpen { call }),
            _ => {
                let name = "a file".to_owned();
                let (id, sha256) = (FileId([how % 8; 16]), Hash([how; 32]));
                let offer = kiosk_call::FileOffer {
                    id,
                    name,
                    media_type: "image/png".to_owned(),
                    size: 1 + u64::from(how) * 100,
                    sha256,
                };
                Input::Command(Command::SendFile(offer))
            }
        });
    }

    fn verify_invariants(&mut self) {
        for command in &self.rig.media[self.seen..] {
            match command {
                MediaCommand::OpenGates { call } => self.gates = Some(*call),
                MediaCommand::Close { call } if self.gates == Some(*call) => self.gates = None,
                _ => {}
            }
        }
        self.seen = self.rig.media.len();
        let call = self.rig.kiosk.status().call;
        let confirmed = call.as_ref().and_then(|call| call.connection);
        let in_call = call.filter(|call| call.phase == "in-call");
        assert_eq!(self.gates, confirmed, "the gates are open exactly in a confirmed connection");
        let on_screen = matches!(self.rig.view.as_ref().map(|view| &view.screen), Some(Screen::InCall { .. }));
        assert_eq!(on_screen, in_call.is_some(), "the screen tells the truth");
        assert!(self.rig.most_outputs <= MOST_OUTPUTS, "{} outputs in a turn", self.rig.most_outputs);
        assert!(self.rig.kiosk.history().len() <= 500);
    }
}

/// As `Rogue::new` makes it.
fn key(peer: usize) -> SigningKey {
    let mut seed = [50 + u8::try_from(peer).expect("two"); 32];
    seed[0] = 1;
    SigningKey::from_slice(&seed).expect("below the order")
}

fuzz_target!(|data: &[u8]| {
    let (mut world, mut steps) = (World::new(), Steps(data));
    for _ in 0..MOST_STEPS {
        if world.step(&mut steps).is_none() {
            break;
        }
        world.verify_invariants();
    }
});

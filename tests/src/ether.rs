//! A model of media for attacks that never get as far as a handshake: descriptions, candidates, handshakes, gates, a channel.
//!
//! As careless as webrtcbin: any two ends whose ICE credentials match are connected, whatever the fingerprints say.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use kiosk_call::{CallId, MediaCommand, MediaEvent};
use kiosk_wire::{Candidate, Fingerprint};
use tokio::sync::watch;

use crate::{
    kiosk::{Events, MakeMedia},
    sight::{Shown, Sight},
};

/// What all modelled media share.
#[derive(Clone, Debug, Default)]
pub struct Ether(Arc<Mutex<BTreeMap<String, End>>>);

const fn byte(number: usize) -> u8 {
    // Kiosks are few.
    number.to_le_bytes()[0] + 1
}

/// What the pictures of this kiosk look like.
#[must_use]
pub const fn colour(number: usize) -> [u8; 3] {
    [byte(number); 3]
}

/// One peer connection.
#[derive(Debug)]
struct End {
    call: CallId,
    fingerprint: Fingerprint,
    events: Events,
    sight: Arc<watch::Sender<Sight>>,
    /// ICE user name of the other end, from the remote description.
    remote: Option<String>,
    candidates: usize,
    connected: bool,
    gate_open: bool,
}

impl Ether {
    /// The media of a kiosk.
    #[must_use]
    pub fn media(&self, number: usize) -> MakeMedia {
        let ether = self.clone();
        Box::new(move |events, sight| {
            let mut calls = BTreeMap::new();
            let mut made = 0;
            let fingerprint = Fingerprint([byte(number); 32]);
            Ok(Box::new(move |command| {
                let mut describe = |call: CallId, remote: Option<&str>| {
                    made += 1;
                    let name = format!("kiosk{number}call{made}");
                    calls.insert(call, name.clone());
                    let end = End {
                        call,
                        fingerprint,
                        events: events.clone(),
                        sight: Arc::clone(&sight),
                        remote: remote.map(|sdp| user_name(sdp).to_owned()),
                        candidates: 0,
                        connected: false,
                        gate_open: false,
                    };
                    ether.describe(name, end);
                };
                match command {
                    MediaCommand::Offer { call, ice: _ } => describe(call, None),
                    MediaCommand::Answer { call, sdp, ice: _ } => describe(call, Some(&sdp)),
                    MediaCommand::AcceptAnswer { call, sdp } => {
                        ether.change(calls.get(&call), |end| end.remote = Some(user_name(&sdp).to_owned()));
                    }
                    MediaCommand::AddCandidate { call, candidate: _ } => {
                        ether.change(calls.get(&call), |end| end.candidates += 1);
                    }
                    MediaCommand::OpenGates { call } => ether.open_gate(calls.get(&call)),
                    MediaCommand::SendChannel { call, text } => ether.send(calls.get(&call), text),
                    MediaCommand::SendChunk { .. }
                    | MediaCommand::SetSource(_)
                    | MediaCommand::SetQuality(_)
                    | MediaCommand::SetReceiving(_)
                    | MediaCommand::SetSending { .. }
                    | MediaCommand::SetTone(_) => {}
                    MediaCommand::Close { call } => ether.close(calls.remove(&call)),
                }
            }))
        })
    }

    fn ends(&self) -> MutexGuard<'_, BTreeMap<String, End>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self, name: String, end: End) {
        let (call, setup) = (end.call, if end.remote.is_some() { "active" } else { "actpass" });
        let candidate = Candidate {
            candidate: "candidate:1 1 UDP 2015363327 192.0.2.1 40000 typ host".to_owned(),
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
            username_fragment: None,
        };
        end.tell(MediaEvent::LocalDescription { call, sdp: sdp(&name, end.fingerprint, setup) });
        end.tell(MediaEvent::LocalCandidate { call, candidate });
        end.tell(MediaEvent::EndOfCandidates { call });
        end.sight.send_modify(|sight| sight.peer_connections += 1);
        self.ends().insert(name, end);
    }

    fn change(&self, name: Option<&String>, change: impl FnOnce(&mut End)) {
        let ends = &mut *self.ends();
        let Some(name) = name else { return };
        let Some(end) = ends.get_mut(name) else { return };
        change(end);
        connect(ends, name);
    }

    fn open_gate(&self, name: Option<&String>) {
        let ends = &mut *self.ends();
        let Some(name) = name else { return };
        let Some(end) = ends.get_mut(name) else { return };
        end.gate_open = true;
        // The valve is open: from here on something leaves.
        end.sight.send_modify(|sight| sight.packets_sent += 1);
        let Some(other) = end.remote.clone().filter(|_| end.connected) else { return };
        if !ends.get(&other).is_some_and(|other| other.gate_open) {
            return;
        }
        let (this, that) = (ends.get(name), ends.get(&other));
        for (from, to) in [this.zip(that), that.zip(this)].into_iter().flatten() {
            let shown = Shown { colour: [from.fingerprint.0[0]; 3], hash: 0 };
            to.sight.send_modify(|sight| {
                sight.picture(to.call, shown, None, Instant::now());
                sight.sounds += 1;
            });
        }
    }

    fn send(&self, name: Option<&String>, text: String) {
        let ends = self.ends();
        let other =
            name.and_then(|name| ends.get(name)).filter(|end| end.connected).and_then(|end| end.remote.as_ref());
        if let Some(other) = other.and_then(|other| ends.get(other)) {
            other.tell(MediaEvent::ChannelMessage { call: other.call, text });
        }
    }

    fn close(&self, name: Option<String>) {
        let ends = &mut *self.ends();
        let Some(end) = name.and_then(|name| ends.remove(&name)) else { return };
        end.sight.send_modify(|sight| sight.peer_connections -= 1);
        if let Some(other) = end.remote.filter(|_| end.connected).and_then(|other| ends.get(&other)) {
            other.tell(MediaEvent::PeerGone { call: other.call });
        }
    }
}

impl End {
    fn tell(&self, event: MediaEvent) {
        // The kiosk is gone if this fails.
        let _ = self.events.send(event);
    }
}

/// Both ends know each other, and at least one of them where the other is (RFC 8445 §7.3.1.3: the other learns it from the check).
fn connect(ends: &mut BTreeMap<String, End>, name: &str) {
    let Some(end) = ends.get(name).filter(|end| !end.connected) else { return };
    let Some((other_name, other)) = end.remote.as_ref().and_then(|other| ends.get_key_value(other)) else { return };
    if other.remote.as_deref() != Some(name) || end.candidates + other.candidates == 0 {
        return;
    }
    for (this, that) in [(end, other), (other, end)] {
        this.tell(MediaEvent::Secured { call: this.call, local: this.fingerprint, remote: that.fingerprint });
        this.tell(MediaEvent::ChannelOpen { call: this.call });
    }
    for name in [name.to_owned(), other_name.clone()] {
        if let Some(end) = ends.get_mut(&name) {
            end.connected = true;
        }
    }
}

fn user_name(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap_or_default()
}

/// A description with only a data channel, under this ICE user name.
#[must_use]
pub fn sdp(name: &str, fingerprint: Fingerprint, setup: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
         a=mid:0\r\na=ice-ufrag:{name}\r\na=ice-pwd:0123456789abcdefghijklmn\r\na=setup:{setup}\r\na=fingerprint:sha-256 {}\r\n",
        fingerprint.to_sdp()
    )
}

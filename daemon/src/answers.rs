//! Answers to what is asked at the control socket: questions from the state, wishes as inputs of the core.

use std::time::{Duration, Instant};

use kiosk_call::{ChatLine, Command, DeviceState, Link, Pin, Statistics, Status};
use kiosk_wire::{Name, PeerId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    config::parse_peer_id,
    control::protocol::{
        CallReply, ChatHistoryReply, ChatLineReply, DeviceReply, Failure, IdentityReply, LinkReply, LinkState, Method,
        PeerReply, PeersReply, PinReply, StatisticsReply, StatusReply, TrustListReply,
    },
    run::{Loop, now},
};

/// Longest press of a button by kioskctl.
const LONGEST_HOLD_MS: u64 = 60_000;

type Answer = Result<Value, Failure>;

impl Loop {
    pub(crate) fn answer(&mut self, method: Method) -> Answer {
        match method {
            Method::Status {} => to_value(&self.status()),
            Method::Peers {} => to_value(&self.peers()),
            Method::Call { peer } => self.call(peer.as_deref()),
            Method::HangUp {} => self.command(Command::HangUp),
            Method::Answer {} => self.command(Command::Answer),
            Method::Mute {} => self.command(Command::Mute),
            Method::Unmute {} => self.command(Command::Unmute),
            Method::Camera { on } => self.command(Command::Camera(on)),
            Method::ChatSend { text } => self.command(Command::Chat(text)),
            Method::ChatHistory {} => self.history(),
            Method::Press { button, hold_ms } => {
                if hold_ms.is_some_and(|hold| hold > LONGEST_HOLD_MS) {
                    return Err(Failure::Declined(format!("hold_ms is at most {LONGEST_HOLD_MS}")));
                }
                let declined = self.press(button.into(), hold_ms.map(Duration::from_millis));
                self.outcome(declined)
            }
            Method::Volume { percent } if percent > 100 => {
                Err(Failure::Declined(format!("{percent} is not in 0 to 100 percent")))
            }
            Method::Volume { percent } => self.command(Command::Volume(percent)),
            Method::Screenshot {} | Method::Devices {} | Method::LearnKey {} => {
                Err(Failure::Unavailable("it is answered without the loop".to_owned()))
            }
            Method::TrustList {} => to_value(&self.trusted()),
            Method::TrustAdd { id, name, auto_answer } => {
                let name = Name::try_from(name).map_err(|_| {
                    Failure::Declined("a name has 1 to 64 characters, none of them a control character".to_owned())
                })?;
                let pin = Pin { peer: peer_id(&id)?, name: name.into(), auto_answer };
                self.not_configured(pin.peer)?;
                self.command(Command::TrustAdd(pin))
            }
            Method::TrustRemove { id } => {
                let peer = peer_id(&id)?;
                self.not_configured(peer)?;
                if !self.kiosk.pins().iter().any(|pin| pin.peer == peer) {
                    return Err(Failure::NotFound(format!("{peer} is not a trusted peer")));
                }
                self.command(Command::TrustRemove(peer))
            }
            Method::Identity {} => to_value(&IdentityReply {
                peer_id: self.public_key.peer_id().to_string(),
                public_key: self.public_key.to_string(),
            }),
        }
    }

    fn command(&mut self, command: Command) -> Answer {
        let declined = self.turn(kiosk_call::Input::Command(command));
        self.outcome(declined)
    }

    /// Done, or why not, as an error that tells a script whether to try again.
    fn outcome(&self, declined: Option<String>) -> Answer {
        match declined {
            None => Ok(json!({})),
            Some(sentence) => Err(Failure::Declined(sentence)),
        }
    }

    fn call(&mut self, peer: Option<&str>) -> Answer {
        let peer = peer.map(peer_id).transpose()?;
        let status = self.kiosk.status();
        let declined = self.turn(kiosk_call::Input::Command(Command::Call(peer)));
        let Some(sentence) = declined else { return Ok(json!({})) };
        let in_room = |peer: PeerId| self.kiosk.peers().iter().any(|found| found.peer == peer);
        Err(if status.call.is_some() {
            Failure::TryAgain(sentence)
        } else if status.link != Link::Up {
            Failure::Unavailable(sentence)
        } else if peer.is_some_and(|peer| !in_room(peer)) {
            Failure::NotFound(sentence)
        } else {
            Failure::Declined(sentence)
        })
    }

    fn not_configured(&self, peer: PeerId) -> Result<(), Failure> {
        if self.configured.contains(&peer) {
            return Err(Failure::Declined(format!("{peer} stands in the config file; change it there")));
        }
        Ok(())
    }

    fn history(&mut self) -> Answer {
        let unread = count(self.kiosk.status().unread);
        let line = |line: &ChatLine| ChatLineReply {
            id: line.id.clone(),
            from: line.from.clone(),
            text: line.text.clone(),
            at_ms: line.at.0,
            delivered: line.delivered,
        };
        let reply = ChatHistoryReply { lines: self.kiosk.history().iter().map(line).collect(), unread };
        self.command(Command::ChatRead)?;
        to_value(&reply)
    }

    fn peers(&self) -> PeersReply {
        let peers = self.kiosk.peers().into_iter().map(|peer| PeerReply {
            id: peer.peer.to_string(),
            name: peer.name,
            role: peer.role,
            verified: peer.verified,
            pinned: peer.pinned,
            trusted: peer.trusted,
        });
        PeersReply { peers: peers.collect() }
    }

    fn trusted(&self) -> TrustListReply {
        let peers = self.kiosk.pins().into_iter().map(|pin| PinReply {
            id: pin.peer.to_string(),
            configured: self.configured.contains(&pin.peer),
            name: pin.name,
            auto_answer: pin.auto_answer,
        });
        TrustListReply { peers: peers.collect() }
    }

    fn status(&self) -> StatusReply {
        let now = now().mono;
        let status = self.kiosk.status();
        let ready = [&status.camera, &status.sound].iter().all(|device| **device == DeviceState::Ready);
        StatusReply {
            healthy: ready && status.link == Link::Up,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_ms: millis(now.saturating_duration_since(self.started_at)),
            peer_id: status.peer_id.to_string(),
            link: link(&status.link, now),
            peers: count(status.peers),
            call: call(&status, now),
            muted: status.muted,
            camera_off: status.camera_off,
            camera: device(&status.camera),
            sound: device(&status.sound),
            volume: status.volume,
            unread: count(status.unread),
            refusals: status.refusals.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
            name: status.name,
            room: status.room,
        }
    }
}

fn to_value(reply: &impl Serialize) -> Answer {
    serde_json::to_value(reply).map_err(|error| Failure::Declined(error.to_string()))
}

fn peer_id(text: &str) -> Result<PeerId, Failure> {
    parse_peer_id(text).map_err(Failure::Declined)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn link(link: &Link, now: Instant) -> LinkReply {
    match link {
        Link::Up => LinkReply { state: LinkState::Up, reason: None, retry_in_ms: None },
        Link::Connecting => LinkReply { state: LinkState::Connecting, reason: None, retry_in_ms: None },
        Link::Down { reason, retry_at } => LinkReply {
            state: LinkState::Down,
            reason: Some(reason.clone()),
            retry_in_ms: Some(millis(retry_at.saturating_duration_since(now))),
        },
    }
}

fn device(state: &DeviceState) -> DeviceReply {
    match state {
        DeviceState::Ready => DeviceReply { ready: true, problem: None },
        DeviceState::Missing(problem) => DeviceReply { ready: false, problem: Some(problem.clone()) },
    }
}

fn call(status: &Status, now: Instant) -> Option<CallReply> {
    status.call.as_ref().map(|call| CallReply {
        id: call.call.to_string(),
        peer: call.peer.to_string(),
        name: call.name.name.clone(),
        verified: call.name.verified,
        phase: call.phase.replace('-', "_"),
        outgoing: call.outgoing,
        connected_for_ms: call.connected_at.map(|at| millis(now.saturating_duration_since(at))),
        peer_audio: call.peer_audio,
        peer_video: call.peer_video,
        statistics: call.statistics.as_ref().map(statistics),
    })
}

fn statistics(figures: &Statistics) -> StatisticsReply {
    StatisticsReply {
        packets_received: figures.packets_received,
        packets_lost: figures.packets_lost,
        packets_sent: figures.packets_sent,
        bytes_received: figures.bytes_received,
        bytes_sent: figures.bytes_sent,
        frames_decoded: figures.frames_decoded,
        frames_encoded: figures.frames_encoded,
        jitter: figures.jitter.as_secs_f64(),
        round_trip_time: figures.round_trip_time.map(|time| time.as_secs_f64()),
        encoder_implementation: figures.encoder_implementation.clone(),
        audio_level_in: figures.audio_level_in,
        audio_level_out: figures.audio_level_out,
        xruns: figures.xruns,
        echo_return_loss_enhancement: figures.echo_return_loss_enhancement,
    }
}

//! Answers to what is asked at the control socket: questions from the state, wishes as inputs of the core.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kiosk_call::{
    Button, ChatLine, Command, DeviceState, Link, Pairing, PairingFailure, Pin, Question, Statistics, Status, Transfer,
};
use kiosk_wire::{Envelope, FileId, FileOffer, Name, PeerId, PublicKey, RevocationList};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    config::parse_peer_id,
    control::{
        exported,
        protocol::{
            CallReply, ChatExportReply, ChatHistoryReply, ChatLineReply, DeviceReply, Failure, IdentityReply,
            LinkReply, LinkState, MOST_EXPORTED, Method, PairingFailureName, PairingPhase, PairingReply, PeerReply,
            PeersReply, PinReply, QuestionReply, RevocationListReply, ServerReply, StatisticsReply, StatusReply,
            TransferReply, TrustListReply,
        },
    },
    history::KeptLine,
    run::{Loop, now},
    store::Store,
};

/// Longest press of a button by kioskctl.
const LONGEST_HOLD_MS: u64 = 60_000;

pub(crate) type Answer = Result<Value, Failure>;

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
            Method::ChatSend { text, peer } => self.command(Command::Chat(some_peer(peer)?, text)),
            Method::ChatHistory {} => self.history(),
            Method::ChatExport { since_ms, peer, after } => {
                to_value(&self.export(since_ms.unwrap_or(0), some_peer(peer)?, after.unwrap_or(0)))
            }
            Method::Hold { on } => self.command(Command::Hold(on)),
            Method::Share { source } => self.command(Command::Share(source.into())),
            Method::Quality { quality } => self.command(Command::Quality(quality.into())),
            Method::Swap {} => self.command(Command::Swap),
            Method::Page {} => self.command(Command::Page),
            Method::Reply { number } => self.command(Command::Reply(reply_index(number)?)),
            Method::Yes {} => self.command(Command::Yes),
            Method::No {} => self.command(Command::No),
            Method::Pair {} => self.command(Command::Pair),
            Method::Zoom {} => self.command(Command::Zoom),
            Method::Updating { percent } => self.command(Command::Updating(percent.map(in_percent).transpose()?)),
            Method::FileShow { id } => self.command(Command::ShowFile(id.as_deref().map(file_id).transpose()?)),
            Method::FileRemove { id } => self.stop_file(&id),
            Method::Press { button, hold_ms } => self.hold(button.into(), hold_ms),
            Method::Volume { percent } => self.command(Command::Volume(in_percent(percent)?)),
            Method::Screenshot {}
            | Method::Devices {}
            | Method::TryOut { .. }
            | Method::Crashes {}
            | Method::Config {}
            | Method::Reload {}
            | Method::Events {}
            | Method::Keys {}
            | Method::TestLights {}
            | Method::LearnKey {}
            | Method::Identity {}
            | Method::IdentityRotate {}
            | Method::FileList {}
            | Method::FileBegin { .. }
            | Method::FilePut { .. }
            | Method::FileSend { .. }
            | Method::FileRead { .. } => Err(Failure::Unavailable("it is answered without the loop".to_owned())),
            Method::Restart {} => {
                tracing::info!("somebody at the control socket wants a restart");
                self.stop.notify_one();
                Ok(json!({}))
            }
            Method::TrustList {} => to_value(&self.trusted()),
            Method::TrustAdd { id, name, auto_answer } => self.trust(&id, name, auto_answer),
            Method::TrustRemove { id } => self.distrust(&id),
            Method::TrustRevoke { id } => self.revoke(&id),
            Method::TrustRevocations { list } => self.revocations(&list),
        }
    }

    fn hold(&mut self, button: Button, hold_ms: Option<u64>) -> Answer {
        if hold_ms.is_some_and(|hold| hold > LONGEST_HOLD_MS) {
            return Err(Failure::Declined(format!("hold_ms is at most {LONGEST_HOLD_MS}")));
        }
        let declined = self.press(button, hold_ms.map(Duration::from_millis));
        self.outcome(declined)
    }

    /// Most files are not under way: that one is not is no failure.
    fn stop_file(&mut self, id: &str) -> Answer {
        self.turn(kiosk_call::Input::Command(Command::StopFile(file_id(id)?)));
        Ok(json!({}))
    }

    fn trust(&mut self, id: &str, name: String, auto_answer: bool) -> Answer {
        let name = Name::try_from(name).map_err(|_| {
            Failure::Declined("a name has 1 to 64 characters, none of them a control character".to_owned())
        })?;
        let pin = Pin { peer: peer_id(id)?, name: name.into(), auto_answer };
        self.not_configured(pin.peer)?;
        self.command(Command::TrustAdd(pin))
    }

    fn distrust(&mut self, id: &str) -> Answer {
        let peer = peer_id(id)?;
        self.not_configured(peer)?;
        if !self.kiosk.pins().iter().any(|pin| pin.peer == peer) {
            return Err(Failure::NotFound(format!("{peer} is not a trusted peer; see `kioskctl trust list`")));
        }
        self.command(Command::TrustRemove(peer))
    }

    fn revoke(&mut self, id: &str) -> Answer {
        let peer = peer_id(id)?;
        self.not_configured(peer)?;
        self.command(Command::Revoke(peer))
    }

    fn revocations(&mut self, list: &str) -> Answer {
        let envelope: Envelope = serde_json::from_str(list)
            .map_err(|_| Failure::Declined("this is no line of 'kioskctl authority revoke'".to_owned()))?;
        self.command(Command::Revocations(Box::new(envelope)))
    }

    /// Another identity from the next start on.
    pub(crate) fn rotate_identity(&mut self, answer: oneshot::Sender<Answer>) {
        let stop = Arc::clone(&self.stop);
        self.store.ask(move |store| {
            let rotated = store.rotate_identity().map_err(|error| Failure::Declined(error.to_string()));
            let said = rotated.and_then(|key| {
                tracing::warn!(peer = %key.peer_id(), "this kiosk gets a new identity");
                stop.notify_one();
                to_value(&identity(store, key))
            });
            let _ = answer.send(said);
        });
    }

    pub(crate) fn identity(&mut self, answer: oneshot::Sender<Answer>) {
        let public_key = self.public_key;
        self.store.ask(move |store| drop(answer.send(to_value(&identity(store, public_key)))));
    }

    fn command(&mut self, command: Command) -> Answer {
        let declined = self.turn(kiosk_call::Input::Command(command));
        self.outcome(declined)
    }

    pub(crate) fn send_file(&mut self, offer: FileOffer) -> Answer {
        self.command(Command::SendFile(offer))
    }

    /// Where nothing is kept on the disk: what is in memory.
    fn export(&self, since_ms: u64, peer: Option<PeerId>, after: i64) -> ChatExportReply {
        let lines = (1..).zip(self.kiosk.history()).filter(|(number, line)| {
            *number > after && line.at.0 >= since_ms && peer.is_none_or(|peer| line.peer == peer)
        });
        let kept = lines.map(|(number, line)| exported(KeptLine { number, line: line.clone() }));
        ChatExportReply { lines: kept.take(MOST_EXPORTED as usize).collect() }
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
            id: line.id.to_string(),
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
        let list = |list: RevocationList| RevocationListReply {
            authority: list.op.to_string(),
            number: list.number,
            peers: list.peers.iter().map(ToString::to_string).collect(),
            serials: list.serials,
        };
        TrustListReply {
            peers: peers.collect(),
            revoked: self.kiosk.revoked().iter().map(ToString::to_string).collect(),
            lists: self.kiosk.revocation_lists().into_iter().map(list).collect(),
        }
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
            servers: servers(&status, now),
            peers: count(status.peers),
            call: call(&status, now),
            muted: status.muted,
            camera_off: status.camera_off,
            held: status.held,
            source: status.source.into(),
            quality: status.quality.into(),
            pictures_swapped: status.pictures_swapped,
            question: status.question.as_ref().map(|asked| question(asked, now)),
            shown: status.shown.map(|file| file.id.to_string()),
            transfers: status.transfers.iter().map(transfer).collect(),
            pairing: status.pairing.as_ref().map(|stage| pairing(stage, now)),
            camera: device(&status.camera),
            sound: device(&status.sound),
            volume: status.volume,
            unread: count(status.unread),
            refusals: status.refusals.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
            config_problem: self.config_problem.clone(),
            state_problem: self.store.standing().problem.clone(),
            healed: self.counts.healed(),
            name: status.name,
            room: status.room,
        }
    }
}

fn identity(store: &Store, public_key: PublicKey) -> IdentityReply {
    let (key, mode) = store.key();
    IdentityReply { peer_id: public_key.peer_id().to_string(), public_key: public_key.to_string(), key, mode }
}

pub(crate) fn to_value(reply: &impl Serialize) -> Answer {
    serde_json::to_value(reply).map_err(|error| Failure::Declined(error.to_string()))
}

fn in_percent(number: u8) -> Result<u8, Failure> {
    let fits = Some(number).filter(|number| *number <= 100);
    fits.ok_or_else(|| Failure::Declined(format!("{number} is not in 0 to 100 percent")))
}

/// From how people count.
fn reply_index(number: u64) -> Result<usize, Failure> {
    let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    index.ok_or_else(|| Failure::Declined("replies are counted from 1".to_owned()))
}

fn some_peer(text: Option<String>) -> Result<Option<PeerId>, Failure> {
    text.as_deref().map(peer_id).transpose()
}

fn file_id(text: &str) -> Result<FileId, Failure> {
    text.parse().map_err(|_| Failure::NotFound(format!("'{text}' is not the id of a file: 22 characters")))
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
        Link::Down { reason, retry_at, trouble: _ } => LinkReply {
            state: LinkState::Down,
            reason: Some(reason.clone()),
            retry_in_ms: Some(millis(retry_at.saturating_duration_since(now))),
        },
    }
}

fn servers(status: &Status, now: Instant) -> Vec<ServerReply> {
    status.servers.iter().map(|(url, state)| ServerReply { url: url.clone(), link: link(state, now) }).collect()
}

pub(crate) fn device(state: &DeviceState) -> DeviceReply {
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
        given_up_in_ms: call.given_up_at.map(|at| millis(at.saturating_duration_since(now))),
        peer_audio: call.peer_audio,
        peer_video: call.peer_video,
        peer_screen: call.peer_screen,
        peer_hold: call.peer_hold,
        statistics: call.statistics.as_ref().map(statistics),
    })
}

fn question(asked: &Question, now: Instant) -> QuestionReply {
    QuestionReply {
        wish: asked.wish.name().replace('-', "_"),
        name: asked.peer.name.clone(),
        verified: asked.peer.verified,
        no_in_ms: millis(asked.until.saturating_duration_since(now)),
    }
}

fn transfer(file: &Transfer) -> TransferReply {
    TransferReply {
        id: file.id.to_string(),
        name: file.name.clone(),
        outgoing: file.outgoing,
        received: file.received,
        size: file.size,
    }
}

fn pairing(stage: &Pairing, now: Instant) -> PairingReply {
    let at =
        |phase| PairingReply { phase, name: None, digits: None, confirmed: false, closes_in_ms: None, failure: None };
    let closes = |until: &Instant| Some(millis(until.saturating_duration_since(now)));
    match stage {
        Pairing::Waiting { until } => PairingReply { closes_in_ms: closes(until), ..at(PairingPhase::Waiting) },
        Pairing::Compare { name, digits, confirmed, until } => PairingReply {
            name: Some(name.clone()),
            digits: Some(format!("{digits:06}")),
            confirmed: *confirmed,
            closes_in_ms: closes(until),
            ..at(PairingPhase::Compare)
        },
        Pairing::Done { name } => PairingReply { name: Some(name.clone()), confirmed: true, ..at(PairingPhase::Done) },
        Pairing::Failed(why) => {
            let failure = match why {
                PairingFailure::TimedOut => PairingFailureName::TimedOut,
                PairingFailure::Cancelled => PairingFailureName::Cancelled,
                PairingFailure::Mismatch => PairingFailureName::Mismatch,
                PairingFailure::TooManyTries => PairingFailureName::TooManyTries,
                PairingFailure::NoLink => PairingFailureName::NoLink,
            };
            PairingReply { failure: Some(failure), ..at(PairingPhase::Failed) }
        }
    }
}

fn statistics(figures: &Statistics) -> StatisticsReply {
    StatisticsReply {
        packets_received: figures.packets_received,
        packets_lost: figures.packets_lost,
        packets_sent: figures.packets_sent,
        bytes_received: figures.bytes_received,
        bytes_sent: figures.bytes_sent,
        frames_captured: figures.frames_captured,
        frames_encoded: figures.frames_encoded,
        frames_sent: figures.frames_sent,
        frames_received: figures.frames_received,
        frames_decoded: figures.frames_decoded,
        frames_rendered: figures.frames_rendered,
        sound_captured: figures.sound_captured.as_secs_f64(),
        sound_sent: figures.sound_sent.as_secs_f64(),
        sound_received: figures.sound_received.as_secs_f64(),
        sound_played: figures.sound_played.as_secs_f64(),
        // Milliseconds are exact in an f64.
        av_skew: figures.av_skew_ms.map(|skew| skew as f64 / 1_000.0),
        jitter: figures.jitter.as_secs_f64(),
        round_trip_time: figures.round_trip_time.map(|time| time.as_secs_f64()),
        encoder_implementation: figures.encoder_implementation.clone(),
        audio_level_in: figures.audio_level_in,
        audio_level_out: figures.audio_level_out,
        xruns: figures.xruns,
        echo_return_loss_enhancement: figures.echo_return_loss_enhancement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_six_as_on_the_screen_and_only_while_they_are_there() {
        let now = Instant::now();
        let until = now + Duration::from_secs(48);
        let compare = Pairing::Compare { name: "Desk".to_owned(), digits: 40_917, confirmed: false, until };
        let said = serde_json::to_value(pairing(&compare, now)).expect("JSON");
        let expected = json!({
            "phase": "compare", "name": "Desk", "digits": "040917", "confirmed": false, "closes_in_ms": 48_000, "failure": null,
        });
        assert_eq!(said, expected);
        let over = [Pairing::Done { name: "Desk".to_owned() }, Pairing::Failed(PairingFailure::TooManyTries)];
        let over = over.map(|stage| serde_json::to_value(pairing(&stage, now)).expect("JSON"));
        let of = |member: &str| over.each_ref().map(|stage| stage[member].clone());
        assert_eq!(of("phase"), [json!("done"), json!("failed")]);
        assert_eq!(of("digits"), [Value::Null, Value::Null]);
        assert_eq!(of("failure"), [Value::Null, json!("too_many_tries")]);
    }

    #[test]
    fn a_window_that_has_closed_is_no_overflow() {
        let until = Instant::now();
        let peer = kiosk_call::PeerName { name: "Desk".to_owned(), verified: true };
        let asked = Question { peer, wish: kiosk_wire::Wish::ShareDocument, until };
        let said = question(&asked, until + Duration::from_secs(1));
        assert_eq!((said.wish.as_str(), said.no_in_ms), ("share_document", 0));
    }
}

//! [`View`] and [`Lights`] from the state: computed once at the end of a turn, emitted when they changed. Nothing else sets them.

use crate::{
    Kiosk,
    call::{Call, PeerSends, Stage},
    link::{Link as ServerLink, State},
    port::{MediaCommand, Output, Tone},
    timers::Timer,
    view::{DeviceState, Ending, Lights, Link, LinkTrouble, Pattern, Screen, View},
};

const fn is_missing(device: &DeviceState) -> bool {
    matches!(device, DeviceState::Missing(_))
}

impl Kiosk {
    pub(crate) fn show(&mut self) {
        // First, so that a light never waits for the painting of the screen that a new view sets off.
        let lights = self.lights_now();
        if self.lights != Some(lights) {
            self.lights = Some(lights);
            self.output(Output::Lights(lights));
        }
        self.tell_status();
        let view = self.view_now();
        if self.view.as_ref() != Some(&view) {
            self.view = Some(view.clone());
            self.output(Output::View(Box::new(view)));
        }
        let tone = self.tone_now();
        if self.tone != tone {
            self.tone = tone;
            self.output(Output::Media(MediaCommand::SetTone(tone)));
        }
    }

    fn view_now(&self) -> View {
        View {
            screen: self.screen(),
            name: self.links.presence.name.as_str().to_owned(),
            peer_id: self.links.peer_id(),
            link: self.link_for_people(),
            muted: self.sending.muted,
            camera_off: self.sending.camera_off,
            held: self.sending.held,
            source: self.sending.source,
            quality: self.quality,
            camera: self.camera.clone(),
            sound: self.sound.clone(),
            volume: self.timers.at(Timer::VolumeShown).map(|_| self.volume.percent()),
            pictures_swapped: self.pictures_swapped,
            chat: self.chat_view(),
            question: self.question.as_ref().map(|asked| asked.question.clone()),
            shown: self.shown_file(),
            transfers: self.transfers(),
            pairing: self.pairing_view(),
            remark: self.remark,
            update: self.update,
        }
    }

    pub(crate) fn screen(&self) -> Screen {
        if let Some(call) = &self.call {
            let peer = call.name.clone();
            return match call.stage() {
                Stage::RingingOut { ringing } => Screen::RingingOut { peer, ringing },
                Stage::RingingIn => Screen::RingingIn { peer, answered_at: self.timers.at(Timer::AutoAnswer) },
                Stage::Connecting => Screen::Connecting { peer },
                Stage::InCall(talk) => {
                    let PeerSends { audio, video, screen, hold } = call.peer_sends;
                    Screen::InCall {
                        peer,
                        since: talk.since,
                        reconnecting: self.given_up_at(),
                        peer_audio: audio,
                        peer_video: video,
                        peer_screen: screen,
                        peer_hold: hold,
                    }
                }
            };
        }
        match &self.ended {
            Some(ended) => Screen::Ended { peer: ended.name.clone(), why: ended.why },
            None if !self.started => Screen::Booting,
            None if self.is_out_of_order() => Screen::OutOfOrder,
            None => Screen::Idle { reachable: self.target_peer().is_some() },
        }
    }

    fn is_out_of_order(&self) -> bool {
        let is_replaced = |link: &ServerLink| matches!(link.state, State::Down { trouble: LinkTrouble::Replaced, .. });
        let replaced = !self.links.up() && self.links.each().any(|(_, link)| is_replaced(link));
        replaced || (is_missing(&self.camera) && is_missing(&self.sound))
    }

    /// The best of all links: one that is up is enough; else what happens next.
    pub(crate) fn link_for_people(&self) -> Link {
        let rank = |link: &Link| match link {
            Link::Up => (0, None),
            Link::Connecting => (1, None),
            Link::Down { retry_at, .. } => (2, Some(*retry_at)),
        };
        self.links_for_people().map(|(_, link)| link).min_by_key(rank).unwrap_or(Link::Connecting)
    }

    /// With the URLs of their servers.
    pub(crate) fn links_for_people(&self) -> impl Iterator<Item = (&str, Link)> {
        self.links.each().map(|(id, link)| {
            let state = match (&link.state, self.timers.at(Timer::Link(id))) {
                (State::Up(_), _) => Link::Up,
                (State::Down { trouble, reason }, Some(retry_at)) if !reason.is_empty() => {
                    Link::Down { trouble: *trouble, reason: reason.clone(), retry_at }
                }
                (State::Down { .. } | State::Opening | State::Opened | State::SigningIn(_), _) => Link::Connecting,
            };
            (link.server.as_str(), state)
        })
    }

    fn lights_now(&self) -> Lights {
        let stage = self.call.as_ref().map(Call::stage);
        let gates_open = self.call.as_ref().is_some_and(Call::confirmed);
        let lit = |on: bool| if on { Pattern::On } else { Pattern::Off };
        Lights {
            call: match stage {
                None => lit(self.target_peer().is_some()),
                Some(Stage::RingingIn) => Pattern::Blink,
                Some(Stage::RingingOut { .. } | Stage::Connecting) => Pattern::Pulse,
                Some(Stage::InCall(talk)) if talk.lost.is_some() => Pattern::Pulse,
                Some(Stage::InCall(_)) => Pattern::On,
            },
            message: if self.chat.unread() > 0 || self.question.is_some() { Pattern::Blink } else { Pattern::Off },
            mute: lit(self.sending.muted),
            on_air: lit(gates_open && self.sending.on_air()),
            fault: match self.link_for_people() {
                Link::Down { .. } => Pattern::Blink,
                Link::Up | Link::Connecting if is_missing(&self.camera) || is_missing(&self.sound) => Pattern::On,
                Link::Up | Link::Connecting if self.is_last_good => Pattern::Pulse,
                Link::Up | Link::Connecting => Pattern::Off,
            },
        }
    }

    fn tone_now(&self) -> Option<Tone> {
        match self.call.as_ref().map(Call::stage) {
            Some(Stage::RingingIn) if self.timers.at(Timer::AutoAnswer).is_some() => Some(Tone::Announcement),
            Some(Stage::RingingIn) => Some(Tone::Ring),
            Some(Stage::RingingOut { ringing }) => ringing.then_some(Tone::Ringback),
            Some(Stage::Connecting | Stage::InCall(_)) => None,
            None => {
                let unwanted = matches!(self.ended.as_ref()?.why, Ending::Busy | Ending::Rejected);
                unwanted.then_some(Tone::Busy)
            }
        }
    }
}

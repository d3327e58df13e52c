//! [`View`] and [`Lights`] from the state: computed once at the end of a turn, emitted when they changed. Nothing else sets them.

use crate::{
    Kiosk,
    call::Phase,
    link::State,
    port::{MediaCommand, Output, Tone},
    timers::Timer,
    view::{DeviceState, Ending, Lights, Link, Pattern, Screen, View},
};

impl Kiosk {
    pub(crate) fn show(&mut self) {
        // First, so that a light never waits for the painting of the screen that a new view sets off.
        let lights = self.lights_now();
        if self.lights != Some(lights) {
            self.lights = Some(lights);
            self.output(Output::Lights(lights));
        }
        let view = self.view_now();
        if self.view.as_ref() != Some(&view) {
            self.view = Some(view.clone());
            self.output(Output::View(view));
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
            link: self.link_for_people(),
            muted: self.muted,
            camera_off: self.camera_off,
            camera: self.camera.clone(),
            sound: self.sound.clone(),
            volume: self.timers.at(Timer::VolumeShown).map(|_| self.volume.percent()),
            chat: self.chat.last_lines(),
            unread: self.chat.unread(),
        }
    }

    pub(crate) fn screen(&self) -> Screen {
        if let Some(call) = &self.call {
            let peer = call.name.clone();
            return match call.phase {
                Phase::RingingOut { ringing } => Screen::RingingOut { peer, ringing },
                Phase::RingingIn(_) => Screen::RingingIn { peer },
                Phase::Connecting { .. } => Screen::Connecting { peer },
                Phase::InCall { since } => {
                    Screen::InCall { peer, since, peer_audio: call.peer_audio, peer_video: call.peer_video }
                }
            };
        }
        match &self.ended {
            Some(ended) => Screen::Ended { peer: ended.name.clone(), why: ended.why },
            None if !self.started => Screen::Booting,
            None => Screen::Idle {
                name: self.link.presence().name.as_str().to_owned(),
                reachable: self.target_peer().is_some(),
            },
        }
    }

    pub(crate) fn link_for_people(&self) -> Link {
        match (&self.link.state, self.timers.at(Timer::Link)) {
            (State::Up(_), _) => Link::Up,
            (State::Down { reason }, Some(retry_at)) if !reason.is_empty() => {
                Link::Down { reason: reason.clone(), retry_at }
            }
            (State::Down { .. } | State::Opening | State::Opened | State::SigningIn(_), _) => Link::Connecting,
        }
    }

    fn lights_now(&self) -> Lights {
        let phase = self.call.as_ref().map(|call| &call.phase);
        let lit = |on: bool| if on { Pattern::On } else { Pattern::Off };
        let missing = |device: &DeviceState| matches!(device, DeviceState::Missing(_));
        Lights {
            call: match phase {
                None => lit(self.target_peer().is_some()),
                Some(Phase::RingingIn(_)) => Pattern::Blink,
                Some(Phase::RingingOut { .. } | Phase::Connecting { .. }) => Pattern::Pulse,
                Some(Phase::InCall { .. }) => Pattern::On,
            },
            mute: lit(self.muted),
            on_air: lit(matches!(phase, Some(Phase::InCall { .. })) && !(self.muted && self.camera_off)),
            fault: match self.link_for_people() {
                Link::Down { .. } => Pattern::Blink,
                Link::Up | Link::Connecting => lit(missing(&self.camera) || missing(&self.sound)),
            },
        }
    }

    fn tone_now(&self) -> Option<Tone> {
        match self.call.as_ref().map(|call| &call.phase) {
            Some(Phase::RingingIn(_)) => Some(Tone::Ring),
            Some(Phase::RingingOut { ringing }) => ringing.then_some(Tone::Ringback),
            Some(Phase::Connecting { .. } | Phase::InCall { .. }) => None,
            None => {
                let unwanted = matches!(self.ended.as_ref()?.why, Ending::Busy | Ending::Rejected);
                unwanted.then_some(Tone::Busy)
            }
        }
    }
}

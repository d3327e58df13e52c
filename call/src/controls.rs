//! What is sent and received, and who may decide it: the room does as it likes, a peer may take away and must ask to be given.

use std::time::Duration;

use kiosk_wire::{AskId, Body, PeerId, Refusal, Wish};

use crate::{
    Kiosk,
    call::Call,
    port::{MediaCommand, Notice, Output, Record},
    timers::Timer,
    view::{Quality, Question, Remark, VideoSource, View},
};

/// How long a person has to grant something.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

/// A question to the room, and how it is answered.
#[derive(Debug)]
pub(crate) struct Asked {
    id: AskId,
    pub(crate) question: Question,
}

/// What can be said of the sent sound and picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) muted: bool,
    pub(crate) camera_off: bool,
    pub(crate) held: bool,
    pub(crate) source: VideoSource,
}

impl Sending {
    const fn audio(self) -> bool {
        !self.muted && !self.held
    }

    fn video(self) -> bool {
        !self.held && (!self.camera_off || self.source != VideoSource::Camera)
    }

    /// Something leaves this kiosk.
    pub(crate) fn on_air(self) -> bool {
        self.audio() || self.video()
    }

    fn body(self) -> Body {
        let screen = self.source != VideoSource::Camera;
        Body::Media { audio: self.audio(), video: self.video(), screen, hold: self.held }
    }
}

impl Kiosk {
    pub(crate) fn mute(&mut self, muted: bool) {
        self.set_sending(Sending { muted, ..self.sending });
    }

    pub(crate) fn turn_camera_off(&mut self, camera_off: bool) {
        self.set_sending(Sending { camera_off, ..self.sending });
    }

    pub(crate) fn share_button(&mut self, source: VideoSource) {
        self.share(if self.sending.source == source { VideoSource::Camera } else { source });
    }

    pub(crate) fn set_sending(&mut self, sending: Sending) {
        let before = std::mem::replace(&mut self.sending, sending);
        if before.source != sending.source {
            self.output(Output::Media(MediaCommand::SetSource(sending.source)));
        }
        self.output(Output::Media(MediaCommand::SetSending { audio: sending.audio(), video: sending.video() }));
        if before.held != sending.held {
            self.output(Output::Media(MediaCommand::SetReceiving(!sending.held)));
        }
        self.tell_sending();
    }

    /// Tells the peer what we send.
    pub(crate) fn tell_sending(&mut self) {
        if self.call.as_ref().is_some_and(Call::confirmed) {
            self.send_on_channel(&self.sending.body());
        }
    }

    /// What a call has changed does not touch the next visitor: all is again as it was before.
    pub(crate) fn reset_sending(&mut self) {
        self.withdraw_question();
        self.pictures_swapped = false;
        if self.sending != self.sending_before_call {
            self.set_sending(self.sending_before_call);
        }
    }

    /// Its answer could not be given any more.
    pub(crate) fn withdraw_question(&mut self) {
        self.question = None;
        self.timers.stop(Timer::Question);
    }

    pub(crate) fn hold(&mut self, held: bool) {
        if self.in_call() {
            self.set_sending(Sending { held, ..self.sending });
        }
    }

    pub(crate) fn share(&mut self, source: VideoSource) {
        if source == VideoSource::Document && !self.document_camera {
            self.decline("there is no document camera; see [camera] in the config".to_owned());
        } else if self.in_call() {
            self.set_sending(Sending { source, ..self.sending });
        }
    }

    pub(crate) fn swap_pictures(&mut self) {
        if self.in_call() {
            self.pictures_swapped = !self.pictures_swapped;
        }
    }

    fn in_call(&mut self) -> bool {
        let connected = self.call.as_ref().is_some_and(|call| call.talk.is_some());
        if !connected {
            self.decline("there is no call; `kioskctl call` makes one".to_owned());
        }
        connected
    }

    pub(crate) fn set_quality(&mut self, quality: Quality) {
        if self.quality != quality {
            self.quality = quality;
            self.output(Output::Media(MediaCommand::SetQuality(quality)));
            self.output(Output::Store(Record::Quality(quality)));
        }
    }

    pub(crate) fn remark(&mut self, remark: Remark) {
        self.remark = Some(remark);
        self.timers.set(Timer::Remark, self.after(View::REMARK_SHOWN));
    }

    /// The peer of the call wants something: what it may take away is done at once, what it wants to be given is asked of the room.
    pub(crate) fn asked(&mut self, id: AskId, wish: Wish) -> Result<(), Refusal> {
        let call = self.call.as_ref().ok_or(Refusal::UnknownCall)?;
        let (peer, name) = (call.peer(), call.name.clone());
        if wish == Wish::Restart {
            let granted = match self.standing(peer) {
                Some(standing) => self.restart_asked(peer, &standing),
                None => false,
            };
            self.send_on_channel(&Body::Reply { id, granted });
            self.restart_if(granted);
            return Ok(());
        }
        if self.taken(wish) || self.has_already(wish) {
            self.reply((id, peer), wish, true);
            return Ok(());
        }
        let impossible = wish == Wish::ShareDocument && !self.document_camera;
        if impossible || self.question.is_some() {
            self.reply((id, peer), wish, false);
            return Ok(());
        }
        let until = self.after(QUESTION_TIMEOUT);
        self.question = Some(Asked { id, question: Question { peer: name, wish, until } });
        self.timers.set(Timer::Question, until);
        Ok(())
    }

    /// What a peer may do to us without being asked. False: it is none of these.
    fn taken(&mut self, wish: Wish) -> bool {
        let sending = self.sending;
        let remark = match wish {
            Wish::Mute => {
                self.mute(true);
                Remark::MutedByPeer
            }
            Wish::CameraOff => {
                self.turn_camera_off(true);
                Remark::CameraOffByPeer
            }
            Wish::ShareStop => {
                self.set_sending(Sending { source: VideoSource::Camera, ..sending });
                Remark::ShareStoppedByPeer
            }
            Wish::Volume(percent) => {
                self.set_volume(percent);
                Remark::VolumeByPeer
            }
            Wish::Unmute
            | Wish::CameraOn
            | Wish::SnapshotCamera
            | Wish::SnapshotPanel
            | Wish::SharePanel
            | Wish::ShareDocument
            | Wish::Restart => return false,
        };
        self.remark(remark);
        true
    }

    fn has_already(&self, wish: Wish) -> bool {
        match wish {
            Wish::Unmute => !self.sending.muted,
            Wish::CameraOn => !self.sending.camera_off,
            Wish::SharePanel => self.sending.source == VideoSource::Panel,
            Wish::ShareDocument => self.sending.source == VideoSource::Document,
            Wish::Mute
            | Wish::CameraOff
            | Wish::SnapshotCamera
            | Wish::SnapshotPanel
            | Wish::ShareStop
            | Wish::Volume(_)
            | Wish::Restart => false,
        }
    }

    /// A person has answered the question, or let it pass.
    pub(crate) fn answer_question(&mut self, granted: bool) {
        let Some(Asked { id, question }) = self.question.take() else { return };
        self.timers.stop(Timer::Question);
        let Some(peer) = self.call.as_ref().map(Call::peer) else { return };
        self.reply((id, peer), question.wish, granted);
        if granted {
            self.grant(question.wish);
        }
    }

    fn reply(&mut self, (id, peer): (AskId, PeerId), wish: Wish, granted: bool) {
        self.notify(Notice::Asked { peer, wish, granted });
        self.send_on_channel(&Body::Reply { id, granted });
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Unmute => self.mute(false),
            Wish::CameraOn => self.turn_camera_off(false),
            Wish::SharePanel => self.share(VideoSource::Panel),
            Wish::ShareDocument => self.share(VideoSource::Document),
            Wish::SnapshotCamera => self.take_snapshot(VideoSource::Camera),
            Wish::SnapshotPanel => self.take_snapshot(VideoSource::Panel),
            Wish::Mute | Wish::CameraOff | Wish::ShareStop | Wish::Volume(_) | Wish::Restart => return,
        }
        self.remark(Remark::Granted(wish));
    }

    /// "Yes" and "no" mean what the screen asks: the question first, then the digits, then the selected reply. "No" also ends what is on
    /// the screen: the file that fills it, or one that is under way, first that which comes.
    pub(crate) fn yes(&mut self) {
        if self.question.is_some() {
            self.answer_question(true);
        } else if self.pairing_view().is_some() {
            self.pair_yes();
        } else if let Some(number) = self.selected_reply() {
            self.say_reply(number);
        } else {
            self.decline("nothing is asked; `kioskctl status` shows a question while there is one".to_owned());
        }
    }

    pub(crate) fn no(&mut self) {
        if self.question.is_some() {
            self.answer_question(false);
        } else if self.pairing_view().is_some() {
            self.pair_no();
        } else if self.shown_file().is_some() {
            self.show_file(None);
        } else if self.selected_reply().is_some() {
            self.select_no_reply();
        } else if let Some(transfer) = self.transfers().pop() {
            self.stop_file(transfer.id);
        } else {
            self.decline("nothing is asked; `kioskctl status` shows a question while there is one".to_owned());
        }
    }
}

//! Files both ways (docs/protocol.md §6, "Files"): the queues, the window, what rests between two calls, what is on the screen.
//!
//! The store of files (daemon) has the bytes, media has the data channel; here is only who may send which byte when.

mod receiving;
mod sending;

use std::{collections::VecDeque, time::Duration};

use kiosk_wire::{Body, CallId, FileId, FileOffer, FileRefusal, PeerId, Refusal};
use rand_chacha::rand_core::RngCore as _;

use self::{receiving::Receiving, sending::Sending};
use crate::{
    Kiosk,
    call::Call,
    port::{Chunk, FileCommand, FileEvent, MediaCommand, Notice, Output},
    timers::Timer,
    view::{Remark, ShownFile, Transfer, VideoSource},
};

/// Most bytes on their way beyond what the receiver has told.
const WINDOW: u64 = 131_072;
/// A receiver tells what it has kept at least so often; twice as often as it has to, so that the window never closes on a good way.
const TELL_EVERY: u64 = 32_768;
/// Most files that wait in a direction.
const MOST_WAITING: usize = 16;
/// Most files that are remembered after their end.
const MOST_REMEMBERED: usize = 64;
/// A transfer without its call is forgotten after this.
const REST: Duration = Duration::from_secs(600);
/// Most snapshots that the store is making.
const MOST_SNAPSHOTS: usize = 4;

/// What a turn of a transfer wants.
#[derive(Debug)]
enum Step {
    Store(FileCommand),
    /// To the peer of the call.
    Tell(Body),
    Send(Chunk),
    Remark(Remark),
    Moved {
        size: u64,
        outgoing: bool,
    },
    Show {
        id: FileId,
        name: String,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Files {
    sending: Sending,
    receiving: Receiving,
    /// The store is making them, for the peer of this call.
    snapshots: VecDeque<(FileId, CallId)>,
    /// The connection whose channel `ksp-file` is open.
    channel: Option<CallId>,
    shown: Option<ShownFile>,
}

/// Keeps the last of them.
fn remember<T>(ring: &mut VecDeque<T>, item: T) {
    if ring.len() >= MOST_REMEMBERED {
        ring.pop_front();
    }
    ring.push_back(item);
}

fn known(ring: &VecDeque<FileId>, id: FileId) -> bool {
    ring.contains(&id)
}

/// For people: steps of a hundredth, so that the screen is not painted for every chunk.
fn transfer(offer: &FileOffer, kept: u64, outgoing: bool) -> Transfer {
    // A size is below 2^53.
    let received = if kept >= offer.size { offer.size } else { kept * 100 / offer.size * offer.size / 100 };
    Transfer { id: offer.id, name: offer.name.clone(), outgoing, received, size: offer.size }
}

impl Kiosk {
    /// The peer of the confirmed call, if the gates are open.
    fn file_peer(&self) -> Option<PeerId> {
        self.call.as_ref().filter(|call| call.confirmed()).map(Call::peer)
    }

    /// The call that was confirmed once, which may be reconnecting, and its peer.
    fn file_call(&self) -> Option<(CallId, PeerId)> {
        self.call.as_ref().filter(|call| call.talk.is_some()).map(|call| (call.id, call.peer()))
    }

    /// A program here wants to send a file that the store has.
    pub(crate) fn file_command_send(&mut self, offer: FileOffer) {
        let id = offer.id;
        let sentence = match (self.file_call(), offer.checked()) {
            (None, _) => "there is no call to send a file in; `kioskctl call` makes one",
            (_, Err(_)) => "a file to be sent has a name of 1 to 128 characters, a media type, and at least one byte",
            (Some(_), Ok(offer)) if self.files.sending.has(offer.id) => {
                return self.decline(format!("the file {id} is being sent already"));
            }
            (Some((_, peer)), Ok(offer)) if self.files.sending.add(peer, offer.clone()) => return self.advance_files(),
            (Some(_), Ok(_)) => "too many files wait to be sent",
        };
        self.decline(sentence.to_owned());
        self.output(Output::File(FileCommand::Discard(id)));
    }

    /// A person has consented: a picture is taken and sent to the peer of the call.
    pub(crate) fn take_snapshot(&mut self, of: VideoSource) {
        let Some((call, _)) = self.file_call() else {
            return self.decline("there is no call to send a picture in; `kioskctl call` makes one".to_owned());
        };
        if self.files.snapshots.len() >= MOST_SNAPSHOTS {
            return self.remark(Remark::FileFailed(FileRefusal::Quota));
        }
        let mut id = [0; 16];
        self.random.fill_bytes(&mut id);
        let id = FileId(id);
        self.files.snapshots.push_back((id, call));
        self.output(Output::File(FileCommand::Snapshot { id, of }));
    }

    /// A person or program here stops a transfer.
    pub(crate) fn stop_file(&mut self, id: FileId) {
        let mut steps = Vec::new();
        let Files { sending, receiving, .. } = &mut self.files;
        if sending.stop(id, &mut steps).or_else(|| receiving.stop(id, &mut steps)).is_none() {
            self.decline(format!("no transfer of a file {id} is under way; see `kioskctl status`"));
        }
        self.carry_out(steps);
    }

    /// The store of files tells something.
    pub(crate) fn file_event(&mut self, event: FileEvent) {
        let mut steps = Vec::new();
        let peer = self.file_peer();
        let Files { sending, receiving, .. } = &mut self.files;
        match event {
            FileEvent::Accepted { id, offset } => receiving.accepted(id, offset, &mut steps),
            FileEvent::Written { id, received } => receiving.written(id, received, &mut steps),
            FileEvent::Complete { id, can_be_shown } => receiving.complete(id, can_be_shown, &mut steps),
            FileEvent::Read(chunk) => {
                if let Some(peer) = peer {
                    sending.read(peer, chunk, &mut steps);
                }
            }
            FileEvent::Stored(offer) => return self.snapshot_stored(offer),
            FileEvent::Failed { id, why } => {
                if self.files.forget_snapshot(id).is_some() {
                    steps.push(Step::Remark(Remark::FileFailed(why)));
                } else if self.files.sending.failed(id, why, &mut steps).is_none() {
                    self.files.receiving.failed(id, why, &mut steps);
                }
            }
        }
        self.carry_out(steps);
    }

    /// Consent was given for one call: when that is over, nobody gets the picture.
    fn snapshot_stored(&mut self, offer: FileOffer) {
        let id = offer.id;
        let wanted = self.files.forget_snapshot(id);
        let peer = self.file_call().filter(|(call, _)| wanted == Some(*call)).map(|(_, peer)| peer);
        match (peer, offer.checked()) {
            (Some(peer), Ok(offer)) if self.files.sending.add(peer, offer.clone()) => self.advance_files(),
            (Some(_), _) => {
                self.output(Output::File(FileCommand::Discard(id)));
                self.remark(Remark::FileFailed(FileRefusal::Quota));
            }
            (None, _) => self.output(Output::File(FileCommand::Discard(id))),
        }
    }

    /// A message of the confirmed call. Other bodies than those of files are none of its business.
    pub(crate) fn file_message(&mut self, body: Body) -> Result<(), Refusal> {
        let peer = self.file_peer().ok_or(Refusal::NotConfirmed)?;
        let mut steps = Vec::new();
        let Files { sending, receiving, .. } = &mut self.files;
        let result = match body {
            // The store knows a file by its id alone.
            Body::FileOffer(offer) if sending.has(offer.id) => Err(Refusal::Unexpected),
            Body::FileOffer(offer) => receiving.offered(peer, offer, &mut steps),
            Body::FileAccept { id, offset } => sending.accepted(peer, id, offset, &mut steps),
            Body::FileProgress { id, received } => sending.progressed(peer, id, received, &mut steps),
            Body::FileDone(id) => sending.done(peer, id, &mut steps),
            Body::FileCancel { id, why } => {
                let known = sending.cancelled(peer, id, why, &mut steps);
                known.or_else(|| receiving.cancelled(id, why, &mut steps)).ok_or(Refusal::Unexpected)
            }
            Body::Show(Some(id)) => receiving.show(peer, id, &mut steps),
            Body::Show(None) => {
                self.files.shown = None;
                Ok(())
            }
            Body::Offer { .. }
            | Body::Ringing
            | Body::Answer(_)
            | Body::Candidates(_)
            | Body::EndOfCandidates
            | Body::Reject(_)
            | Body::Bye(_)
            | Body::PairCommit(_)
            | Body::PairReveal(_)
            | Body::PairConfirm
            | Body::PairCancel
            | Body::Status(_)
            | Body::Confirm { .. }
            | Body::Chat { .. }
            | Body::ChatReceived(_)
            | Body::Media { .. }
            | Body::Ask { .. }
            | Body::Reply { .. }
            | Body::Ping(_)
            | Body::Pong(_) => Err(Refusal::Unexpected),
        };
        self.carry_out(steps);
        result
    }

    /// A chunk came over the confirmed call.
    pub(crate) fn chunk(&mut self, chunk: Chunk) {
        let mut steps = Vec::new();
        let Some(peer) = self.file_peer() else { return self.refuse(Refusal::NotConfirmed, None) };
        let result = self.files.receiving.chunk(chunk, &mut steps);
        self.carry_out(steps);
        if let Err(refusal) = result {
            self.refuse(refusal, Some(peer));
        }
    }

    /// Media says that the channel `ksp-file` of the call is open.
    pub(crate) fn file_channel_opened(&mut self) {
        self.files.channel = self.connection().map(|connection| connection.id);
        self.advance_files();
    }

    /// The gates are open: what rests of this peer can go on.
    pub(crate) fn files_call_connected(&mut self) {
        if let Some(peer) = self.file_peer() {
            self.files.sending.call_connected(peer);
        }
        self.advance_files();
        self.set_file_timer();
    }

    /// The call is over.
    pub(crate) fn files_call_ended(&mut self, peer: PeerId) {
        self.files.shown = None;
        self.files_connection_gone(peer);
    }

    /// What is under way rests until there is another connection.
    pub(crate) fn files_connection_gone(&mut self, peer: PeerId) {
        let now = self.now.mono;
        let mut steps = Vec::new();
        self.files.sending.call_ended(peer, now, &mut steps);
        self.files.receiving.call_ended(now, &mut steps);
        self.files.channel = None;
        self.carry_out(steps);
        self.set_file_timer();
    }

    /// Something has rested too long.
    pub(crate) fn files_due(&mut self) {
        let now = self.now.mono;
        let mut steps = Vec::new();
        self.files.sending.expire(now, &mut steps);
        self.files.receiving.expire(now, &mut steps);
        self.carry_out(steps);
        self.set_file_timer();
    }

    fn set_file_timer(&mut self) {
        match self.files.sending.due().into_iter().chain(self.files.receiving.due()).min() {
            Some(at) => self.timers.set(Timer::Files, at),
            None => self.timers.stop(Timer::Files),
        }
    }

    /// Offers the next file, or asks the store for as much as the window allows.
    fn advance_files(&mut self) {
        self.carry_out(Vec::new());
    }

    fn carry_out(&mut self, mut steps: Vec<Step>) {
        let confirmed = self.call.as_ref().filter(|call| call.confirmed());
        let call = confirmed.map(|call| (call.connection.id, call.peer()));
        if let Some((id, peer)) = call {
            self.files.sending.advance(peer, self.files.channel == Some(id), &mut steps);
        }
        for step in steps {
            match (step, call) {
                (Step::Store(command), _) => self.output(Output::File(command)),
                (Step::Tell(body), Some(_)) => self.send_on_channel(&body),
                (Step::Send(chunk), Some((call, _))) => {
                    self.output(Output::Media(MediaCommand::SendChunk { call, chunk }));
                }
                (Step::Remark(remark), Some(_)) => self.remark(remark),
                // Nobody is there to be told: the next visitor is somebody else.
                (Step::Tell(_) | Step::Send(_) | Step::Remark(_), None) => {}
                (Step::Moved { size, outgoing }, _) => self.notify(Notice::FileMoved { size, outgoing }),
                (Step::Show { id, name }, _) => self.files.shown = Some(ShownFile { id, name, zoom: 0 }),
            }
        }
    }

    /// A person here wants a received file on the screen, or none.
    pub(crate) fn show_file(&mut self, id: Option<FileId>) {
        let Some(id) = id else {
            self.files.shown = None;
            return;
        };
        match self.files.receiving.shown_here(id) {
            Some(step) => self.carry_out(vec![step]),
            None => self.decline(format!("{id} is no received file that can be shown; see `kioskctl files list`")),
        }
    }

    /// All of what is shown, its quarters one after the other, all of it again.
    pub(crate) const fn zoom(&mut self) {
        if let Some(shown) = &mut self.files.shown {
            shown.zoom = if shown.zoom < ShownFile::QUARTERS { shown.zoom + 1 } else { 0 };
        }
    }

    pub(crate) fn shown_file(&self) -> Option<ShownFile> {
        self.files.shown.clone()
    }

    /// What is under way with the peer of the call, at most one a direction.
    pub(crate) fn transfers(&self) -> Vec<Transfer> {
        let Some(peer) = self.file_peer() else { return Vec::new() };
        self.files.sending.transfer(peer).into_iter().chain(self.files.receiving.transfer()).collect()
    }
}

impl Files {
    /// The call that it was taken for.
    fn forget_snapshot(&mut self, id: FileId) -> Option<CallId> {
        let place = self.snapshots.iter().position(|(known, _)| *known == id)?;
        self.snapshots.remove(place).map(|(_, call)| call)
    }
}

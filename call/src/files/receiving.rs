//! Files that come from peers: one at a time, as fast as the store keeps them. Not one byte is held here: a chunk goes from media to
//! the store in the turn in which it comes, and what the store has not kept yet is bounded by the window.

use std::{collections::VecDeque, time::Instant};

use kiosk_wire::{Body, FileId, FileOffer, FileRefusal, PeerId, Refusal};

use super::{MOST_WAITING, REST, Step, TELL_EVERY, WINDOW, remember, transfer};
use crate::{
    port::{Chunk, FileCommand},
    view::{Remark, Transfer},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The store is asked.
    Asking,
    /// Bytes from the start: what came, what is kept, what of it the peer was told.
    Flowing { came: u64, kept: u64, told: u64 },
}

#[derive(Debug)]
struct Incoming {
    peer: PeerId,
    offer: FileOffer,
    stage: Stage,
}

/// Part of it is there, and the call is gone.
#[derive(Debug)]
struct Resting {
    peer: PeerId,
    offer: FileOffer,
    until: Instant,
}

/// All of it is there.
#[derive(Debug)]
struct Arrived {
    peer: PeerId,
    offer: FileOffer,
    can_be_shown: bool,
}

#[derive(Debug, Default)]
pub(super) struct Receiving {
    active: Option<Incoming>,
    /// Of the peer of the call, not yet looked at.
    offers: VecDeque<FileOffer>,
    resting: VecDeque<Resting>,
    /// The last ones: their sender may not know it yet, and may want them shown.
    arrived: VecDeque<Arrived>,
    /// What was stopped or refused: its sender may not know it yet.
    refused: VecDeque<(FileId, FileRefusal)>,
}

impl Receiving {
    pub(super) fn offered(&mut self, peer: PeerId, offer: FileOffer, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let id = offer.id;
        if self.is_active(id) || self.offers.iter().any(|known| known.id == id) {
            return Err(Refusal::Unexpected);
        }
        if let Some(why) = self.refusal(id) {
            steps.push(Step::Tell(Body::FileCancel { id, why }));
            return Ok(());
        }
        if let Some(arrived) = self.arrived.iter().find(|file| file.offer.id == id) {
            return arrived.offered_again(peer, &offer, steps);
        }
        if let Some(place) = self.resting.iter().position(|file| file.offer.id == id) {
            let Some(file) = self.resting.get(place) else { return Ok(()) };
            if file.peer != peer || file.offer != offer {
                let ours = file.peer == peer;
                return self.changed(place, ours, id, steps);
            }
        }
        if self.offers.len() >= MOST_WAITING {
            steps.push(Step::Tell(Body::FileCancel { id, why: FileRefusal::Quota }));
            return Ok(());
        }
        self.offers.push_back(offer);
        self.next(peer, steps);
        Ok(())
    }

    /// What rests is offered as something else, or by somebody else: it cannot be the same file.
    fn changed(&mut self, place: usize, ours: bool, id: FileId, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        if ours {
            self.resting.remove(place);
            remember(&mut self.refused, (id, FileRefusal::Hash));
            steps.push(Step::Store(FileCommand::Discard(id)));
        }
        steps.push(Step::Tell(Body::FileCancel { id, why: FileRefusal::Hash }));
        Err(Refusal::Unexpected)
    }

    fn is_active(&self, id: FileId) -> bool {
        self.active.as_ref().is_some_and(|file| file.offer.id == id)
    }

    fn active(&mut self, id: FileId) -> Option<&mut Incoming> {
        self.active.as_mut().filter(|file| file.offer.id == id)
    }

    fn refusal(&self, id: FileId) -> Option<FileRefusal> {
        self.refused.iter().find(|(refused, _)| *refused == id).map(|(_, why)| *why)
    }

    fn next(&mut self, peer: PeerId, steps: &mut Vec<Step>) {
        if self.active.is_some() {
            return;
        }
        let Some(offer) = self.offers.pop_front() else { return };
        self.resting.retain(|file| file.offer.id != offer.id);
        steps.push(Step::Store(FileCommand::Accept(offer.clone())));
        self.active = Some(Incoming { peer, offer, stage: Stage::Asking });
    }

    /// The store has room, and so much of it already.
    pub(super) fn accepted(&mut self, id: FileId, offset: u64, steps: &mut Vec<Step>) {
        let wanted = self.resting.iter().any(|file| file.offer.id == id) || self.has_arrived(id);
        match self.active(id) {
            Some(file) if file.stage == Stage::Asking => {
                if offset > file.offer.size {
                    steps.push(Step::Store(FileCommand::Discard(id)));
                    return self.give_up(FileRefusal::Storage, steps);
                }
                file.stage = Stage::Flowing { came: offset, kept: offset, told: offset };
                steps.push(Step::Tell(Body::FileAccept { id, offset }));
            }
            // Asked in a call that is over, and asked again since.
            Some(_) => {}
            None if wanted => {}
            // Stopped before the store had answered.
            None => steps.push(Step::Store(FileCommand::Discard(id))),
        }
    }

    /// A chunk came from the peer.
    pub(super) fn chunk(&mut self, chunk: Chunk, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let (id, length) = (chunk.id, chunk.bytes.len() as u64);
        let late = self.refusal(id).is_some() || self.has_arrived(id);
        let Some(Incoming { offer, stage: Stage::Flowing { came, told, .. }, .. }) = self.active(id) else {
            return if late { Ok(()) } else { Err(Refusal::Unexpected) };
        };
        if chunk.offset != *came || length == 0 {
            return Err(Refusal::Unexpected);
        }
        if *came + length > offer.size.min(*told + WINDOW) {
            steps.push(Step::Store(FileCommand::Discard(id)));
            self.give_up(FileRefusal::Stopped, steps);
            return Err(Refusal::BodyLimit);
        }
        *came += length;
        steps.push(Step::Store(FileCommand::Write(chunk)));
        Ok(())
    }

    /// The store has kept what came: only now the peer may send more.
    pub(super) fn written(&mut self, id: FileId, received: u64, steps: &mut Vec<Step>) {
        let Some(Incoming { stage: Stage::Flowing { came, kept, told }, .. }) = self.active(id) else { return };
        if (*kept..=*came).contains(&received) {
            *kept = received;
            if received - *told >= TELL_EVERY {
                *told = received;
                steps.push(Step::Tell(Body::FileProgress { id, received }));
            }
        }
    }

    /// The store has all of it, and it is what was offered.
    pub(super) fn complete(&mut self, id: FileId, can_be_shown: bool, steps: &mut Vec<Step>) {
        if let Some(place) = self.resting.iter().position(|file| file.offer.id == id) {
            if let Some(Resting { peer, offer, .. }) = self.resting.remove(place) {
                steps.push(Step::Moved { size: offer.size, outgoing: false });
                self.remember_arrived(Arrived { peer, offer, can_be_shown });
            }
            return;
        }
        let Some(Incoming { peer, offer, stage }) = self.active.take_if(|file| file.offer.id == id) else { return };
        if stage == Stage::Asking {
            // It came whole in an earlier call, whose end was faster than the store.
            steps.push(Step::Tell(Body::FileAccept { id, offset: offer.size }));
        }
        steps.push(Step::Tell(Body::FileDone(id)));
        steps.push(Step::Moved { size: offer.size, outgoing: false });
        let arrived = Arrived { peer, offer, can_be_shown };
        steps.push(arrived.shown().unwrap_or(Step::Remark(Remark::FileReceived)));
        self.remember_arrived(arrived);
        self.next(peer, steps);
    }

    fn remember_arrived(&mut self, file: Arrived) {
        remember(&mut self.arrived, file);
    }

    fn has_arrived(&self, id: FileId) -> bool {
        self.arrived.iter().any(|file| file.offer.id == id)
    }

    /// The store has given it up.
    pub(super) fn failed(&mut self, id: FileId, why: FileRefusal, steps: &mut Vec<Step>) {
        if self.is_active(id) {
            return self.give_up(why, steps);
        }
        if self.resting.iter().any(|file| file.offer.id == id) {
            self.resting.retain(|file| file.offer.id != id);
            remember(&mut self.refused, (id, why));
        }
    }

    /// The active file will not come.
    fn give_up(&mut self, why: FileRefusal, steps: &mut Vec<Step>) {
        let Some(Incoming { peer, offer, .. }) = self.active.take() else { return };
        remember(&mut self.refused, (offer.id, why));
        steps.push(Step::Tell(Body::FileCancel { id: offer.id, why }));
        steps.push(Step::Remark(Remark::FileFailed(why)));
        self.next(peer, steps);
    }

    /// The peer sends it no more. None: it is none of these.
    pub(super) fn cancelled(&mut self, id: FileId, why: FileRefusal, steps: &mut Vec<Step>) -> Option<()> {
        if let Some(Incoming { peer, .. }) = self.active.take_if(|file| file.offer.id == id) {
            remember(&mut self.refused, (id, why));
            steps.push(Step::Store(FileCommand::Discard(id)));
            steps.push(Step::Remark(Remark::FileFailed(why)));
            self.next(peer, steps);
            return Some(());
        }
        if let Some(place) = self.offers.iter().position(|offer| offer.id == id) {
            self.offers.remove(place);
            remember(&mut self.refused, (id, why));
            return Some(());
        }
        (self.refusal(id).is_some() || self.has_arrived(id)).then_some(())
    }

    /// A person here stops it. None: it is none of these.
    pub(super) fn stop(&mut self, id: FileId, steps: &mut Vec<Step>) -> Option<()> {
        let why = FileRefusal::Stopped;
        if self.is_active(id) {
            steps.push(Step::Store(FileCommand::Discard(id)));
            self.give_up(why, steps);
            return Some(());
        }
        if let Some(place) = self.offers.iter().position(|offer| offer.id == id) {
            self.offers.remove(place);
            steps.push(Step::Tell(Body::FileCancel { id, why }));
        } else {
            let place = self.resting.iter().position(|file| file.offer.id == id)?;
            self.resting.remove(place);
            steps.push(Step::Store(FileCommand::Discard(id)));
        }
        remember(&mut self.refused, (id, why));
        Some(())
    }

    /// The peer wants it on the screen. Only its own files, and only what can be shown.
    pub(super) fn show(&self, peer: PeerId, id: FileId, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let arrived = self.arrived.iter().find(|file| file.peer == peer && file.offer.id == id);
        steps.extend(arrived.ok_or(Refusal::Unexpected)?.shown());
        Ok(())
    }

    /// A person here wants it on the screen, whoever it is from. None: it is not there, or cannot be shown.
    pub(super) fn shown_here(&self, id: FileId) -> Option<Step> {
        self.arrived.iter().find(|file| file.offer.id == id)?.shown()
    }

    pub(super) fn call_ended(&mut self, now: Instant, steps: &mut Vec<Step>) {
        self.offers.clear();
        let Some(Incoming { peer, offer, .. }) = self.active.take() else { return };
        steps.push(Step::Store(FileCommand::Rest(offer.id)));
        if self.resting.len() >= MOST_WAITING
            && let Some(oldest) = self.resting.pop_front()
        {
            steps.push(Step::Store(FileCommand::Discard(oldest.offer.id)));
        }
        self.resting.push_back(Resting { peer, offer, until: now + REST });
    }

    /// When the next file is forgotten.
    pub(super) fn due(&self) -> Option<Instant> {
        self.resting.iter().map(|file| file.until).min()
    }

    pub(super) fn expire(&mut self, now: Instant, steps: &mut Vec<Step>) {
        self.resting.retain(|file| {
            let rests = file.until > now;
            if !rests {
                steps.push(Step::Store(FileCommand::Discard(file.offer.id)));
            }
            rests
        });
    }

    pub(super) fn transfer(&self) -> Option<Transfer> {
        let Incoming { offer, stage, .. } = self.active.as_ref()?;
        let kept = if let Stage::Flowing { kept, .. } = stage { *kept } else { 0 };
        Some(transfer(offer, kept, false))
    }
}

impl Arrived {
    fn shown(&self) -> Option<Step> {
        self.can_be_shown.then(|| Step::Show { id: self.offer.id, name: self.offer.name.clone() })
    }

    /// Its sender does not know that it is here: the call ended before our word came.
    fn offered_again(&self, peer: PeerId, offer: &FileOffer, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let id = offer.id;
        if self.peer != peer || self.offer != *offer {
            steps.push(Step::Tell(Body::FileCancel { id, why: FileRefusal::Hash }));
            return Err(Refusal::Unexpected);
        }
        steps.push(Step::Tell(Body::FileAccept { id, offset: offer.size }));
        steps.push(Step::Tell(Body::FileDone(id)));
        steps.extend(self.shown());
        Ok(())
    }
}

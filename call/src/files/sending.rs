//! Files that go to peers: they wait in a queue, the first one for the peer of the call is offered, then sent as far as its window
//! allows. Not one byte is held here: a piece goes from the store to media in the turn in which it comes.

use std::{collections::VecDeque, time::Instant};

use kiosk_wire::{Body, FileId, FileOffer, FileRefusal, PeerId, Refusal};

use super::{MOST_WAITING, REST, Step, WINDOW, known, remember, transfer};
use crate::{
    port::{Chunk, FileCommand},
    view::{Remark, Transfer},
};

/// Bytes in a full chunk.
const FULL: u64 = Chunk::LARGEST as u64;
// So many reads are outstanding at most.
const _: () = assert!(WINDOW / FULL == 8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not offered in this call.
    Waiting,
    /// The peer, or its store, is asked.
    Offered,
    /// Bytes from the start: what the peer has kept, what was sent, what the store was asked for.
    Flowing { kept: u64, sent: u64, asked: u64 },
}

#[derive(Debug)]
struct Outgoing {
    peer: PeerId,
    offer: FileOffer,
    stage: Stage,
    /// All of it was sent in an earlier call: the peer may have it by now.
    was_sent: bool,
    /// While there is no call with the peer: it is forgotten then.
    until: Option<Instant>,
}

impl Outgoing {
    /// To the last byte, now or in an earlier call.
    fn is_sent(&self) -> bool {
        self.was_sent || matches!(self.stage, Stage::Flowing { sent, .. } if sent == self.offer.size)
    }
}

#[derive(Debug, Default)]
pub(super) struct Sending {
    /// In the order in which they go; for each peer the first one is under way.
    queue: Vec<Outgoing>,
    /// What was done, stopped or refused: the peer may still speak of it.
    over: VecDeque<FileId>,
}

impl Sending {
    pub(super) fn has(&self, id: FileId) -> bool {
        self.queue.iter().any(|file| file.offer.id == id)
    }

    /// False: too many wait already.
    pub(super) fn add(&mut self, peer: PeerId, offer: FileOffer) -> bool {
        let fits = self.queue.len() < MOST_WAITING;
        if fits {
            self.queue.push(Outgoing { peer, offer, stage: Stage::Waiting, was_sent: false, until: None });
        }
        fits
    }

    fn first(&mut self, peer: PeerId) -> Option<&mut Outgoing> {
        self.queue.iter_mut().find(|file| file.peer == peer)
    }

    /// Whatever can be done now for the peer of the call.
    pub(super) fn advance(&mut self, peer: PeerId, channel_open: bool, steps: &mut Vec<Step>) {
        let Some(file) = self.first(peer) else { return };
        match &mut file.stage {
            Stage::Waiting => {
                file.stage = Stage::Offered;
                steps.push(Step::Tell(Body::FileOffer(file.offer.clone())));
            }
            Stage::Offered => {}
            Stage::Flowing { kept, asked, .. } if channel_open => {
                // Only full chunks, but for the last one: a window that is nearly closed makes no crumbs.
                while *asked < file.offer.size {
                    let length = FULL.min(file.offer.size - *asked);
                    if *asked + length > *kept + WINDOW {
                        break;
                    }
                    let read = FileCommand::Read { id: file.offer.id, offset: *asked, length: fits(length) };
                    steps.push(Step::Store(read));
                    *asked += length;
                }
            }
            Stage::Flowing { .. } => {}
        }
    }

    /// A piece came from the store.
    pub(super) fn read(&mut self, peer: PeerId, chunk: Chunk, steps: &mut Vec<Step>) {
        let Some(file) = self.first(peer).filter(|file| file.offer.id == chunk.id) else { return };
        let Stage::Flowing { sent, asked, .. } = &mut file.stage else { return };
        let length = chunk.bytes.len() as u64;
        // What was asked for in an earlier call may still come.
        if chunk.offset != *sent || length == 0 || length > (*asked - *sent).min(FULL) {
            return;
        }
        let whole = length == FULL.min(file.offer.size - *sent);
        *sent += length;
        if !whole {
            // The store gave less than it was asked for: what it still reads leaves a gap, so it is asked again.
            *asked = *sent;
        }
        steps.push(Step::Send(chunk));
    }

    pub(super) fn accepted(
        &mut self,
        peer: PeerId,
        id: FileId,
        offset: u64,
        steps: &mut Vec<Step>,
    ) -> Result<(), Refusal> {
        let over = known(&self.over, id);
        match self.first(peer) {
            Some(file) if file.offer.id == id && file.stage == Stage::Offered => {
                if offset > file.offer.size {
                    self.give_up(id, FileRefusal::Stopped, steps);
                    return Err(Refusal::BodyLimit);
                }
                file.stage = Stage::Flowing { kept: offset, sent: offset, asked: offset };
                Ok(())
            }
            _ if over => Ok(()),
            _ => Err(Refusal::Unexpected),
        }
    }

    pub(super) fn progressed(
        &mut self,
        peer: PeerId,
        id: FileId,
        received: u64,
        steps: &mut Vec<Step>,
    ) -> Result<(), Refusal> {
        let over = known(&self.over, id);
        match self.first(peer).filter(|file| file.offer.id == id).map(|file| &mut file.stage) {
            Some(Stage::Flowing { kept, sent, .. }) => {
                if received > *sent {
                    self.give_up(id, FileRefusal::Stopped, steps);
                    return Err(Refusal::BodyLimit);
                }
                if received < *kept {
                    return Err(Refusal::Unexpected);
                }
                *kept = received;
                Ok(())
            }
            None if over => Ok(()),
            Some(Stage::Waiting | Stage::Offered) | None => Err(Refusal::Unexpected),
        }
    }

    pub(super) fn done(&mut self, peer: PeerId, id: FileId, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let over = known(&self.over, id);
        match self.first(peer).filter(|file| file.offer.id == id) {
            Some(file) => {
                let size = file.offer.size;
                if !file.is_sent() {
                    self.give_up(id, FileRefusal::Stopped, steps);
                    return Err(Refusal::Unexpected);
                }
                self.remove(id);
                steps.push(Step::Store(FileCommand::Discard(id)));
                steps.push(Step::Moved { size, outgoing: true });
                steps.push(Step::Remark(Remark::FileSent));
                Ok(())
            }
            None if over => Ok(()),
            None => Err(Refusal::Unexpected),
        }
    }

    /// The peer does not want it. None: it is none of these.
    pub(super) fn cancelled(
        &mut self,
        peer: PeerId,
        id: FileId,
        why: FileRefusal,
        steps: &mut Vec<Step>,
    ) -> Option<()> {
        if self.queue.iter().any(|file| file.peer == peer && file.offer.id == id) {
            self.remove(id);
            steps.push(Step::Store(FileCommand::Discard(id)));
            steps.push(Step::Remark(Remark::FileFailed(why)));
            return Some(());
        }
        known(&self.over, id).then_some(())
    }

    /// A person here stops it. None: it is none of these.
    pub(super) fn stop(&mut self, id: FileId, steps: &mut Vec<Step>) -> Option<()> {
        self.has(id).then(|| self.give_up(id, FileRefusal::Stopped, steps))
    }

    /// The store has given it up. None: it is none of these.
    pub(super) fn failed(&mut self, id: FileId, why: FileRefusal, steps: &mut Vec<Step>) -> Option<()> {
        self.has(id).then(|| self.give_up(id, why, steps))
    }

    /// The peer is told if it knows of the file, which is while there is a call.
    fn give_up(&mut self, id: FileId, why: FileRefusal, steps: &mut Vec<Step>) {
        let Some(file) = self.remove(id) else { return };
        if file.stage != Stage::Waiting {
            steps.push(Step::Tell(Body::FileCancel { id, why }));
        }
        steps.push(Step::Store(FileCommand::Discard(id)));
        steps.push(Step::Remark(Remark::FileFailed(why)));
    }

    fn remove(&mut self, id: FileId) -> Option<Outgoing> {
        let place = self.queue.iter().position(|file| file.offer.id == id)?;
        remember(&mut self.over, id);
        Some(self.queue.remove(place))
    }

    /// There is a call with this peer: what is for it waits no longer.
    pub(super) fn call_connected(&mut self, peer: PeerId) {
        for file in self.queue.iter_mut().filter(|file| file.peer == peer) {
            file.until = None;
        }
    }

    pub(super) fn call_ended(&mut self, peer: PeerId, now: Instant, steps: &mut Vec<Step>) {
        for file in self.queue.iter_mut().filter(|file| file.peer == peer && file.until.is_none()) {
            if let Stage::Flowing { .. } = file.stage {
                steps.push(Step::Store(FileCommand::Rest(file.offer.id)));
            }
            file.was_sent = file.is_sent();
            file.stage = Stage::Waiting;
            file.until = Some(now + REST);
        }
    }

    /// When the next file is forgotten.
    pub(super) fn due(&self) -> Option<Instant> {
        self.queue.iter().filter_map(|file| file.until).min()
    }

    pub(super) fn expire(&mut self, now: Instant, steps: &mut Vec<Step>) {
        for file in self.queue.extract_if(.., |file| file.until.is_some_and(|until| until <= now)) {
            remember(&mut self.over, file.offer.id);
            steps.push(Step::Store(FileCommand::Discard(file.offer.id)));
        }
    }

    pub(super) fn transfer(&self, peer: PeerId) -> Option<Transfer> {
        let file = self.queue.iter().find(|file| file.peer == peer)?;
        let kept = if let Stage::Flowing { kept, .. } = file.stage { kept } else { 0 };
        Some(transfer(&file.offer, kept, true))
    }
}

fn fits(length: u64) -> usize {
    usize::try_from(length).expect("a chunk is small")
}

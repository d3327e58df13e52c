//! What waits to be sent on one socket: bounded, so that a reader who does not read costs nobody else.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::rooms::CloseReason;

/// Most frames that wait.
pub(crate) const MOST_FRAMES: usize = 64;
/// Most bytes that wait.
pub(crate) const MOST_BYTES: usize = 262_144;

/// Filled by the hub, emptied by the socket's task.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Arc<str>>,
    bytes: usize,
    close: Option<CloseReason>,
}

/// What the socket's task is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Arc<str>),
    Close(CloseReason),
}

/// The queue is full: the reader is too slow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a frame. Nothing is appended after [`Outbox::close`].
    pub(crate) fn push(&self, frame: Arc<str>) -> Result<(), Full> {
        let mut queue = self.queue();
        if queue.close.is_some() {
            return Ok(());
        }
        if queue.frames.len() >= MOST_FRAMES || queue.bytes + frame.len() > MOST_BYTES {
            return Err(Full);
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Closes behind what waits. The first reason counts.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.queue().close.get_or_insert(reason);
        self.changed.notify_one();
    }

    /// Closes at once: what waits is thrown away.
    pub(crate) fn abandon(&self, reason: CloseReason) {
        let mut queue = self.queue();
        *queue = Queue { close: Some(queue.close.unwrap_or(reason)), ..Queue::default() };
        drop(queue);
        self.changed.notify_one();
    }

    fn take(&self) -> Option<Next> {
        let mut queue = self.queue();
        let Some(frame) = queue.frames.pop_front() else {
            // An idle socket keeps no buffer.
            queue.frames = VecDeque::new();
            return queue.close.map(Next::Close);
        };
        queue.bytes -= frame.len();
        Some(Next::Send(frame))
    }

    /// The next thing to do. One task may wait at a time; dropping the future loses nothing.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until the socket is to be closed, whatever waits to be sent.
    pub(crate) async fn closing(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.queue().close {
                return reason;
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_order_and_the_close_last() {
        let outbox = Outbox::default();
        for text in ["a", "b"] {
            assert_eq!(outbox.push(text.into()), Ok(()));
        }
        outbox.close(CloseReason::Gone);
        outbox.close(CloseReason::Draining);
        assert_eq!(outbox.push("c".into()), Ok(()));
        let all: Vec<_> = (0..3).map(|_| outbox.take()).collect();
        assert_eq!(
            all,
            [Some(Next::Send("a".into())), Some(Next::Send("b".into())), Some(Next::Close(CloseReason::Gone))]
        );
    }

    #[test]
    fn neither_frames_nor_bytes_grow_without_bound() {
        let outbox = Outbox::default();
        assert!((0..MOST_FRAMES).all(|_| outbox.push("x".into()).is_ok()));
        assert_eq!(outbox.push("x".into()), Err(Full));
        let outbox = Outbox::default();
        let large: Arc<str> = "x".repeat(65_536).into();
        assert_eq!((0..10).filter(|_| outbox.push(Arc::clone(&large)).is_ok()).count(), 4);
        outbox.abandon(CloseReason::SlowReader);
        assert_eq!(outbox.take(), Some(Next::Close(CloseReason::SlowReader)));
    }
}

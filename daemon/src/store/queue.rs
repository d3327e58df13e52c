//! What is to be kept, in a queue beside the loop: a disk can take seconds for a write, and the loop waits for none.

use std::{collections::VecDeque, time::Duration};

use kiosk_call::{Pin, Record};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

use super::{Store, is_chat};

/// What the disk did not take is offered to it again after so long.
const KEEP_AGAIN: Duration = Duration::from_secs(10);

/// The store, as the loop has it.
pub(crate) struct StoreQueue {
    /// None: it is at work.
    resting: Option<Store>,
    at_work: Option<JoinHandle<(Store, Option<Written>)>>,
    jobs: VecDeque<Job>,
    /// When the disk is asked again to take what it did not take.
    again: Option<Instant>,
    standing: Standing,
    given: u64,
    written: u64,
}

/// A record that is on the disk now, or waits for the disk to take it.
#[derive(Debug)]
pub(crate) struct Written {
    /// Records are counted from 1, in the order in which they were given.
    pub(crate) number: u64,
    /// Why it is not on the disk.
    pub(crate) declined: Option<String>,
}

/// How the store stands after its last write.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// The peers that somebody here trusts.
    pub(crate) pins: Vec<Pin>,
    /// Whether somebody here has set the volume.
    pub(crate) has_volume: bool,
    /// Files that the disk does not take.
    pub(crate) unkept: usize,
    /// Why it does not, file by file.
    pub(crate) problem: Option<String>,
}

impl Standing {
    fn of(store: &Store) -> Self {
        Self {
            pins: store.pins().to_vec(),
            has_volume: store.has_volume(),
            unkept: store.unkept(),
            problem: store.problem().map(str::to_owned),
        }
    }
}

enum Job {
    Keep(u64, Record),
    Ask(Box<dyn FnOnce(&Store) + Send>),
    Retry,
}

impl Job {
    fn done(self, store: &mut Store) -> Option<Written> {
        match self {
            Self::Keep(number, record) => Some(Written { number, declined: keep(store, &record) }),
            Self::Ask(question) => {
                question(store);
                None
            }
            Self::Retry => {
                store.retry();
                None
            }
        }
    }
}

impl StoreQueue {
    pub(crate) fn new(store: Store) -> Self {
        let standing = Standing::of(&store);
        let again = standing.problem.as_ref().map(|_| Instant::now() + KEEP_AGAIN);
        Self { resting: Some(store), at_work: None, jobs: VecDeque::new(), again, standing, given: 0, written: 0 }
    }

    /// Has a record kept; [`StoreQueue::next`] tells when that is done.
    pub(crate) fn keep(&mut self, record: Record) {
        // A config that comes before it is written must not set another.
        self.standing.has_volume |= matches!(record, Record::Volume(_));
        self.given += 1;
        self.give(Job::Keep(self.given, record));
    }

    /// Asks the store, after all that was given to it before.
    pub(crate) fn ask(&mut self, question: impl FnOnce(&Store) + Send + 'static) {
        self.give(Job::Ask(Box::new(question)));
    }

    fn give(&mut self, job: Job) {
        self.jobs.push_back(job);
        self.work();
    }

    fn work(&mut self) {
        if let Some(mut store) = self.resting.take() {
            match self.jobs.pop_front() {
                None => self.resting = Some(store),
                Some(job) => {
                    self.at_work = Some(spawn_blocking(move || {
                        let written = job.done(&mut store);
                        (store, written)
                    }));
                }
            }
        }
    }

    /// Records given so far.
    pub(crate) const fn given(&self) -> u64 {
        self.given
    }

    /// Whether a record is on its way to the disk.
    pub(crate) const fn is_writing(&self) -> bool {
        self.written < self.given
    }

    /// Waits no longer for what was given so far.
    pub(crate) const fn give_up(&mut self) {
        self.written = self.given;
    }

    /// How it stood after the last write.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Goes on with the queue, until something of [`StoreQueue::standing`] may have changed; with the record that was written, if it was
    /// one. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Written> {
        let Some(at_work) = &mut self.at_work else {
            match self.again {
                Some(again) => sleep_until(again).await,
                None => std::future::pending().await,
            }
            self.again = None;
            self.give(Job::Retry);
            return None;
        };
        let (store, written) = match at_work.await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        };
        self.at_work = None;
        let had_volume = self.standing.has_volume;
        self.standing = Standing::of(&store);
        self.standing.has_volume |= had_volume;
        self.resting = Some(store);
        self.again = self.standing.problem.as_ref().map(|_| self.again.unwrap_or_else(|| Instant::now() + KEEP_AGAIN));
        self.work();
        self.written = written.as_ref().map_or(self.written, |written| self.written.max(written.number));
        written
    }

    /// Waits until everything is done; then the directory is free for another process.
    pub(crate) async fn finish(mut self) {
        while self.at_work.is_some() {
            self.next().await;
        }
    }
}

fn keep(store: &mut Store, record: &Record) -> Option<String> {
    let error = store.keep(record).err()?;
    tracing::debug!(%error, ?record, "not kept");
    // What was said has been said.
    (!is_chat(record)).then(|| format!("done until the next start only: {error}"))
}

#[cfg(test)]
mod tests;

//! Files: what peers send is kept here, what is sent to them lies here, and pictures are made of both.
//!
//! One thread has the files. The loop hands it [`FileCommand`]s and never waits; what it tells comes back as [`FileEvent`]s. Whatever
//! interprets a file's bytes runs in a process of its own ([`still`]).
//!
//! **Invariants**: a file is never whole in memory here (`a_file_is_never_whole_in_memory`); nothing that a peer says becomes a path
//! (`names_are_only_words`); what is complete has the SHA-256 that was offered (`what_was_tampered_with_is_refused_and_gone`).

mod incoming;
mod kind;
mod outgoing;
mod shelf;
mod snapshot;
pub mod still;
mod vault;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use kiosk_call::{Chunk, Ending, FileCommand, FileEvent, VideoSource};
use kiosk_wire::{FileId, FileOffer, FileRefusal};
use thiserror::Error;
use tokio::sync::{mpsc as events, oneshot};
use tracing::{error, warn};

use self::vault::Vault;
pub use self::{
    snapshot::{OnSnapshot, Snapshot, TakeSnapshot},
    vault::HeldFile,
};
use crate::{config::FilesSection, run::FilePort};

/// Most commands with work in them that wait for the thread: at most 4 MiB of chunks.
const MOST_WAITING: usize = 256;
/// Old files are looked for this often.
const LOOK_FOR_OLD: Duration = Duration::from_secs(600);
/// After a call that was lost, received files stay for so long: the peer may not know that they came (`kiosk_call` lets a
/// transfer rest as long).
const KEPT_AFTER_A_LOST_CALL: Duration = Duration::from_secs(600);

/// Why there is no store of files.
#[derive(Debug, Error)]
pub enum FilesError {
    /// The file system refuses.
    #[error("cannot use {} for files: {source}; give kioskd the right to write there, or set another state_dir in [paths]", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("the thread for files does not start: {0}")]
    Thread(io::Error),
}

type Job = Box<dyn FnOnce(&mut Vault) + Send>;

enum Work {
    Command(FileCommand),
    /// A command on this file did not fit into the queue.
    GiveUp(FileId),
    CallEnded(Ending),
    Job(Job),
    Stop,
}

/// The way to the thread.
#[derive(Clone)]
struct Queue {
    work: mpsc::Sender<Work>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    /// False: the thread has ended.
    fn put(&self, work: Work) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.work.send(work).is_ok()
    }

    fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= MOST_WAITING
    }
}

/// The running store of files. Dropping it ends the thread, which first syncs what has come: whoever takes [`FileEvent`]s has to be
/// dropped before, or go on taking them.
pub struct FileStore {
    queue: Queue,
    incoming: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileStore")
    }
}

impl FileStore {
    /// Opens `state_dir/files` and starts the thread.
    ///
    /// # Errors
    /// If the directory cannot be used, or the system gives no thread.
    pub fn start(
        state_dir: &Path,
        rules: &FilesSection,
        events: events::Sender<FileEvent>,
        take: TakeSnapshot,
    ) -> Result<Self, FilesError> {
        let directory = state_dir.join("files");
        let failed = |source| FilesError::Io { path: directory.clone(), source };
        let mut vault = Vault::open(&directory, rules.clone()).map_err(failed)?;
        let (sender, work) = mpsc::channel();
        let queue = Queue { work: sender, waiting: Arc::default() };
        let office = Office { events, queue: queue.clone(), take };
        let thread = thread::Builder::new()
            .name("files".to_owned())
            .spawn(move || office.work(&mut vault, &work))
            .map_err(FilesError::Thread)?;
        Ok(Self { queue, incoming: directory.join("incoming"), thread: Some(thread) })
    }

    /// Where the loop hands its commands. Never waits: where too much waits already, the command fails.
    #[must_use]
    pub fn port(&self) -> FilePort {
        let queue = self.queue.clone();
        Box::new(move |command| hand_over(&queue, command))
    }

    /// For the control socket, and for the end of a call.
    #[must_use]
    pub fn desk(&self) -> FileDesk {
        FileDesk(self.queue.clone())
    }

    /// Where received files lie, for [`still::Viewer`].
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.incoming.clone()
    }
}

fn hand_over(queue: &Queue, command: FileCommand) {
    let with_work = match &command {
        // These make room, and cost next to nothing.
        FileCommand::Discard(_) | FileCommand::Rest(_) => None,
        FileCommand::Accept(FileOffer { id, .. })
        | FileCommand::Write(Chunk { id, .. })
        | FileCommand::Read { id, .. }
        | FileCommand::Snapshot { id, .. } => Some(*id),
    };
    let work = match with_work.filter(|_| queue.is_full()) {
        None => Work::Command(command),
        Some(id) => Work::GiveUp(id),
    };
    if !queue.put(work) {
        error!("the thread for files has ended");
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.queue.put(Work::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread for files panicked");
        }
    }
}

/// Asks the store of files. Clones ask the same store.
#[derive(Clone)]
pub struct FileDesk(Queue);

impl fmt::Debug for FileDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileDesk")
    }
}

impl FileDesk {
    /// Files that are kept until the call ends go.
    pub fn call_ended(&self, why: Ending) {
        self.0.put(Work::CallEnded(why));
    }

    /// Other limits from now on. What is here already stays.
    pub fn set_rules(&self, rules: FilesSection) {
        self.0.put(Work::Job(Box::new(move |vault| vault.set_rules(rules))));
    }

    async fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Vault) -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |vault: &mut Vault| {
            // Who asked may have gone.
            let _ = answer.send(job(vault));
        });
        if self.0.is_full() || !self.0.put(Work::Job(job)) {
            return None;
        }
        answered.await.ok()
    }

    /// Every file, received ones first. None, here and below: kioskd is ending, or too busy.
    pub async fn list(&self) -> Option<Vec<HeldFile>> {
        self.ask(|vault| vault.list()).await
    }

    /// Makes a place for a file that is to be sent; its id, or a sentence why not.
    pub async fn begin(&self, name: String, size: u64) -> Option<Result<FileId, String>> {
        self.ask(move |vault| vault.begin(name, size)).await
    }

    /// The next bytes of it.
    pub async fn bring(&self, id: FileId, offset: u64, bytes: Vec<u8>) -> Option<Result<(), String>> {
        self.ask(move |vault| vault.bring(id, offset, &bytes)).await
    }

    /// All of it is here: what is to be offered to a peer, or a sentence why not.
    pub async fn finish(&self, id: FileId) -> Option<Result<FileOffer, String>> {
        self.ask(move |vault| vault.finish(id)).await
    }

    /// Up to so many bytes of a file, and its size; or why not, or None: no such file.
    pub async fn read(&self, id: FileId, offset: u64, length: usize) -> Option<Option<io::Result<(Vec<u8>, u64)>>> {
        self.ask(move |vault| vault.read(id, offset, length)).await
    }

    /// Forgets a file. False: there is none.
    pub async fn remove(&self, id: FileId) -> Option<bool> {
        self.ask(move |vault| vault.remove(id)).await
    }
}

/// The thread's side.
struct Office {
    events: events::Sender<FileEvent>,
    queue: Queue,
    take: TakeSnapshot,
}

impl Office {
    fn work(self, vault: &mut Vault, work: &mpsc::Receiver<Work>) {
        let mut look = Instant::now() + LOOK_FOR_OLD;
        loop {
            let until = vault.forgets_at().map_or(look, |at| at.min(look));
            let next = match work.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(next) => next,
                Err(RecvTimeoutError::Timeout) => {
                    look = Instant::now() + LOOK_FOR_OLD;
                    vault.forget_old();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.queue.waiting.fetch_sub(1, Ordering::Relaxed);
            match next {
                Work::Command(command) => self.carry_out(vault, command),
                Work::GiveUp(id) => {
                    // Once is enough: what was to follow has not fitted either.
                    if vault.remove(id) {
                        warn!(%id, "the disk is too slow for a file: it is given up");
                    }
                    self.tell(FileEvent::Failed { id, why: FileRefusal::Storage });
                }
                Work::CallEnded(why) => {
                    let lost = matches!(why, Ending::PeerLost | Ending::NoConnection);
                    vault.call_ended(if lost { KEPT_AFTER_A_LOST_CALL } else { Duration::ZERO });
                }
                Work::Job(job) => job(vault),
                Work::Stop => return vault.rest(None),
            }
        }
    }

    fn carry_out(&self, vault: &mut Vault, command: FileCommand) {
        match command {
            FileCommand::Accept(offer) => self.tell(vault.accept(&offer)),
            FileCommand::Write(chunk) => self.tell(vault.write(&chunk)),
            FileCommand::Read { id, offset, length } => self.tell(vault.piece(id, offset, length)),
            FileCommand::Snapshot { id, of } => self.snapshot(id, of),
            FileCommand::Discard(id) => {
                vault.remove(id);
            }
            FileCommand::Rest(id) => vault.rest(Some(id)),
        }
    }

    fn snapshot(&self, id: FileId, of: VideoSource) {
        let (events, queue) = (self.events.clone(), self.queue.clone());
        let on_snapshot = move |taken| {
            let keep = move |vault: &mut Vault| tell(&events, vault.keep_snapshot(id, of, taken));
            queue.put(Work::Job(Box::new(keep)));
        };
        (self.take)(of, Box::new(on_snapshot));
    }

    fn tell(&self, event: FileEvent) {
        tell(&self.events, event);
    }
}

/// The loop is waited for: it never waits for us.
fn tell(events: &events::Sender<FileEvent>, event: FileEvent) {
    // It may have ended.
    let _ = events.blocking_send(event);
}

#[cfg(test)]
mod tests;

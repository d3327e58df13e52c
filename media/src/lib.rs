//! Capture, encoders, one webrtcbin a peer, playback and statistics: the only crate that names GStreamer.
//!
//! [`Media`] takes [`MediaCommand`]s and tells [`MediaEvent`]s; both are the core's. One media thread does everything that blocks;
//! GStreamer's callbacks hold weak references and the call's id, post to that thread's bounded queue and return.
//! `docs/media.md` draws the pipelines and gives the reason for each rule.
#![forbid(unsafe_code)]

mod camera;
mod certificate;
mod channel;
mod device;
mod encoder;
mod engine;
mod error;
mod fanout;
mod ice;
mod options;
mod peer;
mod picture;
mod pipeline;
mod player;
mod queue;
mod receive;
mod send;
mod sound;
mod stamp;
mod statistics;
mod terms;
mod wav;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Instant,
};

use gstreamer as gst;
use kiosk_call::{CallId, MediaCommand, MediaEvent};

use crate::{
    engine::Engine,
    queue::{Post, Work},
};
pub use crate::{error::MediaError, options::*, picture::Picture};

/// The media thread. Dropped, it ends as with [`Media::stop`].
pub struct Media {
    post: Post,
    events: Arc<dyn Fn(MediaEvent) + Send + Sync>,
    tick: Arc<Tick>,
    thread: Option<JoinHandle<()>>,
}

impl Media {
    /// Starts the media thread. Devices are opened for a call only.
    ///
    /// Both closures are called on threads of media and GStreamer: they must hand over and return.
    pub fn start(
        options: Options,
        on_event: Arc<dyn Fn(MediaEvent) + Send + Sync>,
        on_picture: Arc<dyn Fn(CallId, Picture) + Send + Sync>,
    ) -> Result<Self, MediaError> {
        gst::init().map_err(MediaError::Initialise)?;
        let (sender, work) = mpsc::sync_channel(queue::CAPACITY);
        let post = Post::new(sender);
        let tick = Arc::new(Tick::new());
        let engine = Engine::new(options, post.clone(), Arc::clone(&on_event), on_picture, Arc::clone(&tick));
        let thread =
            thread::Builder::new().name("media".into()).spawn(move || engine.run(&work)).map_err(MediaError::Thread)?;
        Ok(Self { post, events: on_event, tick, thread: Some(thread) })
    }

    /// Queues a command. Never blocks: should the queue be full (the media thread hangs) the call is told to have failed.
    pub fn send(&self, command: MediaCommand) {
        let call = call_of(&command);
        if !self.post.post(Work::Command(command))
            && let Some(call) = call
        {
            (self.events)(MediaEvent::Failed { call, reason: "the media thread hangs".into() });
        }
    }

    /// When the media thread was last seen alive, for the watchdog. Usually at most 250 ms ago; opening a device or ending a
    /// peer connection may take some seconds.
    #[must_use]
    pub fn last_tick(&self) -> Instant {
        self.tick.last()
    }

    /// Ends all calls and the thread. May take some seconds.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.post.post_stop();
            if thread.join().is_err() {
                tracing::error!("the media thread has panicked");
            }
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("last_tick", &self.last_tick()).finish_non_exhaustive()
    }
}

const fn call_of(command: &MediaCommand) -> Option<CallId> {
    match command {
        MediaCommand::Offer { call, .. }
        | MediaCommand::Answer { call, .. }
        | MediaCommand::AcceptAnswer { call, .. }
        | MediaCommand::AddCandidate { call, .. }
        | MediaCommand::OpenGates { call }
        | MediaCommand::SendChannel { call, .. }
        | MediaCommand::Close { call } => Some(*call),
        MediaCommand::SetSending { .. } => None,
    }
}

/// When the media thread was last seen.
struct Tick(Mutex<Instant>);

impl Tick {
    fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn touch(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

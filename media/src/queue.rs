//! The one bounded queue of the media thread: commands from the loop, news from GStreamer's threads.

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use gstreamer as gst;
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::{CallId, MediaCommand, MediaEvent};

use crate::{
    CameraSource, Loudspeaker, MicrophoneSource, VideoCodec, camera::OnSnapshot, channel::Label, picture::Picture,
    trial::OnTrial,
};

/// Room for a burst of candidates from every interface of both sides while the thread tears a peer down (up to 3 s on a
/// starved processor). More than this means that the thread hangs, which the watchdog sees too.
pub(crate) const CAPACITY: usize = 1024;

/// Something for the media thread.
pub(crate) enum Work {
    /// From the core.
    Command(MediaCommand),
    /// Where pictures come from, from now on.
    UseCamera(CameraSource),
    /// Where pictures of documents come from, from now on.
    UseDocumentCamera(Option<CameraSource>),
    /// The panel's frames have this width and height from now on.
    PanelSize(u32, u32),
    /// Somebody wants a picture of the camera.
    Snapshot(OnSnapshot),
    /// Somebody wants to know, within so long, what comes of our pictures.
    Trial(Duration, OnTrial),
    /// All who wanted a picture of the camera have one.
    Exposed,
    /// The camera that was opened as this generation has given its first picture.
    CameraWorks(u64),
    /// Where sound comes from and goes to, from now on.
    UseSound(MicrophoneSource, Loudspeaker),
    /// Amplitude of what is played, 0…1.
    Volume(f64),
    /// From a peer connection.
    Peer(CallId, News),
    /// A peer has lost pictures of this codec and needs a key unit.
    KeyUnit(VideoCodec),
    /// A pipeline reports an error.
    Broken(Owner, Trouble),
    /// A file has been played to its end.
    Ended(Owner),
    /// The latency of a pipeline has changed and must be distributed again.
    Latency(Owner),
    /// End the thread.
    Stop,
}

/// Which pipeline speaks. The number tells a rebuilt pipeline from its predecessor, whose last words don't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Camera(u64),
    /// A camera that is open for a snapshot.
    Exposure(u64),
    Placeholder,
    Encoder(VideoCodec, u64),
    Microphone(u64),
    MicrophoneFile(u64),
    Loudspeaker(u64),
    /// The decoder of a trial.
    Trial(u64),
    Peer(CallId),
}

/// An error message of a bus.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// Path of the element in its pipeline.
    pub(crate) element: String,
    pub(crate) error: gst::glib::Error,
    pub(crate) details: Option<gst::glib::GString>,
}

/// What a peer connection tells, from any of its threads.
pub(crate) enum News {
    /// An offer or answer was made.
    Made(Result<gst_webrtc::WebRTCSessionDescription, String>),
    /// The local description was set.
    LocalSet(Result<(), String>),
    /// The remote description was set.
    RemoteSet(Result<(), String>),
    /// A local candidate of an m-line.
    Candidate(u32, String),
    /// Gathering is complete.
    Gathered,
    /// The connection state has changed.
    Connection(gst_webrtc::WebRTCPeerConnectionState),
    /// The peer has closed its side.
    Left,
    /// The peer opened a data channel; None: one that the protocol does not know.
    Channel(gst_webrtc::WebRTCDataChannel, Option<Label>),
    /// This data channel is open.
    ChannelOpen(Label),
    /// Text on the data channel `ksp`.
    ChannelText(String),
    /// This data channel's buffer is nearly empty again.
    ChannelLow(Label),
    /// What was encoded or decoded of the peer cannot be used.
    Unusable(String),
    /// The first picture passed the gate.
    FirstFrame,
    /// Answer to get-stats.
    Statistics(gst::Structure),
}

/// The sending end, for callbacks: never blocks.
#[derive(Clone)]
pub(crate) struct Post(SyncSender<Work>);

impl Post {
    pub(crate) const fn new(sender: SyncSender<Work>) -> Self {
        Self(sender)
    }

    /// Queues work. Returns whether there was room.
    pub(crate) fn post(&self, work: Work) -> bool {
        match self.0.try_send(work) {
            // Disconnected: the thread has ended, nobody is interested any more.
            Ok(()) | Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(_)) => {
                tracing::error!(capacity = CAPACITY, "the media thread hangs: its queue is full");
                false
            }
        }
    }

    /// Queues a wish for a snapshot. Whoever waits for it is told in any case.
    pub(crate) fn post_snapshot(&self, on_snapshot: OnSnapshot) {
        let refused = match self.0.try_send(Work::Snapshot(on_snapshot)) {
            Ok(()) => return,
            Err(TrySendError::Full(work) | TrySendError::Disconnected(work)) => work,
        };
        if let Work::Snapshot(on_snapshot) = refused {
            on_snapshot(Err("The camera cannot be asked now. Try again.".to_owned()));
        }
    }

    pub(crate) fn news(&self, call: CallId, news: News) {
        self.post(Work::Peer(call, news));
    }

    /// Queues the last work, however long that takes.
    pub(crate) fn post_stop(&self) {
        // An error means that the thread has ended already.
        drop(self.0.send(Work::Stop));
    }
}

/// Where events go.
pub(crate) type OnEvent = Arc<dyn Fn(MediaEvent) + Send + Sync>;
/// Where decoded pictures go.
pub(crate) type OnPicture = Arc<dyn Fn(CallId, Picture) + Send + Sync>;

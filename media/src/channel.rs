//! The data channels: `ksp` for texts, `ksp-file` for pieces of files.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use gstreamer::glib;
use gstreamer_webrtc as gst_webrtc;
use kiosk_call::{CallId, Chunk, MediaEvent};

use crate::{
    queue::{News, OnEvent, Post},
    receive::Receiver,
};

/// The longest message in bytes, docs/protocol.md §6.
const LONGEST: usize = 16_384;
/// Above this many buffered bytes nothing more is handed over…
const HIGH: u64 = 256 * 1024;
/// …until no more than this many are left.
const LOW: u64 = 128 * 1024;

/// The channels that there are, docs/protocol.md §6. Both are ordered and reliable, and opened in-band by the offerer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Texts, each an envelope. Its end is the end of the call.
    Ksp,
    /// Chunks of files, binary. A peer need not have it.
    File,
}

impl Label {
    pub(crate) const ALL: [Self; 2] = [Self::Ksp, Self::File];

    /// Of a channel that the protocol knows.
    pub(crate) fn of(channel: &gst_webrtc::WebRTCDataChannel) -> Option<Self> {
        let label = channel.label().filter(|_| channel.is_ordered())?;
        Self::ALL.into_iter().find(|known| known.name() == label)
    }

    /// As it travels.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ksp => "ksp",
            Self::File => "ksp-file",
        }
    }

    /// The most messages that wait for a slow peer: of texts 4 MiB at their longest; of chunks twice what the protocol lets a
    /// sender have on the way.
    const fn waiting(self) -> usize {
        match self {
            Self::Ksp => 256,
            Self::File => 16,
        }
    }
}

/// One of our data channels.
pub(crate) struct Channel {
    inner: gst_webrtc::WebRTCDataChannel,
    label: Label,
    waiting: VecDeque<Message>,
    is_open: bool,
}

enum Message {
    Text(String),
    Binary(glib::Bytes),
}

impl Channel {
    /// Takes a channel that is listened to.
    pub(crate) fn new(inner: gst_webrtc::WebRTCDataChannel, label: Label) -> Self {
        inner.set_buffered_amount_low_threshold(LOW);
        Self { inner, label, waiting: VecDeque::new(), is_open: false }
    }

    /// Whether this is news: "open" can be told twice.
    pub(crate) fn opened(&mut self) -> bool {
        !std::mem::replace(&mut self.is_open, true)
    }

    /// Sends a text now or when the peer has caught up.
    pub(crate) fn send_text(&mut self, text: String) -> Result<(), String> {
        if text.len() > LONGEST {
            return Err(format!("a message of {} bytes is longer than {LONGEST}", text.len()));
        }
        self.send(Message::Text(text))
    }

    /// Sends a chunk now or when the peer has caught up.
    pub(crate) fn send_chunk(&mut self, chunk: &Chunk) -> Result<(), String> {
        if !(1..=Chunk::LARGEST).contains(&chunk.bytes.len()) {
            return Err(format!("a chunk of {} bytes is none", chunk.bytes.len()));
        }
        self.send(Message::Binary(glib::Bytes::from_owned(chunk.to_message())))
    }

    fn send(&mut self, message: Message) -> Result<(), String> {
        if self.waiting.len() >= self.label.waiting() {
            return Err(format!("the peer has not taken the last {} messages", self.waiting.len()));
        }
        self.waiting.push_back(message);
        self.pump()
    }

    /// Hands over what the channel's buffer has room for.
    pub(crate) fn pump(&mut self) -> Result<(), String> {
        while self.is_open && self.inner.buffered_amount() <= HIGH {
            let Some(message) = self.waiting.pop_front() else { break };
            let sent = match message {
                Message::Text(text) => self.inner.send_string_full(Some(&text)),
                Message::Binary(bytes) => self.inner.send_data_full(Some(&bytes)),
            };
            sent.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// Listens to a channel. Of the answerer it is open already when it is announced: handlers first, then look. The peer's first message
/// can follow at once, so this has to be called on the thread that announces it, before that goes on.
pub(crate) fn listen(inner: &gst_webrtc::WebRTCDataChannel, label: Label, call: CallId, listener: &Listener) {
    let to = listener.post.clone();
    inner.connect_on_open(move |_| to.news(call, News::ChannelOpen(label)));
    let to = listener.post.clone();
    inner.connect_on_buffered_amount_low(move |_| to.news(call, News::ChannelLow(label)));
    inner.connect_on_error(move |_, error| tracing::debug!(?call, ?label, %error, "data channel"));
    // What a channel is not for (binary on `ksp`, text on `ksp-file`) nobody listens to: it is dropped.
    match label {
        Label::Ksp => listen_to_texts(inner, call, &listener.post),
        Label::File => listen_to_chunks(inner, call, listener),
    }
    if inner.ready_state() == gst_webrtc::WebRTCDataChannelState::Open {
        listener.post.news(call, News::ChannelOpen(label));
    }
}

/// Where what comes in goes.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) post: Post,
    pub(crate) events: OnEvent,
    pub(crate) receiver: Arc<Receiver>,
}

fn listen_to_texts(inner: &gst_webrtc::WebRTCDataChannel, call: CallId, post: &Post) {
    let to = post.clone();
    inner.connect_on_message_string(move |_, text| {
        if let Some(text) = text {
            to.news(call, News::ChannelText(text.to_owned()));
        }
    });
    let to = post.clone();
    inner.connect_on_close(move |_| to.news(call, News::Left));
}

/// Chunks go past the media thread's queue: where they are taken up more slowly than they come, the thread of this very channel
/// waits, and with it the peer (SCTP's receive window); nothing piles up on the way.
fn listen_to_chunks(inner: &gst_webrtc::WebRTCDataChannel, call: CallId, listener: &Listener) {
    let (events, receiver) = (Arc::clone(&listener.events), Arc::clone(&listener.receiver));
    inner.connect_on_message_data(move |_, data| {
        if !receiver.is_open.load(Ordering::Acquire) {
            tracing::debug!(?call, "a chunk came before the gates were open");
            return;
        }
        match data.and_then(|data| Chunk::from_message(data)) {
            Some(chunk) => events(MediaEvent::Chunk { call, chunk }),
            None => tracing::debug!(?call, bytes = data.map_or(0, |data| data.len()), "a chunk that is none"),
        }
    });
}

//! The data channel `ksp`.

use std::collections::VecDeque;

use gstreamer_webrtc as gst_webrtc;
use kiosk_call::CallId;

use crate::queue::{News, Post};

/// Its label, docs/protocol.md §6.
pub(crate) const LABEL: &str = "ksp";
/// The longest message in bytes, docs/protocol.md §6.
const LONGEST: usize = 16_384;
/// Above this many buffered bytes nothing more is handed over…
const HIGH: u64 = 256 * 1024;
/// …until no more than this many are left.
const LOW: u64 = 128 * 1024;
/// The most messages that wait for a slow peer: 4 MiB at their longest.
const WAITING: usize = 256;

/// Our data channel, ordered and reliable.
pub(crate) struct Channel {
    inner: gst_webrtc::WebRTCDataChannel,
    waiting: VecDeque<String>,
    is_open: bool,
}

/// Whether it is the one channel that the protocol knows.
pub(crate) fn is_ours(channel: &gst_webrtc::WebRTCDataChannel) -> bool {
    channel.label().is_some_and(|label| label == LABEL) && channel.is_ordered()
}

impl Channel {
    /// Takes a channel that is [listened](Self::listen) to.
    pub(crate) fn new(inner: gst_webrtc::WebRTCDataChannel) -> Self {
        inner.set_buffered_amount_low_threshold(LOW);
        Self { inner, waiting: VecDeque::new(), is_open: false }
    }

    /// Listens to it. Of the answerer it is open already when it is announced: handlers first, then look. The peer's first message
    /// can follow at once, so this has to be called on the thread that announces it, before that goes on.
    pub(crate) fn listen(inner: &gst_webrtc::WebRTCDataChannel, call: CallId, post: &Post) {
        let to = post.clone();
        inner.connect_on_open(move |_| to.news(call, News::ChannelOpen));
        let to = post.clone();
        inner.connect_on_message_string(move |_, text| {
            if let Some(text) = text {
                to.news(call, News::ChannelText(text.to_owned()));
            }
        });
        let to = post.clone();
        inner.connect_on_buffered_amount_low(move |_| to.news(call, News::ChannelLow));
        let to = post.clone();
        inner.connect_on_close(move |_| to.news(call, News::Left));
        inner.connect_on_error(move |_, error| tracing::debug!(?call, %error, "data channel"));
        if inner.ready_state() == gst_webrtc::WebRTCDataChannelState::Open {
            post.news(call, News::ChannelOpen);
        }
    }

    /// Whether this is news: "open" can be told twice.
    pub(crate) fn opened(&mut self) -> bool {
        !std::mem::replace(&mut self.is_open, true)
    }

    /// Sends now or when the peer has caught up.
    pub(crate) fn send(&mut self, text: String) -> Result<(), String> {
        if text.len() > LONGEST {
            return Err(format!("a message of {} bytes is longer than {LONGEST}", text.len()));
        }
        if self.waiting.len() >= WAITING {
            return Err(format!("the peer has not taken the last {WAITING} messages"));
        }
        self.waiting.push_back(text);
        self.pump()
    }

    /// Hands over what the channel's buffer has room for.
    pub(crate) fn pump(&mut self) -> Result<(), String> {
        while self.is_open && self.inner.buffered_amount() <= HIGH {
            let Some(text) = self.waiting.pop_front() else { break };
            self.inner.send_string_full(Some(&text)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

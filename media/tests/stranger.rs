//! A peer that is not ours: a bare webrtcbin that offers nothing but data channels, and not always those that are expected.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use gstreamer::{self as gst, glib, prelude::*};
use gstreamer_sdp as gst_sdp;
use gstreamer_webrtc::{self as gst_webrtc, WebRTCDataChannel};
use kiosk_call::{CallId, Candidate, Chunk, FileId, MediaCommand, MediaEvent};
use kiosk_media::{Media, Options};

use crate::side::PATIENCE;

const CALL: CallId = CallId([1; 16]);

/// The stranger, and our media as it answers.
struct Meeting {
    pipeline: gst::Pipeline,
    webrtc: gst::Element,
    channels: Vec<WebRTCDataChannel>,
    media: Media,
    events: Receiver<MediaEvent>,
    seen: Vec<MediaEvent>,
}

impl Meeting {
    /// Until all of the stranger's channels are or were open at its end: some are closed at once.
    fn begin(labels: &[&str]) -> Result<Self> {
        gst::init()?;
        let pipeline = gst::Pipeline::new();
        let webrtc = gst::ElementFactory::make("webrtcbin").property_from_str("bundle-policy", "max-bundle").build()?;
        pipeline.add(&webrtc)?;
        pipeline.set_state(gst::State::Ready)?;
        let open = |label: &&str| {
            let none = None::<gst::Structure>;
            webrtc.emit_by_name::<Option<WebRTCDataChannel>>("create-data-channel", &[label, &none])
        };
        let channels = labels.iter().map(open).collect::<Option<Vec<_>>>().context("no channel")?;
        let (sender, events) = mpsc::channel();
        let tell = Arc::new(move |event| drop(sender.send(event)));
        let media = Media::start(Options::default(), tell, Arc::new(|_, _| ()))?;
        let mut meeting = Self { pipeline, webrtc, channels, media, events, seen: Vec::new() };
        meeting.connect()?;
        Ok(meeting)
    }

    fn connect(&mut self) -> Result<()> {
        self.pipeline.set_state(gst::State::Playing)?;
        let (sender, candidates) = mpsc::channel();
        self.webrtc.connect("on-ice-candidate", false, move |arguments| {
            let candidate = arguments.get(2).and_then(|value| value.get::<String>().ok());
            candidate.into_iter().for_each(|candidate| drop(sender.send(candidate)));
            None
        });
        let offer = self.make("create-offer", "offer")?;
        self.webrtc.emit_by_name::<()>("set-local-description", &[&offer, &None::<gst::Promise>]);
        let sdp = offer.sdp().as_text()?;
        self.media.send(MediaCommand::Answer { call: CALL, sdp, ice: Vec::new() });
        let deadline = Instant::now() + PATIENCE;
        let was_open = |channel: &WebRTCDataChannel| {
            use gst_webrtc::WebRTCDataChannelState::{Closed, Closing, Open};
            matches!(channel.ready_state(), Open | Closing | Closed)
        };
        while !self.channels.iter().all(was_open) {
            ensure!(Instant::now() < deadline, "not connected: {:?}", self.seen);
            for candidate in candidates.try_iter() {
                let candidate =
                    Candidate { candidate, sdp_mid: None, sdp_m_line_index: Some(0), username_fragment: None };
                self.media.send(MediaCommand::AddCandidate { call: CALL, candidate });
            }
            self.take_in();
        }
        Ok(())
    }

    fn make(&self, signal: &str, field: &str) -> Result<gst_webrtc::WebRTCSessionDescription> {
        let promise = gst::Promise::new();
        self.webrtc.emit_by_name::<()>(signal, &[&None::<gst::Structure>, &promise]);
        ensure!(promise.wait() == gst::PromiseResult::Replied, "no answer");
        Ok(promise.get_reply().context("no reply")?.get(field)?)
    }

    /// The next event, if one comes soon.
    fn take_in(&mut self) {
        let Ok(event) = self.events.recv_timeout(Duration::from_millis(20)) else { return };
        if let MediaEvent::LocalDescription { sdp, .. } = &event {
            let sdp = gst_sdp::SDPMessage::parse_buffer(sdp.as_bytes()).expect("our own");
            let answer = gst_webrtc::WebRTCSessionDescription::new(gst_webrtc::WebRTCSDPType::Answer, sdp);
            self.webrtc.emit_by_name::<()>("set-remote-description", &[&answer, &None::<gst::Promise>]);
        }
        if let MediaEvent::LocalCandidate { candidate, .. } = &event {
            self.webrtc.emit_by_name::<()>("add-ice-candidate", &[&0_u32, &candidate.candidate]);
        }
        self.seen.push(event);
    }

    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            if Instant::now() > deadline {
                bail!("{what}: {:?}", self.seen);
            }
            self.take_in();
        }
        Ok(())
    }

    fn texts(&self) -> Vec<&str> {
        let texts = self.seen.iter().filter_map(|event| {
            let MediaEvent::ChannelMessage { text, .. } = event else { return None };
            Some(text.as_str())
        });
        texts.collect()
    }

    fn chunks(&self) -> Vec<&Chunk> {
        let chunks = self.seen.iter().filter_map(|event| {
            let MediaEvent::Chunk { chunk, .. } = event else { return None };
            Some(chunk)
        });
        chunks.collect()
    }

    fn opened(&self) -> (usize, usize) {
        let count = |is: fn(&MediaEvent) -> bool| self.seen.iter().filter(|event| is(event)).count();
        (
            count(|event| matches!(event, MediaEvent::ChannelOpen { .. })),
            count(|event| matches!(event, MediaEvent::FileChannelOpen { .. })),
        )
    }

    fn has_failed(&self) -> bool {
        self.seen.iter().any(|event| matches!(event, MediaEvent::Failed { .. } | MediaEvent::PeerGone { .. }))
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        // It ends anyway.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

#[test]
fn a_peer_without_a_channel_for_files_is_a_peer() -> Result<()> {
    let mut meeting = Meeting::begin(&["ksp"])?;
    meeting.until("the channel", |meeting| meeting.opened() == (1, 0))?;
    meeting.media.send(MediaCommand::OpenGates { call: CALL });
    let chunk = Chunk { id: FileId([1; 16]), offset: 0, bytes: vec![1] };
    meeting.media.send(MediaCommand::SendChunk { call: CALL, chunk });
    meeting.channels[0].send_string_full(Some("hello"))?;
    meeting.until("a text", |meeting| meeting.texts() == ["hello"])?;
    ensure!(meeting.opened() == (1, 0) && !meeting.has_failed(), "{:?}", meeting.seen);
    Ok(())
}

#[test]
fn what_does_not_belong_on_a_channel_is_dropped_and_others_are_closed() -> Result<()> {
    let mut meeting = Meeting::begin(&["ksp", "ksp-file", "ksp-other", "ksp", "ksp-file"])?;
    meeting.until("both channels", |meeting| meeting.opened() == (1, 1))?;
    meeting.media.send(MediaCommand::OpenGates { call: CALL });
    let chunk = Chunk { id: FileId([1; 16]), offset: 1, bytes: b"whole".to_vec() };
    let is = |channel: &WebRTCDataChannel, state| channel.ready_state() == state;
    let is_open = |channel: &WebRTCDataChannel| is(channel, gst_webrtc::WebRTCDataChannelState::Open);
    let is_closed = |channel: &WebRTCDataChannel| is(channel, gst_webrtc::WebRTCDataChannelState::Closed);
    // Each on a stream of its own: the second of a name may come first, and is the one that stays.
    let stays = |meeting: &Meeting, one: usize, other: usize| {
        [(one, other), (other, one)].into_iter().find_map(|(stays, goes)| {
            (is_open(&meeting.channels[stays]) && is_closed(&meeting.channels[goes])).then_some(stays)
        })
    };
    meeting.until("the others to be closed", |meeting| {
        is_closed(&meeting.channels[2]) && stays(meeting, 0, 3).is_some() && stays(meeting, 1, 4).is_some()
    })?;
    let (Some(texts), Some(files)) = (stays(&meeting, 0, 3), stays(&meeting, 1, 4)) else { bail!("one of each") };
    let (texts, files) = (&meeting.channels[texts].clone(), &meeting.channels[files].clone());
    let binary = |channel: &WebRTCDataChannel, bytes: &[u8]| channel.send_data_full(Some(&glib::Bytes::from(bytes)));
    binary(texts, &chunk.to_message())?;
    files.send_string_full(Some("text"))?;
    // Nothing, no offset, no byte of data, one byte too many.
    for bytes in [vec![0; 1], vec![0; 16], vec![0; 24], vec![0; 16_385]] {
        binary(files, &bytes)?;
    }
    binary(files, &chunk.to_message())?;
    texts.send_string_full(Some("text"))?;
    meeting.until("what belongs", |meeting| !meeting.chunks().is_empty() && !meeting.texts().is_empty())?;
    ensure!(meeting.chunks() == [&chunk] && meeting.texts() == ["text"], "{:?}", meeting.seen);
    ensure!(meeting.opened() == (1, 1) && !meeting.has_failed(), "{:?}", meeting.seen);
    Ok(())
}

//! What is known of encoders and decoders, for whoever asks.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::VideoCodec;

/// Whether pictures go in or come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// An encoder.
    Encodes,
    /// A decoder.
    Decodes,
}

/// One encoder or decoder that kioskd knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecReport {
    /// What it makes or takes.
    pub codec: VideoCodec,
    /// Which of the two it does.
    pub direction: Direction,
    /// Its GStreamer element.
    pub factory: &'static str,
    /// It spares the processor.
    pub is_hardware: bool,
    /// What is made of it.
    pub state: CodecState,
}

/// What is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecState {
    /// It has encoded, or decoded, real pictures.
    Works {
        /// It is the one that calls use.
        is_used: bool,
        /// Time for one picture.
        per_picture: Duration,
        /// Of an encoder: fewer bits come out when it is told to use fewer.
        follows_bitrate: bool,
    },
    /// It has not, or no longer: why, as the end of a sentence.
    Broken(String),
    /// It is installed, and a better one works.
    NotTried,
    /// Its plugin is not installed, or its driver not there.
    Absent,
}

/// The reports of all codecs.
#[derive(Debug, Default)]
pub(crate) struct Codecs(Mutex<BTreeMap<(Direction, VideoCodec), Vec<CodecReport>>>);

impl Codecs {
    pub(crate) fn put(&self, direction: Direction, codec: VideoCodec, report: Vec<CodecReport>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((direction, codec), report);
    }

    pub(crate) fn all(&self) -> Vec<CodecReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }
}

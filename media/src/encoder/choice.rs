//! Which encoder is taken: the first of its codec that works, is quick enough and has not failed in a call.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use super::{
    cache::Cache,
    probe::{self, Measured},
    table::{KINDS, Kind},
};
use crate::{
    VideoCodec, VideoSettings,
    codecs::{CodecReport, CodecState, Codecs, Direction},
};

/// What is known of the encoders of this board.
pub(crate) struct Choice {
    settings: VideoSettings,
    cache: Cache,
    /// By factory. Those that are not here were not needed.
    tried: BTreeMap<&'static str, Result<Measured, String>>,
    report: Arc<Codecs>,
}

impl Choice {
    /// Nothing is tried yet. `cache`: a file that keeps what was found for as long as kernel, firmware and GStreamer are the same.
    pub(crate) fn new(settings: VideoSettings, cache: Option<PathBuf>, report: Arc<Codecs>) -> Self {
        let cache = Cache::open(cache, &settings);
        Self { settings, cache, tried: BTreeMap::new(), report }
    }

    pub(crate) const fn settings(&self) -> &VideoSettings {
        &self.settings
    }

    /// The encoder to take. Tries encoders that were not tried yet, which may take seconds where a driver hangs.
    pub(crate) fn choose(&mut self, codec: VideoCodec) -> Option<&'static Kind> {
        let mut slow: Option<(&'static Kind, Duration)> = None;
        let mut chosen = None;
        for kind in KINDS.iter().filter(|kind| kind.codec == codec && kind.is_installed()) {
            let Ok(measured) = self.measure(kind) else { continue };
            if measured.is_quick(&self.settings) {
                chosen = Some(kind);
                break;
            }
            if slow.is_none_or(|(_, quickest)| measured.per_picture < quickest) {
                slow = Some((kind, measured.per_picture));
            }
        }
        let chosen = chosen.or_else(|| slow.map(|(kind, _)| kind));
        self.tell(codec, chosen);
        chosen
    }

    /// It worked when it was tried and has failed since: it is not taken again until the next start.
    pub(crate) fn failed(&mut self, factory: &'static str, why: String) {
        self.cache.forget(factory);
        self.tried.insert(factory, Err(why));
    }

    fn measure(&mut self, kind: &'static Kind) -> Result<Measured, ()> {
        let (settings, cache) = (&self.settings, &mut self.cache);
        let outcome = self.tried.entry(kind.factory).or_insert_with(|| {
            if let Some(measured) = cache.get(kind.factory) {
                return Ok(measured);
            }
            let outcome = probe::try_out(kind, settings);
            match &outcome {
                Ok(measured) => {
                    tracing::info!(
                        encoder = kind.factory,
                        per_picture_us = measured.per_picture.as_micros(),
                        "encoder works"
                    );
                    cache.put(kind.factory, *measured);
                }
                Err(why) => tracing::warn!(encoder = kind.factory, %why, "an installed encoder does not work"),
            }
            outcome
        });
        outcome.as_ref().map(|measured| *measured).map_err(|_| ())
    }

    fn tell(&self, codec: VideoCodec, chosen: Option<&'static Kind>) {
        let report = KINDS.iter().filter(|kind| kind.codec == codec).map(|kind| {
            let state = match self.tried.get(kind.factory) {
                Some(Err(why)) => CodecState::Broken(why.clone()),
                Some(Ok(measured)) => CodecState::Works {
                    is_used: chosen.is_some_and(|chosen| chosen.factory == kind.factory),
                    per_picture: measured.per_picture,
                    follows_bitrate: measured.follows_bitrate,
                },
                None if kind.is_installed() => CodecState::NotTried,
                None => CodecState::Absent,
            };
            CodecReport {
                codec,
                direction: Direction::Encodes,
                factory: kind.factory,
                is_hardware: kind.is_hardware(),
                state,
            }
        });
        self.report.put(Direction::Encodes, codec, report.collect());
    }
}

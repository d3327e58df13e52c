//! An encoder that works when it is tried and fails in a call: another one takes over, and the call goes on.

#[path = "side/disguise.rs"]
mod disguise;
#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use kiosk_media::{CameraSource, CodecReport, CodecState, Options, TestPattern, VideoCodec, VideoSettings};

use crate::{disguise::Conduct, side::Pair};

/// As long as the trial takes, it works.
const GOOD_PICTURES: u64 = 60;

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { codec: vec![VideoCodec::H264], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn state(reports: &[CodecReport], factory: &str) -> Option<CodecState> {
    reports.iter().find(|report| report.factory == factory).map(|report| report.state.clone())
}

#[test]
fn a_call_survives_its_encoder() -> Result<()> {
    disguise::register(
        "mpph264enc",
        |pictures, _| if pictures >= GOOD_PICTURES { Conduct::GivesUp } else { Conduct::Works },
    )?;
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    let used = |pair: &Pair, side: usize| {
        pair.record[side].statistics.last().map(|statistics| statistics.encoder_implementation.clone())
    };
    pair.until("the hardware encoder at work", |pair| used(pair, 0).as_deref() == Some("mpph264enc"))?;
    pair.until("another encoder", |pair| used(pair, 0).as_deref() == Some("x264enc"))?;
    let seen = pair.seen[1].changes.load(Ordering::Relaxed);
    pair.until("pictures that go on", |pair| pair.seen[1].changes.load(Ordering::Relaxed) > seen + 30)?;
    ensure!(pair.record.iter().all(|record| record.failed.is_none()), "the call has failed");

    let reports = pair.media[0].codecs();
    let broken = state(&reports, "mpph264enc");
    ensure!(matches!(&broken, Some(CodecState::Broken(why)) if why.contains("the driver gave up")), "{broken:?}");
    let taken = state(&reports, "x264enc");
    ensure!(matches!(taken, Some(CodecState::Works { is_used: true, .. })), "{taken:?}");
    ensure!(state(&reports, "vpuenc_h264") == Some(CodecState::Absent));
    Ok(())
}

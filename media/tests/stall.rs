//! An encoder that takes pictures and gives nothing, without a word: it is started anew, and the next time another one takes over.

#[path = "side/disguise.rs"]
mod disguise;
#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use kiosk_call::Rung;
use kiosk_media::{CameraSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::{disguise::Conduct, side::Pair};

/// As long as the trial takes, and some more: it works.
const GOOD_PICTURES: u64 = 90;

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { codec: vec![VideoCodec::H264], ..VideoSettings::default() },
        ..Options::default()
    }
}

#[test]
fn a_stalled_encoder_is_started_anew_and_then_replaced() -> Result<()> {
    let rule = |pictures, _| if pictures >= GOOD_PICTURES { Conduct::Swallows } else { Conduct::Works };
    disguise::register("mpph264enc", rule)?;
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    let branches = |pair: &Pair| {
        let of = pair.record[0].healing.iter().filter(|(rung, _)| *rung == Rung::Branch);
        of.map(|(_, reason)| reason.clone()).collect::<Vec<_>>()
    };
    pair.until("the same again", |pair| branches(pair).first().is_some_and(|reason| reason.contains("started anew")))?;
    let used =
        |pair: &Pair| pair.record[0].statistics.last().map(|statistics| statistics.encoder_implementation.clone());
    ensure!(used(&pair).as_deref() == Some("mpph264enc"), "{:?}", used(&pair));
    let seen = pair.seen[1].changes.load(Ordering::Relaxed);
    pair.until("pictures of the same", |pair| pair.seen[1].changes.load(Ordering::Relaxed) > seen + 20)?;
    pair.until("another encoder", |pair| used(pair).as_deref() == Some("x264enc"))?;
    let seen = pair.seen[1].changes.load(Ordering::Relaxed);
    pair.until("pictures that go on", |pair| pair.seen[1].changes.load(Ordering::Relaxed) > seen + 30)?;
    let branches = branches(&pair);
    ensure!(matches!(&branches[..], [_, second] if second.contains("x264enc takes over")), "{branches:?}");
    ensure!(pair.record.iter().all(|record| record.failed.is_none()), "the call has failed");
    Ok(())
}

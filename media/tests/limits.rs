//! An encoder that works in the configured size and refuses larger pictures: the panel is shared in that size.

#[path = "side/disguise.rs"]
mod disguise;
#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use anyhow::{Result, ensure};
use kiosk_call::{MediaCommand, VideoSource};
use kiosk_media::{CameraSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::{disguise::Conduct, side::Pair};

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { codec: vec![VideoCodec::H264], ..VideoSettings::default() },
        ..Options::default()
    }
}

#[test]
fn an_encoder_that_refuses_large_pictures_gets_smaller_ones() -> Result<()> {
    // The driver takes what it was tried with, and nothing larger than VGA.
    disguise::register(
        "vpuenc_h264",
        |_, bytes| if bytes > 640 * 480 * 3 / 2 { Conduct::GivesUp } else { Conduct::Works },
    )?;
    let mut pair = Pair::start(options(), options())?;
    let feed = pair.media[0].panel_feed();
    pair.call(1)?;
    pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
    pair.until("that frames are wanted", |_| feed.wanted())?;
    feed.put(1920, 1080, 1920 * 4, &[255; 1920 * 1080 * 4]);
    pair.until("the panel, smaller", |pair| {
        let (width, height) = pair.seen[1].size();
        width * height <= 640 * 480 && width * 9 / height == 16 && pair.seen[1].colour()[0] > 200
    })?;
    let known = pair.record[0].statistics.len();
    pair.until("statistics", |pair| pair.record[0].statistics.len() > known)?;
    let used = pair.record[0].statistics.last().map(|statistics| statistics.encoder_implementation.clone());
    ensure!(used.as_deref() == Some("vpuenc_h264"), "it was given up: {used:?}");
    ensure!(pair.record.iter().all(|record| record.failed.is_none()), "the call has failed");
    Ok(())
}

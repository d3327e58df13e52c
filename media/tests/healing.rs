//! One peer connection after the other in the same conversation: what is captured and encoded goes on; and pictures that come and cannot
//! be decoded are a reason for another one.

#[path = "side/disguise.rs"]
mod disguise;
#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, ensure};
use kiosk_call::{DeviceState, MediaCommand, Rung};
use kiosk_media::{CameraSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::{disguise::Conduct, side::Pair};

/// Encoders that were given a first picture. A trial is one of them.
static ENCODERS: AtomicU64 = AtomicU64::new(0);
/// What is encoded is no picture.
static GARBLES: AtomicBool = AtomicBool::new(false);

fn conduct(pictures: u64, bytes: usize) -> Conduct {
    // Without bytes it is asked about what was made.
    if pictures == 0 && bytes > 0 {
        ENCODERS.fetch_add(1, Ordering::Relaxed);
    }
    if GARBLES.load(Ordering::Relaxed) { Conduct::Garbles } else { Conduct::Works }
}

fn options(codec: VideoCodec) -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { codec: vec![codec], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn captured(pair: &Pair) -> u64 {
    pair.record[0].statistics.last().map_or(0, |statistics| statistics.frames_captured)
}

#[test]
fn another_peer_connection_finds_all_as_it_was_and_helps() -> Result<()> {
    disguise::register("mpph264enc", conduct)?;
    let mut pair = Pair::start(options(VideoCodec::H264), options(VideoCodec::H264))?;
    pair.call(1)?;
    pair.until("the camera", |pair| pair.record[0].camera == Some(DeviceState::Ready) && captured(pair) > 20)?;
    let encoders = ENCODERS.load(Ordering::Relaxed);

    // The other side has its old peer connection until it is made to answer; here the end of the old one comes just before the new one.
    pair.send(0, MediaCommand::Close { call: pair.call });
    pair.call(2)?;
    ensure!(pair.record[0].camera.is_none(), "the camera was opened anew: {:?}", pair.record[0].camera);
    ensure!(ENCODERS.load(Ordering::Relaxed) == encoders, "an encoder was started anew");
    let all_moves = |pair: &Pair| {
        let figures = pair.record[0].statistics.last()?;
        let frames = [figures.frames_sent, figures.frames_received, figures.frames_decoded, figures.frames_rendered];
        let sound = [figures.sound_captured, figures.sound_sent, figures.sound_received, figures.sound_played];
        Some(frames.iter().all(|frames| *frames > 20) && sound.iter().all(|sound| sound.as_millis() > 500))
    };
    pair.until("each stage counted", |pair| all_moves(pair) == Some(true))?;

    GARBLES.store(true, Ordering::Relaxed);
    pair.until("that nothing can be decoded", |pair| {
        pair.record.iter().any(|record| record.failed.as_ref().is_some_and(|why| why.contains("not decoded")))
    })?;
    let told = pair.record.iter().flat_map(|record| &record.healing).any(|(rung, _)| *rung == Rung::Connection);
    ensure!(told, "{:?}", pair.record);
    GARBLES.store(false, Ordering::Relaxed);
    pair.close();
    pair.call(3)
}

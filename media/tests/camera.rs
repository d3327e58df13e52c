//! The camera changes in a call: the peer sees another picture and nothing else.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use anyhow::{Result, ensure};
use kiosk_call::{DeviceState, MediaCommand};
use kiosk_media::{CameraSource, Options, TestPattern};

use crate::side::Pair;

const RED: u32 = 0x00c0_2020;
const BLUE: u32 = 0x0020_20c0;

fn test(background: u32) -> CameraSource {
    CameraSource::Test { pattern: TestPattern::Ball { background } }
}

fn nowhere() -> CameraSource {
    CameraSource::V4l2 { path: "/dev/video99".into(), mode: None }
}

const fn is_red(colour: [u8; 3]) -> bool {
    colour[2] > 160
}

const fn is_blue(colour: [u8; 3]) -> bool {
    colour[1] > 160
}

const fn is_dark(colour: [u8; 3]) -> bool {
    colour[0] < 32 && colour[1].abs_diff(128) < 20 && colour[2].abs_diff(128) < 20
}

#[test]
fn another_camera_is_taken_in_a_call() -> Result<()> {
    let mut pair = Pair::start(Options { camera: test(RED), ..Options::default() }, Options::default())?;
    pair.call(1)?;
    pair.until("red", |pair| is_red(pair.seen[1].colour()))?;

    pair.media[0].use_camera(nowhere());
    pair.until("that it is missing", |pair| {
        matches!(&pair.record[0].camera, Some(DeviceState::Missing(sentence)) if sentence.contains("/dev/video99"))
    })?;
    pair.until("the placeholder", |pair| is_dark(pair.seen[1].colour()))?;
    // Whoever names it again may have told that it is there.
    pair.record[0].camera = None;
    pair.media[0].use_camera(nowhere());
    pair.until("that it is missing still", |pair| pair.record[0].camera.is_some())?;

    pair.media[0].use_camera(test(BLUE));
    pair.until("blue, and told", |pair| {
        is_blue(pair.seen[1].colour()) && pair.record[0].camera == Some(DeviceState::Ready)
    })?;

    pair.media[0].use_camera(CameraSource::None);
    pair.until("the placeholder again", |pair| is_dark(pair.seen[1].colour()))?;
    ensure!(pair.record.iter().all(|record| record.failed.is_none() && !record.gone), "{:?}", pair.record);
    Ok(())
}

#[test]
fn what_was_chosen_between_calls_is_opened_for_the_next() -> Result<()> {
    let mut pair = Pair::start(Options { camera: nowhere(), ..Options::default() }, Options::default())?;
    pair.call(1)?;
    pair.until("that it is missing", |pair| matches!(pair.record[0].camera, Some(DeviceState::Missing(_))))?;
    pair.close();
    pair.media[0].use_camera(test(RED));
    pair.call(2)?;
    pair.until("red, and told", |pair| {
        is_red(pair.seen[1].colour()) && pair.record[0].camera == Some(DeviceState::Ready)
    })
}

#[test]
fn a_camera_that_works_is_left_alone_when_it_is_named_again() -> Result<()> {
    let mut pair = Pair::start(Options { camera: test(RED), ..Options::default() }, Options::default())?;
    pair.call(1)?;
    pair.until("red, and told", |pair| {
        is_red(pair.seen[1].colour()) && pair.record[0].camera == Some(DeviceState::Ready)
    })?;
    pair.record[0].camera = None;
    pair.media[0].use_camera(test(RED));
    // Answered after it.
    pair.send(0, MediaCommand::SetSending { audio: true, video: false });
    pair.until("black", |pair| pair.seen[1].colour()[0] < 32)?;
    ensure!(pair.record[0].camera.is_none(), "it was opened anew");
    Ok(())
}

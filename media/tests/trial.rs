//! A trial: pictures go through the encoder and back without a peer, and a call is always more important.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use kiosk_call::{DeviceState, MediaCommand, MediaEvent};
use kiosk_media::{
    CameraSource, Media, MicrophoneSource, NoTrial, Options, TestPattern, Trial, VideoCodec, VideoSettings,
};

use crate::side::{PATIENCE, Pair};

const SHORT: Duration = Duration::from_secs(1);

fn options(codec: VideoCodec) -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::ZonePlate },
        microphone: MicrophoneSource::Test { frequency_hz: 440 },
        video: VideoSettings { codec: vec![codec], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn alone(options: Options) -> Result<(Media, Receiver<MediaEvent>)> {
    let (sender, events) = mpsc::channel();
    let media = Media::start(options, Arc::new(move |event| drop(sender.send(event))), Arc::new(|_, _| {}))?;
    Ok((media, events))
}

fn begin(media: &Media, length: Duration) -> Receiver<Result<Trial, NoTrial>> {
    let (sender, done) = mpsc::channel();
    media.try_out(length, Box::new(move |trial| drop(sender.send(trial))));
    done
}

fn trial(media: &Media) -> Result<Trial> {
    Ok(begin(media, SHORT).recv_timeout(PATIENCE).context("it is told what came of it")??)
}

#[test]
fn pictures_and_sound_come_through_in_their_order() -> Result<()> {
    for (codec, decoder) in [(VideoCodec::Vp8, "vp8dec"), (VideoCodec::H264, "avdec_h264")] {
        let (media, _events) = alone(options(codec))?;
        // Nobody is to see anything, and still it is tried.
        media.send(MediaCommand::SetSending { audio: true, video: false });
        for _ in 0..2 {
            let trial = trial(&media)?;
            assert!(trial.length >= SHORT && trial.problem.is_none() && trial.decoder == decoder, "{trial:?}");
            let whole = trial.passages.iter().filter_map(|of| Some((of.captured?, of.encoded?, of.decoded?)));
            let whole: Vec<_> = whole.collect();
            // Of thirty; a loaded machine leaves some out.
            assert!(whole.len() > 5, "{codec:?}: {:?}", trial.passages);
            for (captured, encoded, decoded) in whole {
                assert!(captured <= encoded && encoded <= decoded, "{captured:?}, {encoded:?}, {decoded:?}");
                assert!(decoded < PATIENCE, "{decoded:?}");
            }
            assert!(trial.sound_captured > SHORT / 2 && trial.sound_encoded > SHORT / 2, "{trial:?}");
            assert!(trial.audio_level > 0.01, "{}", trial.audio_level);
        }
    }
    Ok(())
}

#[test]
fn without_a_camera_the_placeholder_comes_through_and_no_picture_is_captured() -> Result<()> {
    let camera = CameraSource::File("/nonexistent/camera".into());
    let (media, events) = alone(Options { camera, ..options(VideoCodec::Vp8) })?;
    let trial = trial(&media)?;
    assert!(trial.passages.iter().all(|passage| passage.captured.is_none()), "{trial:?}");
    assert!(trial.passages.iter().any(|passage| passage.decoded.is_some()), "{trial:?}");
    let told = events.try_iter().any(|event| matches!(event, MediaEvent::Camera(DeviceState::Missing(_))));
    assert!(told, "what is wrong with the camera is told before the trial ends");
    Ok(())
}

#[test]
fn a_call_ends_a_trial_and_keeps_others_away() -> Result<()> {
    let mut pair = Pair::start(options(VideoCodec::Vp8), options(VideoCodec::Vp8))?;
    let long = begin(&pair.media[0], Duration::from_secs(60));
    let second = begin(&pair.media[0], SHORT);
    assert_eq!(second.recv_timeout(PATIENCE)?, Err(NoTrial::Another));
    pair.call(1)?;
    assert_eq!(long.recv_timeout(PATIENCE)?, Err(NoTrial::Call));
    assert_eq!(begin(&pair.media[0], SHORT).recv_timeout(PATIENCE)?, Err(NoTrial::Call));
    pair.close();
    // What a call has left open for a moment, a trial takes over.
    assert!(trial(&pair.media[0])?.passages.iter().any(|passage| passage.decoded.is_some()));
    pair.call(2)
}

#[test]
fn media_that_ends_says_so() -> Result<()> {
    let (media, _events) = alone(options(VideoCodec::Vp8))?;
    let long = begin(&media, Duration::from_secs(60));
    media.stop();
    assert_eq!(long.recv_timeout(PATIENCE)?, Err(NoTrial::Ending));
    Ok(())
}

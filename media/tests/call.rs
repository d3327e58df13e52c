//! Two media threads in one process call each other: decoded pixels, decoded tones, gates, data channel.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{fs, sync::atomic::Ordering};

use anyhow::{Result, ensure};
use kiosk_call::{DeviceState, MediaCommand};
use kiosk_media::{CameraSource, Loudspeaker, MicrophoneSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::side::{Pair, samples, scratch, share};

const RED: u32 = 0x00c0_2020;
const BLUE: u32 = 0x0020_20c0;

fn options(background: u32, frequency_hz: u32, loudspeaker: &str, codec: &[VideoCodec]) -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background } },
        microphone: MicrophoneSource::Test { frequency_hz },
        loudspeaker: Loudspeaker::File(scratch(loudspeaker)),
        video: VideoSettings { codec: codec.to_vec(), ..VideoSettings::default() },
        ..Options::default()
    }
}

fn is_red(colour: [u8; 3]) -> bool {
    colour[2] > 160 && colour[1] < 128
}

fn is_blue(colour: [u8; 3]) -> bool {
    colour[1] > 160 && colour[2] < 128
}

fn is_black(colour: [u8; 3]) -> bool {
    colour[0] < 24 && colour[1].abs_diff(128) < 8 && colour[2].abs_diff(128) < 8
}

/// The last half second.
fn newest(path: &std::path::PathBuf) -> Vec<i16> {
    let samples = samples(path).unwrap_or_default();
    samples[samples.len().saturating_sub(24_000)..].to_vec()
}

fn hears(loudspeaker: &str, frequency_hz: f64) -> bool {
    share(&newest(&scratch(loudspeaker)), frequency_hz) > 0.9
}

fn hears_nothing(loudspeaker: &str) -> bool {
    let newest = newest(&scratch(loudspeaker));
    newest.len() == 24_000 && newest.iter().all(|sample| sample.abs() < 8)
}

fn a_call_with(codec: &[VideoCodec], name: &str) -> Result<()> {
    let (ours, theirs) = (format!("{name}-a.wav"), format!("{name}-b.wav"));
    let mut pair = Pair::start(options(RED, 440, &ours, codec), options(BLUE, 1000, &theirs, codec))?;
    pair.call(1)?;
    pair.until("the other's colour on both sides", |pair| {
        is_blue(pair.seen[0].colour()) && is_red(pair.seen[1].colour())
    })?;
    pair.until("moving pictures", |pair| pair.seen.iter().all(|seen| seen.changes.load(Ordering::Relaxed) > 20))?;
    pair.until("the other's tone on both sides", |_| hears(&ours, 1000.0) && hears(&theirs, 440.0))?;
    ensure!(!hears(&ours, 440.0), "hears itself");

    for side in [0, 1] {
        pair.until("statistics", |pair| {
            pair.record[side].statistics.last().is_some_and(|statistics| {
                statistics.packets_received > 20
                    && statistics.packets_sent > 20
                    && statistics.bytes_received > 1000
                    && statistics.frames_decoded > 20
                    && statistics.frames_encoded > 20
            })
        })?;
    }
    let encoder = &pair.record[0].statistics[0].encoder_implementation;
    ensure!(encoder.to_lowercase().contains(if codec[0] == VideoCodec::Vp8 { "vp8" } else { "264" }), "{encoder}");
    for path in [ours, theirs] {
        fs::remove_file(scratch(&path))?;
    }
    Ok(())
}

#[test]
fn vp8_and_opus_arrive_both_ways() -> Result<()> {
    a_call_with(&[VideoCodec::Vp8, VideoCodec::H264], "vp8")
}

#[test]
fn h264_and_opus_arrive_both_ways() -> Result<()> {
    a_call_with(&[VideoCodec::H264, VideoCodec::Vp8], "h264")
}

#[test]
fn the_offer_is_what_the_protocol_says() -> Result<()> {
    let mut pair = Pair::start(Options::default(), Options::default())?;
    pair.ring(1);
    pair.until("an answer", |pair| pair.record[1].description.is_some() && pair.record[0].end_of_candidates)?;
    for record in &pair.record {
        let sdp = record.description.as_deref().unwrap_or_default();
        for line in [
            "a=rtpmap:111 OPUS/48000/2",
            "a=rtpmap:96 VP8/90000",
            "a=rtpmap:97 rtx/90000",
            "transport-wide-cc-extensions-01",
            "a=rtcp-fb:96 nack pli",
            "a=rtcp-fb:96 transport-cc",
            "useinbandfec=1",
            "a=group:BUNDLE",
            "m=application",
        ] {
            ensure!(sdp.contains(line), "no {line} in\n{sdp}");
        }
        ensure!(!sdp.contains("FID 0 "), "{sdp}");
        ensure!(sdp.matches("a=ssrc-group:FID").count() == 1, "{sdp}");
    }
    Ok(())
}

#[test]
fn nothing_passes_while_the_gates_are_shut() -> Result<()> {
    let codec = [VideoCodec::Vp8];
    let mut pair = Pair::start(options(RED, 440, "shut-a.wav", &codec), options(BLUE, 1000, "shut-b.wav", &codec))?;
    pair.connect(1)?;
    // DTLS and the channel stand; a second of statistics later still nothing has come.
    let told = |pair: &Pair| pair.record.iter().all(|record| record.statistics.len() >= 3);
    pair.until("statistics", told)?;
    // Only one side opens: what it sends is dropped before the other's decoders, what the other captures does not leave.
    pair.send(0, MediaCommand::OpenGates { call: pair.call });
    pair.until("packets at the other side", |pair| {
        pair.record[1].statistics.last().is_some_and(|statistics| statistics.packets_received > 40)
    })?;
    for (seen, path) in pair.seen.iter().zip(["shut-a.wav", "shut-b.wav"]) {
        ensure!(seen.pictures.load(Ordering::Relaxed) == 0, "a picture has passed");
        let samples = samples(&scratch(path))?;
        ensure!(samples.len() > 24_000 && samples.iter().all(|sample| *sample == 0), "sound has passed");
    }
    ensure!(pair.record[0].statistics.iter().all(|statistics| statistics.packets_received == 0), "packets have passed");
    ensure!(pair.record.iter().all(|record| record.first_frame.is_none()), "a first frame was told");

    pair.send(1, MediaCommand::OpenGates { call: pair.call });
    pair.until("pictures and sound", |pair| {
        pair.record.iter().all(|record| record.first_frame.is_some())
            && hears("shut-a.wav", 1000.0)
            && hears("shut-b.wav", 440.0)
    })?;
    for path in ["shut-a.wav", "shut-b.wav"] {
        fs::remove_file(scratch(path))?;
    }
    Ok(())
}

#[test]
fn both_sides_see_the_certificates_of_the_descriptions() -> Result<()> {
    let mut pair = Pair::start(Options::default(), Options::default())?;
    pair.connect(1)?;
    for side in [0, 1] {
        let (local, remote) = pair.record[side].secured.expect("connected");
        let of = |side: usize| pair.record[side].description.clone().unwrap_or_default();
        ensure!(of(side).contains(&local.to_sdp()), "ours");
        ensure!(of(1 - side).contains(&remote.to_sdp()), "the peer's");
    }
    Ok(())
}

#[test]
fn texts_arrive_both_ways_in_order() -> Result<()> {
    let mut pair = Pair::start(Options::default(), Options::default())?;
    pair.connect(1)?;
    let text = |number: usize| format!("{number} äöü {}", "x".repeat(16_000));
    for number in 0..120 {
        for side in [0, 1] {
            pair.send(side, MediaCommand::SendChannel { call: pair.call, text: text(number) });
        }
    }
    pair.until("all texts", |pair| pair.record.iter().all(|record| record.texts.len() == 120))?;
    for record in &pair.record {
        for (number, got) in record.texts.iter().enumerate() {
            ensure!(*got == text(number), "text {number}");
        }
    }
    pair.send(0, MediaCommand::SendChannel { call: pair.call, text: "x".repeat(16_385) });
    pair.until("a refusal of what is too long", |pair| pair.record[0].failed.is_some())?;
    Ok(())
}

#[test]
fn mute_and_camera_off_keep_the_streams_alive() -> Result<()> {
    let codec = [VideoCodec::Vp8];
    let mut pair = Pair::start(options(RED, 440, "mute-a.wav", &codec), options(BLUE, 1000, "mute-b.wav", &codec))?;
    pair.call(1)?;
    pair.until("red and 440 Hz", |pair| is_red(pair.seen[1].colour()) && hears("mute-b.wav", 440.0))?;
    pair.send(0, MediaCommand::SetSending { audio: false, video: false });
    pair.until("black and silence", |pair| is_black(pair.seen[1].colour()) && hears_nothing("mute-b.wav"))?;
    let (packets, pictures) = (
        pair.record[1].statistics.last().map_or(0, |statistics| statistics.packets_received),
        pair.seen[1].pictures.load(Ordering::Relaxed),
    );
    pair.until("more packets and pictures, though black", |pair| {
        pair.record[1].statistics.last().is_some_and(|statistics| statistics.packets_received > packets + 20)
            && pair.seen[1].pictures.load(Ordering::Relaxed) > pictures + 2
    })?;
    ensure!(is_black(pair.seen[1].colour()));
    pair.send(0, MediaCommand::SetSending { audio: true, video: true });
    pair.until("red and 440 Hz again", |pair| is_red(pair.seen[1].colour()) && hears("mute-b.wav", 440.0))?;
    for path in ["mute-a.wav", "mute-b.wav"] {
        fs::remove_file(scratch(path))?;
    }
    Ok(())
}

#[test]
fn a_call_goes_on_without_camera_and_sound_card() -> Result<()> {
    let broken = Options {
        camera: CameraSource::V4l2 { path: "/dev/video99".into(), mode: None },
        microphone: MicrophoneSource::Alsa("hw:99,0".into()),
        loudspeaker: Loudspeaker::Alsa("hw:99,0".into()),
        ..Options::default()
    };
    let mut pair = Pair::start(broken, options(BLUE, 1000, "broken-b.wav", &[VideoCodec::Vp8]))?;
    pair.call(1)?;
    pair.until("what is missing", |pair| {
        let missing = |state: &Option<DeviceState>, name: &str| {
            matches!(state, Some(DeviceState::Missing(sentence)) if sentence.contains(name))
        };
        missing(&pair.record[0].camera, "/dev/video99") && missing(&pair.record[0].sound, "hw:99,0")
    })?;
    pair.until("the placeholder", |pair| is_black(pair.seen[1].colour()))?;
    pair.until("silence", |_| hears_nothing("broken-b.wav"))?;
    pair.until("the other's pictures", |pair| is_blue(pair.seen[0].colour()))?;
    fs::remove_file(scratch("broken-b.wav"))?;
    Ok(())
}

#[test]
fn an_unreadable_file_is_told_and_taken_when_it_comes() -> Result<()> {
    let (film, film_later) = (scratch("film.wav"), scratch("film-later.wav"));
    let mut ours = options(RED, 440, "file-a.wav", &[VideoCodec::Vp8]);
    ours.microphone = MicrophoneSource::File(film.clone());
    ours.camera = CameraSource::File(film.clone());
    let mut pair = Pair::start(ours, options(BLUE, 1000, "file-b.wav", &[VideoCodec::Vp8]))?;
    pair.call(1)?;
    pair.until("the file's name", |pair| {
        let named = |state: &Option<DeviceState>| {
            matches!(state, Some(DeviceState::Missing(sentence)) if sentence.contains("film.wav"))
        };
        named(&pair.record[0].camera) && named(&pair.record[0].sound)
    })?;
    // What the other side has heard is silence; what this side has heard is a 1000 Hz tone: play that, for sound at least.
    pair.until("a second of sound", |_| hears("file-a.wav", 1000.0))?;
    fs::copy(scratch("file-a.wav"), &film_later)?;
    fs::rename(&film_later, &film)?;
    pair.until("the file's sound", |pair| {
        pair.record[0].sound == Some(DeviceState::Ready) && hears("file-b.wav", 1000.0)
    })?;
    pair.until("that it holds no pictures", |pair| {
        matches!(&pair.record[0].camera, Some(DeviceState::Missing(sentence)) if sentence.contains("cannot be played"))
    })?;
    for path in ["file-a.wav", "file-b.wav", "film.wav"] {
        fs::remove_file(scratch(path))?;
    }
    Ok(())
}

#[test]
fn rubbish_is_refused_with_a_sentence() -> Result<()> {
    let mut pair = Pair::start(Options::default(), Options::default())?;
    pair.carries = false;
    let no_codec =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n";
    for (number, sdp) in ["", "rubbish", no_codec].into_iter().enumerate() {
        pair.call = kiosk_call::CallId([u8::try_from(number)? + 1; 16]);
        pair.record = Default::default();
        pair.send(1, MediaCommand::Answer { call: pair.call, sdp: sdp.into(), ice: Vec::new() });
        pair.until("a refusal", |pair| pair.record[1].failed.is_some())?;
        pair.send(1, MediaCommand::Close { call: pair.call });
    }
    // Still alive.
    pair.carries = true;
    pair.connect(9)
}

//! What is sent changes in a call: camera, panel, document camera, quality, devices. The peer gets other pictures; nothing is negotiated.

mod side;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use kiosk_call::{MediaCommand, Quality, VideoSource};
use kiosk_media::{
    CameraSource, Loudspeaker, MicrophoneSource, Options, PanelFeed, TestPattern, VideoCodec, VideoSettings,
};

use crate::side::{Pair, samples, scratch, share};

const RED: u32 = 0x00c0_2020;
const BLUE: u32 = 0x0020_20c0;
const GREEN: u32 = 0x0020_a020;

/// Mean error of the luma of black letters on white paper that are sharp. Coarse ones have more than 24.
const SHARP: u64 = 17;
/// Pictures a second: more than of a slow quality, fewer than of a quick one.
const BETWEEN: f64 = 21.0;

const fn camera(background: u32) -> CameraSource {
    CameraSource::Test { pattern: TestPattern::Ball { background } }
}

fn sends(codec: VideoCodec) -> Options {
    Options {
        camera: camera(RED),
        document: Some(camera(GREEN)),
        video: VideoSettings { codec: vec![codec], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn looks() -> Options {
    Options {
        video: VideoSettings { codec: vec![VideoCodec::Vp8, VideoCodec::H264], ..VideoSettings::default() },
        ..Options::default()
    }
}

const fn is_red(colour: [u8; 3]) -> bool {
    colour[2] > 160 && colour[1] < 140
}

const fn is_blue(colour: [u8; 3]) -> bool {
    colour[1] > 160
}

const fn is_green(colour: [u8; 3]) -> bool {
    colour[1] < 110 && colour[2] < 110
}

const fn is_dark(colour: [u8; 3]) -> bool {
    colour[0] < 32 && colour[1].abs_diff(128) < 20 && colour[2].abs_diff(128) < 20
}

/// A plain frame with some bytes of nothing at the end of each row.
fn put(feed: &PanelFeed, (width, height): (u32, u32), [red, green, blue]: [u8; 3]) {
    let stride = width as usize * 4 + 12;
    let frame = [blue, green, red, 0].repeat(stride.div_ceil(4) * height as usize);
    feed.put(width, height, stride, &frame);
}

/// Nothing but the first offer and answer was made, and nothing has failed.
fn nothing_was_negotiated(pair: &Pair) -> Result<()> {
    for record in &pair.record {
        ensure!(record.descriptions == 1 && record.failed.is_none() && !record.gone, "{record:?}");
    }
    Ok(())
}

fn sources_replace_each_other(codec: VideoCodec) -> Result<()> {
    let mut pair = Pair::start(sends(codec), looks())?;
    let feed = pair.media[0].panel_feed();
    let wanted = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&wanted);
    feed.on_wanted(Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    pair.call(1)?;
    pair.until("red", |pair| is_red(pair.seen[1].colour()))?;
    ensure!(!feed.wanted(), "the camera is shown");

    pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
    pair.until("that frames are wanted", |_| wanted.load(Ordering::Relaxed) == 1)?;
    ensure!(feed.wanted(), "told, but not so");
    put(&feed, (1920, 1080), [20, 20, 200]);
    pair.until("the panel, whole", |pair| is_blue(pair.seen[1].colour()) && pair.seen[1].size() == (1920, 1080))?;
    // It rests, and is sent all the same.
    let pictures = pair.seen[1].pictures.load(Ordering::Relaxed);
    pair.until("more pictures of it", |pair| pair.seen[1].pictures.load(Ordering::Relaxed) > pictures + 12)?;
    ensure!(is_blue(pair.seen[1].colour()), "{:?}", pair.seen[1].colour());
    put(&feed, (1080, 1920), [200, 20, 20]);
    pair.until("it upright", |pair| is_red(pair.seen[1].colour()) && pair.seen[1].size() == (1080, 1920))?;

    // Nothing of it is wanted while nothing is sent.
    pair.send(0, MediaCommand::SetSending { audio: true, video: false });
    pair.until("the placeholder", |pair| is_dark(pair.seen[1].colour()) && !feed.wanted())?;
    pair.send(0, MediaCommand::SetSending { audio: true, video: true });
    pair.until("that frames are wanted again", |_| wanted.load(Ordering::Relaxed) == 2)?;
    put(&feed, (1280, 720), [20, 20, 200]);
    pair.until("the panel again", |pair| is_blue(pair.seen[1].colour()) && pair.seen[1].size() == (1280, 720))?;

    pair.send(0, MediaCommand::SetSource(VideoSource::Document));
    pair.until("the document", |pair| is_green(pair.seen[1].colour()) && pair.seen[1].size() == (640, 480))?;
    ensure!(!feed.wanted(), "the document is shown");
    pair.media[0].use_document_camera(None);
    pair.until("the placeholder", |pair| is_dark(pair.seen[1].colour()))?;
    pair.media[0].use_document_camera(Some(camera(BLUE)));
    pair.until("another document camera", |pair| is_blue(pair.seen[1].colour()))?;
    pair.send(0, MediaCommand::SetSource(VideoSource::Camera));
    pair.until("red again", |pair| is_red(pair.seen[1].colour()) && pair.seen[1].size() == (640, 480))?;
    nothing_was_negotiated(&pair)
}

#[test]
fn sources_replace_each_other_in_vp8() -> Result<()> {
    sources_replace_each_other(VideoCodec::Vp8)
}

#[test]
fn sources_replace_each_other_in_h264() -> Result<()> {
    sources_replace_each_other(VideoCodec::H264)
}

#[test]
fn what_was_chosen_before_a_call_is_sent_in_it() -> Result<()> {
    let mut pair = Pair::start(sends(VideoCodec::Vp8), looks())?;
    let feed = pair.media[0].panel_feed();
    pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
    pair.send(0, MediaCommand::SetQuality(Quality::Smooth));
    put(&feed, (1280, 720), [20, 20, 200]);
    for number in 1..=2 {
        ensure!(!feed.wanted(), "nobody is there");
        pair.call(number)?;
        pair.until("that frames are wanted", |_| feed.wanted())?;
        put(&feed, (1280, 720), [20, 20, 200]);
        pair.until("the panel, smooth", |pair| is_blue(pair.seen[1].colour()) && pair.seen[1].size() == (640, 360))?;
        pair.close();
        pair.until("nobody to be there", |_| !feed.wanted())?;
    }
    Ok(())
}

/// Pictures a second over the last so many seconds, if the last was after `since`.
fn rate(pair: &Pair, over: u32, since: Instant) -> Option<f64> {
    let window = Duration::from_secs(u64::from(over));
    let now = Instant::now();
    let times = pair.seen[1].times.lock().expect("no panic");
    let count = times.iter().rev().take_while(|(at, _)| now.duration_since(*at) < window).count();
    (now.duration_since(since) >= window).then(|| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(over))
}

/// Bits a second over some seconds, from the receiver's statistics.
fn bits(pair: &mut Pair) -> Result<u64> {
    let mark = |pair: &Pair| pair.record[0].statistics.last().map_or(0, |statistics| statistics.bytes_sent);
    // The target is reached by and by.
    for _ in 0..4 {
        let known = pair.record[0].statistics.len();
        pair.until("statistics", |pair| pair.record[0].statistics.len() > known)?;
    }
    let (began, before, known) = (Instant::now(), mark(pair), pair.record[0].statistics.len());
    pair.until("statistics", |pair| pair.record[0].statistics.len() >= known + 4)?;
    let took = u64::try_from(began.elapsed().as_millis())?;
    Ok((mark(pair) - before) * 8_000 / took)
}

fn qualities_change_size_and_rate(codec: VideoCodec) -> Result<()> {
    let mut ours = sends(codec);
    ours.camera = CameraSource::Test { pattern: TestPattern::ZonePlate };
    let mut pair = Pair::start(ours, looks())?;
    pair.call(1)?;
    for (quality, size, is_slow) in [
        (Quality::Auto, (640, 480), false),
        (Quality::DataSaver, (320, 240), true),
        (Quality::Sharp, (640, 480), true),
        (Quality::Smooth, (320, 240), false),
        (Quality::Auto, (640, 480), false),
    ] {
        pair.send(0, MediaCommand::SetQuality(quality));
        pair.until(&format!("{quality:?}"), |pair| pair.seen[1].size() == size)?;
        let since = Instant::now();
        if is_slow {
            pair.until("three seconds", |pair| rate(pair, 3, since).is_some())?;
            let rate = rate(&pair, 3, since).context("three seconds")?;
            // 15 a second, and some that a busy machine had kept back.
            ensure!(rate < BETWEEN, "{quality:?}: {rate} a second");
        } else {
            // 30 a second, in a second in which the machine lets them.
            pair.until("the full rate", |pair| rate(pair, 1, since).is_some_and(|rate| rate > BETWEEN))?;
        }
        ensure!(pair.seen[1].size() == size, "{quality:?}: {:?}", pair.seen[1].size());
    }
    nothing_was_negotiated(&pair)
}

#[test]
fn qualities_change_size_and_rate_in_vp8() -> Result<()> {
    qualities_change_size_and_rate(VideoCodec::Vp8)
}

#[test]
fn qualities_change_size_and_rate_in_h264() -> Result<()> {
    qualities_change_size_and_rate(VideoCodec::H264)
}

#[test]
fn saving_data_costs_a_third_at_most() -> Result<()> {
    let mut ours = sends(VideoCodec::Vp8);
    // Hard to encode, so that the encoder takes all it may.
    ours.camera = CameraSource::Test { pattern: TestPattern::ZonePlate };
    let mut pair = Pair::start(ours, looks())?;
    pair.call(1)?;
    let full = bits(&mut pair)?;
    pair.send(0, MediaCommand::SetQuality(Quality::DataSaver));
    pair.until("smaller pictures", |pair| pair.seen[1].size() == (320, 240))?;
    let saving = bits(&mut pair)?;
    ensure!(saving * 5 / 2 < full, "{saving} of {full} bit/s");
    Ok(())
}

#[test]
fn letters_on_the_panel_stay_sharp() -> Result<()> {
    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let mut pair = Pair::start(sends(codec), looks())?;
        let feed = pair.media[0].panel_feed();
        pair.call(1)?;
        pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
        pair.until("that frames are wanted", |_| feed.wanted())?;
        let (width, height) = (1280_usize, 720_usize);
        let is_ink = |x: usize, y: usize| (x / 3 + y / 5).is_multiple_of(2) && (y / 20).is_multiple_of(2);
        let pixels: Vec<u8> = (0..width * height)
            .flat_map(|at| if is_ink(at % width, at / width) { [0_u8; 4] } else { [255; 4] })
            .collect();
        feed.put(1280, 720, width * 4, &pixels);
        pair.until("the panel", |pair| pair.seen[1].size() == (1280, 720))?;
        // Limited range: ink is 16, paper 235.
        let off = |pair: &Pair| {
            let luma = pair.seen[1].luma();
            if luma.len() != width * height {
                return None;
            }
            let pixels = luma.iter().enumerate().map(|(at, luma)| {
                let wanted = if is_ink(at % width, at / width) { 16_u8 } else { 235 };
                u64::from(luma.abs_diff(wanted))
            });
            Some(pixels.sum::<u64>() / (width * height) as u64)
        };
        pair.seen[1].keep_luma();
        pair.until("sharp letters", |pair| off(pair).is_some_and(|off| off < SHARP))?;
        // They rest, and stay so: no key unit makes them coarse again.
        for _ in 0..24 {
            let pictures = pair.seen[1].pictures.load(Ordering::Relaxed);
            pair.until("more pictures", |pair| pair.seen[1].pictures.load(Ordering::Relaxed) > pictures)?;
            let off = off(&pair);
            ensure!(off.is_some_and(|off| off < SHARP + 2), "{codec:?}: coarse again: {off:?}");
        }
    }
    Ok(())
}

#[test]
fn other_devices_are_taken_without_a_negotiation() -> Result<()> {
    let mut ours = sends(VideoCodec::Vp8);
    ours.microphone = MicrophoneSource::Test { frequency_hz: 440 };
    let heard = scratch("devices.wav");
    let theirs = Options { loudspeaker: Loudspeaker::File(heard.clone()), ..looks() };
    let mut pair = Pair::start(ours, theirs)?;
    let hears = |frequency_hz: f64| {
        let samples = samples(&heard).unwrap_or_default();
        share(&samples[samples.len().saturating_sub(24_000)..], frequency_hz) > 0.9
    };
    pair.call(1)?;
    pair.until("red and 440 Hz", |pair| is_red(pair.seen[1].colour()) && hears(440.0))?;
    pair.media[0].use_camera(camera(BLUE));
    pair.media[0].use_sound(MicrophoneSource::Test { frequency_hz: 1000 }, Loudspeaker::Discard);
    pair.until("blue and 1000 Hz", |pair| is_blue(pair.seen[1].colour()) && hears(1000.0))?;
    let changes = pair.seen[1].changes.load(Ordering::Relaxed);
    pair.until("pictures that move", |pair| pair.seen[1].changes.load(Ordering::Relaxed) > changes + 20)?;
    fs::remove_file(&heard)?;
    nothing_was_negotiated(&pair)
}

#[test]
fn on_hold_nothing_of_the_peer_is_heard_or_seen() -> Result<()> {
    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let mut ours = sends(codec);
        ours.microphone = MicrophoneSource::Test { frequency_hz: 440 };
        let heard = scratch("hold.wav");
        let theirs = Options { loudspeaker: Loudspeaker::File(heard.clone()), ..looks() };
        let mut pair = Pair::start(ours, theirs)?;
        let newest = || {
            let samples = samples(&heard).unwrap_or_default();
            samples[samples.len().saturating_sub(24_000)..].to_vec()
        };
        pair.call(1)?;
        pair.until("pictures and sound", |pair| is_red(pair.seen[1].colour()) && share(&newest(), 440.0) > 0.9)?;
        pair.send(1, MediaCommand::SetReceiving(false));
        pair.until("silence", |_| newest().iter().all(|sample| sample.abs() < 8))?;
        let pictures = pair.seen[1].pictures.load(Ordering::Relaxed);
        pair.media[0].use_camera(camera(BLUE));
        let known = pair.record[1].statistics.len();
        pair.until("some time", |pair| pair.record[1].statistics.len() > known + 3)?;
        ensure!(pair.seen[1].pictures.load(Ordering::Relaxed) == pictures, "it sees");
        pair.send(1, MediaCommand::SetReceiving(true));
        pair.until("the newest picture and sound", |pair| {
            is_blue(pair.seen[1].colour()) && share(&newest(), 440.0) > 0.9
        })?;
        let colours = pair.seen[1].colours_since(pictures);
        ensure!(colours.iter().all(|colour| is_blue(*colour)), "something else came out: {colours:?}");
        fs::remove_file(&heard)?;
        nothing_was_negotiated(&pair)?;
    }
    Ok(())
}

#[test]
fn a_snapshot_is_whole_whatever_is_sent() -> Result<()> {
    let mut pair = Pair::start(sends(VideoCodec::Vp8), looks())?;
    let take = |pair: &Pair| -> Result<Result<(u32, u32, u8), String>> {
        let (sender, taken) = mpsc::channel();
        pair.media[0].take_snapshot(Box::new(move |taken| {
            let seen = taken.map(|picture| {
                let (v, _) = picture.plane(2);
                (picture.width(), picture.height(), v[v.len() / 2])
            });
            drop(sender.send(seen));
        }));
        taken.recv_timeout(side::PATIENCE).context("nobody was told")
    };
    let is_red = |taken: &Result<(u32, u32, u8), String>| matches!(taken, Ok((640, 480, v)) if *v > 160);
    // Without a call; twice, for the camera was closed.
    for _ in 0..2 {
        let taken = take(&pair)?;
        ensure!(is_red(&taken), "{taken:?}");
    }
    pair.call(1)?;
    pair.send(0, MediaCommand::SetQuality(Quality::DataSaver));
    pair.send(0, MediaCommand::SetSending { audio: true, video: false });
    pair.until("small and dark", |pair| is_dark(pair.seen[1].colour()) && pair.seen[1].size() == (320, 240))?;
    let taken = take(&pair)?;
    ensure!(is_red(&taken), "{taken:?}");
    ensure!(is_dark(pair.seen[1].colour()), "what is sent stays dark");
    pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
    let taken = take(&pair)?;
    ensure!(is_red(&taken), "{taken:?}");
    pair.send(0, MediaCommand::SetSource(VideoSource::Document));
    let taken = take(&pair)?;
    ensure!(matches!(taken, Ok((640, 480, v)) if v < 110), "{taken:?}");
    pair.close();
    pair.send(0, MediaCommand::SetSource(VideoSource::Camera));

    pair.media[0].use_camera(CameraSource::None);
    let taken = take(&pair)?;
    ensure!(matches!(&taken, Err(why) if why.contains("No camera was found")), "{taken:?}");
    pair.media[0].use_camera(CameraSource::V4l2 { path: "/dev/video99".into(), mode: None });
    let taken = take(&pair)?;
    ensure!(matches!(&taken, Err(why) if why.contains("/dev/video99")), "{taken:?}");
    pair.carries = false;
    pair.ring(2);
    pair.until("that the camera is missing", |pair| pair.record[0].camera.is_some())?;
    let taken = take(&pair)?;
    ensure!(matches!(&taken, Err(why) if why.contains("/dev/video99")), "{taken:?}");
    Ok(())
}

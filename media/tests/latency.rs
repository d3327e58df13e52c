//! Numbers of docs/media.md, measured: `cargo test -p kiosk-media --test latency -- --ignored --nocapture`.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::Result;
use kiosk_call::{MediaCommand, Quality, VideoSource};
use kiosk_media::{CameraSource, MicrophoneSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::side::Pair;

fn options(codec: VideoCodec) -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::ZonePlate },
        microphone: MicrophoneSource::Test { frequency_hz: 440 },
        video: VideoSettings { codec: vec![codec], ..VideoSettings::default() },
        ..Options::default()
    }
}

fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

#[test]
#[ignore = "a measurement, not a check: its numbers depend on the machine's load"]
fn measure() -> Result<()> {
    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let mut pair = Pair::start(options(codec), options(codec))?;
        let mut set_up = Vec::new();
        let mut open_to_frame = Vec::new();
        for number in 1..=20 {
            let start = Instant::now();
            pair.connect(number)?;
            let connected = Instant::now();
            pair.open_gates();
            pair.until("pictures", |pair| pair.record.iter().all(|record| record.first_frame.is_some()))?;
            let last = pair.record.iter().filter_map(|record| record.first_frame).max().unwrap_or(start);
            set_up.push(last.duration_since(start));
            open_to_frame.push(last.duration_since(connected));
            if number < 20 {
                pair.close();
            }
        }
        for seen in &pair.seen {
            seen.ages.lock().expect("no panic").clear();
        }
        let begun = pair.seen[0].pictures.load(Ordering::Relaxed);
        pair.until("300 pictures", |pair| pair.seen[0].pictures.load(Ordering::Relaxed) > begun + 300)?;
        let mut ages = pair.seen[0].ages.lock().expect("no panic").clone();
        eprintln!(
            "{codec:?}: offer to first picture on both sides p50 {:?} p95 {:?} (of it from open gates p50 {:?} p95 {:?}); \
             stamp to decoded p50 {:?} p95 {:?} of {}",
            percentile(&mut set_up, 50),
            percentile(&mut set_up, 95),
            percentile(&mut open_to_frame, 50),
            percentile(&mut open_to_frame, 95),
            percentile(&mut ages, 50),
            percentile(&mut ages, 95),
            ages.len()
        );
    }
    Ok(())
}

/// From the command (for the panel: from its frame) to the first picture of the new kind at the peer, and the longest time without any.
fn switch(pair: &mut Pair, name: &str, command: MediaCommand, is_new: impl Fn(&Pair) -> bool) -> Result<()> {
    let feed = pair.media[0].panel_feed();
    let frame = vec![200_u8; 1920 * 1080 * 4];
    let (mut took, mut holes) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        pair.send(0, MediaCommand::SetSource(VideoSource::Camera));
        pair.send(0, MediaCommand::SetQuality(Quality::Auto));
        let before = pair.seen[1].pictures.load(Ordering::Relaxed);
        pair.until("the camera", |pair| {
            pair.seen[1].pictures.load(Ordering::Relaxed) > before + 30 && pair.seen[1].size() == (640, 480)
        })?;
        let seen = pair.seen[1].pictures.load(Ordering::Relaxed);
        let began = Instant::now();
        pair.send(0, command.clone());
        if command == MediaCommand::SetSource(VideoSource::Panel) {
            pair.until("that frames are wanted", |_| feed.wanted())?;
            feed.put(1920, 1080, 1920 * 4, &frame);
        }
        pair.until(name, |pair| is_new(pair))?;
        took.push(began.elapsed());
        let times = pair.seen[1].times.lock().expect("no panic");
        let late = times.iter().skip(usize::try_from(seen)?.saturating_sub(1)).map(|(at, _)| *at);
        let late: Vec<_> = late.collect();
        holes.push(late.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default());
    }
    eprintln!(
        "{name}: p50 {:?} p95 {:?}; longest without a picture p50 {:?} p95 {:?}",
        percentile(&mut took, 50),
        percentile(&mut took, 95),
        percentile(&mut holes, 50),
        percentile(&mut holes, 95)
    );
    Ok(())
}

#[test]
#[ignore = "a measurement, not a check: its numbers depend on the machine's load"]
fn measure_switches() -> Result<()> {
    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let mut ours = options(codec);
        ours.camera = CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } };
        ours.document = Some(CameraSource::Test { pattern: TestPattern::Ball { background: 0x0020_20c0 } });
        let mut pair = Pair::start(ours, options(codec))?;
        pair.call(1)?;
        eprintln!("{codec:?}");
        let document = MediaCommand::SetSource(VideoSource::Document);
        switch(&mut pair, "camera to document", document, |pair| pair.seen[1].colour()[1] > 160)?;
        let panel = MediaCommand::SetSource(VideoSource::Panel);
        switch(&mut pair, "camera to panel", panel, |pair| pair.seen[1].size() == (1920, 1080))?;
        let smooth = MediaCommand::SetQuality(Quality::Smooth);
        switch(&mut pair, "auto to smooth", smooth, |pair| pair.seen[1].size() == (320, 240))?;
    }
    Ok(())
}

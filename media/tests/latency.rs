//! Numbers of docs/media.md, measured: `cargo test -p kiosk-media --test latency -- --ignored --nocapture`.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::Result;
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

//! The canceller, driven faster than real time through a simulated room: no device, no clock, no chance.

use std::{sync::Arc, time::Duration};

use self::speech::{Chance, bytes, decibels, f32_of, floats, speech};
use super::*;

#[path = "../../../tests/side/speech.rs"]
mod speech;

/// A simulated path from loudspeaker to microphone: a delay, 8 dB of loss and 50 ms of reverberation.
struct Room {
    response: Vec<(usize, f32)>,
}

impl Room {
    fn new() -> Self {
        let mut chance = Chance(12_345);
        let late = (1..60).map(|tap| {
            let at = 37 * tap + usize::from(chance.next() & 15);
            (at, 0.12 * chance.unit() * (-f32_of(at) / 700.0).exp())
        });
        Self { response: std::iter::once((0, 0.4)).chain(late).collect() }
    }

    /// What arrives at the microphone of what was played, `delay(position)` samples later.
    fn hear(&self, played: &[f32], delay: impl Fn(usize) -> usize) -> Vec<f32> {
        (0..played.len())
            .map(|at| {
                let heard = |&(tap, gain): &(usize, f32)| {
                    at.checked_sub(tap + delay(at))
                        .and_then(|from| played.get(from))
                        .map_or(0.0, |sample| sample * gain)
                };
                self.response.iter().map(heard).sum()
            })
            .collect()
    }
}

/// Echo and nothing else is processed.
const ECHO_ONLY: SoundSettings = SoundSettings {
    echo_cancellation: true,
    noise_suppression: false,
    gain_control: false,
    echo_delay: Duration::ZERO,
};

/// What leaves the processor when this was played and that captured. As in the pipelines, what is played is written 40 ms before it is heard.
fn processed(settings: &SoundSettings, played: &[f32], captured: &[f32]) -> Vec<f32> {
    const AHEAD: usize = 1_920;
    // Some running time, as in a process that has been up for a while.
    const START: u64 = 48_000 * 1_000 + 7;
    let reference = Arc::new(Reference::default());
    let mut processor = Processor::new(settings, Arc::clone(&reference)).expect("something to do");
    let played = bytes(played);
    let mut frames = bytes(captured);
    let mut written = 0;
    for (number, frame) in frames.chunks_exact_mut(FRAME * 2).enumerate() {
        let until = ((number * FRAME + AHEAD) * 2).min(played.len());
        reference.write(START + length(written / 2), &played[written..until]);
        written = until;
        processor.process(START + length(number * FRAME), frame);
    }
    floats(&frames)
}

/// By how many dB the echo is weaker after the canceller, between two seconds.
fn reduction(echo: &[f32], left: &[f32], from: usize, to: usize) -> f32 {
    decibels(&echo[from * 48_000..to * 48_000]) - decibels(&left[from * 48_000..to * 48_000])
}

const DELAYS_MS: [usize; 7] = [10, 20, 40, 60, 80, 100, 120];

#[test]
fn echoes_of_10_to_120_ms_are_20_db_weaker_after_a_second() {
    let far = speech(6, 1, 120.0);
    for delay in DELAYS_MS {
        let echo = Room::new().hear(&far, |_| delay * 48);
        for (name, settings) in [("alone", ECHO_ONLY), ("with noise suppression and gain", SoundSettings::default())] {
            let left = processed(&settings, &far, &echo);
            let weaker = reduction(&echo, &left, 1, 6);
            assert!(weaker >= 20.0, "{delay} ms, {name}: {weaker:.1} dB");
        }
    }
}

#[test]
fn an_echo_that_comes_later_than_devices_tell_is_cancelled_too() {
    let far = speech(6, 2, 120.0);
    for (delay, told) in [(0, 0), (300, 0), (450, 400)] {
        let settings = SoundSettings { echo_delay: Duration::from_millis(told), ..ECHO_ONLY };
        let echo = Room::new().hear(&far, |_| usize::try_from(delay).expect("small") * 48);
        let weaker = reduction(&echo, &processed(&settings, &far, &echo), 2, 6);
        assert!(weaker >= 20.0, "{delay} ms, {told} ms told: {weaker:.1} dB");
    }
}

#[test]
fn a_card_that_plays_before_its_time_is_no_trouble() {
    let far = speech(6, 3, 120.0);
    let echo = Room::new().hear(&far, |_| 0);
    // Heard 15 ms before the time for which it was written.
    let echo: Vec<_> = echo.iter().skip(720).copied().chain(std::iter::repeat_n(0.0, 720)).collect();
    let weaker = reduction(&echo, &processed(&ECHO_ONLY, &far, &echo), 2, 6);
    assert!(weaker >= 20.0, "{weaker:.1} dB");
}

#[test]
fn a_delay_that_changes_is_found_again() {
    let far = speech(12, 4, 120.0);
    let echo = Room::new().hear(&far, |at| if at < 6 * 48_000 { 40 * 48 } else { 110 * 48 });
    let left = processed(&ECHO_ONLY, &far, &echo);
    assert!(reduction(&echo, &left, 2, 6) >= 20.0);
    let weaker = reduction(&echo, &left, 9, 12);
    assert!(weaker >= 20.0, "three seconds after the change: {weaker:.1} dB");
}

#[test]
fn clocks_that_drift_are_followed() {
    let far = speech(12, 5, 120.0);
    // 200 parts in a million, which is a bad crystal: a sample every 5,000.
    let echo = Room::new().hear(&far, |at| 60 * 48 + at / 5_000);
    let weaker = reduction(&echo, &processed(&ECHO_ONLY, &far, &echo), 3, 12);
    assert!(weaker >= 20.0, "{weaker:.1} dB");
}

#[test]
fn the_first_words_after_a_long_silence_are_cancelled() {
    let mut far = vec![0.0; 5 * 48_000];
    far.extend(speech(5, 6, 120.0));
    let echo = Room::new().hear(&far, |_| 60 * 48);
    let left = processed(&ECHO_ONLY, &far, &echo);
    let weaker = reduction(&echo, &left, 6, 10);
    assert!(weaker >= 20.0, "{weaker:.1} dB");
}

#[test]
fn who_speaks_at_the_same_time_is_heard() {
    let far = speech(12, 7, 110.0);
    let near = speech(12, 8, 200.0);
    for delay in [20, 60, 120] {
        let echo = Room::new().hear(&far, |_| delay * 48);
        let both: Vec<_> = echo.iter().zip(&near).map(|(echo, near)| echo + near).collect();
        let left = processed(&ECHO_ONLY, &far, &both);
        let (from, to) = (4 * 48_000, 12 * 48_000);
        let weaker = decibels(&near[from..to]) - decibels(&left[from..to]);
        assert!(weaker.abs() < 6.0, "{delay} ms: the near voice is {weaker:.1} dB weaker");
        // What is left is that voice, not the echo: its loudness rises and falls with it.
        let likeness = likeness(&near[from..to], &left[from..to]);
        assert!(likeness > 0.8, "{delay} ms: {likeness:.2}");
    }
}

/// Correlation of two loudnesses, in pieces of 20 ms.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let loudness =
        |samples: &[f32]| samples.chunks_exact(960).map(|piece| decibels(piece).max(-60.0)).collect::<Vec<_>>();
    let (one, other) = (loudness(one), loudness(other));
    let mean = |values: &[f32]| values.iter().sum::<f32>() / f32_of(values.len());
    let (first, second) = (mean(&one), mean(&other));
    let sum = |terms: &dyn Fn(f32, f32) -> f32| {
        one.iter().zip(&other).map(|(a, b)| terms(a - first, b - second)).sum::<f32>()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn a_lone_voice_passes_and_noise_does_not() {
    let quiet = vec![0.0; 8 * 48_000];
    let near = speech(8, 9, 180.0);
    let heard = processed(&SoundSettings { gain_control: false, ..SoundSettings::default() }, &quiet, &near);
    let weaker = decibels(&near[96_000..]) - decibels(&heard[96_000..]);
    assert!(weaker.abs() < 3.0, "the voice is {weaker:.1} dB weaker");

    let mut chance = Chance(99);
    let noise: Vec<_> = (0..8 * 48_000).map(|_| 0.01 * chance.unit()).collect();
    let heard = processed(&SoundSettings { gain_control: false, ..SoundSettings::default() }, &quiet, &noise);
    let weaker = decibels(&noise[5 * 48_000..]) - decibels(&heard[5 * 48_000..]);
    assert!(weaker > 6.0, "the noise is {weaker:.1} dB weaker");
}

#[test]
fn a_quiet_voice_is_made_louder() {
    let quiet = vec![0.0; 12 * 48_000];
    let near: Vec<_> = speech(12, 10, 180.0).iter().map(|sample| 0.1 * sample).collect();
    let settings = SoundSettings { echo_cancellation: false, ..SoundSettings::default() };
    let heard = processed(&settings, &quiet, &near);
    let louder = decibels(&heard[6 * 48_000..]) - decibels(&near[6 * 48_000..]);
    assert!(louder > 6.0, "{louder:.1} dB");
}

#[test]
fn statistics_tell_the_enhancement() {
    let far = speech(5, 11, 120.0);
    let echo = Room::new().hear(&far, |_| 60 * 48);
    let reference = Arc::new(Reference::default());
    let mut processor = Processor::new(&ECHO_ONLY, Arc::clone(&reference)).expect("something to do");
    let (played, mut captured) = (bytes(&far), bytes(&echo));
    let mut told = Vec::new();
    for (number, (played, captured)) in played.chunks(FRAME * 2).zip(captured.chunks_mut(FRAME * 2)).enumerate() {
        reference.write(length(number * FRAME + 1_920), played);
        processor.process(length(number * FRAME), captured);
        told.extend(processor.enhancement());
    }
    assert_eq!(told.len(), 10, "twice a second");
    assert!(told.iter().flatten().any(|decibels| *decibels > 10.0), "{told:?}");
}

#[test]
fn nothing_to_do_is_nothing() {
    let off = SoundSettings { echo_cancellation: false, noise_suppression: false, gain_control: false, ..ECHO_ONLY };
    assert!(Processor::new(&off, Arc::default()).is_none());
    let mut processor = Processor::new(&ECHO_ONLY, Arc::default()).expect("something to do");
    let mut odd = vec![1; 7];
    processor.process(0, &mut odd);
    assert_eq!(odd, [1; 7], "no frame: left alone");
}

#[test]
fn the_reference_is_found_by_its_time() {
    let reference = Reference::default();
    let written = |at, samples: &[i16]| {
        reference.write(at, &samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<_>>());
    };
    let read = |at| {
        let mut samples = [9; 4];
        reference.read(at, &mut samples);
        samples
    };
    assert_eq!(read(500), [0; 4], "nothing was played yet");
    written(1_000, &[1, 2, 3, 4]);
    assert_eq!(read(1_000), [1, 2, 3, 4]);
    assert_eq!((read(998), read(1_002)), ([0, 0, 1, 2], [3, 4, 0, 0]));
    // A time stamp that is a little off goes on where the last one ended.
    written(1_007, &[5, 6]);
    assert_eq!(read(1_002), [3, 4, 5, 6]);
    // A real hole is silence, also over what was there one round ago.
    written(1_006 + length(KEPT) - 2, &[7]);
    assert_eq!(read(1_006 + length(KEPT) - 4), [0, 0, 7, 0]);
    assert_eq!(read(1_000), [0; 4], "too long ago");
    // Another card, another time.
    written(10, &[8, 8]);
    assert_eq!(read(9), [0, 8, 8, 0]);
}

#[test]
fn positions_are_those_of_48_khz() {
    assert_eq!(position(gst::ClockTime::from_mseconds(10)), 480);
    assert_eq!(position(gst::ClockTime::from_seconds(86_400)), 86_400 * 48_000);
}

/// The table of `docs/decisions/0009-echo-cancellation.md`.
#[test]
#[ignore = "a measurement"]
fn measure() {
    gst::init().expect("GStreamer");
    let (far, near) = (speech(12, 7, 110.0), speech(12, 8, 200.0));
    println!("delay ms | webrtcdsp dB | AEC3 dB | AEC3 near voice dB");
    for delay in [0, 10, 20, 40, 60, 80, 100, 120, 200, 300, 400] {
        let echo = Room::new().hear(&far, |_| delay * 48);
        let both: Vec<_> = echo.iter().zip(&near).map(|(echo, near)| echo + near).collect();
        let began = std::time::Instant::now();
        let ours = reduction(&echo, &processed(&ECHO_ONLY, &far, &echo), 2, 12);
        let took = began.elapsed();
        let talk = decibels(&processed(&ECHO_ONLY, &far, &both)[96_000..]) - decibels(&near[96_000..]);
        let theirs = reduction(&echo, &webrtcdsp(&far, &echo), 2, 12);
        println!("{delay:8} | {theirs:12.1} | {ours:7.1} | {talk:5.1} ({:.1} % of a core)", took.as_secs_f64() / 0.12);
    }
}

/// GStreamer's element, frame by frame: the played one first.
fn webrtcdsp(played: &[f32], captured: &[f32]) -> Vec<f32> {
    use gstreamer::prelude::*;
    use gstreamer_app::{AppSink, AppSrc};
    let caps = "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1";
    let pipeline = gst::parse::launch(&format!(
        "appsrc name=far is-live=true format=time caps={caps} ! webrtcechoprobe name=probe ! appsink name=played sync=false async=false
         appsrc name=near is-live=true format=time caps={caps}
           ! webrtcdsp probe=probe noise-suppression=false gain-control=false ! appsink name=left sync=false async=false"
    ))
    .expect("plugins-bad")
    .downcast::<gst::Pipeline>()
    .expect("a pipeline");
    let source = |name| pipeline.by_name(name).and_then(|element| element.downcast::<AppSrc>().ok()).expect("a source");
    let sink = |name| pipeline.by_name(name).and_then(|element| element.downcast::<AppSink>().ok()).expect("a sink");
    let (far, near, out, left) = (source("far"), source("near"), sink("played"), sink("left"));
    pipeline.set_state(gst::State::Playing).expect("plays");
    let (played, captured) = (bytes(played), bytes(captured));
    let mut result = Vec::new();
    for (number, (played, captured)) in played.chunks_exact(960).zip(captured.chunks_exact(960)).enumerate() {
        let buffer = |samples: &[u8]| {
            let mut buffer = gst::Buffer::from_slice(samples.to_vec());
            let made = buffer.make_mut();
            made.set_pts(gst::ClockTime::from_mseconds(10 * u64::try_from(number).expect("small")));
            made.set_duration(gst::ClockTime::from_mseconds(10));
            buffer
        };
        far.push_buffer(buffer(played)).expect("takes");
        out.pull_sample().expect("plays");
        near.push_buffer(buffer(captured)).expect("takes");
        let sample = left.pull_sample().expect("processes");
        result.extend(floats(&sample.buffer().expect("a buffer").map_readable().expect("memory")));
    }
    pipeline.set_state(gst::State::Null).expect("ends");
    result
}

#[test]
fn nothing_that_a_card_delivers_is_too_much() {
    let mut chance = Chance(5);
    let reference = Arc::new(Reference::default());
    let mut processor = Processor::new(&SoundSettings::default(), Arc::clone(&reference)).expect("something to do");
    let mut at = 1_000_000;
    for number in 0..2_000 {
        // Noise, the ends of the scale in turn, one end for ever, single clicks; with holes and steps back in time.
        let mut loudest = |kind: u8, sample: usize| match kind % 5 {
            0 => chance.unit(),
            1 if sample.is_multiple_of(2) => 1.0,
            1 | 2 => -1.1,
            3 if sample == 7 => 1.0,
            _ => 0.0,
        };
        let (played, captured) =
            (u8::try_from(number / 100 % 5).expect("small"), u8::try_from(number / 37 % 5).expect("small"));
        let played: Vec<_> = (0..FRAME).map(|sample| loudest(played, sample)).collect();
        let captured: Vec<_> = (0..FRAME).map(|sample| loudest(captured, sample)).collect();
        reference.write(at, &bytes(&played));
        let mut frame = bytes(&captured);
        processor.process(at, &mut frame);
        assert_eq!(frame.len(), FRAME * 2);
        at = match number % 211 {
            0 => at + 200_000,
            100 => at.saturating_sub(5_000),
            _ => at + length(FRAME),
        };
    }
}

//! Sound over real drivers, for the guest of tests/hil: the ALSA cards Loopback and Dummy. Two media threads call each other: the kiosk on
//! cards, the operator on files. A relay of this program's own is the room: what the kiosk plays comes back into its microphone.
//!
//! `sound PART`: `echo` measures the echo that the operator hears, `cards` pulls cards out and puts them back (by writing to sysfs), `latency`
//! measures from microphone to loudspeaker.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[expect(dead_code, reason = "each program uses its own part of it")]
#[path = "../tests/side/mod.rs"]
mod side;
#[expect(dead_code, reason = "each program uses its own part of it")]
#[path = "../tests/side/speech.rs"]
mod speech;

use std::{
    env, fs,
    io::{Read as _, Seek as _, SeekFrom},
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::{DeviceState, Tone};
use kiosk_media::{Loudspeaker, MicrophoneSource, Options, SoundSettings, VideoSettings};

use crate::side::{Pair, samples, scratch, share};

/// Recorded from hw:Loopback,1,0.
const MICROPHONE: &str = "plughw:Loopback,1,0";
/// What is played there is recorded from hw:Loopback,1,1.
const LOUDSPEAKER: &str = "plughw:Loopback,0,1";
const DUMMY: &str = "plughw:CARD=Dummy,DEV=0";
/// The room takes 8 dB off.
const ROOM_GAIN: f64 = 0.4;
const NOTHING: SoundSettings = SoundSettings {
    echo_cancellation: false,
    noise_suppression: false,
    gain_control: false,
    echo_delay: Duration::ZERO,
};

fn main() -> Result<()> {
    gst::init()?;
    match env::args().nth(1).as_deref() {
        Some("echo") => echo(),
        Some("cards") => cards(),
        Some("latency") => latency(),
        other => bail!("echo, cards or latency, not {other:?}"),
    }
}

fn small_video() -> VideoSettings {
    VideoSettings { width: 160, height: 120, framerate: 9, bitrate_bps: 100_000, ..VideoSettings::default() }
}

fn kiosk(microphone: &str, loudspeaker: &str, sound: SoundSettings) -> Options {
    Options {
        microphone: MicrophoneSource::Alsa(microphone.to_owned()),
        loudspeaker: Loudspeaker::Alsa(loudspeaker.to_owned()),
        video: small_video(),
        sound,
        ..Options::default()
    }
}

fn operator(microphone: MicrophoneSource, heard: &Path) -> Options {
    let loudspeaker = Loudspeaker::File(heard.to_owned());
    Options { microphone, loudspeaker, video: small_video(), ..Options::default() }
}

/// From the kiosk's loudspeaker to its microphone.
struct Room {
    pipeline: Playing,
}

impl Room {
    fn open() -> Result<Self> {
        let pipeline = launch(&format!(
            "alsasrc device=plughw:Loopback,1,1 buffer-time=40000 latency-time=10000 provide-clock=false
             ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=2 ! volume volume={ROOM_GAIN}
             ! queue ! alsasink name=out device=plughw:Loopback,0,0 buffer-time=40000 latency-time=10000 provide-clock=false"
        ))?;
        Ok(Self { pipeline })
    }

    /// This much later than it comes by itself.
    fn delay(&self, by: Duration) {
        let later = i64::try_from(by.as_nanos()).unwrap_or(0);
        self.pipeline.by_name("out").into_iter().for_each(|out| out.set_property("ts-offset", later));
    }

    /// From the loudspeaker's samples to the microphone's, as its own latency has it.
    fn latency_ms(&self) -> u64 {
        let mut query = gst::query::Latency::new();
        if self.pipeline.query(&mut query) { query.result().1.mseconds() } else { 0 }
    }
}

/// A pipeline that is put to rest before it goes, also when a check has failed.
struct Playing(gst::Pipeline);

impl Deref for Playing {
    type Target = gst::Pipeline;

    fn deref(&self) -> &gst::Pipeline {
        &self.0
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

fn launch(description: &str) -> Result<Playing> {
    let pipeline = gst::parse::launch(description)?.downcast::<gst::Pipeline>().ok().context("a pipeline")?;
    let pipeline = Playing(pipeline);
    pipeline.set_state(gst::State::Playing)?;
    let (outcome, ..) = pipeline.state(gst::ClockTime::from_seconds(10));
    let error = pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
    ensure!(outcome.is_ok() && error.is_none(), "{description}: {error:?}");
    Ok(pipeline)
}

/// A tone into the kiosk's microphone. Who prepares one end of a loopback first decides the format of both (`sound/drivers/aloop.c`): while
/// the microphone is opening the other end, what was possible a moment ago is refused. It takes what the kiosk takes: two that have prepared
/// different formats at the same moment stay silent.
fn voice() -> Result<Playing> {
    let attempt = || {
        launch(
            "audiotestsrc is-live=true freq=700 volume=0.5 ! audio/x-raw,format=S16LE,rate=48000,channels=1
             ! alsasink device=plughw:Loopback,0,0 buffer-time=40000 latency-time=10000 provide-clock=false",
        )
    };
    (1..OPENINGS).find_map(|_| attempt().ok()).map_or_else(attempt, Ok)
}

const OPENINGS: usize = 10;

/// The operator.
const SEED: u32 = 7;
const PITCH: f32 = 110.0;

/// A WAV file of speech, 12 s.
fn speech_file() -> Result<PathBuf> {
    let (path, samples) = (scratch("speech.wav"), speech::bytes(&speech::speech(12, SEED, PITCH)));
    let length = u32::try_from(samples.len())?;
    let mut file = Vec::from(*b"RIFF");
    file.extend((length + 36).to_le_bytes());
    file.extend(*b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(48_000_u32.to_le_bytes());
    file.extend(96_000_u32.to_le_bytes());
    file.extend(*b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    fs::write(&path, file)?;
    Ok(path)
}

/// The last so many samples of a WAV file. Only these are read: the guest has one processor.
fn newest(path: &Path, count: usize) -> Result<Vec<i16>> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(u64::try_from(count * 2)?).max(44) & !1))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect())
}

/// What is heard in the next so many seconds.
fn listen(pair: &mut Pair, heard: &PathBuf, seconds: usize) -> Result<Vec<f32>> {
    let from = samples(heard)?.len();
    // Its length is asked often, its content once: the guest has one processor.
    let enough = u64::try_from((from + seconds * 48_000) * 2)?;
    pair.until("some seconds of sound", |_| fs::metadata(heard).is_ok_and(|file| file.len() > enough))?;
    Ok(samples(heard)?[from..].iter().map(|sample| f32::from(*sample) / 32_768.0).collect())
}

/// The loudness of the quietest stretch of two seconds, dB.
fn quietest(samples: &[f32]) -> f32 {
    let starts = (0..samples.len().saturating_sub(STRETCH)).step_by(STRETCH / 4);
    starts.map(|start| speech::decibels(&samples[start..start + STRETCH])).fold(0.0, f32::min)
}

const STRETCH: usize = 96_000;
/// Seconds that pass before it is measured, and seconds that it is measured.
const SETTLE_S: usize = 2;
const MEASURE_S: usize = 6;
/// A guest on a busy machine loses sound, here and in the room, and each time the echo comes by another way, which takes the canceller a second or
/// two to find. So what counts is the best stretch of two seconds, against the quietest stretch of the speech; and so often it is measured.
const ATTEMPTS: usize = 5;
const WANTED_DB: f32 = 20.0;

fn echo() -> Result<()> {
    let (file, heard, delays) = (speech_file()?, scratch("heard.wav"), [0_u64, 20, 40, 60, 80]);
    let call = |sound| -> Result<(Room, Pair)> {
        let room = Room::open()?;
        let theirs = operator(MicrophoneSource::File(file.clone()), &heard);
        let mut pair = Pair::start(kiosk(MICROPHONE, LOUDSPEAKER, sound), theirs)?;
        pair.call(1)?;
        Ok((room, pair))
    };
    let (room, mut pair) = call(NOTHING)?;
    listen(&mut pair, &heard, SETTLE_S)?;
    let before = speech::decibels(&listen(&mut pair, &heard, 2 * MEASURE_S)?);
    ensure!(before > -50.0, "no echo is heard: {before:.1} dB");
    let speech = speech::speech(12, SEED, PITCH);
    let quietest_before = before + quietest(&speech) - speech::decibels(&speech);
    println!("sound: without cancellation the echo is {before:.1} dB, the room's own delay {} ms", room.latency_ms());
    drop((room, pair));

    let (room, mut pair) =
        call(SoundSettings { noise_suppression: false, gain_control: false, ..SoundSettings::default() })?;
    for delay in delays {
        room.delay(Duration::from_millis(delay));
        listen(&mut pair, &heard, SETTLE_S)?;
        let mut weaker: Vec<f32> = Vec::new();
        while weaker.last().is_none_or(|last| *last < WANTED_DB) {
            ensure!(weaker.len() < ATTEMPTS, "the echo is only {weaker:.1?} dB weaker");
            weaker.push(quietest_before - quietest(&listen(&mut pair, &heard, MEASURE_S)?));
        }
        // The last one may be of a pause between words.
        let lately = pair.record[0].statistics.iter().rev().take(MEASURE_S * 2);
        let loudest = lately.map(|statistics| statistics.audio_level_in).fold(0.0, f64::max);
        ensure!(loudest > 0.005, "the operator is not heard: there is no echo to cancel");
        let xruns = pair.record[0].statistics.last().map_or(0, |statistics| statistics.xruns);
        println!("sound: {delay} ms later the echo is {weaker:.1?} dB weaker; xruns so far: {xruns}");
    }
    println!("sound: echo passed");
    Ok(())
}

fn driver(name: &str, what: &str) -> PathBuf {
    format!("/sys/bus/platform/drivers/snd_{name}/{what}").into()
}

/// Pulls a card out. Returns when the driver has let go of it, which is when all of its files are closed.
fn pull(name: &'static str) -> thread::JoinHandle<()> {
    thread::spawn(move || fs::write(driver(name, "unbind"), format!("snd_{name}.0")).expect("the driver lets go"))
}

/// Puts it back.
fn put_back(name: &str) -> Result<Instant> {
    fs::write(driver(name, "bind"), format!("snd_{name}.0"))?;
    Ok(Instant::now())
}

fn is_missing(pair: &Pair, what: &str) -> bool {
    matches!(&pair.record[0].sound, Some(DeviceState::Missing(sentence)) if sentence.contains(what))
}

/// The kiosk's microphone is on one card, its loudspeaker on the other; the room is a tone.
fn cards() -> Result<()> {
    let heard = scratch("cards.wav");
    let pipeline = voice()?;
    let theirs = operator(MicrophoneSource::Test { frequency_hz: 1000 }, &heard);
    let mut pair = Pair::start(kiosk(MICROPHONE, DUMMY, NOTHING), theirs)?;
    let hears = || {
        let newest = newest(&heard, 9_600).unwrap_or_default();
        share(&newest, 700.0) > 0.9
    };
    let devices = || (MicrophoneSource::Alsa(MICROPHONE.to_owned()), Loudspeaker::Alsa(DUMMY.to_owned()));
    // A tone plays before the call.
    pair.send(0, kiosk_call::MediaCommand::SetTone(Some(Tone::Ring)));
    pair.call(1)?;
    pair.send(0, kiosk_call::MediaCommand::SetTone(None));
    pair.until("the tone at the operator", |_| hears())?;

    // The loudspeaker's card goes: the microphone is not disturbed.
    let from = samples(&heard)?.len();
    let pulled = pull("dummy");
    pair.until("a sentence about the loudspeaker", |pair| is_missing(pair, "loudspeaker"))?;
    pulled.join().ok().context("the driver")?;
    let back = put_back("dummy")?;
    let (microphone, loudspeaker) = devices();
    pair.media[0].use_sound(microphone, loudspeaker);
    pair.until("the loudspeaker", |pair| pair.record[0].sound == Some(DeviceState::Ready))?;
    println!("sound: the loudspeaker plays {} ms after it is back", back.elapsed().as_millis());
    listen(&mut pair, &heard, 1)?;
    let gap = longest_gap_ms(&samples(&heard)?[from..]);
    println!("sound: the longest gap at the operator meanwhile is {gap} ms");
    // A busy machine makes gaps of its own; the microphone's card opened anew would take longer than the other's.
    ensure!(gap < 2_000, "the microphone was disturbed");

    // The microphone's card goes.
    let pulled = pull("aloop");
    pair.until("a sentence about the microphone", |pair| is_missing(pair, "microphone"))?;
    drop(pipeline);
    pulled.join().ok().context("the driver")?;
    ensure!(!is_missing(&pair, "loudspeaker"), "the loudspeaker's card is there");
    let back = put_back("aloop")?;
    let (microphone, loudspeaker) = devices();
    pair.media[0].use_sound(microphone, loudspeaker);
    pair.until("the microphone", |pair| pair.record[0].sound == Some(DeviceState::Ready))?;
    println!("sound: the microphone is open {} ms after it is back", back.elapsed().as_millis());
    let _pipeline = voice()?;
    pair.until("the tone again", |_| hears())?;

    xruns(&mut pair)?;
    println!("sound: cards passed");
    Ok(())
}

/// The longest time without the tone, in pieces of 20 ms.
fn longest_gap_ms(samples: &[i16]) -> usize {
    let is_tone: Vec<bool> = samples.chunks_exact(960).map(|piece| share(piece, 700.0) > 0.8).collect();
    is_tone.chunk_by(|a, b| a == b).filter(|run| !run[0]).map(|run| run.len() * 20).max().unwrap_or(0)
}

/// All of this process stands still for half a second, as on a board whose storage is slow.
fn xruns(pair: &mut Pair) -> Result<()> {
    let count = |pair: &Pair| pair.record[0].statistics.last().map_or(0, |statistics| statistics.xruns);
    let before = count(pair);
    let parent = std::process::id();
    let stopped =
        Command::new("sh").args(["-c", &format!("kill -STOP {parent}; sleep 0.5; kill -CONT {parent}")]).status()?;
    ensure!(stopped.success(), "nothing was stopped");
    pair.until("xruns", |pair| count(pair) > before)?;
    println!("sound: half a second of standstill is {} xruns", count(pair) - before);
    Ok(())
}

/// Ticks go into the kiosk's microphone and come out of the operator's loudspeaker, all of it on cards.
fn latency() -> Result<()> {
    let pipeline = launch(
        "audiotestsrc is-live=true wave=ticks sine-periods-per-tick=20 freq=1000 ! audio/x-raw,format=S16LE,rate=48000,channels=2
         ! alsasink device=plughw:Loopback,0,0 buffer-time=40000 latency-time=10000 provide-clock=false
         alsasrc device=plughw:Loopback,1,3 buffer-time=40000 latency-time=10000 provide-clock=false
         ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! appsink name=out sync=false",
    )?;
    let (sender, ticks) = mpsc::channel();
    let out = pipeline.by_name("out").and_then(|out| out.downcast::<gst_app::AppSink>().ok()).context("a sink")?;
    let mut silent_since = gst::ClockTime::ZERO;
    out.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let Some((buffer, start)) = sample.buffer().and_then(|buffer| Some((buffer, buffer.pts()?))) else {
                    return Ok(gst::FlowSuccess::Ok);
                };
                if let Ok(map) = buffer.map_readable() {
                    let loud = map.as_chunks().0.iter().position(|bytes| i16::from_ne_bytes(*bytes).abs() > 2_000);
                    if let Some(at) = loud {
                        let when = start + gst::ClockTime::from_useconds(u64::try_from(at).unwrap_or(0) * 1_000 / 48);
                        if when > silent_since + gst::ClockTime::from_mseconds(300) {
                            // Nobody counts any more: it ends.
                            let _ = sender.send(when);
                        }
                        silent_since = when;
                    }
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    // Who opens a loopback first says how many channels it has.
    let mut pair =
        Pair::start(kiosk(MICROPHONE, DUMMY, NOTHING), kiosk("plughw:Loopback,1,7", "plughw:Loopback,0,3", NOTHING))?;
    pair.call(1)?;
    // The ticks are played this much after the second.
    let played_after = {
        let mut query = gst::query::Latency::new();
        ensure!(pipeline.query(&mut query), "no latency is known");
        query.result().1
    };
    let mut found: Vec<u64> = Vec::new();
    while found.len() < 10 {
        let tick = ticks.recv_timeout(side::PATIENCE).context("no tick comes through")?;
        found.push((tick.mseconds() + 2_000 - played_after.mseconds()) % 1_000);
    }
    found.sort_unstable();
    println!("sound: from microphone to loudspeaker: {} to {} ms, median {}", found[0], found[9], found[5]);
    println!("sound: latency passed");
    Ok(())
}

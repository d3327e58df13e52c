//! One side of a call, with its own media thread, and the little signaling between two of them.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use kiosk_call::{CallId, Chunk, DeviceState, MediaCommand, MediaEvent, Rung, Statistics};
use kiosk_media::{Media, Options};

/// The longest that anything may take. Usually it takes a hundredth of that; a loaded machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at when nothing is told.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a side has seen of its peer's pictures.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pictures: AtomicU64,
    /// Mean colour of a corner away from the stamp: Y, U, V.
    pub(crate) colour: Mutex<[u8; 3]>,
    /// Width and height of the last one.
    pub(crate) size: Mutex<(u32, u32)>,
    /// When each came, and its colour.
    pub(crate) times: Mutex<Vec<(Instant, [u8; 3])>>,
    /// The last one's luma, without gaps, if somebody wants it.
    luma: Mutex<Option<Vec<u8>>>,
    /// Changes from picture to picture.
    pub(crate) changes: AtomicU64,
    pub(crate) ages: Mutex<Vec<Duration>>,
    checksum: AtomicU64,
}

#[derive(Debug)]
enum Told {
    Event(usize, Box<MediaEvent>),
    Picture(usize),
}

/// Two media threads that call each other. Calls are told apart by their id, the sides by 0 (offers) and 1 (answers).
pub(crate) struct Pair {
    pub(crate) media: [Media; 2],
    pub(crate) seen: [Arc<Seen>; 2],
    pub(crate) record: [Record; 2],
    told: Receiver<Told>,
    candidates: [Vec<kiosk_call::Candidate>; 2],
    /// Set when the other side's description has been handed to it.
    is_described: [bool; 2],
    pub(crate) call: CallId,
    /// Candidates and descriptions are carried over. Off: the peers never find each other.
    pub(crate) carries: bool,
}

/// What a side has told since the call began.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) description: Option<String>,
    pub(crate) candidates: Vec<kiosk_call::Candidate>,
    pub(crate) end_of_candidates: bool,
    pub(crate) secured: Option<(kiosk_call::Fingerprint, kiosk_call::Fingerprint)>,
    pub(crate) channel_open: bool,
    pub(crate) texts: Vec<String>,
    pub(crate) file_channel_open: bool,
    pub(crate) chunks: Vec<Chunk>,
    /// Descriptions made: more than one is a new negotiation.
    pub(crate) descriptions: usize,
    pub(crate) first_frame: Option<Instant>,
    pub(crate) statistics: Vec<Statistics>,
    pub(crate) gone: bool,
    pub(crate) failed: Option<String>,
    pub(crate) camera: Option<DeviceState>,
    pub(crate) sound: Option<DeviceState>,
    pub(crate) healing: Vec<(Rung, String)>,
}

impl Pair {
    pub(crate) fn start(offerer: Options, answerer: Options) -> Result<Self> {
        let (sender, told) = mpsc::channel();
        let seen = [Arc::<Seen>::default(), Arc::<Seen>::default()];
        let media = [side(0, offerer, &seen[0], &sender)?, side(1, answerer, &seen[1], &sender)?];
        Ok(Self {
            media,
            seen,
            record: Default::default(),
            told,
            candidates: Default::default(),
            is_described: [false; 2],
            call: CallId([0; 16]),
            carries: true,
        })
    }

    pub(crate) fn send(&self, side: usize, command: MediaCommand) {
        self.media[side].send(command);
    }

    /// Begins call `number`, forgetting what was seen before.
    pub(crate) fn ring(&mut self, number: u8) {
        self.call = CallId([number; 16]);
        self.record = Default::default();
        self.candidates = Default::default();
        self.is_described = [false; 2];
        self.send(0, MediaCommand::Offer { call: self.call, ice: Vec::new() });
    }

    pub(crate) fn open_gates(&self) {
        for side in [0, 1] {
            self.send(side, MediaCommand::OpenGates { call: self.call });
        }
    }

    /// Until DTLS and the data channel stand on both sides.
    pub(crate) fn connect(&mut self, number: u8) -> Result<()> {
        self.ring(number);
        self.until("connected", |pair| pair.record.iter().all(|record| record.secured.is_some() && record.channel_open))
    }

    /// A whole call: connected, gates open, pictures on both sides.
    pub(crate) fn call(&mut self, number: u8) -> Result<()> {
        self.connect(number)?;
        self.open_gates();
        self.until("pictures on both sides", |pair| pair.record.iter().all(|record| record.first_frame.is_some()))
    }

    pub(crate) fn close(&self) {
        for side in [0, 1] {
            self.send(side, MediaCommand::Close { call: self.call });
        }
    }

    /// Carries signaling to and fro until the condition holds.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            if Instant::now() > deadline {
                bail!("{what}: not within {PATIENCE:?}; {:?}", self.record);
            }
            match self.told.recv_timeout(LOOK_AGAIN) {
                Ok(told) => self.take_in(told),
                // What is looked at may be a file, of whose growth nobody tells.
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("media has gone"),
            }
            // Looking may take longer than it takes until the next picture.
            while let Ok(told) = self.told.try_recv() {
                self.take_in(told);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, told: Told) {
        match told {
            Told::Event(side, event) => self.event(side, *event),
            Told::Picture(side) => assert!(side < 2),
        }
    }

    fn event(&mut self, side: usize, event: MediaEvent) {
        let other = 1 - side;
        let record = &mut self.record[side];
        match event {
            MediaEvent::Camera(state) => record.camera = Some(state),
            MediaEvent::Sound(state) => record.sound = Some(state),
            MediaEvent::Healing { rung, reason } => record.healing.push((rung, reason)),
            MediaEvent::LocalDescription { call, sdp } if call == self.call => {
                record.description = Some(sdp.clone());
                record.descriptions += 1;
                self.describe(other, sdp);
            }
            MediaEvent::LocalCandidate { call, candidate } if call == self.call => {
                assert!(record.description.is_some(), "a candidate has overtaken its description");
                record.candidates.push(candidate.clone());
                if self.is_described[other] {
                    self.carry(other, candidate);
                } else {
                    self.candidates[other].push(candidate);
                }
            }
            MediaEvent::EndOfCandidates { call } if call == self.call => record.end_of_candidates = true,
            MediaEvent::Secured { call, local, remote } if call == self.call => record.secured = Some((local, remote)),
            MediaEvent::ChannelOpen { call } if call == self.call => {
                assert!(!record.channel_open, "open is told once");
                record.channel_open = true;
            }
            MediaEvent::ChannelMessage { call, text } if call == self.call => record.texts.push(text),
            MediaEvent::FileChannelOpen { call } if call == self.call => {
                assert!(!record.file_channel_open, "open is told once");
                record.file_channel_open = true;
            }
            MediaEvent::Chunk { call, chunk } if call == self.call => record.chunks.push(chunk),
            MediaEvent::FirstFrame { call } if call == self.call => record.first_frame = Some(Instant::now()),
            MediaEvent::Statistics { call, statistics } if call == self.call => record.statistics.push(statistics),
            MediaEvent::PeerGone { call } if call == self.call => record.gone = true,
            MediaEvent::Failed { call, reason } if call == self.call => record.failed = Some(reason),
            MediaEvent::LocalDescription { .. }
            | MediaEvent::LocalCandidate { .. }
            | MediaEvent::EndOfCandidates { .. }
            | MediaEvent::Secured { .. }
            | MediaEvent::ChannelOpen { .. }
            | MediaEvent::ChannelMessage { .. }
            | MediaEvent::FileChannelOpen { .. }
            | MediaEvent::Chunk { .. }
            | MediaEvent::FirstFrame { .. }
            | MediaEvent::Statistics { .. }
            | MediaEvent::PeerGone { .. }
            | MediaEvent::Failed { .. } => {} // Of an earlier call.
        }
    }

    fn describe(&mut self, to: usize, sdp: String) {
        if !self.carries {
            return;
        }
        let call = self.call;
        self.send(
            to,
            match to {
                1 => MediaCommand::Answer { call, sdp, ice: Vec::new() },
                _ => MediaCommand::AcceptAnswer { call, sdp },
            },
        );
        self.is_described[to] = true;
        for candidate in std::mem::take(&mut self.candidates[to]) {
            self.carry(to, candidate);
        }
    }

    fn carry(&self, to: usize, candidate: kiosk_call::Candidate) {
        if self.carries {
            self.send(to, MediaCommand::AddCandidate { call: self.call, candidate });
        }
    }
}

impl Seen {
    /// From now on [`luma`](Self::luma) is kept.
    pub(crate) fn keep_luma(&self) {
        *self.luma.lock().expect("no panic") = Some(Vec::new());
    }

    /// All rows of the last picture's luma; empty: there was none since it is kept.
    pub(crate) fn luma(&self) -> Vec<u8> {
        self.luma.lock().expect("no panic").clone().unwrap_or_default()
    }

    /// Colours of all pictures after so many.
    pub(crate) fn colours_since(&self, pictures: u64) -> Vec<[u8; 3]> {
        let times = self.times.lock().expect("no panic");
        times.iter().skip(usize::try_from(pictures).expect("small")).map(|(_, colour)| *colour).collect()
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        *self.size.lock().expect("no panic")
    }

    pub(crate) fn colour(&self) -> [u8; 3] {
        *self.colour.lock().expect("no panic")
    }
}

fn side(index: usize, options: Options, seen: &Arc<Seen>, sender: &Sender<Told>) -> Result<Media> {
    let (events, pictures, seen) = (sender.clone(), sender.clone(), Arc::clone(seen));
    let media = Media::start(
        options,
        Arc::new(move |event| drop(events.send(Told::Event(index, Box::new(event))))),
        Arc::new(move |_, picture| {
            let (width, height) = (picture.width() as usize, picture.height() as usize);
            let mut colour = [0; 3];
            let mut checksum = 0_u64;
            for (plane, mean) in colour.iter_mut().enumerate() {
                let (data, stride) = picture.plane(u32::try_from(plane).expect("three"));
                let scale = if plane == 0 { 1 } else { 2 };
                // The bottom left corner, 32 pixels wide and high.
                let rows = (height / scale - 32 / scale)..(height / scale);
                let pixels = rows.flat_map(|row| &data[row * stride..row * stride + 32 / scale]);
                let (sum, count) = pixels.fold((0_u64, 0), |(sum, count), pixel| (sum + u64::from(*pixel), count + 1));
                *mean = u8::try_from(sum / count).expect("a mean");
                if plane == 0 {
                    // Of a large picture some rows, as tests are not optimised.
                    let all = (20..height)
                        .step_by(1 + height / 540)
                        .flat_map(|row| &data[row * stride..row * stride + width]);
                    checksum = all.fold(0, |sum: u64, pixel| sum.wrapping_mul(31).wrapping_add(u64::from(*pixel)));
                }
            }
            *seen.colour.lock().expect("no panic") = colour;
            *seen.size.lock().expect("no panic") = (picture.width(), picture.height());
            seen.times.lock().expect("no panic").push((Instant::now(), colour));
            if let Some(luma) = seen.luma.lock().expect("no panic").as_mut() {
                let (data, stride) = picture.plane(0);
                *luma = (0..height).flat_map(|row| &data[row * stride..row * stride + width]).copied().collect();
            }
            if seen.checksum.swap(checksum, Ordering::Relaxed) != checksum {
                seen.changes.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(age) = picture.age() {
                seen.ages.lock().expect("no panic").push(age);
            }
            seen.pictures.fetch_add(1, Ordering::Relaxed);
            drop(pictures.send(Told::Picture(index)));
        }),
    )?;
    Ok(media)
}

/// A file of this test run.
pub(crate) fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("kiosk-media-{}-{name}", std::process::id()))
}

/// The samples of a WAV file that may still be written to.
pub(crate) fn samples(path: &PathBuf) -> Result<Vec<i16>> {
    let file = fs::read(path).with_context(|| path.display().to_string())?;
    let samples = file.get(44..).unwrap_or_default();
    Ok(samples.chunks_exact(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect())
}

/// How much of the samples' power is at this frequency: 1 for a pure tone, near 0 for silence or another tone (Goertzel).
pub(crate) fn share(samples: &[i16], frequency_hz: f64) -> f64 {
    let step = std::f64::consts::TAU * frequency_hz / 48_000.0;
    let (mut last, mut before, mut power) = (0.0, 0.0, 0.0);
    for sample in samples {
        let sample = f64::from(*sample);
        power += sample * sample;
        (last, before) = (sample + 2.0 * step.cos() * last - before, last);
    }
    if power < 1.0 {
        return 0.0;
    }
    let found = last * last + before * before - 2.0 * step.cos() * last * before;
    let count = u32::try_from(samples.len()).map_or(1.0, f64::from);
    2.0 * found / (count * power)
}

//! Real media for kiosks of tests: each kiosk has its own colour and its own tone, and its loudspeaker writes a file.

use std::{
    f64::consts::PI,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Instant,
};

use anyhow::Result;
use kiosk_call::MediaCommand;
use kiosk_media::{CameraSource, Loudspeaker, Media, MicrophoneSource, Options, Picture, TestPattern};
use tempfile::TempDir;

use crate::{
    kiosk::MakeMedia,
    sight::{Shown, Sight},
};

/// `0xRRGGBB` of the kiosks' test pictures.
const COLOURS: [u32; 3] = [0x20_40_c0, 0xc0_40_20, 0x20_a0_40];
/// Hertz of the kiosks' tones.
const TONES: [u32; 3] = [440, 1_000, 1_760];
/// Samples a second in the loudspeakers' files.
const RATE: u32 = 48_000;
/// Bytes before the first sample of a WAV file with nothing but samples.
const WAV_HEADER: usize = 44;
/// How far a colour may be off after the encoder.
const TOLERANCE: u8 = 14;
/// Every so many pixels, across and down, one is looked at.
const SAMPLED: usize = 8;

/// The tone of the kiosk with this number, hertz.
#[must_use]
pub const fn tone(number: usize) -> u32 {
    TONES[number % TONES.len()]
}

/// The picture shows the colour of the kiosk with this number.
#[must_use]
pub fn is_of(number: usize, shown: Shown) -> bool {
    let expected = yuv(COLOURS[number % COLOURS.len()]);
    expected.iter().zip(shown.colour).all(|(expected, seen)| expected.abs_diff(seen) <= TOLERANCE)
}

/// The picture is black.
#[must_use]
pub fn is_black(shown: Shown) -> bool {
    let [y, u, v] = shown.colour;
    y <= 32 && u.abs_diff(128) <= TOLERANCE && v.abs_diff(128) <= TOLERANCE
}

/// ITU-R BT.601, limited range.
fn yuv(rgb: u32) -> [u8; 3] {
    let [_, r, g, b] = rgb.to_be_bytes().map(f64::from);
    let luma = 0.299_f64.mul_add(r, 0.587_f64.mul_add(g, 0.114 * b));
    let byte = |value: f64| format!("{value:.0}").parse().unwrap_or_default();
    [
        byte(luma.mul_add(219.0 / 255.0, 16.0)),
        byte((b - luma).mul_add(112.0 / (255.0 * 0.886), 128.0)),
        byte((r - luma).mul_add(112.0 / (255.0 * 0.701), 128.0)),
    ]
}

/// Where loudspeakers write.
#[derive(Debug)]
pub struct Studio(TempDir);

impl Studio {
    /// Its own temporary directory.
    ///
    /// # Errors
    /// There is no place.
    pub fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// The media of a kiosk, with test pictures and a tone.
    #[must_use]
    pub fn media(&self, number: usize) -> MakeMedia {
        media(number, &self.file(number))
    }

    /// Where the loudspeaker of this kiosk writes.
    #[must_use]
    pub fn file(&self, number: usize) -> PathBuf {
        self.0.path().join(format!("{number}.wav"))
    }

    /// Everything that a kiosk's loudspeaker has played.
    #[must_use]
    pub fn played(&self, number: usize) -> Vec<i16> {
        played(&self.file(number))
    }
}

fn played(file: &Path) -> Vec<i16> {
    let bytes = fs::read(file).unwrap_or_default();
    let samples = bytes.get(WAV_HEADER..).unwrap_or_default().chunks_exact(2);
    samples.map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
}

/// Real media of the kiosk with this number, whose loudspeaker writes this file.
#[must_use]
pub fn media(number: usize, loudspeaker: &Path) -> MakeMedia {
    let background = COLOURS[number % COLOURS.len()];
    let options = Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background } },
        microphone: MicrophoneSource::Test { frequency_hz: tone(number) },
        loudspeaker: Loudspeaker::File(loudspeaker.to_path_buf()),
        ..Options::default()
    };
    Box::new(move |events, sight| {
        let pictures = Arc::clone(&sight);
        let tell = move |event| {
            // The kiosk is gone if this fails.
            let _ = events.send(event);
        };
        let show = move |call, picture: Picture| {
            let (shown, age, at) = (look(&picture), picture.age(), Instant::now());
            drop(picture);
            pictures.send_modify(|sight: &mut Sight| sight.picture(call, shown, age, at));
        };
        let mut media = Offstage(Some(Media::start(options, Arc::new(tell), Arc::new(show))?));
        Ok(Box::new(move |command| {
            match &command {
                MediaCommand::Offer { .. } | MediaCommand::Answer { .. } => {
                    sight.send_modify(|sight| sight.peer_connections += 1);
                }
                MediaCommand::Close { .. } => sight.send_modify(|sight| sight.peer_connections -= 1),
                MediaCommand::AcceptAnswer { .. }
                | MediaCommand::AddCandidate { .. }
                | MediaCommand::OpenGates { .. }
                | MediaCommand::SendChannel { .. }
                | MediaCommand::SendChunk { .. }
                | MediaCommand::SetSource(_)
                | MediaCommand::SetQuality(_)
                | MediaCommand::SetReceiving(_)
                | MediaCommand::SetSending { .. }
                | MediaCommand::SetTone(_) => {}
            }
            media.send(command);
        }))
    })
}

/// Ending media takes time, which the runtime's threads do not have.
struct Offstage(Option<Media>);

impl Offstage {
    fn send(&mut self, command: MediaCommand) {
        if let Some(media) = &self.0 {
            media.send(command);
        }
    }
}

impl Drop for Offstage {
    fn drop(&mut self) {
        let media = self.0.take();
        thread::spawn(move || drop(media));
    }
}

fn look(picture: &Picture) -> Shown {
    let plane = |index| {
        let (data, stride) = picture.plane(index);
        let rows = data.chunks(stride.max(1)).step_by(SAMPLED);
        rows.flat_map(|row| row.iter().step_by(SAMPLED).copied()).collect::<Vec<u8>>()
    };
    let planes = [plane(0), plane(1), plane(2)];
    // FNV-1a.
    let hash = planes[0]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    Shown { colour: planes.map(median), hash }
}

/// The ball and the stamp cover less than half of the picture.
fn median(mut values: Vec<u8>) -> u8 {
    let middle = values.len() / 2;
    if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
}

/// The last part of what was played, so many milliseconds.
#[must_use]
pub fn last(played: &[i16], milliseconds: u32) -> &[i16] {
    let samples = usize::try_from(RATE / 1_000 * milliseconds).unwrap_or(usize::MAX);
    &played[played.len().saturating_sub(samples)..]
}

/// Root mean square, 0…32,767.
#[must_use]
pub fn loudness(samples: &[i16]) -> f64 {
    let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / f64::from(count.max(1))).sqrt()
}

/// How much of the sound is this tone, 0…1: Goertzel's algorithm.
#[must_use]
pub fn share_of_tone(samples: &[i16], hertz: u32) -> f64 {
    let omega = 2.0 * PI * f64::from(hertz) / f64::from(RATE);
    let coefficient = 2.0 * omega.cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        (before, last) = (last, f64::from(*sample) + coefficient * last - before);
    }
    let power = before * before + last * last - coefficient * before * last;
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let count = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    if energy > 0.0 { 2.0 * power / (energy * count) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: u32, samples: u32) -> Vec<i16> {
        let at = |n| 8_000.0 * (2.0 * PI * f64::from(hertz) * f64::from(n) / f64::from(RATE)).sin();
        (0..samples).map(|n| format!("{:.0}", at(n)).parse().expect("16 bits")).collect()
    }

    #[test]
    fn a_tone_is_told_from_others_and_from_silence() {
        let sound = sine(1_000, 9_600);
        assert!(share_of_tone(&sound, 1_000) > 0.99);
        assert!(share_of_tone(&sound, 440) < 0.01);
        assert!(share_of_tone(&[0; 9_600], 1_000) < 0.01);
        assert!((loudness(&sound) - 8_000.0 / 2.0_f64.sqrt()).abs() < 10.0);
    }

    #[test]
    fn kiosks_do_not_look_alike() {
        for (number, colour) in COLOURS.iter().enumerate() {
            let shown = Shown { colour: yuv(*colour), hash: 0 };
            assert!(!is_black(shown));
            for other in 0..COLOURS.len() {
                assert_eq!(is_of(other, shown), other == number, "{number} {other}");
            }
        }
    }
}

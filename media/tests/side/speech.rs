//! Something like speech, the same each time, for tests of what is done to speech.

use std::f32::consts::TAU;

/// Numbers that look like chance and are always the same.
pub(crate) struct Chance(pub(crate) u32);

impl Chance {
    pub(crate) fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0.to_be_bytes()[0]
    }

    /// -1…1
    pub(crate) fn unit(&mut self) -> f32 {
        f32::from(self.next()) / 127.5 - 1.0
    }
}

/// Of a number below 2^32.
pub(crate) fn f32_of(number: usize) -> f32 {
    f32::from(u16::try_from(number % 65_536).expect("below 2^16"))
        + 65_536.0 * f32::from(u16::try_from(number / 65_536).expect("short"))
}

/// A resonance of a mouth.
struct Formant {
    feedback: [f32; 2],
    gain: f32,
    last: [f32; 2],
}

impl Formant {
    fn at(frequency: f32) -> Self {
        let (radius, angle) = (0.99_f32, TAU * frequency / 48_000.0);
        Self { feedback: [2.0 * radius * angle.cos(), -radius * radius], gain: 0.001, last: [0.0; 2] }
    }

    fn filter(&mut self, sample: f32) -> f32 {
        let now = self.gain * sample + self.feedback[0] * self.last[0] + self.feedback[1] * self.last[1];
        self.last = [now, self.last[0]];
        now
    }
}

/// Seconds of something like speech: syllables of a buzzing voice with formants, hissing consonants and pauses, about -23 dBFS.
pub(crate) fn speech(seconds: usize, seed: u32, pitch: f32) -> Vec<f32> {
    let mut chance = Chance(seed);
    let mut samples = Vec::with_capacity(seconds * 48_000);
    let mut phase = 0.0_f32;
    while samples.len() < seconds * 48_000 {
        let length = 4_800 + 40 * usize::from(chance.next());
        let kind = chance.next();
        let tone = pitch * (1.0 + 0.25 * chance.unit());
        let mut formants =
            [500.0 + 300.0 * chance.unit(), 1_500.0 + 600.0 * chance.unit(), 2_600.0 + 300.0 * chance.unit()]
                .map(Formant::at);
        let mut before = 0.0;
        for at in 0..length {
            let swell = (TAU / 2.0 * f32_of(at) / f32_of(length)).sin();
            let sample = match kind {
                0..60 => 0.0,
                60..110 => {
                    let noise = chance.unit();
                    let hiss = noise - before;
                    before = noise;
                    0.06 * hiss
                }
                _ => {
                    phase = (phase + tone * (1.0 + 0.05 * swell) / 48_000.0).fract();
                    let buzz = phase - 0.5;
                    formants.iter_mut().map(|formant| formant.filter(buzz)).sum()
                }
            };
            samples.push(swell * sample);
        }
    }
    samples.truncate(seconds * 48_000);
    samples
}

/// As 16-bit samples, native.
pub(crate) fn bytes(samples: &[f32]) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, as a card does")]
    samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_ne_bytes()).collect()
}

/// Of 16-bit samples.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from(i16::from_ne_bytes(*bytes)) / 32_767.0).collect()
}

/// Loudness, dB below full scale.
pub(crate) fn decibels(samples: &[f32]) -> f32 {
    10.0 * (samples.iter().map(|sample| sample * sample).sum::<f32>() / f32_of(samples.len()) + 1e-10).log10()
}

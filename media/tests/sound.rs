//! Tones without a call, devices that change in a call, levels and volume: on files and test tones, without a sound card.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{fs, path::PathBuf};

use anyhow::{Result, ensure};
use kiosk_call::{DeviceState, MediaCommand, Tone};
use kiosk_media::{Loudspeaker, MicrophoneSource, Options};

use crate::side::{Pair, samples, scratch, share};

fn options(frequency_hz: u32, loudspeaker: &str) -> Options {
    Options {
        microphone: MicrophoneSource::Test { frequency_hz },
        loudspeaker: Loudspeaker::File(scratch(loudspeaker)),
        ..Options::default()
    }
}

fn played(path: &PathBuf) -> Vec<i16> {
    samples(path).unwrap_or_default()
}

/// The last half second.
fn newest(path: &PathBuf) -> Vec<i16> {
    let samples = played(path);
    samples[samples.len().saturating_sub(24_000)..].to_vec()
}

fn hears(path: &PathBuf, frequency_hz: f64) -> bool {
    share(&newest(path), frequency_hz) > 0.9
}

fn loudness(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / f64::from(u32::try_from(samples.len().max(1)).unwrap_or(u32::MAX))).sqrt()
}

/// Whether a whole burst and its pause are in there. A busy machine makes holes in some; the edges are left out.
fn has_busy_second(heard: &[i16]) -> bool {
    let is_onset = |window: &[i16]| window[..480].iter().all(|sample| *sample == 0) && window[480] != 0;
    let onsets = heard.windows(481).enumerate().filter(|(_, window)| is_onset(window)).map(|(at, _)| at + 480);
    onsets
        .filter_map(|begin| heard.get(begin..begin + 47_000))
        .any(|second| share(&second[480..23_000], 425.0) > 0.98 && second[24_480..].iter().all(|sample| *sample == 0))
}

#[test]
fn a_tone_needs_no_call_and_ends_when_it_is_told() -> Result<()> {
    let path = scratch("tone.wav");
    let mut pair = Pair::start(options(440, "tone.wav"), Options::default())?;
    pair.send(0, MediaCommand::SetTone(Some(Tone::Busy)));
    pair.until("half a second of 425 Hz, half a second of nothing", |_| has_busy_second(&played(&path)))?;
    // Another one, at once.
    pair.send(0, MediaCommand::SetTone(Some(Tone::Ring)));
    pair.until("a ring", |_| share(&newest(&path)[22_000..], 784.0) + share(&newest(&path)[22_000..], 992.0) > 0.5)?;
    // None: nothing is open any more, so the file does not grow.
    pair.send(0, MediaCommand::SetTone(None));
    let mut before = 0;
    for _ in 0..100 {
        let now = played(&path).len();
        if now == before {
            break;
        }
        before = now;
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    ensure!(played(&path).len() == before, "the loudspeaker is still open");
    fs::remove_file(path)?;
    Ok(())
}

#[test]
fn a_tone_is_heard_over_a_call_which_goes_on_after_it() -> Result<()> {
    let (ours, theirs) = (scratch("over-a.wav"), scratch("over-b.wav"));
    let mut pair = Pair::start(options(440, "over-a.wav"), options(1000, "over-b.wav"))?;
    pair.send(0, MediaCommand::SetTone(Some(Tone::Ringback)));
    pair.call(1)?;
    pair.send(0, MediaCommand::SetTone(None));
    pair.until("the other's tone and nothing else", |_| hears(&ours, 1000.0) && hears(&theirs, 440.0))?;
    for path in [ours, theirs] {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn devices_change_in_a_call_and_the_other_way_is_not_disturbed() -> Result<()> {
    let (ours, theirs, later) = (scratch("change-a.wav"), scratch("change-b.wav"), scratch("change-later.wav"));
    let mut pair = Pair::start(options(440, "change-a.wav"), options(1000, "change-b.wav"))?;
    pair.call(1)?;
    pair.until("both tones", |_| hears(&ours, 1000.0) && hears(&theirs, 440.0))?;
    let from = played(&ours).len() - 12_000;
    // Another microphone: the loudspeaker plays on without a gap.
    pair.media[0].use_sound(MicrophoneSource::Test { frequency_hz: 600 }, Loudspeaker::File(ours.clone()));
    pair.until("the new microphone", |_| hears(&theirs, 600.0))?;
    let undisturbed = &played(&ours)[from..];
    ensure!(share(undisturbed, 1000.0) > 0.9, "disturbed: {}", share(undisturbed, 1000.0));
    // None is there any more.
    pair.media[0].use_sound(MicrophoneSource::Missing, Loudspeaker::Missing);
    pair.until("what is missing", |pair| {
        matches!(&pair.record[0].sound, Some(DeviceState::Missing(sentence)) if sentence.starts_with("No microphone and no loudspeaker"))
    })?;
    pair.until("silence at the other side", |_| {
        let newest = newest(&theirs);
        newest.iter().all(|sample| sample.abs() < 8)
    })?;
    // And back.
    pair.media[0].use_sound(MicrophoneSource::Test { frequency_hz: 440 }, Loudspeaker::File(later.clone()));
    pair.until("both again", |pair| {
        pair.record[0].sound == Some(DeviceState::Ready) && hears(&later, 1000.0) && hears(&theirs, 440.0)
    })?;
    for path in [ours, theirs, later] {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn what_is_missing_is_told_before_any_call() -> Result<()> {
    let missing = Options { microphone: MicrophoneSource::Missing, ..Options::default() };
    let mut pair = Pair::start(missing, Options::default())?;
    pair.until("what is missing", |pair| {
        matches!(&pair.record[0].sound, Some(DeviceState::Missing(sentence)) if sentence.starts_with("No microphone was found"))
    })?;
    pair.media[0].use_sound(MicrophoneSource::None, Loudspeaker::Discard);
    pair.until("that it is well", |pair| pair.record[0].sound == Some(DeviceState::Ready))?;
    Ok(())
}

#[test]
fn a_level_is_told_and_the_volume_is_set() -> Result<()> {
    let (ours, theirs) = (scratch("level-a.wav"), scratch("level-b.wav"));
    let mut pair = Pair::start(options(440, "level-a.wav"), options(1000, "level-b.wav"))?;
    pair.call(1)?;
    pair.until("both tones", |_| hears(&ours, 1000.0) && hears(&theirs, 440.0))?;
    // A sine of half the full scale: 0.35 (root of the mean square).
    pair.until("the levels", |pair| {
        pair.record.iter().all(|record| {
            record.statistics.last().is_some_and(|statistics| {
                (0.30..0.40).contains(&statistics.audio_level_in) && (0.30..0.40).contains(&statistics.audio_level_out)
            })
        })
    })?;
    let before = loudness(&newest(&ours));
    pair.media[0].set_volume(0.1);
    pair.until("a tenth", |_| {
        let tenth = loudness(&newest(&ours)) / before;
        (0.095..0.105).contains(&tenth)
    })?;
    pair.send(0, MediaCommand::SetSending { audio: false, video: true });
    pair.until("no level while muted", |pair| {
        pair.record[0].statistics.last().is_some_and(|statistics| statistics.audio_level_out < 0.001)
            && pair.record[1].statistics.last().is_some_and(|statistics| statistics.audio_level_in < 0.001)
    })?;
    ensure!(pair.record[0].statistics.iter().all(|statistics| statistics.xruns == 0));
    ensure!(pair.record[0].statistics.iter().all(|statistics| statistics.echo_return_loss_enhancement.is_none()));
    for path in [ours, theirs] {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn a_picture_is_shown_with_its_sound() -> Result<()> {
    let options = |frequency_hz| Options {
        microphone: MicrophoneSource::Test { frequency_hz },
        // Of ALSA: it takes everything, at the time at which it would be heard.
        loudspeaker: Loudspeaker::Alsa("null".to_owned()),
        ..Options::default()
    };
    let mut pair = Pair::start(options(440), options(660))?;
    pair.call(1)?;
    // The sound waits for less and less, and the picture for the sound.
    pair.until("no more than 45 ms apart", |pair| {
        let skew = |record: &side::Record| record.statistics.last().and_then(|figures| figures.av_skew_ms);
        pair.record.iter().all(|record| skew(record).is_some_and(|skew| skew.abs() <= 45))
    })
}

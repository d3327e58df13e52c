//! The sound cards that are plugged in, by their control devices: asking opens no PCM, so it cannot disturb one that plays.

use std::{collections::BTreeMap, fs};

use alsa::{
    Ctl, Direction as Stream,
    card::{Card, Iter},
    ctl::DeviceIter,
};

use crate::sound::{Abilities, Direction, Pcm, SoundCard};

/// All cards, by number. Empty where the kernel has no sound. A card that cannot be asked is a line in the log and left out.
#[must_use]
pub fn sound_cards() -> Vec<SoundCard> {
    Iter::new()
        .map_while(Result::ok)
        .filter_map(|card| {
            ask(card)
                .inspect_err(|error| {
                    tracing::warn!(card = card.get_index(), %error, "cannot be asked: is kioskd in the group audio?");
                })
                .ok()
        })
        .collect()
}

fn ask(card: Card) -> alsa::Result<SoundCard> {
    let control = Ctl::from_card(&card, true)?;
    let info = control.card_info()?;
    let number = u32::try_from(card.get_index()).unwrap_or_default();
    let mut known = usb_streams(number);
    let pcms = DeviceIter::new(&control)
        .filter_map(|device| u32::try_from(device).ok())
        .map(|device| {
            let told = |stream| control.pcm_info(device, 0, stream).ok();
            let (capture, playback) = (told(Stream::Capture), told(Stream::Playback));
            let name = playback
                .as_ref()
                .or(capture.as_ref())
                .and_then(|info| info.get_name().ok())
                .unwrap_or_default()
                .to_owned();
            let mut abilities = |there: bool, direction| {
                there.then(|| known.remove(&(device, direction == Direction::Capture)).unwrap_or_default())
            };
            Pcm {
                device,
                name,
                capture: abilities(capture.is_some(), Direction::Capture),
                playback: abilities(playback.is_some(), Direction::Playback),
            }
        })
        .collect();
    Ok(SoundCard {
        number,
        id: info.get_id()?.to_owned(),
        name: info.get_name()?.to_owned(),
        driver: info.get_driver()?.to_owned(),
        pcms,
    })
}

/// Of PCM device and "captures".
type Streams = BTreeMap<(u32, bool), Abilities>;

/// What the USB driver writes of the streams of its cards: `/proc/asound/cardN/streamM`.
fn usb_streams(card: u32) -> Streams {
    let mut streams = Streams::new();
    for device in 0.. {
        let Ok(text) = fs::read_to_string(format!("/proc/asound/card{card}/stream{device}")) else { break };
        streams.extend(usb_stream(&text).into_iter().map(|(captures, abilities)| ((device, captures), abilities)));
    }
    streams
}

fn usb_stream(text: &str) -> Vec<(bool, Abilities)> {
    let mut found: Vec<(bool, Abilities)> = Vec::new();
    for line in text.lines().map(str::trim) {
        match (line, line.split_once(": ")) {
            ("Playback:", _) => found.push((false, Abilities::default())),
            ("Capture:", _) => found.push((true, Abilities::default())),
            (_, Some((key, value))) => {
                let Some((_, abilities)) = found.last_mut() else { continue };
                let list = match key {
                    "Rates" => &mut abilities.rates_hz,
                    "Channels" => &mut abilities.channels,
                    _ => continue,
                };
                // `48000`, `44100, 48000`, or `8000 - 48000 (continuous)`
                let numbers = value.split([',', ' ']).filter_map(|word| word.parse::<u32>().ok());
                list.extend(numbers);
                list.sort_unstable();
                list.dedup();
            }
            (_, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sound/usb/proc.c writes it.
    const STREAM: &str = "\
Jabra Jabra SPEAK 510 at usb-0000:01:00.0-1.2, full speed : USB Audio

Playback:
  Status: Stop
  Interface 2
    Altset 1
    Format: S16_LE
    Channels: 2
    Endpoint: 0x02 (2 OUT) (ADAPTIVE)
    Rates: 8000, 16000, 48000
    Bits: 16
  Interface 2
    Altset 2
    Format: S16_LE
    Channels: 1
    Rates: 16000

Capture:
  Status: Stop
  Interface 1
    Altset 1
    Format: S16_LE
    Channels: 1
    Endpoint: 0x82 (2 IN) (SYNC)
    Rates: 8000 - 48000 (continuous)
";

    #[test]
    fn what_the_usb_driver_tells_is_read() {
        let playback = Abilities { rates_hz: vec![8_000, 16_000, 48_000], channels: vec![1, 2] };
        let capture = Abilities { rates_hz: vec![8_000, 48_000], channels: vec![1] };
        assert_eq!(usb_stream(STREAM), [(false, playback), (true, capture)]);
        assert_eq!(usb_stream("rubbish\nRates: 5\n"), []);
    }

    #[test]
    fn asking_is_no_error_where_there_are_no_cards() {
        for card in sound_cards() {
            assert!(!card.id.is_empty());
        }
    }
}

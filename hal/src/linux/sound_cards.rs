//! The sound cards that are plugged in, from `/proc/asound` (Documentation/sound/designs/procfile.rst): asking opens no device,
//! so it cannot disturb one that plays.

use std::{collections::BTreeMap, fs, path::Path};

use crate::sound::{Pcm, SoundCard};

/// All cards, by number. Empty where the kernel has no sound.
#[must_use]
pub fn sound_cards() -> Vec<SoundCard> {
    read(Path::new("/proc/asound"))
}

fn read(directory: &Path) -> Vec<SoundCard> {
    let text = |name| fs::read_to_string(directory.join(name)).unwrap_or_default();
    let mut cards: BTreeMap<u32, SoundCard> =
        text("cards").lines().filter_map(card).map(|card| (card.number, card)).collect();
    for (number, pcm) in text("pcm").lines().filter_map(pcm) {
        if let Some(card) = cards.get_mut(&number) {
            card.pcms.push(pcm);
        }
    }
    let mut cards: Vec<_> = cards.into_values().collect();
    for card in &mut cards {
        card.pcms.sort_by_key(|pcm| pcm.device);
    }
    cards
}

/// The first of a card's two lines: ` 1 [Loopback       ]: Loopback - Loopback`.
fn card(line: &str) -> Option<SoundCard> {
    let (number, rest) = line.split_once('[')?;
    let (id, rest) = rest.split_once(']')?;
    let name = rest.split_once(" - ").map_or_else(|| rest.trim_start_matches(':'), |(_driver, name)| name);
    Some(SoundCard {
        number: number.trim().parse().ok()?,
        id: id.trim().to_owned(),
        name: name.trim().to_owned(),
        pcms: Vec::new(),
    })
}

/// `01-00: Loopback PCM : Loopback PCM : playback 8 : capture 8`.
fn pcm(line: &str) -> Option<(u32, Pcm)> {
    let mut fields = line.split(": ").map(str::trim);
    let (card, device) = fields.next()?.split_once('-')?;
    let name = fields.next()?.trim_end_matches(':').trim().to_owned();
    let directions: Vec<_> = fields.collect();
    let goes = |way: &str| directions.iter().any(|field| field.split_whitespace().next() == Some(way));
    Some((
        card.parse().ok()?,
        Pcm { device: device.parse().ok()?, name, capture: goes("capture"), playback: goes("playback") },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::Direction;

    const CARDS: &str = " 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n                      vc4-hdmi\n\
         \x201 [Loopback       ]: Loopback - Loopback\n                      Loopback 1\n\
         10 [Device_1       ]: USB-Audio - USB Audio Device\n                      C-Media Electronics Inc. at usb-1.2\n";
    const PCMS: &str = "10-00: USB Audio : USB Audio : playback 1 : capture 1\n\
         00-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1\n\
         01-01: Loopback PCM : Loopback PCM : playback 8 : capture 8\n\
         01-00: Loopback PCM : Loopback PCM : playback 8 : capture 8\n\
         77-00: Nobody : Nobody : capture 1\nrubbish\n";

    fn cards(cards: &str, pcms: &str) -> Vec<SoundCard> {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("cards"), cards).expect("writes");
        fs::write(directory.path().join("pcm"), pcms).expect("writes");
        read(directory.path())
    }

    #[test]
    fn cards_and_their_devices_are_read() {
        let cards = cards(CARDS, PCMS);
        let seen: Vec<_> = cards
            .iter()
            .map(|card| {
                let device = |direction| card.device(direction).unwrap_or_default();
                (card.number, card.name.as_str(), device(Direction::Capture), device(Direction::Playback))
            })
            .collect();
        let device = |id: &str| format!("plughw:CARD={id},DEV=0");
        let expected = [
            (0, "vc4-hdmi", String::new(), device("vc4hdmi")),
            (1, "Loopback", device("Loopback"), device("Loopback")),
            (10, "USB Audio Device", device("Device_1"), device("Device_1")),
        ];
        assert_eq!(seen, expected);
        assert_eq!(cards[1].pcms.len(), 2);
    }

    #[test]
    fn no_cards_are_no_cards() {
        assert!(cards("--- no soundcards ---\n", "").is_empty());
        assert!(read(Path::new("/nowhere")).is_empty());
        let _ = sound_cards();
    }
}

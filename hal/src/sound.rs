//! Sound cards as plain data, and which one to take.

/// An ALSA card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundCard {
    /// Number; changes with the order of plugging.
    pub number: u32,
    /// Id, such as `Loopback` or `Device_1`: letters, digits, `_` and `-`.
    pub id: String,
    /// For people, such as `USB Audio Device`.
    pub name: String,
    /// Its PCMs, by number.
    pub pcms: Vec<Pcm>,
}

/// A PCM of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// `DEV` of the device string.
    pub device: u32,
    /// For people.
    pub name: String,
    /// Sound can be captured.
    pub capture: bool,
    /// Sound can be played.
    pub playback: bool,
}

/// Which way sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a microphone.
    Capture,
    /// To a loudspeaker.
    Playback,
}

impl SoundCard {
    /// The ALSA device string of the first PCM that goes this way, such as `plughw:CARD=Loopback,DEV=0`.
    #[must_use]
    pub fn device(&self, direction: Direction) -> Option<String> {
        let pcm = self.pcms.iter().find(|pcm| match direction {
            Direction::Capture => pcm.capture,
            Direction::Playback => pcm.playback,
        })?;
        Some(format!("plughw:CARD={},DEV={}", self.id, pcm.device))
    }

    /// A screen's loudspeaker.
    fn is_hdmi(&self) -> bool {
        [&self.id, &self.name].iter().any(|text| text.to_ascii_lowercase().contains("hdmi"))
    }
}

/// The ALSA devices that a call uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Microphone.
    pub capture: Option<String>,
    /// Loudspeaker.
    pub playback: Option<String>,
}

/// The devices to take when nobody said which: a card that goes both ways (a speakerphone, whose echo is its own), else the
/// first microphone and the first loudspeaker, a screen's loudspeaker last.
#[must_use]
pub fn choose(cards: &[SoundCard]) -> Sound {
    use Direction::{Capture, Playback};
    let both = cards.iter().find(|card| card.device(Capture).is_some() && card.device(Playback).is_some());
    if let Some(card) = both {
        return Sound { capture: card.device(Capture), playback: card.device(Playback) };
    }
    let plays = |hdmi| cards.iter().filter(move |card| card.is_hdmi() == hdmi).find_map(|card| card.device(Playback));
    Sound {
        capture: cards.iter().find_map(|card| card.device(Capture)),
        playback: plays(false).or_else(|| plays(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: u32, id: &str, capture: bool, playback: bool) -> SoundCard {
        let pcm = Pcm { device: 1, name: String::new(), capture, playback };
        let silent = Pcm { device: 0, capture: false, playback: false, ..pcm.clone() };
        SoundCard { number, id: id.to_owned(), name: id.to_owned(), pcms: vec![silent, pcm] }
    }

    #[test]
    fn a_card_for_both_ways_comes_first() {
        let cards = [card(0, "Headphones", false, true), card(1, "vc4hdmi", false, true), card(2, "Jabra", true, true)];
        let device = Some("plughw:CARD=Jabra,DEV=1".to_owned());
        assert_eq!(choose(&cards), Sound { capture: device.clone(), playback: device });
    }

    #[test]
    fn else_two_cards_and_the_screen_last() {
        let cards = [card(0, "vc4hdmi", false, true), card(1, "Mic", true, false), card(2, "Headphones", false, true)];
        let with = |capture: Option<&str>, playback: Option<&str>| {
            let device = |id: &str| format!("plughw:CARD={id},DEV=1");
            Sound { capture: capture.map(device), playback: playback.map(device) }
        };
        assert_eq!(choose(&cards), with(Some("Mic"), Some("Headphones")));
        assert_eq!(choose(&cards[..2]), with(Some("Mic"), Some("vc4hdmi")));
        assert_eq!(choose(&cards[..1]), with(None, Some("vc4hdmi")));
        assert_eq!(choose(&[]), Sound::default());
    }
}

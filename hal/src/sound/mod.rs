//! Sound cards as plain data, which one to take, and their mixers.

mod mixer;
mod scale;
mod sim;

use std::cmp::Reverse;

pub(crate) use self::scale::Setting;
pub use self::{
    mixer::{Element, Mixer, MixerError, capture_element, mixer_of, playback_element, sane_capture},
    scale::Scale,
    sim::SimMixer,
};

/// An ALSA card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundCard {
    /// Number; changes with the order of plugging.
    pub number: u32,
    /// Id, such as `Loopback` or `Device_1`: letters, digits, `_` and `-`.
    pub id: String,
    /// For people, such as `USB Audio Device`.
    pub name: String,
    /// The kernel's driver, such as `USB-Audio`.
    pub driver: String,
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
    /// Sound can be captured, so.
    pub capture: Option<Abilities>,
    /// Sound can be played, so.
    pub playback: Option<Abilities>,
}

/// What a PCM can do, as far as can be known without opening it, which might disturb what it plays. Empty: not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Sample rates in hertz.
    pub rates_hz: Vec<u32>,
    /// Numbers of channels.
    pub channels: Vec<u32>,
}

/// Which way sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a microphone.
    Capture,
    /// To a loudspeaker.
    Playback,
}

impl Pcm {
    /// What it can do this way; None: nothing.
    #[must_use]
    pub const fn abilities(&self, direction: Direction) -> Option<&Abilities> {
        match direction {
            Direction::Capture => self.capture.as_ref(),
            Direction::Playback => self.playback.as_ref(),
        }
    }
}

impl SoundCard {
    /// The ALSA device string of the first PCM that goes this way, such as `plughw:CARD=Loopback,DEV=0`.
    #[must_use]
    pub fn device(&self, direction: Direction) -> Option<String> {
        let pcm = self.pcms.iter().find(|pcm| pcm.abilities(direction).is_some())?;
        Some(format!("plughw:CARD={},DEV={}", self.id, pcm.device))
    }

    /// A screen's loudspeaker.
    fn is_hdmi(&self) -> bool {
        [&self.id, &self.name].iter().any(|text| text.to_ascii_lowercase().contains("hdmi"))
    }

    /// Somebody has plugged it in for a reason.
    fn is_usb(&self) -> bool {
        self.driver.to_ascii_lowercase().starts_with("usb")
    }

    /// Whether a person who writes this means this card: its id, or a part of its name, in any case.
    fn is_called(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.id.to_ascii_lowercase() == name || self.name.to_ascii_lowercase().contains(&name)
    }
}

/// The card that is wanted one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish<'a> {
    /// The best one.
    #[default]
    Any,
    /// The one of this id, or with this in its name.
    Card(&'a str),
}

impl Wish<'_> {
    fn fits(self, card: &SoundCard) -> bool {
        match self {
            Self::Any => true,
            Self::Card(name) => card.is_called(name),
        }
    }
}

/// A device, and why it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The ALSA device string.
    pub device: String,
    /// A few words for people.
    pub why: &'static str,
}

/// The ALSA devices that a call uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Microphone.
    pub capture: Option<Choice>,
    /// Loudspeaker.
    pub playback: Option<Choice>,
}

impl Sound {
    fn uses(&self, direction: Direction, device: &str) -> bool {
        let choice = match direction {
            Direction::Capture => &self.capture,
            Direction::Playback => &self.playback,
        };
        choice.as_ref().is_some_and(|choice| choice.device == device)
    }
}

/// The devices to take: a card that goes both ways (a speakerphone, whose echo is its own), from USB rather than built in; else the
/// best microphone and the best loudspeaker, a screen's loudspeaker last. Of equals the one that is in use stays in use.
#[must_use]
pub fn choose(cards: &[SoundCard], capture: Wish<'_>, playback: Wish<'_>, in_use: &Sound) -> Sound {
    use Direction::{Capture, Playback};
    let both = cards
        .iter()
        .filter(|card| capture.fits(card) && playback.fits(card))
        .filter_map(|card| Some((card, card.device(Capture)?, card.device(Playback)?)))
        .max_by_key(|(card, microphone, loudspeaker)| {
            let kept = in_use.uses(Capture, microphone) && in_use.uses(Playback, loudspeaker);
            (card.is_usb(), !card.is_hdmi(), kept, Reverse(card.number))
        });
    if let Some((card, microphone, loudspeaker)) = both {
        let speakerphone = if card.is_usb() { "a speakerphone" } else { "a card for both ways" };
        let choice = |wish, device| Some(Choice { device, why: why(wish, speakerphone) });
        return Sound { capture: choice(capture, microphone), playback: choice(playback, loudspeaker) };
    }
    Sound {
        capture: choose_one(cards, Capture, capture, in_use, "the best microphone"),
        playback: choose_one(cards, Playback, playback, in_use, "the best loudspeaker"),
    }
}

fn choose_one(
    cards: &[SoundCard],
    direction: Direction,
    wish: Wish<'_>,
    in_use: &Sound,
    best: &'static str,
) -> Option<Choice> {
    let (_, device) = cards
        .iter()
        .filter(|card| wish.fits(card))
        .filter_map(|card| Some((card, card.device(direction)?)))
        .max_by_key(|(card, device)| {
            (!card.is_hdmi(), card.is_usb(), in_use.uses(direction, device), Reverse(card.number))
        })?;
    Some(Choice { device, why: why(wish, best) })
}

const fn why(wish: Wish<'_>, best: &'static str) -> &'static str {
    match wish {
        Wish::Any => best,
        Wish::Card(_) => "the config names it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: u32, id: &str, capture: bool, playback: bool) -> SoundCard {
        let can = |can: bool| can.then(Abilities::default);
        let pcm = Pcm { device: 1, name: String::new(), capture: can(capture), playback: can(playback) };
        let silent = Pcm { device: 0, capture: None, playback: None, ..pcm.clone() };
        SoundCard {
            number,
            id: id.to_owned(),
            name: format!("The {id}"),
            driver: if id.starts_with("Usb") { "USB-Audio" } else { "bcm2835" }.to_owned(),
            pcms: vec![silent, pcm],
        }
    }

    /// Ids of the chosen microphone and loudspeaker.
    fn chosen(cards: &[SoundCard], capture: Wish<'_>, playback: Wish<'_>, in_use: &Sound) -> (String, String) {
        let Sound { capture, playback } = choose(cards, capture, playback, in_use);
        let id = |choice: Option<Choice>| {
            choice.map_or_else(String::new, |choice| {
                let device = choice.device.strip_prefix("plughw:CARD=").and_then(|rest| rest.strip_suffix(",DEV=1"));
                device.expect("a device string").to_owned()
            })
        };
        (id(capture), id(playback))
    }

    fn best(cards: &[SoundCard]) -> (String, String) {
        chosen(cards, Wish::Any, Wish::Any, &Sound::default())
    }

    fn pair(capture: &str, playback: &str) -> (String, String) {
        (capture.to_owned(), playback.to_owned())
    }

    #[test]
    fn a_card_for_both_ways_comes_first_and_from_usb_before_all() {
        let mut cards = vec![
            card(0, "Headphones", false, true),
            card(1, "vc4hdmi", false, true),
            card(2, "UsbMic", true, false),
            card(3, "Codec", true, true),
        ];
        assert_eq!(best(&cards), pair("Codec", "Codec"));
        cards.push(card(4, "UsbPhone", true, true));
        assert_eq!(best(&cards), pair("UsbPhone", "UsbPhone"));
        assert_eq!(
            choose(&cards, Wish::Any, Wish::Any, &Sound::default()).capture.map(|c| c.why),
            Some("a speakerphone")
        );
    }

    #[test]
    fn else_two_cards_and_the_screen_last() {
        let cards = [card(0, "vc4hdmi", false, true), card(1, "Mic", true, false), card(2, "Headphones", false, true)];
        assert_eq!(best(&cards), pair("Mic", "Headphones"));
        assert_eq!(best(&cards[..2]), pair("Mic", "vc4hdmi"));
        assert_eq!(best(&cards[..1]), pair("", "vc4hdmi"));
        assert_eq!(best(&[]), pair("", ""));
    }

    #[test]
    fn of_equals_the_one_in_use_stays() {
        let first = [card(3, "UsbB", true, true)];
        let in_use = choose(&first, Wish::Any, Wish::Any, &Sound::default());
        let cards = [card(1, "UsbA", true, true), first[0].clone()];
        assert_eq!(best(&cards), pair("UsbA", "UsbA"));
        assert_eq!(chosen(&cards, Wish::Any, Wish::Any, &in_use), pair("UsbB", "UsbB"));
        // A better one is taken nevertheless.
        let built_in = [card(0, "Codec", true, true)];
        let in_use = choose(&built_in, Wish::Any, Wish::Any, &Sound::default());
        let cards = [built_in[0].clone(), card(1, "UsbA", true, true)];
        assert_eq!(chosen(&cards, Wish::Any, Wish::Any, &in_use), pair("UsbA", "UsbA"));
    }

    #[test]
    fn a_named_card_is_taken_or_none() {
        let cards = [card(0, "UsbPhone", true, true), card(1, "vc4hdmi", false, true), card(2, "Mic", true, false)];
        let none = Sound::default();
        assert_eq!(chosen(&cards, Wish::Any, Wish::Card("VC4HDMI"), &none), pair("UsbPhone", "vc4hdmi"));
        assert_eq!(chosen(&cards, Wish::Card("the mic"), Wish::Any, &none), pair("Mic", "UsbPhone"));
        assert_eq!(chosen(&cards, Wish::Card("Jabra"), Wish::Any, &none), pair("", "UsbPhone"));
        assert_eq!(
            choose(&cards, Wish::Card("Mic"), Wish::Any, &none).capture.map(|choice| choice.why),
            Some("the config names it")
        );
    }
}

//! The mixer of an ALSA card, by alsa-lib's simple elements.

use alsa::{
    Round,
    mixer::{Mixer as AlsaMixer, Selem, SelemChannelId},
};

use crate::sound::{Element, Mixer, MixerError, Scale, Setting, capture_element, playback_element};

/// A card's mixer. It is opened anew for each request: that costs a millisecond, sees what others have set, and a card that was
/// pulled out and put back is the card again.
#[derive(Clone, Debug)]
pub struct CardMixer {
    card: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Playback,
    Capture,
}

impl CardMixer {
    /// The mixer of a card as ALSA names it, such as `hw:Device` or `default`. Nothing is opened yet.
    #[must_use]
    pub fn new(card: &str) -> Self {
        // ALSA's names end at the first NUL.
        Self { card: card.split('\0').next().unwrap_or_default().to_owned() }
    }

    /// As ALSA names it.
    #[must_use]
    pub fn card(&self) -> &str {
        &self.card
    }

    fn refusal(&self, source: alsa::Error) -> MixerError {
        MixerError::Card { card: self.card.clone(), source }
    }

    /// Does something with the element that is this way's.
    fn with<T>(
        &self,
        way: Way,
        what: &'static str,
        fits: impl Fn(&Element<'_>) -> bool,
        act: impl FnOnce(&Selem<'_>) -> alsa::Result<T>,
    ) -> Result<T, MixerError> {
        let mixer = AlsaMixer::new(&self.card, true).map_err(|error| self.refusal(error))?;
        let all: Vec<Selem<'_>> = mixer.iter().filter_map(Selem::new).collect();
        let ids: Vec<_> = all.iter().map(Selem::get_id).collect();
        let named: Vec<_> = all
            .iter()
            .zip(&ids)
            .map(|(element, id)| described(element, id.get_name().unwrap_or_default(), way))
            .collect();
        let chosen = match way {
            Way::Playback => playback_element(&named),
            Way::Capture => capture_element(&named),
        };
        let fitting = chosen.filter(|index| named.get(*index).is_some_and(&fits)).and_then(|index| all.get(index));
        let element = fitting.ok_or_else(|| MixerError::Absent { card: self.card.clone(), what })?;
        act(element).map_err(|error| self.refusal(error))
    }

    fn with_volume<T>(
        &self,
        way: Way,
        what: &'static str,
        act: impl FnOnce(&Selem<'_>) -> alsa::Result<T>,
    ) -> Result<T, MixerError> {
        self.with(way, what, |element| element.has_volume, act)
    }

    fn with_switch<T>(
        &self,
        way: Way,
        what: &'static str,
        act: impl FnOnce(&Selem<'_>) -> alsa::Result<T>,
    ) -> Result<T, MixerError> {
        self.with(way, what, |element| element.has_switch, act)
    }
}

fn described<'a>(element: &Selem<'_>, name: &'a str, way: Way) -> Element<'a> {
    match way {
        Way::Playback => {
            Element { name, has_volume: element.has_playback_volume(), has_switch: element.has_playback_switch() }
        }
        Way::Capture => {
            Element { name, has_volume: element.has_capture_volume(), has_switch: element.has_capture_switch() }
        }
    }
}

fn scale(element: &Selem<'_>, way: Way) -> Scale {
    let (raw, (low, high)) = match way {
        Way::Playback => (element.get_playback_volume_range(), element.get_playback_db_range()),
        Way::Capture => (element.get_capture_volume_range(), element.get_capture_db_range()),
    };
    Scale { raw, millibels: Some((low.0, high.0)) }
}

fn read(element: &Selem<'_>, way: Way) -> alsa::Result<u8> {
    let channel = SelemChannelId::mono();
    let (raw, millibels) = match way {
        Way::Playback => (element.get_playback_volume(channel)?, element.get_playback_vol_db(channel)),
        Way::Capture => (element.get_capture_volume(channel)?, element.get_capture_vol_db(channel)),
    };
    Ok(scale(element, way).percent(raw, millibels.ok().map(|decibels| decibels.0)))
}

/// Rounded up: what is not 0 % is to be heard.
fn write(element: &Selem<'_>, way: Way, percent: u8) -> alsa::Result<()> {
    use alsa::mixer::MilliBel;
    match (scale(element, way).setting(percent), way) {
        (Setting::Raw(raw), Way::Playback) => element.set_playback_volume_all(raw),
        (Setting::Raw(raw), Way::Capture) => element.set_capture_volume_all(raw),
        (Setting::Millibels(millibels), Way::Playback) => element.set_playback_db_all(MilliBel(millibels), Round::Ceil),
        (Setting::Millibels(millibels), Way::Capture) => element.set_capture_db_all(MilliBel(millibels), Round::Ceil),
    }
}

impl Mixer for CardMixer {
    fn volume(&self) -> Result<u8, MixerError> {
        self.with_volume(Way::Playback, "the loudspeaker's volume", |element| read(element, Way::Playback))
    }

    fn set_volume(&mut self, percent: u8) -> Result<(), MixerError> {
        self.with_volume(Way::Playback, "the loudspeaker's volume", |element| write(element, Way::Playback, percent))
    }

    fn is_muted(&self) -> Result<bool, MixerError> {
        self.with_switch(Way::Playback, "switching the loudspeaker", |element| {
            Ok(element.get_playback_switch(SelemChannelId::mono())? == 0)
        })
    }

    fn set_muted(&mut self, muted: bool) -> Result<(), MixerError> {
        self.with_switch(Way::Playback, "switching the loudspeaker", |element| {
            element.set_playback_switch_all((!muted).into())
        })
    }

    fn capture_volume(&self) -> Result<u8, MixerError> {
        self.with_volume(Way::Capture, "the microphone's volume", |element| read(element, Way::Capture))
    }

    fn set_capture_volume(&mut self, percent: u8) -> Result<(), MixerError> {
        self.with_volume(Way::Capture, "the microphone's volume", |element| write(element, Way::Capture, percent))
    }

    fn is_capturing(&self) -> Result<bool, MixerError> {
        self.with_switch(Way::Capture, "switching the microphone", |element| {
            Ok(element.get_capture_switch(SelemChannelId::mono())? != 0)
        })
    }

    fn set_capturing(&mut self, on: bool) -> Result<(), MixerError> {
        self.with_switch(Way::Capture, "switching the microphone", |element| element.set_capture_switch_all(on.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_is_not_there_is_an_error() {
        let mut mixer = CardMixer::new("hw:Nobody\0at all");
        assert_eq!(mixer.card(), "hw:Nobody");
        let error = mixer.set_volume(50).expect_err("there is no such card");
        assert!(!error.is_absence());
        assert!(error.to_string().contains("hw:Nobody"), "{error}");
    }
}

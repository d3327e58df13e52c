//! Which microphone and loudspeaker are taken, and why; and the volume.

use std::time::Duration;

use kiosk_hal::{
    linux::{self, CardMixer},
    sound::{self, Choice, Mixer, MixerError, Sound, SoundCard, Wish, mixer_of, sane_capture},
};
use kiosk_media::{self as media, Media, MicrophoneSource, SoundSettings};

use crate::{
    config::{Loudspeaker, Microphone, SoundSection},
    control::protocol::{DeviceKind, FoundDevice, FoundState},
};

/// Makes the mixer of a card, as ALSA names it.
type MakeMixer = Box<dyn Fn(&str) -> Box<dyn Mixer> + Send>;

/// The sound cards, and what was decided about them.
pub(crate) struct Sounds {
    config: SoundSection,
    simulated: bool,
    found: Vec<SoundCard>,
    decision: Decision,
    /// Percent.
    volume: u8,
    mixer: MakeMixer,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    microphone: MicrophoneSource,
    loudspeaker: media::Loudspeaker,
    /// What was found for it.
    chosen: Sound,
}

impl Sounds {
    pub(crate) fn new(config: SoundSection, simulated: bool) -> Self {
        Self::with(config, simulated, Box::new(|card| Box::new(CardMixer::new(card))))
    }

    fn with(config: SoundSection, simulated: bool, mixer: MakeMixer) -> Self {
        let decision = Decision {
            microphone: MicrophoneSource::None,
            loudspeaker: media::Loudspeaker::Discard,
            chosen: Sound::default(),
        };
        let volume = config.volume;
        let mut sounds = Self { config, simulated, found: Vec::new(), decision, volume, mixer };
        sounds.choose();
        sounds
    }

    pub(crate) fn microphone(&self) -> MicrophoneSource {
        self.decision.microphone.clone()
    }

    pub(crate) fn loudspeaker(&self) -> media::Loudspeaker {
        self.decision.loudspeaker.clone()
    }

    /// What media does to captured sound.
    pub(crate) fn settings(&self) -> SoundSettings {
        let SoundSection { echo_cancellation, noise_suppression, gain_control, echo_delay_ms, .. } = self.config;
        let echo_delay = Duration::from_millis(echo_delay_ms.into());
        SoundSettings { echo_cancellation, noise_suppression, gain_control, echo_delay }
    }

    /// Chooses again, and tells media, which tells what is missing.
    pub(crate) fn look(&mut self, media: &Media) {
        self.choose();
        media.use_sound(self.microphone(), self.loudspeaker());
        media.set_volume(self.apply_volume());
    }

    /// Sets the loudspeaker's volume, percent.
    pub(crate) fn set_volume(&mut self, percent: u8, media: &Media) {
        self.volume = percent;
        media.set_volume(self.apply_volume());
    }

    /// Sets the volume on the card. Returns what is left for media to do: its amplitude.
    fn apply_volume(&self) -> f64 {
        let media::Loudspeaker::Alsa(pcm) = &self.decision.loudspeaker else { return 1.0 };
        let mut mixer = (self.mixer)(&mixer_of(pcm));
        match mixer.set_volume(self.volume).and_then(|()| optional(mixer.set_muted(self.volume == 0))) {
            Ok(()) => 1.0,
            Err(error) => {
                tracing::debug!(%error, "the volume is set in software");
                amplitude(self.volume)
            }
        }
    }

    /// A microphone that is switched off or nearly so, as many a card is at first, is switched on and turned up.
    fn wake_microphone(&self) {
        let MicrophoneSource::Alsa(pcm) = &self.decision.microphone else { return };
        let mut mixer = (self.mixer)(&mixer_of(pcm));
        let mut wake = || -> Result<(), MixerError> {
            if let Some(false) = present(mixer.is_capturing())? {
                tracing::info!(device = pcm, "the microphone was switched off");
                mixer.set_capturing(true)?;
            }
            if let Some(percent) = present(mixer.capture_volume())?.and_then(sane_capture) {
                tracing::info!(device = pcm, percent, "the microphone was turned down");
                mixer.set_capture_volume(percent)?;
            }
            Ok(())
        };
        if let Err(error) = wake() {
            tracing::debug!(%error, "the microphone's mixer");
        }
    }

    fn choose(&mut self) {
        self.found = if self.simulated { Vec::new() } else { linux::sound_cards() };
        let decision = decide(&self.config, self.simulated, &self.found, &self.decision.chosen);
        if decision != self.decision {
            let Decision { microphone, loudspeaker, chosen } = &decision;
            let why = |choice: &Option<Choice>| choice.as_ref().map(|choice| choice.why);
            let (microphone_why, loudspeaker_why) = (why(&chosen.capture), why(&chosen.playback));
            if *microphone == MicrophoneSource::Missing || *loudspeaker == media::Loudspeaker::Missing {
                tracing::warn!(name: "device-missing", ?microphone, microphone_why, ?loudspeaker, loudspeaker_why, "sound");
            } else {
                tracing::info!(name: "device-used", ?microphone, microphone_why, ?loudspeaker, loudspeaker_why, "sound");
            }
            self.decision = decision;
        }
        self.wake_microphone();
    }

    /// For `kioskctl devices`.
    pub(super) fn found(&self) -> Vec<FoundDevice> {
        let row = |card: &SoundCard| {
            let uses: Vec<_> = self.uses(card).into_iter().flatten().collect();
            let state = if !uses.is_empty() {
                FoundState::Used
            } else if card.pcms.is_empty() {
                FoundState::Unusable
            } else {
                FoundState::Spare
            };
            let why = if card.pcms.is_empty() { "it neither captures nor plays".to_owned() } else { uses.join("; ") };
            FoundDevice {
                kind: DeviceKind::SoundCard,
                name: card.name.clone(),
                node: format!("hw:{}", card.id),
                state,
                why,
            }
        };
        let missing = [
            (self.decision.microphone == MicrophoneSource::Missing, "microphone", name_of_microphone(&self.config)),
            (
                self.decision.loudspeaker == media::Loudspeaker::Missing,
                "loudspeaker",
                name_of_loudspeaker(&self.config),
            ),
        ];
        let lacking = missing.into_iter().filter(|(is_missing, ..)| *is_missing).map(|(_, what, name)| {
            let why = match name {
                Some(name) => {
                    format!("No card called '{name}' has a {what}. Plug it in, or name another one in [sound].")
                }
                None => format!("No {what} was found. Plug one in, or set it in [sound]."),
            };
            let (name, node) = (String::new(), String::new());
            FoundDevice { kind: DeviceKind::SoundCard, name, node, state: FoundState::Missing, why }
        });
        self.found.iter().map(row).chain(lacking).collect()
    }

    /// What this card is used for.
    fn uses(&self, card: &SoundCard) -> [Option<String>; 2] {
        let is_of = |pcm: &str| {
            let mixer = mixer_of(pcm);
            mixer == format!("hw:{}", card.id) || mixer == format!("hw:{}", card.number)
        };
        let Decision { microphone, loudspeaker, chosen } = &self.decision;
        let said = |what: &str, choice: &Option<Choice>| {
            format!("{what}: {}", choice.as_ref().map_or("the config says so", |choice| choice.why))
        };
        let captures = matches!(microphone, MicrophoneSource::Alsa(pcm) if is_of(pcm));
        let plays = matches!(loudspeaker, media::Loudspeaker::Alsa(pcm) if is_of(pcm));
        [captures.then(|| said("microphone", &chosen.capture)), plays.then(|| said("loudspeaker", &chosen.playback))]
    }
}

fn name_of_microphone(config: &SoundSection) -> Option<&str> {
    if let Microphone::Named(name) = &config.microphone { Some(name) } else { None }
}

fn name_of_loudspeaker(config: &SoundSection) -> Option<&str> {
    if let Loudspeaker::Named(name) = &config.loudspeaker { Some(name) } else { None }
}

/// What to use of what was found.
fn decide(config: &SoundSection, simulated: bool, found: &[SoundCard], in_use: &Sound) -> Decision {
    let capture = name_of_microphone(config).map_or(Wish::Any, Wish::Card);
    let playback = name_of_loudspeaker(config).map_or(Wish::Any, Wish::Card);
    let mut chosen = sound::choose(found, capture, playback, in_use);
    let tone = MicrophoneSource::Test { frequency_hz: config.test_tone_hz };
    let microphone = match &config.microphone {
        Microphone::Auto if simulated => tone,
        Microphone::Auto | Microphone::Named(_) => chosen
            .capture
            .as_ref()
            .map_or(MicrophoneSource::Missing, |choice| MicrophoneSource::Alsa(choice.device.clone())),
        Microphone::Test => tone,
        Microphone::None => MicrophoneSource::None,
        Microphone::File(path) => MicrophoneSource::File(path.clone()),
        Microphone::Pcm(name) => MicrophoneSource::Alsa(name.clone()),
    };
    let loudspeaker = match &config.loudspeaker {
        Loudspeaker::Auto if simulated => media::Loudspeaker::Discard,
        Loudspeaker::Auto | Loudspeaker::Named(_) => chosen
            .playback
            .as_ref()
            .map_or(media::Loudspeaker::Missing, |choice| media::Loudspeaker::Alsa(choice.device.clone())),
        Loudspeaker::None => media::Loudspeaker::Discard,
        Loudspeaker::File(path) => media::Loudspeaker::File(path.clone()),
        Loudspeaker::Pcm(name) => media::Loudspeaker::Alsa(name.clone()),
    };
    // What the config says itself was not chosen.
    if !matches!(config.microphone, Microphone::Auto | Microphone::Named(_)) {
        chosen.capture = None;
    }
    if !matches!(config.loudspeaker, Loudspeaker::Auto | Loudspeaker::Named(_)) {
        chosen.playback = None;
    }
    Decision { microphone, loudspeaker, chosen }
}

/// Where a card has no volume: half is half as loud, by the cubic law that alsamixer's scale has too.
fn amplitude(percent: u8) -> f64 {
    (f64::from(percent.min(100)) / 100.0).powi(3)
}

/// A control that is not there is no error.
fn present<T>(found: Result<T, MixerError>) -> Result<Option<T>, MixerError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(error),
    }
}

fn optional(done: Result<(), MixerError>) -> Result<(), MixerError> {
    present(done).map(|_| ())
}

#[cfg(test)]
mod tests {
    use kiosk_hal::sound::{Abilities, Pcm, SimMixer};

    use super::*;

    fn card(number: u32, id: &str, capture: bool, playback: bool) -> SoundCard {
        let can = |can: bool| can.then(Abilities::default);
        let pcm = Pcm { device: 0, name: String::new(), capture: can(capture), playback: can(playback) };
        SoundCard {
            number,
            id: id.to_owned(),
            name: format!("{id} of a kind"),
            driver: if id.starts_with("Usb") { "USB-Audio" } else { "hda" }.to_owned(),
            pcms: vec![pcm],
        }
    }

    /// On these cards, with one mixer for all.
    fn sounds(config: SoundSection, cards: &[SoundCard]) -> (Sounds, SimMixer) {
        let mixer = SimMixer::default();
        let same = mixer.clone();
        let mut sounds = Sounds::with(config, true, Box::new(move |_| Box::new(same.clone())));
        sounds.simulated = false;
        sounds.found = cards.to_vec();
        sounds.decision = decide(&sounds.config, false, cards, &Sound::default());
        (sounds, mixer)
    }

    fn rows(sounds: &Sounds) -> Vec<(String, FoundState, String)> {
        sounds.found().into_iter().map(|row| (row.node, row.state, row.why)).collect()
    }

    #[test]
    fn a_speakerphone_is_used_both_ways_and_said_to_be() {
        let cards = [card(0, "vc4hdmi", false, true), card(1, "UsbPhone", true, true)];
        let (sounds, _) = sounds(SoundSection::default(), &cards);
        let device = "plughw:CARD=UsbPhone,DEV=0".to_owned();
        assert_eq!(sounds.microphone(), MicrophoneSource::Alsa(device.clone()));
        assert_eq!(sounds.loudspeaker(), media::Loudspeaker::Alsa(device));
        let why = "microphone: a speakerphone; loudspeaker: a speakerphone".to_owned();
        let expected = [
            ("hw:vc4hdmi".to_owned(), FoundState::Spare, String::new()),
            ("hw:UsbPhone".to_owned(), FoundState::Used, why),
        ];
        assert_eq!(rows(&sounds), expected);
    }

    #[test]
    fn what_is_missing_is_a_row_of_its_own() {
        let config = SoundSection { microphone: Microphone::Named("Jabra".to_owned()), ..SoundSection::default() };
        let (sounds, _) = sounds(config, &[card(0, "vc4hdmi", false, true)]);
        assert_eq!(sounds.microphone(), MicrophoneSource::Missing);
        let last = rows(&sounds).pop().expect("a row");
        assert_eq!(last.1, FoundState::Missing);
        assert!(last.2.starts_with("No card called 'Jabra' has a microphone."), "{last:?}");
    }

    #[test]
    fn what_the_config_says_is_used_whatever_is_there() {
        let config = SoundSection {
            microphone: Microphone::Pcm("hw:0,0".to_owned()),
            loudspeaker: Loudspeaker::None,
            ..SoundSection::default()
        };
        let (sounds, _) = sounds(config, &[card(0, "Codec", true, true), card(1, "UsbPhone", true, true)]);
        assert_eq!(sounds.microphone(), MicrophoneSource::Alsa("hw:0,0".to_owned()));
        assert_eq!(sounds.loudspeaker(), media::Loudspeaker::Discard);
        let rows = rows(&sounds);
        assert_eq!((rows[0].1, rows[0].2.as_str()), (FoundState::Used, "microphone: the config says so"));
        assert_eq!(rows[1].1, FoundState::Spare);
    }

    #[test]
    fn the_volume_is_the_cards_and_nothing_is_left_to_media() {
        let (mut sounds, mixer) = sounds(SoundSection::default(), &[card(0, "UsbPhone", true, true)]);
        assert!((sounds.apply_volume() - 1.0).abs() < f64::EPSILON);
        assert_eq!((mixer.volume().expect("tells"), mixer.is_muted().expect("tells")), (70, false));
        sounds.volume = 0;
        sounds.apply_volume();
        assert!(mixer.is_muted().expect("tells"), "nothing is to be heard");
    }

    #[test]
    fn without_a_volume_control_media_does_it() {
        let (mut sounds, _) = sounds(SoundSection::default(), &[card(0, "UsbPhone", true, true)]);
        // No such card here.
        sounds.mixer = Box::new(|_| Box::new(CardMixer::new("hw:Nobody")));
        sounds.volume = 50;
        assert!((sounds.apply_volume() - 0.125).abs() < 1e-9);
        sounds.decision.loudspeaker = media::Loudspeaker::Discard;
        assert!((sounds.apply_volume() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_sleeping_microphone_is_woken_and_another_left_as_it_is() {
        let (sounds, mut mixer) = sounds(SoundSection::default(), &[card(0, "UsbPhone", true, true)]);
        sounds.wake_microphone();
        assert_eq!((mixer.capture_volume().expect("tells"), mixer.is_capturing().expect("tells")), (70, true));
        mixer.set_capture_volume(40).expect("takes all");
        sounds.wake_microphone();
        assert_eq!(mixer.capture_volume().expect("tells"), 40);
    }
}

//! Mixers: the volume and the switches of a card.

use std::fmt::Debug;

use thiserror::Error;

/// Volume and switches of one card. What somebody else changes meanwhile is seen.
pub trait Mixer: Debug + Send {
    /// The loudspeaker's volume, percent.
    ///
    /// # Errors
    /// [`MixerError`].
    fn volume(&self) -> Result<u8, MixerError>;

    /// Sets the loudspeaker's volume, percent; more than 100 is 100. A control with few steps takes the next louder one.
    ///
    /// # Errors
    /// [`MixerError`].
    fn set_volume(&mut self, percent: u8) -> Result<(), MixerError>;

    /// Whether the loudspeaker is switched off.
    ///
    /// # Errors
    /// [`MixerError`].
    fn is_muted(&self) -> Result<bool, MixerError>;

    /// Switches the loudspeaker off or on.
    ///
    /// # Errors
    /// [`MixerError`].
    fn set_muted(&mut self, muted: bool) -> Result<(), MixerError>;

    /// The microphone's volume, percent.
    ///
    /// # Errors
    /// [`MixerError`].
    fn capture_volume(&self) -> Result<u8, MixerError>;

    /// Sets the microphone's volume, percent; more than 100 is 100.
    ///
    /// # Errors
    /// [`MixerError`].
    fn set_capture_volume(&mut self, percent: u8) -> Result<(), MixerError>;

    /// Whether the microphone is switched on.
    ///
    /// # Errors
    /// [`MixerError`].
    fn is_capturing(&self) -> Result<bool, MixerError>;

    /// Switches the microphone on or off.
    ///
    /// # Errors
    /// [`MixerError`].
    fn set_capturing(&mut self, on: bool) -> Result<(), MixerError>;
}

/// Why a mixer does not do what it should.
#[derive(Debug, Error)]
pub enum MixerError {
    /// The card has no such control. Many have none: what they play is as loud as it is sent.
    #[error("the sound card {card} has no control for {what}")]
    Absent {
        /// As ALSA names it.
        card: String,
        /// What was wanted.
        what: &'static str,
    },
    /// The card is gone, or refuses.
    #[error("the mixer of the sound card {card} does not answer: {source}")]
    Card {
        /// As ALSA names it.
        card: String,
        /// Why.
        source: alsa::Error,
    },
}

impl MixerError {
    /// Whether the control is simply not there, which is no fault.
    #[must_use]
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }
}

/// A simple mixer element (alsa-lib's `snd_mixer_selem`), as far as choosing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Such as `Master`.
    pub name: &'a str,
    /// It has a volume this way.
    pub has_volume: bool,
    /// It has a switch this way.
    pub has_switch: bool,
}

/// Loudspeakers, by the names that the kernel's drivers give them (Documentation/sound/designs/control-names.rst), the one that rules all others first.
const PLAYBACK: [&str; 9] =
    ["Master", "Speaker", "PCM", "Headphone", "Headset", "Line Out", "Digital", "HDMI", "Playback"];
/// Microphones; `Capture` rules the others.
const CAPTURE: [&str; 6] = ["Capture", "Mic", "Headset Mic", "Internal Mic", "Front Mic", "Headset"];
/// What is no loudspeaker, though it can be heard.
const NO_LOUDSPEAKER: [&str; 7] = ["mic", "capture", "beep", "tone", "line", "cd", "aux"];

/// Which element is the loudspeaker's, for its volume or its switch.
#[must_use]
pub fn playback_element(elements: &[Element<'_>]) -> Option<usize> {
    let is_other = |name: &str| NO_LOUDSPEAKER.iter().any(|word| name.to_ascii_lowercase().starts_with(word));
    element(elements, &PLAYBACK, |name| !is_other(name))
}

/// Which element is the microphone's.
#[must_use]
pub fn capture_element(elements: &[Element<'_>]) -> Option<usize> {
    element(elements, &CAPTURE, |_| true)
}

/// With a volume before only with a switch; then by name; else the first that may be it: USB devices call it as they like.
fn element(elements: &[Element<'_>], names: &[&str], may_be: impl Fn(&str) -> bool) -> Option<usize> {
    let find = |with: &dyn Fn(&Element<'_>) -> bool| {
        let named =
            names.iter().find_map(|name| elements.iter().position(|element| element.name == *name && with(element)));
        named.or_else(|| elements.iter().position(|element| may_be(element.name) && with(element)))
    };
    find(&|element| element.has_volume).or_else(|| find(&|element| element.has_switch))
}

/// The volume that a microphone should have when it has this one: one that is nearly off is turned up, any other was somebody's choice.
#[must_use]
pub const fn sane_capture(percent: u8) -> Option<u8> {
    if percent < 20 { Some(70) } else { None }
}

/// The mixer that belongs to an ALSA PCM: `hw:Device` for `plughw:CARD=Device,DEV=0`, `hw:1` for `hw:1,0`, `default` for `default`.
#[must_use]
pub fn mixer_of(pcm: &str) -> String {
    let Some((_, arguments)) = pcm.split_once(':') else { return pcm.to_owned() };
    let named = arguments.split(',').find_map(|argument| argument.trim().strip_prefix("CARD="));
    let card = named.or_else(|| arguments.split(',').next()).unwrap_or_default().trim().trim_matches(['"', '\'']);
    format!("hw:{card}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements<'a>(of: &[(&'a str, bool, bool)]) -> Vec<Element<'a>> {
        of.iter()
            .map(|(name, has_volume, has_switch)| Element { name, has_volume: *has_volume, has_switch: *has_switch })
            .collect()
    }

    #[test]
    fn the_loudspeaker_is_found_on_cards_as_they_are() {
        let playback = |of| {
            let elements = elements(of);
            playback_element(&elements).map(|index| elements[index].name)
        };
        // A laptop's codec
        let codec = &[
            ("Speaker", true, true),
            ("Headphone", true, true),
            ("PCM", true, false),
            ("Master", true, true),
            ("Mic Boost", true, false),
        ];
        assert_eq!(playback(codec), Some("Master"));
        // A Pi's headphones, a speakerphone, a USB dongle
        assert_eq!(playback(&[("Headphone", true, true)]), Some("Headphone"));
        assert_eq!(playback(&[("Mic", true, true), ("PCM", true, true)]), Some("PCM"));
        assert_eq!(
            playback(&[("Speaker", true, true), ("Mic", true, true), ("Auto Gain Control", false, true)]),
            Some("Speaker")
        );
        assert_eq!(playback(&[("Mic", true, true), ("Konftel Ego", true, true)]), Some("Konftel Ego"));
        // Only a switch
        assert_eq!(playback(&[("Mic", true, true), ("IEC958", false, true)]), Some("IEC958"));
        assert_eq!(playback(&[("Mic", true, true), ("Beep", true, true), ("Line", true, true)]), None);
        assert_eq!(playback(&[]), None);
    }

    #[test]
    fn the_microphone_is_found() {
        let capture = |of| {
            let elements = elements(of);
            capture_element(&elements).map(|index| elements[index].name)
        };
        assert_eq!(capture(&[("Mic", true, true), ("Capture", true, true)]), Some("Capture"));
        assert_eq!(capture(&[("Line", true, true), ("Mic", true, true), ("CD", true, true)]), Some("Mic"));
        assert_eq!(capture(&[("Konftel Ego", true, true)]), Some("Konftel Ego"));
        assert_eq!(capture(&[]), None);
    }

    #[test]
    fn the_mixer_of_a_pcm() {
        for (pcm, mixer) in [
            ("plughw:CARD=Device_1,DEV=0", "hw:Device_1"),
            ("hw:DEV=0,CARD=1", "hw:1"),
            ("hw:1,0", "hw:1"),
            ("plughw:Loopback,1,0", "hw:Loopback"),
            ("sysdefault:CARD=\"Jabra\"", "hw:Jabra"),
            ("default", "default"),
        ] {
            assert_eq!(mixer_of(pcm), mixer);
        }
    }

    #[test]
    fn a_microphone_that_is_nearly_off_is_turned_up() {
        assert_eq!([0, 19, 20, 100].map(sane_capture), [Some(70), Some(70), None, None]);
    }
}

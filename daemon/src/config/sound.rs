//! The section `[sound]`.

use serde::Deserialize;

use super::values::{self, Loudspeaker, Microphone};

/// `[sound]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoundSection {
    /// Where sound comes from.
    #[serde(deserialize_with = "values::microphone")]
    pub microphone: Microphone,
    /// Where sound goes.
    #[serde(deserialize_with = "values::loudspeaker")]
    pub loudspeaker: Loudspeaker,
    /// Of the loudspeaker, percent, until somebody sets it.
    #[serde(deserialize_with = "values::percent")]
    pub volume: u8,
    /// Take out of what the microphone hears what the loudspeaker plays.
    pub echo_cancellation: bool,
    /// From loudspeaker to microphone beyond what the devices tell, milliseconds.
    #[serde(deserialize_with = "values::echo_delay_ms")]
    pub echo_delay_ms: u32,
    /// Take steady noise out.
    pub noise_suppression: bool,
    /// Make quiet voices louder.
    pub gain_control: bool,
    /// Of the test tone, hertz.
    #[serde(deserialize_with = "values::tone")]
    pub test_tone_hz: u32,
}

impl Default for SoundSection {
    fn default() -> Self {
        Self {
            microphone: Microphone::Auto,
            loudspeaker: Loudspeaker::Auto,
            volume: 70,
            echo_cancellation: true,
            echo_delay_ms: 0,
            noise_suppression: true,
            gain_control: true,
            test_tone_hz: 440,
        }
    }
}

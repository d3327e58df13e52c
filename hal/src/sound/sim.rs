//! A simulated mixer.

use std::sync::{Arc, Mutex, PoisonError};

use super::mixer::{Mixer, MixerError};

/// A mixer that remembers. Clones are the same one.
#[derive(Clone, Debug)]
pub struct SimMixer(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    volume: u8,
    muted: bool,
    capture_volume: u8,
    capturing: bool,
}

impl Default for SimMixer {
    /// As many a card is after power-up: quiet, and off.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { volume: 30, muted: true, capture_volume: 0, capturing: false })))
    }
}

impl SimMixer {
    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> Result<T, MixerError> {
        Ok(look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Mixer for SimMixer {
    fn volume(&self) -> Result<u8, MixerError> {
        self.with(|state| state.volume)
    }

    fn set_volume(&mut self, percent: u8) -> Result<(), MixerError> {
        self.with(|state| state.volume = percent.min(100))
    }

    fn is_muted(&self) -> Result<bool, MixerError> {
        self.with(|state| state.muted)
    }

    fn set_muted(&mut self, muted: bool) -> Result<(), MixerError> {
        self.with(|state| state.muted = muted)
    }

    fn capture_volume(&self) -> Result<u8, MixerError> {
        self.with(|state| state.capture_volume)
    }

    fn set_capture_volume(&mut self, percent: u8) -> Result<(), MixerError> {
        self.with(|state| state.capture_volume = percent.min(100))
    }

    fn is_capturing(&self) -> Result<bool, MixerError> {
        self.with(|state| state.capturing)
    }

    fn set_capturing(&mut self, on: bool) -> Result<(), MixerError> {
        self.with(|state| state.capturing = on)
    }
}

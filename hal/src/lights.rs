//! Lights: LEDs by the names of `/sys/class/leds`.

use std::{fmt, io};

/// How an LED shines. Blinking is the kernel's (Documentation/leds/leds-class.rst, "Hardware accelerated blink of LEDs").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shine {
    /// Dark.
    Off,
    /// Lit, as bright as it goes.
    On,
    /// Lit and dark in turn.
    Blink {
        /// Lit for so many milliseconds.
        on_ms: u32,
        /// Dark for so many milliseconds.
        off_ms: u32,
    },
}

/// Why an LED does not shine as it should. Each is a sentence for the log.
#[derive(Debug, thiserror::Error)]
pub enum LightError {
    /// No such LED.
    #[error("there is no LED '{led}': `ls /sys/class/leds` shows those that are")]
    Missing {
        /// Its name.
        led: String,
    },
    /// A name that cannot be one.
    #[error("'{led}' cannot be the name of an LED")]
    Name {
        /// The name.
        led: String,
    },
    /// The kernel does not take it.
    #[error("LED '{led}' takes no {attribute}: {source}")]
    Write {
        /// Its name.
        led: String,
        /// The file below `/sys/class/leds/NAME`.
        attribute: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// The LEDs of the board.
pub trait LightBank: fmt::Debug + Send {
    /// Lets an LED shine so from now on.
    ///
    /// # Errors
    /// The first time that an LED cannot be set, so that it is one line in the log; while it stays broken, further sets are
    /// tried and their failure is silent.
    fn set(&mut self, led: &str, shine: Shine) -> Result<(), LightError>;

    /// LEDs may have come or been replaced: those that do not shine as they were last [`set`](Self::set) are set again.
    fn look_again(&mut self);
}

//! Fingers on a touch screen.

use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll},
};

/// What a touch screen tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touch {
    /// There is a touch screen from now on, or there is none any more.
    Present(bool),
    /// A finger came down and went up again at the same place, as parts of what the touch screen covers.
    Tap {
        /// 0 (left) to 1.
        x: f64,
        /// 0 (top) to 1.
        y: f64,
    },
}

/// How far a finger may slide between down and up, as a part of the screen: further, and it did not mean what it came down on.
pub const LARGEST_SLIDE: f64 = 0.04;

/// Where touches come from.
pub trait TouchSource: Send {
    /// The next touch. `Ready(None)`: none will ever come again.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Touch>>;
}

/// The stream of touches, read where it is awaited.
pub struct Fingers(Box<dyn TouchSource>);

impl Fingers {
    /// A stream of the touches of this source.
    #[must_use]
    pub fn new(source: impl TouchSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// The next touch. None: none will ever come again. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Touch> {
        poll_fn(|cx| self.0.poll_next(cx)).await
    }
}

impl fmt::Debug for Fingers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingers")
    }
}

//! Time, as it comes in with every input.

use std::time::Instant;

/// Both clocks, read together once a turn.
///
/// A board without a clock chip boots in the past, so deadlines use `mono`; `wall` only dates messages and certificates.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For deadlines.
    pub mono: Instant,
    /// Milliseconds since 1970, as far as the board knows.
    pub wall: UnixMillis,
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(pub u64);

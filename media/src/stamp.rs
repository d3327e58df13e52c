//! The time stamp in the test camera's pictures: bright and dark squares in the top rows, robust against any encoder.
//!
//! 34 squares of 16 × 16 pixels: one bright, one dark (so that a plain picture is no stamp), then 32 bits, highest first, of
//! the monotonic clock in units of 0.1 ms. All processes of one host share that clock.

use std::time::Duration;

use gstreamer::{self as gst, prelude::*};

const SIDE: usize = 16;
const SQUARES: usize = 34;
const BRIGHT: u8 = 235;
const DARK: u8 = 16;
const TICK: Duration = Duration::from_micros(100);

/// The monotonic clock in ticks, modulo 2^32 (it wraps every five days).
pub(crate) fn now() -> u32 {
    let microseconds = gst::SystemClock::obtain().time().useconds();
    u32::try_from((microseconds / 100) & u64::from(u32::MAX)).expect("masked to 32 bits")
}

/// Time passed since `ticks`.
pub(crate) fn since(ticks: u32) -> Duration {
    TICK * now().wrapping_sub(ticks)
}

/// Draws the stamp. A picture too small for it stays as it is.
pub(crate) fn write(luma: &mut [u8], stride: usize, ticks: u32) {
    if stride < SIDE * SQUARES || luma.len() < SIDE * stride {
        return;
    }
    for row in luma.chunks_exact_mut(stride).take(SIDE) {
        for (square, pixels) in row.chunks_exact_mut(SIDE).take(SQUARES).enumerate() {
            pixels.fill(if is_bright(square, ticks) { BRIGHT } else { DARK });
        }
    }
}

/// Reads the stamp, if there is one.
pub(crate) fn read(luma: &[u8], stride: usize) -> Option<u32> {
    if stride < SIDE * SQUARES {
        return None;
    }
    let row = luma.chunks_exact(stride).nth(SIDE / 2)?;
    let mut ticks = 0;
    for (square, pixels) in row.chunks_exact(SIDE).take(SQUARES).enumerate() {
        let bright = *pixels.get(SIDE / 2)? > 128;
        match square {
            0 if !bright => return None,
            1 if bright => return None,
            0 | 1 => {}
            _ => ticks = (ticks << 1) | u32::from(bright),
        }
    }
    Some(ticks)
}

fn is_bright(square: usize, ticks: u32) -> bool {
    match square {
        0 => true,
        1 => false,
        bit => (ticks >> (SQUARES - 1 - bit)) & 1 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_back() {
        let mut luma = vec![90; 640 * 32];
        assert_eq!(read(&luma, 640), None);
        for ticks in [0, 1, 0x8000_0000, 0xdead_beef, u32::MAX] {
            write(&mut luma, 640, ticks);
            assert_eq!(read(&luma, 640), Some(ticks));
        }
    }

    #[test]
    fn a_small_picture_carries_none() {
        let mut luma = vec![90; 320 * 32];
        write(&mut luma, 320, 7);
        assert!(luma.iter().all(|pixel| *pixel == 90));
        assert_eq!(read(&luma, 320), None);
    }
}

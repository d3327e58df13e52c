//! How warm the board is, and what its firmware says of its power.

use std::{fs, io, path::Path};

/// Where the kernel shows its thermal zones (Documentation/ABI/testing/sysfs-class-thermal).
pub(crate) const ZONES: &str = "/sys/class/thermal";
/// What the Raspberry Pi's firmware says of its power (`vcgencmd get_throttled`), in hexadecimal.
const THROTTLED: &str = "/sys/devices/platform/soc/soc:firmware/get_throttled";

/// The firmware's word on power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Power(u32);

impl Power {
    const UNDER_VOLTAGE: u32 = 1;
    const SLOWED_DOWN: u32 = 0b1110;
    /// Bits 0 to 3 are of now, 16 to 19 of the time since the boot.
    const SINCE_BOOT: u32 = 16;

    /// None: this board's firmware does not tell.
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string(THROTTLED).ok()?)
    }

    pub(crate) fn parse(hexadecimal: &str) -> Option<Self> {
        u32::from_str_radix(hexadecimal.trim().trim_start_matches("0x"), 16).ok().map(Self)
    }

    /// The voltage is too low.
    pub(crate) const fn is_low(self) -> bool {
        self.0 & Self::UNDER_VOLTAGE != 0
    }

    /// The voltage was too low since the boot.
    pub(crate) const fn was_low(self) -> bool {
        self.0 >> Self::SINCE_BOOT & Self::UNDER_VOLTAGE != 0
    }

    /// The processor is slowed down.
    pub(crate) const fn is_slowed_down(self) -> bool {
        self.0 & Self::SLOWED_DOWN != 0
    }

    /// The processor was slowed down since the boot.
    pub(crate) const fn was_slowed_down(self) -> bool {
        self.0 >> Self::SINCE_BOOT & Self::SLOWED_DOWN != 0
    }
}

/// Thousandths of a degree Celsius of the hottest zone.
pub(crate) fn hottest_millidegrees(zones: &Path) -> Option<i64> {
    let temperature = |entry: io::Result<fs::DirEntry>| -> Option<i64> {
        fs::read_to_string(entry.ok()?.path().join("temp")).ok()?.trim().parse().ok()
    };
    fs::read_dir(zones).ok()?.filter_map(temperature).max()
}

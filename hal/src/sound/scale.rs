//! From percent to a mixer control's own numbers, so that equal steps sound equal.

/// The range of a volume control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The control's own numbers.
    pub raw: (i64, i64),
    /// The same in hundredths of a dB, if the control tells.
    pub millibels: Option<(i64, i64)>,
}

/// What to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The control's own number.
    Raw(i64),
    /// Hundredths of a dB.
    Millibels(i64),
}

/// `SND_CTL_TLV_DB_GAIN_MUTE`: the lowest step is silence.
const MUTE: i64 = -9_999_999;
/// A control of at most 24 dB is so narrow that its dB are divided evenly.
const NARROW: i64 = 2_400;
/// 60 dB, in hundredths: a factor of ten in loudness, as the cubic law of alsamixer (volume_mapping.c) has it.
const DECADE: f64 = 6_000.0;

impl Scale {
    /// A range in dB that says something.
    fn decibels(&self) -> Option<(i64, i64)> {
        self.millibels.filter(|(low, high)| low < high)
    }

    /// What to set for this many percent: alsamixer's scale. Narrow controls evenly in dB, wide ones by loudness, those without dB evenly.
    pub(crate) fn setting(&self, percent: u8) -> Setting {
        let part = f64::from(percent.min(100)) / 100.0;
        let (least, most) = self.raw;
        if percent == 0 {
            return Setting::Raw(least);
        }
        match self.decibels() {
            None => Setting::Raw(between(least, most, part)),
            Some((low, high)) if high - low <= NARROW => Setting::Millibels(between(low, high, part)),
            Some((low, high)) => {
                let floor = floor(low, high);
                let loudness = part * (1.0 - floor) + floor;
                Setting::Millibels(whole(DECADE * loudness.log10()) + high)
            }
        }
    }

    /// How many percent that is: the inverse. `now` is what the control has, in its own numbers and in hundredths of a dB.
    pub(crate) fn percent(&self, raw: i64, millibels: Option<i64>) -> u8 {
        let (least, most) = self.raw;
        let part = match (self.decibels(), millibels) {
            (Some((low, high)), Some(now)) if high - low <= NARROW => share(now - low, high - low),
            (Some((low, high)), Some(now)) => {
                let floor = floor(low, high);
                let loudness = 10_f64.powf(float(now - high) / DECADE);
                (loudness - floor) / (1.0 - floor)
            }
            (Some(_) | None, _) => share(raw - least, most - least),
        };
        let percent = whole(part.clamp(0.0, 1.0) * 100.0);
        u8::try_from(percent).unwrap_or(100)
    }
}

/// The loudness of the lowest step.
fn floor(low: i64, high: i64) -> f64 {
    if low == MUTE { 0.0 } else { 10_f64.powf(float(low - high) / DECADE) }
}

fn between(least: i64, most: i64, part: f64) -> i64 {
    least + whole(float(most - least) * part)
}

fn share(of: i64, by: i64) -> f64 {
    if by <= 0 { 1.0 } else { float(of) / float(by) }
}

#[expect(clippy::cast_precision_loss, reason = "mixer controls have at most some million steps")]
fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "mixer controls have at most some million steps")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Scale = Scale { raw: (0, 31), millibels: None };
    const NARROW_ONE: Scale = Scale { raw: (0, 24), millibels: Some((-2_400, 0)) };
    /// A Pi's headphones: -102.39 dB to 4 dB.
    const WIDE: Scale = Scale { raw: (-10_239, 400), millibels: Some((-10_239, 400)) };
    const SILENT: Scale = Scale { raw: (0, 100), millibels: Some((MUTE, 0)) };

    #[test]
    fn ends_are_ends() {
        for scale in [EVEN, NARROW_ONE, WIDE, SILENT] {
            assert_eq!(scale.setting(0), Setting::Raw(scale.raw.0));
            let most = scale.millibels.map_or(Setting::Raw(scale.raw.1), |(_, high)| Setting::Millibels(high));
            assert_eq!(scale.setting(100), most);
            assert_eq!(scale.setting(200), most);
            assert_eq!(scale.percent(scale.raw.1, scale.millibels.map(|(_, high)| high)), 100);
            assert_eq!(scale.percent(scale.raw.0, scale.millibels.map(|(low, _)| low)), 0);
        }
    }

    #[test]
    fn what_is_set_is_read_back() {
        for scale in [EVEN, NARROW_ONE, WIDE, SILENT] {
            for percent in 1..=100 {
                let back = match scale.setting(percent) {
                    Setting::Raw(raw) => scale.percent(raw, None),
                    Setting::Millibels(now) => scale.percent(0, Some(now)),
                };
                // A control of 31 steps has no better than 3 percent.
                assert!(back.abs_diff(percent) <= 2, "{scale:?} {percent} {back}");
            }
        }
    }

    #[test]
    fn half_of_a_wide_control_is_half_as_loud_not_half_its_numbers() {
        let Setting::Millibels(half) = WIDE.setting(50) else { panic!("in dB") };
        // alsamixer: 6000 * log10(0.5 * (1 - floor) + floor) + 400, floor = 10^(-10639/6000)
        assert_eq!(half, -1_363);
        assert_eq!(SILENT.setting(10), Setting::Millibels(-6_000));
        assert_eq!(NARROW_ONE.setting(50), Setting::Millibels(-1_200));
    }

    #[test]
    fn a_control_with_one_step_is_full() {
        assert_eq!(Scale { raw: (7, 7), millibels: Some((0, 0)) }.percent(7, Some(0)), 100);
    }
}

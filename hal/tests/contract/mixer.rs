//! What every mixer does, the simulated one and that of a real card.

use kiosk_hal::sound::{Mixer, MixerError};

/// Percent that a control with few steps may be off.
const COARSE: u8 = 4;

/// Fails with the rule that is broken. The card needs both volumes and the microphone's switch; many have no switch for the loudspeaker.
pub(crate) fn keeps_the_contract(mixer: &mut dyn Mixer) {
    let mut before = None;
    for percent in [0, 5, 30, 55, 70, 100] {
        mixer.set_volume(percent).expect("the loudspeaker has a volume");
        let now = mixer.volume().expect("the loudspeaker has a volume");
        assert!(now.abs_diff(percent) <= COARSE, "what is set is read back: {now} for {percent}");
        assert!(before < Some(now), "more is louder: {now} after {before:?}");
        before = Some(now);
    }
    mixer.set_volume(200).expect("more than all is all");
    assert_eq!(mixer.volume().expect("as before"), 100);

    for percent in [0, 70, 100] {
        mixer.set_capture_volume(percent).expect("the microphone has a volume");
        let now = mixer.capture_volume().expect("as before");
        assert!(now.abs_diff(percent) <= COARSE, "the microphone's too: {now} for {percent}");
    }
    for on in [false, true] {
        mixer.set_capturing(on).expect("the microphone has a switch");
        assert_eq!(mixer.is_capturing().expect("as before"), on);
    }
    assert_eq!(mixer.volume().expect("as before"), 100, "the microphone is not the loudspeaker");
    match mixer.set_muted(true) {
        Ok(()) => switches_the_loudspeaker(mixer),
        Err(error) => {
            assert!(error.is_absence(), "{error}");
            assert!(mixer.is_muted().as_ref().is_err_and(MixerError::is_absence), "no switch to set, none to read");
        }
    }
}

fn switches_the_loudspeaker(mixer: &mut dyn Mixer) {
    assert!(mixer.is_muted().expect("it has a switch"));
    assert_eq!(mixer.volume().expect("as before"), 100, "switched off, its volume stays");
    mixer.set_volume(40).expect("also while it is switched off");
    assert!(mixer.is_muted().expect("as before"), "a volume switches nothing on");
    mixer.set_muted(false).expect("as before");
    assert!(!mixer.is_muted().expect("as before"));
}

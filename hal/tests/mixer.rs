//! The simulated mixer keeps the contract of mixers. A real one does so in the guest: tests/hil/sound.sh.

#[path = "contract/mixer.rs"]
mod contract;

use kiosk_hal::sound::{Mixer, SimMixer};

#[test]
fn the_simulated_mixer_is_like_a_real_one() {
    contract::keeps_the_contract(&mut SimMixer::default());
}

#[test]
fn clones_are_the_same_mixer() {
    let (mut one, other) = (SimMixer::default(), SimMixer::default());
    let same = one.clone();
    one.set_volume(66).expect("takes all");
    assert_eq!(same.volume().expect("tells"), 66);
    assert_ne!(other.volume().expect("tells"), 66);
}

//! The simulated and the real cameras keep to the same contract. The real ones of tests/hil/camera.sh do so in the guest.

#[path = "contract/cameras.rs"]
mod contract;

use kiosk_hal::{linux, sim};

#[test]
fn the_simulated_camera_is_like_a_real_one() {
    let cameras = sim::cameras();
    assert_eq!(cameras.len(), 1);
    contract::check(&cameras);
}

#[test]
fn the_cameras_of_this_machine_if_any() {
    contract::check(&linux::cameras());
}

//! The simulated keys and lights keep the contract.

#[path = "contract/controls.rs"]
mod contract;

use contract::{Hand, keys_keep_the_contract, lights_keep_the_contract};
use kiosk_hal::{
    keys::code,
    panel::Size,
    sim::{self, Sim},
};

impl Hand for Sim {
    fn down(&mut self, code: u16) {
        assert!(self.press(code));
    }

    fn up(&mut self, code: u16) {
        assert!(self.release(code));
    }
}

#[tokio::test]
async fn simulated_controls_keep_the_contract() {
    let (mut board, mut sim) = sim::board(Size::new(8, 8).expect("fits"));
    let codes = ["KEY_PHONE", "KEY_MICMUTE"].map(|name| code(name).expect("is a key"));
    keys_keep_the_contract(&mut board.keys, &mut sim, codes).await;
    let led = "kiosk:green:call";
    lights_keep_the_contract(&mut *board.lights, led, || sim.lights().get(led).copied());
}

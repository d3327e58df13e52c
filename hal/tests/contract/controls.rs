//! What every source of keys and every bank of lights keeps: for the simulated ones (`controls.rs`) and, in the hardware tests, for
//! evdev and `/sys/class/leds` (`examples/controls.rs`).

use std::time::Duration;

use kiosk_hal::{
    keys::{Edge, Keys},
    lights::{LightBank, Shine},
};

/// What must come comes within this.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A finger.
pub(crate) trait Hand {
    fn down(&mut self, code: u16);
    fn up(&mut self, code: u16);
}

/// The next event of the keys.
pub(crate) async fn next(keys: &mut Keys) -> (u16, Edge) {
    let event = tokio::time::timeout(LIMIT, keys.next()).await.expect("an event comes").expect("the keys are there");
    assert!(!event.device.is_empty(), "it says which device it is of");
    (event.code, event.edge)
}

/// Presses and releases arrive, each once and in order.
pub(crate) async fn keys_keep_the_contract(keys: &mut Keys, hand: &mut impl Hand, [one, other]: [u16; 2]) {
    for code in [one, other, one] {
        hand.down(code);
        assert_eq!(next(keys).await, (code, Edge::Down));
        hand.up(code);
        assert_eq!(next(keys).await, (code, Edge::Up));
    }
    // One is held while the other is pressed.
    hand.down(one);
    assert_eq!(next(keys).await, (one, Edge::Down));
    hand.down(other);
    assert_eq!(next(keys).await, (other, Edge::Down));
    hand.up(one);
    assert_eq!(next(keys).await, (one, Edge::Up));
    hand.up(other);
    assert_eq!(next(keys).await, (other, Edge::Up));
}

/// A light shines as it was set last, whatever it did before.
pub(crate) fn lights_keep_the_contract(bank: &mut dyn LightBank, led: &str, look: impl Fn() -> Option<Shine>) {
    let blink = Shine::Blink { on_ms: 100, off_ms: 900 };
    let slower = Shine::Blink { on_ms: 500, off_ms: 500 };
    for shine in [Shine::On, Shine::Off, blink, slower, Shine::On, blink, Shine::Off, Shine::On] {
        for _ in 0..2 {
            bank.set(led, shine).expect("it is there");
            assert_eq!(look(), Some(shine));
        }
        bank.look_again();
        assert_eq!(look(), Some(shine), "looking again changes nothing");
    }
}

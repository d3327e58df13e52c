//! From keys to buttons: which key is which button, and whether it was pressed, held or pressed twice.
//!
//! A key that is bound to nothing but a press acts the moment it goes down. One that is bound to a hold too acts when it is let
//! go or has been held long enough; one that is bound to a double press, when no second press has followed.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use kiosk_call::{Button, Edge};
use kiosk_hal::keys::{Edge as KeyEdge, KeyEvent, Keys};
use tokio::{sync::oneshot, time::sleep_until};

use crate::config::{ButtonsSection, Gesture};

/// No finger presses a key twice within this time: a contact bounces, or is wet.
const BOUNCE: Duration = Duration::from_millis(30);

/// What a key is bound to.
#[derive(Clone, Copy, Debug, Default)]
struct Bound {
    press: Option<Button>,
    hold: Option<Button>,
    double: Option<Button>,
}

/// A finger's way so far.
#[derive(Clone, Copy, Debug)]
enum Finger {
    /// Down, and this button has been told.
    Acts(Button),
    /// Down until it is a hold, or let go.
    Down { until: Instant },
    /// Let go once, until it is certain that no second press follows.
    Once { until: Instant },
    /// Down, and what it meant has been told or means nothing.
    Spent,
}

/// All keys that are buttons.
#[derive(Debug)]
pub(crate) struct Buttons {
    bound: BTreeMap<u16, Bound>,
    hold: Duration,
    double: Duration,
    fingers: BTreeMap<u16, Finger>,
    /// When each key went down last.
    pressed: BTreeMap<u16, Instant>,
    waiting: VecDeque<(Button, Edge)>,
    learner: Option<oneshot::Sender<KeyEvent>>,
}

impl Buttons {
    pub(crate) fn new(config: &ButtonsSection) -> Self {
        let mut bound: BTreeMap<u16, Bound> = BTreeMap::new();
        for (button, binding) in config.bound() {
            let key = bound.entry(binding.code).or_default();
            *match binding.gesture {
                Gesture::Press => &mut key.press,
                Gesture::Hold => &mut key.hold,
                Gesture::Double => &mut key.double,
            } = Some(button);
        }
        Self {
            bound,
            hold: Duration::from_millis(config.hold_ms.into()),
            double: Duration::from_millis(config.double_ms.into()),
            fingers: BTreeMap::new(),
            pressed: BTreeMap::new(),
            waiting: VecDeque::new(),
            learner: None,
        }
    }

    /// The next key that goes down is told to whoever waits here, and does nothing else.
    pub(crate) fn learn(&mut self, learner: oneshot::Sender<KeyEvent>) {
        self.learner = Some(learner);
    }

    /// The next button, pressed or let go. None: no key will ever come again. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self, keys: &mut Keys) -> Option<(Button, Edge)> {
        loop {
            if let Some(button) = self.waiting.pop_front() {
                return Some(button);
            }
            let deadline = self.deadline();
            let certain = async {
                match deadline {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = keys.next() => self.key(event?, tokio::time::Instant::now().into_std()),
                () = certain => self.passed(tokio::time::Instant::now().into_std()),
            }
        }
    }

    fn key(&mut self, event: KeyEvent, now: Instant) {
        // What became certain before this key counts first.
        self.passed(now);
        match event.edge {
            KeyEdge::Down => self.down(event, now),
            KeyEdge::Up => self.up(event.code, now),
        }
    }

    fn down(&mut self, event: KeyEvent, now: Instant) {
        let code = event.code;
        if let Some(learner) = self.learner.take().filter(|learner| !learner.is_closed()) {
            self.fingers.insert(code, Finger::Spent);
            // It has gone away this very moment: a person will press again.
            let _ = learner.send(event);
            return;
        }
        let Some(bound) = self.bound.get(&code).copied() else {
            tracing::debug!(key = event.name(), device = &*event.device, "a key that is no button");
            return;
        };
        if self.pressed.insert(code, now).is_some_and(|before| now.saturating_duration_since(before) < BOUNCE) {
            return;
        }
        let finger = match (self.fingers.get(&code), bound) {
            (Some(Finger::Once { .. }), Bound { double: Some(button), .. }) => self.act(button),
            (_, Bound { press: Some(button), hold: None, double: None }) => self.act(button),
            (_, Bound { hold: Some(_), .. }) => Finger::Down { until: now + self.hold },
            (_, Bound { double: Some(_), .. }) => Finger::Down { until: now + self.double },
            (_, Bound { press: None, hold: None, double: None }) => Finger::Spent,
        };
        self.fingers.insert(code, finger);
    }

    fn up(&mut self, code: u16, now: Instant) {
        let Some(finger) = self.fingers.remove(&code) else { return };
        let bound = self.bound.get(&code).copied().unwrap_or_default();
        match finger {
            Finger::Acts(button) => self.waiting.push_back((button, Edge::Up)),
            Finger::Down { .. } if bound.double.is_some() => {
                self.fingers.insert(code, Finger::Once { until: now + self.double });
            }
            Finger::Down { .. } => self.tap(bound.press),
            Finger::Once { .. } | Finger::Spent => {}
        }
    }

    /// Time has made some fingers' meaning certain.
    fn passed(&mut self, now: Instant) {
        let certain: Vec<_> = self
            .fingers
            .iter()
            .filter(|(_, finger)| finger.until().is_some_and(|at| at <= now))
            .map(|(code, finger)| (*code, *finger))
            .collect();
        for (code, finger) in certain {
            let bound = self.bound.get(&code).copied().unwrap_or_default();
            if matches!(finger, Finger::Once { .. }) {
                self.fingers.remove(&code);
                self.tap(bound.press);
            } else {
                let finger = bound.hold.or(bound.press).map_or(Finger::Spent, |button| self.act(button));
                self.fingers.insert(code, finger);
            }
        }
    }

    fn act(&mut self, button: Button) -> Finger {
        self.waiting.push_back((button, Edge::Down));
        Finger::Acts(button)
    }

    fn tap(&mut self, button: Option<Button>) {
        self.waiting.extend(button.into_iter().flat_map(|button| [(button, Edge::Down), (button, Edge::Up)]));
    }

    fn deadline(&self) -> Option<Instant> {
        self.fingers.values().filter_map(|finger| finger.until()).min()
    }
}

impl Finger {
    const fn until(&self) -> Option<Instant> {
        match self {
            Self::Down { until } | Self::Once { until } => Some(*until),
            Self::Acts(_) | Self::Spent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kiosk_hal::{
        keys::code,
        panel::Size,
        sim::{self, Sim},
    };

    use super::*;

    struct Hand {
        buttons: Buttons,
        keys: Keys,
        sim: Sim,
    }

    impl Hand {
        /// A board whose KEY_PHONE is bound so.
        fn new(call: &str, hang_up: &str, camera: &str) -> Self {
            let text = format!(
                "[buttons]\ncall = \"{call}\"\nhang_up = \"{hang_up}\"\ncamera = \"{camera}\"\nmute = \"KEY_MICMUTE\""
            );
            let config = crate::config::Config::parse("kioskd.toml".as_ref(), &text).expect("it parses");
            let (board, sim) = sim::board(Size::new(8, 8).expect("fits"));
            Self { buttons: Buttons::new(&config.buttons), keys: board.keys, sim }
        }

        fn down(&self) {
            assert!(self.sim.press(code("KEY_PHONE").expect("is one")));
        }

        fn up(&self) {
            assert!(self.sim.release(code("KEY_PHONE").expect("is one")));
        }

        /// What comes within so many milliseconds.
        async fn within(&mut self, ms: u64) -> Vec<(Button, Edge)> {
            let end = tokio::time::Instant::now() + Duration::from_millis(ms);
            let mut seen = Vec::new();
            while let Ok(next) = tokio::time::timeout_at(end, self.buttons.next(&mut self.keys)).await {
                seen.extend(next);
            }
            seen
        }
    }

    const fn tap(button: Button) -> [(Button, Edge); 2] {
        [(button, Edge::Down), (button, Edge::Up)]
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_for_presses_only_acts_at_once() {
        let mut hand = Hand::new("KEY_PHONE", "", "");
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Down)]);
        assert_eq!(hand.within(5_000).await, []);
        hand.up();
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Up)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_with_a_hold_waits_for_the_release() {
        let mut hand = Hand::new("KEY_PHONE", "KEY_PHONE hold", "");
        hand.down();
        assert_eq!(hand.within(500).await, []);
        hand.up();
        assert_eq!(hand.within(0).await, tap(Button::Call));
        hand.down();
        assert_eq!(hand.within(599).await, []);
        assert_eq!(hand.within(1).await, [(Button::HangUp, Edge::Down)]);
        hand.up();
        assert_eq!(hand.within(1_000).await, [(Button::HangUp, Edge::Up)], "a hold is no press too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_double_press_is_not_two() {
        let mut hand = Hand::new("KEY_PHONE", "KEY_PHONE hold", "KEY_PHONE double");
        hand.down();
        hand.up();
        assert_eq!(hand.within(299).await, []);
        assert_eq!(hand.within(1).await, tap(Button::Call));
        hand.down();
        hand.up();
        assert_eq!(hand.within(200).await, []);
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::Camera, Edge::Down)]);
        hand.up();
        assert_eq!(hand.within(1_000).await, [(Button::Camera, Edge::Up)]);
        hand.down();
        assert_eq!(hand.within(1_000).await, [(Button::HangUp, Edge::Down)]);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_late_in_the_queue_keep_their_order() {
        let mut hand = Hand::new("", "", "KEY_PHONE double");
        hand.down();
        hand.up();
        hand.sim.press(code("KEY_MICMUTE").expect("is one"));
        assert_eq!(hand.within(1_000).await, [(Button::Mute, Edge::Down)], "one press means nothing here");
    }

    #[tokio::test(start_paused = true)]
    async fn a_contact_that_bounces_is_one_press() {
        let mut hand = Hand::new("KEY_PHONE", "", "");
        hand.down();
        assert_eq!(hand.within(2).await, [(Button::Call, Edge::Down)]);
        hand.up();
        hand.down();
        hand.up();
        assert_eq!(hand.within(30).await, [(Button::Call, Edge::Up)]);
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Down)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_learned_does_nothing_else() {
        let mut hand = Hand::new("KEY_PHONE", "", "");
        let (learner, learned) = oneshot::channel();
        hand.buttons.learn(learner);
        hand.down();
        hand.up();
        assert_eq!(hand.within(1_000).await, []);
        let event = learned.await.expect("it was told");
        assert_eq!((event.name().as_str(), event.device), ("KEY_PHONE", Arc::from(sim::KEYS_NAME)));
        let (learner, gone) = oneshot::channel();
        hand.buttons.learn(learner);
        drop(gone);
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Down)], "nobody learns any more");
    }
}

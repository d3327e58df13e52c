//! From keys to buttons: which key is which button, and whether it was pressed, held or pressed twice.
//!
//! A key that is bound to nothing but a press acts the moment it goes down. One that is bound to a hold too acts when it is let
//! go or has been held long enough; one that is bound to a double press, when no second press has followed.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use kiosk_call::{Button, Command, Edge, Input, Typed};
use kiosk_hal::{
    keys::{Edge as KeyEdge, KeyEvent, Keys},
    linux::{self, Typing},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep_until,
};

use crate::{
    config::{ButtonsSection, Gesture},
    control::protocol::KeyReply,
};

/// No finger presses a key twice within this time: a contact bounces, or is wet.
const BOUNCE: Duration = Duration::from_millis(30);

/// What a key is bound to.
#[derive(Clone, Copy, Debug, Default)]
struct Bound {
    press: Option<Button>,
    hold: Option<(Button, Duration)>,
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

fn typing(layout: &str) -> Option<Typing> {
    let typing = (!layout.is_empty()).then(|| Typing::new(layout))?;
    typing.inspect_err(|error| tracing::warn!(%error, "nobody can type")).ok()
}

fn bound(config: &ButtonsSection) -> BTreeMap<u16, Bound> {
    let mut bound: BTreeMap<u16, Bound> = BTreeMap::new();
    for (button, binding) in config.bound() {
        let key = bound.entry(binding.code).or_default();
        let held = binding.seconds.map_or(config.hold_ms, |seconds| u32::from(seconds) * 1_000);
        match binding.gesture {
            Gesture::Press => key.press = Some(button),
            Gesture::Hold => key.hold = Some((button, Duration::from_millis(held.into()))),
            Gesture::Double => key.double = Some(button),
        }
    }
    bound
}

fn words(config: &ButtonsSection) -> BTreeMap<u16, Vec<String>> {
    let mut words: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (role, _, bindings) in config.roles() {
        for binding in bindings {
            let word = match binding.gesture {
                Gesture::Press => role.to_owned(),
                Gesture::Hold => format!("{role} (hold)"),
                Gesture::Double => format!("{role} (double)"),
            };
            words.entry(binding.code).or_default().push(word);
        }
    }
    words
}

/// All keys that are buttons.
#[derive(Debug)]
pub(crate) struct Buttons {
    bound: BTreeMap<u16, Bound>,
    /// Keys that are no button type; None: nothing types.
    typing: Option<Typing>,
    double: Duration,
    fingers: BTreeMap<u16, Finger>,
    /// When each key went down last.
    pressed: BTreeMap<u16, Instant>,
    waiting: VecDeque<Input>,
    learner: Option<oneshot::Sender<KeyEvent>>,
    /// What each key is bound to, in words.
    words: BTreeMap<u16, Vec<String>>,
    watchers: Vec<mpsc::Sender<KeyReply>>,
}

impl Buttons {
    pub(crate) fn new(config: &ButtonsSection) -> Self {
        Self {
            bound: bound(config),
            typing: typing(&config.keyboard),
            double: Duration::from_millis(config.double_ms.into()),
            fingers: BTreeMap::new(),
            pressed: BTreeMap::new(),
            waiting: VecDeque::new(),
            learner: None,
            words: words(config),
            watchers: Vec::new(),
        }
    }

    /// Every key goes there too from now on; what does not fit is lost.
    pub(crate) fn watch(&mut self, watcher: mpsc::Sender<KeyReply>) {
        self.watchers.push(watcher);
    }

    fn tell_watchers(&mut self, event: &KeyEvent) {
        self.watchers.retain(|watcher| !watcher.is_closed());
        for watcher in &self.watchers {
            let _ = watcher.try_send(KeyReply {
                name: event.name(),
                code: event.code,
                device: event.device.to_string(),
                pressed: event.edge == KeyEdge::Down,
                buttons: self.words.get(&event.code).cloned().unwrap_or_default(),
            });
        }
    }

    /// Other keys are buttons from now on. Those that are down mean nothing any more; what they had begun ends.
    pub(crate) fn rebind(&mut self, config: &ButtonsSection) {
        for finger in self.fingers.values_mut() {
            if let Finger::Acts(button) = std::mem::replace(finger, Finger::Spent) {
                self.waiting.push_back(Input::Button(button, Edge::Up));
            }
        }
        (self.bound, self.words) = (bound(config), words(config));
        self.typing = typing(&config.keyboard);
        self.double = Duration::from_millis(config.double_ms.into());
    }

    /// The next key that goes down is told to whoever waits here, and does nothing else.
    pub(crate) fn learn(&mut self, learner: oneshot::Sender<KeyEvent>) {
        self.learner = Some(learner);
    }

    /// The next button, pressed or let go, or the next that is typed. None: no key will ever come again. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self, keys: &mut Keys) -> Option<Input> {
        loop {
            if let Some(input) = self.waiting.pop_front() {
                return Some(input);
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
        self.tell_watchers(&event);
        // What became certain before this key counts first.
        self.passed(now);
        if !self.bound.contains_key(&event.code)
            && let Some(typed) = self.typing.as_mut().and_then(|typing| typing.key(&event))
        {
            self.waiting.push_back(Input::Command(Command::Type(match typed {
                linux::Typed::Text(text) => Typed::Text(text),
                linux::Typed::Backspace => Typed::Backspace,
                linux::Typed::Enter => Typed::Enter,
                linux::Typed::Escape => Typed::Escape,
            })));
        }
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
            (_, Bound { hold: Some((_, held)), .. }) => Finger::Down { until: now + held },
            (_, Bound { double: Some(_), .. }) => Finger::Down { until: now + self.double },
            (_, Bound { press: None, hold: None, double: None }) => Finger::Spent,
        };
        self.fingers.insert(code, finger);
    }

    fn up(&mut self, code: u16, now: Instant) {
        let Some(finger) = self.fingers.remove(&code) else { return };
        let bound = self.bound.get(&code).copied().unwrap_or_default();
        match finger {
            Finger::Acts(button) => self.waiting.push_back(Input::Button(button, Edge::Up)),
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
                let finger = bound
                    .hold
                    .map(|(button, _)| button)
                    .or(bound.press)
                    .map_or(Finger::Spent, |button| self.act(button));
                self.fingers.insert(code, finger);
            }
        }
    }

    fn act(&mut self, button: Button) -> Finger {
        self.waiting.push_back(Input::Button(button, Edge::Down));
        Finger::Acts(button)
    }

    fn tap(&mut self, button: Option<Button>) {
        let edges = [Edge::Down, Edge::Up];
        self.waiting.extend(button.into_iter().flat_map(|button| edges.map(|edge| Input::Button(button, edge))));
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
                let Some(Input::Button(button, edge)) = next else { panic!("{next:?} is no button") };
                seen.push((button, edge));
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
    async fn keys_that_are_bound_anew_end_what_they_had_begun() {
        let mut hand = Hand::new("KEY_PHONE", "", "");
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Down)]);
        let text = "[buttons]\ncall = \"\"\nhang_up = \"KEY_PHONE\"";
        let config = crate::config::Config::parse("kioskd.toml".as_ref(), text).expect("it parses");
        hand.buttons.rebind(&config.buttons);
        assert_eq!(hand.within(0).await, [(Button::Call, Edge::Up)]);
        hand.up();
        hand.down();
        assert_eq!(hand.within(100).await, [], "a contact that bounces");
        hand.up();
        hand.down();
        assert_eq!(hand.within(0).await, [(Button::HangUp, Edge::Down)]);
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

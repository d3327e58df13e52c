//! The simulated board: keys that code presses, lights that remember, a panel in memory.

use std::{
    collections::BTreeMap,
    io,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::sync::{mpsc, watch};

use crate::{
    Board,
    camera::{Camera, Format, FourCc, PictureSize, Rate, Rates, SizeOffer},
    keys::{Edge, KeyEvent, KeySource, Keys},
    lights::{LightBank, LightError, Shine},
    panel::{Frame, Newest, Offscreen, Size},
    touch::{Fingers, Touch, TouchSource},
};

/// Key events that wait to be read; more are dropped, as the kernel drops them.
const WAITING_KEYS: usize = 64;

/// Name of the simulated input device.
pub const KEYS_NAME: &str = "simulated keys";

/// The simulated camera. It is never opened: a kiosk on the simulated board shows a test picture.
#[must_use]
pub fn cameras() -> Vec<Camera> {
    let rates = || [30, 15].into_iter().filter_map(|rate| Rate::new(rate, 1)).map(Rates::Discrete).collect();
    let offer =
        |(width_px, height_px)| SizeOffer { size: PictureSize::Discrete { width_px, height_px }, rates: rates() };
    vec![Camera {
        path: "simulated".into(),
        name: "Simulated camera".to_owned(),
        driver: "sim".to_owned(),
        bus: "simulated".to_owned(),
        stable: None,
        names: vec!["simulated-camera".to_owned()],
        formats: vec![Format {
            fourcc: FourCc(*b"YU12"),
            description: "Planar YUV 4:2:0".to_owned(),
            sizes: [(640, 480), (1280, 720)].map(offer).to_vec(),
        }],
        controls: Vec::new(),
    }]
}

/// How each LED shines that was ever set.
pub type LightStates = BTreeMap<String, Shine>;

/// A simulated board, and the hand and eye to use it with.
#[must_use]
pub fn board(size: Size) -> (Board, Sim) {
    let (keys, pressed) = mpsc::channel(WAITING_KEYS);
    let (fingers, touched) = mpsc::channel(WAITING_KEYS);
    let (lights, shining) = watch::channel(LightStates::new());
    let (panel, newest) = Offscreen::new(size);
    let board = Board {
        keys: Keys::new(SimKeys(pressed)),
        fingers: Fingers::new(SimFingers(touched)),
        lights: Box::new(SimLights(lights)),
        panel: Box::new(panel),
    };
    (board, Sim { keys, fingers, shining, panel: newest })
}

/// Hand and eye at a simulated board. Clones are at the same board.
#[derive(Clone, Debug)]
pub struct Sim {
    keys: mpsc::Sender<KeyEvent>,
    fingers: mpsc::Sender<Touch>,
    shining: watch::Receiver<LightStates>,
    panel: Newest,
}

impl Sim {
    /// Puts a finger on a key. False: nobody reads the keys.
    pub fn press(&self, code: u16) -> bool {
        self.key(code, Edge::Down)
    }

    /// Takes the finger off. False: nobody reads the keys.
    pub fn release(&self, code: u16) -> bool {
        self.key(code, Edge::Up)
    }

    fn key(&self, code: u16, edge: Edge) -> bool {
        self.keys.try_send(KeyEvent { code, edge, device: KEYS_NAME.into() }).is_ok()
    }

    /// Plugs a touch screen in, or out, or taps on it. False: nobody reads it.
    pub fn touch(&self, touch: Touch) -> bool {
        self.fingers.try_send(touch).is_ok()
    }

    /// How the LEDs shine now.
    #[must_use]
    pub fn lights(&self) -> LightStates {
        self.shining.borrow().clone()
    }

    /// How the LEDs shine now; [`Sim::lights_changed`] waits for what comes after.
    pub fn lights_seen(&mut self) -> LightStates {
        self.shining.borrow_and_update().clone()
    }

    /// Waits until an LED shines in another way than when this clone last waited here or looked by [`Sim::lights_seen`].
    /// False: the lights are gone.
    pub async fn lights_changed(&mut self) -> bool {
        self.shining.changed().await.is_ok()
    }

    /// The frame that was presented last; None before the first.
    #[must_use]
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.panel.frame()
    }

    /// The frame that was presented last, as a PNG file.
    ///
    /// # Errors
    /// If there is none yet.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        self.frame().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "nothing was presented yet"))?.png()
    }

    /// The panel.
    #[must_use]
    pub const fn panel(&self) -> &Newest {
        &self.panel
    }
}

struct SimKeys(mpsc::Receiver<KeyEvent>);

impl KeySource for SimKeys {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<KeyEvent>> {
        self.0.poll_recv(cx)
    }
}

struct SimFingers(mpsc::Receiver<Touch>);

impl TouchSource for SimFingers {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Touch>> {
        self.0.poll_recv(cx)
    }
}

#[derive(Debug)]
struct SimLights(watch::Sender<LightStates>);

impl LightBank for SimLights {
    fn set(&mut self, led: &str, shine: Shine) -> Result<(), LightError> {
        self.0.send_if_modified(|states| states.insert(led.to_owned(), shine) != Some(shine));
        Ok(())
    }

    /// A simulated LED stays.
    fn look_again(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Layer, Scene};

    fn size() -> Size {
        Size::new(8, 4).expect("fits")
    }

    #[tokio::test]
    async fn presses_arrive_in_order_until_the_hand_is_gone() {
        let (mut board, sim) = board(size());
        assert!(sim.press(169) && sim.release(169) && sim.press(248));
        drop(sim);
        let mut seen = Vec::new();
        while let Some(event) = board.keys.next().await {
            seen.push((event.name(), event.edge));
        }
        let expected = [("KEY_PHONE", Edge::Down), ("KEY_PHONE", Edge::Up), ("KEY_MICMUTE", Edge::Down)];
        assert_eq!(seen, expected.map(|(name, edge)| (name.to_owned(), edge)));
    }

    #[test]
    fn keys_that_nobody_reads_do_not_pile_up() {
        let (board, sim) = board(size());
        assert!((0..WAITING_KEYS).all(|_| sim.press(1)));
        assert!(!sim.press(1));
        drop(board);
        assert!(!sim.release(1));
    }

    #[tokio::test]
    async fn lights_are_remembered_and_only_changes_wake() {
        let (mut board, mut sim) = board(size());
        board.lights.set("kiosk:green:call", Shine::On).expect("takes all");
        assert!(sim.lights_changed().await);
        assert_eq!(sim.lights(), LightStates::from([("kiosk:green:call".to_owned(), Shine::On)]));
        board.lights.set("kiosk:green:call", Shine::On).expect("takes all");
        assert!(at_once(sim.lights_changed()).is_none(), "the same again is no change");
        drop(board);
        assert!(!sim.lights_changed().await);
    }

    /// The output of a future that is ready at once.
    fn at_once<F: Future>(future: F) -> Option<F::Output> {
        match std::pin::pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_panel_is_seen() {
        let (mut board, sim) = board(size());
        assert!(sim.png().is_err());
        let layer = Layer::new(size(), vec![0; size().frame_bytes()]).expect("is as large");
        let scene = Scene { layer: &Arc::new(layer), picture: None, room: None, inset: None, beside: [0; 4] };
        board.panel.present(&scene).expect("memory takes all");
        assert_eq!(sim.frame().expect("presented").size(), size());
        assert!(sim.png().expect("encodes").starts_with(b"\x89PNG"));
    }
}

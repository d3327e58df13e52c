//! What every panel keeps, whatever shows it: one function for the panel in memory (`panel.rs`) and, in the hardware tests, for
//! the one on a display card (`examples/screen.rs`).

use std::{sync::Arc, time::Duration};

use kiosk_hal::{
    compose::{Composer, I420, Inset, Layer, Matrix, Place, Scene},
    panel::{Frame, Panel, PanelError, PanelEvent, Size},
};

/// Points that are looked at, across and down.
pub(crate) const GRID: (u32, u32) = (24, 18);

/// How far a colour may be off: rounding, and scalers.
const TOLERANCE: u8 = 4;

/// An event that must come comes within this.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Red, green and blue of the points of [`GRID`], row by row, each in the middle of its share; None: the screen is off.
pub(crate) type Seen = Option<Vec<[u8; 3]>>;

/// What is beside a picture.
const BESIDE: [u8; 4] = [60, 30, 90, 255];

/// Four quarters, each of one colour.
pub(crate) struct Quarters {
    width: u32,
    height: u32,
    planes: [Vec<u8>; 3],
    matrix: Matrix,
}

/// Luma, blue difference, red difference, BT.601: red, green, blue, grey.
const QUARTERS: [[u8; 3]; 4] = [[81, 90, 240], [145, 54, 34], [41, 240, 110], [126, 128, 128]];

impl Quarters {
    /// A picture of this size, with its quarters moved on by so many.
    pub(crate) fn new(width: u32, height: u32, turn: usize) -> Self {
        let plane = |index: usize| {
            let side = |pixels: u32| if index == 0 { pixels } else { pixels.div_ceil(2) };
            let (columns, rows) = (side(width), side(height));
            let at = |x, y| usize::from(y >= rows / 2) * 2 + usize::from(x >= columns / 2);
            (0..rows).flat_map(|y| (0..columns).map(move |x| QUARTERS[(at(x, y) + turn) % 4][index])).collect()
        };
        Self { width, height, planes: [plane(0), plane(1), plane(2)], matrix: Matrix::Bt601 }
    }

    /// The same numbers, which mean other colours.
    pub(crate) fn hd(width: u32, height: u32, turn: usize) -> Self {
        Self { matrix: Matrix::Bt709, ..Self::new(width, height, turn) }
    }
}

impl I420 for Quarters {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn plane(&self, index: usize) -> (&[u8], usize) {
        (&self.planes[index], if index == 0 { self.width as usize } else { self.width.div_ceil(2) as usize })
    }

    fn matrix(&self) -> Matrix {
        self.matrix
    }
}

/// A bar at the top, half transparent if wanted, one at the left that is not, and nothing else.
pub(crate) fn bars(size: Size, alpha: u8) -> Arc<Layer> {
    let (wide, high) = (size.width_px / 5, size.height_px / 4);
    let pixel = |x, y| match (x < wide, y < high) {
        (true, _) => [200, 150, 20, 255],
        (false, true) => [alpha / 2, alpha / 4, alpha, alpha],
        (false, false) => [0; 4],
    };
    let pixels = (0..size.height_px).flat_map(|y| (0..size.width_px).flat_map(move |x| pixel(x, y))).collect();
    Arc::new(Layer::new(size, pixels).expect("is as large"))
}

/// One opaque colour.
pub(crate) fn plain(size: Size, [red, green, blue]: [u8; 3]) -> Arc<Layer> {
    let pixels = [blue, green, red, 255].repeat((size.width_px * size.height_px) as usize);
    Arc::new(Layer::new(size, pixels).expect("is as large"))
}

/// A scene.
pub(crate) fn scene<'a>(
    layer: &'a Arc<Layer>,
    picture: Option<&'a dyn I420>,
    self_view: Option<&'a dyn I420>,
) -> Scene<'a> {
    // In the corner, as the daemon's screens have it.
    let inset = self_view.map(|picture| {
        let Size { width_px, height_px } = layer.size();
        let (width, height) = (width_px as usize / 10 * 2, height_px as usize / 10 * 2);
        let at = Place { left: width_px as usize - width - 8, top: height_px as usize - height - 8, width, height };
        Inset { picture, at, is_mirrored: true }
    });
    Scene { layer, picture, room: None, inset, beside: BESIDE }
}

/// Waits until the panel takes a scene, and tells whether it is another screen by then.
pub(crate) async fn free(panel: &mut dyn Panel) -> bool {
    let mut is_changed = false;
    while !panel.is_free() {
        is_changed |= event(panel).await == PanelEvent::Changed;
    }
    is_changed
}

/// The next event.
pub(crate) async fn event(panel: &mut dyn Panel) -> PanelEvent {
    tokio::time::timeout(LIMIT, panel.next_event()).await.expect("an event comes")
}

/// Presents a scene, and returns when it is on the screen.
pub(crate) async fn show(panel: &mut dyn Panel, scene: &Scene<'_>) {
    free(panel).await;
    loop {
        panel.present(scene).expect("it is taken");
        if !free(panel).await {
            return;
        }
    }
}

/// What software makes of a scene, at the points of the grid. None: near an edge, where scalers differ.
fn expected(scene: &Scene<'_>) -> Vec<Option<[u8; 3]>> {
    let size = scene.layer.size();
    let mut frame = Frame::new(size);
    Composer::default().compose(&mut frame, scene).expect("it is all there");
    let at = |share: u32, of: u32, pixels: u32| (2 * share + 1) * pixels / (2 * of);
    let points = (0..GRID.1).flat_map(|row| (0..GRID.0).map(move |column| (column, row)));
    points
        .map(|(column, row)| {
            let (x, y) = (at(column, GRID.0, size.width_px), at(row, GRID.1, size.height_px));
            let around = [(0, 0), (4, 0), (0, 4), (4, 4)].map(|(right, down)| {
                frame.rgb(
                    (x + right).saturating_sub(2).min(size.width_px - 1),
                    (y + down).saturating_sub(2).min(size.height_px - 1),
                )
            });
            let is_plain = around.iter().all(|rgb| *rgb == around[0]);
            frame.rgb(x, y).filter(|_| is_plain)
        })
        .collect()
}

/// Fails unless this is what is seen.
pub(crate) fn must_show(scene: &Scene<'_>, seen: &Seen, what: &str) {
    let seen = seen.as_ref().unwrap_or_else(|| panic!("{what}: the screen is off"));
    let expected = expected(scene);
    assert_eq!(seen.len(), expected.len(), "{what}");
    assert!(expected.iter().flatten().count() > expected.len() / 2, "{what}: nothing to compare");
    for (index, (seen, expected)) in seen.iter().zip(&expected).enumerate() {
        let Some(expected) = expected else { continue };
        let is_near = seen.iter().zip(expected).all(|(seen, expected)| seen.abs_diff(*expected) <= TOLERANCE);
        let at = (index % GRID.0 as usize, index / GRID.0 as usize);
        assert!(is_near, "{what}: {seen:?} instead of {expected:?} at {at:?} of {GRID:?}");
    }
}

/// Off, or black all over.
pub(crate) fn is_dark(seen: &Seen) -> bool {
    seen.as_ref().is_none_or(|points| points.iter().all(|rgb| *rgb == [0; 3]))
}

/// Everything that a panel keeps. `look` looks at the screen; it is as the panel's scenes are, not turned.
pub(crate) async fn keeps_the_contract(panel: &mut dyn Panel, mut look: impl FnMut() -> Seen) {
    let size = panel.size();
    let (half, red) = (bars(size, 128), plain(size, [250, 10, 20]));
    let (wide, square, own) = (Quarters::new(320, 180, 0), Quarters::new(99, 99, 1), Quarters::new(160, 120, 2));
    let hd = Quarters::hd(200, 100, 0);
    let scenes = [
        ("a layer", scene(&red, None, None)),
        ("a picture below a layer", scene(&half, Some(&wide), None)),
        ("a picture of another size", scene(&half, Some(&square), None)),
        ("a self-view over a picture", scene(&half, Some(&square), Some(&own))),
        ("the self-view is gone", scene(&half, Some(&square), None)),
        ("a picture in other colours", scene(&half, Some(&hd), None)),
        ("a self-view without a picture", scene(&red, None, Some(&own))),
        ("a layer again", scene(&red, None, None)),
    ];
    for (what, scene) in &scenes {
        show(panel, scene).await;
        must_show(scene, &look(), what);
        // Each of its buffers shows it.
        show(panel, scene).await;
        show(panel, scene).await;
        must_show(scene, &look(), what);
    }

    let shades = [[200, 0, 0], [0, 200, 0], [0, 0, 200]].map(|rgb| plain(size, rgb));
    for shade in &shades {
        free(panel).await;
        panel.present(&scene(shade, None, None)).expect("it is taken");
    }
    free(panel).await;
    must_show(&scene(&shades[2], None, None), &look(), "the newest of three");

    let other = plain(Size::new(size.width_px + 2, size.height_px).expect("fits"), [1; 3]);
    let refused = panel.present(&scene(&other, None, None));
    assert!(matches!(refused, Err(PanelError::Picture(_))), "a layer of another size: {refused:?}");
    let short = Quarters { planes: [vec![0; 9], vec![0; 9], vec![0; 9]], ..Quarters::new(64, 64, 0) };
    let refused = panel.present(&scene(&half, Some(&short), None));
    assert!(matches!(refused, Err(PanelError::Picture(_))), "half a picture: {refused:?}");
    assert!(panel.is_free());
    must_show(&scene(&shades[2], None, None), &look(), "what is wrong changes nothing");

    panel.blank();
    assert!(is_dark(&look()), "blank");
    panel.blank();
    assert!(is_dark(&look()), "still blank");
    show(panel, &scenes[1].1).await;
    must_show(&scenes[1].1, &look(), "awake");
}

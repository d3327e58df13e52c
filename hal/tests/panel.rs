//! The panel in memory keeps the contract of panels.

#[path = "contract/panel.rs"]
mod contract;

use contract::{GRID, Seen, keeps_the_contract};
use kiosk_hal::panel::{Newest, Offscreen, Size};

fn look(newest: &Newest) -> Seen {
    let frame = newest.frame()?;
    let at = |share: u32, of: u32, pixels: u32| (2 * share + 1) * pixels / (2 * of);
    let size = frame.size();
    let points = (0..GRID.1).flat_map(|row| (0..GRID.0).map(move |column| (column, row)));
    points.map(|(x, y)| frame.rgb(at(x, GRID.0, size.width_px), at(y, GRID.1, size.height_px))).collect()
}

#[tokio::test]
async fn the_panel_in_memory_keeps_the_contract() {
    for (width, height) in [(640, 480), (480, 640), (333, 251)] {
        let (mut panel, newest) = Offscreen::new(Size::new(width, height).expect("fits"));
        keeps_the_contract(&mut panel, || look(&newest)).await;
    }
}

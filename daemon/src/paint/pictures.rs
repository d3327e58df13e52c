//! Pictures for people who have no kiosk: docs/images, made by `make pictures`.

use std::time::Instant;

use kiosk_call::{Pairing, ShownFile};
use kiosk_hal::panel::Frame;
use kiosk_wire::{FileId, Wish};
use tiny_skia::{
    FillRule, GradientStop, LinearGradient, Paint, PathBuilder, Pixmap, Point, Rect, SpreadMode, Transform,
};

use super::{
    gallery::*,
    golden::{encode, painter, rgb},
    icon::rounded,
    *,
};

/// Somebody at a desk, drawn: what lies below a call. Red and blue are in the panel's order.
fn somebody(width: u32, height: u32, is_visitor: bool) -> Pixmap {
    let mut pixmap = Pixmap::new(width, height).expect("is small");
    let (wide, high) = (pixels(width as usize), pixels(height as usize));
    let identity = Transform::identity();
    let colors = if is_visitor { (0xD9_C7A8, 0x8C_7A5E) } else { (0xC9_DDE6, 0x5E_8296) };
    let stops =
        [(0.0, colors.0), (1.0, colors.1)].map(|(at, color)| GradientStop::new(at, Color::rgb(color).swapped()));
    let wall = LinearGradient::new(
        Point::from_xy(0.0, 0.0),
        Point::from_xy(wide * 0.3, high),
        stops.into(),
        SpreadMode::Pad,
        identity,
    );
    let paint = Paint { shader: wall.expect("two stops"), anti_alias: true, ..Paint::default() };
    pixmap.fill_rect(Rect::from_xywh(0.0, 0.0, wide, high).expect("has a size"), &paint, identity, None);
    let mut fill = |path: Option<tiny_skia::Path>, color: u32| {
        pixmap.fill_path(&path.expect("has a size"), &Color::rgb(color).paint(), FillRule::Winding, identity, None);
    };
    let unit = high / 100.0;
    let middle = wide / 2.0;
    if !is_visitor {
        // A window and a shelf.
        fill(rounded([wide * 0.07, 12.0 * unit, 34.0 * unit, 44.0 * unit, unit]), 0xEE_F6FA);
        fill(rounded([wide * 0.07 + 16.4 * unit, 12.0 * unit, 1.2 * unit, 44.0 * unit, 0.0]), 0xB3_CAD6);
        fill(rounded([wide * 0.78, 38.0 * unit, 30.0 * unit, 1.6 * unit, 0.5 * unit]), 0x4A_6676);
        for (index, color) in [0xC8_6B4A, 0x3E_7C74, 0xE0_B45C, 0x5A_6FA0].into_iter().enumerate() {
            let left = wide * 0.79 + pixels(index) * 5.0 * unit;
            fill(
                rounded([
                    left,
                    (22.0 + pixels(index % 2) * 3.0) * unit,
                    4.0 * unit,
                    (16.0 - pixels(index % 2) * 3.0) * unit,
                    0.4 * unit,
                ]),
                color,
            );
        }
    }
    let (coat, skin, hair) =
        if is_visitor { (0x6A_4C6E, 0xC9_9572, 0x2E_221C) } else { (0x2C_5F63, 0xE8_B998, 0x4A_3024) };
    fill(rounded([middle - 34.0 * unit, 70.0 * unit, 68.0 * unit, 60.0 * unit, 22.0 * unit]), coat);
    fill(rounded([middle - 7.0 * unit, 58.0 * unit, 14.0 * unit, 18.0 * unit, 6.0 * unit]), skin);
    fill(PathBuilder::from_circle(middle, 39.0 * unit, 20.6 * unit), hair);
    let face = Rect::from_xywh(middle - 16.0 * unit, 24.0 * unit, 32.0 * unit, 40.0 * unit).expect("has a size");
    fill(PathBuilder::from_oval(face), skin);
    fill(rounded([middle - 17.5 * unit, 19.0 * unit, 35.0 * unit, 13.0 * unit, 6.5 * unit]), hair);
    for side in [-6.6_f32, 6.6] {
        fill(PathBuilder::from_circle(middle + side * unit, 43.0 * unit, 1.7 * unit), 0x2A_2420);
    }
    fill(rounded([middle - 4.6 * unit, 53.6 * unit, 9.2 * unit, 2.2 * unit, 1.1 * unit]), 0xB0_5A50);
    pixmap
}

/// What is seen of a view on a panel of this size, with people in the pictures.
fn seen(painter: &mut Painter, exhibit: &Exhibit, size: Size, now: Instant) -> Frame {
    let around = around(painter, exhibit, size);
    let beside = painter.beside_a_picture();
    let painting = painter.paint(&exhibit.view, size, now, &around).expect("there is memory");
    let mut frame = Frame::new(size);
    frame.pixels_mut().chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&beside));
    if exhibit.picture {
        frame.pixels_mut().copy_from_slice(somebody(size.width_px, size.height_px, false).data());
    }
    for (below, above) in frame.pixels_mut().chunks_exact_mut(4).zip(painting.pixels.chunks_exact(4)) {
        for (below, above_channel) in below.iter_mut().zip(above) {
            let rest = u32::from(*below) * (255 - u32::from(above[3])) / 255;
            *below = u8::try_from((u32::from(*above_channel) + rest).min(255)).expect("a byte");
        }
    }
    if let Some(Place { left, top, width, height }) = around.corner {
        let side = |pixels: usize| u32::try_from(pixels).expect("small");
        let own = somebody(side(width), side(height), true);
        let stride = size.stride_bytes();
        for (row, pixels) in own.data().chunks_exact(width * 4).enumerate() {
            let start = (top + row) * stride + left * 4;
            frame.pixels_mut()[start..start + width * 4].copy_from_slice(pixels);
        }
    }
    frame
}

/// `make pictures`
#[test]
#[ignore = "writes docs/images"]
fn pictures_for_the_documents() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images");
    let now = Instant::now();
    let call = |language: &str| {
        let language = Language::new(language).expect("is spoken");
        exhibits(now, language).into_iter().find(|exhibit| exhibit.name == "call-replies").expect("is there")
    };
    let exhibit = |name, view, picture, touch| Exhibit { name, view, picture, corner: picture, touch };
    let pairing = Pairing::Compare {
        name: "Help desk".to_owned(),
        digits: 40_917,
        confirmed: false,
        until: now + std::time::Duration::from_secs(48),
    };
    let file = ShownFile { id: FileId([3; 16]), name: "Admission form.pdf".to_owned(), zoom: 0 };
    let wide = (1024, 600);
    let pictures = [
        ("panel.png", "en", call("en"), wide),
        ("panel-idle.png", "en", exhibit("idle", idle(true), false, false), wide),
        (
            "panel-question.png",
            "de",
            exhibit("question", asked(in_call(now, true, true), Wish::CameraOn, now), true, true),
            wide,
        ),
        (
            "panel-pairing.png",
            "en",
            exhibit("pairing", View { pairing: Some(pairing), ..idle(true) }, false, false),
            wide,
        ),
        ("panel-arabic.png", "ar", Exhibit { touch: true, ..call("ar") }, (600, 1024)),
        ("panel-japanese.png", "ja", call("ja"), (600, 1024)),
        (
            "panel-file.png",
            "en",
            exhibit("file", View { shown: Some(file), ..in_call(now, true, true) }, false, true),
            (600, 1024),
        ),
    ];
    for (name, language, exhibit, (width, height)) in pictures {
        let size = Size::new(width, height).expect("fits");
        let frame = seen(&mut painter(language), &exhibit, size, now);
        std::fs::write(format!("{directory}/{name}"), encode(size, &rgb(&frame))).expect("is written");
    }
}

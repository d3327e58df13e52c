//! Golden images: every view × two sizes × three languages, as people have looked at it.
//!
//! A picture that is not as it was fails; what differs is below `target/golden`. After looking at it:
//! `KIOSK_GOLDEN=write cargo test -p kioskd --lib golden`.

use std::{path::PathBuf, time::Instant};

use kiosk_hal::panel::Frame;

use super::{
    gallery::{Exhibit, around, exhibits},
    *,
};

const SIZES: [(u32, u32); 2] = [(800, 480), (480, 800)];
const LANGUAGES: [&str; 3] = ["en", "ar", "ja"];

/// Golden images have so many shades of a channel apart, which makes them half as large.
const STEP: u8 = 16;

/// How far a channel of a pixel may be off: half a step, and what anti-aliasing rounds, which is not the same on every processor
/// (tiny-skia computes with fused operations where there are some). A letter that moves by a tenth of a pixel is off by 20.
const TOLERANCE: u8 = STEP / 2 + 3;

/// The rasteriser looks at each pixel in 16 places: where a line passes nearly through one, another processor may find it on the other
/// side. So many channels in a thousand may be off by one such sample.
const SAMPLE: u8 = STEP / 2 + 17;
const SAMPLES_PER_THOUSAND: usize = 1;

/// Whether a picture is as it was.
fn fits(wanted: &[u8], is: &[u8]) -> bool {
    let off = || wanted.iter().zip(is).map(|(wanted, is)| wanted.abs_diff(*is));
    wanted.len() == is.len()
        && off().all(|off| off <= SAMPLE)
        && off().filter(|off| *off > TOLERANCE).count() * 1_000 <= is.len() * SAMPLES_PER_THOUSAND
}

/// The nearest shade that golden images have.
const fn shade(channel: u8) -> u8 {
    channel / STEP * STEP + STEP / 2
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

fn differences() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/golden"))
}

/// A painter whose pictures show a fixed time of the day.
pub(super) fn painter(language: &str) -> Painter {
    let language = Language::new(language).expect("is spoken");
    let mut painter = Painter::new(&Look { language, clock: true, ..Look::default() }).expect("the system has fonts");
    painter.clock = || (14, 5, 30);
    painter
}

/// What is seen: the layer over two shades of grey in place of the large picture, and a plain place for the small one.
pub(super) fn seen(painter: &mut Painter, exhibit: &Exhibit, size: Size, now: Instant) -> Frame {
    let around = around(painter, exhibit, size);
    painter.started = now - std::time::Duration::from_secs(7);
    // On an empty panel: what is painted over what was there before may be off by a sample.
    painter.raster = Raster::default();
    let room = painter.room(&exhibit.view, size, exhibit.touch);
    let beside = painter.beside_a_picture();
    let painting = painter.paint(&exhibit.view, size, now, &around).expect("there is memory");
    let mut frame = Frame::new(size);
    let width = size.width_px as usize;
    let below = |x: usize, y: usize| {
        let is_beside = room.is_some_and(|room| y < room.top || y >= room.top + room.height);
        let grey = if x * 2 < width { 90 } else { 190 };
        if is_beside { beside } else { [grey, grey, grey, 255] }
    };
    let pixels = frame.pixels_mut().chunks_exact_mut(4).zip(painting.pixels.chunks_exact(4));
    for (index, (pixel, above)) in pixels.enumerate() {
        let (x, y) = (index % width, index / width);
        let inside =
            |at: &Place| (at.left..at.left + at.width).contains(&x) && (at.top..at.top + at.height).contains(&y);
        if around.corner.as_ref().is_some_and(inside) {
            pixel.copy_from_slice(&[150, 120, 90, 255]);
            continue;
        }
        for (index, channel) in pixel.iter_mut().enumerate() {
            let rest = u32::from(below(x, y)[index]) * (255 - u32::from(above[3])) / 255;
            *channel = u8::try_from((u32::from(above[index]) + rest).min(255)).expect("a byte");
        }
    }
    frame
}

pub(super) fn rgb(frame: &Frame) -> Vec<u8> {
    frame.pixels().chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
}

pub(super) fn encode(size: Size, rgb: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut palette: Vec<[u8; 3]> = rgb.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    palette.sort_unstable();
    palette.dedup();
    let mut encoder = png::Encoder::new(&mut file, size.width_px, size.height_px);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let index = |pixel: &[u8]| {
        let place = palette.binary_search(&[pixel[0], pixel[1], pixel[2]]).expect("each is there");
        u8::try_from(place).expect("256 at most")
    };
    let indexed: Option<Vec<u8>> = (palette.len() <= 256).then(|| rgb.chunks_exact(3).map(index).collect());
    if indexed.is_some() {
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_palette(palette.concat());
    } else {
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_filter(png::Filter::Adaptive);
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(indexed.as_deref().unwrap_or(rgb)).expect("pixels");
    writer.finish().expect("an end");
    file
}

fn decode(file: &[u8]) -> Vec<u8> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("is a PNG");
    let mut rgb = vec![0; reader.output_buffer_size().expect("is small")];
    reader.next_frame(&mut rgb).expect("has a picture");
    rgb
}

/// The picture that is wanted, the one that is, and in red where they differ: side by side.
fn difference(size: Size, wanted: &[u8], is: &[u8]) -> Vec<u8> {
    let stride = size.width_px as usize * 3;
    let mut rows = Vec::new();
    for (wanted, is) in wanted.chunks_exact(stride).zip(is.chunks_exact(stride)) {
        rows.extend_from_slice(wanted);
        rows.extend_from_slice(is);
        for (wanted, is) in wanted.chunks_exact(3).zip(is.chunks_exact(3)) {
            let is_other = wanted.iter().zip(is).any(|(wanted, is)| wanted.abs_diff(*is) > TOLERANCE);
            rows.extend_from_slice(&if is_other { [255, 0, 0] } else { [is[0] / 4, is[1] / 4, is[2] / 4] });
        }
    }
    encode(Size::new(size.width_px * 3, size.height_px).expect("fits"), &rows)
}

fn compare(language: &str) {
    let is_writing = std::env::var("KIOSK_GOLDEN").is_ok_and(|wish| wish == "write");
    let (mut painter, now) = (painter(language), Instant::now());
    let language = painter.look.language;
    let mut wrong = Vec::new();
    for exhibit in exhibits(now, language) {
        for (width, height) in SIZES {
            let size = Size::new(width, height).expect("fits");
            let name = format!("{}-{}-{width}x{height}.png", exhibit.name, language.code());
            let is = rgb(&seen(&mut painter, &exhibit, size, now));
            let path = directory().join(&name);
            if is_writing {
                std::fs::create_dir_all(directory()).expect("is made");
                let shades: Vec<u8> = is.iter().map(|channel| shade(*channel)).collect();
                std::fs::write(path, encode(size, &shades)).expect("is written");
                continue;
            }
            let wanted = std::fs::read(&path).map(|file| decode(&file)).unwrap_or_default();
            if !fits(&wanted, &is) {
                std::fs::create_dir_all(differences()).expect("is made");
                let wanted = if wanted.len() == is.len() { wanted } else { vec![0; is.len()] };
                std::fs::write(differences().join(&name), difference(size, &wanted, &is)).expect("is written");
                wrong.push(name);
            }
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} pictures are not as they were; see {}: {wrong:?}", differences().display());
}

#[test]
fn golden_english() {
    compare(LANGUAGES[0]);
}

#[test]
fn golden_arabic() {
    compare(LANGUAGES[1]);
}

#[test]
fn golden_japanese() {
    compare(LANGUAGES[2]);
}

/// No picture is there of which nothing is known.
#[test]
fn golden_images_are_all_of_a_view() {
    let known: Vec<String> = exhibits(Instant::now(), Language::ENGLISH)
        .iter()
        .flat_map(|exhibit| {
            LANGUAGES.iter().flat_map(move |language| {
                SIZES.map(|(width, height)| format!("{}-{language}-{width}x{height}.png", exhibit.name))
            })
        })
        .collect();
    for entry in std::fs::read_dir(directory()).expect("is there") {
        let name = entry.expect("is readable").file_name().to_string_lossy().into_owned();
        assert!(known.contains(&name), "{name} is of no view any more: remove it");
    }
}

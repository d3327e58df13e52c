use image::{Luma, Rgba};

use super::*;

#[path = "../../../../tests/side/samples.rs"]
mod samples;

use samples::{QUARTERS, encoded, page as document, pdf, quarters, stream};

fn wish(width_px: u32, height_px: u32, zoom: u8) -> Wish {
    Wish { largest: Size { width_px, height_px }, zoom }
}

fn seen(decoded: &Decoded, x: u32, y: u32) -> [u8; 3] {
    let place = (y * decoded.size.width_px + x) as usize * 4;
    let &[blue, green, red, 255] = &decoded.pixels[place..place + 4] else { panic!("not opaque at {x}, {y}") };
    [red, green, blue]
}

fn near(left: [u8; 3], right: [u8; 3]) -> bool {
    left.iter().zip(right).all(|(left, right)| left.abs_diff(right) <= 6)
}

fn shown(file: Vec<u8>, wish: Wish) -> Decoded {
    let decoded = decode(file, wish).expect("it decodes");
    assert_eq!(decoded.pixels.len(), decoded.size.frame_bytes());
    decoded
}

#[test]
fn wishes_survive_the_command_line() {
    for wish in [wish(1, 1, 0), wish(7_680, 4_320, 4)] {
        assert_eq!(Wish::from_argument(&wish.to_argument()), Some(wish));
    }
    for wrong in ["", "1x1", "1x1+5", "0x1+0", "7681x1+0", "1x1+0 ", "1x1+-1"] {
        assert_eq!(Wish::from_argument(wrong), None, "{wrong}");
    }
}

#[test]
fn every_type_is_seen_whole_and_in_quarters() {
    let image = || quarters(400, 200);
    for file in [
        encoded(image(), ImageFormat::Png),
        encoded(image(), ImageFormat::Jpeg),
        encoded(image(), ImageFormat::WebP),
        pdf(),
    ] {
        let whole = shown(file.clone(), wish(320, 240, 0));
        assert_eq!(whole.size, Size { width_px: 320, height_px: 160 });
        for (index, (x, y)) in [(10, 10), (310, 10), (10, 150), (310, 150)].into_iter().enumerate() {
            assert!(near(seen(&whole, x, y), QUARTERS[index]), "{index}");
        }
        for (zoom, colour) in (1..).zip(QUARTERS) {
            let quarter = shown(file.clone(), wish(320, 240, zoom));
            assert_eq!(quarter.size, whole.size);
            for (x, y) in [(10, 10), (310, 10), (10, 140), (300, 150)] {
                assert!(near(seen(&quarter, x, y), colour) || seen(&quarter, x, y) == [0; 3], "{zoom} at {x}, {y}");
            }
        }
    }
}

#[test]
fn a_quarter_of_a_page_is_painted_anew_not_enlarged() {
    let bars: String = (0..100).map(|bar| format!("{} 0 1 100 re ", bar * 2)).collect();
    let file = document("[0 0 200 100]", stream("", format!("0 g {bars} f").as_bytes()), &[]);
    let quarter = shown(file, wish(200, 100, 1));
    let row: Vec<_> = (0..8).map(|x| seen(&quarter, x, 50)[0]).collect();
    assert_eq!(row, [0, 0, 255, 255, 0, 0, 255, 255]);
}

#[test]
fn words_of_a_page_are_painted() {
    let content = b"0 g BT /F 40 Tf 10 30 Td (Kiosk) Tj ET";
    let decoded = shown(document("[0 0 200 100]", stream("", content), &[]), wish(400, 200, 0));
    let black = decoded.pixels.chunks_exact(4).filter(|pixel| pixel[0] < 40).count();
    assert!((1_000..20_000).contains(&black), "{black}");
}

#[test]
fn pictures_are_made_larger_but_not_blots() {
    assert_eq!(shown(encoded(quarters(100, 50), ImageFormat::Png), wish(320, 240, 0)).size.width_px, 320);
    assert_eq!(shown(encoded(quarters(10, 5), ImageFormat::Png), wish(320, 240, 0)).size.width_px, 40);
    let line = shown(encoded(quarters(5_000, 1), ImageFormat::Png), wish(320, 240, 0));
    assert_eq!(line.size, Size { width_px: 320, height_px: 1 });
    let one = shown(encoded(quarters(1, 1), ImageFormat::Png), wish(320, 240, 3));
    assert_eq!(one.size, Size { width_px: 4, height_px: 4 });
}

#[test]
fn large_pictures_are_averaged() {
    let chequered = image::GrayImage::from_fn(2_000, 2_000, |x, y| Luma([if (x + y) % 2 == 0 { 0 } else { 255 }]));
    let decoded = shown(encoded(chequered, ImageFormat::Png), wish(100, 100, 0));
    assert!(near(seen(&decoded, 50, 50), [127; 3]), "{:?}", seen(&decoded, 50, 50));
}

#[test]
fn what_can_be_seen_through_lies_on_white() {
    let image = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { Rgba([0, 0, 0, 0]) } else { Rgba([255, 0, 0, 128]) });
    let decoded = shown(encoded(image, ImageFormat::Png), wish(8, 8, 0));
    assert_eq!(seen(&decoded, 0, 0), [255; 3]);
    assert!(near(seen(&decoded, 7, 0), [255, 127, 127]));
}

#[test]
fn telephones_hold_their_pictures_upright() {
    let mut file = encoded(quarters(40, 20), ImageFormat::Jpeg);
    // Orientation 6 (CIPA DC-008 §4.6.4): turn it 90 degrees clockwise.
    let note = b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    file.splice(2..2, note.iter().copied());
    let decoded = shown(file, wish(20, 40, 0));
    assert_eq!(decoded.size, Size { width_px: 20, height_px: 40 });
    for (place, index) in [((2, 2), 2), ((17, 2), 0), ((2, 37), 3), ((17, 37), 1)] {
        assert!(near(seen(&decoded, place.0, place.1), QUARTERS[index]), "{place:?}");
    }
}

#[test]
fn what_is_too_large_is_refused_by_its_header() {
    let mut png = encoded(quarters(1, 1), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    // The checksum of the header, so that its size is believed (ISO/IEC 15948 §5.3).
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = decode(png, wish(320, 240, 0)).expect_err("16384 x 16384 is too large");
    assert_eq!(error.to_string(), "16384 x 16384 pixels are too many");
    let error =
        decode(document("[0 0 20000 100]", stream("", b""), &[]), wish(320, 240, 0)).expect_err("as wide as a house");
    assert_eq!(error.to_string(), "the document has no page that can be shown");
    for media_box in ["[0 0 0 0]", "[0 0 0.1 5]", "[0 0 1e30 1e30]", "[0 0 -5 nonsense]"] {
        if let Ok(decoded) = decode(document(media_box, stream("", b""), &[]), wish(320, 240, 4)) {
            assert_eq!(decoded.pixels.len(), decoded.size.frame_bytes(), "{media_box}");
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn other_files_are_refused_with_a_sentence() {
    for (file, sentence) in [
        (&b"GIF89a...."[..], "it is neither PNG, JPEG, WebP nor PDF"),
        (b"", "it is neither"),
        (b"\x89PNG\r\n\x1a\n", "unexpected end of file"),
        (b"%PDF-1.7 and nothing else", "the document"),
    ] {
        let error = decode(file.to_vec(), wish(320, 240, 0)).expect_err(sentence).to_string();
        assert!(error.contains(sentence), "{error}");
    }
}

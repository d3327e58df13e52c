//! Small files of each type that can be shown, made here.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::ZlibEncoder};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// Four quarters in reading order: red, green, blue, white.
pub(crate) const QUARTERS: [[u8; 3]; 4] = [[220, 0, 0], [0, 160, 0], [0, 0, 220], [255, 255, 255]];

/// A picture whose quarters have the colours of [`QUARTERS`].
pub(crate) fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let index = usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2);
        Rgb(QUARTERS[index])
    })
}

/// As a file.
pub(crate) fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).expect("it encodes");
    file.into_inner()
}

/// As in PNG and PDF (RFC 1950).
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("it compresses");
    encoder.finish().expect("it compresses")
}

/// A document of these objects (from number 1; the first one is the catalog), with their cross-reference table.
pub(crate) fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.extend(trailer.bytes());
    file
}

/// A stream with this dictionary.
pub(crate) fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {} {dictionary} >>\nstream\n", bytes.len()).into_bytes();
    object.extend(bytes);
    object.extend(b"\nendstream");
    object
}

/// A document with one page of this media box and content; 5 is Helvetica, more objects follow from 6.
pub(crate) fn page(media_box: &str, content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox {media_box} /Contents 4 0 R /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> >>"
        )
        .into_bytes(),
        content,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ];
    objects.extend_from_slice(more);
    document(&objects)
}

/// 200 x 100 points, with the colours of [`QUARTERS`], a word and a small picture.
pub(crate) fn pdf() -> Vec<u8> {
    let mut content = Vec::new();
    for (index, [red, green, blue]) in QUARTERS.iter().enumerate() {
        let (x, y) = (100 * (index % 2), if index < 2 { 50 } else { 0 });
        let part = |colour: u8| f64::from(colour) / 255.0;
        let words = format!("{} {} {} rg {x} {y} 100 50 re f\n", part(*red), part(*green), part(*blue));
        content.extend(words.bytes());
    }
    content.extend(b"0 g BT /F 8 Tf 40 48 Td (Kiosk) Tj ET\nq 4 0 0 4 98 48 cm /X Do Q\n");
    let picture = deflated(&[0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0]);
    let dictionary = "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode";
    page("[0 0 200 100]", stream("/Filter /FlateDecode", &deflated(&content)), &[stream(dictionary, &picture)])
}

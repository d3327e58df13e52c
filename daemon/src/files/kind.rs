//! What a file is, by its content: what a peer says of it, and how it is called, counts for nothing.

use image::ImageFormat;

/// Bytes from the start that are looked at.
pub(crate) const LOOKED_AT: usize = 8_192;
/// A PDF may have something before its header (ISO 32000-2 annex I, "file header").
const PDF_HEADER_WITHIN: usize = 1_024;
const PDF: &str = "application/pdf";

/// The media type of what begins so.
pub(crate) fn sniff(start: &[u8]) -> &'static str {
    let start = &start[..start.len().min(LOOKED_AT)];
    match picture(start) {
        Some(format) => format.to_mime_type(),
        None if is_pdf(start) => PDF,
        None => match infer::get(start) {
            Some(found) => found.mime_type(),
            None if is_text(start) => "text/plain",
            None => "application/octet-stream",
        },
    }
}

/// Whether a file of this type can be made a picture for the panel.
pub(crate) fn can_be_shown(media_type: &str) -> bool {
    media_type == PDF || PICTURES.iter().any(|format| format.to_mime_type() == media_type)
}

/// Pictures that can be decoded.
const PICTURES: [ImageFormat; 3] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP];

/// The format of a picture that can be decoded.
pub(super) fn picture(start: &[u8]) -> Option<ImageFormat> {
    image::guess_format(start).ok().filter(|format| PICTURES.contains(format))
}

pub(super) fn is_pdf(start: &[u8]) -> bool {
    let start = &start[..start.len().min(PDF_HEADER_WITHIN)];
    start.windows(5).any(|bytes| bytes == b"%PDF-")
}

/// UTF-8 without control characters but those of plain text; the last character may be cut.
fn is_text(start: &[u8]) -> bool {
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    !text.contains(|letter: char| letter.is_control() && !"\t\n\r\u{c}".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        for (start, media_type) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"\n\nsomething before %PDF-1.4", "application/pdf"),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/x-executable"),
            (b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
            (b"#!/bin/sh\n", "text/x-shellscript"),
            (b"<!DOCTYPE html><html>", "text/html"),
            ("Grüße\n".as_bytes(), "text/plain"),
            (&"Grüße".as_bytes()[..3], "text/plain"),
            (b"a\x1b[2J", "application/octet-stream"),
            (b"\xff\xfe\0", "application/octet-stream"),
        ] {
            assert_eq!(sniff(start), media_type, "{start:?}");
        }
    }

    #[test]
    fn four_types_can_be_shown() {
        for media_type in ["image/png", "image/jpeg", "image/webp", "application/pdf"] {
            assert!(can_be_shown(media_type));
        }
        for media_type in ["image/gif", "image/svg+xml", "text/plain", "application/zip"] {
            assert!(!can_be_shown(media_type));
        }
    }
}

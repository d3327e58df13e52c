//! Pictures of received files, made by the real kioskd in a process of its own.

use std::{fs, io::Write as _, sync::mpsc, time::Duration};

use flate2::{Compression, write::ZlibEncoder};
use image::ImageFormat;
use kiosk_hal::panel::Size;
use kiosk_wire::FileId;
use kioskd::{
    files::still::{TIME, Viewer},
    panel::{Still, Stills as _},
};

#[path = "side/samples.rs"]
mod samples;

const KIOSKD: &str = env!("CARGO_BIN_EXE_kioskd");
const PANEL: Size = Size { width_px: 640, height_px: 480 };
/// A loaded machine starts a process late.
const WAIT: Duration = Duration::from_secs(60);

type Made = Result<Still, (FileId, String)>;

struct Panel {
    directory: tempfile::TempDir,
    viewer: Viewer,
    made: mpsc::Receiver<Made>,
}

fn panel_with(program: &str) -> Panel {
    let directory = tempfile::tempdir().expect("a directory");
    let (put, made) = mpsc::channel();
    let put = Box::new(move |still| drop(put.send(still)));
    let viewer = Viewer::start(program.into(), directory.path().to_owned(), put).expect("it starts");
    Panel { directory, viewer, made }
}

impl Panel {
    fn keep(&self, number: u8, file: &[u8]) -> FileId {
        let id = FileId([number; 16]);
        fs::write(self.directory.path().join(format!("{id}.data")), file).expect("it writes");
        id
    }

    fn want(&mut self, id: FileId, zoom: u8) {
        self.viewer.want(Some((id, zoom, PANEL)));
    }

    fn next(&self) -> Made {
        self.made.recv_timeout(WAIT).expect("it answers")
    }

    fn refusal(&mut self, number: u8, file: &[u8]) -> String {
        let id = self.keep(number, file);
        self.want(id, 0);
        let (refused, sentence) = self.next().expect_err("it makes no picture");
        assert_eq!(refused, id);
        sentence
    }
}

#[test]
fn files_become_pictures_for_the_panel() {
    let mut panel = panel_with(KIOSKD);
    let files = [
        samples::encoded(samples::quarters(64, 48), ImageFormat::Png),
        samples::encoded(samples::quarters(64, 48), ImageFormat::Jpeg),
        samples::encoded(samples::quarters(64, 48), ImageFormat::WebP),
        samples::pdf(),
    ];
    for (number, file) in (0..).zip(&files) {
        let id = panel.keep(number, file);
        for zoom in [0, 4] {
            panel.want(id, zoom);
            let still = panel.next().expect("it decodes");
            assert_eq!((still.id, still.zoom, still.pixels.len()), (id, zoom, still.size.frame_bytes()));
            assert!(still.size.width_px <= 640 && still.size.height_px <= 480);
            // Blue, green, red: red at the top left of all of it; the last quarter is white.
            let first = if zoom == 0 { &still.pixels[..4] } else { &still.pixels[still.pixels.len() - 4..] };
            let expected: [u8; 4] = if zoom == 0 { [0, 0, 220, 255] } else { [255; 4] };
            assert!(first.iter().zip(expected).all(|(seen, colour)| seen.abs_diff(colour) <= 8), "{first:?}");
        }
    }
}

#[test]
fn what_makes_no_picture_is_told_in_a_sentence() {
    let mut panel = panel_with(KIOSKD);
    assert_eq!(panel.refusal(1, b"GIF89a"), "it is neither PNG, JPEG, WebP nor PDF");
    let png = samples::encoded(samples::quarters(64, 48), ImageFormat::Png);
    let cut = panel.refusal(2, &png[..png.len() / 2]);
    assert!(cut.len() > 10 && !cut.contains('\n'), "{cut}");
    assert!(panel.refusal(3, b"%PDF-1.7 and nothing else").starts_with("the document"));
    panel.want(FileId([9; 16]), 0);
    assert_eq!(panel.next(), Err((FileId([9; 16]), "it is not kept any more".to_owned())));
    let id = panel.keep(1, &png);
    panel.want(id, 0);
    assert!(panel.next().is_ok(), "the next one is shown all the same");
}

/// So many zero bytes, compressed.
fn deflated_zeros(length: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let piece = vec![0; 1 << 20];
    for start in (0..length).step_by(piece.len()) {
        encoder.write_all(&piece[..piece.len().min(length - start)]).expect("it compresses");
    }
    encoder.finish().expect("it compresses")
}

#[test]
fn bombs_cost_one_error_message() {
    let mut panel = panel_with(KIOSKD);
    // 400 MB of zeros, which are 400 KB, as the content of a page, and once more compressed.
    let zeros = deflated_zeros(400 << 20);
    let page = |filter: &str, bytes: &[u8]| samples::page("[0 0 200 100]", samples::stream(filter, bytes), &[]);
    let once = page("/Filter /FlateDecode", &zeros);
    let twice = page("/Filter [/FlateDecode /FlateDecode]", &samples::deflated(&zeros));
    // A form that shows itself, three times.
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>";
    let itself =
        samples::page("[0 0 200 100]", samples::stream("", b"/X Do"), &[samples::stream(form, b"/X Do /X Do /X Do")]);
    // Two million circles.
    let circles = samples::deflated(&b"0 0 m 99 99 9 0 0 99 c 50 w S ".repeat(2_000_000));
    let many = page("/Filter /FlateDecode", &circles);
    for (number, bomb) in (0..).zip([once, twice, itself, many]) {
        let id = panel.keep(number, &bomb);
        panel.want(id, 0);
        match panel.next() {
            Ok(still) => println!("{number}: {still:?}"),
            Err((_, sentence)) => println!("{number}: {sentence}"),
        }
    }
    let id = panel.keep(9, &samples::pdf());
    panel.want(id, 0);
    assert!(panel.next().is_ok());
}

#[test]
fn a_decoder_that_hangs_is_ended() {
    // It never says anything, and it does not care about its standard input.
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("hang");
    fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").expect("it writes");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let mut panel = panel_with(&program.to_string_lossy());
    let sentence = panel.refusal(1, b"anything");
    assert_eq!(sentence, format!("it takes longer than {} s", TIME.as_secs()));

    let id = panel.keep(2, b"anything");
    panel.want(id, 0);
    panel.viewer.want(None);
    drop(panel.viewer);
    assert!(panel.made.recv().is_err(), "nobody waits for what nobody wants");
}

#[test]
fn a_decoder_that_babbles_is_cut_short() {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("babble");
    fs::write(&program, "#!/bin/sh\nexec cat /dev/zero\n").expect("it writes");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let mut panel = panel_with(&program.to_string_lossy());
    let sentence = panel.refusal(1, b"anything");
    assert!(sentence.starts_with("the decoder ") || sentence.starts_with("it takes longer"), "{sentence}");
}

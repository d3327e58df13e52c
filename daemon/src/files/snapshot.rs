//! Pictures of the camera and of the panel, as files.

use std::fmt;

use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use kiosk_call::VideoSource;
use kiosk_hal::compose::{I420, Matrix, check};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

/// Of JPEG (ITU-T T.81 leaves the scale to the encoder): text on a paper stays readable.
const QUALITY: u8 = 90;

/// A picture that was taken.
pub enum Snapshot {
    /// A PNG file.
    Png(Vec<u8>),
    /// A picture of the camera.
    Picture(Box<dyn I420>),
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Png(file) => write!(f, "Png({} bytes)", file.len()),
            Self::Picture(picture) => write!(f, "Picture({} x {})", picture.width(), picture.height()),
        }
    }
}

/// Takes what was taken, or a sentence why nothing was.
pub type OnSnapshot = Box<dyn FnOnce(Result<Snapshot, String>) + Send>;

/// Takes a picture of this, and hands it over sooner or later. Called on the thread for files: it must return soon.
pub type TakeSnapshot = Box<dyn Fn(VideoSource, OnSnapshot) + Send>;

/// The file's name and its bytes.
pub(super) fn encode(of: VideoSource, taken: Snapshot) -> Result<(String, Vec<u8>), String> {
    let (bytes, ending) = match taken {
        Snapshot::Png(file) => (file, "png"),
        Snapshot::Picture(picture) => (jpeg(&*picture)?, "jpg"),
    };
    let what = match of {
        VideoSource::Camera => "camera",
        VideoSource::Panel => "screen",
        VideoSource::Document => "document",
    };
    let when = jiff::Zoned::now().strftime("%Y-%m-%d %H.%M.%S");
    Ok((format!("{what} {when}.{ending}"), bytes))
}

fn jpeg(picture: &dyn I420) -> Result<Vec<u8>, String> {
    check(picture).map_err(|error| error.to_string())?;
    let (width, height) = (picture.width(), picture.height());
    let [(y_plane, y_stride), (u_plane, u_stride), (v_plane, v_stride)] = [0, 1, 2].map(|index| {
        let (bytes, stride) = picture.plane(index);
        (bytes, u32::try_from(stride).unwrap_or(u32::MAX))
    });
    let planes = YuvPlanarImage { y_plane, y_stride, u_plane, u_stride, v_plane, v_stride, width, height };
    let matrix = match picture.matrix() {
        Matrix::Bt601 => YuvStandardMatrix::Bt601,
        Matrix::Bt709 => YuvStandardMatrix::Bt709,
    };
    let mut pixels = vec![0; width as usize * height as usize * 3];
    yuv420_to_rgb(&planes, &mut pixels, width * 3, YuvRange::Limited, matrix).map_err(|error| error.to_string())?;
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Grey(u32, u32, u8);

    impl I420 for Grey {
        fn width(&self) -> u32 {
            self.0
        }

        fn height(&self) -> u32 {
            self.1
        }

        fn plane(&self, index: usize) -> (&[u8], usize) {
            static PLANE: [[u8; 64 * 64]; 2] = [[180; 64 * 64], [128; 64 * 64]];
            if index == 0 { (&PLANE[0], usize::from(self.2)) } else { (&PLANE[1], usize::from(self.2)) }
        }
    }

    #[test]
    fn a_picture_of_the_camera_is_a_jpeg_of_its_colours() {
        let (name, file) =
            encode(VideoSource::Camera, Snapshot::Picture(Box::new(Grey(48, 32, 64)))).expect("it is made");
        assert!(name.starts_with("camera 20") && name.ends_with(".jpg") && !name.contains(['/', ':']), "{name}");
        let seen = image::load_from_memory(&file).expect("it decodes").to_rgb8();
        assert_eq!(seen.dimensions(), (48, 32));
        // Luma 180 of the limited range is (180 - 16) × 255 / 219.
        assert!(seen.pixels().all(|pixel| pixel.0.iter().all(|colour| colour.abs_diff(191) <= 2)));
    }

    #[test]
    fn a_broken_picture_is_refused() {
        assert!(encode(VideoSource::Camera, Snapshot::Picture(Box::new(Grey(48, 32, 8)))).is_err());
        assert!(encode(VideoSource::Camera, Snapshot::Picture(Box::new(Grey(0, 32, 64)))).is_err());
    }
}

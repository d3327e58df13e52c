//! The section `[camera]`.

use std::collections::BTreeMap;

use kiosk_hal::camera::Setting;
use serde::Deserialize;

use super::values::{self, CameraSource};

/// `[camera]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraSection {
    /// Where pictures come from.
    #[serde(deserialize_with = "values::camera_source")]
    pub source: CameraSource,
    /// Pixels.
    #[serde(deserialize_with = "values::width")]
    pub width: u32,
    /// Pixels.
    #[serde(deserialize_with = "values::height")]
    pub height: u32,
    /// Frames a second.
    #[serde(deserialize_with = "values::framerate")]
    pub framerate: u32,
    /// Behind the test picture's ball, `0xRRGGBB`.
    #[serde(deserialize_with = "values::colour")]
    pub test_colour: u32,
    /// A second camera, to be shared on demand.
    #[serde(deserialize_with = "values::second_camera")]
    pub document: Option<CameraSource>,
    /// What to adjust on the camera, by name.
    #[serde(deserialize_with = "values::controls")]
    pub controls: BTreeMap<String, Setting>,
}

impl Default for CameraSection {
    fn default() -> Self {
        Self {
            source: CameraSource::Auto,
            width: 640,
            height: 480,
            framerate: 30,
            test_colour: 0x20_60_a0,
            document: None,
            controls: BTreeMap::new(),
        }
    }
}

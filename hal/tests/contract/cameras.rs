//! What every list of cameras keeps to, simulated or real.

use std::collections::BTreeSet;

use kiosk_hal::camera::{
    Access, Camera, Control, ControlKind, PictureSize, Rates, SizeOffer, Wanted, choose, choose_mode,
};

/// Fails with a sentence if the list is not what `kiosk_hal::camera` promises.
pub(crate) fn check(cameras: &[Camera]) {
    let paths: BTreeSet<_> = cameras.iter().map(|camera| &camera.path).collect();
    assert_eq!(paths.len(), cameras.len(), "each node is there once");
    for camera in cameras {
        assert!(camera.path.to_str().is_some_and(|path| camera.is_called(path)), "{camera:?}");
        assert!(camera.names.iter().all(|name| !name.is_empty() && camera.is_called(name)), "{:?}", camera.names);
        for offer in camera.formats.iter().flat_map(|format| &format.sizes) {
            check_offer(offer);
        }
        camera.controls.iter().for_each(check_control);
        check_mode(camera);
    }
    let usable = cameras.iter().find(|camera| camera.access() == Some(Access::V4l2));
    assert_eq!(choose(cameras, None, None, false).map(|(camera, _)| camera), usable, "the first usable one is taken");
}

fn check_offer(offer: &SizeOffer) {
    match offer.size {
        PictureSize::Discrete { width_px, height_px } => assert!(width_px > 0 && height_px > 0, "{offer:?}"),
        PictureSize::Range { min_px, max_px, step_px } => {
            assert!(min_px.0 <= max_px.0 && min_px.1 <= max_px.1 && step_px.0 > 0 && step_px.1 > 0, "{offer:?}");
        }
    }
    for rates in &offer.rates {
        match rates {
            Rates::Discrete(rate) => assert!(rate.numerator > 0 && rate.denominator > 0, "{offer:?}"),
            Rates::Range { least, most } => assert!(least <= most, "{offer:?}"),
        }
    }
}

fn check_control(control: &Control) {
    let key = control.key();
    assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{key}");
    match control.kind {
        ControlKind::Integer | ControlKind::Boolean => {
            let range = control.minimum..=control.maximum;
            assert!(control.value.is_none_or(|value| range.contains(&value)), "{control:?}");
        }
        ControlKind::Menu => {
            let has = |value| control.items.iter().any(|item| item.value == value);
            assert!(control.value.is_none_or(has), "{control:?}");
        }
        ControlKind::Bitmask | ControlKind::Button | ControlKind::Other(_) => {}
    }
}

/// Whatever a camera has that a call can use, there is a mode for every wish, and it is one that the camera has.
fn check_mode(camera: &Camera) {
    for (width_px, height_px, framerate) in [(640, 480, 30), (1280, 720, 30), (64, 64, 9), (3840, 2160, 60)] {
        let mode = choose_mode(&camera.formats, Wanted { width_px, height_px, framerate });
        let Some(mode) = mode else {
            assert!(camera.access() != Some(Access::V4l2) || camera.formats.iter().all(|f| f.sizes.is_empty()));
            continue;
        };
        let offered = camera.formats.iter().filter(|format| format.fourcc == mode.fourcc).flat_map(|f| &f.sizes);
        let has_size = |offer: &&SizeOffer| match offer.size {
            PictureSize::Discrete { width_px, height_px } => (width_px, height_px) == (mode.width_px, mode.height_px),
            PictureSize::Range { min_px, max_px, .. } => {
                (min_px.0..=max_px.0).contains(&mode.width_px) && (min_px.1..=max_px.1).contains(&mode.height_px)
            }
        };
        let has_rate = |offer: &SizeOffer| {
            mode.rate.is_none_or(|wanted| {
                offer.rates.iter().any(|rates| match rates {
                    Rates::Discrete(rate) => *rate == wanted,
                    Rates::Range { least, most } => (*least..=*most).contains(&wanted),
                })
            })
        };
        assert!(offered.into_iter().filter(has_size).any(has_rate), "{mode:?}");
    }
}

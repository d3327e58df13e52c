//! What was on the screen before us, to be put back: the text console, as a rule.

use std::{io, sync::Arc};

use drm::control::{AtomicCommitFlags, Device as _, atomic::AtomicModeReq, property};

use super::card::{Card, Object};

/// What we set of planes.
const PLANE: [&str; 16] = [
    "FB_ID",
    "CRTC_ID",
    "SRC_X",
    "SRC_Y",
    "SRC_W",
    "SRC_H",
    "CRTC_X",
    "CRTC_Y",
    "CRTC_W",
    "CRTC_H",
    "rotation",
    "zpos",
    "alpha",
    "pixel blend mode",
    "COLOR_ENCODING",
    "COLOR_RANGE",
];

/// The state of a card when we took it.
#[derive(Debug)]
pub(super) struct Found {
    card: Arc<Card>,
    connectors: Vec<Object>,
    /// With the bytes of its mode.
    crtcs: Vec<(Object, Option<Vec<u8>>)>,
    planes: Vec<Object>,
}

impl Found {
    pub(super) fn of(card: &Arc<Card>) -> io::Result<Self> {
        let handles = card.resource_handles()?;
        let connectors = handles.connectors().iter().map(|handle| card.object(*handle)).collect::<Result<_, _>>()?;
        let crtcs = handles.crtcs().iter().map(|handle| {
            let crtc = card.object(*handle)?;
            // The number of the mode's blob is only good as long as the mode is on.
            let mode = crtc.value("MODE_ID").filter(|blob| *blob != 0);
            let mode = mode.map(|blob| card.get_property_blob(blob)).transpose()?;
            io::Result::Ok((crtc, mode))
        });
        let crtcs = crtcs.collect::<Result<_, _>>()?;
        let planes = card.plane_handles()?.into_iter().map(|handle| card.object(handle)).collect::<Result<_, _>>()?;
        Ok(Self { card: Arc::clone(card), connectors, crtcs, planes })
    }

    /// Puts it back. Where that fails, because whose picture it was is gone, everything goes dark: the kernel then brings back
    /// the console when the card is closed.
    pub(super) fn restore(&self) {
        let restored = self.request().and_then(|(request, blobs)| {
            let done = self.card.atomic_commit(AtomicCommitFlags::ALLOW_MODESET, request);
            self.forget(&blobs);
            done
        });
        if let Err(error) = restored {
            tracing::debug!(%error, card = self.card.name, "what was on the screen is not there any more");
            if let Err(error) = self.card.atomic_commit(AtomicCommitFlags::ALLOW_MODESET, self.darkness()) {
                tracing::debug!(%error, card = self.card.name, "the screen stays as it is");
            }
        }
    }

    fn request(&self) -> io::Result<(AtomicModeReq, Vec<u64>)> {
        let (mut request, mut blobs) = (AtomicModeReq::new(), Vec::new());
        for connector in &self.connectors {
            connector.set_back(&mut request, "CRTC_ID");
        }
        for (crtc, mode) in &self.crtcs {
            let mut blob = 0;
            if let Some(mode) = mode {
                blob = property::RawValue::from(self.card.create_property_blob(mode.as_slice())?);
                blobs.push(blob);
            }
            crtc.set(&mut request, "MODE_ID", blob);
            crtc.set_back(&mut request, "ACTIVE");
        }
        for plane in &self.planes {
            PLANE.iter().for_each(|name| plane.set_back(&mut request, name));
        }
        Ok((request, blobs))
    }

    fn darkness(&self) -> AtomicModeReq {
        let mut request = AtomicModeReq::new();
        self.connectors.iter().for_each(|connector| connector.set(&mut request, "CRTC_ID", 0));
        for (crtc, _) in &self.crtcs {
            crtc.set(&mut request, "MODE_ID", 0);
            crtc.set(&mut request, "ACTIVE", 0);
        }
        for plane in &self.planes {
            plane.set(&mut request, "FB_ID", 0);
            plane.set(&mut request, "CRTC_ID", 0);
        }
        request
    }

    fn forget(&self, blobs: &[u64]) {
        for blob in blobs {
            // It stays as long as the screen needs it.
            let _ = self.card.destroy_property_blob(*blob);
        }
    }
}

//! The way from planes over a CRTC to a connector, and commits to it.

use std::{io, sync::Arc};

use drm::control::{
    AtomicCommitFlags, Device as _, Mode, RawResourceHandle, ResourceHandle, atomic::AtomicModeReq, connector, crtc,
    framebuffer, plane, property,
};

use super::{
    buffer::Format,
    card::{Card, Object, mode_size},
    choice::{Depth, OfferedPlane, PlaneKind, Planes, Rotation, choose_planes},
};
use crate::{
    compose::{Matrix, Place},
    panel::Size,
};

/// A plane, and what it can do.
#[derive(Debug)]
struct Plane {
    handle: plane::Handle,
    object: Object,
    formats: Vec<u32>,
    zpos: Option<u64>,
}

impl Plane {
    fn takes(&self, format: Format) -> bool {
        self.formats.contains(&(format.fourcc() as u32))
    }

    fn offered(&self) -> Option<OfferedPlane> {
        let kind = match self.object.value("type")? {
            kind if kind == plane_kind(drm::control::PlaneType::Primary) => PlaneKind::Primary,
            kind if kind == plane_kind(drm::control::PlaneType::Overlay) => PlaneKind::Overlay,
            _ => PlaneKind::Cursor,
        };
        let depth = match (self.object.value("zpos"), self.object.range("zpos")) {
            (None, _) => Depth::Unsaid,
            (Some(zpos), None) => Depth::Fixed(zpos),
            (Some(_), Some((least, most))) => Depth::Free(least, most),
        };
        Some(OfferedPlane { kind, depth, is_opaque: self.takes(Format::Xrgb), has_alpha: self.takes(Format::Argb) })
    }
}

const fn plane_kind(kind: drm::control::PlaneType) -> u64 {
    kind as u64
}

/// What a plane is to show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) framebuffer: framebuffer::Handle,
    pub(super) size: Size,
    /// Where on the screen, before it is turned.
    pub(super) at: Place,
    /// The plane turns it.
    pub(super) rotation: Rotation,
    /// For luma and chroma.
    pub(super) matrix: Matrix,
}

/// Which of our planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Shows all when there is no pair.
    Primary,
    /// The picture.
    Lower,
    /// What lies over the picture.
    Upper,
}

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Nothing: would it be possible?
    Test,
    /// It is on the screen from the next vertical blank on.
    Show,
}

/// A connector with a monitor, the CRTC that feeds it, and its planes.
#[derive(Debug)]
pub(super) struct Pipe {
    card: Arc<Card>,
    connector: Object,
    crtc_handle: crtc::Handle,
    crtc: Object,
    mode: Mode,
    mode_blob: u64,
    planes: Vec<Plane>,
    chosen: Planes,
    /// Connectors and planes that showed something on our CRTC before us.
    strangers: Vec<Object>,
    /// The CRTC runs in our mode.
    is_lit: bool,
}

impl Pipe {
    /// Puts one together. Nothing is seen of it yet.
    pub(super) fn new(card: &Arc<Card>, connector: &connector::Info, mode: Mode) -> io::Result<Self> {
        let missing = |what: &str| io::Error::other(format!("{connector} of {} has no {what}", card.name));
        let crtc_handle = choose_crtc(card, connector)?.ok_or_else(|| missing("CRTC"))?;
        let crtc_id = id(crtc_handle);
        let handles = card.resource_handles()?;
        let (mut planes, mut strangers) = (Vec::new(), Vec::new());
        for handle in card.plane_handles()? {
            let info = card.get_plane(handle)?;
            if !handles.filter_crtcs(info.possible_crtcs()).contains(&crtc_handle) {
                continue;
            }
            let object = card.object(handle)?;
            planes.push(Plane { handle, object, formats: info.formats().to_vec(), zpos: None });
        }
        let offered: Vec<_> = planes.iter().filter_map(Plane::offered).collect();
        let chosen = choose_planes(&offered)
            .filter(|_| offered.len() == planes.len())
            .ok_or_else(|| missing("plane that takes XRGB8888"))?;
        for (index, zpos) in chosen.pair.into_iter().flatten() {
            planes[index].zpos = zpos;
        }
        let ours: Vec<_> =
            [chosen.primary].into_iter().chain(chosen.pair.iter().flatten().map(|(index, _)| *index)).collect();
        let others =
            planes.iter().enumerate().filter(|(index, _)| !ours.contains(index)).map(|(_, plane)| &plane.object);
        strangers.extend(others.filter(|plane| plane.value("CRTC_ID") == Some(crtc_id)).cloned());
        for handle in handles.connectors().iter().filter(|other| **other != connector.handle()) {
            let other = card.object(*handle)?;
            if other.value("CRTC_ID") == Some(crtc_id) {
                strangers.push(other);
            }
        }
        let object = card.object(connector.handle())?;
        let crtc = card.object(crtc_handle)?;
        let mode_blob = property::RawValue::from(card.create_property_blob(&mode)?);
        let card = Arc::clone(card);
        Ok(Self {
            card,
            connector: object,
            crtc_handle,
            crtc,
            mode,
            mode_blob,
            planes,
            chosen,
            strangers,
            is_lit: false,
        })
    }

    pub(super) const fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(super) fn size(&self) -> Size {
        mode_size(&self.mode)
    }

    /// There is a plane for the picture and one above it.
    pub(super) const fn has_pair(&self) -> bool {
        self.chosen.pair.is_some()
    }

    /// The plane of the picture takes this.
    pub(super) fn takes(&self, format: Format) -> bool {
        self.plane(Role::Lower).is_some_and(|plane| plane.takes(format))
    }

    /// Planes have the property `rotation`. Whether it does for a certain picture, a test commit says.
    pub(super) fn can_turn(&self) -> bool {
        self.plane(Role::Primary).is_some_and(|plane| plane.object.value("rotation").is_some())
    }

    /// None: there is no such plane.
    fn plane(&self, role: Role) -> Option<&Plane> {
        let [lower, upper] = match self.chosen.pair {
            Some(pair) => pair.map(|(index, _)| Some(index)),
            None => [None; 2],
        };
        let index = match role {
            Role::Primary => Some(self.chosen.primary),
            Role::Lower => lower,
            Role::Upper => upper,
        };
        self.planes.get(index?)
    }

    /// Shows this, and nothing else, on these planes. Does not wait.
    pub(super) fn commit(&mut self, aim: Aim, shown: &[(Role, Shown)]) -> io::Result<()> {
        let mut request = AtomicModeReq::new();
        if !self.is_lit {
            self.strangers.iter().for_each(|stranger| {
                stranger.set(&mut request, "FB_ID", 0);
                stranger.set(&mut request, "CRTC_ID", 0);
            });
            self.connector.set(&mut request, "CRTC_ID", id(self.crtc_handle));
            // 0 is "good": a link whose training failed is trained again (kernel: drm_connector.c, "link-status").
            self.connector.set(&mut request, "link-status", 0);
            self.crtc.set(&mut request, "MODE_ID", self.mode_blob);
            self.crtc.set(&mut request, "ACTIVE", 1);
        }
        let is_shown = |plane: &Plane| {
            shown.iter().any(|(role, _)| self.plane(*role).map(|shown| shown.handle) == Some(plane.handle))
        };
        for role in [Role::Primary, Role::Lower, Role::Upper] {
            if let Some(plane) = self.plane(role).filter(|plane| !is_shown(plane)) {
                plane.object.set(&mut request, "FB_ID", 0);
                plane.object.set(&mut request, "CRTC_ID", 0);
            }
        }
        for (role, shown) in shown {
            let plane = self.plane(*role).ok_or(io::ErrorKind::Unsupported)?;
            self.show(&mut request, plane, *shown);
        }
        let modeset = if self.is_lit { AtomicCommitFlags::empty() } else { AtomicCommitFlags::ALLOW_MODESET };
        match aim {
            Aim::Test => self.card.atomic_commit(AtomicCommitFlags::TEST_ONLY | modeset, request),
            Aim::Show => {
                let flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT | modeset;
                self.card.atomic_commit(flags, request)?;
                self.is_lit = true;
                Ok(())
            }
        }
    }

    fn show(&self, request: &mut AtomicModeReq, plane: &Plane, shown: Shown) {
        let screen = self.size();
        let at = shown.rotation.turn_place(shown.at, shown.rotation.turn(screen));
        let pixels = |pixels: usize| u64::try_from(pixels).unwrap_or_default();
        // Parts of a framebuffer are in 65,536ths of a pixel.
        let source = |pixels: u32| u64::from(pixels) << 16;
        let values = [
            ("FB_ID", id(shown.framebuffer)),
            ("CRTC_ID", id(self.crtc_handle)),
            ("SRC_X", 0),
            ("SRC_Y", 0),
            ("SRC_W", source(shown.size.width_px)),
            ("SRC_H", source(shown.size.height_px)),
            ("CRTC_X", pixels(at.left)),
            ("CRTC_Y", pixels(at.top)),
            ("CRTC_W", pixels(at.width)),
            ("CRTC_H", pixels(at.height)),
            ("rotation", shown.rotation.property_bit()),
            // Opaque but for what the pixels say (drm_blend.c).
            ("alpha", 0xffff),
        ];
        values.iter().for_each(|(name, value)| plane.object.set(request, name, *value));
        if let Some(zpos) = plane.zpos {
            plane.object.set(request, "zpos", zpos);
        }
        let encoding = match shown.matrix {
            Matrix::Bt601 => "ITU-R BT.601 YCbCr",
            Matrix::Bt709 => "ITU-R BT.709 YCbCr",
        };
        let names = [
            ("pixel blend mode", "Pre-multiplied"),
            ("COLOR_ENCODING", encoding),
            ("COLOR_RANGE", "YCbCr limited range"),
        ];
        for (name, value) in names {
            if let Some(value) = plane.object.named(name, value) {
                plane.object.set(request, name, value);
            }
        }
    }

    /// The next commit sets the mode anew: the monitor is another one, or something went wrong.
    pub(super) const fn begin_again(&mut self) {
        self.is_lit = false;
    }

    /// Switches the CRTC off, and so the monitor. The next commit switches it on.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        let mut request = AtomicModeReq::new();
        self.crtc.set(&mut request, "ACTIVE", 0);
        self.card.atomic_commit(AtomicCommitFlags::ALLOW_MODESET, request)?;
        self.is_lit = false;
        Ok(())
    }

    /// Gives connector, CRTC and planes up, so that another monitor can have them.
    pub(super) fn let_go(&mut self) -> io::Result<()> {
        let mut request = AtomicModeReq::new();
        self.connector.set(&mut request, "CRTC_ID", 0);
        self.crtc.set(&mut request, "MODE_ID", 0);
        self.crtc.set(&mut request, "ACTIVE", 0);
        for plane in [Role::Primary, Role::Lower, Role::Upper].into_iter().filter_map(|role| self.plane(role)) {
            plane.object.set(&mut request, "FB_ID", 0);
            plane.object.set(&mut request, "CRTC_ID", 0);
        }
        self.card.atomic_commit(AtomicCommitFlags::ALLOW_MODESET, request)?;
        self.is_lit = false;
        Ok(())
    }

    /// Waits until the last commit has reached the screen. A dropped future loses nothing.
    pub(super) async fn flipped(&self) -> io::Result<()> {
        self.card.flipped(self.crtc_handle).await
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.card.destroy_property_blob(self.mode_blob);
    }
}

fn id(handle: impl ResourceHandle) -> u64 {
    let raw: RawResourceHandle = handle.into();
    u64::from(u32::from(raw))
}

/// The CRTC that feeds the connector already, or the first that can and feeds no other.
fn choose_crtc(card: &Card, connector: &connector::Info) -> io::Result<Option<crtc::Handle>> {
    let handles = card.resource_handles()?;
    let mut possible = Vec::new();
    for encoder in connector.encoders() {
        let encoder = card.get_encoder(*encoder)?;
        if connector.current_encoder() == Some(encoder.handle())
            && let Some(crtc) = encoder.crtc()
        {
            return Ok(Some(crtc));
        }
        possible.extend(handles.filter_crtcs(encoder.possible_crtcs()));
    }
    let is_idle = |crtc: &&crtc::Handle| card.get_crtc(**crtc).is_ok_and(|crtc| crtc.mode().is_none());
    Ok(possible.iter().find(is_idle).or_else(|| possible.first()).copied())
}

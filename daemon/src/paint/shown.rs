//! A received file that fills the screen.

use std::sync::Arc;

use kiosk_call::{Command, Screen, ShownFile, View};
use kiosk_hal::panel::Size;
use tiny_skia::Pixmap;

use super::{
    Shown, call,
    canvas::{Area, Canvas, Chip},
    catalogue::Value,
    controls::{self, Button, Look},
    icon::Icon,
    text::Stand,
    theme::{Face, Scale},
};

/// The picture of a file that is to be shown.
#[derive(Clone, Debug, Default)]
pub enum FilePicture {
    /// It is being made.
    #[default]
    Coming,
    /// It cannot be made.
    Failed,
    /// Here it is.
    Here(Arc<Pixmap>),
}

impl PartialEq for FilePicture {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Coming, Self::Coming) | (Self::Failed, Self::Failed) => true,
            (Self::Here(one), Self::Here(other)) => Arc::ptr_eq(one, other),
            (Self::Coming | Self::Failed | Self::Here(_), _) => false,
        }
    }
}

/// Where the picture lies.
fn area(scale: &Scale, touch: bool) -> Area {
    let (top, below) = (call::bar_height(scale), controls::height(scale, touch));
    // Where it is narrow, what to press has a row of its own.
    let below = if scale.is_portrait() && !touch { below + scale.font(Face::Caption) * 3.2 } else { below };
    [0.0, top, scale.width, (scale.height - top - below).max(1.0)]
}

/// The largest picture that can be shown.
pub(super) fn room(size: Size, large_text: bool, touch: bool) -> Option<Size> {
    let [_, _, width, height] = area(&Scale::new(size, large_text), touch);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the panel")]
    let (width, height) = (width.floor() as u32, height.floor() as u32);
    Size::new(width, height)
}

/// Paints the file, its name, and what to press.
pub(super) fn paint(
    canvas: &mut Canvas<'_>,
    file: &ShownFile,
    picture: &FilePicture,
    view: &View,
    shown: &Shown,
) -> f32 {
    let (scale, palette) = (canvas.scale, canvas.palette());
    canvas.fill(palette.ground);
    let [left, top, width, height] = area(&scale, canvas.touch());
    match picture {
        FilePicture::Here(picture) => {
            let (wide, high) = (super::pixels(picture.width() as usize), super::pixels(picture.height() as usize));
            let at = (left + (width - wide) / 2.0, top + (height - high) / 2.0);
            canvas.picture(Arc::clone(picture), at);
        }
        FilePicture::Coming => message(canvas, "shown-loading", Icon::Dots),
        FilePicture::Failed => message(canvas, "shown-failed", Icon::Warning),
    }
    paint_strip(canvas, file, view, shown);
    if controls::is_seen(view) {
        let bottom = controls::paint(canvas, view, false);
        if !canvas.touch() {
            paint_hint(canvas, bottom);
        }
    } else if canvas.touch() {
        let mut buttons = [
            Button::new(Icon::Zoom, "do-zoom", Look::Plain, Command::Zoom),
            Button::new(Icon::Cross, "do-close", Look::Lit, Command::ShowFile(None)),
        ];
        controls::paint_buttons(canvas, &mut buttons, false);
    } else {
        paint_hint(canvas, scale.height);
    }
    top
}

/// The name of the file and what of it is seen; in a call, how long it lasts.
fn paint_strip(canvas: &mut Canvas<'_>, file: &ShownFile, view: &View, shown: &Shown) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let height = call::bar_height(&scale);
    canvas.rect([0.0, 0.0, scale.width, height], palette.raised);
    let edge = scale.margin() * 0.7;
    let part = if file.zoom == 0 {
        canvas.say("shown-whole")
    } else {
        canvas.tell("shown-quarter", &[("quarter", Value::Number(u64::from(file.zoom)))])
    };
    let mut right = scale.width - edge;
    if let Screen::InCall { .. } = &view.screen {
        let time = canvas.set(&super::catalogue::call_time(shown.screen), Face::BodyBold, scale.width, 1);
        right -= time.width;
        canvas.text(&time, (right, (height - time.height) / 2.0), (Stand::Left, time.width), palette.ink);
        right -= 1.6 * scale.gap();
    }
    let part = canvas.set(&part, Face::Label, (right - edge) * 0.5, 1);
    right -= part.width;
    canvas.text(&part, (right, (height - part.height) / 2.0), (Stand::Left, part.width), palette.quiet);
    let side = scale.font(Face::BodyBold) * 1.1;
    canvas.icon(Icon::Document, (edge, (height - side) / 2.0), side, palette.accent);
    let left = edge + side + scale.gap();
    let name = canvas.set(&file.name, Face::BodyBold, right - left - scale.gap(), 1);
    canvas.text(&name, (left, (height - name.height) / 2.0), (Stand::Left, name.width), palette.ink);
}

/// In place of the picture.
fn message(canvas: &mut Canvas<'_>, key: &str, icon: Icon) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let [left, top, width, height] = area(&scale, canvas.touch());
    let text = canvas.say(key);
    let text = canvas.set(&text, Face::Heading, width - 2.0 * scale.margin(), 2);
    let side = 16.0 * scale.unit;
    let start = top + (height - side - text.height - scale.gap()) / 2.0;
    canvas.icon(icon, (left + (width - side) / 2.0, start), side, palette.quiet);
    let at = (left + scale.margin(), start + side + scale.gap());
    canvas.text(&text, at, (Stand::Centre, width - 2.0 * scale.margin()), palette.ink);
}

/// Says which buttons zoom and close: beside the way to hang up where that is and there is room, else above.
fn paint_hint(canvas: &mut Canvas<'_>, above: f32) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let edge = scale.margin() * 0.7;
    let hang_up = canvas.vital_area();
    let left = match hang_up {
        Some([left, _, width, _]) if !scale.is_portrait() => left + width + scale.gap(),
        Some(_) | None => edge,
    };
    let text = canvas.say("shown-press");
    let wide = Chip { icon: Icon::Zoom, text, fill: palette.raised, ink: palette.ink, face: Face::Label };
    let narrow = Chip { face: Face::Caption, ..wide.clone() };
    let width = scale.width - edge - left;
    let mut shaped = canvas.shape_chip(wide, width, 1);
    if shaped.is_cut() {
        shaped = canvas.shape_chip(narrow, width, 2);
    }
    let y = match hang_up {
        Some([_, top, _, height]) if !scale.is_portrait() => top + (height - shaped.height) / 2.0,
        Some(_) => above - shaped.height,
        None => scale.height - scale.margin() * 0.7 - shaped.height,
    };
    let x = if scale.is_portrait() || hang_up.is_none() {
        (scale.width - shaped.width) / 2.0
    } else {
        scale.width - edge - shaped.width
    };
    canvas.chip(&shaped, (x, y));
}

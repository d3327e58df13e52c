//! What lies over a screen for a while: a question, the volume, something that was done from afar, files under way. None of it
//! covers the way to hang up.

use std::sync::Arc;

use kiosk_call::{Command, FileRefusal, Question, Remark, Screen, Transfer, View};
use kiosk_wire::Wish;

use super::{
    Shown,
    canvas::{Area, Canvas, Chip},
    catalogue::Value,
    controls::{self, Button, Look},
    hero::progress,
    icon::Icon,
    text::{Block, Stand},
    theme::Face,
};

/// Paints all that lies over a screen.
/// Below `top` nothing stands at the top.
pub(super) fn paint(canvas: &mut Canvas<'_>, view: &View, shown: &Shown, top: f32) {
    if let Some(question) = &view.question {
        paint_question(canvas, question, shown.question);
    }
    let mut top = top;
    if let Screen::InCall { reconnecting: Some(_), .. } = &view.screen {
        top = paint_lost(canvas, shown.reconnecting, top);
    }
    if let Some(remark) = view.remark {
        paint_remark(canvas, view, remark, top);
    }
    if let Some(percent) = view.volume {
        paint_volume(canvas, percent);
    }
}

/// Dims what is below, and makes a card in the middle of what is above the way to hang up.
fn card(canvas: &mut Canvas<'_>, height: f32) -> Area {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let bottom = canvas.above_vital();
    canvas.dim(palette.scrim);
    let width = (scale.width - 2.0 * scale.margin()).min(132.0 * scale.unit);
    let at = [(scale.width - width) / 2.0, ((bottom - height) / 2.0).max(0.0), width, height];
    canvas.rounded(at, 4.0 * scale.unit, palette.raised);
    canvas.outline(at, 4.0 * scale.unit, (0.3 * scale.unit).max(1.0), palette.line);
    at
}

/// Icon, question and consequence of a wish.
const fn wish_words(wish: Wish) -> (Icon, &'static str, &'static str) {
    match wish {
        Wish::Unmute => (Icon::Microphone, "ask-unmute", "ask-unmute-more"),
        Wish::CameraOn => (Icon::Camera, "ask-camera-on", "ask-camera-on-more"),
        Wish::SnapshotCamera => (Icon::Photo, "ask-snapshot-camera", "ask-snapshot-camera-more"),
        Wish::SnapshotPanel => (Icon::Photo, "ask-snapshot-panel", "ask-snapshot-panel-more"),
        Wish::SharePanel => (Icon::Screen, "ask-share-panel", "ask-share-panel-more"),
        Wish::ShareDocument => (Icon::Document, "ask-share-document", "ask-share-document-more"),
        // Done without asking; if the core asks all the same, so does the screen.
        Wish::Mute | Wish::CameraOff | Wish::ShareStop | Wish::Volume(_) | Wish::Restart => {
            (Icon::Person, "ask-other", "ask-other-more")
        }
    }
}

/// A question and what it means, as large and as much of it as fits into this height.
fn fitting_words(
    canvas: &mut Canvas<'_>,
    (title, more): (&str, &str),
    width: f32,
    height: f32,
) -> (Arc<Block>, Arc<Block>) {
    let between = canvas.scale.gap() * 0.5;
    let sizes = [(Face::Heading, 3), (Face::BodyBold, 3), (Face::BodyBold, 2), (Face::LabelBold, 2)];
    let mut words = Vec::new();
    for (face, lines) in sizes {
        let (title, more) = (canvas.set(title, face, width, lines), canvas.set(more, Face::Body, width, lines));
        let is_whole = face == Face::BodyBold || !title.cut;
        if is_whole && title.height + between + more.height <= height {
            return (title, more);
        }
        words = vec![title];
    }
    let title = words.pop().unwrap_or_else(|| canvas.set(title, Face::LabelBold, width, 1));
    (title, canvas.set("", Face::Caption, width, 1))
}

fn paint_question(canvas: &mut Canvas<'_>, question: &Question, seconds: u64) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let (icon, title, more) = wish_words(question.wish);
    let (pad, side, gap) = (2.0 * scale.gap(), 12.0 * scale.unit, scale.gap());
    let width = (scale.width - 2.0 * scale.margin()).min(132.0 * scale.unit);
    let room = width - 2.0 * pad - side - gap * 1.4;
    let title = canvas.tell(title, &[("name", Value::Text(&question.peer.name))]);
    let more = canvas.say(more);
    let left_text = canvas.tell("ask-left", &[("seconds", Value::Number(seconds))]);
    let left = canvas.set(&left_text, Face::Label, width - 2.0 * pad, 1);
    let press = canvas.say("ask-press");
    let press = canvas.set(&press, Face::BodyBold, width - 2.0 * pad, 2);
    let answer = if canvas.touch() { 14.5 * scale.unit } else { press.height };
    let around = pad * 2.0 + gap + answer + gap * 0.6 + left.height;
    // What is asked comes before what it means.
    let (title, more) = fitting_words(canvas, (&title, &more), room, canvas.above_vital() - around);
    let words = title.height + gap * 0.5 + more.height;
    let height = around + words.max(side);
    let [x, y, ..] = card(canvas, height);
    canvas.disc((x + pad + side / 2.0, y + pad + side / 2.0), side / 2.0, palette.accent);
    let inner = side * 0.6;
    let at = (x + pad + (side - inner) / 2.0, y + pad + (side - inner) / 2.0);
    canvas.icon(icon, at, inner, palette.on_accent);
    let text_left = x + pad + side + gap * 1.4;
    canvas.text(&title, (text_left, y + pad), (Stand::Left, room), palette.ink);
    canvas.text(&more, (text_left, y + pad + title.height + gap * 0.5), (Stand::Left, room), palette.quiet);
    let row = y + pad + words.max(side) + gap;
    if canvas.touch() {
        let buttons = [
            Button::new(Icon::Check, "do-yes", Look::Good, Command::Yes),
            Button::new(Icon::Cross, "do-no", Look::Lit, Command::No),
        ];
        controls::row(canvas, &buttons, [x + pad, row, width - 2.0 * pad, answer], width, false);
    } else {
        canvas.text(&press, (x + pad, row), (Stand::Centre, width - 2.0 * pad), palette.accent);
    }
    canvas.text(&left, (x + pad, row + answer + gap * 0.6), (Stand::Centre, width - 2.0 * pad), palette.quiet);
}

/// A plate in the middle of the screen with an icon, a bar and the percentage.
fn paint_volume(canvas: &mut Canvas<'_>, percent: u8) {
    let (scale, palette) = (canvas.scale, canvas.palette());
    let (pad, side) = (scale.gap(), 9.0 * scale.unit);
    let width = (scale.width - 2.0 * scale.margin()).min(90.0 * scale.unit);
    let height = side + 2.0 * pad;
    let (left, top) = ((scale.width - width) / 2.0, (canvas.above_vital() - height) / 2.0);
    canvas.rounded([left, top, width, height], height / 4.0, palette.raised);
    canvas.outline([left, top, width, height], height / 4.0, (0.3 * scale.unit).max(1.0), palette.line);
    let icon = if percent == 0 { Icon::LoudspeakerOff } else { Icon::Loudspeaker };
    canvas.icon(icon, (left + pad, top + pad), side, palette.ink);
    // As wide as its widest, so that the bar stays where it is.
    let widest = canvas.set("100 %", Face::BodyBold, width, 1).width;
    let number = canvas.set(&format!("{percent} %"), Face::BodyBold, width, 1);
    let number_left = left + width - pad - widest;
    let at = (number_left, top + (height - number.height) / 2.0);
    canvas.text(&number, at, (Stand::Right, widest), palette.ink);
    let (bar_left, thick) = (left + 2.0 * pad + side, side / 3.0);
    let bar = [bar_left, top + (height - thick) / 2.0, number_left - pad - bar_left, thick];
    progress(canvas, bar, percent);
}

/// The peer's name, if the screen is about one.
fn peer_name(canvas: &Canvas<'_>, view: &View) -> String {
    match &view.screen {
        Screen::InCall { peer, .. }
        | Screen::Connecting { peer }
        | Screen::RingingIn { peer, .. }
        | Screen::RingingOut { peer, .. }
        | Screen::Ended { peer, .. } => peer.name.clone(),
        Screen::Booting | Screen::Idle { .. } | Screen::OutOfOrder => canvas.say("somebody-there"),
    }
}

/// What happened, on a plate below the strip at the top.
fn paint_remark(canvas: &mut Canvas<'_>, view: &View, remark: Remark, below: f32) {
    let palette = canvas.palette();
    let (icon, key) = remark_words(remark);
    let name = peer_name(canvas, view);
    let text = canvas.tell(key, &[("name", Value::Text(&name))]);
    let (fill, ink) = match remark {
        Remark::Granted(_) | Remark::FileReceived | Remark::FileSent => (palette.good, palette.on_good),
        Remark::MutedByPeer
        | Remark::CameraOffByPeer
        | Remark::VolumeByPeer
        | Remark::ShareStoppedByPeer
        | Remark::FileFailed(_) => (palette.warn, palette.on_warn),
    };
    plate(canvas, Chip { icon, text, fill, ink, face: Face::BodyBold }, below);
}

/// That a call has no connection, and how long a new one is tried. Below what it returns nothing stands at the top.
fn paint_lost(canvas: &mut Canvas<'_>, seconds: u64, below: f32) -> f32 {
    let palette = canvas.palette();
    let text = canvas.tell("reconnecting", &[("seconds", Value::Number(seconds))]);
    let (fill, ink) = (palette.warn, palette.on_warn);
    plate(canvas, Chip { icon: Icon::LinkLost, text, fill, ink, face: Face::BodyBold }, below)
}

/// In the middle, below what stands at the top.
fn plate(canvas: &mut Canvas<'_>, chip: Chip, below: f32) -> f32 {
    let scale = canvas.scale;
    let shaped = canvas.shape_chip(chip, scale.width - 2.0 * scale.margin(), 2);
    let top = (below + scale.gap()).min(canvas.above_vital() - shaped.height);
    canvas.chip(&shaped, ((scale.width - shaped.width) / 2.0, top));
    top + shaped.height
}

const fn remark_words(remark: Remark) -> (Icon, &'static str) {
    match remark {
        Remark::MutedByPeer => (Icon::MicrophoneOff, "remark-muted"),
        Remark::CameraOffByPeer => (Icon::CameraOff, "remark-camera-off"),
        Remark::VolumeByPeer => (Icon::Loudspeaker, "remark-volume"),
        Remark::ShareStoppedByPeer => (Icon::Screen, "remark-share-stopped"),
        Remark::Granted(wish) => match wish {
            Wish::Unmute => (Icon::Microphone, "remark-granted-unmute"),
            Wish::CameraOn => (Icon::Camera, "remark-granted-camera"),
            Wish::SnapshotCamera | Wish::SnapshotPanel => (Icon::Photo, "remark-granted-snapshot"),
            Wish::SharePanel | Wish::ShareDocument => (Icon::Screen, "remark-granted-share"),
            Wish::Mute | Wish::CameraOff | Wish::ShareStop | Wish::Volume(_) | Wish::Restart => {
                (Icon::Check, "remark-granted")
            }
        },
        Remark::FileReceived => (Icon::Download, "remark-file-received"),
        Remark::FileSent => (Icon::Check, "remark-file-sent"),
        Remark::FileFailed(why) => (Icon::Warning, refusal_words(why)),
    }
}

const fn refusal_words(why: FileRefusal) -> &'static str {
    match why {
        FileRefusal::Declined => "remark-file-declined",
        FileRefusal::Size => "remark-file-size",
        FileRefusal::Type => "remark-file-type",
        FileRefusal::Quota => "remark-file-quota",
        FileRefusal::Hash => "remark-file-damaged",
        FileRefusal::Storage => "remark-file-storage",
        FileRefusal::Stopped => "remark-file-stopped",
    }
}

/// Height of a file under way.
fn transfer_height(canvas: &Canvas<'_>) -> f32 {
    let (scale, finger) = (canvas.scale, if canvas.touch() { canvas.scale.finger() } else { 0.0 });
    finger.max(scale.font(Face::Label) * 1.5 + 1.2 * scale.unit + 1.6 * scale.gap())
}

/// Paints files under way from the bottom up; what is above them is free.
pub(super) fn transfers(canvas: &mut Canvas<'_>, transfers: &[Transfer], [left, bottom, width]: [f32; 3]) -> f32 {
    let (height, gap) = (transfer_height(canvas), canvas.scale.gap());
    let mut y = bottom;
    for transfer in transfers {
        y -= height;
        paint_transfer(canvas, transfer, [left, y, width.min(96.0 * canvas.scale.unit), height]);
        y -= gap * 0.6;
    }
    y
}

/// Paints files under way from the top down; what is below them is free.
pub(super) fn transfers_below(canvas: &mut Canvas<'_>, transfers: &[Transfer], [left, top, width]: [f32; 3]) -> f32 {
    let (height, gap) = (transfer_height(canvas), canvas.scale.gap());
    let mut y = top;
    for transfer in transfers {
        if y + height > canvas.lowest() {
            break;
        }
        paint_transfer(canvas, transfer, [left, y, width.min(96.0 * canvas.scale.unit), height]);
        y += height + gap * 0.6;
    }
    y
}

fn paint_transfer(canvas: &mut Canvas<'_>, transfer: &Transfer, [left, top, width, height]: Area) {
    let (scale, palette, gap) = (canvas.scale, canvas.palette(), canvas.scale.gap());
    let icon = if transfer.outgoing { Icon::Upload } else { Icon::Download };
    let key = if transfer.outgoing { "sending" } else { "receiving" };
    let percent = u128::from(transfer.received) * 100 / u128::from(transfer.size.max(1));
    let percent = u8::try_from(percent.min(100)).unwrap_or(100);
    canvas.rounded([left, top, width, height], 2.6 * scale.unit, palette.raised);
    let side = scale.font(Face::Label) * 1.5;
    canvas.icon(icon, (left + gap, top + (height - side) / 2.0), side, palette.accent);
    let number = canvas.set(&format!("{percent} %"), Face::LabelBold, width, 1);
    let x = left + 2.0 * gap + side;
    let mut right = left + width - gap;
    if canvas.touch() {
        let stop = scale.finger();
        let at = [left + width - stop, top, stop, height];
        canvas.icon(Icon::Cross, (at[0] + (stop - side) / 2.0, top + (height - side) / 2.0), side, palette.ink);
        canvas.region(at, Command::StopFile(transfer.id));
        right = at[0];
    }
    let y = top + 0.7 * gap;
    canvas.text(&number, (right - number.width, y), (Stand::Left, number.width), palette.ink);
    let text = canvas.tell(key, &[("name", Value::Text(&transfer.name))]);
    let text = canvas.set(&text, Face::Label, right - number.width - gap - x, 1);
    canvas.text(&text, (x, y), (Stand::Left, right - number.width - gap - x), palette.ink);
    let bar = 1.2 * scale.unit;
    progress(canvas, [x, top + height - 0.8 * gap - bar, right - x, bar], percent);
}

//! A call: what lies over the remote picture, and what is there when there is none.

use kiosk_call::{ChatLine, DeviceState, Link, PeerName, View};

use super::{
    canvas::{Canvas, Chip},
    icon::Icon,
    screens::{off, trust},
    text::Stand,
    theme::{ACCENT, Face, GOOD, GROUND, INK, ON_ACCENT, ON_STOP, ON_WARN, OWN, QUIET, RAISED, SCRIM, STOP, WARN},
    words,
};

/// For so many seconds the screen says how to hang up.
const HINT_S: u64 = 8;

/// What the screen of a call shows beside the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) peer: &'a PeerName,
    pub(super) peer_audio: bool,
    pub(super) peer_video: bool,
    /// How long the call lasts.
    pub(super) seconds: u64,
    /// The remote picture lies below.
    pub(super) picture: bool,
}

pub(super) fn paint(canvas: &mut Canvas<'_>, call: Call<'_>, view: &View) {
    let mut top = top_bar_height(canvas);
    if !call.picture {
        canvas.fill(GROUND);
    }
    paint_top_bar(canvas, call);
    if !call.peer.verified {
        top = paint_warning(canvas, top);
    }
    top = paint_chips(canvas, chips(call, view), top + canvas.scale.gap());
    let hint = (call.seconds < HINT_S).then_some(words::PRESS_TO_HANG_UP);
    let mut bottom = canvas.free().0 - canvas.scale.margin() * 0.6;
    if let Some(hint) = hint {
        bottom = paint_hint(canvas, hint, bottom);
    }
    let chat_top = paint_chat(canvas, view, top + canvas.scale.gap(), bottom);
    if !call.picture {
        paint_instead(canvas, call, top, chat_top);
    }
}

fn top_bar_height(canvas: &Canvas<'_>) -> f32 {
    11.5 * canvas.scale.unit
}

/// Name, what it is worth, and how long the call lasts.
fn paint_top_bar(canvas: &mut Canvas<'_>, call: Call<'_>) {
    let scale = canvas.scale;
    let height = top_bar_height(canvas);
    canvas.rect([0.0, 0.0, scale.width, height], if call.picture { SCRIM } else { RAISED });
    let time = canvas.set(&words::call_time(call.seconds), Face::BodyBold, scale.width, 1);
    // Steps of a digit's width, so that nothing moves each second.
    let time_width = (time.width / (4.0 * scale.unit)).ceil() * 4.0 * scale.unit;
    let edge = scale.margin() * 0.7;
    let time_left = scale.width - edge - time_width;
    canvas.text(&time, (time_left, (height - time.height) / 2.0), (Stand::Left, time_width), INK);
    let side = 6.6 * scale.unit;
    let (icon, color) = if call.peer.verified { (Icon::Verified, GOOD) } else { (Icon::Unverified, WARN) };
    canvas.icon(icon, (edge, (height - side) / 2.0), side, color);
    let left = edge + side + scale.gap();
    let name = canvas.set(&call.peer.name, Face::BodyBold, time_left - left - scale.gap(), 1);
    canvas.text(&name, (left, (height - name.height) / 2.0), (Stand::Left, name.width), INK);
}

/// Across the whole width, for as long as the call lasts.
fn paint_warning(canvas: &mut Canvas<'_>, top: f32) -> f32 {
    let scale = canvas.scale;
    let sentence = format!("{}. {}", words::UNVERIFIED, words::UNVERIFIED_MORE);
    let edge = scale.margin() * 0.7;
    let text = canvas.set(&sentence, Face::LabelBold, scale.width - 2.0 * edge, 2);
    let height = text.height + scale.gap();
    canvas.rect([0.0, top, scale.width, height], WARN);
    canvas.text(&text, (edge, top + scale.gap() / 2.0), (Stand::Left, text.width), ON_WARN);
    top + height
}

fn chips(call: Call<'_>, view: &View) -> Vec<Chip> {
    let mut chips = Vec::new();
    for (is_off, icon, text) in off(view) {
        if is_off {
            chips.push(Chip { icon, text: text.to_owned(), fill: STOP, ink: ON_STOP, face: Face::LabelBold });
        }
    }
    let quiet = |icon, text: &str| Chip { icon, text: text.to_owned(), fill: SCRIM, ink: INK, face: Face::Label };
    if !call.peer_audio {
        chips.push(quiet(Icon::MicrophoneOff, words::PEER_MUTED));
    }
    let broken =
        [(&view.camera, Icon::CameraOff, words::NO_CAMERA), (&view.sound, Icon::LoudspeakerOff, words::NO_SOUND)];
    for (device, icon, text) in broken {
        if matches!(device, DeviceState::Missing(_)) {
            chips.push(quiet(icon, text));
        }
    }
    if !matches!(view.link, Link::Up) {
        chips.push(quiet(Icon::LinkLost, words::LINK_LOST_IN_CALL));
    }
    chips
}

/// Paints chips in rows from the left; what is below them is free.
fn paint_chips(canvas: &mut Canvas<'_>, chips: Vec<Chip>, top: f32) -> f32 {
    let scale = canvas.scale;
    let (edge, gap) = (scale.margin() * 0.7, scale.gap() * 0.7);
    let (mut x, mut y, mut row) = (edge, top, 0.0_f32);
    for chip in chips {
        let shaped = canvas.shape_chip(chip, scale.width - 2.0 * edge, 1);
        if x > edge && x + shaped.width > scale.width - edge {
            x = edge;
            y += row + gap;
            row = 0.0;
        }
        canvas.chip(&shaped, (x, y));
        x += shaped.width + gap;
        row = row.max(shaped.height);
    }
    y + row
}

fn paint_hint(canvas: &mut Canvas<'_>, hint: &str, bottom: f32) -> f32 {
    let scale = canvas.scale;
    let chip = Chip { icon: Icon::HangUp, text: hint.to_owned(), fill: SCRIM, ink: INK, face: Face::Action };
    let right = canvas.free().1;
    let shaped = canvas.shape_chip(chip, right - scale.margin(), 2);
    let top = bottom - shaped.height;
    canvas.chip(&shaped, ((right - shaped.width) / 2.0, top));
    top - scale.gap()
}

/// Paints the last lines of the chat, the newest at the bottom, as many as fit; what is above them is free.
fn paint_chat(canvas: &mut Canvas<'_>, view: &View, top: f32, bottom: f32) -> f32 {
    let scale = canvas.scale;
    let edge = scale.margin() * 0.7;
    let share = if scale.is_portrait() { 0.9 } else { 0.62 };
    let width = (canvas.free().1 - 2.0 * edge) * share;
    let highest = top.max(scale.height * 0.42);
    let mut y = bottom;
    if view.unread > 0 {
        let text = words::unread(view.unread);
        let chip = Chip { icon: Icon::Chat, text, fill: ACCENT, ink: ON_ACCENT, face: Face::LabelBold };
        let shaped = canvas.shape_chip(chip, width, 1);
        y -= shaped.height;
        canvas.chip(&shaped, (edge, y));
        y -= scale.gap() * 0.7;
    }
    for (age, line) in view.chat.iter().rev().enumerate() {
        let lines = if age == 0 { 3 } else { 2 };
        let Some(above) = paint_line(canvas, line, width, lines, (highest, y)) else { break };
        y = above;
    }
    y
}

/// Paints one line of chat above `bottom`; None: it does not fit below `highest`.
fn paint_line(
    canvas: &mut Canvas<'_>,
    line: &ChatLine,
    width: f32,
    lines: usize,
    (highest, bottom): (f32, f32),
) -> Option<f32> {
    let scale = canvas.scale;
    let (edge, padding) = (scale.margin() * 0.7, scale.gap());
    let text = canvas.set(&line.text, Face::Body, width - 2.0 * padding, lines);
    let own = line.from.is_none();
    let tick = if own && line.delivered { 4.4 * scale.unit } else { 0.0 };
    let (bubble_width, height) = (text.width + 2.0 * padding + tick, text.height + padding);
    let y = bottom - height;
    if y < highest {
        return None;
    }
    let x = if own { canvas.free().1 - edge - bubble_width } else { edge };
    canvas.rounded([x, y, bubble_width, height], 2.6 * scale.unit, if own { OWN } else { RAISED });
    canvas.text(&text, (x + padding, y + padding / 2.0), (Stand::Left, text.width), INK);
    if tick > 0.0 {
        let side = tick * 0.95;
        canvas.icon(
            Icon::Check,
            (x + bubble_width - padding * 0.5 - side, y + height - side - padding * 0.4),
            side,
            QUIET,
        );
    }
    Some(y - scale.gap() * 0.6)
}

/// In place of the remote picture: who it is, and why nothing is seen.
fn paint_instead(canvas: &mut Canvas<'_>, call: Call<'_>, top: f32, bottom: f32) {
    let scale = canvas.scale;
    let room = (bottom - top - scale.gap()).max(0.0);
    let why = if call.peer_video { words::NO_PICTURE_YET } else { words::PEER_CAMERA_OFF };
    let text = canvas.set(why, Face::Body, scale.width - 2.0 * scale.margin(), 1);
    let radius = ((room - text.height - 2.0 * scale.gap()) / 2.0).min(scale.width.min(scale.height) * 0.19);
    if radius < 4.0 * scale.unit {
        return;
    }
    let height = 2.0 * radius + scale.gap() + text.height;
    let centre = (scale.width / 2.0, top + (room - height) / 2.0 + radius + scale.gap() / 2.0);
    let (chip, _) = trust(call.peer);
    canvas.disc(centre, radius, RAISED);
    canvas.ring(centre, radius, (radius * 0.05).max(1.5), if call.peer.verified { chip.ink } else { chip.fill });
    let initials = words::initials(&call.peer.name);
    if initials.is_empty() {
        canvas.icon(Icon::Person, (centre.0 - radius * 0.6, centre.1 - radius * 0.6), radius * 1.2, INK);
    } else {
        let letters = canvas.set_fitting(&initials, &[Face::Display, Face::Title], radius * 2.0, 1);
        canvas.text(&letters, (centre.0 - radius, centre.1 - letters.height / 2.0), (Stand::Centre, radius * 2.0), INK);
    }
    canvas.text(&text, (0.0, centre.1 + radius + scale.gap()), (Stand::Centre, scale.width), QUIET);
}

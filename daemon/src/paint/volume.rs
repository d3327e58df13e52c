//! The volume, over whatever is shown, for as long as somebody is setting it.

use super::{
    canvas::Canvas,
    icon::Icon,
    text::Stand,
    theme::{ACCENT, Face, INK, QUIET, RAISED},
};

/// A plate in the middle of the screen with an icon, a bar and the percentage.
pub(super) fn paint(canvas: &mut Canvas<'_>, percent: u8) {
    let scale = canvas.scale;
    let (pad, side) = (scale.gap(), 9.0 * scale.unit);
    let width = (scale.width - 2.0 * scale.margin()).min(90.0 * scale.unit);
    let height = side + 2.0 * pad;
    let (left, top) = ((scale.width - width) / 2.0, (scale.height - height) / 2.0);
    canvas.rounded([left, top, width, height], height / 4.0, RAISED);
    let icon = if percent == 0 { Icon::LoudspeakerOff } else { Icon::Loudspeaker };
    canvas.icon(icon, (left + pad, top + pad), side, INK);
    // As wide as its widest, so that the bar stays where it is.
    let widest = canvas.set("100 %", Face::BodyBold, width, 1).width;
    let number = canvas.set(&format!("{percent} %"), Face::BodyBold, width, 1);
    let number_left = left + width - pad - widest;
    canvas.text(&number, (number_left, top + (height - number.height) / 2.0), (Stand::Left, number.width), INK);
    let (bar_left, thick) = (left + 2.0 * pad + side, side / 3.0);
    let (bar_width, bar_top) = (number_left - pad - bar_left, top + (height - thick) / 2.0);
    canvas.rounded([bar_left, bar_top, bar_width, thick], thick / 2.0, QUIET);
    let filled = bar_width * f32::from(percent) / 100.0;
    // Rounded ends need their room.
    if filled >= thick {
        canvas.rounded([bar_left, bar_top, filled, thick], thick / 2.0, ACCENT);
    }
}

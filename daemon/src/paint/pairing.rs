//! Two people compare six digits.

use kiosk_call::{Command, Pairing, PairingFailure, View};

use super::{
    Shown,
    canvas::Canvas,
    catalogue::Value,
    controls::{self, Button, Look},
    hero::{Hero, Mark, Sign},
    icon::Icon,
    screens::left,
    text::Stand,
    theme::Face,
};

/// Paints how far a pairing is, over everything but the way to hang up. Below what it returns nothing stands at the top.
pub(super) fn paint(canvas: &mut Canvas<'_>, pairing: &Pairing, view: &View, shown: &Shown) -> f32 {
    canvas.fill(canvas.palette().ground);
    let bottom = controls::paint(canvas, view, false).min(canvas.scale.height - canvas.scale.margin());
    let (edge, top) = (left(canvas), canvas.scale.margin());
    let area = [edge, top, canvas.scale.width - 2.0 * edge, (bottom - top).max(0.0)];
    let palette = canvas.palette();
    match pairing {
        Pairing::Waiting { .. } => {
            let mark = Mark { wave: Some(shown.pairing), ..Mark::still(Icon::Pair, palette.accent, palette.on_accent) };
            let mark = Mark { sign: Sign::Number(shown.pairing), ..mark };
            let hero = Hero::new(mark, canvas.say("pairing-waiting"))
                .line(canvas.say("pairing-waiting-more"), Face::Body, palette.quiet)
                .line(left_words(canvas, shown.pairing), Face::BodyBold, palette.accent);
            Hero { over: Some((canvas.say("pairing"), palette.accent)), ..hero }.paint(canvas, area);
        }
        Pairing::Compare { name, digits, confirmed, .. } => {
            paint_compare(canvas, (name, *digits, *confirmed), shown.pairing, area);
        }
        Pairing::Done { name } => {
            let text = canvas.tell("pairing-done-more", &[("name", Value::Text(name))]);
            Hero::new(Mark::still(Icon::Check, palette.good, palette.on_good), canvas.say("pairing-done"))
                .line(text, Face::Body, palette.ink)
                .paint(canvas, area);
        }
        Pairing::Failed(why) => {
            let mark = Mark::still(Icon::Cross, palette.stop, palette.on_stop);
            let color = if *why == PairingFailure::Mismatch { palette.bad } else { palette.ink };
            Hero::new(mark, canvas.say("pairing-failed"))
                .line(canvas.say(failure_words(*why)), Face::Body, color)
                .paint(canvas, area);
        }
    }
    top
}

const fn failure_words(why: PairingFailure) -> &'static str {
    match why {
        PairingFailure::TimedOut => "pairing-timed-out",
        PairingFailure::Cancelled => "pairing-cancelled",
        PairingFailure::Mismatch => "pairing-mismatch",
        PairingFailure::TooManyTries => "pairing-too-many",
        PairingFailure::NoLink => "pairing-no-link",
    }
}

fn left_words(canvas: &Canvas<'_>, seconds: u64) -> String {
    canvas.tell("pairing-left", &[("seconds", Value::Number(seconds))])
}

/// The six digits, whom they are compared with, and what to press.
fn paint_compare(
    canvas: &mut Canvas<'_>,
    (name, digits, confirmed): (&str, u32, bool),
    seconds: u64,
    [left, top, width, height]: [f32; 4],
) {
    let (scale, palette, gap) = (canvas.scale, canvas.palette(), canvas.scale.gap());
    let (title, hint) = if confirmed {
        (canvas.say("pairing-confirmed"), canvas.say("pairing-confirmed-more"))
    } else {
        (canvas.say("pairing-compare"), canvas.say("pairing-press"))
    };
    let lines = if scale.is_portrait() { 2 } else { 1 };
    let title = canvas.set_fitting(&title, &[Face::Title, Face::Heading, Face::BodyBold], width, lines);
    let named = canvas.tell("pairing-name", &[("name", Value::Text(name))]);
    let named = canvas.set(&named, Face::Body, width, 2);
    let hint = canvas.set(&hint, Face::BodyBold, width, 2);
    let countdown = left_words(canvas, seconds);
    let countdown = canvas.set(&countdown, Face::Label, width, 1);
    let has_buttons = canvas.touch() && !confirmed;
    let answer = if has_buttons { 14.5 * scale.unit } else { hint.height };
    let cell = (width / 7.6).min(20.0 * scale.unit).min(height * 0.22);
    let plates = cell * 1.36;
    let words = title.height + named.height + plates + answer + countdown.height;
    let space = ((height - words) / 4.0).clamp(0.0, 2.0 * gap);
    let mut y = top + ((height - words - 4.0 * space) / 2.0).max(0.0);
    let title_ink = if confirmed { palette.good } else { palette.ink };
    canvas.text(&title, (left, y), (Stand::Centre, width), title_ink);
    y += title.height + space * 0.4;
    canvas.text(&named, (left, y), (Stand::Centre, width), palette.quiet);
    y += named.height + space;
    paint_digits(canvas, digits, cell, y);
    y += plates + space * 1.4;
    if has_buttons {
        let buttons = [
            Button::new(Icon::Check, "do-same", Look::Good, Command::Yes),
            Button::new(Icon::Cross, "do-not-same", Look::Lit, Command::No),
        ];
        let widest = 50.0 * scale.unit;
        controls::row(canvas, &buttons, [left, y, width, answer], widest, false);
    } else {
        canvas.text(&hint, (left, y), (Stand::Centre, width), palette.accent);
    }
    y += answer + space * 0.6;
    canvas.text(&countdown, (left, y), (Stand::Centre, width), palette.quiet);
}

/// Two groups of three. Their order is the same in every language: text that runs from right to left would swap the groups.
fn paint_digits(canvas: &mut Canvas<'_>, digits: u32, cell: f32, top: f32) {
    let palette = canvas.palette();
    let (gap, between) = (cell * 0.1, cell * 0.5);
    let all = 6.0 * cell + 4.0 * gap + between;
    let mut x = (canvas.scale.width - all) / 2.0;
    for (index, digit) in format!("{:06}", digits % 1_000_000).chars().enumerate() {
        let height = cell * 1.36;
        canvas.rounded_as_it_is([x, top, cell, height], cell * 0.16, palette.raised);
        let block = canvas.set_sized(&digit.to_string(), cell * 0.98, cell);
        canvas.text_as_it_is(&block, (x, top + (height - block.height) / 2.0), cell, palette.ink);
        x += cell + if index == 2 { between } else { gap };
    }
}

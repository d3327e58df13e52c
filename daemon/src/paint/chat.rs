//! What is said in writing: bubbles a page at a time, what can be answered with one press, and what is being typed.

use kiosk_call::{ChatLine, Command, View};

use super::{
    canvas::{Area, Canvas, Chip, ShapedChip},
    catalogue::Value,
    icon::Icon,
    text::Stand,
    theme::Face,
};

/// Most lines of one text; a line of chat has at most 4,000 characters (docs/protocol.md §6).
const LONGEST: usize = 400;

/// Whether there is anything to be seen of it.
pub(super) const fn is_seen(view: &View) -> bool {
    !view.chat.lines.is_empty() || !view.chat.draft.is_empty() || view.chat.selected.is_some()
}

/// A bubble, or a piece of a long one.
struct Bubble<'a> {
    line: &'a ChatLine,
    text: String,
    /// The text's last piece: the mark of its delivery is there.
    is_last: bool,
    /// The text's first piece: who said it is there.
    is_first: bool,
    height: f32,
}

/// Paints the chat into an area, from its bottom up, above `wanted` only if the newest line needs the room. What is above it is free.
pub(super) fn paint(
    canvas: &mut Canvas<'_>,
    view: &View,
    [left, top, width, height]: Area,
    wanted: f32,
    names: bool,
) -> f32 {
    let gap = canvas.scale.gap();
    let mut bottom = top + height;
    bottom = paint_replies(canvas, view, [left, top, width, bottom - top]);
    if !view.chat.draft.is_empty() {
        bottom = paint_draft(canvas, &view.chat.draft, [left, bottom, width]);
    }
    if view.chat.lines.is_empty() {
        return bottom;
    }
    let strip = canvas.scale.font(Face::LabelBold) * 2.2;
    let room = |top: f32| (bottom - top - strip - gap * 0.6).max(0.0);
    let newest =
        view.chat.lines.last().map_or_else(Vec::new, |newest| bubbles(canvas, newest, width, room(top), names));
    let needed = newest.iter().map(|bubble| bubble.height).fold(0.0, f32::max);
    let pages = pages(canvas, view, width, needed.clamp(room(wanted).min(room(top)), room(top)), names);
    // Counted from the newest; people count from the oldest.
    let back = view.chat.page % pages.len().max(1);
    let number = pages.len() - back;
    let Some(page) = pages.get(back).filter(|page| page.iter().all(|bubble| bubble.height <= bottom - top)) else {
        return bottom;
    };
    let mut y = bottom;
    for bubble in page {
        y -= bubble.height;
        paint_bubble(canvas, bubble, [left, y, width, bubble.height], names);
        y -= gap * 0.6;
    }
    if view.chat.unread > 0 {
        canvas.region([left, y, width, bottom - y], Command::ChatRead);
    }
    if pages.len() > 1 || view.chat.unread > 0 {
        y = paint_strip(canvas, view, [left, y, width], (number, pages.len()));
    }
    y
}

/// Which bubbles are on which page, the newest first, and from the bottom up.
fn pages<'a>(canvas: &mut Canvas<'_>, view: &'a View, width: f32, height: f32, names: bool) -> Vec<Vec<Bubble<'a>>> {
    let gap = canvas.scale.gap() * 0.6;
    let mut pages: Vec<Vec<Bubble<'a>>> = vec![Vec::new()];
    let mut left = height;
    for line in view.chat.lines.iter().rev() {
        for bubble in bubbles(canvas, line, width, height, names).into_iter().rev() {
            if bubble.height > left && pages.last().is_some_and(|page| !page.is_empty()) {
                pages.push(Vec::new());
                left = height;
            }
            left -= bubble.height + gap;
            if let Some(page) = pages.last_mut() {
                page.push(bubble);
            }
        }
    }
    pages
}

/// How far text is from the edge of its bubble, and how much of the width a bubble has.
fn inset(canvas: &Canvas<'_>) -> (f32, f32) {
    (canvas.scale.gap() * 1.1, 0.88)
}

/// A line as one bubble, or as several if it is higher than a page.
fn bubbles<'a>(canvas: &mut Canvas<'_>, line: &'a ChatLine, width: f32, height: f32, names: bool) -> Vec<Bubble<'a>> {
    let (padding, share) = inset(canvas);
    let room = width * share - 2.0 * padding - mark_side(canvas, line);
    let block = canvas.set(&line.text, Face::Body, room, LONGEST);
    let row = block.height / super::pixels(block.lines().max(1));
    let name = if names && line.from.is_some() { canvas.scale.font(Face::LabelBold) * 1.35 } else { 0.0 };
    if block.height + padding + name <= height {
        let height = block.height + padding + name;
        return vec![Bubble { line, text: line.text.clone(), is_last: true, is_first: true, height }];
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a panel")]
    let rows = (((height - padding - name) / row).floor().max(1.0)) as usize;
    let last = block.lines().div_ceil(rows);
    // Pieces of much the same length: none has only the last word.
    let rows = block.lines().div_ceil(last.max(1));
    let piece = |index: usize| {
        let lines = index * rows..block.lines().min((index + 1) * rows);
        let height = super::pixels(lines.len()) * row + padding + if index == 0 { name } else { 0.0 };
        let text = block.piece(lines).trim().to_owned();
        Bubble { line, text, is_last: index + 1 == last, is_first: index == 0, height }
    };
    (0..last).map(piece).collect()
}

/// Side of the mark that tells whether a line has arrived there; 0 if it has none.
fn mark_side(canvas: &Canvas<'_>, line: &ChatLine) -> f32 {
    if line.from.is_none() { 5.0 * canvas.scale.unit } else { 0.0 }
}

fn paint_bubble(canvas: &mut Canvas<'_>, bubble: &Bubble<'_>, [left, top, width, height]: Area, names: bool) {
    let (padding, share) = inset(canvas);
    let palette = canvas.palette();
    let side = mark_side(canvas, bubble.line);
    let text = canvas.set(&bubble.text, Face::Body, width * share - 2.0 * padding - side, LONGEST);
    let name = bubble.line.from.as_ref().filter(|_| names && bubble.is_first);
    let name = name.map(|name| canvas.set(name, Face::LabelBold, width * share - 2.0 * padding, 1));
    let inner = name.as_ref().map_or(text.width, |name| text.width.max(name.width));
    let across = inner + 2.0 * padding + side;
    let own = bubble.line.from.is_none();
    let x = if own { left + width - across } else { left };
    canvas.rounded([x, top, across, height], 2.8 * canvas.scale.unit, if own { palette.own } else { palette.raised });
    let mut y = top + padding / 2.0;
    if let Some(name) = name {
        canvas.text(&name, (x + padding, y), (Stand::Left, inner), palette.accent);
        y += canvas.scale.font(Face::LabelBold) * 1.35;
    }
    canvas.text(&text, (x + padding, y), (Stand::Natural, inner), palette.ink);
    if own && bubble.is_last {
        let icon = if bubble.line.delivered { Icon::Check } else { Icon::Clock };
        let small = side * 0.9;
        let at = (x + across - padding * 0.7 - small, top + height - small - padding * 0.5);
        canvas.icon(icon, at, small, palette.ink);
    }
}

/// How many are new, and which page this is, above the bubbles.
fn paint_strip(canvas: &mut Canvas<'_>, view: &View, [left, bottom, width]: [f32; 3], page: (usize, usize)) -> f32 {
    let (palette, gap) = (canvas.palette(), canvas.scale.gap());
    let mut chips: Vec<(ShapedChip, Option<Command>)> = Vec::new();
    if view.chat.unread > 0 {
        let count = u64::try_from(view.chat.unread).unwrap_or(u64::MAX);
        let text = canvas.tell("chat-new", &[("count", Value::Number(count))]);
        let chip = Chip { icon: Icon::Chat, text, fill: palette.accent, ink: palette.on_accent, face: Face::LabelBold };
        chips.push((canvas.shape_chip(chip, width, 1), Some(Command::ChatRead)));
    }
    if page.1 > 1 {
        let number = |page: usize| Value::Number(u64::try_from(page).unwrap_or(u64::MAX));
        let mut text = canvas.tell("chat-page", &[("page", number(page.0)), ("pages", number(page.1))]);
        if canvas.touch() {
            text = format!("{text}   {}", canvas.say("do-page"));
        }
        let chip = Chip { icon: Icon::Earlier, text, fill: palette.raised, ink: palette.ink, face: Face::Label };
        chips.push((canvas.shape_chip(chip, width, 1), Some(Command::Page)));
    }
    let highest = chips.iter().map(|(chip, _)| chip.height).fold(0.0, f32::max);
    let (mut x, y) = (left, bottom - highest);
    let more = (canvas.scale.finger() - highest).max(0.0) / 2.0;
    for (chip, command) in &chips {
        canvas.chip(chip, (x, y));
        if let Some(command) = command {
            canvas.region([x, y - more, chip.width, highest + 2.0 * more], command.clone());
        }
        x += chip.width + gap * 0.7;
    }
    y - gap
}

/// What can be said with one press, in rows from the bottom up.
fn paint_replies(canvas: &mut Canvas<'_>, view: &View, [left, top, width, height]: Area) -> f32 {
    let bottom = top + height;
    if view.chat.replies.is_empty() {
        return bottom;
    }
    let (palette, gap, touch) = (canvas.palette(), canvas.scale.gap(), canvas.touch());
    let mut bottom = bottom;
    if !touch {
        let press = canvas.say("chat-press");
        let hint = canvas.set_shrinking(&press, Face::Caption, width);
        bottom -= hint.height;
        canvas.rounded([left - gap * 0.5, bottom, hint.width + gap, hint.height], hint.height / 2.0, palette.scrim);
        canvas.text(&hint, (left, bottom), (Stand::Left, hint.width), palette.ink);
        bottom -= gap * 0.5;
    }
    let padding = gap * 1.1;
    let blocks: Vec<_> =
        view.chat.replies.iter().map(|reply| canvas.set(reply, Face::LabelBold, width - 2.0 * padding, 1)).collect();
    let height = if touch { canvas.scale.finger() } else { canvas.scale.font(Face::LabelBold) * 2.1 };
    let least = if touch { canvas.scale.finger() } else { 0.0 };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = 0.0;
    for (index, block) in blocks.iter().enumerate() {
        let across = (block.width + 2.0 * padding).max(least);
        if used > 0.0 && used + across > width {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += across + gap * 0.7;
        if let Some(row) = rows.last_mut() {
            row.push(index);
        }
    }
    // The first come first, if not all have room.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a panel")]
    let shown = ((bottom - top) / (height + gap * 0.7)).max(0.0) as usize;
    rows.truncate(shown);
    for row in rows.iter().rev() {
        bottom -= height;
        let mut x = left;
        for index in row {
            let block = &blocks[*index];
            let across = (block.width + 2.0 * padding).max(least);
            let at = [x, bottom, across, height];
            let is_selected = view.chat.selected == Some(*index);
            let (fill, ink) =
                if is_selected { (palette.accent, palette.on_accent) } else { (palette.raised, palette.ink) };
            canvas.rounded(at, height / 2.0, fill);
            if !is_selected {
                canvas.outline(at, height / 2.0, (0.35 * canvas.scale.unit).max(1.0), palette.accent);
            }
            let y = bottom + (height - block.height) / 2.0;
            canvas.text(block, (x, y), (Stand::Centre, across), ink);
            canvas.region(at, Command::Reply(*index));
            x += at[2] + gap * 0.7;
        }
        bottom -= gap * 0.7;
    }
    bottom - gap * 0.3
}

/// What is being typed: its end, where the next letter comes.
fn paint_draft(canvas: &mut Canvas<'_>, draft: &str, [left, bottom, width]: [f32; 3]) -> f32 {
    /// More letters than fit into two lines.
    const SHOWN: usize = 160;
    let (palette, gap) = (canvas.palette(), canvas.scale.gap());
    let room = width - 2.0 * gap;
    let letters = draft.chars().count();
    let tail: String = draft.chars().skip(letters.saturating_sub(SHOWN)).collect();
    let block = canvas.set(&tail, Face::Body, room, LONGEST);
    let last = block.piece(block.lines().saturating_sub(2)..block.lines()).to_owned();
    let block = canvas.set(&last, Face::Body, room, 2);
    let height = block.height + gap;
    let top = bottom - height;
    canvas.rounded([left, top, width, height], 2.0 * canvas.scale.unit, palette.raised);
    canvas.outline([left, top, width, height], 2.0 * canvas.scale.unit, 0.5 * canvas.scale.unit, palette.accent);
    canvas.text(&block, (left + gap, top + gap / 2.0), (Stand::Natural, room), palette.ink);
    top - gap * 0.7
}

//! The bar at the bottom while there is a call, or one begins: the way to hang up, which nothing covers, and on a touch screen all
//! else that a finger can do.

use kiosk_call::{Command, Screen, VideoSource, View};

use super::{
    canvas::{Canvas, Chip},
    icon::Icon,
    screens::left,
    text::Stand,
    theme::{Color, Face, Scale},
};

/// What a finger can do.
#[derive(Clone, Debug)]
pub(super) struct Button {
    icon: Icon,
    /// The key of its word.
    word: &'static str,
    look: Look,
    command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// It is on: what it stands for is not as usual.
    Lit,
    Good,
    /// Ends the call.
    Stop,
}

impl Button {
    pub(super) const fn new(icon: Icon, word: &'static str, look: Look, command: Command) -> Self {
        Self { icon, word, look, command }
    }

    fn colors(&self, canvas: &Canvas<'_>, is_over_picture: bool) -> (Color, Color) {
        let palette = canvas.palette();
        match self.look {
            Look::Plain if is_over_picture => (palette.scrim, palette.ink),
            Look::Plain => (palette.raised, palette.ink),
            Look::Lit => (palette.ink, palette.ground),
            Look::Good => (palette.good, palette.on_good),
            Look::Stop => (palette.stop, palette.on_stop),
        }
    }
}

/// The height of the bar, with what is around it.
pub(super) fn height(scale: &Scale, touch: bool) -> f32 {
    let (button, chip) = (14.5 * scale.unit, scale.font(Face::Action) * 2.1);
    let inner = if touch { button } else { chip };
    inner + 1.5 * scale.margin() * 0.7
}

/// Whether there is a bar.
pub(super) const fn is_seen(view: &View) -> bool {
    match &view.screen {
        Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } | Screen::InCall { .. } => {
            true
        }
        Screen::Booting | Screen::Idle { .. } | Screen::OutOfOrder | Screen::Ended { .. } => false,
    }
}

/// Paints the bar, if there is one. What is above it is free.
pub(super) fn paint(canvas: &mut Canvas<'_>, view: &View, is_over_picture: bool) -> f32 {
    if !is_seen(view) {
        return canvas.scale.height;
    }
    if canvas.touch() {
        let mut buttons = buttons(view);
        // The last is the one that ends it.
        let top = paint_buttons(canvas, &mut buttons, is_over_picture);
        return top - canvas.scale.gap();
    }
    let palette = canvas.palette();
    let (icon, word, fill, ink) = match &view.screen {
        Screen::RingingIn { .. } => (Icon::Phone, "press-to-answer", palette.good, palette.on_good),
        Screen::InCall { .. } | Screen::Connecting { .. } => {
            (Icon::HangUp, "press-to-hang-up", palette.stop, palette.on_stop)
        }
        Screen::RingingOut { .. }
        | Screen::Booting
        | Screen::Idle { .. }
        | Screen::OutOfOrder
        | Screen::Ended { .. } => (Icon::HangUp, "press-to-cancel", palette.stop, palette.on_stop),
    };
    let mut chips = vec![(icon, word, fill, ink)];
    if view.held {
        chips.push((Icon::Play, "held-press", palette.accent, palette.on_accent));
    }
    paint_hints(canvas, &chips)
}

/// Says which buttons to press: the first of them is vital.
fn paint_hints(canvas: &mut Canvas<'_>, chips: &[(Icon, &'static str, Color, Color)]) -> f32 {
    let scale = canvas.scale;
    let edge = if scale.is_portrait() { left(canvas) } else { left(canvas).min(scale.margin()) };
    let right = if scale.is_portrait() { scale.width - edge } else { canvas.free().1 - scale.gap() };
    let bottom = scale.height - scale.margin() * 0.7;
    let mut x = edge;
    let mut top = bottom;
    for (index, (icon, word, fill, ink)) in chips.iter().enumerate() {
        let chip = Chip { icon: *icon, text: canvas.say(word), fill: *fill, ink: *ink, face: Face::Action };
        let shaped = canvas.shape_chip_fitting(chip, &[Face::LabelBold, Face::Caption], right - edge);
        if index > 0 && x + shaped.width > right {
            x = edge;
            top -= shaped.height + scale.gap() * 0.7;
        } else {
            top = top.min(bottom - shaped.height);
        }
        let is_centred = scale.is_portrait();
        let at = if is_centred { (scale.width - shaped.width) / 2.0 } else { x };
        canvas.chip(&shaped, (at, top));
        if index == 0 {
            canvas.vital([at, top, shaped.width, shaped.height]);
        }
        x = if is_centred { scale.width } else { x + shaped.width + scale.gap() };
    }
    top - scale.gap()
}

/// What a finger can do, the way out last.
fn buttons(view: &View) -> Vec<Button> {
    let end = |word| Button::new(Icon::HangUp, word, Look::Stop, Command::HangUp);
    match &view.screen {
        Screen::RingingIn { answered_at, .. } => {
            let answer = Button::new(Icon::Phone, "do-answer", Look::Good, Command::Answer);
            let answer = answered_at.is_none().then_some(answer);
            answer.into_iter().chain([end("do-decline")]).collect()
        }
        Screen::RingingOut { .. } => vec![end("do-cancel")],
        Screen::InCall { .. } | Screen::Connecting { .. } => {
            in_call(view).into_iter().chain([end("do-hang-up")]).collect()
        }
        Screen::Booting | Screen::Idle { .. } | Screen::OutOfOrder | Screen::Ended { .. } => Vec::new(),
    }
}

fn in_call(view: &View) -> Vec<Button> {
    let mut buttons = vec![if view.muted {
        Button::new(Icon::MicrophoneOff, "do-unmute", Look::Lit, Command::Unmute)
    } else {
        Button::new(Icon::Microphone, "do-mute", Look::Plain, Command::Mute)
    }];
    buttons.push(if view.camera_off {
        Button::new(Icon::CameraOff, "do-camera-on", Look::Lit, Command::Camera(true))
    } else {
        Button::new(Icon::Camera, "do-camera-off", Look::Plain, Command::Camera(false))
    });
    buttons.push(if view.held {
        Button::new(Icon::Play, "do-resume", Look::Lit, Command::Hold(false))
    } else {
        Button::new(Icon::Pause, "do-hold", Look::Plain, Command::Hold(true))
    });
    if view.source != VideoSource::Camera {
        let stop = Command::Share(VideoSource::Camera);
        buttons.push(Button::new(Icon::Screen, "do-stop-sharing", Look::Lit, stop));
    }
    if view.shown.is_some() {
        buttons.push(Button::new(Icon::Zoom, "do-zoom", Look::Plain, Command::Zoom));
        buttons.push(Button::new(Icon::Cross, "do-close", Look::Plain, Command::ShowFile(None)));
    }
    buttons
}

/// Paints buttons in a row in the middle of the bottom; the last is vital. Returns the row's top.
pub(super) fn paint_buttons(canvas: &mut Canvas<'_>, buttons: &mut [Button], is_over_picture: bool) -> f32 {
    let scale = canvas.scale;
    let height = 14.5 * scale.unit;
    let top = scale.height - scale.margin() * 0.7 - height;
    let area = [scale.margin() * 0.6, top, scale.width - 1.2 * scale.margin(), height];
    let places = row(canvas, buttons, area, 24.0 * scale.unit, is_over_picture);
    if let (Some(place), Some(Button { look: Look::Stop, .. })) = (places.last(), buttons.last()) {
        canvas.vital(*place);
    }
    top
}

/// Paints buttons side by side in the middle of an area, none wider than that. Where each is.
pub(super) fn row(
    canvas: &mut Canvas<'_>,
    buttons: &[Button],
    [left, top, width, height]: [f32; 4],
    widest: f32,
    is_over_picture: bool,
) -> Vec<[f32; 4]> {
    let scale = canvas.scale;
    let count = super::pixels(buttons.len().max(1));
    let gap = scale.gap() * 0.8;
    let side = ((width - gap * (count - 1.0)) / count).min(widest);
    let mut x = left + (width - side * count - gap * (count - 1.0)) / 2.0;
    let mut places = Vec::new();
    for button in buttons {
        let at = [x, top, side, height];
        let (fill, ink) = button.colors(canvas, is_over_picture);
        canvas.rounded(at, 3.4 * scale.unit, fill);
        let word = canvas.say(button.word);
        let text = canvas.set_shrinking(&word, Face::Caption, side - scale.gap() * 0.6);
        let icon = (height - text.height) * 0.62;
        let all = icon + text.height * 1.08;
        let from = top + (height - all) / 2.0;
        canvas.icon(button.icon, (x + (side - icon) / 2.0, from), icon, ink);
        canvas.text(&text, (x, from + all - text.height), (Stand::Centre, side), ink);
        canvas.region(at, button.command.clone());
        places.push(at);
        x += side + gap;
    }
    places
}

//! What is on the terminal: what is known of the kiosk, and how it is laid out.

use std::collections::VecDeque;

use kioskd::{
    control::protocol::{EventReply, LinkState, StatusReply},
    doctor::{Finding, Level},
    reports::StatsReport,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Style, Stylize as _},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph, RenderDirection, Sparkline},
};

use super::Seen;
use crate::human::{self, safe};

/// As many samples as the widest terminal shows.
const SAMPLES: usize = 512;
/// As many events as the highest terminal shows.
const EVENTS: usize = 100;
/// From this height on, parts have a headline each, and faults their advice.
const ROOMY: u16 = 18;
/// Width of what stands before a curve.
const LABEL: u16 = 22;

/// What is shown of the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Everything.
    Kiosk,
    /// The figures of the call, large.
    Figures,
}

/// A figure over time.
struct Curve {
    name: &'static str,
    unit: &'static str,
    /// A curve as high as it gets means at least this, so that little looks little.
    full: u64,
    /// In tenths of the unit.
    tenths: bool,
    /// The newest first; none: not known then.
    samples: VecDeque<Option<u64>>,
}

impl Curve {
    const fn new(name: &'static str, unit: &'static str, full: u64, tenths: bool) -> Self {
        Self { name, unit, full, tenths, samples: VecDeque::new() }
    }

    fn add(&mut self, sample: Option<u64>) {
        self.samples.push_front(sample);
        self.samples.truncate(SAMPLES);
    }

    fn text(&self, value: Option<u64>) -> String {
        match value {
            None => format!("? {}", self.unit),
            Some(value) if self.tenths => format!("{}.{} {}", value / 10, value % 10, self.unit),
            Some(value) => format!("{value} {}", self.unit),
        }
    }

    fn now(&self) -> String {
        self.text(self.samples.front().copied().flatten())
    }

    fn most(&self, width: u16) -> Option<u64> {
        self.samples.iter().take(width.into()).copied().flatten().max()
    }

    /// With the newest at the right.
    fn line(&self, width: u16) -> Sparkline<'_> {
        let full = self.most(width).unwrap_or_default().max(self.full);
        Sparkline::default().data(self.samples.iter().copied()).direction(RenderDirection::RightToLeft).max(full)
    }
}

/// What is known of the kiosk.
pub(super) struct Screen {
    view: View,
    last: Option<Seen>,
    /// Why there is no newer look.
    silence: Option<Finding>,
    /// The look that the last figures end with.
    sampled: Option<(StatusReply, std::time::Instant)>,
    figures: StatsReport,
    round_trip: Curve,
    incoming: Curve,
    outgoing: Curve,
    lost: Curve,
    /// The newest first.
    events: VecDeque<String>,
}

impl Screen {
    pub(super) fn new(view: View) -> Self {
        Self {
            view,
            last: None,
            silence: None,
            sampled: None,
            figures: StatsReport::default(),
            round_trip: Curve::new("round trip", "ms", 50, false),
            incoming: Curve::new("in", "kbit/s", 100, false),
            outgoing: Curve::new("out", "kbit/s", 100, false),
            lost: Curve::new("lost", "%", 50, true),
            events: VecDeque::new(),
        }
    }

    pub(super) const fn turn(&mut self) {
        self.view = match self.view {
            View::Kiosk => View::Figures,
            View::Figures => View::Kiosk,
        };
    }

    pub(super) fn happened(&mut self, event: &EventReply) {
        self.events.push_front(safe(&human::event(event)));
        self.events.truncate(EVENTS);
    }

    pub(super) fn silent(&mut self, finding: Finding) {
        self.silence = Some(finding);
        self.sampled = None;
        self.sample(StatsReport::default());
    }

    pub(super) fn seen(&mut self, seen: Seen) {
        if seen.is_sample {
            let figures = self.sampled.as_ref().map_or_else(StatsReport::default, |(before, at)| {
                StatsReport::between(before, &seen.status, seen.at.saturating_duration_since(*at))
            });
            self.sampled = Some((seen.status.clone(), seen.at));
            self.sample(figures);
        }
        (self.last, self.silence) = (Some(seen), None);
    }

    fn sample(&mut self, figures: StatsReport) {
        // A call that has just begun has no figures over a second yet, and no call has none.
        let of = |figure: u64| figures.connected.then_some(figure);
        self.round_trip.add(figures.round_trip_ms.map(|ms| ms.round() as u64));
        self.incoming.add(of(figures.bitrate_in_bps / 1_000));
        self.outgoing.add(of(figures.bitrate_out_bps / 1_000));
        self.lost.add(of((figures.lost_percent * 10.0).round() as u64));
        self.figures = figures;
    }

    const fn curves(&self) -> [&Curve; 4] {
        [&self.round_trip, &self.incoming, &self.outgoing, &self.lost]
    }

    fn is_in_call(&self) -> bool {
        self.last.as_ref().is_some_and(|seen| seen.status.call.is_some())
    }

    /// All that is wrong: that nobody answers, or what the last answer tells.
    fn wrong(&self) -> Vec<&Finding> {
        match (&self.silence, &self.last) {
            (Some(finding), _) => vec![finding],
            (None, Some(seen)) => seen.wrong.iter().collect(),
            (None, None) => Vec::new(),
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let [heading, rest] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(frame.area());
        frame.render_widget(self.heading(heading.width), heading);
        match self.view {
            View::Kiosk => self.draw_kiosk(frame, rest),
            View::Figures => self.draw_figures(frame, rest),
        }
    }

    fn heading(&self, width: u16) -> Line<'_> {
        let left = match (&self.silence, &self.last) {
            (Some(_), _) => "no answer; waiting for kioskd".to_owned(),
            (None, Some(seen)) => safe(&format!("{} in room {}", seen.status.name, seen.status.room)),
            (None, None) => "…".to_owned(),
        };
        let right = match self.view {
            View::Kiosk => "Tab: figures, q: end",
            View::Figures => "Tab: kiosk, q: end",
        };
        let (left, right) = (Span::raw(format!(" {left} ")), Span::raw(format!(" {right} ")));
        let gap = usize::from(width).checked_sub(left.width() + right.width());
        let mut line = Line::from(left);
        if let Some(gap) = gap {
            line.extend([Span::raw(" ".repeat(gap)), right]);
        }
        let style =
            if self.silence.is_some() { Style::new().fg(Color::Red).reversed() } else { Style::new().reversed() };
        line.style(style)
    }

    fn draw_kiosk(&self, frame: &mut Frame<'_>, area: Rect) {
        let is_roomy = frame.area().height >= ROOMY;
        let rule = u16::from(is_roomy);
        let (state, wrong) = (self.state(is_roomy), self.faults(is_roomy));
        let call = if self.is_in_call() { 4 } else { 0 };
        // Of many faults the first ones, so that events are seen too.
        let faults = rows(wrong.len()).min(if is_roomy { 6 } else { 2 });
        let [top, curves, middle, bottom] = Layout::vertical([
            Constraint::Length(rows(state.len())),
            Constraint::Length(if call == 0 { 0 } else { call + rule }),
            Constraint::Length(faults + rule),
            Constraint::Min(0),
        ])
        .areas(area);
        frame.render_widget(Paragraph::new(state), top);
        if call > 0 {
            let inner = part(frame, curves, is_roomy, " figures ");
            let places = Layout::vertical([Constraint::Length(1); 4]).areas::<4>(inner);
            for (curve, place) in self.curves().into_iter().zip(places) {
                let [label, line] = Layout::horizontal([Constraint::Length(LABEL), Constraint::Min(0)]).areas(place);
                frame.render_widget(Paragraph::new(format!("{:<11}{:>10}", curve.name, curve.now())), label);
                frame.render_widget(curve.line(line.width), line);
            }
        }
        let inner = part(frame, middle, is_roomy, " what is wrong ");
        frame.render_widget(Paragraph::new(wrong), inner);
        let inner = part(frame, bottom, is_roomy, " what happens ");
        let events: Vec<_> = self.events.iter().map(|event| Line::raw(event.as_str())).collect();
        frame.render_widget(Paragraph::new(events), inner);
    }

    /// Call, link, servers, what is sent.
    fn state(&self, with_servers: bool) -> Vec<Line<'_>> {
        let Some(Seen { status, .. }) = &self.last else { return Vec::new() };
        let line = |label: &'static str, text: String| Line::from(vec![label.bold(), safe(&text).into()]);
        let mut lines = vec![
            line("call   ", status.call.as_ref().map_or_else(|| "none".to_owned(), human::call)),
            line("link   ", human::link(&status.link, status.peers)),
        ];
        // With one server, the link is the link to it.
        for server in status.servers.iter().filter(|_| with_servers && status.servers.len() > 1) {
            let state = match server.link.state {
                LinkState::Up => "up",
                LinkState::Connecting => "signing in",
                LinkState::Down => "down",
            };
            lines.push(line("       ", format!("{state}: {}", server.url)));
        }
        lines.push(line("sends  ", human::sending(status)));
        lines
    }

    fn faults(&self, with_advice: bool) -> Vec<Line<'_>> {
        let wrong = self.wrong();
        if wrong.is_empty() {
            return vec![Line::raw(if self.last.is_some() { "nothing is wrong" } else { "" })];
        }
        let mut lines = Vec::new();
        for finding in wrong {
            let color = if finding.level == Level::Failed { Color::Red } else { Color::Yellow };
            let found = safe(&finding.found);
            lines.push(Line::from(vec![Span::styled(format!("{:<9}", finding.area), color), found.into()]));
            if with_advice && !finding.advice.is_empty() {
                lines.push(Line::raw(format!("       → {}", safe(&finding.advice))));
            }
        }
        lines
    }

    fn draw_figures(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(call) = self.last.as_ref().and_then(|seen| seen.status.call.as_ref()) else {
            let none = if self.last.is_some() { "no call" } else { "" };
            return frame.render_widget(Paragraph::new(none), area);
        };
        let figures = &self.figures;
        let echo = figures.echo_return_loss_enhancement_db.map_or_else(|| "?".to_owned(), |db| format!("{db:.0}"));
        let text = vec![
            Line::raw(safe(&human::call(call))),
            Line::raw(format!(
                "pictures in {:.0}/s, out {:.0}/s, jitter {:.0} ms",
                figures.frames_in_per_s, figures.frames_out_per_s, figures.jitter_ms
            )),
            Line::raw(format!("echo −{echo} dB, lost sound {}, {}", figures.xruns, safe(&figures.encoder))),
        ];
        let [top, curves] = Layout::vertical([Constraint::Length(rows(text.len())), Constraint::Min(0)]).areas(area);
        frame.render_widget(Paragraph::new(text), top);
        for (curve, place) in
            self.curves().into_iter().zip(Layout::vertical([Constraint::Fill(1); 4]).areas::<4>(curves))
        {
            let most = curve.text(curve.most(place.width));
            let inner = part(frame, place, true, &format!(" {} {}, at most {most} ", curve.name, curve.now()));
            frame.render_widget(curve.line(inner.width), inner);
        }
    }
}

/// The room of a part, below its headline if it has one.
fn part(frame: &mut Frame<'_>, area: Rect, has_headline: bool, title: &str) -> Rect {
    if !has_headline {
        return area;
    }
    let block = Block::new().borders(Borders::TOP).title(title).style(Style::new());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Lines of text are few.
fn rows(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;

//! The screen: the whole, a table, what keys do; above them help, or how to find out why. Draws a state into a frame of any
//! size and does nothing else.

mod above;
mod spark;

use super::model::{Moment, View};
use super::plain::warnings;
use super::shown::{age, bytes, rate, share, span, took};
use super::state::{Mode, State};
use super::table::{Tone, cut, name};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use spark::spark;
use std::time::{Duration, Instant, SystemTime};

/// What the terminal can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ability {
    pub(super) utf8: bool,
    pub(super) colors: bool,
}

/// What does not change while it runs.
pub(super) struct Place {
    pub(super) ability: Ability,
    /// The admin address.
    pub(super) address: String,
    pub(super) every: Duration,
    /// What names this gateway on a command line.
    pub(super) again: String,
}

/// Draws it as it is at this time.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State, place: &Place, now: (Instant, SystemTime)) {
    let area = frame.area();
    let mut head = head(state, place, now, usize::from(area.width));
    // On a small screen the table comes before all else.
    head.truncate(usize::from(area.height.saturating_sub(6)));
    let page = usize::from(area.height).saturating_sub(head.len() + 2);
    state.settle(page);
    let table = table(state, place.ability, usize::from(area.width), page);
    let keys = keys(state, place.ability);
    let bottom = area.height.saturating_sub(1);
    for (y, line) in (0..bottom).zip(head.iter().chain(&table)) {
        put(frame, y, line, place.ability);
    }
    put(frame, bottom, &keys, place.ability);
    above::draw(frame, state, place, Rect { height: bottom, ..area });
}

fn put(frame: &mut Frame<'_>, y: u16, line: &Line<'_>, ability: Ability) {
    let area = frame.area();
    if y >= area.height {
        return;
    }
    let end = frame.buffer_mut().set_line(0, y, line, area.width).0;
    if line.style.add_modifier.contains(Modifier::REVERSED) {
        // The whole row, not its text alone.
        frame.buffer_mut().set_style(Rect { x: 0, y, width: area.width, height: 1 }, line.style);
    }
    if !ability.utf8 {
        ascii(frame, Rect { x: 0, y, width: end, height: 1 });
    }
}

/// Leaves of names what a terminal without UTF-8 can show.
fn ascii(frame: &mut Frame<'_>, area: Rect) {
    for position in area.positions() {
        if let Some(cell) = frame.buffer_mut().cell_mut(position).filter(|cell| !cell.symbol().is_ascii()) {
            cell.set_symbol("?");
        }
    }
}

impl Ability {
    fn tone(self, tone: Tone) -> Style {
        match (tone, self.colors) {
            (Tone::Plain, _) | (Tone::Warning, false) => Style::new(),
            (Tone::Faint, _) => Style::new().add_modifier(Modifier::DIM),
            (Tone::Warning, true) => Style::new().fg(Color::Yellow),
            (Tone::Bad, true) => Style::new().fg(Color::Red),
            (Tone::Bad, false) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    fn mark(self) -> &'static str {
        if self.utf8 { "…" } else { "~" }
    }
}

/// What is said of the whole.
fn head(state: &State, place: &Place, (now, clock): (Instant, SystemTime), width: usize) -> Vec<Line<'static>> {
    let (view, ability) = (&state.view, place.ability);
    let program = &view.program;
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let since = program.since.and_then(|since| clock.duration_since(since).ok());
    let since = since.map_or_else(String::new, |since| format!(" ({} ago)", age(since)));
    let rest =
        format!("  {}  up {}  configuration {}{since}", place.address, age(program.uptime), program.configuration);
    let mut first = vec![Span::styled(format!("Pintle {}", program.version), bold)];
    if state.paused {
        first.push(Span::styled("  PAUSED", bold));
    }
    first.push(rest.into());
    let mut lines = vec![Line::from(first)];
    lines.push(requests(view, place));
    let mut process = vec![format!("connections {}", program.connections)];
    process.extend(view.cpu.map(|cpu| format!("CPU {}", share(cpu))));
    process.extend(program.memory.map(|memory| format!("memory {}", bytes(memory))));
    process.extend(program.descriptors.map(|(open, most)| format!("files {open} of {most}")));
    lines.push(process.join("  ").into());
    lines.push(minute(view, width, ability));
    for warning in warnings(view) {
        lines.push(Line::styled(warning, ability.tone(Tone::Warning)));
    }
    if let Some((since, why)) = &state.failing {
        let since = age(now.saturating_duration_since(*since));
        let why = why.lines().next().unwrap_or_default();
        lines.push(Line::styled(format!("no answer for {since}, trying on: {why}"), ability.tone(Tone::Bad)));
    }
    lines
}

fn requests(view: &View, place: &Place) -> Line<'static> {
    let (all, ability) = (&view.all, place.ability);
    let Some(interval) = view.interval else {
        return format!("rates are known after the next look, in {}", span(place.every)).into();
    };
    let tone = |value: f64, tone| if value > 0.0 { ability.tone(tone) } else { Style::new() };
    Line::from(vec![
        format!("requests {}/s", rate(all.rate)).into(),
        Span::styled(format!("  4xx {}/s", rate(all.client_errors)), tone(all.client_errors, Tone::Warning)),
        Span::styled(
            format!("  5xx {}/s ({})", rate(all.server_errors), share(all.share)),
            tone(all.server_errors, Tone::Bad),
        ),
        format!("  p50 {}  p99 {}", took(all.p50), took(all.p99)).into(),
        Span::styled(format!(" over {}", span(all.over.max(interval))), ability.tone(Tone::Faint)),
        format!("  active {}", view.program.active).into(),
    ])
}

/// The last minute in two small pictures.
fn minute(view: &View, width: usize, ability: Ability) -> Line<'static> {
    let each = (width.saturating_sub(36) / 2).min(60);
    let picture = |of: fn(&Moment) -> f64| {
        let values: Vec<(Duration, f64)> = view.minute.iter().map(|moment| (moment.at, of(moment))).collect();
        let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        format!("{} max {:<6}", spark(&values, each, ability.utf8), rate(most))
    };
    let requests = picture(|moment| moment.rate);
    let errors = picture(|moment| moment.errors);
    Line::from(vec![
        Span::styled("last minute ", ability.tone(Tone::Faint)),
        requests.into(),
        Span::styled(" 5xx ", ability.tone(Tone::Faint)),
        errors.into(),
    ])
}

/// The table: its titles, and so many rows.
fn table(state: &State, ability: Ability, width: usize, page: usize) -> Vec<Line<'static>> {
    let (rows, all) = (state.rows(), state.all());
    let (cursor, offset) = state.place(&rows);
    let (wide, count) = state.kind.fit(width);
    let columns = &state.kind.columns()[..count];
    let turned = match (state.choice.reversed, ability.utf8) {
        (false, _) => "",
        (true, true) => " ↑",
        (true, false) => " ^",
    };
    let shown = if rows.len() == all.len() { String::new() } else { format!("{} of ", rows.len()) };
    let things = if all.len() == 1 { state.kind.one() } else { state.kind.title() };
    let title = format!("{shown}{} {things} by {}{turned}", all.len(), state.choice.sort.word());
    let title = cut(&title, wide, ability.mark());
    let mut heading = format!("{title}{:1$}", "", wide.saturating_sub(super::table::width(&title)));
    for column in columns {
        heading.push_str(&format!(" {:>1$}", column.title, column.width));
    }
    let mut lines = vec![Line::styled(heading, Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED))];
    for (at, row) in rows.iter().enumerate().skip(offset).take(page) {
        let name = cut(name(row), wide, ability.mark());
        let blank = wide.saturating_sub(super::table::width(&name));
        let mut spans = vec![Span::raw(format!("{name}{:blank$}", ""))];
        for column in columns {
            let (text, tone) = (column.cell)(row);
            let style = if at == cursor { Style::new() } else { ability.tone(tone) };
            spans.push(Span::styled(format!(" {text:>0$}", column.width), style));
        }
        let line = Line::from(spans);
        lines.push(if at == cursor { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line });
    }
    lines
}

/// What keys do.
fn keys(state: &State, ability: Ability) -> Line<'static> {
    let other = state.kind.other().title();
    match &state.mode {
        Mode::Filter(_) => format!("filter: {}_   enter keeps it, escape undoes it", state.choice.filter).into(),
        _ => {
            let pause = if state.paused { "go on" } else { "pause" };
            let keys = format!("q quit  s sort  r turn  / filter  tab {other}  space {pause}  enter why  ? help");
            let filter = match &*state.choice.filter {
                "" => String::new(),
                filter => format!("filter: {filter}  "),
            };
            Line::styled(filter + &keys, ability.tone(Tone::Faint))
        }
    }
}

#[cfg(test)]
mod tests;

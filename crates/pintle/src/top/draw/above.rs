//! What lies above the table for a while: help, or how to find out why requests fail.

use super::Place;
use crate::top::model::Row;
use crate::top::shown::quoted;
use crate::top::state::{Mode, State};
use crate::top::table::{Kind, name};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

/// Where lines of UTF-8 cannot be drawn.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const HELP: [&str; 20] = [
    "q         quit",
    "s         sort by rate, errors, p99, name",
    "r         turn the order round",
    "/         show only names that contain a text; escape shows all",
    "tab       routes or upstreams",
    "arrows    another row; page up and down, home, end",
    "enter     how to find out why its requests fail",
    "space     let the numbers stand still, and go on",
    "",
    "rate/s    requests that ended, a second, since the look before",
    "4xx, 5xx  answers of that class, a second; then 5xx as a share",
    "p50, p99  half and 99 of 100 requests took at most this, worked",
    "          out of buckets; `over`: of the last look, or of 10s or",
    "          a minute where that had fewer than 100 requests",
    "fails/s   attempts without an answer, or with a 5xx",
    "again/s   attempts after a request's first",
    "up        endpoints that are asked, of all",
    "active    requests under way",
    "",
    "any key goes back",
];

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, place: &Place, area: Rect) {
    let (title, text): (String, Vec<Line<'_>>) = match &state.mode {
        Mode::Table | Mode::Filter(_) => return,
        Mode::Help => ("help".into(), HELP.map(Line::from).into()),
        Mode::Why(kind, name) => why(*kind, name, place),
    };
    let set = if place.ability.utf8 { border::PLAIN } else { ASCII };
    let width = area.width.min(72);
    // A command line may need several lines.
    let inner = usize::from(width.saturating_sub(2)).max(1);
    let lines: usize = text.iter().map(|line| line.width().div_ceil(inner).max(1)).sum();
    let height = (lines as u16).saturating_add(2).min(area.height);
    let area = Rect { x: (area.width - width) / 2, y: area.height - height, width, height };
    let block = Block::bordered().border_set(set).title(title);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).block(block), area);
    if !place.ability.utf8 {
        super::ascii(frame, area);
    }
}

fn why(kind: Kind, of: &str, place: &Place) -> (String, Vec<Line<'static>>) {
    let one = kind.one();
    let row = Row { name: of.to_owned(), ..Row::default() };
    let title = format!("{one} {}", name(&row));
    let command = match of {
        // What no route took has no name to ask by.
        "" => format!("pintle why --last-error{}", place.again),
        _ => format!("pintle why --last-error --{one} {}{}", quoted(of), place.again),
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let lines = vec![
        Line::from("What became of the latest request that failed, and why:"),
        Line::from(""),
        Line::styled(command, bold),
        Line::from(""),
        Line::from("any key goes back"),
    ];
    (title, lines)
}

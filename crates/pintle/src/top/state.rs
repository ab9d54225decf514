//! What is on the screen besides the numbers: which table, which row, what is typed; and what a key changes of that.

use super::choice::Choice;
use super::keys::Key;
use super::model::{Row, View};
use super::table::Kind;
use std::time::Instant;

/// A filter that is longer finds nothing.
const LONGEST_FILTER: usize = 200;

/// What is on the screen.
#[derive(Default)]
pub(super) struct State {
    /// What the numbers are of.
    pub(super) view: View,
    /// What they would be if they did not stand still.
    newer: Option<View>,
    pub(super) paused: bool,
    pub(super) kind: Kind,
    pub(super) choice: Choice,
    pub(super) mode: Mode,
    /// Since when there is no answer, and why.
    pub(super) failing: Option<(Instant, String)>,
    /// Of routes, and of upstreams.
    positions: [Position; 2],
    /// How many rows fit.
    page: usize,
}

/// What keys are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Table,
    /// A filter is typed; what it was before.
    Filter(String),
    Help,
    /// How to find out why this one fails.
    Why(Kind, String),
}

/// Where one is in a table.
#[derive(Default)]
struct Position {
    /// The row, by its name: it stays the same one when the order changes. None is the first one, whichever that is.
    name: Option<String>,
    /// The first row on the screen.
    offset: usize,
}

/// What a key asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Quit,
    Interrupt,
    Suspend,
    /// All has to be drawn, whatever the terminal shows.
    Redraw,
}

impl State {
    pub(super) fn new(kind: Kind, choice: Choice) -> Self {
        State { kind, choice, ..State::default() }
    }

    /// Takes the newest numbers.
    pub(super) fn show(&mut self, view: View) {
        self.failing = None;
        if self.paused {
            self.newer = Some(view);
        } else {
            self.view = view;
        }
    }

    /// There was no answer.
    pub(super) fn fail(&mut self, why: String, now: Instant) {
        let since = self.failing.as_ref().map_or(now, |(since, _)| *since);
        self.failing = Some((since, why));
    }

    /// The rows of the table that is shown, in their order.
    pub(super) fn rows(&self) -> Vec<&Row> {
        self.choice.of(self.all())
    }

    /// All rows of the table that is shown.
    pub(super) fn all(&self) -> &[Row] {
        match self.kind {
            Kind::Routes => &self.view.routes,
            Kind::Upstreams => &self.view.upstreams,
        }
    }

    /// Where the cursor is, and which row is the first on the screen.
    pub(super) fn place(&self, rows: &[&Row]) -> (usize, usize) {
        let position = self.position();
        let named = position.name.as_ref().and_then(|name| rows.iter().position(|row| row.name == *name));
        (named.unwrap_or(0), position.offset)
    }

    /// Sees to it that the cursor is among so many rows on the screen.
    pub(super) fn settle(&mut self, page: usize) {
        self.page = page;
        let rows = self.rows();
        let (cursor, offset) = self.place(&rows);
        let least = (cursor + 1).saturating_sub(page);
        let last = rows.len().saturating_sub(page);
        self.positions[self.kind as usize].offset = offset.clamp(least.min(cursor), cursor).min(last.max(least));
    }

    fn position(&self) -> &Position {
        &self.positions[self.kind as usize]
    }

    /// Does what a key is for.
    pub(super) fn press(&mut self, key: Key) -> Effect {
        match key {
            Key::Control('c') => return Effect::Interrupt,
            Key::Control('z') => return Effect::Suspend,
            Key::Control('l') => return Effect::Redraw,
            _ => {}
        }
        match &self.mode {
            Mode::Filter(_) => self.edit(key),
            Mode::Help | Mode::Why(..) => match key {
                Key::Char('q') => return Effect::Quit,
                _ => self.mode = Mode::Table,
            },
            Mode::Table => return self.command(key),
        }
        Effect::None
    }

    fn command(&mut self, key: Key) -> Effect {
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Char('?' | 'h') => self.mode = Mode::Help,
            Key::Char('s') => self.choice.sort = self.choice.sort.next(),
            Key::Char('r') => self.choice.reversed = !self.choice.reversed,
            Key::Char('/') => self.mode = Mode::Filter(self.choice.filter.clone()),
            Key::Char(' ') => self.pause(),
            Key::Escape => self.choice.filter.clear(),
            Key::Tab => self.kind = self.kind.other(),
            Key::Up | Key::Char('k') => self.go(-1),
            Key::Down | Key::Char('j') => self.go(1),
            Key::PageUp => self.go(-(self.page.max(1) as isize)),
            Key::PageDown => self.go(self.page.max(1) as isize),
            Key::Home => self.positions[self.kind as usize].name = None,
            Key::End => self.go(isize::MAX),
            Key::Enter => {
                let rows = self.rows();
                if let Some(row) = rows.get(self.place(&rows).0) {
                    self.mode = Mode::Why(self.kind, row.name.clone());
                }
            }
            _ => {}
        }
        Effect::None
    }

    fn edit(&mut self, key: Key) {
        let filter = &mut self.choice.filter;
        match (key, &mut self.mode) {
            (Key::Char(c), _) if filter.len() < LONGEST_FILTER => filter.push(c),
            (Key::Backspace, _) => {
                filter.pop();
            }
            (Key::Control('u'), _) => filter.clear(),
            (Key::Enter, mode) => *mode = Mode::Table,
            (Key::Escape, mode) => {
                if let Mode::Filter(before) = mode {
                    *filter = std::mem::take(before);
                }
                *mode = Mode::Table;
            }
            _ => {}
        }
    }

    fn pause(&mut self) {
        self.paused = !self.paused;
        if let Some(newer) = self.newer.take() {
            self.view = newer;
        }
    }

    fn go(&mut self, by: isize) {
        let rows = self.rows();
        let Some(last) = rows.len().checked_sub(1) else { return };
        let to = self.place(&rows).0.saturating_add_signed(by).min(last);
        let name = rows[to].name.clone();
        self.positions[self.kind as usize].name = Some(name);
    }
}

#[cfg(test)]
mod tests;

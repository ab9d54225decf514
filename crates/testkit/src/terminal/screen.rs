//! What stands on a terminal's screen after the bytes that it got: as much of a terminal as programs here use.

use std::fmt;

/// The largest screen of a test.
const SIZE: (usize, usize) = (300, 100);

/// What stands on a screen.
#[derive(Clone, Debug)]
pub struct Screen {
    cells: Vec<Vec<char>>,
    column: usize,
    row: usize,
    /// Whether it is the second one, which programs take for themselves.
    pub is_second: bool,
    /// Whether there is a cursor.
    pub has_cursor: bool,
    /// Whether a colour was asked for.
    pub has_colors: bool,
    /// Sequences that are not known here.
    pub unknown: Vec<String>,
}

impl Screen {
    /// The screen after these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut screen = Screen {
            cells: vec![vec![' '; SIZE.0]; SIZE.1],
            column: 0,
            row: 0,
            is_second: false,
            has_cursor: true,
            has_colors: false,
            unknown: Vec::new(),
        };
        let text = String::from_utf8_lossy(bytes);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\u{1b}' => screen.sequence(&mut rest),
                '\r' => screen.column = 0,
                '\n' => screen.row += 1,
                '\u{8}' => screen.column = screen.column.saturating_sub(1),
                c if c.is_control() => screen.unknown.push(format!("{c:?}")),
                c => screen.put(c),
            }
        }
        screen
    }

    fn put(&mut self, c: char) {
        if let Some(cell) = self.cells.get_mut(self.row).and_then(|row| row.get_mut(self.column)) {
            *cell = c;
        }
        self.column += 1;
    }

    /// `ESC [ parameters final` (ECMA-48 5.4).
    fn sequence(&mut self, rest: &mut std::str::Chars<'_>) {
        if rest.next() != Some('[') {
            return self.unknown.push("an escape alone".into());
        }
        let mut parameters = String::new();
        let last = loop {
            match rest.next() {
                Some(c @ '@'..='~') => break c,
                Some(c) => parameters.push(c),
                // The rest of it is still on its way.
                None => return,
            }
        };
        let number = |at: usize| parameters.split(';').nth(at).and_then(|text| text.parse::<usize>().ok()).unwrap_or(1);
        match (last, &*parameters) {
            ('H', _) => (self.row, self.column) = (number(0).saturating_sub(1), number(1).saturating_sub(1)),
            ('J', "2") => self.cells.iter_mut().for_each(|row| row.fill(' ')),
            ('J', "" | "0") => {
                self.cells.iter_mut().skip(self.row + 1).for_each(|row| row.fill(' '));
                self.cells[self.row][self.column..].fill(' ');
            }
            ('K', "" | "0") => self.cells[self.row][self.column..].fill(' '),
            ('K', "2") => self.cells[self.row].fill(' '),
            ('m', "" | "0" | "39" | "49" | "39;49") => {}
            ('m', of) => self.has_colors |= of.split(';').any(|one| one.len() > 1 && !one.starts_with('2')),
            ('h' | 'l', "?1049") => {
                self.is_second = last == 'h';
                self.cells.iter_mut().for_each(|row| row.fill(' '));
            }
            ('h' | 'l', "?25") => self.has_cursor = last == 'h',
            _ => self.unknown.push(format!("CSI {parameters}{last}")),
        }
    }

    /// Its lines, without blanks at their ends and without blank lines at its end.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect();
        let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        lines.truncate(end);
        lines
    }

    /// The first line with this in it; empty if there is none.
    pub fn line(&self, part: &str) -> String {
        self.lines().into_iter().find(|line| line.contains(part)).unwrap_or_default()
    }

    /// Whether this stands on it, in one line.
    pub fn shows(&self, part: &str) -> bool {
        !self.line(part).is_empty()
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

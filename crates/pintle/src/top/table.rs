//! What stands in which column of routes and of upstreams, as text and with what it means; where it is shown, others know.

use super::model::{Asked, Row};
use super::shown::{rate, share, span, took};
use ratatui::text::Span;

/// Which table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Routes,
    Upstreams,
}

/// What a cell says beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// Nothing happened.
    Faint,
    Warning,
    Bad,
}

/// One column after the name.
pub(super) struct Column {
    pub(super) title: &'static str,
    /// No text is longer.
    pub(super) width: usize,
    pub(super) cell: fn(&Row) -> (String, Tone),
}

static ROUTES: [Column; 7] = [
    Column { title: "rate/s", width: 7, cell: |row| counted(row.rate, Tone::Plain) },
    Column { title: "4xx/s", width: 7, cell: |row| counted(row.client_errors, Tone::Warning) },
    Column { title: "5xx/s", width: 7, cell: |row| counted(row.server_errors, Tone::Bad) },
    Column { title: "5xx", width: 6, cell: |row| told(share(row.share), row.share > 0.0, Tone::Bad) },
    Column { title: "p50", width: 6, cell: |row| told(took(row.p50), row.p50.is_some(), Tone::Plain) },
    Column { title: "p99", width: 6, cell: |row| told(took(row.p99), row.p99.is_some(), Tone::Plain) },
    Column { title: "over", width: 5, cell: over },
];

static UPSTREAMS: [Column; 9] = [
    Column { title: "rate/s", width: 7, cell: |row| counted(row.rate, Tone::Plain) },
    Column { title: "fails/s", width: 7, cell: |row| counted(asked(row).failures, Tone::Bad) },
    Column { title: "again/s", width: 7, cell: |row| counted(asked(row).retries, Tone::Warning) },
    Column { title: "up", width: 7, cell: up },
    Column { title: "breaker", width: 7, cell: breaker },
    Column { title: "p99", width: 6, cell: |row| told(took(row.p99), row.p99.is_some(), Tone::Plain) },
    Column { title: "over", width: 5, cell: over },
    Column { title: "active", width: 6, cell: |row| active(asked(row).standing.active) },
    Column { title: "p50", width: 6, cell: |row| told(took(row.p50), row.p50.is_some(), Tone::Plain) },
];

impl Kind {
    /// All columns, the most telling first.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Kind::Routes => &ROUTES,
            Kind::Upstreams => &UPSTREAMS,
        }
    }

    /// How wide a name may be and how many columns there are, where all of it has to fit.
    pub(super) fn fit(self, width: usize) -> (usize, usize) {
        const NAME: usize = 18;
        let columns = self.columns();
        let taken = |count: usize| columns[..count].iter().map(|column| column.width + 1).sum::<usize>();
        let count = (0..=columns.len()).rev().find(|count| taken(*count) + NAME <= width).unwrap_or(0);
        (width.saturating_sub(taken(count)), count)
    }

    pub(super) fn other(self) -> Self {
        match self {
            Kind::Routes => Kind::Upstreams,
            Kind::Upstreams => Kind::Routes,
        }
    }

    /// The word for one of them, which is also the flag of `pintle why` that names it.
    pub(super) fn one(self) -> &'static str {
        match self {
            Kind::Routes => "route",
            Kind::Upstreams => "upstream",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Routes => "routes",
            Kind::Upstreams => "upstreams",
        }
    }
}

/// The name that is shown for a row.
pub(super) fn name(row: &Row) -> &str {
    if row.name.is_empty() { "(no route)" } else { &row.name }
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text of at most this width: what is cut off is told by `mark`.
pub(super) fn cut(text: &str, most: usize, mark: &str) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let room = most.saturating_sub(width(mark));
    for c in text.chars() {
        kept.push(c);
        if width(&kept) > room {
            kept.pop();
            break;
        }
    }
    if most == 0 { kept } else { kept + mark }
}

fn told(text: String, is_there: bool, tone: Tone) -> (String, Tone) {
    (text, if is_there { tone } else { Tone::Faint })
}

fn counted(value: f64, tone: Tone) -> (String, Tone) {
    told(rate(value), value > 0.0, tone)
}

/// Of which time percentiles are.
fn over(row: &Row) -> (String, Tone) {
    let text = row.p99.map_or_else(|| "-".into(), |_| span(row.over));
    (text, Tone::Faint)
}

fn asked(row: &Row) -> Asked {
    row.asked.unwrap_or_default()
}

fn up(row: &Row) -> (String, Tone) {
    let standing = asked(row).standing;
    let tone = match standing.up {
        up if up == standing.endpoints => Tone::Plain,
        0 => Tone::Bad,
        _ => Tone::Warning,
    };
    (format!("{}/{}", standing.up, standing.endpoints), tone)
}

fn breaker(row: &Row) -> (String, Tone) {
    match asked(row).standing.breaker_open {
        None => ("-".into(), Tone::Faint),
        Some(false) => ("closed".into(), Tone::Faint),
        Some(true) => ("open".into(), Tone::Bad),
    }
}

fn active(count: u64) -> (String, Tone) {
    told(count.to_string(), count > 0, Tone::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_into_any_width_and_the_first_ones_go_last() {
        assert_eq!(Kind::Routes.fit(80), (80 - 44 - 7, 7));
        assert_eq!(Kind::Upstreams.fit(80).1, 8);
        assert_eq!(Kind::Routes.fit(200).1, 7);
        assert_eq!(Kind::Routes.fit(30), (22, 1));
        assert_eq!(Kind::Routes.fit(5), (5, 0));
    }

    #[test]
    fn a_long_name_is_cut_by_its_width() {
        assert_eq!(cut("orders", 6, "…"), "orders");
        assert_eq!(cut("orders", 5, "…"), "orde…");
        assert_eq!(cut("日本語", 5, "…"), "日本…");
        assert_eq!(cut("日本語", 4, "…"), "日…");
        assert_eq!(cut("orders", 0, "…"), "");
    }
}

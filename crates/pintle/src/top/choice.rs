//! Which rows are shown, and in which order.

use super::model::Row;
use std::cmp::Ordering;

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sort {
    /// What has the most requests.
    #[default]
    Rate,
    /// What fails most: by 5xx, then by 4xx; of upstreams by failed attempts.
    Errors,
    /// What takes longest.
    P99,
    /// By name.
    Name,
}

/// Sorting and filtering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) sort: Sort,
    pub(super) reversed: bool,
    pub(super) filter: String,
}

impl Sort {
    pub(super) fn next(self) -> Self {
        match self {
            Sort::Rate => Sort::Errors,
            Sort::Errors => Sort::P99,
            Sort::P99 => Sort::Name,
            Sort::Name => Sort::Rate,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Sort::Rate => "rate",
            Sort::Errors => "errors",
            Sort::P99 => "p99",
            Sort::Name => "name",
        }
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let errors = |row: &Row| (row.asked.map_or(0.0, |asked| asked.failures), row.server_errors, row.client_errors);
        let first = match self {
            Sort::Rate => b.rate.total_cmp(&a.rate),
            Sort::Errors => {
                let (a, b) = (errors(a), errors(b));
                b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then(b.2.total_cmp(&a.2))
            }
            Sort::P99 => b.p99.cmp(&a.p99),
            Sort::Name => Ordering::Equal,
        };
        // So that rows with equal numbers keep their places from look to look.
        first.then_with(|| a.name.cmp(&b.name))
    }
}

impl Choice {
    /// The rows to show, in their order.
    pub(super) fn of<'r>(&self, rows: &'r [Row]) -> Vec<&'r Row> {
        let wanted = self.filter.to_lowercase();
        let is_wanted = |row: &&Row| wanted.is_empty() || row.name.to_lowercase().contains(&wanted);
        let mut chosen: Vec<&Row> = rows.iter().filter(is_wanted).collect();
        chosen.sort_by(|a, b| self.sort.compare(a, b));
        if self.reversed {
            chosen.reverse();
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::quantile::Quantile;
    use std::time::Duration;

    fn row(name: &str, rate: f64, errors: f64, p99: u64) -> Row {
        let p99 = Some(Quantile::At(Duration::from_millis(p99)));
        Row { name: name.into(), rate, server_errors: errors, p99, ..Row::default() }
    }

    fn names(choice: &Choice, rows: &[Row]) -> Vec<String> {
        choice.of(rows).into_iter().map(|row| row.name.clone()).collect()
    }

    #[test]
    fn rows_come_by_what_is_asked_for_and_equal_ones_by_name() {
        let rows = [row("b", 5.0, 0.0, 9), row("a", 5.0, 2.0, 1), row("c", 9.0, 0.0, 3)];
        let by = |sort| Choice { sort, ..Choice::default() };
        assert_eq!(names(&by(Sort::Rate), &rows), ["c", "a", "b"]);
        assert_eq!(names(&by(Sort::Errors), &rows), ["a", "b", "c"]);
        assert_eq!(names(&by(Sort::P99), &rows), ["b", "c", "a"]);
        assert_eq!(names(&by(Sort::Name), &rows), ["a", "b", "c"]);
        assert_eq!(names(&Choice { reversed: true, ..by(Sort::Rate) }, &rows), ["b", "a", "c"]);
    }

    #[test]
    fn a_filter_takes_names_that_contain_it_whatever_its_case() {
        let rows = [row("GET /Orders", 1.0, 0.0, 1), row("carts", 2.0, 0.0, 1)];
        let choice = Choice { filter: "order".into(), ..Choice::default() };
        assert_eq!(names(&choice, &rows), ["GET /Orders"]);
    }
}

//! The rows of docs/failures.md.

use std::fs;

/// What the page says of a fault.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What the service does.
    pub(super) fault: String,
    /// What the client gets: a status, with `whole` or `cut` where a service's answer has begun.
    pub(super) gets: String,
    /// The limit whose time it takes; none where it is at once.
    pub(super) limit: Option<String>,
    /// The reason in the problem and in the log.
    pub(super) reason: Option<String>,
    /// The series that grow.
    pub(super) metrics: Vec<String>,
}

/// All rows of the page's one table.
pub(super) fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/failures.md");
    let page = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = page.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let rows: Vec<Row> = lines.take_while(|line| line.starts_with('|')).map(row).collect();
    assert!(rows.len() > 30, "the table of {path} has {} rows", rows.len());
    assert_eq!(page.lines().filter(|line| line.starts_with("| ---")).count(), 1, "{path} has one table");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [fault, gets, after, reason, metrics] = cells[..] else { panic!("not five cells: {line}") };
    let row = Row {
        fault: fault.to_owned(),
        gets: gets.replace('`', ""),
        limit: spans(after).first().cloned(),
        reason: spans(reason).first().cloned(),
        metrics: spans(metrics),
    };
    assert!(!row.metrics.is_empty(), "nothing counts it: {line}");
    assert!(row.limit.is_some() || after.starts_with("at once"), "neither a limit nor `at once`: {line}");
    assert!(row.reason.is_some() || reason == "–", "neither a reason nor `–`: {line}");
    row
}

/// What stands between backticks.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

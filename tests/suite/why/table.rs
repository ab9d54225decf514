//! The rows of docs/why.md.

use super::play::Seen;
use std::collections::BTreeMap;
use std::fs;

/// What the page says of an incident.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) incident: String,
    /// What the client gets: a status, or `nothing`.
    pub(super) gets: String,
    /// What `pintle why` says first.
    pub(super) sentence: String,
    /// What to do.
    pub(super) remedy: String,
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/why.md");

/// All rows of the page's table of incidents.
pub(super) fn rows() -> Vec<Row> {
    let page = fs::read_to_string(PATH).unwrap_or_else(|error| panic!("{PATH}: {error}"));
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::trim).collect();
    let [incident, gets, sentence, remedy] = cells[..] else { return None };
    let is_row = !incident.starts_with("---") && incident != "incident";
    is_row.then(|| Row {
        incident: incident.to_owned(),
        gets: gets.replace('`', ""),
        sentence: sentence.trim_start_matches("``").trim_end_matches("``").trim().to_owned(),
        remedy: remedy.to_owned(),
    })
}

/// Writes what was seen into the rows.
pub(super) fn write(seen: &BTreeMap<String, Seen>) {
    let page = fs::read_to_string(PATH).unwrap_or_else(|error| panic!("{PATH}: {error}"));
    let line = |line: &str| match row(line) {
        Some(Row { incident, remedy, gets, sentence }) => {
            let (gets, sentence) =
                seen.get(&incident).map_or((gets, sentence), |seen| (seen.gets.clone(), seen.sentence.clone()));
            let gets = if gets == "nothing" { gets } else { format!("`{gets}`") };
            format!("| {incident} | {gets} | `` {sentence} `` | {remedy} |\n")
        }
        None => format!("{line}\n"),
    };
    fs::write(PATH, page.lines().map(line).collect::<String>()).unwrap_or_else(|error| panic!("{PATH}: {error}"));
}

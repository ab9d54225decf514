//! docs/metrics.md is fresh, and what dashboards and alerts ask for is there.

use pintle_config::{metrics, metrics_page};
use pintle_core::config::{Node, Reader, Sources};
use pintle_core::counters::Kind;
use regex::Regex;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_is_fresh() {
    let (path, page) = (root().join("docs/metrics.md"), metrics_page());
    assert!(!page.contains("{{"), "a line of the page was not replaced");
    for family in metrics() {
        assert_eq!(page.matches(&format!("| `{}` |", family.name)).count(), 1, "{}", family.name);
    }
    if std::env::var_os("PINTLE_BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/metrics.md is not fresh: PINTLE_BLESS=1 writes it anew");
}

/// The labels that a series may have by its name.
fn series() -> HashMap<String, Vec<&'static str>> {
    let mut series = HashMap::new();
    for family in metrics() {
        let mut add = |end: &str, more: &[&'static str]| {
            series.insert(format!("{}{end}", family.name), [family.labels, more].concat());
        };
        if family.kind == Kind::Histogram {
            add("_bucket", &["le"]);
            add("_sum", &[]);
            add("_count", &[]);
        } else {
            add("", &[]);
        }
    }
    series
}

/// What a scrape and an alert add.
const ADDED: [&str; 2] = ["job", "instance"];

/// All that is wrong with a query: names that are not there, and labels that no series in it has.
fn mistakes(query: &str) -> Vec<String> {
    let series = series();
    let name = Regex::new(r"\b((?:pintle|process)_[a-z0-9_]+)(?:\{([^}]*)\})?").expect("an expression");
    let matcher = Regex::new("([a-zA-Z_][a-zA-Z0-9_]*)\\s*(?:=~|!~|!=|=)").expect("an expression");
    let grouping =
        Regex::new(r"\b(?:by|on|group_left|group_right|ignoring|without)\s*\(([^)]*)\)").expect("an expression");
    let (mut wrong, mut known, mut names) = (Vec::new(), ADDED.to_vec(), 0);
    for found in name.captures_iter(query) {
        names += 1;
        let Some(labels) = series.get(&found[1]) else {
            wrong.push(format!("no metric {}", &found[1]));
            continue;
        };
        known.extend(labels);
        for label in matcher.captures_iter(found.get(2).map_or("", |labels| labels.as_str())) {
            if !labels.contains(&&label[1]) && !ADDED.contains(&&label[1]) {
                wrong.push(format!("{} has no label {}", &found[1], &label[1]));
            }
        }
    }
    for group in grouping.captures_iter(query) {
        for label in group[1].split(',').map(str::trim).filter(|label| !label.is_empty()) {
            if !known.contains(&label) {
                wrong.push(format!("nothing has a label {label}"));
            }
        }
    }
    if names == 0 {
        wrong.push("no metric at all".into());
    }
    wrong
}

#[test]
fn mistakes_in_queries_are_found() {
    for (query, wrong) in [
        ("sum by (route, le) (rate(pintle_request_duration_seconds_bucket{status=\"5xx\",job=\"a\"}[5m]))", 0),
        ("up == 1", 1),
        ("pintle_request_total", 1),
        ("pintle_request_duration_seconds", 1),
        ("pintle_requests_total{endpoint=\"a\"}", 1),
        ("sum by (endpoint) (pintle_requests_total)", 1),
        ("sum by (le) (pintle_requests_total{path!=\"a\",status=~\"5..\"})", 2),
    ] {
        assert_eq!(mistakes(query).len(), wrong, "{query}: {:?}", mistakes(query));
    }
}

/// Everything under a key, wherever it stands.
fn under<'n>(node: &'n Node, key: &str, found: &mut Vec<&'n str>) {
    for child in node.as_list().into_iter().flatten() {
        under(child, key, found);
    }
    for entry in node.as_map().into_iter().flatten() {
        match entry.value.as_text() {
            Some(text) if *entry.key.value == *key => found.push(text),
            _ => under(&entry.value, key, found),
        }
    }
}

fn check(file: &Path, keys: &[&str], least: usize) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut reader = Reader::new();
    let sources = Sources::from_text(&file.display().to_string(), &text, &mut reader);
    assert!(!reader.diagnostics.has_errors(), "{}", reader.diagnostics.render(false));
    let mut queries = Vec::new();
    keys.iter().for_each(|key| under(&sources.root, key, &mut queries));
    assert!(queries.len() >= least, "{}: {} queries", file.display(), queries.len());
    for query in queries {
        // A variable of a dashboard stands for any metric's label.
        let asked = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let asked = asked.and_then(|rest| rest.rsplit_once(','));
        let query = match asked {
            Some((metric, label)) => format!("sum by ({}) ({metric})", label.trim()),
            None => query.to_owned(),
        };
        assert_eq!(mistakes(&query), [""; 0], "{}: {query}", file.display());
    }
}

#[test]
fn every_query_of_a_dashboard_asks_for_what_is_there() {
    let folder = root().join("deploy/grafana");
    let boards: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    assert!(boards.len() >= 3, "{boards:?}");
    boards.iter().for_each(|board| check(board, &["expr", "definition"], 8));
}

#[test]
fn every_alert_asks_for_what_is_there() {
    check(&root().join("deploy/prometheus/alerts.yaml"), &["expr"], 10);
}

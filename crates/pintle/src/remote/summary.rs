//! The status of a gateway for people. It reads what `/status` says by name and leaves out what is not there, so that
//! the command and a gateway of another version understand each other.

use pintle_telemetry::utc;
use serde_json::Value;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many lines of the last refusal's messages are shown.
const MOST_LINES: usize = 20;

/// What `/status` says.
pub(super) struct Status(Value);

impl Status {
    /// None if it is not a Pintle that says it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value.get("pintle")?.as_str()?;
        value.get("configuration")?.as_object()?;
        Some(Status(value))
    }

    /// The same in some lines, as seen at `now`.
    pub(super) fn summary(&self, now: SystemTime) -> String {
        let status = &self.0;
        let configuration = &status["configuration"];
        let mut text = format!("Pintle {}", word(&status["pintle"]));
        if status["draining"] == true {
            text.push_str(", draining");
        }
        let _ = write!(text, "\nconfiguration {}", word(&configuration["version"]));
        if let Some(since) = time(&configuration["since"]) {
            let _ = write!(text, " since {}", seen(since, now));
        }
        if let Some(by) = configuration["by"].as_str() {
            let _ = write!(text, ", by {by}");
        }
        if let Some(took) = configuration["took_ms"].as_u64() {
            let _ = write!(text, ", taken in {took} ms");
        }
        text.push('\n');
        refusal(&mut text, &configuration["last_refusal"], now);
        let counts = ["route", "connection"].map(|one| (one, status[format!("{one}s")].as_u64()));
        let counts = counts
            .iter()
            .filter_map(|(one, count)| count.map(|n| format!("{n} {one}{}", if n == 1 { "" } else { "s" })));
        let counts: Vec<_> = counts.collect();
        let _ = writeln!(text, "{}", counts.join(", "));
        section(&mut text, "listeners", &status["listeners"], |listener| {
            let tls = if listener["tls"] == true { "TLS" } else { "" };
            items(&listener["addresses"]).map(|address| vec![word(address), tls.into()]).collect()
        });
        section(&mut text, "upstreams", &status["upstreams"], |upstream| {
            let breaker = (upstream["breaker_open"] == true).then(|| vec!["its circuit breaker is open".to_owned()]);
            breaker.into_iter().chain(items(&upstream["endpoints"]).map(endpoint)).collect()
        });
        text
    }
}

fn refusal(text: &mut String, refusal: &Value, now: SystemTime) {
    let Some(messages) = refusal["messages"].as_str() else { return };
    let at = time(&refusal["at"]).map_or_else(String::new, |at| format!(" {}", seen(at, now)));
    let _ = writeln!(text, "a change was refused{at}:");
    let lines: Vec<_> = messages.lines().collect();
    for line in lines.iter().take(MOST_LINES) {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    if lines.len() > MOST_LINES {
        let _ = writeln!(text, "    … and {} lines more: --format json has them", lines.len() - MOST_LINES);
    }
}

fn endpoint(endpoint: &Value) -> Vec<String> {
    let mut cells = vec![word(&endpoint["address"])];
    let counts = [("active", "active"), ("idle_connections", "idle")];
    let counts = counts.iter().filter_map(|(key, called)| Some(format!("{} {called}", endpoint[*key].as_u64()?)));
    cells.push(counts.collect::<Vec<_>>().join(", "));
    // What another version knows of it, such as its health.
    cells.extend(["state", "health"].iter().filter_map(|key| endpoint[*key].as_str()).map(str::to_owned));
    cells
}

/// A list of named things, each with its rows, in columns.
fn section(text: &mut String, title: &str, list: &Value, rows: impl Fn(&Value) -> Vec<Vec<String>>) {
    let mut table: Vec<Vec<String>> = Vec::new();
    for item in items(list) {
        let mut name = word(&item["name"]);
        let mut rows = rows(item);
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        for row in rows {
            table.push([vec![std::mem::take(&mut name)], row].concat());
        }
    }
    if table.is_empty() {
        return;
    }
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| table.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let _ = writeln!(text, "\n{title}");
    for row in &table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "  {cell:<width$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "?".into(),
        value => value.to_string(),
    }
}

/// A time in seconds since 1970.
fn time(value: &Value) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(value.as_u64()?))
}

/// A time and how long ago that is. Another machine's clock may be ahead: then it is now.
fn seen(at: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(at).unwrap_or_default().as_secs();
    let ago = match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    };
    format!("{} ({ago} ago)", utc(at))
}

#[cfg(test)]
mod tests {
    use super::Status;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_status_is_told_in_lines_and_columns() {
        let status = json!({
            "pintle": "0.1.0",
            "configuration": {
                "version": 3, "since": 1_700_000_000, "by": "file", "took_ms": 12,
                "last_refusal": {"at": 1_700_000_060, "messages": "error[a]: b\n --> c.yaml:1:1\n"},
            },
            "draining": false, "connections": 2, "routes": 5,
            "listeners": [
                {"name": "public", "addresses": ["0.0.0.0:8443", "[::]:8443"], "tls": true},
                {"name": "plain", "addresses": ["0.0.0.0:8080"], "tls": false},
            ],
            "upstreams": [
                {"name": "orders", "endpoints": [
                    {"address": "127.0.0.1:9001", "active": 1, "idle_connections": 10},
                    {"address": "127.0.0.1:9011", "active": 0, "idle_connections": 0},
                ]},
                {"name": "empty", "endpoints": []},
            ],
        });
        let status = Status::read(&status.to_string()).expect("a status");
        assert_eq!(
            status.summary(UNIX_EPOCH + Duration::from_secs(1_700_000_100)),
            "Pintle 0.1.0
configuration 3 since 2023-11-14T22:13:20Z (1m 40s ago), by file, taken in 12 ms
a change was refused 2023-11-14T22:14:20Z (40s ago):
    error[a]: b
     --> c.yaml:1:1
5 routes, 2 connections

listeners
  public  0.0.0.0:8443  TLS
          [::]:8443     TLS
  plain   0.0.0.0:8080

upstreams
  orders  127.0.0.1:9001  1 active, 10 idle
          127.0.0.1:9011  0 active, 0 idle
  empty
"
        );
    }

    #[test]
    fn what_is_missing_is_left_out_and_what_is_no_pintle_is_no_status() {
        let status = Status::read(r#"{"pintle": "9", "configuration": {}, "draining": true}"#).expect("a status");
        assert!(status.summary(UNIX_EPOCH).starts_with("Pintle 9, draining\nconfiguration ?\n"));
        for text in ["", "ok\n", "[]", "{}", r#"{"pintle": 1, "configuration": {}}"#, r#"{"status": "ok"}"#] {
            assert!(Status::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_messages_are_cut() {
        let messages = "x\n".repeat(100);
        let status = json!({"pintle": "1", "configuration": {"last_refusal": {"at": 0, "messages": messages}}});
        let text = Status::read(&status.to_string()).expect("a status").summary(UNIX_EPOCH);
        assert!(text.contains("… and 80 lines more"), "{text}");
    }
}

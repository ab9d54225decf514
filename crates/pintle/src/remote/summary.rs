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
            let _ = write!(text, ", by {by}{}", who(&configuration["who"]));
        }
        if let Some(took) = configuration["took_ms"].as_u64() {
            let _ = write!(text, ", taken in {took} ms");
        }
        text.push('\n');
        refusal(&mut text, &configuration["last_refusal"], now);
        let _ = writeln!(text, "{}", counts(status).join(", "));
        if let Some(why) = status["state_failure"].as_str() {
            let _ = writeln!(text, "{why}");
        }
        if let Some(lost @ 1..) = status["lost"]["log_records"].as_u64() {
            let _ = writeln!(text, "{lost} records of the access log are lost");
        }
        section(&mut text, "listeners", &status["listeners"], |listener| {
            let tls = if listener["tls"] == true { "TLS" } else { "" };
            let addresses = items(&listener["addresses"]).map(|address| vec![word(address), tls.into()]);
            addresses.chain(items(&listener["certificates"]).map(|one| certificate(one, now))).collect()
        });
        if let Some(address) = status["admin"]["address"].as_str() {
            let tls = if status["admin"]["tls"] == true { "  TLS" } else { "" };
            let _ = writeln!(text, "\nadmin\n  {address}{tls}");
            for one in items(&status["admin"]["certificates"]) {
                let _ = writeln!(text, "  {}", certificate(one, now).join("  "));
            }
        }
        section(&mut text, "upstreams", &status["upstreams"], |upstream| {
            let breaker = (upstream["breaker_open"] == true).then(|| vec!["its circuit breaker is open".to_owned()]);
            let shown = items(&upstream["endpoints"]).count() as u64;
            let more =
                upstream["endpoints_total"].as_u64().and_then(|all| all.checked_sub(shown)).filter(|more| *more > 0);
            let more = more.map(|more| vec![format!("… and {more} more: --upstream has them")]);
            breaker.into_iter().chain(items(&upstream["endpoints"]).map(endpoint)).chain(more).collect()
        });
        if status["upstreams_next"].is_string() {
            let shown = items(&status["upstreams"]).count();
            let _ = writeln!(
                text,
                "  … {shown} of {} upstreams: --upstream NAME has one",
                word(&status["upstreams_total"])
            );
        }
        text
    }
}

/// Who asked for a change, as far as it is known.
fn who(who: &Value) -> String {
    let Some(peer) = who["peer"].as_str() else { return String::new() };
    let uid = who["uid"].as_u64().map_or_else(String::new, |uid| format!(" uid {uid}"));
    let agent = who["agent"].as_str().map_or_else(String::new, |agent| format!(" with {agent}"));
    format!(" from {peer}{uid}{agent}")
}

/// How many there are of what can be counted.
fn counts(status: &Value) -> Vec<String> {
    let connections = status["connections"].as_u64().or(status["connections"]["open"].as_u64());
    let counted =
        [("route", status["routes"].as_u64()), ("connection", connections), ("worker", status["workers"].as_u64())];
    let counts =
        counted.iter().filter_map(|(one, count)| count.map(|n| format!("{n} {one}{}", if n == 1 { "" } else { "s" })));
    let memory = status["memory"]["resident_bytes"].as_u64().map(|bytes| format!("{} MiB", bytes >> 20));
    let states = status["endpoints"].as_object().into_iter().flatten();
    let states = states.filter(|(state, count)| *state != "up" && count.as_u64() > Some(0));
    let states = states.map(|(state, count)| format!("{count} of the endpoints {state}"));
    counts.chain(memory).chain(states).collect()
}

/// A certificate, and how long it has.
fn certificate(certificate: &Value, now: SystemTime) -> Vec<String> {
    let names: Vec<String> = items(&certificate["names"]).map(word).collect();
    let names = if names.is_empty() { word(&certificate["file"]) } else { names.join(", ") };
    let ends = match time(&certificate["ends"]).map(|end| end.duration_since(now)) {
        Some(Ok(left)) => format!("ends in {}", rough(left.as_secs())),
        Some(Err(_)) => "has ended".to_owned(),
        None => String::new(),
    };
    vec![format!("certificate {names}"), ends]
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
    format!("{} ({} ago)", utc(at), rough(seconds))
}

fn rough(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
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
                "version": 3, "since": 1_700_000_000, "by": "put", "took_ms": 12,
                "who": {"peer": "unix", "uid": 1000, "agent": "pintle/0.1.0"},
                "last_refusal": {"at": 1_700_000_060, "messages": "error[a]: b\n --> c.yaml:1:1\n"},
            },
            "draining": false, "routes": 5, "workers": 2, "connections": {"open": 2, "most": 20000},
            "memory": {"resident_bytes": 31457280}, "lost": {"log_records": 7}, "state_failure": "the state folder is full",
            "endpoints": {"up": 1, "down": 1, "ejected": 0},
            "listeners": [
                {
                    "name": "public", "addresses": ["0.0.0.0:8443", "[::]:8443"], "tls": true,
                    "certificates": [
                        {"file": "a.pem", "names": ["a.example.com", "b.example.com"], "ends": 1_700_900_000},
                        {"file": "old.pem", "names": [], "ends": 1_600_000_000},
                    ],
                },
                {"name": "plain", "addresses": ["0.0.0.0:8080"], "tls": false},
            ],
            "upstreams": [
                {"name": "orders", "endpoints": [
                    {"address": "127.0.0.1:9001", "active": 1, "idle_connections": 10},
                    {"address": "127.0.0.1:9011", "active": 0, "idle_connections": 0},
                ]},
                {"name": "empty", "endpoints": []},
            ],
            "upstreams_total": 700, "upstreams_next": "orders",
            "admin": {"address": "127.0.0.1:9900", "tls": false, "certificates": []},
        });
        let status = Status::read(&status.to_string()).expect("a status");
        assert_eq!(
            status.summary(UNIX_EPOCH + Duration::from_secs(1_700_000_100)),
            "Pintle 0.1.0
configuration 3 since 2023-11-14T22:13:20Z (1m 40s ago), by put from unix uid 1000 with pintle/0.1.0, taken in 12 ms
a change was refused 2023-11-14T22:14:20Z (40s ago):
    error[a]: b
     --> c.yaml:1:1
5 routes, 2 connections, 2 workers, 30 MiB, 1 of the endpoints down
the state folder is full
7 records of the access log are lost

listeners
  public  0.0.0.0:8443                              TLS
          [::]:8443                                 TLS
          certificate a.example.com, b.example.com  ends in 10d 9h
          certificate old.pem                       has ended
  plain   0.0.0.0:8080

admin
  127.0.0.1:9900

upstreams
  orders  127.0.0.1:9001  1 active, 10 idle
          127.0.0.1:9011  0 active, 0 idle
  empty
  … 2 of 700 upstreams: --upstream NAME has one
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

//! What there was between two looks, as text in columns and as JSON, for scripts and for who has no terminal.

use super::choice::Choice;
use super::model::{Row, View};
use super::quantile::Quantile;
use super::shown::{age, bytes, rate, share, span, took};
use super::table::{Kind, name, width};
use serde_json::{Value, json};
use std::fmt::Write;

/// The whole in some lines, then the tables; with `upstreams` theirs alone.
pub(super) fn text(view: &View, choice: &Choice, upstreams: bool) -> String {
    let program = &view.program;
    let mut text =
        format!("Pintle {}, up {}, configuration {}", program.version, age(program.uptime), program.configuration);
    let Some(interval) = view.interval else {
        text.push_str("\nit began anew between two looks: ask again\n");
        return text;
    };
    let all = &view.all;
    let _ = writeln!(
        text,
        "\n{} requests/s over {}: {} are 4xx/s, {} 5xx/s ({}); p50 {}, p99 {} over {}; {} under way",
        rate(all.rate),
        span(interval),
        rate(all.client_errors),
        rate(all.server_errors),
        share(all.share),
        took(all.p50),
        took(all.p99),
        span(all.over),
        program.active
    );
    let mut process = vec![format!("{} connections", program.connections)];
    process.extend(view.cpu.map(|cpu| format!("CPU {}", share(cpu))));
    process.extend(program.memory.map(|memory| format!("memory {}", bytes(memory))));
    process.extend(program.descriptors.map(|(open, most)| format!("{open} of {most} files")));
    let _ = writeln!(text, "{}", process.join(", "));
    for warning in warnings(view) {
        let _ = writeln!(text, "warning: {warning}");
    }
    let tables = [(Kind::Routes, &view.routes), (Kind::Upstreams, &view.upstreams)];
    for (kind, rows) in tables.into_iter().skip(usize::from(upstreams)) {
        table(&mut text, kind, &choice.of(rows));
    }
    text
}

/// What an operator should know of the program.
pub(super) fn warnings(view: &View) -> Vec<String> {
    let program = &view.program;
    let mut warnings = Vec::new();
    if program.draining {
        warnings.push("it drains: what is under way may end, nothing begins".to_owned());
    }
    if program.refused.is_some() {
        let still = program.configuration;
        warnings.push(format!("a configuration was refused, {still} stays in force: `pintle status` says why"));
    }
    if program.lost > 0 {
        let s = if program.lost == 1 { "" } else { "s" };
        warnings.push(format!("{} log record{s} lost since the start", program.lost));
    }
    warnings
}

fn table(text: &mut String, kind: Kind, rows: &[&Row]) {
    let titles = kind.columns();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| titles.iter().map(|column| (column.cell)(row).0).collect()).collect();
    let names = rows.iter().map(|row| width(name(row))).max().unwrap_or(0).max(kind.title().len());
    let widths = |at: usize| cells.iter().map(|row| row[at].len()).max().unwrap_or(0).max(titles[at].title.len());
    let widths: Vec<usize> = (0..titles.len()).map(widths).collect();
    let mut line = |first: &str, cells: &mut dyn Iterator<Item = &str>| {
        let _ = write!(text, "{first}{:1$}", "", names.saturating_sub(width(first)));
        for (cell, width) in cells.zip(widths.iter().copied()) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    };
    line("", &mut std::iter::empty());
    line(kind.title(), &mut titles.iter().map(|column| column.title));
    for (row, cells) in rows.iter().zip(&cells) {
        line(name(row), &mut cells.iter().map(String::as_str));
    }
}

/// The same for programs: numbers, where text has figures.
pub(super) fn json(view: &View, choice: &Choice) -> String {
    let program = &view.program;
    let rows = |rows: &[Row]| choice.of(rows).into_iter().map(row).collect::<Vec<Value>>();
    let value = json!({
        "pintle": program.version,
        "uptime_seconds": program.uptime.as_secs_f64(),
        "configuration": program.configuration,
        "interval_seconds": view.interval.map(|interval| interval.as_secs_f64()),
        "connections": program.connections,
        "active": program.active,
        "cpu": view.cpu,
        "memory": program.memory,
        "descriptors": program.descriptors.map(|(open, _)| open),
        "max_descriptors": program.descriptors.map(|(_, most)| most),
        "warnings": warnings(view),
        "all": view.interval.map(|_| row(&view.all)),
        "routes": rows(&view.routes),
        "upstreams": rows(&view.upstreams),
    });
    format!("{value:#}\n")
}

fn row(row: &Row) -> Value {
    // What is beyond the last bound is at least that.
    let seconds = |quantile: Option<Quantile>| {
        quantile.map(|quantile| match quantile {
            Quantile::At(time) | Quantile::Over(time) => time.as_secs_f64(),
        })
    };
    let mut value = json!({
        "name": row.name,
        "requests_per_second": row.rate,
        "client_errors_per_second": row.client_errors,
        "server_errors_per_second": row.server_errors,
        "server_errors_share": row.share,
        "p50_seconds": seconds(row.p50),
        "p99_seconds": seconds(row.p99),
        "percentiles_over_seconds": row.p99.map(|_| row.over.as_secs_f64()),
        "beyond_bounds": matches!(row.p99, Some(Quantile::Over(_))),
    });
    if let Some(asked) = row.asked {
        value["failures_per_second"] = asked.failures.into();
        value["retries_per_second"] = asked.retries.into();
        value["endpoints_up"] = asked.standing.up.into();
        value["endpoints"] = asked.standing.endpoints.into();
        value["active"] = asked.standing.active.into();
        value["breaker_open"] = asked.standing.breaker_open.into();
    }
    value
}

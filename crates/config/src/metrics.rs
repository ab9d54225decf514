//! Every metric of the program, and docs/metrics.md, which is made from them. What is no metric stands in
//! `metrics/page.txt`.

use pintle_core::counters::{Family, Kind};
use pintle_telemetry::metrics::{BOUNDS, families};
use std::fmt::Write;

const PAGE: &str = include_str!("metrics/page.txt");

/// The sections of the page: the name that its line in the page's text has, and how the names of its metrics begin. A
/// metric stands in the first that fits.
const SECTIONS: [(&str, &[&str]); 8] = [
    ("requests", &["pintle_request", "pintle_response", "pintle_refusals", "pintle_answers", "pintle_batch"]),
    ("aggregates", &["pintle_part"]),
    ("upstreams", &["pintle_upstream", "pintle_dns"]),
    ("clients", &["pintle_connections", "pintle_worker_", "pintle_tls", "pintle_certificate", "pintle_tunnel"]),
    ("policies", &["pintle_compress", "pintle_concurrency", "pintle_quota", "pintle_rate_limit", "pintle_store"]),
    ("telemetry", &["pintle_log", "pintle_metrics", "pintle_otlp", "pintle_traces", "pintle_why"]),
    ("process", &["process_"]),
    ("gateway", &["pintle_"]),
];

/// Every metric.
pub fn metrics() -> impl Iterator<Item = &'static Family> {
    let inner = pintle_policies::families().chain(pintle_actions::families());
    families::ALL.iter().copied().chain(inner).chain(pintle_store::FAMILIES.iter().copied())
}

/// The page docs/metrics.md.
pub fn metrics_page() -> String {
    let mut page = PAGE.to_owned();
    for (index, (name, _)) in SECTIONS.iter().enumerate() {
        let mut table = "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
        metrics().filter(|family| section(family) == index).for_each(|family| row(family, &mut table));
        page = page.replace(&format!("{{{{{name}}}}}\n"), &table);
    }
    for (name, bounds) in ["seconds", "bytes"].into_iter().zip(BOUNDS) {
        page = page.replace(&format!("{{{{{name}}}}}"), &bounds.texts().collect::<Vec<_>>().join(", "));
    }
    page
}

fn section(family: &Family) -> usize {
    let fits = |(_, starts): &(&str, &[&str])| starts.iter().any(|start| family.name.starts_with(start));
    SECTIONS.iter().position(fits).unwrap_or(SECTIONS.len() - 1)
}

fn row(Family { name, help, kind, labels }: &Family, table: &mut String) {
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
    let _ = writeln!(table, "| `{name}` | {kind} | {} | {help} |", labels.join(", "));
}

//! Every metric of the program but those of policies, which name their own: what docs/metrics.md and the tests of
//! dashboards and alerts are made from. What is not here has no series.
//!
//! Long because it is one list.

use pintle_core::counters::Family;

/// Declares families, and the list of them.
macro_rules! families {
    ($($(#[doc = $doc:literal])* $name:ident = $family:expr;)*) => {
        $($(#[doc = $doc])* pub static $name: Family = $family;)*

        /// All of them, in the order of the page.
        pub static ALL: &[&Family] = &[$(&$name),*];
    };
}

const REQUEST: &[&str] = &["listener", "route", "upstream", "method", "status"];
const PART: &[&str] = &["route", "part", "upstream", "state", "reason"];
const LISTENER: &[&str] = &["listener"];
const UPSTREAM: &[&str] = &["upstream"];

families! {
    /// Requests.
    REQUESTS = Family::counter(
        "pintle_requests_total",
        "Requests that are over. No route took those with an empty route; no upstream was asked for those with an empty upstream.",
        REQUEST,
    );
    /// How long they took.
    REQUEST_DURATION = Family::histogram(
        "pintle_request_duration_seconds",
        "Time from the end of a request's head to the last byte of its answer.",
        REQUEST,
    );
    /// What clients got.
    RESPONSE_CONTENT = Family::histogram(
        "pintle_response_content_bytes",
        "Size of the content of answers, as clients got it.",
        REQUEST,
    );
    /// What clients sent.
    REQUEST_CONTENT = Family::histogram(
        "pintle_request_content_bytes",
        "Size of the content of those requests that had any.",
        REQUEST,
    );
    /// Parts of aggregates.
    PARTS = Family::counter(
        "pintle_parts_total",
        "Parts of aggregates, by what became of them: ok, failed (for which reason), skipped, or waiting where the request ended \
         before that was known.",
        PART,
    );
    /// How long they took.
    PART_DURATION = Family::histogram(
        "pintle_part_duration_seconds",
        "Time from the first call of a part of an aggregate until it was settled. Parts that made no call are not among them.",
        PART,
    );
    /// Their calls.
    PART_CALLS = Family::counter(
        "pintle_part_calls_total",
        "Calls that were made for parts of aggregates; several where it goes through a list. Retries are no calls of their own.",
        PART,
    );
    /// Refusals.
    REFUSALS = Family::counter(
        "pintle_refusals_total",
        "Requests that the gateway answered by itself for want of something better, by the policy that refused (empty: none did) and the reason.",
        &["policy", "reason"],
    );
    /// Cut answers.
    CUT = Family::counter(
        "pintle_answers_cut_total",
        "Answers that began and did not go out whole, by reason.",
        &["reason"],
    );

    /// Open connections.
    CONNECTIONS = Family::gauge("pintle_connections_active", "Open connections of clients.", LISTENER);
    /// All connections.
    CONNECTIONS_MADE = Family::counter("pintle_connections_total", "Connections that clients made.", LISTENER);
    /// Connections past the bound.
    CONNECTIONS_REFUSED = Family::counter(
        "pintle_connections_refused_total",
        "Connections that were closed at once, because there were as many as `limits.connections` allows.",
        LISTENER,
    );
    /// The bound on them.
    CONNECTIONS_MAX = Family::gauge(
        "pintle_connections_max",
        "How many connections of clients may be open over all listeners: `limits.connections`.",
        &[],
    );
    /// Who accepts.
    WORKER_CONNECTIONS = Family::counter(
        "pintle_worker_connections_total",
        "Connections of clients by the worker that accepted them.",
        &["worker"],
    );
    /// Requests under way.
    REQUESTS_ACTIVE = Family::gauge("pintle_requests_active", "Requests that are under way.", LISTENER);
    /// Handshakes.
    HANDSHAKES = Family::counter(
        "pintle_tls_handshakes_total",
        "TLS handshakes with clients, by result: ok or failed.",
        &["listener", "result"],
    );
    /// Why they failed.
    HANDSHAKE_FAILURES = Family::counter(
        "pintle_tls_handshake_failures_total",
        "TLS handshakes that failed, by reason: timeout, closed (by the client), certificate (the client's is missing or bad), \
         incompatible (no common version, cipher or name), alert (the client said no, perhaps to our certificate), other.",
        &["listener", "reason"],
    );
    /// What came of them.
    SESSIONS = Family::counter(
        "pintle_tls_sessions_total",
        "TLS sessions with clients, by version, and whether an earlier one was resumed.",
        &["listener", "version", "resumed"],
    );
    /// Certificates' ends.
    CERTIFICATE_NOT_AFTER = Family::gauge(
        "pintle_certificate_not_after_timestamp_seconds",
        "When a certificate that is served ends; name is the first one in it.",
        &["listener", "file", "name"],
    );
    /// Tunnels.
    TUNNELS = Family::counter(
        "pintle_tunnels_total",
        "Connections whose bytes were carried to an upstream as they are.",
        LISTENER,
    );
    /// Their bytes.
    TUNNEL_BYTES = Family::counter(
        "pintle_tunnel_bytes_total",
        "Bytes of tunnels: received from clients, and sent to them.",
        &["listener", "direction"],
    );
    /// Their ends.
    TUNNELS_ENDED = Family::counter(
        "pintle_tunnels_ended_total",
        "Tunnels that are over, by why they ended. Why there was none is in pintle_refusals_total.",
        &["reason"],
    );

    /// Connections to endpoints.
    UPSTREAM_CONNECTIONS = Family::gauge(
        "pintle_upstream_connections",
        "Open connections to an upstream's endpoints, idle ones included.",
        UPSTREAM,
    );
    /// Those that are kept.
    UPSTREAM_IDLE = Family::gauge(
        "pintle_upstream_idle_connections",
        "Connections over HTTP/1.1 that are kept for the next request.",
        UPSTREAM,
    );
    /// Streams.
    UPSTREAM_STREAMS = Family::gauge(
        "pintle_upstream_http2_streams",
        "Streams that are open on an upstream's HTTP/2 connections.",
        UPSTREAM,
    );
    /// Requests at endpoints.
    UPSTREAM_ACTIVE = Family::gauge(
        "pintle_upstream_requests_active",
        "Requests that are under way at an upstream's endpoints.",
        UPSTREAM,
    );
    /// The queue.
    UPSTREAM_WAITING = Family::gauge(
        "pintle_upstream_requests_waiting",
        "Requests that wait because as many are under way as `connections.max` allows.",
        UPSTREAM,
    );
    /// Who had to wait.
    UPSTREAM_QUEUED = Family::counter(
        "pintle_upstream_queued_total",
        "Requests that had to wait for a place among those under way.",
        UPSTREAM,
    );
    /// Who got no place.
    UPSTREAM_OVERFLOW = Family::counter(
        "pintle_upstream_overflow_total",
        "Requests that were refused because the queue was full, or that waited in it for too long.",
        UPSTREAM,
    );
    /// Connects.
    UPSTREAM_CONNECTS = Family::counter(
        "pintle_upstream_connects_total",
        "Connections to an upstream's endpoints that were tried, by result: ok or failed.",
        &["upstream", "result"],
    );
    /// Attempts.
    UPSTREAM_ATTEMPTS = Family::counter(
        "pintle_upstream_attempts_total",
        "Requests that were sent to an upstream's endpoints, retries included.",
        UPSTREAM,
    );
    /// Failures.
    UPSTREAM_FAILURES = Family::counter(
        "pintle_upstream_failures_total",
        "Attempts that got no answer, or one with a status from 500 on.",
        UPSTREAM,
    );
    /// Retries.
    UPSTREAM_RETRIES =
        Family::counter("pintle_upstream_retries_total", "Attempts after the first one of a request.", UPSTREAM);
    /// Retries that were not made.
    UPSTREAM_RETRIES_DENIED = Family::counter(
        "pintle_upstream_retries_denied_total",
        "Requests that were not tried again because the budget for that was spent.",
        UPSTREAM,
    );
    /// Ejections.
    UPSTREAM_EJECTIONS = Family::counter(
        "pintle_upstream_ejections_total",
        "Times that an endpoint was taken out for failures.",
        UPSTREAM,
    );
    /// Endpoints.
    UPSTREAM_ENDPOINTS = Family::gauge(
        "pintle_upstream_endpoints",
        "Endpoints that get requests (live), and those that do not: by checks (down), for failures (ejected), because they take \
         no connection (unreachable).",
        &["upstream", "state"],
    );
    /// Checks.
    UPSTREAM_CHECKS = Family::counter(
        "pintle_upstream_checks_total",
        "Health checks of an upstream's endpoints, by result: ok or failed.",
        &["upstream", "result"],
    );
    /// Breakers.
    UPSTREAM_BREAKER_OPEN = Family::gauge(
        "pintle_upstream_breaker_open",
        "Whether an upstream's circuit breaker is open (1) or not (0).",
        UPSTREAM,
    );
    /// Breakers that opened.
    UPSTREAM_BREAKER_OPENED = Family::counter(
        "pintle_upstream_breaker_opened_total",
        "Times that an upstream's circuit breaker opened.",
        UPSTREAM,
    );
    /// Copies.
    UPSTREAM_COPIES_LEFT_OUT = Family::counter(
        "pintle_upstream_copies_left_out_total",
        "Copies of requests (`mirror`) that were not sent.",
        UPSTREAM,
    );
    /// Hashes without a key.
    UPSTREAM_KEY_ABSENT = Family::counter(
        "pintle_upstream_key_absent_total",
        "Requests without the value that `balance: {hash: …}` asks for.",
        UPSTREAM,
    );
    /// Names looked up.
    DNS_LOOKUPS = Family::counter(
        "pintle_dns_lookups_total",
        "Lookups of services' names, by result: found, no_such_name or failed.",
        &["result"],
    );

    /// The program.
    BUILD = Family::gauge("pintle_build_info", "The program's version; always 1.", &["version"]);
    /// Workers.
    WORKERS = Family::gauge("pintle_workers", "Threads that serve requests.", &[]);
    /// The configuration in use, in a label.
    CONFIG = Family::gauge("pintle_config_info", "The configuration in use; always 1.", &["version"]);
    /// The same as a number.
    CONFIG_VERSION = Family::gauge("pintle_config_version", "The number of the configuration in use.", &[]);
    /// Where it comes from.
    CONFIG_ORIGIN = Family::gauge(
        "pintle_config_origin",
        "Where the configuration in use comes from: 1 for that, 0 for what it came from before.",
        &["origin"],
    );
    /// Since when.
    CONFIG_LOADED = Family::gauge(
        "pintle_config_loaded_timestamp_seconds",
        "Since when the configuration is in use.",
        &[],
    );
    /// How large it is.
    CONFIG_ROUTES = Family::gauge("pintle_config_routes", "Routes of the configuration in use.", &[]);
    /// Whether the last change was good.
    CONFIG_LAST_OK = Family::gauge(
        "pintle_config_last_reload_successful",
        "Whether the last configuration that was tried is in use (1), or was refused (0).",
        &[],
    );
    /// Changes.
    RELOADS = Family::counter(
        "pintle_reloads_total",
        "Configurations that were taken (ok) or refused (failed), the first one included.",
        &["result"],
    );
    /// How long they took.
    RELOAD_DURATION = Family::histogram(
        "pintle_reload_duration_seconds",
        "Time from the reading of a configuration until it was in use (ok) or refused (failed).",
        &["result"],
    );
    /// What they cost.
    RELOAD_CPU = Family::counter(
        "pintle_reload_cpu_seconds_total",
        "CPU time that was spent on reading configurations and putting them in use.",
        &[],
    );
    /// The guard.
    TAKEN_BACK = Family::counter("pintle_guard_taken_back_total", "Changes that the guard took back.", &[]);
    /// The state folder.
    STATE_FAILURES = Family::counter(
        "pintle_state_failures_total",
        "Times that the state folder could not be read or written.",
        &[],
    );

    /// Records that were lost.
    LOG_DROPPED = Family::counter(
        "pintle_log_records_dropped_total",
        "Access log records that were not written, because the log's target was slow or failed.",
        &[],
    );
    /// Writes that failed.
    LOG_ERRORS = Family::counter(
        "pintle_log_write_errors_total",
        "Writes to the access log, or connections to its syslog, that failed.",
        &[],
    );
    /// Fields that failed.
    LOG_FIELDS_FAILED = Family::counter(
        "pintle_log_field_errors_total",
        "Values of the access log's `fields` that are null because their expression failed.",
        &[],
    );

    /// Requests to collectors.
    OTLP_EXPORTS = Family::counter(
        "pintle_otlp_exports_total",
        "Requests to a collector of OpenTelemetry: taken (ok), to be sent again (retried), given up (failed).",
        &["signal", "result"],
    );
    /// What no collector got.
    OTLP_DROPPED = Family::counter(
        "pintle_otlp_dropped_total",
        "Spans and points of metrics that no collector got: there was no room for them, it refused them, or it was away for too \
         long.",
        &["signal"],
    );

    /// Series.
    SERIES = Family::gauge(
        "pintle_metrics_series",
        "Series that count towards `telemetry.metrics.max_series`. Those of the program itself, without a bound to hold, do not.",
        &[],
    );
    /// Their bound.
    MAX_SERIES = Family::gauge(
        "pintle_metrics_max_series",
        "How many series there may be: `telemetry.metrics.max_series`.",
        &[],
    );
    /// What found no room.
    OVERFLOW = Family::counter(
        "pintle_metrics_overflow_total",
        "Times that there was no room for a series, so that something was counted as `_OTHER`.",
        &[],
    );

    /// CPU.
    PROCESS_CPU =
        Family::counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", &[]);
    /// Start.
    PROCESS_START =
        Family::gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", &[]);
    /// Memory in use.
    PROCESS_RESIDENT = Family::gauge("process_resident_memory_bytes", "Resident memory size in bytes.", &[]);
    /// Memory that is mapped.
    PROCESS_VIRTUAL = Family::gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", &[]);
    /// Threads.
    PROCESS_THREADS = Family::gauge("process_threads", "Number of threads of the process.", &[]);
    /// Descriptors.
    PROCESS_OPEN_FDS = Family::gauge("process_open_fds", "Number of open file descriptors.", &[]);
    /// The most of them.
    PROCESS_MAX_FDS = Family::gauge("process_max_fds", "Maximum number of open file descriptors.", &[]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::counters::Kind;
    use std::collections::HashSet;

    #[test]
    fn names_and_texts_follow_prometheus_conventions() {
        let mut seen = HashSet::new();
        for Family { name, help, kind, labels } in ALL {
            // OpenMetrics calls a family of counters so, without its end.
            assert!(seen.insert(name.trim_end_matches("_total")), "{name} stands twice");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.len() > 20 && help.ends_with('.') || name.starts_with("process_"), "{name}: {help}");
            assert!(!help.contains(['\n', '\\']) && !help.contains("  "), "{name}: {help}");
            assert!(labels.iter().all(|label| !["le", "quantile"].contains(label)), "{name}");
        }
    }
}

//! The schema of `/stats`.

use super::{list, map, number, number_or_null, of, text, truth};
use serde_json::{Value, json};

pub(super) fn add(add: &mut impl FnMut(&str, Value)) {
    add("Stats", stats());
    add("RouteStats", map("What a route has come to.", &requests(), &json!({})));
    add("UpstreamStats", upstream());
}

fn stats() -> Value {
    let configuration = json!({
        "version": number("Its number."),
        "since": number("Since when it is in force, in seconds since 1970."),
        "refused": number_or_null("When one was refused, if none was taken since."),
    });
    let connections = json!({
        "open": number("Connections of clients that are open."),
        "made": number("All that were made."),
    });
    let lost = json!({
        "log_records": number("Records of the access log that were dropped, or lost in a failed write."),
    });
    let process = json!({
        "cpu_us": number_or_null("CPU time that was spent, in microseconds; null where the system does not tell."),
        "memory": number_or_null("Memory that is in use, in bytes."),
        "threads": number_or_null("Its threads."),
        "descriptors": number_or_null("Files and sockets that are open."),
        "max_descriptors": number_or_null("How many there may be."),
    });
    let members = json!({
        "pintle": text("The program's version."),
        "instance": text("Which run of the program it is."),
        "uptime_us": number("How long it runs, in microseconds: the time between two looks is their difference."),
        "configuration": map("The configuration in force.", &configuration, &json!({})),
        "draining": truth("Whether it ends."),
        "connections": map("Connections of clients.", &connections, &json!({})),
        "active": number("Requests under way."),
        "lost": map("What could not be kept.", &lost, &json!({})),
        "process": map("What the system says of the process.", &process, &json!({})),
        "bounds_us": list("Upper bounds of the buckets of `durations`, in microseconds; the last bucket has none.",
            &json!({"type": "integer", "minimum": 0})),
        "routes": list("Routes that have had requests; one with an empty name is for those that no route took.",
            &of("RouteStats")),
        "upstreams": list("All upstreams.", &of("UpstreamStats")),
    });
    map("What routes and upstreams have come to.", &members, &json!({}))
}

fn requests() -> Value {
    json!({
        "name": text("Its name."),
        "requests": number("Requests that are over."),
        "client_errors": number("Those answered by a 4xx."),
        "server_errors": number("Those answered by a 5xx."),
        "durations": list("How many took so long, by bucket; what is left out at the end is 0.",
            &json!({"type": "integer", "minimum": 0})),
    })
}

fn upstream() -> Value {
    let endpoints = json!({
        "up": number("Those that take part."),
        "down": number("Those whose checks fail."),
        "ejected": number("Those that failed too often."),
        "unreachable": number("Those that take no connection."),
    });
    let mut members = requests();
    let more = json!({
        "attempts": number("Requests that were sent to an endpoint, retries included."),
        "failures": number("Attempts that got no answer, or one with a status from 500 on."),
        "retries": number("Attempts after the first one of a request."),
        "active": number("Requests under way."),
        "endpoints": map("How many endpoints are in each state.", &endpoints, &json!({})),
        "breaker_open": json!({
            "type": ["boolean", "null"], "description": "Whether its circuit breaker is open; null without one.",
        }),
    });
    if let (Some(members), Some(more)) = (members.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    map("What an upstream has come to: requests that it was the last one asked for.", &members, &json!({}))
}

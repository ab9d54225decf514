//! The routes' part of a scrape. The largest by far, so labels are escaped beforehand and pieces joined by hand.

use super::{BOUNDS, METHODS, RouteMeter, Routes, SUM};
use crate::metrics::text::{self, Family, Kind};
use std::collections::HashMap;

const REQUESTS: Family = Family {
    name: "pintle_requests_total",
    help: "Requests by listener, route, method and class of status; route is empty where none took it.",
    kind: Kind::Counter,
};

const DURATION: Family = Family {
    name: "pintle_request_duration_seconds",
    help: "From a request's head to the last byte of its answer.",
    kind: Kind::Histogram,
};

const CLASS_LABELS: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// About how long a line is, to make room for all of them at once.
const LINE: usize = 100;

impl Routes {
    /// Appends both families. `listeners` are the escaped names of the listeners there are, by their place.
    pub(in crate::metrics) fn render(&self, out: &mut String, listeners: &HashMap<u32, Box<str>>) {
        let meters = self.alive();
        text::header(out, &REQUESTS);
        for meter in &meters {
            meter.render_requests(out, listeners);
        }
        out.reserve(meters.len() * (SUM + 2) * LINE);
        text::header(out, &DURATION);
        for meter in &meters {
            meter.render_durations(out);
        }
    }
}

impl RouteMeter {
    fn render_requests(&self, out: &mut String, listeners: &HashMap<u32, Box<str>>) {
        for row in self.rows.iter() {
            // The rows of a listener that went away wait for its name to come back.
            let (Some(listener), Some(totals)) = (listeners.get(&row.listener), row.cells.totals()) else { continue };
            for (class, total) in CLASS_LABELS.iter().zip(totals).filter(|(_, total)| *total > 0) {
                out.push_str("pintle_requests_total{listener=\"");
                out.push_str(listener);
                out.push_str("\",route=\"");
                out.push_str(&self.label);
                out.push_str("\",method=\"");
                out.push_str(METHODS[row.method]);
                out.push_str("\",status=\"");
                out.push_str(class);
                out.push_str("\"}");
                text::end(out, total);
            }
        }
    }

    fn render_durations(&self, out: &mut String) {
        let Some(totals) = self.durations.totals() else { return };
        let mut count = 0u64;
        let bounds = BOUNDS.iter().map(|&(_, text)| text).chain(["+Inf"]);
        for (bound, total) in bounds.zip(&totals[..SUM]) {
            count = count.wrapping_add(*total);
            out.push_str("pintle_request_duration_seconds_bucket{route=\"");
            out.push_str(&self.label);
            out.push_str("\",le=\"");
            out.push_str(bound);
            out.push_str("\"}");
            text::end(out, count);
        }
        self.open(out, "pintle_request_duration_seconds_sum{route=\"");
        text::end_micros(out, totals[SUM]);
        self.open(out, "pintle_request_duration_seconds_count{route=\"");
        text::end(out, count);
    }

    fn open(&self, out: &mut String, name: &str) {
        out.push_str(name);
        out.push_str(&self.label);
        out.push_str("\"}");
    }
}

//! The same series as points of OTLP: cumulative, since the program began. Sending them is somebody else's business.

use super::Metrics;
use super::visit::{Histogram as Spread, Value, Visit};
use crate::otlp::messages::metrics::{
    Data, Gauge, Histogram, HistogramPoint, Metric, MetricsRequest, Number, NumberPoint, ResourceMetrics, ScopeMetrics,
    Sum, Temporality,
};
use crate::otlp::messages::{KeyValue, Resource, Scope};
use bytes::Bytes;
use pintle_core::counters::{Family, Kind};
use prost::Message;
use std::time::SystemTime;

/// About how many points one request has. A point is some hundred bytes, and collectors take four megabytes at once.
const BATCH: u64 = 2000;

impl Metrics {
    /// Gives all series to `send` as requests to a collector, each with the number of its points, until that says false. Looks at
    /// each series, as a scrape does: not for a worker's thread.
    pub fn export(&self, resource: &Resource, mut send: impl FnMut(Bytes, u64) -> bool) {
        let mut walk = self.walk();
        let (began, now) = (nanos(self.began), nanos(SystemTime::now()));
        let mut points = Points { began, now, metrics: Vec::new(), count: 0 };
        loop {
            let is_over = !walk.step(&mut points);
            if points.count >= BATCH || (is_over && points.count > 0) {
                let count = std::mem::take(&mut points.count);
                if !send(request(resource, std::mem::take(&mut points.metrics)), count) {
                    return;
                }
            }
            if is_over {
                return;
            }
        }
    }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn request(resource: &Resource, metrics: Vec<Metric>) -> Bytes {
    let scope_metrics = vec![ScopeMetrics { scope: Some(Scope::own()), metrics }];
    let resource_metrics = vec![ResourceMetrics { resource: Some(resource.clone()), scope_metrics }];
    MetricsRequest { resource_metrics }.encode_to_vec().into()
}

/// The points of a request, as they come.
struct Points {
    began: u64,
    now: u64,
    metrics: Vec<Metric>,
    count: u64,
}

impl Visit for Points {
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value<'_>) {
        self.count += 1;
        if self.metrics.last().is_none_or(|metric| metric.name != family.name) {
            self.metrics.push(open(family));
        }
        // An attribute without a value says nothing.
        let said = labels.iter().filter(|(_, value)| !value.is_empty());
        let attributes = said.map(|(name, value)| KeyValue::text(name, value)).collect();
        let Some(data) = self.metrics.last_mut().and_then(|metric| metric.data.as_mut()) else { return };
        let value = match value {
            Value::Histogram(spread) => {
                if let Data::Histogram(histogram) = data {
                    histogram.data_points.push(spread_of(&spread, attributes, (self.began, self.now)));
                }
                return;
            }
            Value::Count(count) => Number::Int(i64::try_from(count).unwrap_or(i64::MAX)),
            Value::Level(level) => Number::Int(level),
            Value::Micros(micros) => Number::Double(micros as f64 / 1e6),
        };
        let (start_time_unix_nano, time_unix_nano) = (self.began, self.now);
        let point = NumberPoint { attributes, start_time_unix_nano, time_unix_nano, value: Some(value) };
        match data {
            Data::Sum(sum) => sum.data_points.push(point),
            Data::Gauge(gauge) => gauge.data_points.push(point),
            Data::Histogram(_) | Data::ExponentialHistogram(_) => {}
        }
    }
}

/// A metric without points.
fn open(family: &Family) -> Metric {
    let aggregation_temporality = Temporality::Cumulative.into();
    let data = match family.kind {
        Kind::Counter => Data::Sum(Sum { data_points: Vec::new(), aggregation_temporality, is_monotonic: true }),
        Kind::Gauge => Data::Gauge(Gauge { data_points: Vec::new() }),
        Kind::Histogram => Data::Histogram(Histogram { data_points: Vec::new(), aggregation_temporality }),
    };
    let base = family.name.strip_suffix("_total").unwrap_or(family.name);
    let unit = match () {
        () if base.ends_with("_seconds") => "s",
        () if base.ends_with("_bytes") => "By",
        () => "",
    };
    Metric { name: family.name.into(), description: family.help.into(), unit: unit.into(), data: Some(data) }
}

fn spread_of(spread: &Spread<'_>, attributes: Vec<KeyValue>, (began, now): (u64, u64)) -> HistogramPoint {
    let scale = if spread.bounds.micros { 1e6 } else { 1.0 };
    HistogramPoint {
        attributes,
        start_time_unix_nano: began,
        time_unix_nano: now,
        count: spread.buckets.iter().sum(),
        sum: Some(spread.sum as f64 / scale),
        bucket_counts: spread.buckets.to_vec(),
        explicit_bounds: spread.bounds.upper.iter().map(|(upper, _)| *upper as f64 / scale).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Counted, MAX_SERIES};
    use pintle_core::{Method, StatusCode};
    use std::time::Duration;

    fn exported(metrics: &Metrics) -> (Vec<Metric>, u64) {
        let resource = Resource { attributes: vec![KeyValue::text("service.name", "edge")] };
        let (mut all, mut points) = (Vec::new(), 0);
        metrics.export(&resource, |request, count| {
            let request = MetricsRequest::decode(request).expect("a request");
            let [one] = &request.resource_metrics[..] else { panic!("one resource") };
            assert_eq!(one.resource.as_ref(), Some(&resource));
            all.extend(one.scope_metrics[0].metrics.clone());
            points += count;
            true
        });
        (all, points)
    }

    #[test]
    fn what_is_counted_is_exported_as_cumulative_points() {
        let metrics = Metrics::new(1, MAX_SERIES);
        let (door, route) = (metrics.listener("door"), metrics.route("r"));
        let duration = Duration::from_millis(3);
        let counted = Counted {
            method: &Method::GET,
            status: StatusCode::OK,
            upstream: None,
            duration,
            received: 0,
            sent: 20_000,
        };
        route.count(&door, &counted);
        route.count(&door, &counted);
        door.connection_opened();
        let (all, points) = exported(&metrics);
        let find = |name: &str| all.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name}"));
        let Some(Data::Sum(requests)) = &find("pintle_requests_total").data else { panic!("a sum") };
        assert!(requests.is_monotonic && requests.aggregation_temporality == Temporality::Cumulative as i32);
        let point = &requests.data_points[0];
        assert_eq!(point.value, Some(Number::Int(2)));
        let labels: Vec<_> = point.attributes.iter().map(|one| &*one.key).collect();
        assert_eq!(labels, ["listener", "route", "method", "status"], "no upstream was asked");
        assert!(point.start_time_unix_nano > 0 && point.time_unix_nano >= point.start_time_unix_nano);
        let durations = find("pintle_request_duration_seconds");
        let Some(Data::Histogram(spread)) = &durations.data else { panic!("a histogram") };
        let point = &spread.data_points[0];
        assert_eq!((durations.unit.as_str(), point.count, point.sum), ("s", 2, Some(0.006)));
        assert_eq!((point.bucket_counts[2], point.explicit_bounds[2], point.explicit_bounds.len()), (2, 0.005, 14));
        let Some(Data::Gauge(open)) = &find("pintle_connections_active").data else { panic!("a gauge") };
        assert_eq!(open.data_points[0].value, Some(Number::Int(1)));
        let Some(Data::Sum(cpu)) = &find("process_cpu_seconds_total").data else { panic!("a sum") };
        assert!(matches!(cpu.data_points[0].value, Some(Number::Double(_))));
        assert!(points >= all.len() as u64);
    }

    #[test]
    fn many_series_go_in_several_requests() {
        let metrics = Metrics::new(1, MAX_SERIES);
        let door = metrics.listener("door");
        let routes: Vec<_> = (0..3000).map(|number| metrics.route(&format!("r{number}"))).collect();
        let (method, status, duration) = (&Method::GET, StatusCode::OK, Duration::ZERO);
        let counted = Counted { method, status, upstream: None, duration, received: 0, sent: 0 };
        routes.iter().for_each(|route| route.count(&door, &counted));
        let mut sizes = Vec::new();
        metrics.export(&Resource::default(), |request, points| {
            sizes.push((request.len(), points));
            true
        });
        let mut first = 0;
        metrics.export(&Resource::default(), |_, points| {
            first += points;
            false
        });
        assert!(first < 2100, "who wants no more gets no more");
        assert!(
            sizes.len() >= 4 && sizes.iter().all(|(bytes, points)| *bytes < 2 << 20 && *points < 2100),
            "{sizes:?}"
        );
        assert!(sizes.iter().map(|(_, points)| points).sum::<u64>() >= 9000);
    }
}

//! Metrics as OTLP has them: gauges, sums and both kinds of histograms, each with its series.

use super::{KeyValue, Resource, Scope};
use prost::{Enumeration, Message, Oneof};

/// `ExportMetricsServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct MetricsRequest {
    /// The metrics by who tells them.
    #[prost(message, repeated, tag = "1")]
    pub resource_metrics: Vec<ResourceMetrics>,
}

/// The metrics of one resource.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceMetrics {
    /// Who tells them.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// The metrics by the library that they come from.
    #[prost(message, repeated, tag = "2")]
    pub scope_metrics: Vec<ScopeMetrics>,
}

/// The metrics of one library.
#[derive(Clone, PartialEq, Message)]
pub struct ScopeMetrics {
    /// The library.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// Its metrics.
    #[prost(message, repeated, tag = "2")]
    pub metrics: Vec<Metric>,
}

/// A metric with its series.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it says.
    #[prost(string, tag = "2")]
    pub description: String,
    /// Of what, in UCUM's words: `s`, `By`, `1`, `{request}`.
    #[prost(string, tag = "3")]
    pub unit: String,
    /// The numbers.
    #[prost(oneof = "Data", tags = "5, 7, 9, 10")]
    pub data: Option<Data>,
}

/// The numbers of a metric, by its kind.
#[derive(Clone, PartialEq, Oneof)]
pub enum Data {
    /// What goes up and down.
    #[prost(message, tag = "5")]
    Gauge(Gauge),
    /// What adds up.
    #[prost(message, tag = "7")]
    Sum(Sum),
    /// How values are spread, in classes that are given.
    #[prost(message, tag = "9")]
    Histogram(Histogram),
    /// How values are spread, in classes that grow by a factor.
    #[prost(message, tag = "10")]
    ExponentialHistogram(ExponentialHistogram),
}

/// What goes up and down.
#[derive(Clone, PartialEq, Message)]
pub struct Gauge {
    /// A point for each series.
    #[prost(message, repeated, tag = "1")]
    pub data_points: Vec<NumberPoint>,
}

/// What adds up.
#[derive(Clone, PartialEq, Message)]
pub struct Sum {
    /// A point for each series.
    #[prost(message, repeated, tag = "1")]
    pub data_points: Vec<NumberPoint>,
    /// Since when it is counted.
    #[prost(enumeration = "Temporality", tag = "2")]
    pub aggregation_temporality: i32,
    /// Whether it only grows.
    #[prost(bool, tag = "3")]
    pub is_monotonic: bool,
}

/// Since when something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub enum Temporality {
    /// It is not known.
    Unspecified = 0,
    /// Since it was told last.
    Delta = 1,
    /// Since the beginning.
    Cumulative = 2,
}

/// A number of one series.
#[derive(Clone, PartialEq, Message)]
pub struct NumberPoint {
    /// The labels.
    #[prost(message, repeated, tag = "7")]
    pub attributes: Vec<KeyValue>,
    /// Since when it is counted, in billionths of a second since 1970.
    #[prost(fixed64, tag = "2")]
    pub start_time_unix_nano: u64,
    /// When it was so.
    #[prost(fixed64, tag = "3")]
    pub time_unix_nano: u64,
    /// The number.
    #[prost(oneof = "Number", tags = "4, 6")]
    pub value: Option<Number>,
}

/// A number.
#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Number {
    /// With a fraction.
    #[prost(double, tag = "4")]
    Double(f64),
    /// A whole one.
    #[prost(sfixed64, tag = "6")]
    Int(i64),
}

/// How values are spread over classes that are given.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// A point for each series.
    #[prost(message, repeated, tag = "1")]
    pub data_points: Vec<HistogramPoint>,
    /// Since when it is counted.
    #[prost(enumeration = "Temporality", tag = "2")]
    pub aggregation_temporality: i32,
}

/// The spread of one series.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramPoint {
    /// The labels.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    /// Since when it is counted, in billionths of a second since 1970.
    #[prost(fixed64, tag = "2")]
    pub start_time_unix_nano: u64,
    /// When it was so.
    #[prost(fixed64, tag = "3")]
    pub time_unix_nano: u64,
    /// How many values there were.
    #[prost(fixed64, tag = "4")]
    pub count: u64,
    /// What they add up to.
    #[prost(double, optional, tag = "5")]
    pub sum: Option<f64>,
    /// How many in each class; one more than there are bounds.
    #[prost(fixed64, repeated, tag = "6")]
    pub bucket_counts: Vec<u64>,
    /// The upper bounds of the classes, the last one left out.
    #[prost(double, repeated, tag = "7")]
    pub explicit_bounds: Vec<f64>,
}

/// How values are spread over classes that grow by the factor 2^(2^-scale).
#[derive(Clone, PartialEq, Message)]
pub struct ExponentialHistogram {
    /// A point for each series.
    #[prost(message, repeated, tag = "1")]
    pub data_points: Vec<ExponentialPoint>,
    /// Since when it is counted.
    #[prost(enumeration = "Temporality", tag = "2")]
    pub aggregation_temporality: i32,
}

/// The spread of one series.
#[derive(Clone, PartialEq, Message)]
pub struct ExponentialPoint {
    /// The labels.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
    /// Since when it is counted, in billionths of a second since 1970.
    #[prost(fixed64, tag = "2")]
    pub start_time_unix_nano: u64,
    /// When it was so.
    #[prost(fixed64, tag = "3")]
    pub time_unix_nano: u64,
    /// How many values there were.
    #[prost(fixed64, tag = "4")]
    pub count: u64,
    /// What they add up to.
    #[prost(double, optional, tag = "5")]
    pub sum: Option<f64>,
    /// How fine the classes are.
    #[prost(sint32, tag = "6")]
    pub scale: i32,
    /// How many values were 0, or as good as 0.
    #[prost(fixed64, tag = "7")]
    pub zero_count: u64,
    /// The classes above 0.
    #[prost(message, optional, tag = "8")]
    pub positive: Option<Buckets>,
}

/// Neighbouring classes.
#[derive(Clone, PartialEq, Message)]
pub struct Buckets {
    /// The number of the first one.
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    /// How many values are in each.
    #[prost(uint64, repeated, tag = "2")]
    pub bucket_counts: Vec<u64>,
}

//! The bytes are those that Google's library writes for the messages of `opentelemetry-proto`, so that ours are held
//! against something that is not ours.

use super::metrics::*;
use super::trace::*;
use super::{AnyValue, KeyValue, ListValue, Value};
use prost::Message;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_span_is_written_as_others_write_it() {
    let list = ListValue { values: vec![AnyValue { value: Some(Value::Text("x".into())) }] };
    let span = Span {
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        trace_state: "a=b".into(),
        parent_span_id: (9..=16).collect(),
        name: "GET /x".into(),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: 1,
        end_time_unix_nano: 2,
        attributes: vec![
            KeyValue::text("k", "v"),
            KeyValue::int("n", 200),
            KeyValue::new("b", Value::Bool(true)),
            KeyValue::new("d", Value::Double(0.5)),
            KeyValue::new("l", Value::List(list)),
        ],
        events: vec![Event { time_unix_nano: 3, name: "e".into(), attributes: Vec::new() }],
        status: Some(SpanStatus { message: "no".into(), code: StatusCode::Error.into() }),
        flags: HAS_IS_REMOTE | IS_REMOTE | 1,
    };
    let bytes = "0a100102030405060708090a0b0c0d0e0f10120801020304050607081a03613d622208090a0b0c0d0e0f102a06474554202f78\
                 30023901000000000000004102000000000000004a080a016b12030a01764a080a016e120318c8014a070a0162120210014a0e\
                 0a0164120921000000000000e03f4a0c0a016c12072a050a030a01785a0c0903000000000000001201657a0612026e6f180285\
                 0101030000";
    assert_eq!(hex(&span.encode_to_vec()), bytes);
}

#[test]
fn metrics_are_written_as_others_write_them() {
    let label = || vec![KeyValue::text("k", "v")];
    let number =
        |attributes, value| NumberPoint { attributes, start_time_unix_nano: 1, time_unix_nano: 2, value: Some(value) };
    let cumulative = Temporality::Cumulative.into();
    let gauge = Gauge { data_points: vec![number(label(), Number::Int(-1))] };
    let sum = Sum {
        data_points: vec![number(Vec::new(), Number::Double(0.5))],
        aggregation_temporality: cumulative,
        is_monotonic: true,
    };
    let point = HistogramPoint {
        attributes: label(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
    };
    let histogram = Histogram { data_points: vec![point], aggregation_temporality: cumulative };
    let point = ExponentialPoint {
        attributes: label(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(1.5),
        scale: -2,
        zero_count: 1,
        positive: Some(Buckets { offset: -3, bucket_counts: vec![1, 300] }),
    };
    let exponential = ExponentialHistogram { data_points: vec![point], aggregation_temporality: cumulative };
    let metric = |name: &str, description: &str, unit: &str, data| Metric {
        name: name.into(),
        description: description.into(),
        unit: unit.into(),
        data: Some(data),
    };
    for (metric, bytes) in [
        (
            metric("g", "d", "1", Data::Gauge(gauge)),
            "0a01671201641a01312a270a2511010000000000000019020000000000000031ffffffffffffffff3a080a016b12030a0176",
        ),
        (
            metric("s", "", "", Data::Sum(sum)),
            "0a01733a210a1b11010000000000000019020000000000000021000000000000e03f10021801",
        ),
        (
            metric("h", "", "", Data::Histogram(histogram)),
            "0a01684a4e0a4a11010000000000000019020000000000000021030000000000000029000000000000f83f3210010000000000\
             000002000000000000003a08000000000000e03f4a080a016b12030a01761002",
        ),
        (
            metric("x", "", "", Data::ExponentialHistogram(exponential)),
            "0a017852460a420a080a016b12030a017611010000000000000019020000000000000021030000000000000029000000000000\
             f83f300339010000000000000042070805120301ac021002",
        ),
    ] {
        assert_eq!(hex(&metric.encode_to_vec()), bytes, "{}", metric.name);
    }
}

//! The configuration's `telemetry.metrics`, and the labels that it gives to the series of routes.

use super::MAX_SERIES;
use super::families::REQUESTS;
use super::route::Label;
use crate::otlp::OtlpConfig;
use pintle_core::config::{Diagnostic, ExpressionText, Map, Read, Reader, Spanned};
use pintle_core::exchange::RouteFacts;
use pintle_core::template::{Declared, Expression, Kind, Map as Values, Root, Scope, Value, Variable};
use pintle_policies::template;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// What is counted, for `/metrics` of the admin address: [docs/metrics.md](metrics.md) has all of it. `none` leaves requests
/// uncounted, and all else as it is.
///
/// ```yaml
/// telemetry:
///   metrics:
///     labels: {team: route.labels.team}
///     max_series: 100000
///     otlp: "http://127.0.0.1:4317"
///     every: 30s
///     service: edge
/// routes:
///   - {match: /orders/**, labels: {team: sales}, proxy: orders}
/// ```
#[derive(Debug, Read)]
#[read(forms, expected = "`none` or a map")]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub enum MetricsConfig {
    /// Requests are not counted.
    #[read(none)]
    Off,
    /// They are.
    #[read(map)]
    On(Counting),
}

/// How requests are counted.
#[derive(Debug, Read)]
#[read(called = "metrics")]
pub struct Counting {
    /// Further labels of the series of requests, each an expression that is worked out for a route when the configuration
    /// loads: it may name `route` alone. What fails for a route is left out there. A value of a request would make as many
    /// series as clients like; `access_log.fields` is the place for it.
    #[read(default = "{}")]
    pub labels: Map<ExpressionText>,
    /// How many series there may be; each line of a scrape is one. Past that everything new is counted in one series of a
    /// kind whose labels are `_OTHER`, which is told once in the log and counted in `pintle_metrics_overflow_total`.
    #[read(default = "500000")]
    pub max_series: u32,
    /// A collector that all series are sent to as well, cumulative.
    pub otlp: Option<Spanned<OtlpConfig>>,
    /// How often they are sent there.
    #[read(default = "60s")]
    pub every: Duration,
    /// The name by which the gateway is known there: `service.name`.
    #[read(default = "pintle")]
    pub service: String,
}

/// Labels that depend on a route.
#[derive(Debug, Default)]
pub struct RouteLabels(Vec<(Arc<str>, Expression)>);

impl RouteLabels {
    /// Compiles them; what cannot be is reported and left out.
    pub fn compile(config: &MetricsConfig, reader: &mut Reader) -> Self {
        let mut labels = Vec::new();
        let MetricsConfig::On(counting) = config else { return RouteLabels::default() };
        for (name, text) in &counting.labels.0 {
            let is_good = check_name(name, reader);
            if let Some(expression) = compile(text, reader).filter(|_| is_good) {
                labels.push((name.as_str().into(), expression));
            }
        }
        RouteLabels(labels)
    }

    /// What they are for a route.
    pub fn of(&self, route: &RouteFacts) -> Vec<Label> {
        let scope = OfRoute(route);
        let label = |(name, expression): &(Arc<str>, Expression)| {
            let mut text = String::new();
            expression.evaluate(&scope).ok()?.write_text(&mut text).ok()?;
            Some((Arc::clone(name), text.into()))
        };
        self.0.iter().filter_map(label).collect()
    }
}

/// Names as Prometheus' text takes them, which no label of ours has.
fn check_name(name: &Spanned<String>, reader: &mut Reader) -> bool {
    let mut letters = name.bytes();
    let is_name = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with("__");
    let (message, help) = if !is_name {
        let message = format!("`{}` is no name for a label of a metric", **name);
        (message, "use letters, digits and `_`, no digit first and no `__`")
    } else if REQUESTS.labels.contains(&name.as_str()) || ["le", "quantile"].contains(&name.as_str()) {
        (format!("metrics have a label `{}` already", **name), "give it another name")
    } else {
        return true;
    };
    reader.report(Diagnostic::error("metric-label", message, &name.span).help(help));
    false
}

fn compile(text: &ExpressionText, reader: &mut Reader) -> Option<Expression> {
    match Expression::compile(text, &Declared::nothing().with(Root::Route)) {
        Ok(expression) if matches!(expression.kind(), Kind::Map | Kind::List) => {
            let message = format!("this gives a {}, where a label's text is wanted", expression.kind().name());
            reader.report(Diagnostic::error("metric-label", message, &text.span));
            None
        }
        Ok(expression) => Some(expression),
        Err(_) if Expression::compile(text, &Declared::request().any_capture().identity().response()).is_ok() => {
            let message = "a label of metrics is worked out when the configuration loads: it may name `route` alone";
            let help = "a value of a request would make as many series as clients like; log it by `access_log.fields`";
            reader.report(Diagnostic::error("metric-label", message, &text.span).help(help));
            None
        }
        Err(fault) => {
            template::report(&fault, text, &text.span, reader);
            None
        }
    }
}

/// What is known of a route without a request.
struct OfRoute<'a>(&'a RouteFacts);

impl Scope for OfRoute<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        Some(match variable {
            Variable::RouteName => Value::text(&self.0.name),
            Variable::RouteLabel(name) => Value::text(self.0.labels.get(&**name)?),
            Variable::RouteLabels => {
                let labels = self.0.labels.iter();
                Value::Map(Values::named(
                    labels.map(|(name, label)| (Cow::Borrowed(name.as_str()), Value::text(label))),
                ))
            }
            _ => return None,
        })
    }
}

impl MetricsConfig {
    /// How many series there may be.
    pub fn max_series(&self) -> usize {
        match self {
            MetricsConfig::Off => MAX_SERIES,
            MetricsConfig::On(counting) => usize::try_from(counting.max_series).unwrap_or(MAX_SERIES),
        }
    }

    /// Whether requests are counted.
    pub fn is_on(&self) -> bool {
        matches!(self, MetricsConfig::On(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::Sources;

    fn read(text: &str) -> (RouteLabels, Vec<String>) {
        let mut reader = Reader::new();
        let sources = Sources::from_text("gateway.yaml", text, &mut reader);
        let config = MetricsConfig::read(&sources.root, &mut reader);
        let labels = config.map(|config| RouteLabels::compile(&config, &mut reader)).unwrap_or_default();
        (labels, reader.diagnostics.iter().map(|one| one.message.clone()).collect())
    }

    fn labels_text(labels: &[Label]) -> String {
        labels.iter().map(|(name, value)| format!("{name}={value} ")).collect()
    }

    #[test]
    fn labels_are_worked_out_for_each_route() {
        let text = "labels: {team: route.labels.team, first: \"route.name.split('/')[0]\", all: \"'x'\", none: route.labels.none, n: size(route.labels)}";
        let (labels, said) = read(text);
        assert!(said.is_empty(), "{said:?}");
        let labels_of = |name: &str, team: &str| {
            let written = [("team".to_owned(), team.to_owned())].into();
            labels_text(&labels.of(&RouteFacts { name: name.into(), labels: written, captures: Box::default() }))
        };
        assert_eq!(labels_of("shop/cart", "a\"b"), "team=a\"b first=shop all=x n=1 ");
        assert_eq!(labels_text(&labels.of(&RouteFacts::default())), "first= all=x n=0 ", "no route has no labels");
    }

    #[test]
    fn what_is_no_label_is_refused_with_words() {
        for (text, words) in [
            ("labels: {t: request.path}", "may name `route` alone"),
            ("labels: {t: \"request.headers['x']\"}", "may name `route` alone"),
            ("labels: {t: client.ip}", "may name `route` alone"),
            ("labels: {t: route.labels.a + client.ip}", "may name `route` alone"),
            ("labels: {t: routes.name}", "routes"),
            ("labels: {t: 'route.name +'}", ""),
            ("labels: {t: route.labels}", "gives a map"),
            ("labels: {t: \"[route.name]\"}", "gives a list"),
            ("labels: {route: route.name}", "already"),
            ("labels: {le: route.name}", "already"),
            ("labels: {a-b: route.name}", "is no name"),
            ("labels: {1a: route.name}", "is no name"),
            ("labels: {__a: route.name}", "is no name"),
            ("max_series: -1", ""),
            ("max_series: many", ""),
            ("labels: none", ""),
            ("otlp: collector", ""),
            ("every: 30", ""),
            ("label: {}", "label"),
        ] {
            let (labels, said) = read(text);
            assert!(labels.0.is_empty() && said.len() == 1 && said[0].contains(words), "{text}: {said:?}");
        }
    }
}

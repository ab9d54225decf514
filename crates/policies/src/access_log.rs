//! `access_log: none`: the requests here are left out of the access log, whatever becomes of them. Metrics and traces tell of
//! them all the same.
//!
//! How lines look and where they go is one for the whole gateway, under `telemetry.access_log`; settings here are refused.
//! The inner level replaces the outer, so what `none` left out stays out further in.

use crate::build::Building;
use crate::layers::{Layers, Levels};
use pintle_core::config::{Node, Read, Reader, Shape};
use pintle_core::step::Step;

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// There is nothing to set, so there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {}

/// `none` leaves the requests out of the access log: health checks of a load balancer, say. Metrics count them and traces
/// tell of them as ever. There are no settings here: what is in a line, and which share of the lines is written, is said for
/// the whole gateway by [`telemetry.access_log`](#telemetryaccess_log).
///
/// ```yaml
/// telemetry: {access_log: {to: stdout}}
/// routes:
///   - {match: /healthz, policies: [{access_log: none}], respond: {status: 204}}
/// ```
#[derive(Read)]
#[read(word)]
enum Words {
    /// Requests here are not logged.
    None,
}

impl Read for AccessLog {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let help = match node.as_map().and_then(<[_]>::first) {
            Some(first) => {
                format!("`{}` is said for all requests at once, under `telemetry.access_log`", first.key.value)
            }
            None => "every request is logged unless `access_log: none` leaves it out".to_owned(),
        };
        reader.expected("`none`", node, help);
        None
    }

    fn shape() -> Shape {
        Words::shape()
    }
}

/// Marks the requests; before anything can refuse them.
pub(crate) fn check(layers: &Layers<'_, AccessLog>, building: &mut Building<'_, '_>) -> Option<()> {
    if layers.is_off() {
        building.steps.push(Step::Check(Box::new(|exchange| {
            exchange.notes.unlogged = true;
            Ok(())
        })));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{chain, exchange, now, said_of};
    use std::sync::Arc;

    #[test]
    fn none_at_any_level_leaves_requests_out() {
        let unlogged = |levels: &[&str]| {
            let mut exchange = exchange(&[]);
            now(chain(levels, "{}", &Arc::default()).run(&mut exchange)).expect("an answer");
            exchange.notes.unlogged
        };
        assert!(!unlogged(&["[]"]));
        assert!(unlogged(&["[{access_log: none}]"]) && unlogged(&["[{access_log: none}]", "[{timeout: 5s}]"]));
    }

    #[test]
    fn settings_are_refused_with_the_place_for_them() {
        let said = said_of(&["[{access_log: {sample: 5%}}]"], "{}");
        assert_eq!(
            said,
            [
                "1:15 expected `none`, found a map [`sample` is said for all requests at once, under `telemetry.access_log`]"
            ]
        );
        assert!(said_of(&["[{access_log: off}]"], "{}")[0].contains("unless `access_log: none`"));
        assert_eq!(said_of(&["[{access_log: none}, {access_log: none}]"], "{}").len(), 1);
    }
}

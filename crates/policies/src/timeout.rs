//! `timeout: 5s | none`: how long a request may take, from its head to the last byte of its answer. It ends where a
//! tunnel begins (WebSocket).
//!
//! The inner level replaces the outer. What runs out answers 504 with the reason `timeout`, or cuts the answer where its
//! head is out already.

use crate::build::Building;
use crate::layers::{Layers, Levels};
use pintle_core::config::{Node, Read, Reader};
use pintle_core::step::Step;
use std::time::Duration;

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// The time that a request may take in all, from its head to its answer's last byte; 504 beyond it. It ends where a tunnel
/// begins (WebSocket). The inner level stands in place of the outer.
///
/// ```yaml
/// listeners: [{address: 127.0.0.1:8080, policies: [{timeout: 30s}]}]
/// routes:
///   - {match: /report, policies: [{timeout: 5m}], proxy: orders}
///   - {match: /events, policies: [{timeout: none}], proxy: orders}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(transparent, check)]
pub struct Timeout(pub Duration);

impl Timeout {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.0.is_zero() {
            reader.expected("a time to wait", node, "for no limit write `none`");
            return None;
        }
        Some(self)
    }
}

/// Sets the deadline; waiting within it is for those who wait.
pub(crate) fn check(layers: &Layers<'_, Timeout>, building: &mut Building<'_, '_>) -> Option<()> {
    if let Some(&Timeout(duration)) = layers.innermost() {
        building.steps.push(Step::Check(Box::new(move |exchange| {
            // Past what the clock can count there is no deadline.
            let own = exchange.started.checked_add(duration);
            // A call of gRPC may give itself less.
            exchange.deadline = exchange.deadline.into_iter().chain(own).min();
            Ok(())
        })));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{chain, exchange, now, said_of};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_time_counts_from_the_head() {
        let mut exchange = exchange(&[]);
        now(chain(&["[{timeout: 250ms}]"], "{}", &Arc::default()).run(&mut exchange)).expect("an answer");
        assert_eq!(exchange.deadline, Some(exchange.started + Duration::from_millis(250)));
    }

    #[test]
    fn no_time_at_all_is_no_limit_to_want() {
        let help = "for no limit write `none`";
        assert_eq!(said_of(&["[{timeout: 0s}]"], "{}"), [format!("1:12 expected a time to wait, found `0s` [{help}]")]);
        assert_eq!(said_of(&["[{timeout: {after: 5s}}]"], "{}"), ["1:12 expected a duration such as 5s, found a map"]);
    }
}

//! What became of all requests, in two numbers: how a guard tells whether a change does harm. Adds up what is counted for
//! scrapes anyway, so requests pay nothing for it.

use super::Metrics;
use pintle_core::Reason;

/// What became of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// All that are over.
    pub requests: u64,
    /// Those that ended as a harmful configuration makes them end: a 5xx, or a refusal of the gateway for a reason that
    /// a configuration can be the cause of.
    pub failed: u64,
}

impl Metrics {
    /// What became of all requests so far. Looks at each route, as a scrape does: not for a worker's thread.
    pub fn outcomes(&self) -> Outcomes {
        let classes = self.routes.classes();
        let counts = self.refusals.by_reason();
        let [.., server_errors] = classes;
        let mut failed = server_errors;
        for (reason, count) in Reason::ALL.iter().zip(counts) {
            match (reason.may_be_configured(), reason.status().is_server_error()) {
                (true, false) => failed += count,
                // In the class already, and no sign of harm.
                (false, true) => failed = failed.saturating_sub(count),
                (true, true) | (false, false) => {}
            }
        }
        Outcomes { requests: classes.iter().sum(), failed }
    }
}

impl Outcomes {
    /// What became of requests between an earlier look and this one.
    #[must_use]
    pub fn since(&self, earlier: &Outcomes) -> Outcomes {
        Outcomes {
            requests: self.requests.saturating_sub(earlier.requests),
            failed: self.failed.saturating_sub(earlier.failed),
        }
    }

    /// Which share of them failed, from 0 to 1.
    pub fn share(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failed.min(self.requests) as f64 / self.requests as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Counted;
    use pintle_core::{Method, StatusCode};
    use std::time::Duration;

    fn counted(status: StatusCode) -> Counted<'static> {
        let duration = Duration::from_millis(1);
        Counted { method: &Method::GET, status, upstream: None, duration, received: 0, sent: 0 }
    }

    #[test]
    fn what_counts_as_failed_is_a_5xx_or_what_a_configuration_can_do() {
        let metrics = Metrics::new(2, 1000);
        let (route, listener) = (metrics.route("a"), metrics.listener("main"));
        let count = |status| {
            let status = StatusCode::from_u16(status).expect("a status");
            route.count(&listener, &counted(status));
        };
        let refuse = |reason: Reason| {
            metrics.refused(None, reason);
            count(reason.status().as_u16());
        };
        for status in [200, 301, 404, 500] {
            count(status);
        }
        assert_eq!(metrics.outcomes(), Outcomes { requests: 4, failed: 1 }, "a service's own 404 is its business");
        for reason in [Reason::NoRoute, Reason::ConnectFailed] {
            refuse(reason);
        }
        let before = metrics.outcomes();
        assert_eq!(before, Outcomes { requests: 6, failed: 3 });
        for reason in [Reason::BadRequest, Reason::ClientClosed, Reason::NotImplemented, Reason::Maintenance] {
            refuse(reason);
        }
        let since = metrics.outcomes().since(&before);
        assert_eq!(since, Outcomes { requests: 4, failed: 0 }, "clients' own faults, and what is asked for");
        assert_eq!(before.share(), 0.5);
        assert_eq!(Outcomes::default().share(), 0.0);
    }

    #[test]
    fn requests_of_a_route_that_is_gone_still_count() {
        let metrics = Metrics::new(1, 1000);
        let listener = metrics.listener("main");
        let route = metrics.route("old");
        route.count(&listener, &counted(StatusCode::BAD_GATEWAY));
        drop(route);
        assert_eq!(metrics.outcomes(), Outcomes { requests: 1, failed: 1 });
        metrics.route("old").count(&listener, &counted(StatusCode::OK));
        assert_eq!(metrics.outcomes(), Outcomes { requests: 2, failed: 1 });
    }
}

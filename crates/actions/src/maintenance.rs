//! `maintenance: true | {retry_after, unless}` of a route or a group: in place of the action clients get 503. The policies
//! run as ever, so that who is refused otherwise still is, and the pages of `errors` hold.

use pintle_core::config::{ExpressionText, Read, Reader};
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::template::{Declared, Expression};
use pintle_core::{Exchange, Reason, Refusal, names};
use pintle_policies::template;
use std::sync::Arc;
use std::time::Duration;

/// Whether a route is closed for maintenance: clients get 503, the action is not called, and policies run as ever. A
/// group's holds for its routes; `false` opens a route of a closed group.
///
/// ```yaml
/// routes:
///   - match: /billing/**
///     maintenance: {retry_after: 10m, unless: "client.ip == '10.0.0.7'"}
///     routes:
///       - {match: /**, proxy: orders}
///       - {match: /health, maintenance: false, respond: {body: "ok\n"}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "`true`, `false`, or a map with `retry_after` and `unless`")]
pub enum MaintenanceConfig {
    /// Closed or open.
    #[read(text)]
    Switch(bool),
    /// Closed, and what more there is to say.
    #[read(map)]
    Closed(Closed),
}

/// Closed for maintenance.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "maintenance")]
pub struct Closed {
    /// When clients may come back, told by `Retry-After`; without it they are told nothing.
    pub retry_after: Option<Duration>,
    /// Who is served all the same: `request.headers['x-test'] == 'yes'`. One that fails lets nobody in.
    pub unless: Option<ExpressionText>,
}

impl MaintenanceConfig {
    /// What answers in the action's place; the action itself where the route is open. `place` says what the expression
    /// may name.
    pub fn around(
        &self,
        action: Arc<dyn Action>,
        place: &Declared<'_>,
        reader: &mut Reader,
    ) -> Option<Arc<dyn Action>> {
        let (retry_after, unless) = match self {
            MaintenanceConfig::Switch(false) => return Some(action),
            MaintenanceConfig::Switch(true) => (None, None),
            MaintenanceConfig::Closed(closed) => (closed.retry_after, closed.unless.as_ref()),
        };
        let unless = match unless.map(|text| (text, Expression::compile_condition(text, place))) {
            None => None,
            Some((_, Ok(expression))) => Some(expression),
            Some((text, Err(fault))) => {
                template::report(&fault, text, &text.span, reader);
                return None;
            }
        };
        // Whole seconds (RFC 9110 10.2.3), and none too early.
        let retry_after = retry_after.map(|time| time.as_millis().div_ceil(1000).to_string().into());
        Some(Arc::new(Maintenance { retry_after, unless, action }))
    }
}

struct Maintenance {
    retry_after: Option<Box<str>>,
    unless: Option<Expression>,
    action: Arc<dyn Action>,
}

impl Maintenance {
    fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        if self.unless.as_ref().is_some_and(|unless| unless.holds(exchange).unwrap_or(false)) {
            return Ok(());
        }
        let refusal = Refusal::new(Reason::Maintenance);
        Err(match &self.retry_after {
            Some(seconds) => refusal.field(names::RETRY_AFTER, &**seconds),
            None => refusal,
        })
    }
}

impl Action for Maintenance {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        match self.check(exchange) {
            Ok(()) => self.action.call(exchange),
            Err(refusal) => Box::pin(std::future::ready(Err(refusal))),
        }
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        self.check(exchange)?;
        self.action.plan(exchange)
    }

    fn asks_inside(&self) -> bool {
        self.action.asks_inside()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PLACE, answer, built, exchange, try_build};
    use pintle_core::{Response, StatusCode};

    struct Open;

    impl Action for Open {
        fn call<'a>(&'a self, _: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
            Box::pin(std::future::ready(Ok(Response::new(StatusCode::OK))))
        }

        fn plan(&self, _: &mut Exchange) -> Result<Plan, Refusal> {
            Ok(Plan::Answer(Response::new(StatusCode::OK)))
        }
    }

    /// What a tester and anybody else get, and when the latter may come back.
    fn outcomes(text: &str) -> (bool, bool, Option<String>) {
        let action = built(text, |config: &MaintenanceConfig, reader| config.around(Arc::new(Open), &PLACE, reader));
        let served = |fields: &[(&str, &str)]| answer(&*action, &mut exchange(fields)).is_ok();
        let after = match answer(&*action, &mut exchange(&[])) {
            Ok(_) => None,
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::Maintenance);
                refusal.fields.and_then(|fields| fields.get_str(names::RETRY_AFTER).map(str::to_owned))
            }
        };
        (served(&[("x-test", "yes")]), served(&[]), after)
    }

    #[test]
    fn a_closed_route_lets_in_whom_it_names() {
        assert_eq!(outcomes("false"), (true, true, None));
        assert_eq!(outcomes("true"), (false, false, None));
        assert_eq!(outcomes("{}"), (false, false, None));
        assert_eq!(outcomes("{retry_after: 10m}"), (false, false, Some("600".into())));
        // The header is absent: the expression fails, and that lets nobody in.
        let unless = "{retry_after: 1500ms, unless: \"request.headers['x-test'] == 'yes'\"}";
        assert_eq!(outcomes(unless), (true, false, Some("2".into())));
        assert_eq!(outcomes("{unless: path.id == 'a b'}"), (true, true, None));
    }

    #[test]
    fn a_mistake_is_reported_at_its_place() {
        let said = |text: &str| {
            try_build(text, |config: &MaintenanceConfig, reader| config.around(Arc::new(Open), &PLACE, reader)).1
        };
        assert_eq!(said("{unless: request.headers}"), ["1:10 this gives a map, where true or false is wanted"]);
        assert_eq!(said("{unless: path.nope == '1'}").len(), 1);
        assert_eq!(said("{retry_after: 10}").len(), 1);
        assert!(said("yes")[0].starts_with("1:1 expected `true` or `false`, found `yes`"), "{:?}", said("yes"));
    }
}

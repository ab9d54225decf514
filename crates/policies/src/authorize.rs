//! `authorize: {allow, deny, groups}`: what is allowed, by CEL over request, path, client, consumer and claims.
//!
//! All that is said must hold: no rule of `deny`, one of `allow`, one of `groups`; and all levels must allow. A rule that
//! gives no value decides against the request, and is counted. The client learns that it is not allowed, and not by which
//! rule. The rules of one policy are looked at in the order deny, groups, allow, as written; what comes of it is the same in any.

#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::key::names_identity;
use crate::layers::{Layers, Levels};
use crate::template;
use pintle_core::config::{Diagnostic, ExpressionText, Map, Node, OneOrMany, Read, Reader, Span};
use pintle_core::counters::{Count, Counters, Family};
use pintle_core::step::Step;
use pintle_core::template::{Declared, Expression};
use pintle_core::{Exchange, Reason, Refusal, names};
use std::fmt;
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::All;

/// What is allowed; 403 for all else. `allow` and `deny` are expressions that are true or false, one alone or several with
/// names: one of `allow` must hold, and none of `deny`. `groups` names groups of consumers, and the request's must be in
/// one. Where several of the three are given, all must be met, and all levels must allow. An expression that fails, as one
/// about a claim that is not there, does not allow, and in `deny` it denies. Which rule it was stands in the log alone.
///
/// ```yaml
/// routes:
///   - {match: /partners/**, policies: [{authorize: {groups: [partners]}}], proxy: orders}
///   - match: /orders/**
///     policies:
///       - authorize:
///           allow:
///             reads: request.method == "GET"
///             writes: '"writers" in consumer.groups'
///           deny: {frozen: 'request.method != "GET" && request.host == "archive.example.com"'}
///     proxy: orders
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "authorize", check)]
pub struct Authorize {
    /// What is allowed: an expression, or several by names, of which one must hold.
    pub allow: Option<Rules>,
    /// What is not, whatever is allowed: an expression, or several by names, of which none may hold.
    pub deny: Option<Rules>,
    /// Groups of consumers, of which the request's must be in one: short for an expression over `consumer.groups`.
    pub groups: Option<OneOrMany<String>>,
    #[read(span)]
    at: Span,
}

/// An expression, or several by names.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "an expression, or a map from names to expressions")]
pub enum Rules {
    /// One.
    #[read(text)]
    One(ExpressionText),
    /// Several, each with a name, which logs say.
    #[read(map)]
    Named(Map<ExpressionText>),
}

impl Rules {
    /// Each expression, with its name if it has one.
    pub fn all(&self) -> Vec<(Option<&str>, &ExpressionText)> {
        match self {
            Rules::One(text) => vec![(None, text)],
            Rules::Named(map) => map.iter().map(|(name, text)| (Some(name.as_str()), text)).collect(),
        }
    }
}

impl Authorize {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_map().is_some_and(<[_]>::is_empty) {
            let help = "add `allow`, `deny` or `groups`; to switch it off write `authorize: none`";
            reader.report(
                Diagnostic::error("empty-policy", "this allows nothing and denies nothing", &self.at).help(help),
            );
            return None;
        }
        let is_empty =
            |node: &&Node| node.as_list().is_some_and(<[_]>::is_empty) || node.as_map().is_some_and(<[_]>::is_empty);
        let empty =
            ["allow", "deny", "groups"].into_iter().filter_map(|key| Some((key, node.get(key).filter(is_empty)?)));
        let empty = empty.inspect(|(key, list)| reader.expected("a rule", list, format!("leave `{key}` out")));
        (empty.count() == 0).then_some(self)
    }
}

static FAILED: Family = Family::counter(
    "pintle_authorize_failed_total",
    "Expressions of `authorize` that gave no value, and so decided against a request.",
    &[],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&FAILED];

/// What policies of this kind count by.
pub(crate) struct Counts {
    failed: Arc<dyn Count>,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        Counts { failed: counters.counter(&FAILED, &[]) }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

/// One level, compiled.
struct Compiled {
    allow: Option<Box<[Rule]>>,
    deny: Box<[Rule]>,
    groups: Option<Box<[Box<str>]>>,
}

struct Rule {
    name: Option<Box<str>>,
    expression: Expression,
    /// It is about who asks.
    asks_who: bool,
}

/// Lets through what is allowed.
pub(crate) fn check(layers: &Layers<'_, Authorize>, building: &mut Building<'_, '_>) -> Option<()> {
    let built: Vec<Option<Compiled>> =
        layers.all().map(|config| Compiled::build(config, building.place, building.reader)).collect();
    let all = built.into_iter().collect::<Option<Box<[Compiled]>>>()?;
    if !all.is_empty() {
        let counts = Arc::clone(&building.around.defaults.counts.authorize);
        building.steps.push(Step::Check(Box::new(move |exchange| {
            all.iter().try_for_each(|one| one.decide(exchange, &counts)).map_err(|why| refused(why, exchange))
        })));
    }
    Some(())
}

/// What a client is told that may not. One that came by a bearer token learns that another token might do (RFC 6750 3.1).
fn refused(why: String, exchange: &Exchange) -> Refusal {
    let refusal = Refusal::new(Reason::Forbidden).internal(why);
    let bearer = |value: &[u8]| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
    let by_token = exchange.request.fields.get(names::AUTHORIZATION).is_some_and(bearer);
    match by_token && exchange.identity.claims.is_some() {
        true => refusal.field(names::WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\""),
        false => refusal,
    }
}

impl Compiled {
    fn build(config: &Authorize, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let allow = config.allow.as_ref().map(|rules| compiled(rules, place, reader));
        let deny = config.deny.as_ref().map_or_else(|| Some(Box::default()), |rules| compiled(rules, place, reader));
        let allow = match allow {
            None => None,
            Some(rules) => Some(rules?),
        };
        let groups = config.groups.as_ref().map(|groups| groups.iter().map(|group| group.as_str().into()).collect());
        Some(Compiled { allow, deny: deny?, groups })
    }

    /// The error is for the operator.
    fn decide(&self, exchange: &Exchange, counts: &Counts) -> Result<(), String> {
        // Nobody asked, so nobody is known: what depends on that is left open.
        let unknown = exchange.rehearsed && !exchange.identity.is_known();
        for rule in self.deny.iter().filter(|rule| !(unknown && rule.asks_who)) {
            match rule.holds(exchange, counts) {
                Ok(false) => {}
                Ok(true) => return Err(format!("{rule} of `deny` holds")),
                Err(why) => return Err(format!("{rule} of `deny` failed: {why}")),
            }
        }
        if let Some(groups) = self.groups.as_ref().filter(|_| !unknown) {
            let consumer = exchange.identity.consumer.as_ref();
            if !consumer.is_some_and(|consumer| consumer.groups.iter().any(|group| groups.contains(group))) {
                return Err(match consumer {
                    None => "`groups` asks for a consumer, and there is none".to_owned(),
                    Some(consumer) => format!("the consumer {} is in none of `groups`", consumer.name),
                });
            }
        }
        let Some(allow) = &self.allow else { return Ok(()) };
        let mut failed = None;
        for rule in allow {
            if unknown && rule.asks_who {
                return Ok(());
            }
            match rule.holds(exchange, counts) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(why) => failed = Some((rule, why)),
            }
        }
        Err(match failed {
            Some((rule, why)) => format!("{rule} of `allow` failed: {why}"),
            None => "no rule of `allow` holds".to_owned(),
        })
    }
}

fn compiled(rules: &Rules, place: &Declared<'_>, reader: &mut Reader) -> Option<Box<[Rule]>> {
    let all = rules.all().into_iter().map(|(name, text)| {
        let expression = template::compile_condition(text, place, reader)?;
        let asks_who = names_identity(&expression);
        Some(Rule { name: name.map(Box::from), expression, asks_who })
    });
    let all: Vec<Option<Rule>> = all.collect();
    all.into_iter().collect()
}

impl Rule {
    fn holds(&self, exchange: &Exchange, counts: &Counts) -> Result<bool, String> {
        self.expression.holds(exchange).map_err(|error| {
            if !exchange.rehearsed {
                counts.failed.add(1);
            }
            error.to_string()
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "rule `{name}`"),
            None => f.write_str("the rule"),
        }
    }
}

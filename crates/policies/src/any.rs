//! `any: [a, b]`: one of several authentications is enough. They are asked in the written order, and the first that knows
//! who it is decides; what the others would forward is not said, and a client's own fields of those names are dropped.
//!
//! Where none knows, wrong credentials are refused by the first that found them wrong. A request without any gets one 401
//! with the challenges of all (RFC 9110 11.6.1), or is sent to the first login that there is.

#[cfg(test)]
mod tests;

use crate::PolicyEntry;
use crate::authenticate::{Alternative, Authenticate, Credentials, Sure, Verdict};
use crate::build::Building;
use crate::layers::{Levels, Origin};
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, Span, TemplateText};
use pintle_core::step::{BoxFuture, Outcome};
use pintle_core::{Exchange, Identity, Reason, Refusal, Response, StatusCode, names};
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// One of several authentications is enough: the first, in the written order, that knows who it is. Of each kind of
/// credentials that a request may have, that which is wrong is refused unless another one is right. Whether a request may have
/// none is said here alone: `optional` of one of them would open the route for all.
///
/// ```yaml
/// policies:
///   partner-key: {api_key: {header: x-api-key}}
/// routes:
///   - {match: /orders/**, policies: [{any: [partner-key, {basic_auth: {realm: orders}}]}], proxy: orders}
///   - {match: /feed, policies: [{any: {of: [partner-key, {api_key: {query: key}}], optional: true, forward: {x-partner: "${consumer.name}"}}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a list of authentications")]
pub enum Any {
    /// The authentications: named policies, or policies as in any list.
    #[read(list)]
    List(Alternatives),
    /// The same with more to say.
    #[read(map)]
    Map(AnyOf),
}

/// Authentications of which one is enough, and what holds for all.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "choice of authentications")]
pub struct AnyOf {
    /// The authentications: named policies, or policies as in any list.
    pub of: Alternatives,
    /// Lets a request without credentials through, as nobody. Wrong ones are refused all the same.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, whichever it was, with values that may name `claims` and `consumer`. A client's own of
    /// those names are dropped, in whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
}

/// The authentications, two at least.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(transparent, check)]
pub struct Alternatives(pub Vec<PolicyEntry>);

/// So many are asked at most.
const MOST: usize = 16;

impl Alternatives {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.0.len() < 2 || self.0.len() > MOST {
            let message = format!("`any` chooses among 2 to {MOST} authentications, and there are {}", self.0.len());
            let help = "one alone stands in the list without `any`";
            reader.report(Diagnostic::error("any", message, node.span()).help(help));
            return None;
        }
        Some(self)
    }
}

impl Any {
    /// The alternatives, in the written order.
    pub fn alternatives(&self) -> &[PolicyEntry] {
        match self {
            Any::List(all) => &all.0,
            Any::Map(map) => &map.of.0,
        }
    }
}

impl Credentials for Any {
    fn optional(&self) -> bool {
        matches!(self, Any::Map(map) if map.optional)
    }

    fn forward(&self) -> &Map<TemplateText> {
        const NONE: &Map<TemplateText> = &Map(Vec::new());
        match self {
            Any::List(_) => NONE,
            Any::Map(map) => &map.forward,
        }
    }
}

/// Builds the policy.
pub(crate) fn make(config: &Any, origin: Origin<'_>, building: &mut Building<'_, '_>) -> Option<Arc<dyn Authenticate>> {
    let mut all = Some(Vec::new());
    let around = building.around;
    // Not what one beside it in the list is called.
    let level = format!("{origin}, any");
    for (nth, entry) in config.alternatives().iter().enumerate() {
        let (policy, origin, span): (_, _, &Span) = match entry {
            PolicyEntry::Named(name) => {
                (around.named.find(name, building.reader), Origin::Named(name.as_str()), &name.span)
            }
            PolicyEntry::Inline(policy) => (Some(&policy.value), Origin::Placed { level: &level, nth }, &policy.span),
        };
        let made = policy.and_then(|policy| policy.alternative(Alternative { origin, span }, building));
        match (made, &mut all) {
            (Some(one), Some(all)) => all.push(one),
            (Some(_), None) => {}
            (None, _) => all = None,
        }
    }
    Some(Arc::new(Choice { all: all?.into() }))
}

struct Choice {
    all: Box<[Sure]>,
}

impl Authenticate for Choice {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        // What one of them finds out it may take off the request, so that none is asked twice.
        if self.may_wait() {
            return None;
        }
        let mut first = None;
        self.all.iter().for_each(|one| one.clear(exchange));
        for one in &self.all {
            let verdict = one.authenticate().now(exchange).unwrap_or(Verdict::Nobody);
            if let Some(verdict) = self.decided(one, verdict, exchange, &mut first) {
                return Some(verdict);
            }
        }
        Some(self.undecided(first, exchange))
    }

    fn may_wait(&self) -> bool {
        self.all.iter().any(|one| one.authenticate().may_wait())
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let mut first = None;
            self.all.iter().for_each(|one| one.clear(exchange));
            for one in &self.all {
                let verdict = match one.authenticate().now(exchange) {
                    Some(verdict) => verdict,
                    None => one.authenticate().wait(exchange).await,
                };
                if let Some(verdict) = self.decided(one, verdict, exchange, &mut first) {
                    return verdict;
                }
            }
            self.undecided(first, exchange)
        })
    }

    fn nobody(&self, exchange: &Exchange) -> Outcome {
        let mut told = Refusal::new(Reason::NoCredentials);
        for one in &self.all {
            match one.authenticate().nobody(exchange) {
                // A login.
                Ok(response) => return Ok(response),
                Err(refusal) => {
                    for (name, value) in refusal.fields.iter().flat_map(|fields| fields.iter()) {
                        told = told.field(name, value);
                    }
                }
            }
        }
        // None of them is a matter of credentials that a request could have.
        if told.fields.is_none()
            && let Some(Err(refusal)) = self.all.first().map(|one| one.authenticate().nobody(exchange))
        {
            return Err(refusal);
        }
        Err(told)
    }

    fn reads(&self, name: &str) -> bool {
        self.all.iter().any(|one| one.authenticate().reads(name))
    }

    fn edits(&self) -> bool {
        self.all.iter().any(|one| one.authenticate().edits())
    }

    fn edit(&self, exchange: &Exchange, response: &mut Response) {
        for one in self.all.iter().filter(|one| one.authenticate().edits()) {
            one.authenticate().edit(exchange, response);
        }
    }
}

impl Choice {
    /// What one says, if it decides; what is wrong by the first that says so goes to `first`.
    fn decided(
        &self,
        one: &Sure,
        verdict: Verdict,
        exchange: &mut Exchange,
        first: &mut Option<Refusal>,
    ) -> Option<Verdict> {
        match verdict {
            Verdict::Nobody => None,
            // Its own fields are forwarded here; the choice's own follow.
            Verdict::Somebody(identity) => {
                self.all.iter().for_each(|one| one.clear_read(exchange));
                Some(match one.take(identity, exchange) {
                    Ok(()) => Verdict::Somebody(Identity::default()),
                    Err(refusal) => Verdict::Refused(refusal),
                })
            }
            Verdict::Refused(refusal) => {
                first.get_or_insert(refusal);
                None
            }
            Verdict::Answered(response) => Some(Verdict::Answered(response)),
        }
    }

    fn undecided(&self, first: Option<Refusal>, exchange: &mut Exchange) -> Verdict {
        self.all.iter().for_each(|one| one.clear_read(exchange));
        let Some(mut refusal) = first else {
            return Verdict::Nobody;
        };
        if refusal.reason.status() == StatusCode::UNAUTHORIZED {
            // The others would do as well.
            for challenge in self.all.iter().filter_map(|one| one.authenticate().challenge()) {
                let values = refusal.fields.iter().flat_map(|fields| fields.get_all(names::WWW_AUTHENTICATE));
                let scheme = challenge.split(' ').next().unwrap_or_default();
                let is_told = values.into_iter().any(|value| value.starts_with(scheme.as_bytes()));
                if !is_told {
                    refusal = refusal.field(names::WWW_AUTHENTICATE, challenge);
                }
            }
        }
        Verdict::Refused(refusal)
    }
}

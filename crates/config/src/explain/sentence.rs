//! What became of a request in one sentence, for somebody who has no time: status, reason, and what to look at.
//!
//! Long because it is a table: a line for each reason.

mod parts;

use super::{Candidate, Explanation, Happened, Verdict};
use pintle_core::{Reason, grpc};
use pintle_telemetry::why::{Came, Recorded, Tried};
use std::time::Duration;

/// The sentence.
pub(super) fn sentence(explanation: &Explanation, happened: &Happened) -> String {
    let recorded = &happened.recorded;
    let Came::Request { status, grpc_status, .. } = &recorded.came else { return tunnel(recorded) };
    let said = Said { explanation, happened, recorded };
    let grpc = grpc_status.filter(|one| *one > 0).map(|one| format!(" (gRPC {one})")).unwrap_or_default();
    match recorded.reason {
        None => format!("{status}{grpc}: {}", said.answered(*status)),
        Some(reason) if said.is_cut(reason, *status, *grpc_status) => {
            format!("{status}{grpc}, cut: {}: {}", reason.code(), said.cut(reason))
        }
        Some(reason) => format!("{status}{grpc} {}: {}", reason.code(), said.refused(reason)),
    }
}

/// A time as people say it.
pub(super) fn shown(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1000 => format!("{micros} µs"),
        micros @ 1000..1_000_000 => format!("{} ms", micros / 1000),
        micros => format!("{:.1} s", micros as f64 / 1e6),
    }
}

struct Said<'a> {
    explanation: &'a Explanation,
    happened: &'a Happened,
    recorded: &'a Recorded,
}

impl Said<'_> {
    /// Whether it had an answer that did not go out whole.
    fn is_cut(&self, reason: Reason, status: u16, grpc: Option<u32>) -> bool {
        let is_reply = grpc.is_some() && self.recorded.upstream_status.is_none();
        status != reason.status().as_u16() && !is_reply
    }

    fn upstream(&self) -> String {
        self.recorded.upstream.as_ref().map_or("the service".into(), |name| format!("`{name}`"))
    }

    fn route(&self) -> String {
        self.recorded.route.as_ref().map_or("no route".into(), |name| format!("`{name}`"))
    }

    /// The route, and whether others would have taken the request if it had not.
    fn taken(&self) -> String {
        let fits = self.explanation.candidates.iter().filter(|one| one.verdict == Verdict::Fits);
        let others: Vec<String> = fits.map(|one| format!("`{}`", one.told.name)).collect();
        match &others[..] {
            [] => self.route(),
            [one] => format!("{} (more specific than {one}, which fits too)", self.route()),
            [one, ..] => {
                format!("{} (more specific than {one} and {} more, which fit too)", self.route(), others.len() - 1)
            }
        }
    }

    fn last(&self) -> Option<&Tried> {
        self.recorded.tries.last()
    }

    /// The endpoint that was tried last.
    fn endpoint(&self) -> String {
        match self.last() {
            Some(last) => format!("{} of {}", last.endpoint, self.upstream()),
            None => self.upstream(),
        }
    }

    /// What the log says, or what the client read.
    fn log(&self) -> &str {
        let said = self.recorded.internal.as_deref().unwrap_or(&self.recorded.detail);
        said.trim_end_matches('.')
    }

    /// The policy that refused.
    fn policy(&self) -> &str {
        self.recorded.policy.as_deref().unwrap_or("a policy")
    }

    fn field(&self, name: &str) -> Option<&str> {
        let Came::Request { fields, .. } = &self.recorded.came else { return None };
        fields.iter().find(|(one, _)| one == name).map(|(_, value)| &**value)
    }

    fn sought(&self) -> (String, String) {
        let Came::Request { method, authority, target, .. } = &self.recorded.came else { return Default::default() };
        let path = target.split('?').next().unwrap_or_default();
        (method.clone(), format!("{authority}{path}"))
    }

    /// What the tries add to a sentence about the last of them.
    fn tries(&self) -> String {
        let recorded = self.recorded;
        let mut text = match recorded.attempts {
            0 | 1 => String::new(),
            attempts => format!("; the last of {attempts} tries"),
        };
        if recorded.budget_spent {
            text.push_str("; no other try: the budget for retries was spent");
        }
        if let Some(last) = self.last() {
            text.push_str(&self.choice(last));
        }
        text
    }

    /// What is remarkable about how an endpoint was chosen.
    fn choice(&self, tried: &Tried) -> String {
        let all = self.happened.endpoints.unwrap_or(0) as u64;
        match &*tried.by {
            "none_left" => format!("; every endpoint of {} was out, so all were tried", self.upstream()),
            "sticky_gone" => "; the one that its cookie names took no part".into(),
            // A try leaves out where it was tried before.
            _ if tried.among < all && self.recorded.attempts <= 1 && tried.by != "sticky" => {
                format!("; {} of {all} endpoints took part", tried.among)
            }
            _ => String::new(),
        }
    }

    /// Requests that had an answer, of a service or of the route itself.
    fn answered(&self, status: u16) -> String {
        let recorded = self.recorded;
        if let Some(said) = self.of_parts() {
            return said;
        }
        let Some(last) = self.last().filter(|last| last.status.is_some()) else {
            let action = self.happened.action.as_ref().map(|action| &*action.name);
            return match (action, &recorded.route) {
                (Some("redirect"), _) => format!("{} redirects", self.taken()),
                (Some("respond"), _) => format!("{} answers by itself", self.taken()),
                (Some("files"), _) => format!("{} answered from its files", self.taken()),
                (_, Some(_)) => format!("{} answered by itself", self.taken()),
                (_, None) => "the gateway answered by itself".into(),
            };
        };
        let took = last.over.map(|over| over.saturating_sub(last.began)).unwrap_or_default();
        let endpoint = self.endpoint();
        if status >= 500 || last.status.is_some_and(|status| status >= 500) {
            let again = match recorded.attempts {
                0 | 1 => String::new(),
                attempts => format!(", as the last of {attempts} tries"),
            };
            let budget = if recorded.budget_spent { "; no other try: the budget for retries was spent" } else { "" };
            let choice = self.choice(last);
            return format!("the service's own answer: {endpoint} gave it{again}, in {}{budget}{choice}", shown(took));
        }
        let before: Vec<String> = recorded.tries.iter().rev().skip(1).map(came_to).collect();
        match &before[..] {
            [] => format!(
                "{} sent it to {endpoint}, which answered in {}{}",
                self.taken(),
                shown(took),
                self.choice(last)
            ),
            [one, ..] => {
                let tries = recorded.attempts;
                format!("{} sent it to {endpoint}, which answered at try {tries}; before it {one}", self.taken())
            }
        }
    }

    /// Answers that did not go out whole.
    fn cut(&self, reason: Reason) -> String {
        let sent = self.recorded.sent;
        let log = self.log();
        match reason {
            Reason::ClientClosed => format!("{log}, after {sent} bytes of it"),
            Reason::Unavailable => format!("{log}, after {sent} bytes of it"),
            Reason::PartFailed => format!("it broke off after {sent} bytes: {}", self.part_failed(reason)),
            Reason::FileFailed => format!("the file became unreadable after {sent} bytes: {log}"),
            Reason::UpstreamTimeout => {
                format!("{} stood still after {sent} bytes of its answer: {log}", self.endpoint())
            }
            Reason::UpstreamMalformed => {
                format!("{} broke the protocol after {sent} bytes of its answer: {log}", self.endpoint())
            }
            Reason::Timeout => format!("{} ran out after {sent} bytes of the answer", self.time_limit()),
            _ => format!("{} broke off after {sent} bytes of its answer: {log}", self.endpoint()),
        }
    }

    /// Requests that the gateway refused. Long because it is a line for each reason.
    fn refused(&self, reason: Reason) -> String {
        let (upstream, route, log) = (self.upstream(), self.route(), self.log());
        let tries = self.tries();
        match reason {
            Reason::NoRoute => self.no_route(),
            Reason::MethodNotAllowed => self.no_method(),
            Reason::BadRequest => format!("the request breaks the protocol: {log}"),
            Reason::BadBatch => format!("the batch for {route} breaks its format: {log}"),
            Reason::BadPath => format!("its path could be understood in two ways: {log}"),
            Reason::BadForwarded => format!("what a trusted proxy says of its client contradicts itself: {log}"),
            Reason::BadTemplate => format!("{route} has no use for a value of the request: {log}"),
            Reason::BadLogin => format!("a login at {route} came back without what belongs to it: {log}"),
            Reason::NoCredentials => {
                format!("{route} wants credentials (`{}`), and the request had none", self.policy())
            }
            Reason::BadCredentials => format!("its credentials are nobody's (`{}`): {log}", self.policy()),
            Reason::BadToken => format!("its token is not taken by {route}: {log}"),
            Reason::TokenExpired => format!("its token is not valid at this time: {log}"),
            Reason::Forbidden => format!("`authorize` of {route} does not allow it: {log}"),
            Reason::IpDenied => format!("`ip_filter` does not let its client's address in: {log}"),
            Reason::CertificateRequired => {
                format!("{route} wants a client certificate that the connection does not have: {log}")
            }
            Reason::CrossSite => format!("a page of another site sent it, which `csrf` refuses: {log}"),
            Reason::FailedDependency if log.is_empty() => {
                "it was not run, because a request before it in its batch did not succeed".into()
            }
            Reason::FailedDependency => format!("it was not run: {log}"),
            Reason::AnswerTooLarge => format!("its answer is larger than the batch may hold: {log}"),
            Reason::RateLimited => format!("its client is over the rate of `rate_limit`: {log}"),
            Reason::QuotaExceeded => format!("the quota of its client is used up: {log}"),
            Reason::ConcurrencyLimited => {
                format!("as many requests as `concurrency` allows were under way: {log}")
            }
            Reason::AuthUnavailable => {
                format!("who asks could not be found out (`{}`): {log}", self.policy())
            }
            Reason::StoreUnavailable => {
                format!("the store of a limit did not answer, which then lets nobody in: {log}")
            }
            Reason::FileForbidden => {
                format!("the operating system does not let the gateway read a file of {route}: {log}")
            }
            Reason::NoFile => format!("{route} has no file for {}: {log}", self.sought().1),
            Reason::RequestTimeout if self.explanation.candidates.is_empty() && self.recorded.route.is_none() => {
                "the head did not come whole within `limits.timeout.header`".into()
            }
            Reason::RequestTimeout => {
                format!(
                    "the client sent nothing of its content for `limits.timeout.body`, after {} bytes",
                    self.recorded.received
                )
            }
            Reason::PreconditionFailed => {
                format!("the file of {route} is another one than the client's condition is for")
            }
            // What a limit on a flow finds out, it tells the operator; an action that takes content whole tells the client.
            Reason::BodyTooLarge if self.recorded.policy.is_none() && self.recorded.internal.is_none() => {
                format!("it has more than {route} takes: {log}")
            }
            Reason::BodyTooLarge => match self.field("content-length") {
                Some(length) => {
                    format!("the client announced {length} bytes of content, more than `body_limit` lets through")
                }
                None => format!("the content passed `body_limit` as it came, {} bytes in", self.recorded.received),
            },
            Reason::TargetTooLong => "its first line is longer than `limits.header.size`".into(),
            Reason::UnsupportedContent => format!("{route} does not take content of this type: {log}"),
            Reason::RangeNotSatisfiable => format!("the file of {route} has none of the ranges that were asked for"),
            Reason::ExpectationFailed => "it expects something else than 100-continue".into(),
            Reason::Misdirected => format!("its host is not served on this connection: {log}"),
            Reason::FieldsTooLarge => format!("its head is larger than `limits.header` lets through: {log}"),
            Reason::ClientClosed => self.hung_up(),
            Reason::Internal => format!("a mistake of the gateway ended this request: {log}"),
            Reason::FileFailed => format!("a file of {route} could not be read: {log}"),
            Reason::NotImplemented => format!("it asks for what is not done: {log}"),
            Reason::ConnectFailed => format!("{upstream} took no connection: {log}{tries}"),
            Reason::UpstreamTls => format!("there was no TLS with {upstream}: {log}{tries}"),
            Reason::UpstreamClosed => format!("{upstream} took the request and gave no answer: {log}{tries}"),
            Reason::UpstreamMalformed => format!("{upstream} gave a malformed answer: {log}{tries}"),
            Reason::UpstreamUnresolved => format!("no address of {upstream} could be looked up: {log}"),
            Reason::Unavailable if self.last().is_some_and(|last| last.over.is_none()) => {
                format!("the gateway stopped before {} had answered", self.endpoint())
            }
            Reason::Unavailable if self.recorded.upstream.is_none() => {
                "the gateway stopped before there was an answer".into()
            }
            Reason::Unavailable => format!("{upstream} has no endpoint that could be asked{tries}"),
            Reason::TooManyFiles => format!("the gateway has as many files open as it may: {log}"),
            Reason::Maintenance => format!("{route} is closed for maintenance"),
            Reason::Overflow if self.recorded.upstream.is_none() => format!("there was no room for its content: {log}"),
            Reason::Overflow if self.recorded.time.queue.is_zero() => {
                format!("as many requests waited for {upstream} as may (`connections.max`, `connections.queue`)")
            }
            Reason::Overflow => {
                format!(
                    "it waited {} for a place at {upstream} (`connections.max`) in vain",
                    shown(self.recorded.time.queue)
                )
            }
            Reason::BreakerOpen => format!("the circuit breaker of {upstream} was open; nobody was asked"),
            Reason::ConnectTimeout => format!("{upstream} was not reached in time: {log}{tries}"),
            Reason::UpstreamTimeout => format!("{upstream} did not answer in time: {log}{tries}"),
            Reason::PartFailed | Reason::PartUnavailable | Reason::PartTimeout => self.part_failed(reason),
            Reason::Timeout => self.out_of_time(),
            Reason::Loop => "the request came back to the gateway that had sent it".into(),
            Reason::VersionNotSupported => format!("its version of HTTP is not served: {log}"),
        }
    }

    fn no_route(&self) -> String {
        let (_, asked) = self.sought();
        let missed = |one: &&Candidate| one.verdict == Verdict::No;
        if let Some(one) = self.explanation.candidates.iter().find(missed) {
            return format!("`{}` has host and path of {asked}, but {}", one.told.name, one.told.why);
        }
        match self.explanation.near.first() {
            Some(near) => format!("no route is for {asked}; nearest is `{}`: {}", near.name, near.why),
            None if self.happened.is_worked_out => format!("no route is for {asked}, and none comes near"),
            None => format!("no route was for {asked}"),
        }
    }

    fn no_method(&self) -> String {
        let missed = |one: &&Candidate| one.verdict == Verdict::No;
        match self.explanation.candidates.iter().find(missed) {
            Some(one) => format!("`{}` is for {}, but {}", one.told.name, self.sought().1, one.told.why),
            None => format!("what is for {} does not take {}", self.sought().1, self.sought().0),
        }
    }

    fn hung_up(&self) -> String {
        let after = shown(self.recorded.time.whole);
        match self.last() {
            Some(last) if last.over.is_none() => {
                let asked = shown(self.recorded.time.whole.saturating_sub(last.began));
                format!(
                    "the client hung up after {after}; {} had been asked for {asked} and had not answered",
                    self.endpoint()
                )
            }
            _ if !self.recorded.time.queue.is_zero() => {
                format!("the client hung up after {after}, waiting for a place at {}", self.upstream())
            }
            _ => match self.missing() {
                Some(missing) => format!("the client hung up after {after}; {missing}"),
                None => format!("the client hung up after {after}, before a service was asked"),
            },
        }
    }

    /// Whose limit on the whole request it was.
    fn time_limit(&self) -> String {
        let client = self.field("grpc-timeout").and_then(|value| grpc::timeout(value.as_bytes()));
        // What a policy allows is less, where it is that which ran out.
        match client.filter(|client| self.recorded.time.whole >= *client) {
            Some(client) => format!("the client's own deadline (`grpc-timeout`) of {}", shown(client)),
            None => "the time that the policy `timeout` gives".into(),
        }
    }

    fn out_of_time(&self) -> String {
        let limit = self.time_limit();
        match self.last() {
            Some(last) => {
                let asked = shown(self.recorded.time.whole.saturating_sub(last.began));
                format!("{limit} ran out; {} had been asked for {asked}", self.endpoint())
            }
            None => match self.missing() {
                Some(missing) => format!("{limit} ran out; {missing}"),
                None => format!("{limit} ran out before a service was asked"),
            },
        }
    }
}

/// What an earlier try came to.
fn came_to(tried: &Tried) -> String {
    match (tried.failed, tried.status) {
        (Some(reason), _) => format!("{} failed ({})", tried.endpoint, reason.code()),
        (None, Some(status)) => format!("{} answered {status}", tried.endpoint),
        (None, None) => format!("{} gave nothing", tried.endpoint),
    }
}

/// Connections that are carried on as they are.
fn tunnel(recorded: &Recorded) -> String {
    let Came::Tunnel { server_name, end } = &recorded.came else { return String::new() };
    let name = server_name.as_ref().map_or("no server name".into(), |name| format!("the server name {name}"));
    let upstream = recorded.upstream.as_deref().unwrap_or_default();
    let log = recorded.internal.as_deref().unwrap_or_default();
    let (sent, received) = (recorded.sent, recorded.received);
    match recorded.reason {
        Some(Reason::NoRoute) => {
            format!("{}: no route of `{}` is for {name}", Reason::NoRoute.code(), recorded.listener)
        }
        Some(reason) => format!("{}: {} (`{upstream}`): {log}", reason.code(), reason.title()),
        None => {
            let endpoint = recorded.tries.last().map(|last| &*last.endpoint).unwrap_or_default();
            let why = match &**end {
                "client_closed" => "the client ended it",
                "upstream_closed" => "the service ended it",
                "client_reset" => "the client's connection broke",
                "upstream_reset" => "the service's connection broke",
                "idle" => "neither side said anything for too long",
                "drained" => "the gateway stopped",
                other => other,
            };
            format!("{end}: {why}; {endpoint} of `{upstream}` had got {received} bytes and sent {sent}")
        }
    }
}

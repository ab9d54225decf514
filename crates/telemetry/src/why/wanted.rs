//! Which of the kept requests somebody wants.

use super::raw::{Raw, RawWay};
use super::recorded::Kept;
use std::net::IpAddr;

/// What requests have to be; nothing but how many there may be is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How many at most.
    pub most: usize,
    /// Only those that went wrong: an error's status, an answer that was cut or lacks a part, one that the gateway gave by itself.
    pub errors: bool,
    /// Of this route.
    pub route: Option<String>,
    /// Of this status, or this class.
    pub status: Option<Class>,
    /// For this reason.
    pub reason: Option<String>,
    /// Of this upstream, which a part of it may have called.
    pub upstream: Option<String>,
    /// Whose path begins so.
    pub path: Option<String>,
    /// Of this client.
    pub client: Option<IpAddr>,
}

/// A status, or all of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// This one.
    One(u16),
    /// All that begin with this digit.
    All(u16),
}

impl Class {
    /// Reads `404` or `4xx`.
    pub fn parse(text: &str) -> Option<Class> {
        if let Some(digit) = text.strip_suffix("xx") {
            return digit.parse().ok().filter(|digit| (1..=5).contains(digit)).map(Class::All);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Class::One)
    }

    fn takes(self, status: u16) -> bool {
        match self {
            Class::One(one) => one == status,
            Class::All(digit) => status / 100 == digit,
        }
    }
}

impl Wanted {
    /// All of them.
    pub fn all(most: usize) -> Self {
        Wanted {
            most,
            errors: false,
            route: None,
            status: None,
            reason: None,
            upstream: None,
            path: None,
            client: None,
        }
    }

    /// Whether it is one of those.
    pub(super) fn takes(&self, kept: &Kept) -> bool {
        let Raw { came, reason, route, upstream, client, parts, .. } = &kept.raw;
        let (status, path, grpc) = match came {
            RawWay::Request { status, target, grpc_status, .. } => (Some(*status), &**target, *grpc_status),
            RawWay::Tunnel { .. } => (None, "", None),
        };
        let is_error = reason.is_some()
            || status.is_some_and(|status| status >= 400)
            || grpc.is_some_and(|one| one > 0)
            || parts.iter().any(|part| part.state == "failed");
        let is = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        (!self.errors || is_error)
            && is(&self.route, route)
            && (is(&self.upstream, upstream) || parts.iter().any(|part| is(&self.upstream, &part.upstream)))
            && is(&self.reason, reason.map_or("", |reason| reason.code()))
            && self.status.is_none_or(|class| status.is_some_and(|status| class.takes(status)))
            && self.path.as_ref().is_none_or(|begin| path.starts_with(&**begin))
            && self.client.is_none_or(|wanted| *client == Some(wanted))
    }
}

//! A part of a plan: one call, or one for each item of a list.

use super::super::config::Accepted;
use super::super::decode::Reading;
use super::PartSet;
use crate::made::Made;
use crate::url::{Host, Url};
use pintle_core::template::{Expression, Template};
use pintle_core::{Method, StatusCode};
use pintle_policies::content::Content;
use pintle_upstream::Target;
use std::sync::Arc;
use std::time::Duration;

/// A part.
#[derive(Debug)]
pub(in super::super) struct Part {
    pub(in super::super) name: Arc<str>,
    pub(in super::super) target: Target,
    pub(in super::super) method: Method,
    pub(in super::super) path: Url,
    pub(in super::super) when: Option<Expression>,
    pub(in super::super) each: Option<Each>,
    pub(in super::super) timeout: Option<Duration>,
    pub(in super::super) accept: Box<[Accepted]>,
    pub(in super::super) headers: Made,
    pub(in super::super) host: Option<Host>,
    pub(in super::super) body: Option<Content>,
    pub(in super::super) reading: Reading,
    pub(in super::super) failing: Failing,
    /// The parts that it names.
    pub(in super::super) needs: PartSet,
    /// Those, what they name, and so on.
    pub(in super::super) after: PartSet,
    /// Of those the ones that may change something: what was asked before them is not known after them.
    pub(in super::super) changed: PartSet,
    /// What is called, as it was written.
    pub(in super::super) call: Arc<str>,
    /// Under which name expressions know an item, and the list.
    pub(in super::super) list: Option<Box<str>>,
}

/// The list that calls are made for.
#[derive(Debug)]
pub(in super::super) struct Each {
    pub(in super::super) list: Expression,
    pub(in super::super) at_most: usize,
    pub(in super::super) parallel: usize,
}

/// What becomes of the whole where a part fails.
#[derive(Debug)]
pub(in super::super) enum Failing {
    Fail,
    Pass,
    /// It goes on with this body.
    Value(Content),
}

impl Part {
    /// Whether its call may be made once for several that want the same (RFC 9110 9.2.1).
    pub(in super::super) fn is_safe(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Whether it succeeds with that status.
    pub(in super::super) fn accepts(&self, status: StatusCode) -> bool {
        status.is_success() || self.accept.iter().any(|accepted| accepted.has(status))
    }

    /// Its templates.
    pub(in super::super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let value = match &self.failing {
            Failing::Value(content) => Some(content),
            Failing::Fail | Failing::Pass => None,
        };
        let contents = self.body.iter().chain(value).flat_map(Content::templates);
        let target = std::iter::once(self.path.template()).chain(self.host.iter().map(Host::template));
        target.chain(self.headers.templates()).chain(contents)
    }

    /// The expressions that stand by themselves.
    pub(in super::super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.when.iter().chain(self.each.as_ref().map(|each| &each.list))
    }
}

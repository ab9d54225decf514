//! What an aggregate answers, as its user writes it.

use crate::respond::RespondStatus;
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, Spanned, TemplateText, TemplateTree};

/// What the client gets.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "`respond`", check)]
pub struct AnswerConfig {
    /// The status, from 200 to 599.
    #[read(default = "200")]
    pub status: RespondStatus,
    /// Header fields, by name. One whose template fails is left out.
    #[read(default)]
    pub headers: Map<TemplateText>,
    /// The content: a text, or a tree that becomes JSON, in the order in which it is written. Excludes `merge`.
    pub body: Option<TemplateTree>,
    /// Merges the bodies of these parts, which must be objects, deeply and in this order.
    pub merge: Option<Vec<Spanned<String>>>,
    /// What `merge` does where two have the same name, and not both have an object there: `error` fails the whole, `first` and
    /// `last` take the one that comes first or last in the order of `merge`; `error` unless it is said.
    pub on_conflict: Option<OnConflict>,
}

/// Who wins where two bodies have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum OnConflict {
    /// Nobody: the whole fails.
    Error,
    /// The one that `merge` names first.
    First,
    /// The one that `merge` names last.
    Last,
}

/// What differs in a partial answer.
#[derive(Clone, Debug, Default, PartialEq, Read)]
#[read(called = "partial")]
pub struct PartialConfig {
    /// Fields in place of what `respond.headers` gives under these names, `cache-control: no-store` and `gateway-partial` among them.
    #[read(default)]
    pub headers: Map<TemplateText>,
}

impl AnswerConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let at = |key| node.get(key).unwrap_or(node).span();
        let has_none = matches!(self.status.0.as_u16(), 204 | 205 | 304);
        let (message, place, help) = match (&self.body, &self.merge) {
            (Some(_), Some(_)) => {
                ("`body` and `merge` exclude each other", at("merge"), "write the tree that is meant, or merge alone")
            }
            (_, None) if self.on_conflict.is_some() => {
                ("`on_conflict` is for `merge`, and there is none", at("on_conflict"), "leave it out")
            }
            (_, Some(merge)) if merge.is_empty() => ("`merge` names no part", at("merge"), "such as `[users, orders]`"),
            (Some(_), _) | (_, Some(_)) if has_none => {
                ("an answer with this status has no content", at("status"), "leave `body` and `merge` out")
            }
            _ => return Some(self),
        };
        reader.report(Diagnostic::error("respond-body", message, place).help(help));
        None
    }
}

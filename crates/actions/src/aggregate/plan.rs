//! The plan of an aggregate, as it is once the configuration has been loaded: who is called, what each waits for, what becomes
//! of the whole. Knows nothing of a request under way.

mod answer;
mod build;
mod check;
mod part;
mod set;

pub(super) use answer::{AnswerPlan, Built};
pub(super) use part::{Each, Failing, Part};
pub(super) use set::PartSet;

use super::config::PlanLimits;
use pintle_core::json;
use pintle_core::template::{Expression, Root, Template, Variable};

/// The most parts that an aggregate has.
pub(super) const MOST_PARTS: usize = 64;

/// A plan.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order in which they are written.
    pub(super) parts: Box<[Part]>,
    /// The client's fields that calls carry, in small letters.
    pub(super) passed: Box<[Box<str>]>,
    pub(super) answer: AnswerPlan,
    pub(super) limits: PlanLimits,
    pub(super) reads: Reads,
}

/// What the expressions of a plan read of the request.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Its content.
    pub(super) body: bool,
    /// Who asks: consumer, claims, address, certificate, cookies, or all header fields.
    pub(super) client: bool,
    /// Header fields, by their names in small letters.
    pub(super) fields: Vec<Box<str>>,
}

impl Reads {
    fn of<'v>(names: impl Iterator<Item = &'v Variable>) -> Self {
        let mut reads = Reads::default();
        for name in names {
            match name {
                Variable::RequestHeader(field) if !reads.fields.contains(field) => reads.fields.push(field.clone()),
                Variable::RequestHeaders | Variable::RequestCookies | Variable::RequestCookie(_) => reads.client = true,
                name => {
                    reads.body |= name.root() == Root::RequestBody;
                    reads.client |= matches!(name.root(), Root::Consumer | Root::Claims | Root::Client);
                }
            }
        }
        reads
    }
}

impl Plan {
    /// Every template that it has.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.parts.iter().flat_map(Part::templates).chain(self.answer.templates())
    }

    /// The parts whose bodies somebody looks into. Others are handed on as a whole, if at all.
    fn opened(&self) -> PartSet {
        if self.answer.fields {
            return self.all();
        }
        // What stands in a value by itself is handed on; a list that calls are made for, a condition, and all else opens it.
        let handed_on = |expression: &&Expression| expression.variable().is_some();
        let placed = self.templates().flat_map(Template::expressions).filter(|one| !handed_on(one));
        let all = placed.chain(self.parts.iter().flat_map(Part::expressions)).flat_map(Expression::names);
        let merged = match &self.answer.built {
            Built::Merged(parts, _) => parts.iter().fold(PartSet::default(), |set, part| set.with(*part)),
            Built::Content(_) | Built::Nothing => PartSet::default(),
        };
        PartSet::of(all).and(merged)
    }

    /// How much JSON an answer's content may be.
    pub(super) fn json(&self) -> json::Limits {
        json::Limits { bytes: self.limits.part.in_memory(), depth: self.limits.depth as usize }
    }

    /// All parts.
    pub(super) fn all(&self) -> PartSet {
        PartSet::first(self.parts.len())
    }
}

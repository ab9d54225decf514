//! A plan at work, without any input or output: what can be called now, what a call's end means, what the whole has come to.
//! The outcome depends on what comes, never on which of two comes first; so its tests need neither network nor clock.

mod calls;
mod under_way;
mod understood;

use super::part::{ALL_TOO_LARGE, Answered, Failure, Many, NEEDS, PartBody, Settled, State};
use super::plan::{Failing, Part, PartSet, Plan};
use super::request::PartRequest;
use super::scope::PlanScope;
use calls::Calls;
use pintle_core::Exchange;
use pintle_core::json::{self, Json};
use pintle_core::template::Value;
use std::sync::Arc;
use std::time::Instant;
use under_way::UnderWay;
use understood::understood;

/// A plan at work for a request.
pub(super) struct Run<'p> {
    plan: &'p Plan,
    /// The request's content, where an expression names it.
    content: Option<Json>,
    /// By the parts' numbers: what became of them.
    pub(super) parts: Box<[Option<Settled>]>,
    under_way: Box<[Option<UnderWay>]>,
    calls: Calls,
    settled: PartSet,
    is_too_large: bool,
    todo: Todo,
}

/// What is to be done next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Todo {
    /// Calls to make.
    pub(super) begin: Vec<usize>,
    /// Calls that nobody waits for any more.
    pub(super) abort: Vec<usize>,
}

/// What the whole has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// That part fails it.
    Fails(usize),
    /// All answers together are larger than they may be.
    TooLarge,
    /// All parts are settled, and none fails it.
    Complete,
}

impl<'p> Run<'p> {
    pub(super) fn new(plan: &'p Plan, content: Option<Json>) -> Self {
        let count = plan.parts.len();
        Run {
            plan,
            content,
            parts: (0..count).map(|_| None).collect(),
            under_way: (0..count).map(|_| None).collect(),
            calls: Calls::default(),
            settled: PartSet::default(),
            is_too_large: false,
            todo: Todo::default(),
        }
    }

    /// Starts what can start, at first and after each thing that happened; tells what is to be done for it.
    pub(super) fn go_on(&mut self, exchange: &Exchange, now: Instant) -> Todo {
        loop {
            let wanted = self.wanted();
            self.leave(wanted);
            let is_ready = |at: &usize| {
                !self.settled.has(*at)
                    && self.under_way[*at].is_none()
                    && self.plan.parts[*at].needs.is_in(self.settled)
            };
            let Some(at) = wanted.iter().find(is_ready) else { break };
            self.start(at, exchange, now);
        }
        self.calls.dropped(&mut self.todo.abort);
        std::mem::take(&mut self.todo)
    }

    /// The request of a call that is to be made.
    pub(super) fn request(&self, call: usize) -> &Arc<PartRequest> {
        self.calls.request(call)
    }

    /// What came of a call.
    pub(super) fn came(&mut self, call: usize, outcome: Result<Answered, Failure>, exchange: &Exchange) {
        self.is_too_large |= outcome.as_ref().is_err_and(|failure| failure.reason == ALL_TOO_LARGE);
        let outcome = outcome.map(Arc::new);
        // First of all: who leaves a call that has come gives up nothing.
        self.calls.came(call, outcome.clone());
        for at in 0..self.plan.parts.len() {
            let Some(under_way) = self.under_way[at].as_mut().filter(|part| part.waits_for(call)) else { continue };
            under_way.take_one(call, understood(&self.plan.parts[at], &outcome, self.plan.json()));
            self.conclude(at, exchange);
        }
    }

    /// When the time of a part is over next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.under_way.iter().flatten().filter_map(|part| part.deadline).min()
    }

    /// Ends the parts whose time is over.
    pub(super) fn expire(&mut self, exchange: &Exchange, now: Instant) {
        for at in 0..self.plan.parts.len() {
            let Some(part) = &mut self.under_way[at] else { continue };
            if part.deadline.is_some_and(|deadline| deadline <= now) {
                let limit = self.plan.parts[at].timeout.unwrap_or_default();
                part.expire(&Failure::timeout(format!("its time of {limit:?} is over")));
                self.conclude(at, exchange);
            }
        }
    }

    /// Fails all that is not settled: nothing is under way that would settle it, which is a mistake of the gateway's own and must
    /// not become a loop.
    pub(super) fn stand_still(&mut self, exchange: &Exchange) {
        for at in 0..self.plan.parts.len() {
            if !self.settled.has(at) {
                self.under_way[at] = None;
                let body = self.instead(at, exchange);
                self.settle(at, Settled::failed(Failure::new("internal", "the plan stands still"), body));
            }
        }
    }

    /// The parts that are settled.
    pub(super) fn settled(&self) -> PartSet {
        self.settled
    }

    /// Whether these parts are settled.
    pub(super) fn knows(&self, parts: PartSet) -> bool {
        parts.is_in(self.settled)
    }

    /// What the whole has come to, once that is known. Of several parts that fail it, the first in the written order decides,
    /// after those that fail by themselves.
    pub(super) fn decision(&self) -> Option<Decision> {
        match self.failing() {
            _ if self.is_too_large => Some(Decision::TooLarge),
            Some(at) => self.knows(self.rivals(at)).then_some(Decision::Fails(at)),
            None => self.knows(self.plan.all()).then_some(Decision::Complete),
        }
    }

    /// The scope of expressions.
    pub(super) fn scope<'a>(&'a self, exchange: &'a Exchange) -> PlanScope<'a> {
        PlanScope { exchange, content: self.content.as_ref(), parts: &self.parts, item: None }
    }

    /// The first part that fails the whole so far.
    fn failing(&self) -> Option<usize> {
        self.parts.iter().enumerate().position(|(at, settled)| {
            let failure = settled.as_ref().and_then(|settled| settled.failure.as_ref());
            failure.is_some_and(|failure| !failure.is_of_another()) && !has_value(&self.plan.parts[at])
        })
    }

    /// The parts that still matter: where the whole fails already, those that may decide it in another way.
    fn wanted(&self) -> PartSet {
        match self.failing() {
            None => self.plan.all(),
            Some(at) => {
                let rivals = self.rivals(at);
                rivals.iter().map(|part| self.plan.parts[part].after).fold(rivals, PartSet::and)
            }
        }
    }

    /// The parts that would decide in place of one that fails the whole: those before it that have no value.
    fn rivals(&self, at: usize) -> PartSet {
        let before = PartSet::first(at).iter().filter(|part| !has_value(&self.plan.parts[*part]));
        before.fold(PartSet::default(), PartSet::with)
    }

    /// Gives up what is under way for parts that are not among these: what came of them would change nothing.
    fn leave(&mut self, wanted: PartSet) {
        for at in (0..self.under_way.len()).filter(|at| !wanted.has(*at)) {
            let Some(part) = self.under_way[at].take() else { continue };
            part.calls().for_each(|call| self.calls.leave(call, at));
        }
    }

    fn start(&mut self, at: usize, exchange: &Exchange, now: Instant) {
        let part = &self.plan.parts[at];
        let requests = match self.requests(at, part, exchange) {
            Ok(Some(requests)) => requests,
            Ok(None) => return self.settle(at, Settled::skipped()),
            Err(failure) => {
                let none = match part.each {
                    Some(_) => PartBody::Many(Many(Box::default())),
                    None => self.instead(at, exchange),
                };
                return self.settle(at, Settled::failed(failure, none));
            }
        };
        let deadline = part.timeout.and_then(|timeout| now.checked_add(timeout));
        let parallel = part.each.as_ref().map_or(1, |each| each.parallel);
        let mut under_way = UnderWay::new(deadline, has_value(part), parallel);
        for request in requests {
            under_way.add(request.map(|request| self.calls.find(request, self.plan)));
        }
        let limits = self.plan.json();
        under_way.take(|call| self.calls.outcome(call).map(|outcome| understood(part, outcome, limits)));
        self.under_way[at] = Some(under_way);
        self.conclude(at, exchange);
    }

    /// What is to be asked for a part: a request for each item. None where it is skipped.
    fn requests(
        &self,
        at: usize,
        part: &Part,
        exchange: &Exchange,
    ) -> Result<Option<Vec<Result<PartRequest, Failure>>>, Failure> {
        let lacks = |need: &usize| {
            let failed = self.parts[*need].as_ref().is_some_and(|need| need.state == State::Failed);
            failed && !has_value(&self.plan.parts[*need])
        };
        if let Some(need) = part.needs.iter().find(lacks) {
            return Err(Failure::new(NEEDS, format!("it needs `{}`", self.plan.parts[need].name)));
        }
        let scope = self.scope(exchange);
        let failed = |error| Failure::new("expression", format!("{error}"));
        if let Some(when) = &part.when
            && !when.holds(&scope).map_err(failed)?
        {
            return Ok(None);
        }
        let Some(each) = &part.each else {
            return Ok(Some(vec![PartRequest::make(at, part, &scope)]));
        };
        let list = match each.list.evaluate(&scope).map_err(failed)? {
            Value::List(list) => list,
            other => return Err(Failure::new("not_a_list", format!("`for_each` got {}", other.kind()))),
        };
        if list.len() > each.at_most {
            let why = format!("{} items, where at most {} may be", list.len(), each.at_most);
            return Err(Failure::new("too_many_items", why));
        }
        let request = |item| PartRequest::make(at, part, &PlanScope { item: Some(item), ..scope.clone() });
        Ok(Some(list.iter().map(request).collect()))
    }

    /// Begins more of a part's calls, or settles it where all that matters has come.
    fn conclude(&mut self, at: usize, exchange: &Exchange) {
        let Some(under_way) = &mut self.under_way[at] else { return };
        under_way.begin(&mut self.calls, &mut self.todo.begin);
        if !under_way.is_through() {
            return;
        }
        let instead = match under_way.failure() {
            Some(_) => self.instead(at, exchange),
            None => PartBody::Null,
        };
        let Some(under_way) = self.under_way[at].take() else { return };
        under_way.calls().for_each(|call| self.calls.leave(call, at));
        let settled = match self.plan.parts[at].each {
            None => under_way.one(instead),
            Some(_) => under_way.many(instead),
        };
        self.settle(at, settled);
    }

    /// The body in place of one that failed.
    fn instead(&self, at: usize, exchange: &Exchange) -> PartBody {
        let Failing::Value(content) = &self.plan.parts[at].failing else { return PartBody::Null };
        let rendered = content.render(&self.scope(exchange)).ok();
        let text = match &rendered {
            Some(pintle_core::Body::Full(text)) => &text[..],
            _ => b"null",
        };
        let limits = json::Limits { bytes: text.len(), depth: json::Limits::DEEPEST };
        Json::parse(text, limits).map_or(PartBody::Null, |json| PartBody::One(Arc::new(json)))
    }

    fn settle(&mut self, at: usize, settled: Settled) {
        self.settled = self.settled.with(at);
        self.parts[at] = Some(settled);
    }
}

/// Whether something stands in place of a body that failed.
fn has_value(part: &Part) -> bool {
    matches!(part.failing, Failing::Value(_))
}

#[cfg(test)]
mod tests;

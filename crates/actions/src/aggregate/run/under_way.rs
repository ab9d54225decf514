//! A part whose calls are being made: one, or one for each item of its list.

use super::super::part::{Failure, Many, PartBody, Settled, State};
use super::calls::Calls;
use pintle_core::json::Json;
use pintle_core::{Fields, StatusCode};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) deadline: Option<Instant>,
    /// Whether a value stands for what fails: then the others matter all the same.
    has_value: bool,
    parallel: usize,
    /// Which of the different ones each item of the list is.
    items: Vec<usize>,
    different: Vec<Item>,
    by_call: HashMap<usize, usize, foldhash::fast::RandomState>,
    /// The next that may begin.
    next: usize,
    /// How many of its own are under way.
    active: usize,
}

#[derive(Debug)]
struct Item {
    /// None where its request could not be put together.
    call: Option<usize>,
    /// Its first place in the list.
    first: usize,
    is_own: bool,
    came: Option<Result<Taken, Failure>>,
}

/// An answer with which the part succeeds.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) status: StatusCode,
    pub(super) fields: Arc<Fields>,
    pub(super) body: Arc<Json>,
}

impl UnderWay {
    pub(super) fn new(deadline: Option<Instant>, has_value: bool, parallel: usize) -> Self {
        let (items, different, by_call) = (Vec::new(), Vec::new(), HashMap::default());
        UnderWay { deadline, has_value, parallel, items, different, by_call, next: 0, active: 0 }
    }

    /// Adds an item: its call, or why there can be none.
    pub(super) fn add(&mut self, call: Result<usize, Failure>) {
        let new = self.different.len();
        let at = match call {
            Ok(call) => *self.by_call.entry(call).or_insert(new),
            Err(_) => new,
        };
        if at == new {
            let first = self.items.len();
            let (call, came) = match call {
                Ok(call) => (Some(call), None),
                Err(failure) => (None, Some(Err(failure))),
            };
            self.different.push(Item { call, first, is_own: false, came });
        }
        self.items.push(at);
    }

    /// Whether it waits for that call.
    pub(super) fn waits_for(&self, call: usize) -> bool {
        self.by_call.get(&call).is_some_and(|at| self.different[*at].came.is_none())
    }

    /// Takes what has come of its calls; `read` says what that is for the part.
    pub(super) fn take(&mut self, read: impl Fn(usize) -> Option<Result<Taken, Failure>>) {
        for item in self.different.iter_mut().filter(|item| item.came.is_none()) {
            item.came = item.call.and_then(&read);
            if item.came.is_some() && std::mem::take(&mut item.is_own) {
                self.active -= 1;
            }
        }
    }

    /// The same for one call.
    pub(super) fn take_one(&mut self, call: usize, came: Result<Taken, Failure>) {
        let Some(item) = self.by_call.get(&call).map(|at| &mut self.different[*at]) else { return };
        item.came = Some(came);
        if std::mem::take(&mut item.is_own) {
            self.active -= 1;
        }
    }

    /// Begins as many calls as may be under way.
    pub(super) fn begin(&mut self, calls: &mut Calls, begun: &mut Vec<usize>) {
        let end = self.end();
        while self.active < self.parallel
            && let Some(item) = self.different.get_mut(self.next).filter(|item| item.first < end)
        {
            self.next += 1;
            if let (None, Some(call)) = (&item.came, item.call)
                && calls.begin(call)
            {
                item.is_own = true;
                self.active += 1;
                begun.push(call);
            }
        }
    }

    /// Items from there on do not matter: one before them fails the part.
    fn end(&self) -> usize {
        match self.has_value {
            true => usize::MAX,
            false => self.failed().map_or(usize::MAX, |item| item.first),
        }
    }

    fn failed(&self) -> Option<&Item> {
        self.different.iter().find(|item| matches!(item.came, Some(Err(_))))
    }

    /// The failure of the first item that failed.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failed().and_then(|item| item.came.as_ref()?.as_ref().err())
    }

    /// Whether all that matters has come.
    pub(super) fn is_through(&self) -> bool {
        let end = self.end();
        self.different.iter().all(|item| item.came.is_some() || item.first >= end)
    }

    /// What has not come fails.
    pub(super) fn expire(&mut self, failure: &Failure) {
        for item in self.different.iter_mut().filter(|item| item.came.is_none()) {
            item.came = Some(Err(failure.clone()));
        }
    }

    /// Its calls.
    pub(super) fn calls(&self) -> impl Iterator<Item = usize> {
        self.different.iter().filter_map(|item| item.call)
    }

    /// What became of a part with one call; `instead` stands for a body that failed.
    pub(super) fn one(self, instead: PartBody) -> Settled {
        match self.different.into_iter().next().and_then(|item| item.came) {
            Some(Ok(Taken { status, fields, body })) => {
                let (status, body, answers) = (Some(status), PartBody::One(body), Box::new([Arc::clone(&fields)]));
                Settled { state: State::Ok, status, fields, answers, body, failure: None }
            }
            Some(Err(failure)) => Settled::failed(failure, instead),
            None => Settled::skipped(),
        }
    }

    /// What became of a part with a list; `instead` stands for each item that failed.
    pub(super) fn many(self, instead: PartBody) -> Settled {
        let failure = self.failure().cloned();
        if failure.is_some() && !self.has_value {
            return Settled { state: State::Failed, failure, ..Settled::skipped() };
        }
        let instead = match instead {
            PartBody::One(body) => body,
            PartBody::Null | PartBody::Many(_) => super::understood::null(),
        };
        let body = |at: &usize| match &self.different[*at].came {
            Some(Ok(taken)) => Arc::clone(&taken.body),
            Some(Err(_)) | None => Arc::clone(&instead),
        };
        let body = PartBody::Many(Many(self.items.iter().map(body).collect()));
        let taken = self.different.iter().filter_map(|item| item.came.as_ref()?.as_ref().ok());
        let answers = taken.map(|taken| Arc::clone(&taken.fields)).collect();
        let state = if failure.is_some() { State::Failed } else { State::Ok };
        Settled { state, answers, body, failure, ..Settled::skipped() }
    }
}

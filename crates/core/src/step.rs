//! The forms in which a policy takes part in a request, and the chain that runs them.
//!
//! Checks, answers and edits never wait: they run in a plain loop and cost no future. A wrap stands around the rest and may
//! wait. Steps stand outer to inner; at their end is the action.

mod brought;
mod inside;
mod plan;

pub use brought::Brought;
pub use inside::{Answered, Asked, Inside, Take, Whose};
pub use plan::{Destination, Plan, PlannedList, PlannedPart};

use crate::notes::Wait;
use crate::{Exchange, Refusal, Response};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What comes back from a chain.
pub type Outcome = Result<Response, Refusal>;

/// One step of a chain.
pub enum Step {
    /// On the way in; never waits.
    Check(Box<dyn Fn(&mut Exchange) -> Result<(), Refusal> + Send + Sync>),
    /// On the way in; never waits. It may answer in place of all that is further in, as for a preflight of CORS.
    Answer(Box<dyn Fn(&mut Exchange) -> Result<Option<Response>, Refusal> + Send + Sync>),
    /// On the way out, on every answer that passes its place, the gateway's own too; never waits.
    Edit(Box<dyn Fn(&Exchange, &mut Response) + Send + Sync>),
    /// Around the rest; may wait.
    Wrap(Arc<dyn Wrap>),
}

/// A step around the rest of the chain.
pub trait Wrap: Send + Sync {
    /// Answers for the request, with `next` or without it. `next` is owned: it can go to a task of its own.
    fn call<'a>(&'a self, exchange: &'a mut Exchange, next: Next) -> BoxFuture<'a, Outcome>;
}

/// What a route does in the end.
pub trait Action: Send + Sync {
    /// Answers for the request.
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome>;

    /// What `call` would do, as far as that is known without doing it. Leaves the request in the exchange as it would go
    /// to a service.
    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal>;

    /// Whether it runs requests inside of its own: then the exchange has what runs them.
    fn asks_inside(&self) -> bool {
        false
    }
}

/// A step, and the place in the run order that it is of: what logs, metrics and explanations call it.
pub struct PolicyStep {
    /// The place.
    pub policy: &'static str,
    /// The step.
    pub step: Step,
}

/// The steps of one route and its action.
pub struct Chain {
    steps: Box<[PolicyStep]>,
    action: Arc<dyn Action>,
    asks_inside: bool,
}

impl Chain {
    /// A chain of these steps, outer to inner, around `action`.
    pub fn new(steps: Vec<PolicyStep>, action: Arc<dyn Action>) -> Self {
        let asks_inside = action.asks_inside();
        Chain { steps: steps.into_boxed_slice(), action, asks_inside }
    }

    /// Whether its action runs requests inside of its own.
    pub fn asks_inside(&self) -> bool {
        self.asks_inside
    }

    /// The places of its steps, outer to inner.
    pub fn policies(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|one| one.policy)
    }

    /// The place of the step that refused; none where that was the action.
    pub fn policy(&self, refused_at: Option<usize>) -> Option<&'static str> {
        self.steps.get(refused_at?).map(|one| one.policy)
    }

    /// Runs the chain. A refusal comes back unrendered; once it is rendered, [`Chain::edit_reply`] must see it.
    pub fn run<'a>(self: &'a Arc<Self>, exchange: &'a mut Exchange) -> impl Future<Output = Outcome> + Send + 'a {
        self.run_from(0, exchange)
    }

    /// What [`Chain::run`] would come to, without waiting for anything and without doing anything: checks and edits are run,
    /// wraps are passed over, and the action plans.
    pub fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        for (at, one) in self.steps.iter().enumerate() {
            let came = match &one.step {
                Step::Check(check) => check(exchange).map(|()| None),
                Step::Answer(answer) => answer(exchange),
                Step::Edit(_) | Step::Wrap(_) => continue,
            };
            let came = came.map_err(|refusal| Refusal { at: refusal.at.or(Some(at)), ..refusal })?;
            if let Some(mut response) = came {
                self.edit(0..at, exchange, &mut response);
                return Ok(Plan::Answer(response));
            }
        }
        let mut plan = self.action.plan(exchange).map_err(|mut refusal| {
            refusal.at.get_or_insert(self.steps.len());
            refusal
        })?;
        if let Plan::Answer(response) = &mut plan {
            self.edit(0..self.steps.len(), exchange, response);
        }
        Ok(plan)
    }

    /// Applies the edits that stand outside of the step that refused to the gateway's own answer.
    pub fn edit_reply(&self, refused_at: Option<usize>, exchange: &Exchange, response: &mut Response) {
        let end = refused_at.unwrap_or(self.steps.len()).min(self.steps.len());
        self.edit(0..end, exchange, response);
    }

    fn edit(&self, range: std::ops::Range<usize>, exchange: &Exchange, response: &mut Response) {
        for one in self.steps[range].iter().rev() {
            if let Step::Edit(edit) = &one.step {
                edit(exchange, response);
            }
        }
    }

    async fn run_from(self: &Arc<Self>, start: usize, exchange: &mut Exchange) -> Outcome {
        let mut at = start;
        let outcome = loop {
            let Some(PolicyStep { policy, step }) = self.steps.get(at) else {
                if at > 0 {
                    exchange.notes.action = Some(Instant::now());
                }
                break self.action.call(exchange).await;
            };
            match step {
                Step::Check(check) => {
                    if let Err(refusal) = check(exchange) {
                        break Err(refusal);
                    }
                }
                Step::Answer(answer) => match answer(exchange) {
                    Ok(None) => {}
                    Ok(Some(response)) => break Ok(response),
                    Err(refusal) => break Err(refusal),
                },
                Step::Edit(_) => {}
                Step::Wrap(wrap) => {
                    let wait = exchange.notes.waits.len();
                    let (began, inward, outward, over) = (Instant::now(), None, None, None);
                    exchange.notes.waits.push(Wait { policy, began, inward, outward, over });
                    let outcome = wrap.call(exchange, Next { chain: Arc::clone(self), at: at + 1, wait }).await;
                    if let Some(wait) = exchange.notes.waits.get_mut(wait) {
                        wait.over = Some(Instant::now());
                    }
                    break outcome;
                }
            }
            at += 1;
        };
        match outcome {
            Ok(mut response) => {
                self.edit(start..at, exchange, &mut response);
                Ok(response)
            }
            Err(mut refusal) => {
                refusal.at.get_or_insert(at);
                Err(refusal)
            }
        }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} steps)", self.steps.len())
    }
}

/// The rest of a chain, from a wrap's place inwards.
#[derive(Clone)]
pub struct Next {
    chain: Arc<Chain>,
    at: usize,
    /// Where the notes have the wrap that it is of.
    wait: usize,
}

impl Next {
    /// Runs the rest.
    pub async fn run(self, exchange: &mut Exchange) -> Outcome {
        // An exchange of a task of its own has none of the notes.
        if let Some(wait) = exchange.notes.waits.get_mut(self.wait) {
            (wait.inward, wait.outward) = (Some(Instant::now()), None);
        }
        let outcome = self.chain.run_from(self.at, exchange).await;
        if let Some(wait) = exchange.notes.waits.get_mut(self.wait) {
            wait.outward = Some(Instant::now());
        }
        outcome
    }
}

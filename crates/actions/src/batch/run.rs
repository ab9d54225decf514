//! Runs the requests of a batch beside each other, as far as their order allows, and gathers what they come to. All of them
//! end with the batch's own future.

use super::Batch;
use super::answer::{self, Answers, Written};
use super::item::{Around, Item};
use super::order::{Next, Order};
use crate::time;
use pintle_core::step::{Answered, BoxFuture, Inside, Take};
use pintle_core::{Exchange, Fields, Reason, Refusal, Response, names};
use pintle_policies::held::{Account, Share, no_room};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// What `prefer` says of going on after an error (OData Protocol 4.01, 8.2.8.3); none where it says nothing.
pub(super) fn stops_on_error(fields: &Fields) -> Option<bool> {
    fields.list("prefer").find_map(|member| {
        let text = std::str::from_utf8(member).ok()?.to_ascii_lowercase();
        let (name, value) = text.split_once('=').map_or((&*text, "true"), |(name, value)| (name.trim(), value.trim()));
        let is_it = matches!(name, "continue-on-error" | "odata.continue-on-error");
        match value.trim_matches('"') {
            "true" if is_it => Some(false),
            "false" if is_it => Some(true),
            _ => None,
        }
    })
}

/// Runs all of them; the answer has one for each, in their order.
pub(super) async fn run(
    batch: &Batch,
    inside: Arc<dyn Inside>,
    items: Vec<Item>,
    exchange: &mut Exchange,
    stops: Option<bool>,
) -> Response {
    let config = &batch.config;
    let needs = items.iter().map(|item| item.needs.clone()).collect();
    let mut running = Running {
        order: Order::new(needs, config.parallel.0.into(), stops == Some(true)),
        answers: Answers::new(items.len(), config.limits.total.in_memory()),
        ids: items.iter().map(|item| item.id.clone()).collect(),
        request_ids: vec![String::new(); items.len()],
        items: items.into_iter().map(Some).collect(),
        under_way: Vec::new(),
        around: Around::of(exchange),
        deadline: time::until(exchange.deadline),
        inside,
        batch,
    };
    poll_fn(|cx| running.poll(cx)).await;
    running.whole()
}

/// A batch that runs.
struct Running<'b> {
    batch: &'b Batch,
    inside: Arc<dyn Inside>,
    around: Around,
    deadline: Option<Instant>,
    order: Order,
    /// Those that have not begun.
    items: Vec<Option<Item>>,
    under_way: Vec<(usize, BoxFuture<'static, Came>)>,
    answers: Answers,
    ids: Vec<String>,
    /// Under which ids they were recorded.
    request_ids: Vec<String>,
}

/// What became of a request.
struct Came {
    /// Whether it was run, and came to a 2xx.
    has_succeeded: bool,
    is_run: bool,
    request_id: String,
    written: Written,
    cookies: Vec<String>,
}

impl Came {
    fn of(answered: &Answered, written: Written, cookies: Vec<String>, is_run: bool) -> Self {
        let request_id = answered.fields.get_str(names::X_REQUEST_ID).unwrap_or_default().to_owned();
        Came { has_succeeded: is_run && answered.status.is_success(), is_run, request_id, written, cookies }
    }
}

impl Running<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(next) = self.order.next() {
            match next {
                Next::Run(at) => self.start(at),
                Next::PassOver(at) => self.pass_over(at),
            }
        }
        let (mut at, mut has_changed) = (0, false);
        while let Some((place, future)) = self.under_way.get_mut(at) {
            let place = *place;
            match future.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(came) => {
                    drop(self.under_way.swap_remove(at));
                    self.order.came(place, came.has_succeeded);
                    self.keep(place, came);
                    has_changed = true;
                }
            }
        }
        if self.under_way.is_empty() && !has_changed {
            return Poll::Ready(());
        }
        if has_changed {
            // Others of the worker first: a batch whose requests never wait must not hold it up.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn start(&mut self, at: usize) {
        let item = self.items[at].take().expect("each begins once");
        let has_condition = item.has_condition;
        if has_condition {
            // As the format has it for who does not do that (19.1).
            let refusal = Refusal::new(Reason::FailedDependency).detail("`if` is not done.");
            let came = self.passed_over(at, item, refusal);
            self.under_way.push((at, Box::pin(std::future::ready(came))));
            return;
        }
        let (inside, deadline) = (Arc::clone(&self.inside), self.deadline);
        let mut taking = Taking::new(self.batch, &self.ids[at]);
        let asked = item.ask(&self.around);
        let path = asked.as_ref().map(|asked| asked.target.clone()).unwrap_or_default();
        let future = async move {
            let answered = match asked {
                Ok(asked) => inside.ask(asked, deadline, &mut taking).await,
                Err(refused) => {
                    let (outline, refusal) = *refused;
                    inside.pass_over(outline, refusal)
                }
            };
            let cookies = answer::cookies(&answered, path.split('?').next().unwrap_or_default());
            let written = taking.written(&answered);
            Came::of(&answered, written, cookies, true)
        };
        self.under_way.push((at, Box::pin(future)));
    }

    fn pass_over(&mut self, at: usize) {
        let item = self.items[at].take().expect("each begins once");
        let refusal = Refusal::new(Reason::FailedDependency);
        let came = self.passed_over(at, item, refusal);
        self.keep(at, came);
    }

    fn passed_over(&self, at: usize, item: Item, refusal: Refusal) -> Came {
        let answered = self.inside.pass_over(item.outline(&self.around), refusal);
        let written = Taking::new(self.batch, &self.ids[at]).written(&answered);
        Came::of(&answered, written, Vec::new(), false)
    }

    fn keep(&mut self, at: usize, came: Came) {
        let count = match (came.is_run, came.has_succeeded) {
            (false, _) => &self.batch.not_run,
            (true, true) => &self.batch.succeeded,
            (true, false) => &self.batch.failed,
        };
        count.add(1);
        self.request_ids[at] = came.request_id;
        self.answers.put(at, came.written, came.cookies);
    }

    fn whole(self) -> Response {
        let limits = self.batch.config.limits;
        let replaced = self.answers.left_out().map(|at| {
            let detail =
                format!("It does not fit into the answer of the batch; the limit for all is {}.", limits.total);
            let refusal = Refusal::new(Reason::AnswerTooLarge).detail(detail);
            let answered = self.inside.replace(&self.request_ids[at], refusal);
            written(&self.ids[at], &answered, limits.depth.0.into())
        });
        let replaced = replaced.collect();
        self.answers.whole(replaced)
    }
}

/// The response object of what the gateway says by itself.
fn written(id: &str, answered: &Answered, depth: usize) -> String {
    answer::write(id, answered, depth).unwrap_or_else(|_| answer::write_bare(id, answered))
}

/// Takes the answer of a request.
pub(super) struct Taking {
    id: String,
    share: Share,
    held: usize,
    most: u64,
    limit: String,
    depth: usize,
    written: Option<String>,
}

impl Taking {
    pub(super) fn new(batch: &Batch, id: &str) -> Self {
        let limits = batch.config.limits;
        let account: &Arc<Account> = &batch.account;
        Taking {
            id: id.to_owned(),
            share: Share::new(account),
            held: 0,
            most: limits.answer.bytes(),
            limit: limits.answer.to_string(),
            depth: limits.depth.0.into(),
            written: None,
        }
    }

    /// The response object, and what it takes from here on.
    pub(super) fn written(mut self, answered: &Answered) -> Written {
        let text = self.written.take().unwrap_or_else(|| written(&self.id, answered, self.depth));
        self.share.shrink(0);
        // It is bounded by what all may have; that it goes past the account for a moment changes nothing.
        let _ = self.share.grow(text.len());
        Written { text, share: Some(self.share) }
    }
}

impl Take for Taking {
    fn piece(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.held += bytes;
        if self.held as u64 > self.most {
            let detail = format!("The limit for an answer in a batch is {}.", self.limit);
            return Err(Refusal::new(Reason::AnswerTooLarge).detail(detail));
        }
        if self.share.grow(bytes) { Ok(()) } else { Err(no_room()) }
    }

    fn whole(&mut self, answer: &Answered) -> Result<(), Refusal> {
        self.written = Some(answer::write(&self.id, answer, self.depth)?);
        Ok(())
    }
}

//! Issuers of tokens: their keys, and what their discovery document says (OpenID Connect Discovery 1.0). One for all
//! policies that name it, found in [`Lasting`]; it is asked in the background, so that no request waits for it but
//! those that came before its first answer, or whose token names a key that is new. While it does not answer, what it said
//! last holds. Knows nothing of tokens.

mod discovery;
mod fetch;
mod name;
mod place;

pub(crate) use discovery::Discovery;
pub(crate) use fetch::number;
pub(crate) use name::IssuerName;
pub(crate) use place::Refresh;
pub(crate) use place::Said;

use arc_swap::ArcSwapOption;
use fetch::{Fetch, Told};
use parking_lot::Mutex;
use pintle_core::Lasting;
use pintle_core::counters::{Count, Counters, Family};
use pintle_jose::KeySet;
use pintle_upstream::{Origin, Upstream, UpstreamFault};
use place::Place;
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout_at};

static FETCHES: Family = Family::counter(
    "pintle_issuer_fetches_total",
    "Times that an issuer of tokens was asked for its keys, by what came of it.",
    &["result"],
);

/// All that is counted here.
pub(crate) const FAMILIES: &[&Family] = &[&FETCHES];

/// What is counted of issuers.
pub(crate) struct Counts {
    good: Arc<dyn Count>,
    failed: Arc<dyn Count>,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let counter = |result| counters.counter(&FETCHES, &[result]);
        Counts { good: counter("ok"), failed: counter("failed") }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

/// An issuer, and what it said last.
pub(crate) struct Issuer {
    place: Place,
    found: ArcSwapOption<Found>,
    asking: Mutex<Asking>,
    /// How many times it has answered, or failed to.
    answers: watch::Sender<u64>,
    /// Wakes who asks it. It outlives the issuer, and tells of its end.
    wanted: Arc<Notify>,
    counts: Arc<Counts>,
}

/// What an issuer said.
pub(crate) struct Found {
    /// Other keys have another number: what was decided by keys holds for their number.
    pub(crate) number: u64,
    /// Its keys.
    pub(crate) keys: KeySet,
    /// Its discovery document, where that was asked for.
    pub(crate) discovery: Option<Discovery>,
}

/// How asking goes.
struct Asking {
    /// Whether it is asked now, or is about to be.
    under_way: bool,
    /// When it was asked last.
    last: Instant,
    /// How many times it has failed since it last answered.
    failures: u32,
    /// Why it failed, for the operator.
    why: Arc<str>,
}

impl Issuer {
    /// The issuer at a place, the same for all that name it. A new one is asked at once, and goes on with what the one that
    /// it takes the place of was told.
    pub(crate) fn find(place: &Place, lasting: &Lasting, counts: &Arc<Counts>) -> Arc<Self> {
        let before = Cell::new(None);
        let fits = |known: &Issuer| {
            before.set(known.now());
            known.place == *place
        };
        let make = || {
            let issuer = Arc::new(Issuer {
                place: place.clone(),
                found: ArcSwapOption::from(before.take()),
                asking: Mutex::new(Asking {
                    under_way: true,
                    last: Instant::now(),
                    failures: 0,
                    why: "it was not asked yet".into(),
                }),
                answers: watch::Sender::new(0),
                wanted: Arc::default(),
                counts: Arc::clone(counts),
            });
            lasting.spawn(keep(Arc::downgrade(&issuer), Arc::clone(&issuer.wanted), lasting.reloads()));
            issuer
        };
        lasting.find("issuer", &place.name(), fits, make)
    }

    /// What it said last; none before it has answered for the first time.
    pub(crate) fn now(&self) -> Option<Arc<Found>> {
        self.found.load_full()
    }

    /// As [`Issuer::now`]; waits for the first answer, until `deadline`. Once it has failed to answer nobody waits: what it
    /// says the next time is for those who ask then. Cancelled by dropping.
    pub(crate) async fn first(&self, deadline: Instant) -> Option<Arc<Found>> {
        let mut answers = self.answers.subscribe();
        loop {
            if let Some(found) = self.now() {
                return Some(found);
            }
            if *answers.borrow_and_update() > 0 {
                return None;
            }
            timeout_at(deadline.into(), answers.changed()).await.ok()?.ok()?;
        }
    }

    /// Whether it may be asked anew: it is asked already, or was not of late.
    pub(crate) fn may_be_asked(&self) -> bool {
        let asking = self.asking.lock();
        asking.under_way || asking.last.elapsed() >= self.place.refresh.least
    }

    /// Asks it anew, together with all who want that now, and gives what holds then; none where it was asked of late, or
    /// does not answer until `deadline`. Cancelled by dropping.
    pub(crate) async fn newer(&self, deadline: Instant) -> Option<Arc<Found>> {
        let mut answers = self.answers.subscribe();
        {
            let mut asking = self.asking.lock();
            if !asking.under_way {
                if asking.last.elapsed() < self.place.refresh.least {
                    return None;
                }
                asking.under_way = true;
                self.wanted.notify_one();
            }
        }
        timeout_at(deadline.into(), answers.changed()).await.ok()?.ok()?;
        self.now()
    }

    /// What leads to a service of the issuer's beside its keys, for the background alone: its connections are of that runtime.
    /// Reads the authorities that are trusted: not for a worker's thread.
    pub(crate) fn way_to(&self, origin: &Origin) -> Result<Arc<Upstream>, UpstreamFault> {
        if self.place.by_name { self.place.through.apart() } else { self.place.through.beside(origin) }
    }

    /// Why there is nothing, for the operator.
    pub(crate) fn why(&self) -> String {
        format!("the issuer {} gave no keys: {}", self.place.issuer, self.asking.lock().why)
    }

    /// Takes what came of asking. Gives the time until it is to be asked again.
    fn took(&self, told: Result<Told, String>) -> Duration {
        let refresh = self.place.refresh;
        let mut asking = self.asking.lock();
        asking.under_way = false;
        asking.last = Instant::now();
        let next = match told {
            Ok(told) => {
                asking.failures = 0;
                self.counts.good.add(1);
                self.found.store(Some(Arc::new(told.found)));
                told.fresh.unwrap_or(refresh.most).clamp(refresh.least, refresh.most)
            }
            Err(why) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << asking.failures.min(5)).min(LONGEST_PAUSE);
                asking.failures += 1;
                asking.why = why.into();
                self.counts.failed.add(1);
                pause.min(refresh.most)
            }
        };
        drop(asking);
        self.answers.send_modify(|answers| *answers += 1);
        next
    }
}

/// How long it is left alone after it failed for the first time; twice as long after each further time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it is left alone at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Asks an issuer for as long as somebody holds it.
async fn keep(issuer: Weak<Issuer>, wanted: Arc<Notify>, mut reloads: watch::Receiver<u64>) {
    let mut fetch = Fetch::default();
    loop {
        let Some(held) = issuer.upgrade() else { return };
        reloads.mark_unchanged();
        let told = fetch.ask(&held.place).await;
        let next = held.took(told);
        drop(held);
        tokio::select! {
            () = sleep(next) => {}
            () = wanted.notified() => {}
            // A key that was taken back is gone once an operator says so. At the program's end nobody reloads.
            Ok(()) = reloads.changed() => {}
        }
        if let Some(held) = issuer.upgrade() {
            held.asking.lock().under_way = true;
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.wanted.notify_one();
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.place.issuer)
    }
}

//! Where what is used of quotas is kept, and the task that tells it.

use super::ledger::{Ledger, Report};
use pintle_core::Lasting;
use pintle_core::counters::Count;
use pintle_store::{Added, Durable, Script, Store};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// From one telling to the next: what a crash can lose, and how old what is known of other replicas is.
const PAUSE: Duration = Duration::from_millis(100);

/// How many keys are told at once.
const KEYS: usize = 500;

static USE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local totals = {}
for i, key in ipairs(KEYS) do
  totals[i] = redis.call('INCRBY', key, ARGV[2 * i - 1])
  redis.call('EXPIREAT', key, ARGV[2 * i])
end
return totals",
    )
});

/// Where it is kept.
#[derive(Clone)]
pub(super) enum Kept {
    /// In the store that replicas share.
    Shared(Arc<Store>),
    /// In a file of this gateway's.
    Here(Arc<Durable>),
}

impl Kept {
    fn is(&self, other: &Kept) -> bool {
        match (self, other) {
            (Kept::Shared(one), Kept::Shared(other)) => Arc::ptr_eq(one, other),
            (Kept::Here(one), Kept::Here(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// A quota's ledger, and where it is kept.
pub(super) struct Keep {
    pub(super) ledger: Ledger,
    kept: Kept,
    name: Box<str>,
    failed: Arc<dyn Count>,
    due: Arc<Notify>,
}

impl Keep {
    /// That of the quota of that name, the same for whoever asks again while it is kept in the same place.
    pub(super) fn find(name: &str, kept: &Kept, lasting: &Lasting, failed: Arc<dyn Count>) -> Arc<Self> {
        let due = Arc::new(Notify::new());
        let made = Arc::new(Keep {
            ledger: Ledger::new(Arc::clone(&due)),
            kept: kept.clone(),
            name: name.into(),
            failed,
            due: Arc::clone(&due),
        });
        let found = lasting.find("quota", name, |known: &Keep| known.kept.is(kept), || Arc::clone(&made));
        if Arc::ptr_eq(&found, &made) {
            lasting.spawn(run(Arc::downgrade(&made), due));
        }
        found
    }

    /// Whether what replicas share cannot be asked.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.kept, Kept::Shared(store) if !store.is_up())
    }

    /// Tells what is due, and learns what all used. False where that failed: then it is due again.
    async fn tell(&self) -> bool {
        let reports = self.ledger.report(KEYS);
        if reports.is_empty() {
            return true;
        }
        let totals = match &self.kept {
            Kept::Shared(store) => self.tell_store(store, &reports).await,
            Kept::Here(file) => self.tell_file(file, &reports).await,
        };
        let Some(totals) = totals.filter(|totals| totals.len() == reports.len()) else {
            self.ledger.untold(&reports);
            self.failed.add(1);
            return false;
        };
        for (report, total) in reports.iter().zip(totals) {
            self.ledger.learn(report, total);
        }
        true
    }

    async fn tell_store(&self, store: &Store, reports: &[Report]) -> Option<Vec<u64>> {
        let prefix = &store.settings().prefix;
        let key = |report: &Report| {
            let [one, two] = report.name;
            format!("{prefix}:{{{}}}:quota:{}:{one:016x}{two:016x}", self.name, report.period.begins)
        };
        let keys: Vec<String> = reports.iter().map(key).collect();
        // Clocks of replicas differ a little.
        let told = |report: &Report| [report.used, u64::try_from(report.period.ends).unwrap_or(0) + 3600];
        let arguments: Vec<u64> = reports.iter().flat_map(told).collect();
        store.run(&USE, &keys, &arguments).await.ok()
    }

    async fn tell_file(&self, file: &Arc<Durable>, reports: &[Report]) -> Option<Vec<u64>> {
        let added = |report: &Report| {
            let [one, two] = report.name;
            let key = format!("{}:{}:{one:016x}{two:016x}", self.name, report.period.begins);
            Added { key: key.into_bytes(), count: report.used, ends: report.period.ends }
        };
        let added: Vec<Added> = reports.iter().map(added).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs() as i64);
        let file = Arc::clone(file);
        // It waits for a disk.
        tokio::task::spawn_blocking(move || file.add(&added, now)).await.ok()?.ok()
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.due.notify_one();
    }
}

/// Tells what is used for as long as somebody holds the quota.
async fn run(keep: Weak<Keep>, due: Arc<Notify>) {
    /// Now and then it is looked whether anybody does.
    const LOOK: Duration = Duration::from_secs(10);
    while keep.strong_count() > 0 {
        let _ = timeout(LOOK, due.notified()).await;
        sleep(PAUSE).await;
        let Some(keep) = keep.upgrade() else { return };
        // As many calls as there is work for now; what comes meanwhile is the next round's.
        let calls = keep.ledger.due().div_ceil(KEYS);
        let mut good = !keep.is_gone();
        for _ in 0..calls {
            good = good && keep.tell().await;
        }
        if keep.ledger.due() > 0 {
            if !good {
                // What failed is tried again, not at once.
                sleep(PAUSE * 5).await;
            }
            due.notify_one();
        }
    }
}

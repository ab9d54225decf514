//! The debts of a limit that replicas share, and the task that exchanges what was taken for what others took.

use super::clock;
use super::gcra::{PER_NANO, Ticks};
use super::shared::{KeyName, Report, Shared, Totals};
use foldhash::quality::RandomState;
use pintle_core::Lasting;
use pintle_store::{Script, Store};
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// From one exchange to the next. With the way to the store and back it is how old what is known of others is.
const PAUSE: Duration = Duration::from_millis(50);

/// How many keys one call reports. Some 1 ms of the store's time.
const KEYS: usize = 500;

/// How many calls follow one another before the next pause. What is left then waits for it.
const CALLS: usize = 4;

/// Adds what was taken and asked for to each key's totals, and gives the totals. A key that nobody reports of is forgotten.
static EXCHANGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local totals = {}
for i, key in ipairs(KEYS) do
  totals[2 * i - 1] = redis.call('HINCRBY', key, 'taken', ARGV[3 * i - 2])
  totals[2 * i] = redis.call('HINCRBY', key, 'asked', ARGV[3 * i - 1])
  redis.call('PEXPIRE', key, ARGV[3 * i])
end
return totals",
    )
});

/// A limit's debts that replicas share.
pub(super) struct Replicated {
    pub(super) salt: RandomState,
    pub(super) shared: Shared,
    pub(super) store: Arc<Store>,
    /// What the names of its keys in the store begin with. In braces, so that a cluster keeps them together.
    prefix: Box<str>,
    due: Arc<Notify>,
}

impl Replicated {
    /// The debts of the limit of that name, the same ones for whoever asks again while the store is the same.
    pub(super) fn find(name: &str, store: &Arc<Store>, lasting: &Lasting) -> Arc<Self> {
        let same = |known: &Replicated| Arc::ptr_eq(&known.store, store);
        let mut made = None;
        let replicated = lasting.find("rate_limit shared", name, same, || {
            let due = Arc::new(Notify::new());
            let replicated = Arc::new(Replicated {
                salt: RandomState::default(),
                shared: Shared::new(Arc::clone(&due)),
                store: Arc::clone(store),
                prefix: format!("{}:{{{name}}}:rate:", store.settings().prefix).into(),
                due: Arc::clone(&due),
            });
            made = Some((Arc::downgrade(&replicated), due));
            replicated
        });
        if let Some((weak, due)) = made {
            lasting.spawn(exchange(weak, due));
        }
        replicated
    }

    /// A key's name in the store.
    pub(super) fn key(&self, name: KeyName) -> String {
        let mut key = String::with_capacity(self.prefix.len() + 32);
        key.push_str(&self.prefix);
        for half in name {
            let _ = write!(key, "{half:016x}");
        }
        key
    }

    /// Reports what is due, and learns what others took. False where the store failed: then what was to be told is gone, as
    /// what others took is.
    async fn exchange_once(&self) -> bool {
        let reports = self.shared.report(clock::at(Instant::now()), KEYS);
        if reports.is_empty() {
            return true;
        }
        let keys: Vec<String> = reports.iter().map(|report| self.key(report.name)).collect();
        let told = |report: &Report| [report.taken.into(), report.asked.into(), remembered(report.whole)];
        let arguments: Vec<u64> = reports.iter().flat_map(told).collect();
        let Ok(totals) = self.store.run::<Vec<u64>>(&EXCHANGE, &keys, &arguments).await else { return false };
        let now = clock::at(Instant::now());
        for (report, total) in reports.iter().zip(totals.chunks_exact(2)) {
            self.shared.learn(report, Totals { taken: total[0], asked: total[1] }, now);
        }
        true
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        self.due.notify_one();
    }
}

/// For how long the store remembers a key, in milliseconds: until its debt is paid for sure.
fn remembered(whole: Ticks) -> u64 {
    (whole / PER_NANO / 1_000_000).saturating_mul(2).clamp(10_000, 400 * 86_400_000)
}

/// Exchanges for as long as somebody holds the debts.
async fn exchange(replicated: Weak<Replicated>, due: Arc<Notify>) {
    /// Now and then it is looked whether anybody holds them still.
    const LOOK: Duration = Duration::from_secs(10);
    while replicated.strong_count() > 0 {
        let _ = timeout(LOOK, due.notified()).await;
        sleep(PAUSE).await;
        let Some(replicated) = replicated.upgrade() else { return };
        if !replicated.store.is_up() {
            // What is due is let go of, so that nothing is made up for when it is back.
            while !replicated.shared.report(0, KEYS).is_empty() {}
            continue;
        }
        // As many calls as there is work for now; what comes meanwhile is the next round's.
        let calls = replicated.shared.due().div_ceil(KEYS).min(CALLS);
        for _ in 0..calls {
            if !replicated.exchange_once().await {
                break;
            }
        }
        if replicated.shared.due() > 0 {
            due.notify_one();
        }
    }
}

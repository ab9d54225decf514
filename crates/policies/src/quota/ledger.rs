//! What is used up of a quota, by key: here in memory, so that nobody waits, and in a store, so that it outlives the
//! process. What was used since the last report is sent in the background, and with the answer it is known what all used.
//!
//! At most 200,000 keys are here at a time; one whose use the store knows can make way for another, and is asked for again
//! when it is back. Until then, and until the first answer, a key begins at nothing here.

use super::calendar::Period;
use foldhash::quality::RandomState;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// Parts of the keys, so that workers seldom wait for each other.
const SHARDS: usize = 16;

/// So many keys a part has at most.
const MOST: usize = 200_000 / SHARDS;

/// A key's name in the store.
pub(crate) type KeyName = [u64; 2];

struct Used {
    name: KeyName,
    period: Period,
    /// What the store has told.
    known: u64,
    /// What was used and not told to the store, what is under way to it included.
    untold: u64,
    is_due: bool,
}

/// A part of the keys.
#[derive(Default)]
struct Shard {
    used: HashMap<u64, Used, foldhash::fast::RandomState>,
    /// It is full of what the store has yet to be told: there is no use in looking before it has been told some.
    stuck: bool,
}

/// What is to be told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    fingerprint: u64,
    pub(crate) name: KeyName,
    pub(crate) period: Period,
    pub(crate) used: u64,
}

/// What a quota says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes; so many are left.
    Goes(u64),
    /// It does not; so many are left.
    Exceeds(u64),
}

/// What is used up of a quota.
pub(crate) struct Ledger {
    pub(crate) salt: RandomState,
    used: [Mutex<Shard>; SHARDS],
    due: Mutex<Vec<u64>>,
    /// Woken when there is something to report, and was nothing.
    wake: Arc<Notify>,
}

impl Ledger {
    /// Nothing used.
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        Ledger { salt: RandomState::default(), used: Default::default(), due: Mutex::default(), wake }
    }

    fn shard(&self, fingerprint: u64) -> &Mutex<Shard> {
        &self.used[fingerprint as usize % SHARDS]
    }

    /// Uses so much of a key's quota in a period, if it goes.
    pub(crate) fn decide(
        &self,
        fingerprint: u64,
        name: impl FnOnce() -> KeyName,
        period: Period,
        limit: u64,
        cost: u64,
    ) -> Verdict {
        let mut shard = self.shard(fingerprint).lock();
        if shard.used.len() >= MOST && !shard.used.contains_key(&fingerprint) && !shard.make_room(period) {
            return Verdict::Goes(limit.saturating_sub(cost));
        }
        let fresh = || Used { name: name(), period, known: 0, untold: 0, is_due: false };
        let used = shard.used.entry(fingerprint).or_insert_with(fresh);
        if used.period != period {
            (used.period, used.known, used.untold) = (period, 0, 0);
        }
        let left = limit.saturating_sub(used.known.saturating_add(used.untold));
        let goes = cost <= left;
        if goes {
            used.untold += cost;
        }
        // One that is used up is asked for as well: another replica may be the first to see a change.
        let news = !std::mem::replace(&mut used.is_due, true);
        drop(shard);
        if news {
            let mut due = self.due.lock();
            due.push(fingerprint);
            if due.len() == 1 {
                self.wake.notify_one();
            }
        }
        if goes { Verdict::Goes(left - cost) } else { Verdict::Exceeds(left) }
    }

    /// What there is to report, of so many keys at the most; who has waited longest comes first.
    pub(crate) fn report(&self, most: usize) -> Vec<Report> {
        let due: Vec<u64> = {
            let mut due = self.due.lock();
            let count = most.min(due.len());
            due.drain(..count).collect()
        };
        let report = |fingerprint: u64| {
            let mut shard = self.shard(fingerprint).lock();
            let used = shard.used.get_mut(&fingerprint)?;
            used.is_due = false;
            Some(Report { fingerprint, name: used.name, period: used.period, used: used.untold })
        };
        due.into_iter().filter_map(report).collect()
    }

    /// How many keys there are to report.
    pub(crate) fn due(&self) -> usize {
        self.due.lock().len()
    }

    /// What the store answered: how much all have used in the report's period.
    pub(crate) fn learn(&self, report: &Report, total: u64) {
        let mut shard = self.shard(report.fingerprint).lock();
        shard.stuck = false;
        if let Some(used) = shard.used.get_mut(&report.fingerprint).filter(|used| used.period == report.period) {
            used.known = total;
            used.untold = used.untold.saturating_sub(report.used);
        }
    }

    /// The store did not take them: they are due again.
    pub(crate) fn untold(&self, reports: &[Report]) {
        for report in reports {
            let mut shard = self.shard(report.fingerprint).lock();
            if let Some(used) = shard.used.get_mut(&report.fingerprint)
                && !std::mem::replace(&mut used.is_due, true)
            {
                drop(shard);
                self.due.lock().push(report.fingerprint);
            }
        }
    }
}

impl Shard {
    /// Lets go of keys of which the store knows all. False where there are none: the store is behind, or gone.
    fn make_room(&mut self, now: Period) -> bool {
        if self.stuck {
            return false;
        }
        self.used.retain(|_, used| used.period.ends > now.begins || used.untold > 0);
        let mut many = if self.used.len() < MOST { 0 } else { MOST / 8 };
        self.used.retain(|_, used| {
            let stays = many == 0 || used.untold > 0 || used.is_due;
            many -= usize::from(!stays);
            stays
        });
        self.stuck = self.used.len() >= MOST;
        !self.stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Period = Period { begins: 0, ends: 86_400 };
    const NEXT: Period = Period { begins: 86_400, ends: 172_800 };

    fn decide(ledger: &Ledger, key: u64, period: Period, cost: u64) -> Verdict {
        ledger.decide(key, || [key, 0], period, 10, cost)
    }

    #[test]
    fn a_quota_is_used_up_and_begins_anew_with_its_period() {
        let ledger = Ledger::new(Arc::default());
        assert_eq!(decide(&ledger, 1, DAY, 6), Verdict::Goes(4));
        assert_eq!(decide(&ledger, 1, DAY, 6), Verdict::Exceeds(4));
        assert_eq!(decide(&ledger, 1, DAY, 4), Verdict::Goes(0));
        assert_eq!(decide(&ledger, 1, DAY, 1), Verdict::Exceeds(0));
        assert_eq!(decide(&ledger, 2, DAY, 1), Verdict::Goes(9));
        assert_eq!(decide(&ledger, 1, NEXT, 1), Verdict::Goes(9));
    }

    #[test]
    fn what_others_used_is_known_after_a_report_and_nothing_is_told_twice() {
        let ledger = Ledger::new(Arc::default());
        decide(&ledger, 1, DAY, 2);
        decide(&ledger, 1, DAY, 1);
        let reports = ledger.report(10);
        assert_eq!((reports.len(), reports[0].used), (1, 3));
        assert_eq!(decide(&ledger, 1, DAY, 1), Verdict::Goes(6), "used while the report is under way");
        ledger.learn(&reports[0], 8);
        assert_eq!(decide(&ledger, 1, DAY, 1), Verdict::Goes(0), "eight and two");
        let reports = ledger.report(10);
        assert_eq!(reports[0].used, 2);
        ledger.untold(&reports);
        assert_eq!(ledger.report(10)[0].used, 2, "the store did not take it");
        assert_eq!(ledger.due(), 0);
    }

    #[test]
    fn memory_is_bounded_and_what_is_untold_stays() {
        let ledger = Ledger::new(Arc::default());
        decide(&ledger, 1 << 40, DAY, 10);
        for key in 0..400_000 {
            decide(&ledger, key, DAY, 1);
            if key % 1000 == 0 {
                for report in ledger.report(usize::MAX) {
                    ledger.learn(&report, report.used);
                }
                decide(&ledger, 1 << 40, DAY, 1);
            }
        }
        let held: usize = ledger.used.iter().map(|shard| shard.lock().used.len()).sum();
        assert!(held <= 200_000, "{held}");
        let flooded = Ledger::new(Arc::default());
        for key in 0..400_000 {
            assert!(matches!(decide(&flooded, key, DAY, 1), Verdict::Goes(_)));
        }
        assert!(flooded.report(usize::MAX).len() <= 200_000);
    }
}

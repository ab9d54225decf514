use super::super::gcra::ticks;
use super::*;
use pintle_core::config::{Rate, Text};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

fn limit(rate: &str, burst: u32) -> Gcra {
    Gcra::new(Rate::parse(rate).expect("a rate"), NonZeroU32::new(burst).expect("not 0"))
}

fn goes(table: &Table, key: u64, limit: &Gcra, now: Ticks, cost: u32) -> bool {
    let verdict = table.find(key, now).decide(limit, now, cost, limit.charge(cost), limit.whole);
    matches!(verdict, Verdict::Goes(_))
}

/// A bucket as one would write it down: it holds so many ticks of tokens, and was last looked at then.
struct Bucket {
    holds: u128,
    seen: u128,
}

impl Bucket {
    fn takes(&mut self, limit: &Gcra, now: Ticks, cost: u32) -> bool {
        let passed = u128::from(now).saturating_sub(self.seen);
        self.holds = (self.holds + passed).min(limit.whole.into());
        self.seen = now.into();
        let wants = u128::from(limit.each) * u128::from(cost);
        let takes = wants <= self.holds;
        self.holds -= if takes { wants } else { 0 };
        takes
    }
}

#[test]
fn it_decides_as_a_plain_bucket_does() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..200 {
        let rate = ["1/s", "10/s", "1000/s", "100000/s", "7/min", "3/h", "2/d"][round % 7];
        let limit = limit(rate, random.u32(1..50));
        let table = Table::new();
        let mut buckets: HashMap<u64, Bucket> = HashMap::new();
        let keys: Vec<u64> = (0..random.usize(1..40)).map(|_| random.u64(..)).collect();
        let mut now = random.u64(..ticks(Duration::from_secs(1000)));
        for _ in 0..2000 {
            // From nothing to three times what one takes to come back, and now and then a long silence.
            now += match random.u8(..) {
                0..80 => 0,
                80..250 => random.u64(..limit.each * 3),
                _ => random.u64(..limit.whole * 2),
            };
            let key = keys[random.usize(..keys.len())];
            let cost = if random.bool() { 1 } else { random.u32(0..limit.burst * 2) };
            let bucket = buckets.entry(key).or_insert(Bucket { holds: limit.whole.into(), seen: now.into() });
            let wanted = bucket.takes(&limit, now, cost);
            assert_eq!(goes(&table, key, &limit, now, cost), wanted, "{rate}, cost {cost} of {}", limit.burst);
        }
    }
}

#[test]
fn a_clock_that_jumps_costs_a_burst_at_most() {
    let mut random = fastrand::Rng::with_seed(8);
    let limit = limit("10/s", 20);
    for _ in 0..200 {
        let table = Table::new();
        let mut now = ticks(Duration::from_secs(100_000));
        let (mut jumps, mut gone, mut passed) = (0, 0, 0);
        for _ in 0..500 {
            let step = random.u64(..limit.each);
            now += step;
            passed += step;
            if random.u8(..) < 10 {
                let jump = random.u64(..ticks(Duration::from_secs(50_000)));
                now = if random.bool() { now + jump } else { now.saturating_sub(jump) };
                jumps += 1;
            }
            gone += u64::from(goes(&table, 1, &limit, now, 1));
        }
        assert!(gone <= 20 * (jumps + 1) + passed / limit.each, "{gone} in spite of {jumps} jumps");
        // Wherever the clock stands, all is as at the beginning after the time of one burst.
        now += limit.whole;
        assert!((0..20).all(|_| goes(&table, 1, &limit, now, 1)));
        assert!(!goes(&table, 1, &limit, now, 1));
    }
}

#[test]
fn a_debt_outlives_a_flood_of_other_keys() {
    let limit = limit("10/h", 10);
    let table = Table::new();
    let mut random = fastrand::Rng::with_seed(9);
    let now = ticks(Duration::from_secs(5000));
    let debtors: Vec<u64> = (0..1000).map(|_| random.u64(..)).collect();
    for &key in &debtors {
        assert!((0..10).all(|_| goes(&table, key, &limit, now, 1)));
    }
    // More keys than there are slots, each of them in some debt.
    for _ in 0..1_000_000 {
        goes(&table, random.u64(..), &limit, now, 1);
    }
    for &key in &debtors {
        assert!(!goes(&table, key, &limit, now, 1), "the debt of {key} was forgotten");
    }
}

#[test]
fn a_hundred_thousand_keys_keep_their_debts_and_take_less_than_a_hundred_bytes() {
    let limit = limit("10/h", 10);
    let table = Table::new();
    let mut random = fastrand::Rng::with_seed(10);
    let keys: Vec<u64> = (0..100_000).map(|_| random.u64(..)).collect();
    for &key in &keys {
        goes(&table, key, &limit, 0, 3);
    }
    let forgotten = keys.iter().filter(|key| table.debt(**key, 0) != 3 * limit.each).count();
    assert!(forgotten < 200, "{forgotten} of 100,000 were forgotten");
    let pages = table.pages.iter().filter(|page| page.get().is_some()).count();
    assert!(pages * size_of::<Page>() + size_of_val(&*table.pages) <= 100 * keys.len());
}

#[test]
fn threads_let_through_no_more_than_the_burst() {
    let limit = limit("1/h", 1000);
    for _ in 0..20 {
        let table = Table::new();
        let gone = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mine = (0..500).filter(|_| goes(&table, 42, &limit, 0, 1)).count();
                    gone.fetch_add(mine, Relaxed);
                });
            }
        });
        assert_eq!(gone.load(Relaxed), 1000);
    }
}

#[test]
fn what_was_taken_elsewhere_is_charged_as_far_as_it_has_not_come_back() {
    let limit = limit("10/s", 10);
    let table = Table::new();
    let second = ticks(Duration::from_secs(1));
    let found = table.find(5, second);
    let correct = |by: i64, now| found.correct(second, now, by * limit.each as i64, limit.whole * 2);
    correct(10, second * 2);
    assert_eq!(table.debt(5, second * 2), 0, "ten came back in the second in which ten were taken");
    correct(5, second * 2);
    assert_eq!(table.debt(5, second * 2), 5 * limit.each);
    correct(-2, second * 2);
    assert_eq!(table.debt(5, second * 2), 3 * limit.each);
    correct(1000, second * 2);
    assert_eq!(table.debt(5, second * 2), limit.whole * 2, "a debt has an end");
}

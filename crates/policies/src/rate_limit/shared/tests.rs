//! Replicas and a store on a clock of the test's own: requests come at random, reports take their time both ways.

use super::super::gcra::ticks;
use super::*;
use fastrand::Rng;
use pintle_core::config::{Rate, Text};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

fn limit(rate: &str, burst: u32) -> Gcra {
    Gcra::new(Rate::parse(rate).expect("a rate"), NonZeroU32::new(burst).expect("not 0"))
}

/// What happens next at a replica.
enum Event {
    Request(usize),
    Report(usize),
    Stored(usize, Vec<Report>),
    Answered(usize, Vec<(Report, Totals)>),
}

/// What comes to each replica a second, at the second `at`.
type Demand = fn(at: f64) -> Vec<f64>;

struct World {
    limit: Gcra,
    replicas: Vec<Shared>,
    totals: Totals,
    /// One way to the store, and from one answer to the next report.
    delay: Duration,
    pause: Duration,
    events: BTreeMap<(Ticks, u64), Event>,
    count: u64,
    random: Rng,
}

impl World {
    fn new(limit: Gcra, replicas: usize, delay: u64, seed: u64) -> Self {
        let mut world = World {
            limit,
            replicas: (0..replicas).map(|_| Shared::new(Arc::default())).collect(),
            totals: Totals::default(),
            delay: Duration::from_millis(delay),
            pause: Duration::from_millis(50),
            events: BTreeMap::new(),
            count: 0,
            random: Rng::with_seed(seed),
        };
        let begin = ticks(Duration::from_secs(1000));
        for replica in 0..replicas {
            world.at(begin, Event::Request(replica));
            let phase = world.random.u64(..ticks(world.pause));
            world.at(begin + phase, Event::Report(replica));
        }
        world
    }

    fn at(&mut self, at: Ticks, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// Runs for so many seconds. The requests let through, by the second and replica.
    fn run(&mut self, until: f64, demand: Demand) -> Vec<Vec<u32>> {
        let begin = ticks(Duration::from_secs(1000));
        let mut gone = vec![vec![0; self.replicas.len()]; until as usize];
        while let Some(((now, _), event)) = self.events.pop_first() {
            let second = seconds(now - begin);
            if second >= until {
                break;
            }
            match event {
                Event::Request(replica) => {
                    let rate = demand(second)[replica];
                    if rate == 0.0 {
                        self.at(now + ticks(Duration::from_millis(10)), Event::Request(replica));
                        continue;
                    }
                    let wait = -(1.0 - self.random.f64()).ln() / rate;
                    self.at(now + ticks(Duration::from_secs_f64(wait)).max(1), Event::Request(replica));
                    let verdict = self.replicas[replica].decide(77, || [1, 2], &self.limit, now, 1, false);
                    gone[second as usize][replica] += u32::from(matches!(verdict, Verdict::Goes(_)));
                }
                Event::Report(replica) => {
                    let reports = self.replicas[replica].report(now, 100);
                    if reports.is_empty() {
                        self.at(now + ticks(self.pause), Event::Report(replica));
                    } else {
                        self.at(now + ticks(self.delay), Event::Stored(replica, reports));
                    }
                }
                Event::Stored(replica, reports) => {
                    let count = |report: Report| {
                        self.totals.taken += u64::from(report.taken);
                        self.totals.asked += u64::from(report.asked);
                        (report, self.totals)
                    };
                    let answers = reports.into_iter().map(count).collect();
                    self.at(now + ticks(self.delay), Event::Answered(replica, answers));
                }
                Event::Answered(replica, answers) => {
                    for (report, totals) in answers {
                        self.replicas[replica].learn(&report, totals, now);
                    }
                    self.at(now + ticks(self.pause), Event::Report(replica));
                }
            }
        }
        gone
    }
}

fn sum(gone: &[Vec<u32>]) -> u32 {
    gone.iter().flatten().sum()
}

#[test]
fn a_limit_holds_over_replicas_whatever_the_skew() {
    const DEMANDS: [(&str, Demand); 4] = [
        ("90/10", |_| vec![2700.0, 75.0, 75.0, 75.0, 75.0]),
        ("even", |_| vec![600.0; 5]),
        ("just over", |_| vec![700.0, 300.0, 50.0, 50.0, 0.0]),
        ("one moves", |at| if at < 6.0 { vec![3000.0, 0.0, 0.0, 0.0, 0.0] } else { vec![0.0, 0.0, 3000.0, 0.0, 0.0] }),
    ];
    for (what, demand) in DEMANDS {
        for delay in [0, 20, 50] {
            for seed in 0..5 {
                let gone = World::new(limit("1000/s", 100), 5, delay, seed).run(12.0, demand);
                let all = sum(&gone[2..]);
                assert!((9_500..=10_500).contains(&all), "{what}, {delay} ms, {seed}: {all} {gone:?}");
            }
        }
    }
}

#[test]
fn each_replica_gets_its_share() {
    let gone = World::new(limit("1000/s", 100), 5, 20, 1).run(22.0, |_| vec![2700.0, 75.0, 75.0, 75.0, 75.0]);
    let of = |replica: usize| gone[2..].iter().map(|second| second[replica]).sum::<u32>();
    assert!((16_500..=19_500).contains(&of(0)), "{}", of(0));
    for small in 1..5 {
        assert!((150..=900).contains(&of(small)), "{}", of(small));
    }
}

#[test]
fn what_is_under_the_limit_goes() {
    let demand: Demand = |_| vec![500.0, 200.0, 50.0, 25.0, 25.0];
    let gone = World::new(limit("1000/s", 100), 5, 20, 3).run(22.0, demand);
    let all = sum(&gone[2..]);
    assert!(all >= 15_700, "{all} of some 16,000");
}

#[test]
fn a_slow_limit_holds_too() {
    // 60 a minute, over five replicas in turn, where 10 are allowed: ten hours, without the first.
    let demand: Demand = |_| vec![0.2; 5];
    let gone = World::new(limit("10/min", 10), 5, 20, 4).run(36_000.0, demand);
    let all = sum(&gone[3600..]);
    assert!((5100..=5700).contains(&all), "{all} of 5400");
}

#[test]
fn one_replica_decides_as_an_unshared_limit() {
    let mut random = Rng::with_seed(5);
    let limit = limit("100/s", 20);
    let (shared, local) = (Shared::new(Arc::default()), Table::new());
    let mut totals = Totals::default();
    let mut now = ticks(Duration::from_secs(10));
    for _ in 0..20_000 {
        now += random.u64(..limit.each * 2);
        let (key, cost) = (random.u64(1..20) << 40, random.u32(0..4));
        let alone = local.find(key, now).decide(&limit, now, cost, limit.charge(cost), limit.whole);
        assert_eq!(shared.decide(key, || [key, 0], &limit, now, cost, false), alone);
        if random.u8(..) < 10 {
            for report in shared.report(now, 1000) {
                totals.taken = u64::from(report.taken);
                let known = *shared.ledger(report.place).known.lock();
                let totals = Totals { taken: known.taken + totals.taken, asked: known.asked + u64::from(report.asked) };
                shared.learn(&report, totals, now);
            }
        }
    }
}

#[test]
fn a_store_that_has_forgotten_is_counted_from_anew() {
    let limit = limit("10/s", 10);
    let shared = Shared::new(Arc::default());
    let mut now = ticks(Duration::from_secs(10));
    let mut tell = |totals: Totals| {
        now += ticks(Duration::from_millis(100));
        shared.decide(1, || [1, 1], &limit, now, 1, false);
        let reports = shared.report(now, 10);
        shared.learn(&reports[0], totals, now);
        shared.debt(1, now)
    };
    tell(Totals { taken: 1000, asked: 1000 });
    tell(Totals { taken: 1001, asked: 1001 });
    let before = tell(Totals { taken: 1002, asked: 1002 });
    assert!(tell(Totals { taken: 1, asked: 1 }) <= before, "nobody else took anything");
}

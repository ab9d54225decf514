use super::*;
use crate::connect::{At, Connector};
use crate::endpoint::Keeping;
use crate::standing::Standing;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

fn seat(number: u8, weight: u32) -> Seat {
    let at = At::Tcp(SocketAddr::from(([10, 0, 0, number], 80)));
    let connector = Connector { at, tls: None, timeout: Duration::from_secs(1) };
    let standing = Arc::new(Standing::new(Arc::default(), 0));
    let keeping = Keeping { keep: 0, keep_for: Duration::ZERO, max_age: None };
    let endpoint = Endpoint::new("written".into(), "host".into(), connector, standing, keeping);
    Seat { endpoint: Arc::new(endpoint), weight }
}

fn choice(way: Way, weights: &[u32]) -> Choice {
    Choice::new(way, weights.iter().zip(1..).map(|(weight, number)| seat(number, *weight)).collect())
}

/// How often each is picked, in per cent.
fn shares(choice: &Choice, picks: u64) -> Vec<u64> {
    let turn = AtomicU64::new(0);
    let mut counts: HashMap<Arc<str>, u64> = HashMap::new();
    for number in 0..picks {
        let wish = Wish { key: Some(foldhash_of(number)), ..Wish::default() };
        let picked = choice.pick(&wish, &turn).expect("one");
        *counts.entry(Arc::clone(&picked.name)).or_default() += 1;
    }
    let all = choice.seats().iter();
    all.map(|seat| (counts.get(&seat.endpoint.name).copied().unwrap_or(0) * 100 + picks / 2) / picks).collect()
}

fn foldhash_of(number: u64) -> u64 {
    use std::hash::BuildHasher;
    foldhash::quality::FixedState::default().hash_one(number)
}

fn near(shares: &[u64], wanted: &[u64], by: u64) {
    assert!(shares.iter().zip(wanted).all(|(is, wanted)| is.abs_diff(*wanted) <= by), "{shares:?}, not {wanted:?}");
}

#[test]
fn weights_decide_in_every_way() {
    use Balance::{PeakEwma, Random, RoundRobin};
    for way in [Way::Balance(RoundRobin), Way::Balance(Random), Way::Hash] {
        near(&shares(&choice(way, &[1, 3]), 20_000), &[25, 75], 2);
        near(&shares(&choice(way, &[1, 2, 3, 4]), 20_000), &[10, 20, 30, 40], 2);
    }
    // The idle ones that two random choices meet.
    near(&shares(&choice(Way::Balance(PeakEwma), &[1, 1]), 20_000), &[50, 50], 2);
}

#[test]
fn round_robin_spreads_a_heavy_one_evenly() {
    let choice = choice(Way::Balance(Balance::RoundRobin), &[100, 300]);
    let turn = AtomicU64::new(0);
    let picks: String = (0..8)
        .map(
            |_| if choice.pick(&Wish::default(), &turn).expect("one").name.starts_with("10.0.0.1") { 'a' } else { 'b' },
        )
        .collect();
    assert_eq!(picks.matches('a').count(), 2);
    assert!(!picks.contains("bbbb"), "{picks}");
}

#[test]
fn fewer_requests_under_way_for_the_weight_win() {
    let choice = choice(Way::Balance(Balance::LeastRequests), &[1, 3]);
    let under_way = |place: usize, count: usize| {
        (0..count).for_each(|_| choice.seats()[place].endpoint.standing.begin());
    };
    under_way(0, 1);
    under_way(1, 4);
    assert_eq!(shares(&choice, 1000), [0, 100], "5 of 3 is less than 2 of 1");
    under_way(1, 2);
    assert_eq!(shares(&choice, 1000), [100, 0], "7 of 3 is more");
}

#[test]
fn the_one_that_answers_sooner_wins() {
    let choice = choice(Way::Balance(Balance::PeakEwma), &[1, 1]);
    choice.seats()[0].endpoint.standing.took(10_000, 1);
    choice.seats()[1].endpoint.standing.took(1_000, 1);
    assert_eq!(shares(&choice, 1000), [0, 100]);
    // Ten under way there are as slow.
    (0..20).for_each(|_| choice.seats()[1].endpoint.standing.begin());
    assert_eq!(shares(&choice, 1000), [100, 0]);
}

fn placed(choice: &Choice, keys: u64) -> Vec<Arc<str>> {
    let turn = AtomicU64::new(0);
    let pick = |key| {
        let wish = Wish { key: Some(foldhash_of(key)), ..Wish::default() };
        Arc::clone(&choice.pick(&wish, &turn).expect("one").name)
    };
    (0..keys).map(pick).collect()
}

#[test]
fn one_more_endpoint_moves_its_own_share_of_keys_alone() {
    let (five, six) = (choice(Way::Hash, &[1; 5]), choice(Way::Hash, &[1; 6]));
    let (before, after) = (placed(&five, 12_000), placed(&six, 12_000));
    let moved: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
    assert!(moved.iter().all(|(_, to)| to.starts_with("10.0.0.6")), "a key moved between those that stayed");
    near(&[moved.len() as u64 / 120], &[17], 2);
    assert_eq!(before, placed(&five, 12_000), "the same key, the same endpoint");
}

#[test]
fn a_popular_key_goes_elsewhere_past_its_share_and_a_quarter() {
    let choice = choice(Way::Hash, &[1; 4]);
    let (turn, wish) = (AtomicU64::new(0), Wish { key: Some(7), ..Wish::default() });
    let mut counts = [0u64; 4];
    for _ in 0..80 {
        let picked = choice.pick(&wish, &turn).expect("one");
        let place = choice.seats().iter().position(|seat| seat.endpoint.name == picked.name).expect("it is there");
        choice.seats()[place].endpoint.standing.begin();
        counts[place] += 1;
    }
    assert_eq!(counts.iter().sum::<u64>(), 80);
    assert!(counts.iter().all(|count| *count <= 26), "{counts:?}");
    assert!(counts.contains(&25) || counts.contains(&26), "{counts:?}: the key has a home");
}

#[test]
fn another_than_those_that_were_tried_while_there_is_one() {
    for way in [Way::Balance(Balance::RoundRobin), Way::Balance(Balance::LeastRequests), Way::Hash] {
        let choice = choice(way, &[1, 100, 1]);
        let turn = AtomicU64::new(0);
        for _ in 0..100 {
            let mut tried = Vec::new();
            for _ in 0..3 {
                let wish = Wish { key: Some(3), tried: &tried, now: 0 };
                let picked = Arc::clone(choice.pick(&wish, &turn).expect("one"));
                assert!(!tried.iter().any(|one: &Arc<Endpoint>| one.name == picked.name), "{way:?}");
                tried.push(picked);
            }
            assert!(choice.pick(&Wish { key: Some(3), tried: &tried, now: 0 }, &turn).is_some());
        }
    }
}

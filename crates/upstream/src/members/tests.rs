use super::*;
use crate::balance::Balance;
use crate::connect::{At, Connector};
use crate::endpoint::Keeping;
use crate::standing::Standing;
use std::net::SocketAddr;

const NOW: u64 = 1_000_000;

fn members(health: &str, count: u8) -> Members {
    let rules = Rules::new(&crate::testing::read(health));
    let members = Members::new(Way::Balance(Balance::RoundRobin), rules, Arc::default());
    let member = |number| {
        let at = At::Tcp(SocketAddr::from(([10, 0, 0, number], 80)));
        let connector = Connector { at, tls: None, timeout: Duration::from_secs(1) };
        let standing = Arc::new(Standing::new(Arc::clone(&members.changes), 0));
        let keeping = Keeping { keep: 0, keep_for: Duration::ZERO, max_age: None };
        let endpoint = Endpoint::new("written".into(), "host".into(), connector, standing, keeping);
        Member { endpoint: Arc::new(endpoint), weight: 1 }
    };
    members.set((1..=count).map(member).collect());
    members
}

/// How many of a hundred requests each gets.
fn shares(members: &Members, now: u64) -> Vec<usize> {
    let picks: Vec<_> = (0..100)
        .map(|_| members.pick(&Wish { now, ..Wish::default() }, &|_| ()).expect("there is always somebody"))
        .collect();
    let all = members.all();
    all.iter().map(|member| picks.iter().filter(|(picked, _)| picked.name == member.endpoint.name).count()).collect()
}

/// The turns go on from call to call, so a share may be one off.
fn near(members: &Members, now: u64, wanted: &[usize]) {
    let shares = shares(members, now);
    assert!(shares.iter().zip(wanted).all(|(is, wanted)| is.abs_diff(*wanted) <= 1), "{shares:?}, not {wanted:?}");
    assert!(shares.iter().zip(wanted).all(|(is, wanted)| *wanted > 0 || *is == 0), "{shares:?}, not {wanted:?}");
}

fn standing(members: &Members, place: usize) -> Arc<Standing> {
    Arc::clone(&members.all()[place].endpoint.standing)
}

#[test]
fn one_that_is_not_well_gets_nothing_until_it_is() {
    let members = members("{}", 2);
    let check = crate::testing::read("{tcp: true, up_after: 1}");
    near(&members, NOW, &[50, 50]);
    standing(&members, 0).checked(false, &check, NOW);
    near(&members, NOW, &[0, 100]);
    standing(&members, 0).checked(true, &check, NOW);
    near(&members, NOW, &[50, 50]);
    standing(&members, 1).lost();
    near(&members, NOW, &[100, 0]);
    standing(&members, 1).reached(NOW);
    near(&members, NOW, &[50, 50]);
}

#[test]
fn when_none_is_well_all_are_tried() {
    let members = members("{}", 2);
    let check = crate::testing::read("{tcp: true}");
    standing(&members, 0).checked(false, &check, NOW);
    standing(&members, 1).lost();
    near(&members, NOW, &[50, 50]);
}

// Rule: upstream-eject
#[test]
fn when_more_would_be_out_than_may_all_are_tried() {
    let members = members("{eject: {at_most: 50%}}", 4);
    for place in 0..2 {
        standing(&members, place).rest(NOW + 30_000, NOW);
    }
    near(&members, NOW, &[0, 0, 50, 50]);
    standing(&members, 2).rest(NOW + 60_000, NOW);
    near(&members, NOW, &[25, 25, 25, 25]);
    near(&members, NOW + 30_000, &[34, 33, 0, 33]);
    near(&members, NOW + 60_000, &[25, 25, 25, 25]);
}

#[test]
fn one_that_comes_back_gets_its_share_slowly() {
    let members = members("{slow_start: 100s}", 2);
    let check = crate::testing::read("{tcp: true, up_after: 1}");
    standing(&members, 0).checked(false, &check, NOW);
    standing(&members, 0).checked(true, &check, NOW);
    near(&members, NOW, &[9, 91]);
    near(&members, NOW + 50_000, &[33, 67]);
    near(&members, NOW + 100_000, &[50, 50]);
    assert_eq!(members.view.load().until, NEVER, "nothing is left to look for");
}

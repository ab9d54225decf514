//! `pintle why`: the incidents of docs/why.md, each seeded over HTTP/1.1 and HTTP/2 and told by one command; and how it is
//! asked. A row without a case fails, and a case without a row. `PINTLE_BLESS=1` writes what is said now into the page.

mod access;
mod asked;
mod clients;
mod limits;
mod parts;
mod past;
mod play;
mod routing;
mod secrets;
mod services;
mod states;
mod table;

use parking_lot::Mutex;
use play::{Case, Seen, Version};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use table::Row;
use tokio::task::{JoinSet, LocalSet};

/// How many cases are played at once.
const ABREAST: usize = 6;

/// What was seen, to be written into the page.
static SEEN: LazyLock<Mutex<BTreeMap<String, Seen>>> = LazyLock::new(Mutex::default);

fn cases() -> Vec<Case> {
    let all = [
        routing::cases(),
        limits::cases(),
        access::cases(),
        services::cases(),
        parts::cases(),
        states::cases(),
        clients::cases(),
    ];
    all.into_iter().flatten().collect()
}

#[test]
fn every_incident_has_a_case_and_a_sentence_of_its_own() {
    let rows = table::rows();
    let played: Vec<String> = cases().iter().map(|case| case.incident.to_owned()).collect();
    let written: Vec<String> = rows.iter().map(|row| row.incident.clone()).collect();
    assert_eq!(written, played, "the page has the cases in their order");
    assert!(rows.len() >= 30, "{} incidents", rows.len());
    let mut sentences: Vec<&str> = rows.iter().map(|row| &*row.sentence).collect();
    sentences.sort_unstable();
    let same = sentences.windows(2).find(|two| two[0] == two[1]);
    assert_eq!(same, None, "two incidents are not told apart");
    assert!(rows.iter().all(|row| !row.remedy.is_empty()));
}

/// Plays these cases, some side by side, each over the versions that it is for.
async fn hold(cases: Vec<Case>) {
    let rows = table::rows();
    let bless = std::env::var_os("PINTLE_BLESS").is_some();
    let all = async {
        let (mut wrong, mut playing) = (0, JoinSet::new());
        for case in cases {
            let row = rows.iter().find(|row| row.incident == case.incident).cloned();
            let row = row.unwrap_or_else(|| panic!("no row for {:?}", case.incident));
            for version in [Version::Http1, Version::Http2] {
                if case.only.is_some_and(|only| only != version) {
                    continue;
                }
                if playing.len() >= ABREAST {
                    wrong += usize::from(playing.join_next().await.is_some_and(|ended| ended.is_err()));
                }
                playing.spawn_local(one((case.play)(version), row.clone(), version, bless));
            }
        }
        while let Some(ended) = playing.join_next().await {
            wrong += usize::from(ended.is_err());
        }
        wrong
    };
    let wrong = LocalSet::new().run_until(all).await;
    if bless {
        table::write(&SEEN.lock());
    }
    assert_eq!(wrong, 0, "incidents are not told as their rows say; see above");
}

async fn one(play: impl Future<Output = play::Incident>, row: Row, version: Version, bless: bool) {
    let seen = play.await.ask().await;
    if bless {
        let before = SEEN.lock().insert(row.incident.clone(), seen.clone());
        assert!(before.is_none_or(|before| before == seen), "{}: not the same over both versions", row.incident);
        return;
    }
    assert_eq!(seen, Seen { gets: row.gets.clone(), sentence: row.sentence.clone() }, "{version:?}: {row:?}");
}

#[tokio::test]
async fn routes_that_are_not_the_expected_ones() {
    hold(routing::cases()).await;
}

#[tokio::test]
async fn requests_that_are_not_taken() {
    hold(limits::cases()).await;
}

#[tokio::test]
async fn who_may_not_come_in() {
    hold(access::cases()).await;
}

#[tokio::test]
async fn services_that_fail() {
    hold(services::cases()).await;
}

#[tokio::test]
async fn aggregates_of_which_a_part_fails() {
    hold(parts::cases()).await;
}

#[tokio::test]
async fn endpoints_that_take_no_part() {
    hold(states::cases()).await;
}

#[tokio::test]
async fn clients_that_go_or_stand_still() {
    hold(clients::cases()).await;
}

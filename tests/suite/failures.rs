//! The table of docs/failures.md, played row by row: each fault over HTTP/1.1 and HTTP/2 towards the client, and what came of
//! it held against what the row says. A row without a case fails, and a case without a row.

mod answers;
mod came;
mod endpoints;
mod http2;
mod limits;
mod midway;
mod names;
mod play;
mod reaching;
mod table;

use play::{Begun, Case, Play, Version};
use std::collections::BTreeSet;
use table::Row;
use tokio::task::{JoinSet, LocalSet};

/// How many cases are played at once.
const ABREAST: usize = 6;

/// The cases of all subjects.
fn cases() -> Vec<Case> {
    [
        reaching::cases(),
        answers::cases(),
        midway::cases(),
        endpoints::cases(),
        limits::cases(),
        names::cases(),
        http2::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_row_has_a_case_and_every_case_a_row() {
    let rows = table::rows();
    let written: BTreeSet<String> = rows.iter().map(|row| row.fault.clone()).collect();
    let played: BTreeSet<String> = cases().iter().map(|case| case.fault.to_owned()).collect();
    assert_eq!(written.len(), rows.len(), "a fault stands there twice");
    assert_eq!(played.len(), cases().len(), "a fault is played twice");
    assert_eq!(written, played);
}

/// Plays these cases, some side by side, each over both versions.
async fn hold(cases: Vec<Case>) {
    let rows = table::rows();
    let all = async {
        let (mut wrong, mut playing) = (0, JoinSet::new());
        for case in &cases {
            let row = rows.iter().find(|row| row.fault == case.fault);
            let row: &Row = row.unwrap_or_else(|| panic!("no row for {:?}", case.fault));
            for version in [Version::Http1, Version::Http2] {
                if playing.len() >= ABREAST {
                    wrong += usize::from(playing.join_next().await.is_some_and(|ended| ended.is_err()));
                }
                playing.spawn_local((case.play)(Play { row: row.clone(), version, begun: Begun::default() }));
            }
        }
        while let Some(ended) = playing.join_next().await {
            wrong += usize::from(ended.is_err());
        }
        wrong
    };
    let wrong = LocalSet::new().run_until(all).await;
    assert_eq!(wrong, 0, "cases are not as their rows say; see above");
}

#[tokio::test]
async fn services_that_cannot_be_reached() {
    hold(reaching::cases()).await;
}

#[tokio::test]
async fn services_that_give_no_answer_or_a_wrong_one() {
    hold(answers::cases()).await;
}

#[tokio::test]
async fn answers_that_go_wrong_midway() {
    hold(midway::cases()).await;
}

#[tokio::test]
async fn endpoints_that_fail_beside_others() {
    hold(endpoints::cases()).await;
}

#[tokio::test]
async fn limits_that_are_reached() {
    hold(limits::cases()).await;
}

#[tokio::test]
async fn names_that_are_not_to_be_had() {
    hold(names::cases()).await;
}

#[tokio::test]
async fn services_that_fail_over_http2() {
    hold(http2::cases()).await;
}

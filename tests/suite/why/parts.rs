//! Aggregates of which a part fails.

use super::play::{Case, Incident, PATH, ask, case, start};
use super::services::upstream;
use pintle_testkit::{Ask, Origin, Received, Reply};

/// A service of which `/bad` fails, and `/late` never answers.
async fn service() -> Origin {
    Origin::start(async |got: Received| match &*got.target {
        "/bad" => Reply::new(500),
        "/gone" => Reply::new(404).body("no such thing"),
        "/late" => std::future::pending().await,
        _ => Reply::text("[1]").header("content-type", "application/json"),
    })
    .await
}

/// An aggregate of a part that goes well and of this one.
fn played(incident: &'static str, part: &'static str, keys: &'static str) -> Case {
    case(incident, move |version| async move {
        let service = service().await;
        let route = format!(
            "{{name: home, match: '/{{any}}', aggregate: {{parts: {{well: {{call: GET orders:/well}}, tier: {part}}}}}}}"
        );
        let gateway = start(&route, &upstream(&service.address().to_string(), keys)).await;
        if keys.contains("breaker") {
            ask(&gateway, version, Ask::get("/before")).await;
        }
        let answer = ask(&gateway, version, Ask::get(PATH)).await;
        Incident::answered(gateway, &answer, service)
    })
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        played("an aggregate is whole", "{call: GET orders:/well}", ""),
        played("a part of an aggregate fails, and nothing stands for it", "{call: GET orders:/bad}", ""),
        played(
            "the service of a part is not asked, as its circuit breaker is open",
            "{call: GET orders:/bad, on_failure: fail}",
            ", breaker: {of: 1, for: 1h}",
        ),
        played("a part is not there within its time", "{call: GET orders:/late, timeout: 300ms}", ""),
        played("a part fails, and a value stands for it", "{call: GET orders:/bad, on_failure: {value: 0}}", ""),
        played("a part fails, and the client gets its own answer", "{call: GET orders:/gone, on_failure: pass}", ""),
    ]
}

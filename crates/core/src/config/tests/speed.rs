//! 10,000 routes. Run in release: `cargo test --release -p pintle-core -- --ignored --nocapture ten_thousand`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::types::Document;
use crate::config::{Read, Reader, Sources};

#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn ten_thousand_routes() {
    let mut text = String::from("listeners:\n  - address: 127.0.0.1:80\nroutes:\n");
    for number in 0..10_000 {
        write!(
            text,
            "  # the route of team {number}, which has a comment of its own as people write them\n  \
             - name: route-{number}\n    match: GET,HEAD team-{number}.example.com/api/v1/orders/{{id}}/**\n    \
             policies: [{{timeout: 5s}}, {{rate_limit: {{rate: 100/s, burst: 200}}}}]\n    \
             proxy: {{to: orders-{number}, mirror: 5%}}\n"
        )
        .expect("a text is written");
    }
    let mut best = Duration::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        let mut reader = Reader::new();
        let sources = Sources::from_text("gateway.yaml", &text, &mut reader);
        let parsed = start.elapsed();
        let document = Document::read(&sources.root, &mut reader).expect("it is good");
        let all = start.elapsed();
        assert_eq!(document.routes.len(), 10_000);
        println!("{:.2} MB: tree {parsed:?}, types {:?}", text.len() as f64 / 1e6, all - parsed);
        best = best.min(all);
    }
    assert!(best < Duration::from_millis(300), "{best:?}");
}

//! The targets of HTTP/1.1 over the test corpora, and each difference that `DIFFERENCES.md` tells of.

use pintle_fuzz::http1;

#[test]
fn the_targets_pass_over_the_corpora() {
    for (name, raw, _) in http1::seeds(include_str!("../../crates/http1/tests/corpus/requests.txt")) {
        println!("{name}");
        http1::request(&raw);
    }
    for (name, raw, _) in http1::seeds(include_str!("../../crates/http1/tests/corpus/responses.txt")) {
        for pick in 0..3 {
            println!("{name} {pick}");
            http1::response(&[&[pick], &raw[..]].concat());
        }
    }
    for (name, raw, _) in http1::seeds(include_str!("../../crates/http1/tests/corpus/bodies.txt")) {
        println!("{name}");
        http1::chunked(&raw);
    }
}

#[test]
fn the_differences_are_as_told() {
    let (mut kind, mut count) = ("", 0);
    for line in include_str!("../DIFFERENCES.md").lines() {
        kind = line.strip_prefix("## ").unwrap_or(kind);
        let Some(row) = line.strip_prefix("| `") else { continue };
        let (raw, rest) = row.split_once("` | ").expect("bytes");
        let told: Vec<_> = rest.splitn(4, " | ").take(3).collect();
        assert_eq!(http1::verdicts(kind, raw)[..], told[..], "{raw}");
        count += 1;
    }
    assert!(count > 40, "{count}");
}

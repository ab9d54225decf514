//! The corpus: raw messages with the answer that the RFCs ask for, each read whole and cut at its bytes.

#[path = "corpus/answer.rs"]
mod answer;
#[path = "corpus/read.rs"]
mod read;

use answer::Answer;
use pintle_core::Method;
use read::Case;

/// Where to cut: everywhere, or in messages that are long to meet a limit, where something can change.
fn cuts(raw: &[u8]) -> Vec<usize> {
    let near = |at: usize| raw[at.saturating_sub(2)..(at + 2).min(raw.len())].contains(&b'\n');
    let limits = [1 << 10, 8 << 10, 32 << 10];
    (0..raw.len())
        .filter(|&at| {
            raw.len() < 2000
                || at < 100
                || (raw.len() < 12000 && near(at))
                || at % 499 == 0
                || limits.iter().any(|l| at.abs_diff(*l) < 60)
        })
        .collect()
}

fn check(case: &Case, got: &Answer, wrong: &mut Vec<String>) {
    let text = got.with_left(case.raw.len());
    let fields = case.fields.as_ref().is_none_or(|f| got.fields.as_ref() == Some(f));
    let rfc = got.rfc.is_none_or(|rfc| rfc == case.rfc);
    let want = read::expand(&case.want);
    if text != want || !fields || !rfc {
        let got_fields = got.fields.as_deref().unwrap_or("-");
        wrong.push(format!("{} ({}): {} not {text} {:?} ~ {got_fields}", case.name, case.rfc, case.want, got.rfc));
    }
}

/// Every beginning of the message is either not enough or gives what the whole does.
fn check_cuts(case: &Case, whole: &Answer, parse: impl Fn(&[u8]) -> Answer) {
    let mut settled = false;
    for cut in cuts(&case.raw) {
        let part = parse(&case.raw[..cut]);
        if part == Answer::partial() {
            assert!(!settled, "{}: at {cut} undecided after a decision", case.name);
        } else {
            assert_eq!(&part, whole, "{}: cut at {cut}", case.name);
            settled = true;
        }
    }
}

fn report(file: &str, cases: usize, at_least: usize, wrong: &[String]) {
    assert!(wrong.is_empty(), "{file}: {} of {cases} are wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= at_least, "{file} has {cases} cases");
}

#[test]
fn requests() {
    let (cases, mut wrong) = (read::cases(include_str!("corpus/requests.txt")), Vec::new());
    for case in &cases {
        let whole = answer::request(&case.raw);
        check(case, &whole, &mut wrong);
        check_cuts(case, &whole, answer::request);
    }
    report("requests.txt", cases.len(), 600, &wrong);
}

#[test]
fn responses() {
    let (cases, mut wrong) = (read::cases(include_str!("corpus/responses.txt")), Vec::new());
    for case in &cases {
        let method = Method::from_bytes(case.method.as_bytes()).expect("a method");
        let whole = answer::response(&case.raw, &method);
        check(case, &whole, &mut wrong);
        check_cuts(case, &whole, |raw| answer::response(raw, &method));
    }
    report("responses.txt", cases.len(), 150, &wrong);
}

#[test]
fn bodies() {
    let (cases, mut wrong) = (read::cases(include_str!("corpus/bodies.txt")), Vec::new());
    for case in &cases {
        let whole = answer::decode([&case.raw[..]]);
        let got = Answer {
            text: whole.text(),
            rfc: whole.error.map(|e| e.rfc),
            fields: whole.trailers.as_ref().map(|(_, fields)| fields.clone()),
            len: None,
        };
        check(case, &got, &mut wrong);
        for cut in cuts(&case.raw) {
            let (a, b) = case.raw.split_at(cut);
            assert_eq!(answer::decode([a, b]), whole, "{}: cut at {cut}", case.name);
        }
        assert_eq!(answer::decode(case.raw.chunks(1)), whole, "{}: byte by byte", case.name);
    }
    report("bodies.txt", cases.len(), 90, &wrong);
}

//! The parts of a batch that need nobody else: what may run when, where URLs lead, what fits.

use super::answer::{Answers, Written, cookies, write};
use super::item::Around;
use super::order::{Next, Order};
use super::run::Taking;
use super::url::resolve;
use super::{Batch, BatchConfig};
use bytes::Bytes;
use pintle_core::counters::Uncounted;
use pintle_core::step::{Answered, Take, Whose};
use pintle_core::{Lasting, Reason, Refusal, Scheme, StatusCode, Target};
use pintle_policies::held::{Account, Share};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Runs an order to its end: `fails` says what fails, `pick` which of those that run comes next. What came of each, and how
/// many ran at once.
fn played(
    needs: &[Vec<usize>],
    parallel: usize,
    stops: bool,
    fails: impl Fn(usize) -> bool,
    mut pick: impl FnMut(usize) -> usize,
) -> (Vec<&'static str>, usize) {
    let mut order = Order::new(needs.to_vec(), parallel, stops);
    let (mut running, mut most, mut came) = (Vec::new(), 0, vec![""; needs.len()]);
    loop {
        while let Some(next) = order.next() {
            match next {
                Next::Run(at) => running.push(at),
                Next::PassOver(at) => came[at] = "passed over",
            }
        }
        most = most.max(running.len());
        for at in &running {
            assert!(needs[*at].iter().all(|needed| came[*needed] == "succeeded"), "{at} runs too early");
        }
        if running.is_empty() {
            return (came, most);
        }
        let at = running.swap_remove(pick(running.len()));
        came[at] = if fails(at) { "failed" } else { "succeeded" };
        order.came(at, !fails(at));
    }
}

// Rule: batch-order
#[test]
fn what_becomes_of_each_is_the_same_whoever_comes_first() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..2000 {
        let count = random.usize(1..24);
        let needs: Vec<Vec<usize>> =
            (0..count).map(|at| (0..at).filter(|_| random.usize(..6) == 0).collect()).collect();
        let failing: Vec<bool> = (0..count).map(|_| random.usize(..5) == 0).collect();
        let (parallel, stops) = (random.usize(1..6), random.usize(..4) == 0);
        let fails = |at: usize| failing[at];
        let (wanted, _) = played(&needs, 1, stops, fails, |_| 0);
        for _ in 0..4 {
            let (came, most) = played(&needs, parallel, stops, fails, |running| random.usize(..running));
            assert_eq!(came, wanted, "{needs:?} {failing:?}");
            assert!(most <= parallel && !came.contains(&""));
        }
        if stops {
            let first = wanted.iter().position(|came| *came != "succeeded").unwrap_or(count);
            assert!(wanted.iter().skip(first + 1).all(|came| *came == "passed over"), "{wanted:?}");
        }
    }
}

#[test]
fn a_url_leads_to_the_batchs_own_host_or_nowhere() {
    let around =
        |scheme, host: &str, port| Around { scheme, target: Target::new(host, port, "/s/v1/$batch", Some("q")) };
    let plain = around(Scheme::Http, "shop.test", None);
    for (url, leads) in [
        ("/a", "/a"),
        ("/a?b=c:d/e", "/a?b=c:d/e"),
        ("a", "/s/v1/a"),
        ("../a/./b", "/s/v1/../a/./b"),
        ("?x", "/s/v1/$batch?x"),
        ("", "/s/v1/$batch?q"),
        ("$metadata", "/s/v1/$metadata"),
        ("$crossjoin(A,B)?x", "/s/v1/$crossjoin(A,B)?x"),
        ("A('x:y')", "/s/v1/A('x:y')"),
        ("1:2", "/s/v1/1:2"),
        ("http://shop.test", "/"),
        ("http://shop.test?x", "/?x"),
        ("http://shop.test:/a", "/a"),
        ("http://shop.test:80/a", "/a"),
        ("HTTP://SHOP.test/a", "/a"),
        ("http://shop.test//a", "//a"),
    ] {
        assert_eq!(resolve(url, &plain).map_err(|refusal| refusal.detail), Ok(leads.to_owned()), "{url}");
    }
    for url in [
        "https://shop.test/",
        "http://shop.test:8080/",
        "http://shop.test:x/",
        "http://shop.test:99999/",
        "http://shop.test./",
        "http://a@shop.test/",
        "http://shop.test@b/",
        "http:///a",
        "http://:80/",
        "//shop.test/a",
        "http:a",
        "http:/a",
        "a:b",
        "a#b",
        "#",
        "$1",
        "$1/a",
        "$x?y",
        "$batch2",
        "http://[::1]/",
        "http://shop.test:80:80/",
        "http://shop.test:+80/",
    ] {
        assert_eq!(resolve(url, &plain).map_err(|refusal| refusal.reason), Err(Reason::BadRequest), "{url}");
    }
    let six = around(Scheme::Https, "[::1]", Some(8443));
    for (url, is_good) in [
        ("https://[::1]:8443/a", true),
        ("https://[::1]/a", false),
        ("https://[::1]:443/a", false),
        ("http://[::1]:8443/a", false),
        ("https://[::1]:/a", false),
    ] {
        assert_eq!(resolve(url, &six).is_ok(), is_good, "{url}");
    }
}

fn answered(status: u16, fields: &[(&str, &str)], content: &[u8]) -> Answered {
    let status = StatusCode::from_u16(status).expect("a status");
    Answered { status, fields: fields.iter().copied().collect(), content: Bytes::copy_from_slice(content) }
}

#[test]
fn a_response_object_has_its_fields_joined_and_its_content_by_its_type() {
    let of = |fields: &[(&str, &str)], content: &[u8]| write("1", &answered(200, fields, content), 8);
    let good = |fields: &[(&str, &str)], content: &[u8]| of(fields, content).expect("it can be written");
    assert_eq!(good(&[], b""), r#"{"id":"1","status":200,"headers":{}}"#);
    let fields =
        [("a", "1"), ("set-cookie", "x"), ("b", "\"q\""), ("a", "2"), ("connection", "close"), ("content-length", "9")];
    assert_eq!(good(&fields, b"\xff"), r#"{"id":"1","status":200,"headers":{"a":"1, 2","b":"\"q\""},"body":"_w"}"#);
    let json = [("content-type", "Application/Problem+JSON; x=y")];
    assert!(good(&json, b" {\"a\" : 1.0e2}\n").ends_with(r#","body":{"a" : 1.0e2}}"#));
    for broken in ["{", "1 2", "{\"a\":1,\"a\":2}", "}", "]},{\"id\":\"2\"", "[[[[[[[[[1]]]]]]]]]", "\u{feff}1"] {
        let refusal = of(&json, broken.as_bytes()).expect_err(broken);
        assert_eq!(refusal.reason, Reason::UpstreamMalformed);
    }
    let text = |charset: &str| format!("text/plain{charset}");
    for (charset, content, wanted) in [
        ("", "é\"\u{1}".as_bytes(), Some("\"é\\\"\\u0001\"}")),
        ("; charset=UTF-8", "é".as_bytes(), Some("\"é\"}")),
        ("; charset=\"latin1\"", b"\xe9", Some("\"é\"}")),
        ("", b"\xe9", None),
        ("; charset=utf-16", b"a", None),
    ] {
        let written = of(&[("content-type", &text(charset))], content).ok();
        assert_eq!(written.as_deref().map(|text| text.split("\"body\":").nth(1)), wanted.map(Some), "{charset}");
    }
    let coded = good(&[("content-type", "application/json"), ("content-encoding", "br")], b"{}");
    assert!(coded.ends_with(r#""body":"e30"}"#), "{coded}");
}

// Rule: batch-total
#[test]
fn which_answers_fit_depends_on_sizes_and_places_alone() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..500 {
        let count = random.usize(1..12);
        let sizes: Vec<usize> = (0..count).map(|_| random.usize(1..40)).collect();
        let most = random.usize(..200);
        // From the first on that does not fit none does.
        let mut sum = 0;
        let fit = sizes
            .iter()
            .take_while(|size| {
                sum += **size;
                sum <= most
            })
            .count();
        let mut order: Vec<usize> = (0..count).collect();
        random.shuffle(&mut order);
        let mut answers = Answers::new(count, most);
        for at in order {
            answers.put(at, Written { text: "x".repeat(sizes[at]), share: None }, vec![format!("c={at}")]);
        }
        assert_eq!(answers.left_out(), fit..count, "{sizes:?} {most}");
        let mut response = answers.whole(vec!["y".to_owned(); count - fit]);
        let cookies: Vec<_> = response.fields.get_all("set-cookie").collect();
        assert_eq!(cookies.len(), count);
        let length = response.body.length();
        let mut text = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(pintle_core::Frame::Data(data)))) = response.body.poll_frame(&mut cx) {
            text.extend_from_slice(&data);
        }
        assert_eq!(length, Some(text.len() as u64));
        let text = String::from_utf8(text).expect("text");
        let inner = text.strip_prefix("{\"responses\":[").and_then(|text| text.strip_suffix("]}")).expect("an object");
        let wanted: Vec<String> =
            sizes.iter().take(fit).map(|size| "x".repeat(*size)).chain(vec!["y".into(); count - fit]).collect();
        assert_eq!(inner, wanted.join(","));
    }
}

#[test]
fn a_cookie_keeps_the_path_that_it_would_have_had() {
    let of = |value: &str, path: &str| cookies(&answered(200, &[("set-cookie", value)], b""), path).concat();
    assert_eq!(of("a=b", "/x/y/z"), "a=b; Path=/x/y");
    assert_eq!(of("a=b", "/x"), "a=b; Path=/");
    assert_eq!(of("a=b; PATH = /q ; Secure", "/x/y"), "a=b; PATH = /q ; Secure");
    assert_eq!(of("a=b; Path=/q; path=z", "/x/y"), "a=b; Path=/q; path=z; Path=/x", "the last one counts");
    assert_eq!(of("path=/q", "/x/y"), "path=/q; Path=/x", "that is its name");
}

#[test]
fn a_field_is_somebodys_whatever_stands_between_its_words() {
    for (name, whose) in [
        ("x-own", Whose::Own),
        ("if-match", Whose::Own),
        ("x-api-key", Whose::Own),
        ("content-type", Whose::Own),
        ("content-encoding", Whose::Own),
        ("authorization", Whose::OwnOrOuter),
        ("x_forwarded_for", Whose::Outer),
        ("sec_fetch_site", Whose::Outer),
        ("x-real_ip", Whose::Outer),
        ("transfer_encoding", Whose::Nobody),
        ("proxy-anything", Whose::Nobody),
        ("x-b3-flags", Whose::Nobody),
    ] {
        assert_eq!(Whose::of(name), whose, "{name}");
    }
}

#[test]
fn where_no_room_is_left_for_held_content_a_request_is_refused_and_gives_back_what_it_had() {
    let config = crate::testing::built("{limits: {answer: 100B}}", |config: &BatchConfig, _| Some(config.clone()));
    let lasting = Lasting::idle();
    let account = Account::find(&lasting);
    let batch = Batch {
        config,
        account: Arc::clone(&account),
        succeeded: Arc::new(Uncounted),
        failed: Arc::new(Uncounted),
        not_run: Arc::new(Uncounted),
    };
    let mut other = Share::new(&account);
    assert!(other.grow(64 * 1024 * 1024 - 150));
    let mut first = Taking::new(&batch, "1");
    let mut second = Taking::new(&batch, "2");
    let reason = |taken: Result<(), Refusal>| taken.map_err(|refusal| refusal.reason);
    assert_eq!(reason(first.piece(100)), Ok(()));
    assert_eq!(reason(first.piece(1)), Err(Reason::AnswerTooLarge));
    assert_eq!(reason(second.piece(60)), Err(Reason::Overflow));
    drop((first, second));
    let mut third = Taking::new(&batch, "3");
    assert_eq!(reason(third.piece(100)), Ok(()), "what they had is given back");
    let written = third.written(&answered(200, &[], &[b'x'; 100]));
    assert!(!other.grow(20) && written.text.len() > 100, "what is written counts until it is sent");
}

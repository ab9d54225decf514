use super::*;
use crate::Fields;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const OWN: [u8; 32] = *b"0af7651916cd43dd8448eb211c80319c";
/// Of the ids above, the one that ends in a high number and the one in a low one; numbers of a share are 2^63ths.
const FIRST_HALF: u64 = Sampler::threshold_of(500_000);

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().copied().collect()
}

fn sampled_at(share: u32) -> Tracing {
    let sampler = Sampler { threshold: Sampler::threshold_of(share), any_parent: false, errors: false };
    Tracing { sampler: Some(sampler), propagate: Propagate::default() }
}

/// The trace of a request, where nobody records anything, and what the first attempt gets.
fn passed(sent: &[(&str, &str)], propagate: Propagate) -> (Trace, Fields) {
    let tracing = Tracing { sampler: None, propagate };
    let mut fields = fields(sent);
    let trace = Trace::of(&fields, OWN, &tracing, false, || 7);
    trace.change(&mut fields, 1);
    (trace, fields)
}

const W3C: Propagate = Propagate { w3c: true, b3: false, b3_multi: false };
const B3: Propagate = Propagate { w3c: false, b3: true, b3_multi: false };
const ALL: Propagate = Propagate { w3c: true, b3: true, b3_multi: true };

// Rule: trace-unrecorded
#[test]
fn a_valid_trace_goes_on_with_a_new_parent() {
    for (version, flags, rest) in
        [("00", "01", ""), ("00", "00", ""), ("00", "03", ""), ("cc", "01", "-what-ever"), ("01", "01", "")]
    {
        let sent = format!("{version}-{TRACE}-00f067aa0ba902b7-{flags}{rest}");
        let (trace, fields) = passed(&[("traceparent", &sent), ("tracestate", "a=1")], W3C);
        assert_eq!((trace.id(), trace.parent()), (TRACE, Some(0x00f0_67aa_0ba9_02b7)));
        let got = fields.get_str("traceparent").expect("a parent");
        assert_eq!(got, format!("00-{TRACE}-{:016x}-{flags}", trace.attempt(1)));
        assert_eq!(fields.get_str("tracestate"), Some("a=1"));
        assert_eq!(trace.recorded(), Recorded::No);
    }
}

// Rule: trace-id, trace-propagate
#[test]
fn anything_else_begins_one_under_the_requests_id() {
    let zeros = "0".repeat(32);
    for sent in [
        String::new(),
        format!("ff-{TRACE}-00f067aa0ba902b7-01"),
        format!("00-{TRACE}-00f067aa0ba902b7-01-x"),
        format!("00-{TRACE}-0000000000000000-01"),
        format!("00-{zeros}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        format!("00-{TRACE}_00f067aa0ba902b7-01"),
        format!("00-{TRACE}-00f067aa0ba902b7-0g"),
    ] {
        let (trace, fields) = passed(&[("traceparent", &sent), ("tracestate", "a=1")], W3C);
        assert_eq!((trace.id().as_bytes(), trace.parent()), (&OWN[..], None), "{sent}");
        let got = fields.get_str("traceparent").expect("a parent");
        assert!(got.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && got.ends_with("-00"), "{got}");
        assert_eq!(fields.get("tracestate"), None, "the state was another trace's");
    }
    let sent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let (trace, fields) = passed(&[("traceparent", &sent), ("traceparent", &sent)], W3C);
    assert_eq!((trace.parent(), fields.get_all("traceparent").count()), (None, 1));
}

#[test]
fn each_part_has_an_id_of_its_own() {
    let trace = Trace::begin(OWN, 1);
    let mut ids: Vec<u64> = (0..1000).chain((1..1000).map(|number| number << 32)).map(|n| trace.part(n)).collect();
    ids.push(trace.span());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2000);
    assert!(ids[0] > 0);
    let mut fields = fields(&[("traceparent", "x"), ("a", "b")]);
    trace.change(&mut fields, 1);
    let first = fields.get_str("traceparent").expect("a parent").to_owned();
    trace.change(&mut fields, 2);
    assert!(fields.get_str("traceparent") != Some(&*first) && fields.len() == 2);
}

// Rule: trace-sample
#[test]
fn a_share_is_taken_by_the_end_of_a_new_traces_id() {
    let of = |end: &str, share| {
        let own = id_of(&format!("{}{end}", &TRACE[..16])).expect("an id");
        Trace::of(&Fields::new(), own, &sampled_at(share), false, || 7).recorded()
    };
    let (low, high) = ("0000000000000001", "ffffffffffffffff");
    assert_eq!((of(low, 0), of(low, 1), of(low, 1_000_000)), (Recorded::No, Recorded::Yes, Recorded::Yes));
    assert_eq!((of(high, 999_999), of(high, 1_000_000)), (Recorded::No, Recorded::Yes));
    assert_eq!((of("7fffffffffffffff", 500_000), of("8000000000000000", 500_000)), (Recorded::Yes, Recorded::No));
    assert_eq!(FIRST_HALF, 1 << 62);
}

// Rule: trace-parent
#[test]
fn whoever_is_believed_decides_and_nobody_else_can() {
    let decide = |flags: &str, share, trusted, any_parent, random: u64| {
        // An id that any share takes.
        let parent = format!("00-{}01-00f067aa0ba902b7-{flags}", "0".repeat(30));
        let mut tracing = sampled_at(share);
        tracing.sampler.as_mut().expect("a sampler").any_parent = any_parent;
        let mut numbers = [9, random].into_iter();
        let mut fields = fields(&[("traceparent", &parent)]);
        let trace = Trace::of(&fields, OWN, &tracing, trusted, || numbers.next().expect("two numbers"));
        trace.change(&mut fields, 1);
        let told = fields.get_str("traceparent").expect("a parent").ends_with("01");
        assert_eq!(told, trace.recorded() == Recorded::Yes);
        told
    };
    for (trusted, any) in [(true, false), (false, true)] {
        assert!(decide("01", 0, trusted, any, 0) && !decide("00", 1_000_000, trusted, any, 0));
    }
    // From others chance decides, whatever they say and choose.
    for flags in ["00", "01"] {
        assert!(decide(flags, 500_000, false, false, 0) && !decide(flags, 500_000, false, false, u64::MAX));
    }
    assert!(!decide("01", 1, false, false, u64::MAX / 2));
}

#[test]
fn an_error_may_be_recorded_although_nobody_was_told() {
    let mut tracing = sampled_at(0);
    tracing.sampler.as_mut().expect("a sampler").errors = true;
    let trace = Trace::of(&Fields::new(), OWN, &tracing, false, || 7);
    assert_eq!((trace.recorded(), trace.flags()), (Recorded::OnError, 0));
}

// Rule: trace-b3
#[test]
fn b3_is_read_in_either_form_and_goes_on_as_asked() {
    let short = format!("{}{}", "0".repeat(16), &TRACE[16..]);
    for (sent, id, sampled) in [
        (vec![("b3", format!("{TRACE}-00f067aa0ba902b7-1"))], TRACE, true),
        (vec![("b3", format!("{TRACE}-00f067aa0ba902b7-d-05e3ac9a4f6e3b90"))], TRACE, true),
        (vec![("b3", format!("{}-00F067AA0BA902B7-0", &TRACE[16..]))], &*short, false),
        (vec![("b3", format!("{TRACE}-00f067aa0ba902b7"))], TRACE, false),
        (
            vec![
                ("x-b3-traceid", TRACE.to_owned()),
                ("x-b3-spanid", "00f067aa0ba902b7".into()),
                ("x-b3-parentspanid", "05e3ac9a4f6e3b90".into()),
                ("x-b3-sampled", "1".into()),
            ],
            TRACE,
            true,
        ),
        (
            vec![
                ("x-b3-traceid", TRACE.to_owned()),
                ("x-b3-spanid", "00f067aa0ba902b7".into()),
                ("x-b3-flags", "1".into()),
            ],
            TRACE,
            true,
        ),
    ] {
        let pairs: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, &**value)).collect();
        let (trace, fields) = passed(&pairs, B3);
        assert_eq!((trace.id(), trace.parent()), (id, Some(0x00f0_67aa_0ba9_02b7)), "{sent:?}");
        let (span, told) = (trace.attempt(1), u8::from(sampled));
        assert_eq!(fields.get_str("b3").expect("b3"), format!("{id}-{span:016x}-{told}"));
        assert_eq!(fields.len(), 1, "{fields:?}");
        let (_, fields) = passed(&pairs, ALL);
        assert_eq!(fields.get_str("x-b3-traceid"), Some(id));
        assert_eq!(fields.get_str("x-b3-spanid").expect("a span"), format!("{span:016x}"));
        assert_eq!(fields.get_str("x-b3-sampled").expect("a decision"), told.to_string());
        assert_eq!(fields.get_str("traceparent").expect("both"), format!("00-{id}-{span:016x}-0{told}"));
        assert_eq!(fields.len(), 5, "{fields:?}");
    }
    // A decision alone, and what is none.
    let (trace, fields) = passed(&[("b3", "1")], B3);
    assert_eq!((trace.parent(), fields.get_str("b3").map(|b3| b3.ends_with("-1"))), (None, Some(true)));
    for bad in ["", "2", "x-y", "0-0-0", "00f067aa0ba902b7-00f067aa0ba902b7-x"] {
        let (trace, _) = passed(&[("b3", bad)], B3);
        assert_eq!((trace.parent(), trace.flags(), trace.id().as_bytes()), (None, 0, &OWN[..]), "{bad}");
    }
}

// Rule: trace-propagate
#[test]
fn fields_that_are_not_asked_for_pass_through() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let (trace, fields) = passed(&[("traceparent", &parent), ("tracestate", "a=1"), ("b3", "0")], B3);
    assert_eq!((fields.get_str("traceparent"), fields.get_str("tracestate")), (Some(&*parent), Some("a=1")));
    assert_eq!(trace.id().as_bytes(), &OWN);
    let (_, fields) = passed(&[("b3", "what"), ("x-b3-sampled", "1"), ("baggage", "k=v")], W3C);
    assert_eq!((fields.get_str("b3"), fields.get_str("x-b3-sampled")), (Some("what"), Some("1")));
    assert_eq!(fields.get_str("baggage"), Some("k=v"));
    // A state is of the trace that `traceparent` names, and of no other.
    let (_, fields) = passed(&[("b3", &format!("{TRACE}-00f067aa0ba902b7-1")), ("tracestate", "a=1")], ALL);
    assert_eq!(fields.get("tracestate"), None);
    // W3C's hold before those of B3.
    let (trace, _) =
        passed(&[("b3", &format!("{}-00f067aa0ba902b7-1", TRACE.replace('4', "5"))), ("traceparent", &parent)], ALL);
    assert_eq!(trace.id(), TRACE);
}

// Rule: trace-state
#[test]
fn a_state_goes_on_as_far_as_it_must() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let state = |state: &str| {
        let (_, fields) = passed(&[("traceparent", &parent), ("tracestate", state)], W3C);
        fields.get_str("tracestate").map(str::to_owned)
    };
    let member = |name: &str, length: usize| format!("{name}={}", "x".repeat(length - name.len() - 1));
    let whole = vec![member("a", 127); 4].join(",");
    assert_eq!(whole.len(), 511);
    assert_eq!(state(&whole), Some(whole.clone()));
    let long = format!("{},{}", member("long", 200), whole);
    assert_eq!(state(&long), Some(whole.clone()), "the long one goes first");
    assert_eq!(state(&format!("{whole},{}", member("b", 10))), Some(whole), "then the last one");
    assert_eq!(state(&vec!["a=1"; 32].join(",")), Some(vec!["a=1"; 32].join(",")));
    assert_eq!(state(&vec!["a=1"; 33].join(",")), None);
    assert_eq!(state(&member("a", 600)), None);
}

use super::config::{Domain, OwnResolver};
use super::*;
use pintle_core::config::{Span, Spanned};
use std::net::UdpSocket;

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

#[test]
fn families_take_turns_and_ipv6_begins() {
    let mixed = addresses(&["10.0.0.1", "10.0.0.2", "10.0.0.1", "2001:db8::1"]);
    assert_eq!(interleaved(mixed), addresses(&["2001:db8::1", "10.0.0.1", "10.0.0.2"]));
    assert!(interleaved([]).is_empty());
}

/// A resolver whose one server never answers.
fn silent(server: &UdpSocket) -> Arc<Resolver> {
    let spanned = |value| Spanned::new(value, Span::nowhere());
    let server = Server(server.local_addr().expect("an address"));
    let own = OwnResolver {
        servers: Some(Spanned::new(vec![spanned(server)], Span::nowhere())),
        search: Some(vec![Domain("a.test".into())]),
        hosts: HostsFile::None,
        timeout: None,
        attempts: None,
        ndots: None,
    };
    Resolver::new(&ResolverConfig::Own(Box::new(own)), None, Arc::new(|_| ())).expect("a resolver")
}

#[test]
fn a_worker_that_ends_takes_nobody_with_it() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let resolver = silent(&server);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let worker = runtime();
    let moment = Duration::from_millis(20);
    let waited = worker.block_on(async { tokio::time::timeout(moment, resolver.resolve("shop.test")).await });
    assert!(waited.is_err(), "the server is silent");
    assert!(resolver.kept.lock()["shop.test"].looking.is_some());
    let waiting = Arc::clone(&resolver);
    let other = std::thread::spawn(move || runtime().block_on(async { waiting.resolve("shop.test").await }));
    drop(worker);
    // Whoever waits for that lookup is told, or begins the next one, which is told in time.
    let outcome = other.join().expect("a thread");
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(resolver.kept.lock()["shop.test"].looking.is_none());
}

#[test]
fn what_is_kept_is_bounded() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let resolver = silent(&server);
    let now = Instant::now();
    let mut names = HashMap::new();
    for number in 0..MOST {
        let kept = Kept { last: None, why: "".into(), until: now + LONGEST, renew: now + LONGEST, looking: None };
        names.insert(number.to_string().into_boxed_str(), kept);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    drop(resolver.look("shop.test", &mut names, now));
    assert_eq!(names.len(), 1, "all that can be found again goes");
}

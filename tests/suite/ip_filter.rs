//! `ip_filter`: addresses that may come in and those that may not, from the configuration, from files that change under
//! load, and by where they are.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, H1Client, Origin, Place, RawOrigin, Reloaded, geo_file, pintle};
use std::cell::Cell;
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{LocalSet, spawn_local};

/// A listener that believes what tests say of addresses.
const DOOR: &str =
    "admin: {address: 127.0.0.1:0}\nlisteners: [{address: 127.0.0.1:0, trusted_proxies: [127.0.0.0/8]}]\n";

fn by(settings: &str, url: &str) -> String {
    format!("{DOOR}routes: [{{match: /**, policies: [{{ip_filter: {settings}}}], proxy: \"{url}\"}}]\n")
}

fn from(address: &str) -> Ask {
    Ask::get("/").header("x-forwarded-for", address)
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// Checks which addresses pass.
async fn passes(gateway: &Gateway, addresses: &[(&str, bool)]) {
    for (address, wanted) in addresses {
        for answer in both(gateway, from(address)).await {
            match wanted {
                true => assert_eq!(answer.status, 200, "{address}: {answer:?}"),
                false => drop(answer.problem(403, "ip_denied")),
            }
        }
    }
}

// Rule: ip-filter-longest
#[tokio::test]
async fn the_longest_prefix_decides_for_both_families() {
    let service = Origin::echo().await;
    let settings = "{allow: [192.0.2.0/24, 2001:db8::/32], deny: [192.0.2.128/25, 2001:db8:bad::/48, 203.0.113.9]}";
    let gateway = Gateway::start(by(settings, &service.url())).await;
    passes(
        &gateway,
        &[
            ("192.0.2.1", true),
            ("192.0.2.129", false),
            ("203.0.113.9", false),
            // With any `allow` the rest is denied.
            ("203.0.113.8", false),
            ("2001:db8::1", true),
            ("2001:db8:bad::1", false),
            ("::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.129", false),
        ],
    )
    .await;
    let answer = gateway.ask(from("192.0.2.129").header("x-request-id", "denied-by-network")).await;
    assert!(!answer.text().contains("192.0.2"), "{answer:?}");
    let line = gateway.wait_log(|line| line["pintle.request_id"] == "denied-by-network").await;
    assert_eq!((&line["pintle.reason"], &line["pintle.policy"]), (&"ip_denied".into(), &"ip_filter".into()));
    assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("192.0.2.128/25")), "{line}");
}

#[tokio::test]
async fn deny_alone_lets_the_rest_in() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(by("{deny: [198.51.100.0/24]}", &service.url())).await;
    passes(&gateway, &[("198.51.100.1", false), ("198.51.101.1", true), ("2001:db8::1", true)]).await;
}

// Rule: ip-filter-levels
#[tokio::test]
async fn all_levels_must_let_in_and_none_switches_outer_ones_off() {
    let service = Origin::echo().await;
    let config = format!(
        "listeners:
  - address: 127.0.0.1:0
    trusted_proxies: [127.0.0.0/8]
    policies: [{{ip_filter: {{deny: [192.0.2.9]}}}}]
routes:
  - {{match: /in, policies: [{{ip_filter: {{allow: [192.0.2.0/24]}}}}], proxy: \"{0}\"}}
  - {{match: /open, policies: [{{ip_filter: none}}], proxy: \"{0}\"}}
",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    for (target, address, status) in [
        ("/in", "192.0.2.1", 200),
        ("/in", "192.0.2.9", 403),
        ("/in", "192.0.3.1", 403),
        ("/open", "192.0.2.9", 200),
        ("/nowhere", "192.0.2.9", 403),
        ("/nowhere", "192.0.2.1", 404),
    ] {
        for answer in both(&gateway, Ask::get(target).header("x-forwarded-for", address)).await {
            assert_eq!(answer.status, status, "{target} {address}");
        }
    }
}

/// A hundred thousand networks, none of which holds an address of a test.
fn many() -> String {
    let mut text = String::from("# blocked\n");
    for number in 0..100_000u32 {
        let address = std::net::Ipv4Addr::from_bits(20 << 24 | number << 6);
        let _ = writeln!(text, "{address}/27");
    }
    text
}

// Rule: ip-filter-files
#[tokio::test]
async fn a_network_is_blocked_by_a_files_change_under_load() {
    LocalSet::new().run_until(blocked_under_load()).await;
}

async fn blocked_under_load() {
    let service = Origin::echo().await;
    let config = by("{deny_files: [lists/blocked.txt]}", &service.url());
    let gateway = Gateway::with(config).file("lists/blocked.txt", many()).start().await;
    let (stop, served) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let mut clients = Vec::new();
    for number in 0..4 {
        let (mut client, stop, served) = (gateway.h1().await, Rc::clone(&stop), Rc::clone(&served));
        let h2 = gateway.h2().await;
        clients.push(spawn_local(async move {
            let ask = from(&format!("192.0.2.{number}"));
            while !stop.get() {
                assert_eq!(client.ask(ask.clone()).await.status, 200);
                assert_eq!(h2.ask(ask.clone()).await.status, 200);
                served.set(served.get() + 1);
            }
        }));
    }
    let mut asks = gateway.h1().await;
    for round in 0..4u8 {
        let address = format!("198.51.100.{round}");
        assert_eq!(asks.ask(from(&address)).await.status, 200);
        let before = served.get();
        gateway.file("lists/blocked.txt", format!("{}{address} # round {round}\n", many()));
        let began = Instant::now();
        while asks.ask(from(&address)).await.status == 200 {
            // One second is the promise; the rest is for a machine that does much else.
            assert!(began.elapsed() < Duration::from_secs(3), "{address} is not blocked after three seconds");
        }
        while served.get() < before + 3 {
            tokio::task::yield_now().await;
        }
    }
    stop.set(true);
    for client in clients {
        client.await.expect("every request served");
    }
}

// Rule: ip-filter-files
#[tokio::test]
async fn a_bad_line_refuses_the_change_and_names_file_and_line() {
    let service = Origin::echo().await;
    let config = by("{deny_files: [lists/blocked.txt]}", &service.url());
    let gateway = Gateway::with(config).file("lists/blocked.txt", "192.0.2.1\n").start().await;
    gateway.file("lists/blocked.txt", "192.0.2.1\n192.0.2.2\n\n192.0.2.300 # no address\n");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("a bad line was taken") };
    assert!(said.contains("lists/blocked.txt:4:1") && said.contains("192.0.2.300"), "{said}");
    passes(&gateway, &[("192.0.2.1", false), ("192.0.2.2", true)]).await;
    gateway.file("lists/blocked.txt", "192.0.2.2\n");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    passes(&gateway, &[("192.0.2.1", true), ("192.0.2.2", false)]).await;
    gateway.folder().remove("lists/blocked.txt");
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a file that is gone was taken") };
    assert!(said.contains("lists/blocked.txt"), "{said}");
    passes(&gateway, &[("192.0.2.2", false)]).await;
}

#[tokio::test]
async fn a_named_policy_with_a_changed_file_watches_both() {
    let service = Origin::echo().await;
    let config = format!(
        "{DOOR}policies: {{lists: {{ip_filter: {{deny_files: [a.txt], deny: [192.0.2.200]}}}}}}
routes:
  - {{match: /a, policies: [lists], proxy: \"{0}\"}}
  - {{match: /b, policies: [{{ip_filter: {{use: lists, deny_files: [b.txt]}}}}], proxy: \"{0}\"}}
",
        service.url()
    );
    let gateway = Gateway::with(config).file("a.txt", "192.0.2.1").file("b.txt", "192.0.2.2").start().await;
    let status = async |target: &str, address: &str| {
        gateway.ask(Ask::get(target).header("x-forwarded-for", address)).await.status
    };
    let all = async |address: &str| (status("/a", address).await, status("/b", address).await);
    assert_eq!(all("192.0.2.1").await, (403, 200));
    assert_eq!(all("192.0.2.2").await, (200, 403));
    assert_eq!(all("192.0.2.200").await, (403, 403));
    gateway.file("b.txt", "192.0.2.1");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(all("192.0.2.1").await, (403, 403));
    assert_eq!(all("192.0.2.2").await, (200, 200));
}

// Rule: ip-filter-geo
#[tokio::test]
async fn networks_come_before_their_numbers_and_those_before_countries() {
    let service = Origin::echo().await;
    let countries = geo_file(&[
        ("192.0.2.0/24", Place::Country("DE")),
        ("198.51.100.0/24", Place::Country("KP")),
        ("2001:db8::/32", Place::Country("DE")),
    ]);
    let asns = geo_file(&[("192.0.2.128/25", Place::Asn(64500)), ("198.51.100.128/25", Place::Asn(64501))]);
    let settings = "{allow_countries: [DE], deny_countries: [KP], allow_asn: 64501, deny_asn: [64500], \
        allow: [192.0.2.129, 127.0.0.0/8], deny: [192.0.2.1]}";
    let config = format!("geo: {{file: [geo/country.mmdb, geo/asn.mmdb]}}\n{}", by(settings, &service.url()));
    let setup = Gateway::with(config).file("geo/country.mmdb", countries).file("geo/asn.mmdb", &asns);
    let gateway = setup.start().await;
    passes(
        &gateway,
        &[
            ("192.0.2.2", true),
            ("192.0.2.1", false),
            ("192.0.2.130", false),
            ("192.0.2.129", true),
            ("198.51.100.1", false),
            ("198.51.100.129", true),
            ("2001:db8::1", true),
            // Nobody knows where it is.
            ("203.0.113.1", false),
            ("127.0.0.1", true),
        ],
    )
    .await;
    let answer = gateway.ask(from("192.0.2.130").header("x-request-id", "denied-by-number")).await;
    answer.problem(403, "ip_denied");
    let line = gateway.wait_log(|line| line["pintle.request_id"] == "denied-by-number").await;
    assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("64500")), "{line}");
    // A newer file is in force by itself, and one that is broken is not.
    gateway.file("geo/country.mmdb", geo_file(&[("192.0.2.0/24", Place::Country("FR"))]));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    passes(&gateway, &[("192.0.2.2", false), ("198.51.100.129", true)]).await;
    gateway.file("geo/country.mmdb", &asns[..asns.len() / 2]);
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("a broken file was taken") };
    assert!(said.contains("geo/country.mmdb"), "{said}");
    passes(&gateway, &[("192.0.2.2", false), ("198.51.100.129", true)]).await;
}

#[tokio::test]
async fn a_request_under_way_stays_when_its_address_is_blocked() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{deny: [192.0.2.9]}", &service.url())).await;
    let mut h1 = gateway.wire().await;
    h1.write(from("192.0.2.1").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&from("192.0.2.1"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(by("{deny: [192.0.2.1]}", &service.url())).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    }
    assert_eq!(h1.answer().await.status, 200);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 200);
    // The next one on the same connections is looked at anew.
    h1.write(from("192.0.2.1").to_h1()).await;
    assert_eq!(h1.answer().await.status, 403);
    h2.ask(from("192.0.2.1")).await.problem(403, "ip_denied");
}

#[tokio::test]
async fn a_client_that_hangs_up_while_it_sends_is_refused_all_the_same() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(by("{deny: [192.0.2.1]}", &service.url())).await;
    let mut client = gateway.wire().await;
    client
        .write("POST /by-1 HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1\r\ncontent-length: 1000\r\n\r\nsome")
        .await;
    drop(client);
    let client = gateway.h2().await;
    let ask = Ask::post("/by-2", "").header("x-forwarded-for", "192.0.2.1");
    let stream = client.open(&ask, false).await.expect("a stream");
    stream.reset(h2::Reason::CANCEL);
    assert_eq!(client.ask(from("192.0.2.2")).await.status, 200);
    gateway.wait_log(|line| line["url.path"] == "/by-1" && line["pintle.policy"] == "ip_filter").await;
    assert_eq!(service.hits(), 1);
    assert_eq!(H1Client::tcp(gateway.address(0)).await.ask(from("192.0.2.2")).await.status, 200);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies: [{{ip_filter: {settings}}}]\n    respond: {{body: ok}}\n"
        )
    };
    refused(&route("{deny: [10.0.0.1/8]}"), &["pintle.yaml:5:36", "the network is 10.0.0.0/8"]).await;
    refused(&route("{allow: []}"), &["pintle.yaml:5:36", "leave `allow` out"]).await;
    refused(&route("{}"), &["pintle.yaml:5:28", "`deny`"]).await;
    refused(&route("{deny_files: [nothing.txt]}"), &["pintle.yaml:5:42", "nothing.txt"]).await;
    refused(&route("{deny_countries: [UK]}"), &["pintle.yaml:5:46", "write `GB`"]).await;
    refused(&route("{deny_countries: [GB]}"), &["pintle.yaml:5:28", "geo: {file: GeoLite2-Country.mmdb}"]).await;
    refused(&route("{deny_asn: [AS64500]}"), &["pintle.yaml:5:40", "a whole number"]).await;
    refused(&route("{denies: [10.0.0.0/8]}"), &["pintle.yaml:5:29", "deny"]).await;
}

#[tokio::test]
async fn explain_says_what_becomes_of_an_address() {
    let gateway = Gateway::start(by("{deny: [192.0.2.0/24]}", "http://127.0.0.1:9")).await;
    let ask = ["explain", "-c", "pintle.yaml", "GET http://a.test/", "--from", "192.0.2.1"];
    let said = pintle(gateway.folder().path(), &ask).await;
    assert!(said.stdout.contains("ip_denied") || said.stdout.contains("192.0.2.0/24"), "{said:?}");
}

//! Connections that are carried as they are: by their server name, or whatever they are.

use pintle_testkit::{
    Ask, Certificates, End, Gateway, H1Client, RawOrigin, Reloaded, TlsClient, Unreachable, Wire, within,
};
use serde_json::Value;

/// A gateway with one listener for TCP; `routes` are its routes' matches with what they lead to.
fn config(routes: &[(&str, &str)], rest: &str) -> String {
    let mut text = format!("listeners: [{{name: tcp, address: 127.0.0.1:0, protocol: tcp}}]\n{rest}\nroutes:\n");
    for (matched, to) in routes {
        text.push_str(&format!("  - {{match: \"{matched}\", tunnel: \"{to}\"}}\n"));
    }
    text
}

fn tcp(origin: &RawOrigin) -> String {
    format!("tcp://{}", origin.address())
}

async fn ended(gateway: &Gateway, reason: &str) -> Value {
    gateway.wait_log(|line| line["pintle.reason"] == reason).await
}

/// What a client says first to a server of this name.
async fn hello(name: &str) -> Vec<u8> {
    let (certificates, listener) = (Certificates::new(), RawOrigin::start().await);
    let (tls, address) = (TlsClient::new(&certificates, name), listener.address());
    let connecting = tokio::spawn(async move { tls.connect(address).await.map(drop) });
    let mut wire = listener.accept().await;
    let head = wire.read(5).await;
    let body = wire.read(usize::from(u16::from_be_bytes([head[3], head[4]]))).await;
    drop(wire);
    assert!(connecting.await.expect("no panic").is_err());
    [head, body].concat()
}

// Rule: tunnel-carries
#[tokio::test]
async fn bytes_go_both_ways_and_each_side_ends_by_itself() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[("/**", &tcp(&service))], "")).await;
    let mut client = gateway.wire().await;
    client.write("question").await;
    client.half_close().await;
    let mut upstream = service.accept().await;
    assert_eq!(upstream.to_end().await, ("question".into(), End::Closed));
    upstream.write("answer").await;
    assert_eq!(client.read(6).await, "answer");
    upstream.write("!").await;
    upstream.half_close().await;
    assert_eq!(client.to_end().await, ("!".into(), End::Closed));
    let line = ended(&gateway, "client_closed").await;
    assert_eq!((&line["network.transport"], &line["pintle.listener"]), (&"tcp".into(), &"tcp".into()));
    assert_eq!((&line["pintle.bytes_received"], &line["pintle.bytes_sent"]), (&8.into(), &7.into()));
    assert_eq!((&line["pintle.route"], &line["pintle.attempts"]), (&"/**".into(), &1.into()));
    assert_eq!(line["pintle.endpoint"], service.address().to_string());
}

// Rule: tunnel-first
#[tokio::test]
async fn a_service_may_speak_first_where_no_route_names_a_host() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[("/**", &tcp(&service))], "")).await;
    let mut client = gateway.wire().await;
    let mut upstream = service.accept().await;
    upstream.write("220 ready\r\n").await;
    assert_eq!(client.line().await, "220 ready");
    upstream.half_close().await;
    assert_eq!(client.ended().await, End::Closed);
    client.write("late").await;
    assert_eq!(upstream.read(4).await, "late");
    client.half_close().await;
    assert_eq!(upstream.ended().await, End::Closed);
    ended(&gateway, "upstream_closed").await;
}

// Rule: tunnel-name
#[tokio::test]
async fn tls_is_passed_through_by_its_server_name() {
    let certificates = Certificates::new();
    let names = [("shop.example.com", "shop.example.com"), ("*.example.com", "a.b.example.com"), ("", "other.test")];
    let mut services = Vec::new();
    for (_, name) in names {
        let certificate = certificates.server(&[name]);
        services.push((RawOrigin::tls(&certificate, &["h2"]).await, certificate, name));
    }
    let routes: Vec<_> =
        names.iter().zip(&services).map(|((host, _), (service, ..))| (format!("{host}/**"), tcp(service))).collect();
    let routes: Vec<_> = routes.iter().map(|(host, to)| (host.as_str(), to.as_str())).collect();
    let gateway = Gateway::start(config(&routes, "")).await;
    for (service, certificate, name) in &services {
        let tls = TlsClient::new(&certificates, name).alpn(&["h2"]);
        let (client, upstream) = tokio::join!(tls.connect(gateway.address(0)), service.accept());
        let (mut client, mut upstream) = (client.expect("TLS"), upstream);
        assert_eq!((client.certificate(), client.alpn().as_deref()), (Some(certificate.der()), Some("h2")), "{name}");
        client.write("secret").await;
        assert_eq!(upstream.read(6).await, "secret");
        drop((client, upstream));
        let line = gateway.wait_log(|line| line["server.address"] == *name).await;
        assert!(line["pintle.bytes_received"].as_u64() > Some(100), "{line}");
    }
    // In capitals, and without a name.
    let (service, certificate, name) = &services[0];
    let tls = TlsClient::new(&certificates, &name.to_uppercase());
    let (client, _upstream) = tokio::join!(tls.connect(gateway.address(0)), service.accept());
    assert_eq!(client.expect("TLS").certificate(), Some(certificate.der()));
    let (service, certificate, name) = &services[2];
    let tls = TlsClient::new(&certificates, name).without_sni();
    let (client, _upstream) = tokio::join!(tls.connect(gateway.address(0)), service.accept());
    assert_eq!(client.expect("TLS").certificate(), Some(certificate.der()));
}

// Rule: tunnel-name
#[tokio::test]
async fn a_hello_may_come_byte_by_byte_and_in_many_records() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[("shop.example.com/**", &tcp(&service))], "")).await;
    let hello = hello("shop.example.com").await;
    let mut client = gateway.wire().await;
    for byte in &hello {
        client.write([*byte]).await;
    }
    client.write("more").await;
    let mut upstream = service.accept().await;
    assert_eq!(upstream.read(hello.len() + 4).await, [&hello[..], b"more"].concat());
    let records: Vec<u8> =
        hello[5..].chunks(7).flat_map(|part| [&[22, 3, 1, 0, part.len() as u8][..], part].concat()).collect();
    let mut client = gateway.wire().await;
    client.write(&records).await;
    assert_eq!(service.accept().await.read(records.len()).await, records);
}

// Rule: tunnel-no-route
#[tokio::test]
async fn who_asks_for_a_name_that_no_route_has_gets_an_alert() {
    let service = RawOrigin::start().await;
    let rest = "admin: {address: 127.0.0.1:0}";
    let gateway = Gateway::start(config(&[("shop.example.com/**", &tcp(&service))], rest)).await;
    let certificates = Certificates::new();
    for name in ["example.com", "other.test", "xshop.example.com", "a.shop.example.com"] {
        let error = TlsClient::new(&certificates, name).connect(gateway.address(0)).await.expect_err("no route");
        assert!(error.to_string().contains("UnrecognisedName"), "{error}");
        gateway.wait_log(|line| line["server.address"] == name && line["pintle.reason"] == "no_route").await;
    }
    // What is no hello gets no alert; what ends before it is one is nobody's either.
    for bytes in ["GET / HTTP/1.1\r\n\r\n", ""] {
        let mut client = gateway.wire().await;
        client.write(bytes).await;
        client.half_close().await;
        assert_eq!(client.ended().await, End::Closed);
    }
    gateway.wait_metric("pintle_refusals_total{policy=\"\",reason=\"no_route\"}", 6.0).await;
    gateway.wait_metric("pintle_tunnels_ended_total{reason=\"refused\"}", 6.0).await;
    assert!(!service.was_asked().await);
}

// Rule: tunnel-no-name
#[tokio::test]
async fn what_has_no_name_goes_where_any_host_does() {
    let (named, any) = (RawOrigin::start().await, RawOrigin::start().await);
    let routes = [("shop.example.com/**", &*tcp(&named)), ("/**", &*tcp(&any))];
    let gateway = Gateway::start(config(&routes, "limits: {timeout: {header: 200ms}}")).await;
    let mut client = gateway.wire().await;
    client.write("SSH-2.0-x\r\n").await;
    assert_eq!(any.accept().await.line().await, "SSH-2.0-x");
    // Who waits for the service to speak first gets it after a while, and who stops in the middle of a hello, too.
    let mut client = gateway.wire().await;
    let mut upstream = any.accept().await;
    upstream.write("hello").await;
    assert_eq!(client.read(5).await, "hello");
    let mut client = gateway.wire().await;
    client.write(&hello("shop.example.com").await[..40]).await;
    assert_eq!(any.accept().await.read(40).await.len(), 40);
    assert!(!named.was_asked().await);
}

// Rule: tunnel-tls
#[tokio::test]
async fn a_listener_with_tls_carries_what_is_inside_by_the_name_of_its_handshake() {
    let certificates = Certificates::new();
    let own = certificates.write("own", &certificates.server(&["a.test", "b.test"]));
    let (plain, secure) = (RawOrigin::start().await, RawOrigin::tls(&certificates.server(&["127.0.0.1"]), &[]).await);
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0, protocol: tcp, tls: {{certificates: [{own}]}}}}]\n\
         upstreams: {{secure: {{endpoints: [{}], tls: {{ca: {}}}}}}}\n\
         routes: [{{match: a.test/**, tunnel: \"{}\"}}, {{match: b.test/**, tunnel: secure}}]",
        secure.address(),
        certificates.ca(),
        tcp(&plain),
    );
    let gateway = Gateway::start(text).await;
    for (service, name) in [(&plain, "a.test"), (&secure, "b.test")] {
        // A protocol that the gateway does not know is no reason to refuse the handshake.
        let tls = TlsClient::new(&certificates, name).alpn(&["postgresql"]);
        let mut client = Wire::tls(gateway.address(0), &tls).await;
        let mut upstream = service.accept().await;
        client.write("inside").await;
        assert_eq!(upstream.read(6).await, "inside");
        upstream.write("back").await;
        assert_eq!(client.read(4).await, "back");
        client.half_close().await;
        assert_eq!(upstream.ended().await, End::Closed);
        upstream.half_close().await;
        assert_eq!(client.ended().await, End::Closed);
        gateway.wait_log(|line| line["server.address"] == name && line["pintle.reason"] == "client_closed").await;
    }
}

// Rule: tunnel-idle
#[tokio::test]
async fn a_tunnel_ends_when_neither_side_says_anything_for_too_long() {
    let service = RawOrigin::start().await;
    let rest = format!("upstreams: {{a: {{endpoints: [{}], timeout: {{idle: 300ms}}}}}}", service.address());
    let gateway = Gateway::start(config(&[("/**", "a")], &rest)).await;
    let mut client = gateway.wire().await;
    let mut upstream = service.accept().await;
    for _ in 0..6 {
        upstream.write("x").await;
        client.read(1).await;
    }
    assert_eq!(client.ended().await, End::Reset);
    assert_eq!(upstream.ended().await, End::Reset);
    assert_eq!(ended(&gateway, "idle").await["pintle.bytes_sent"], 6);
}

#[tokio::test]
async fn an_endpoint_that_is_down_gives_way_to_another_and_without_one_the_client_is_closed() {
    let (service, down) = (RawOrigin::start().await, Unreachable::new());
    let up = format!(
        "upstreams: {{a: {{endpoints: [{}, {}]}}, b: {{endpoints: [{}]}}}}",
        down.address(),
        service.address(),
        down.address()
    );
    let gateway = Gateway::start(config(&[("/**", "a")], &up)).await;
    for _ in 0..8 {
        let mut client = gateway.wire().await;
        client.write("x").await;
        assert_eq!(service.accept().await.read(1).await, "x");
    }
    gateway.change(config(&[("/**", "b")], &up)).await;
    let mut client = gateway.wire().await;
    assert_eq!(client.ended().await, End::Closed);
    let line = ended(&gateway, "connect_failed").await;
    assert!(line["pintle.message"].as_str().is_some_and(|text| text.contains(&down.address().to_string())), "{line}");
    assert_eq!(line["pintle.bytes_received"], 0);
}

// Rule: tunnel-upstream
#[tokio::test]
async fn what_is_known_of_endpoints_holds_for_tunnels_too() {
    let (service, down) = (RawOrigin::start().await, Unreachable::new());
    let shop = format!("retry: {{attempts: 1}}, balance: {{hash: client.ip}}, endpoints: [{}", down.address());
    let rest = format!(
        "admin: {{address: 127.0.0.1:0}}\n\
         upstreams:\n  both: {{{shop}, {}], sticky: {{cookie: c}}}}\n  broken: {{{shop}], breaker: {{of: 2, for: 1h}}}}",
        service.address()
    );
    let gateway = Gateway::start(config(&[("/**", "both")], &rest)).await;
    // Without a second attempt one client at most finds out that an endpoint takes no connection.
    let mut closed = 0;
    for _ in 0..12 {
        let mut client = gateway.wire().await;
        client.write("x").await;
        tokio::select! {
            mut upstream = service.accept() => assert_eq!(upstream.read(1).await, "x"),
            _ = client.ended() => closed += 1,
        }
    }
    assert!(closed <= 1, "{closed}");
    // Once it fails for all, nobody is asked.
    gateway.change(config(&[("/**", "broken")], &rest)).await;
    for _ in 0..4 {
        gateway.wire().await.ended().await;
    }
    gateway.wait_metric("pintle_upstream_breaker_open{upstream=\"broken\"}", 1.0).await;
    gateway.wait_metric("pintle_refusals_total{policy=\"\",reason=\"breaker_open\"}", 2.0).await;
    assert_eq!(ended(&gateway, "breaker_open").await["pintle.attempts"], Value::Null);
}

#[tokio::test]
async fn a_connection_that_breaks_breaks_the_other_one() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[("/**", &tcp(&service))], "")).await;
    let mut client = gateway.wire().await;
    client.write("x").await;
    let mut upstream = service.accept().await;
    upstream.read(1).await;
    client.reset();
    assert_eq!(upstream.ended().await, End::Reset);
    ended(&gateway, "client_reset").await;
    let mut client = gateway.wire().await;
    client.write("x").await;
    let mut upstream = service.accept().await;
    upstream.read(1).await;
    upstream.reset();
    assert_eq!(client.ended().await, End::Reset);
    ended(&gateway, "upstream_reset").await;
}

// Rule: tunnel-carries
#[tokio::test]
async fn who_takes_nothing_stops_who_sends() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[("/**", &tcp(&service))], "")).await;
    let mut client = gateway.wire().await;
    let mut upstream = service.accept().await;
    const MOST: usize = 64 << 20;
    let sent = client.flood(MOST).await;
    assert!(sent < MOST, "64 MiB went nowhere");
    let taking = async {
        let mut taken = 0;
        while taken < sent {
            taken += upstream.some().await.len();
        }
        taken
    };
    assert_eq!(within("all that was sent", taking).await, sent);
    let (mut client, mut upstream) = (upstream, client);
    let sent = client.flood(MOST).await;
    assert!(sent < MOST, "64 MiB went nowhere");
    upstream.read(sent).await;
}

// Rule: tunnel-drain
#[tokio::test]
async fn tunnels_live_until_the_drain_limit() {
    let service = RawOrigin::start().await;
    let routes = [("/**", &*tcp(&service))];
    let gateway = Gateway::start(config(&routes, "limits: {timeout: {drain: 1s}}")).await;
    let mut client = gateway.wire().await;
    let mut upstream = service.accept().await;
    gateway.terminate();
    gateway.wait_stderr("drain").await;
    client.write("still").await;
    assert_eq!(upstream.read(5).await, "still");
    // It is cut, and must not look whole.
    assert_eq!(tokio::join!(client.ended(), upstream.ended()), (End::Reset, End::Reset));
    gateway.ended().await;
    assert_eq!(ended(&gateway, "drained").await["pintle.bytes_received"], 5);
}

// Rule: tunnel-change
#[tokio::test]
async fn open_tunnels_outlive_a_change_and_new_ones_get_the_new_routes() {
    let (one, two) = (RawOrigin::start().await, RawOrigin::start().await);
    let gateway = Gateway::start(config(&[("/**", &tcp(&one))], "")).await;
    let mut client = gateway.wire().await;
    let mut upstream = one.accept().await;
    gateway.change(config(&[("/**", &tcp(&two))], "")).await;
    client.write("old").await;
    assert_eq!(upstream.read(3).await, "old");
    let mut later = gateway.wire().await;
    later.write("new").await;
    assert_eq!(two.accept().await.read(3).await, "new");
    // The listener becomes one for requests, and one for connections again.
    let http = "listeners: [{name: tcp, address: 127.0.0.1:0}]\nroutes: [{match: /**, respond: {body: web}}]";
    gateway.change(http).await;
    assert_eq!(gateway.get("/").await.text(), "web");
    let mut kept = gateway.wire().await;
    kept.write(Ask::get("/").to_h1()).await;
    assert_eq!(kept.answer_to("GET").await.text(), "web");
    client.write("old").await;
    assert_eq!(upstream.read(3).await, "old");
    gateway.change(config(&[("/**", &tcp(&two))], "")).await;
    // What was kept for requests has no listener any more that takes some.
    kept.write(Ask::get("/").to_h1()).await;
    kept.ended().await;
    let mut last = gateway.wire().await;
    last.write("new").await;
    assert_eq!(two.accept().await.read(3).await, "new");
    client.half_close().await;
    assert_eq!(upstream.ended().await, End::Closed);
}

#[tokio::test]
async fn limits_on_connections_hold() {
    let service = RawOrigin::start().await;
    let rest = format!("upstreams: {{a: {{endpoints: [{}], connections: {{max: 1, queue: 0}}}}}}", service.address());
    let gateway = Gateway::start(config(&[("/**", "a")], &rest)).await;
    let first = gateway.wire().await;
    let upstream = service.accept().await;
    assert_eq!(gateway.wire().await.ended().await, End::Closed);
    ended(&gateway, "overflow").await;
    drop((first, upstream));
    ended(&gateway, "client_closed").await;
    let _second = gateway.wire().await;
    service.accept().await;
    // And those on all clients.
    let gateway = Gateway::start(config(&[("/**", &tcp(&service))], "limits: {connections: 1}")).await;
    let _first = gateway.wire().await;
    let _upstream = service.accept().await;
    gateway.wire().await.ended().await;
    assert!(!service.was_asked().await);
}

#[tokio::test]
async fn the_proxy_protocol_is_read_before_the_name() {
    let service = RawOrigin::start().await;
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0, protocol: tcp, proxy_protocol: {{from: [127.0.0.1]}}}}]\n\
         routes: [{{match: a.test/**, tunnel: \"{}\"}}]",
        tcp(&service)
    );
    let gateway = Gateway::start(text).await;
    let (mut client, hello) = (gateway.wire().await, hello("a.test").await);
    client.write("PROXY TCP4 203.0.113.9 192.0.2.1 4444 443\r\n").await;
    client.write(&hello).await;
    let mut upstream = service.accept().await;
    assert_eq!(upstream.read(hello.len()).await, hello);
    drop((client, upstream));
    assert_eq!(gateway.wait_log(|line| line["server.address"] == "a.test").await["client.address"], "203.0.113.9");
}

// Rule: tunnel-listener
#[tokio::test]
async fn routes_without_listener_belong_to_the_listeners_of_their_kind() {
    let service = RawOrigin::start().await;
    let text = format!(
        "listeners: [{{name: web, address: 127.0.0.1:0}}, {{name: tcp, address: 127.0.0.1:0, protocol: tcp}}]\n\
         defaults: {{policies: [{{headers: {{response: {{set: {{x-a: b}}}}}}}}]}}\n\
         routes: [{{match: /**, respond: {{body: web}}}}, {{match: /**, tunnel: \"{}\", name: t}}]",
        tcp(&service)
    );
    let gateway = Gateway::start(text).await;
    let answer = gateway.get("/").await;
    assert_eq!((answer.text(), answer.get("x-a")), ("web".into(), Some("b")));
    let mut client = H1Client::tcp(gateway.address(1)).await;
    let asking = tokio::spawn(async move { client.ask(Ask::get("/through")).await });
    let mut upstream = service.accept().await;
    assert_eq!(upstream.head().await.target(), "/through");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(asking.await.expect("an answer").status, 204);
}

#[tokio::test]
async fn a_mistake_is_said_with_its_line() {
    let gateway = Gateway::start(config(&[("/**", "tcp://127.0.0.1:1")], "")).await;
    gateway.rewrite(config(&[("GET shop.example.com/**", "tcp://127.0.0.1:1")], ""));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a tunnel with a method was taken") };
    assert!(said.contains("pintle.yaml:4:") && said.contains("tunnel-match"), "{said}");
    assert!(said.contains("write `shop.example.com/**`"), "{said}");
}

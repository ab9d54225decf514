//! `pintle explain`: what would become of a request, and why.

mod agrees;

use pintle_testkit::{Certificates, Finished, Folder, pintle};
use serde_json::Value;

const SHOP: &str = r#"listeners:
  - name: public
    address: 127.0.0.1:8080
    trusted_proxies: [10.0.0.0/8]
    policies: [{headers: {response: {set: {x-served-by: pintle}}}}]

upstreams:
  orders: {endpoints: [127.0.0.1:9001, 127.0.0.1:9011]}
  next: {endpoints: [127.0.0.1:9021]}

policies:
  slow: {timeout: 1m}

routes:
  - match: shop.example.com/orders/**
    policies: [{timeout: 5s}]
    routes:
      - name: one
        match: GET /{id}
        policies: [slow, {headers: {request: {set: {x-order: "${path.id}"}, remove: [x-debug]}}}]
        proxy: {to: orders, path: "/v2/${path.id}"}
      - name: rest
        match: /**
        proxy: {split: {orders: 90, next: 10}, mirror: {to: next, share: 5%}}
  - name: canary
    match: {method: GET, host: shop.example.com, path: "/orders/{id}", header: {x-canary: "1"}}
    proxy: next
  - match: POST /upload
    policies: [{body_limit: 1MiB}]
    proxy: {to: orders, host: up.internal}
  - match: /old/**
    redirect: {to: "https://shop.example.com/${path.rest}"}
  - match: GET /health
    respond: {body: "well\n"}
"#;

/// Explains a request in words.
async fn explained(config: &str, arguments: &[&str]) -> Finished {
    let folder = Folder::new();
    folder.write("pintle.yaml", config);
    let all: Vec<&str> = ["explain", "-c", "pintle.yaml"].into_iter().chain(arguments.iter().copied()).collect();
    pintle(folder.path(), &all).await
}

/// What is said of a request to the shop.
async fn said(arguments: &[&str]) -> String {
    let ended = explained(SHOP, arguments).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout + "\n"
}

/// Explains a request to programs.
async fn json(config: &str, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    let ended = explained(config, &arguments).await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[track_caller]
fn holds(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
}

#[tokio::test]
async fn a_request_is_followed_from_its_listener_to_its_service() {
    let arguments = [
        "GET http://shop.example.com/orders/./7?a=b",
        "-H",
        "x-debug: 1",
        "-H",
        "x-canary: 2",
        "-H",
        "authorization: Bearer hush",
        "--from",
        "203.0.113.7",
    ];
    let expected = r#"request   GET http://shop.example.com/orders/./7?a=b
          from 203.0.113.7
          its path is /orders/7 once it is normalised
listener  public (pintle.yaml:2:5)
          the only one for http

routes    the most specific one that fits takes the request
no        canary (pintle.yaml:26:12)
            GET shop.example.com/orders/{id} [header x-canary="1"]
            header x-canary is "2", it wants "1"
takes it  shop.example.com/orders/**/one (pintle.yaml:19:16)
            GET shop.example.com/orders/{id}
            the most specific of 2 that fit
fits too  shop.example.com/orders/**/rest (pintle.yaml:23:16)
            shop.example.com/orders/**
            `**` in its path is less specific than `{id}`

policies  in the order in which they run
          headers.response: {set: {x-served-by: pintle}}
            of the listener `public` (pintle.yaml:5:26)
          timeout: 1m
            `slow`, of the route (pintle.yaml:12:19)
          headers.request: {set: {x-order: "${path.id}"}, remove: [x-debug]}
            of the route (pintle.yaml:20:36)

sent to   orders (pintle.yaml:8:3), at 127.0.0.1:9001, 127.0.0.1:9011
          by proxy (pintle.yaml:21:16) {to: orders, path: "/v2/${path.id}", rewrite_location: false}

as        GET /v2/7?a=b
          host: shop.example.com
          x-canary: 2
          authorization: <hidden>
       +  x-order: 7
       +  x-forwarded-for: 203.0.113.7
       +  x-forwarded-proto: http
       +  x-forwarded-host: shop.example.com
       +  x-request-id: <new>
       +  traceparent: 00-<new>-<new>-00
       +  via: 1.1 pintle-<new>
       -  x-debug: 1
"#;
    assert_eq!(said(&arguments).await, expected);
}

#[tokio::test]
async fn of_a_split_each_share_is_told_and_the_copy() {
    let said = said(&["DELETE http://shop.example.com/orders/7"]).await;
    let expected = r"
          90 of 100: orders (pintle.yaml:8:3), at 127.0.0.1:9001, 127.0.0.1:9011
          10 of 100: next (pintle.yaml:9:3), at 127.0.0.1:9021
a copy to 5%: next (pintle.yaml:9:3), at 127.0.0.1:9021

as        DELETE /orders/7
          host: shop.example.com
";
    let head = "sent to   one of these, at random\n          by proxy (pintle.yaml:24:16) {split: {";
    holds(&said, &[head, expected, "no        canary", "it takes GET, not DELETE"]);
}

#[tokio::test]
async fn what_no_route_takes_is_404_with_those_that_are_near() {
    let said = said(&["GET http://shop.example.com/ordrs/7"]).await;
    let expected = r"routes    the most specific one that fits takes the request
near      shop.example.com/orders/**/one (pintle.yaml:19:16)
            its path has `orders` where the request has `ordrs`
near      shop.example.com/orders/**/rest (pintle.yaml:23:16)
            its path has `orders` where the request has `ordrs`
near      canary (pintle.yaml:26:12)
            its path has `orders` where the request has `ordrs`

policies  in the order in which they run
          headers.response: {set: {x-served-by: pintle}}
            of the listener `public` (pintle.yaml:5:26)

refused   404 no_route: Nothing is served here
          x-served-by: pintle
";
    assert!(said.ends_with(expected), "{said}");
}

#[tokio::test]
async fn a_near_route_says_what_is_other_about_it() {
    for (request, reason) in [
        ("GET http://other.example.com/orders/7", "its host is `shop.example.com`"),
        ("GET http://a.test/health/", "its path does not end in a slash"),
        ("GET http://a.test/health/all", "its path ends before `/all`"),
        ("GET http://a.test/helth", "its path has `health` where the request has `helth`"),
    ] {
        holds(&said(&[request]).await, &["refused   404 no_route", "near ", reason]);
    }
    // Nothing is near to what is just something else.
    assert!(!said(&["GET http://a.test/favicon.ico"]).await.contains("near"));
}

#[tokio::test]
async fn a_method_that_no_route_takes_is_405_with_allow() {
    let said = said(&["DELETE http://shop.example.com/upload"]).await;
    holds(&said, &["it takes POST, not DELETE", "refused   405 method_not_allowed", "          allow: POST\n"]);
}

#[tokio::test]
async fn what_the_gateway_refuses_is_refused_with_its_reason() {
    let refused = async |arguments: &[&str], parts: &[&str]| holds(&said(arguments).await, parts);
    refused(&["GET http://a.test/%zz"], &["400 bad_path", "a `%` without two hexadecimal digits"]).await;
    refused(&["GET http://a..test/"], &["400 bad_request", "The Host is not a host"]).await;
    refused(&["GET http://a.test/", "-H", "a b: 1"], &["400 bad_request", "field name"]).await;
    refused(&["CONNECT http://a.test:443", "--listener", "public"], &["501 not_implemented"]).await;
    let large = ["POST http://a.test/upload", "--body-size", "2MiB"];
    refused(&large, &["413 body_too_large", "The limit is 1MiB.", "the log says: 2097152 bytes"]).await;
    let small = said(&["POST http://a.test/upload", "--body-size", "4096"]).await;
    holds(&small, &["sent to   orders", "host: up.internal", "          content-length: 4096\n"]);
    let forwarded = ["GET http://a.test/health", "--from", "10.1.1.1", "-H", "x-forwarded-for: nonsense,,"];
    refused(&forwarded, &["400 bad_forwarded"]).await;
}

#[tokio::test]
async fn an_answer_of_the_gateways_own_is_shown() {
    let redirect = said(&["GET http://a.test/old/x/y?z=1"]).await;
    let expected = r#"answer    308
          by redirect (pintle.yaml:32:15) {to: "https://shop.example.com/${path.rest}", status: 308}
          location: https://shop.example.com/x/y?z=1
          x-served-by: pintle
"#;
    assert!(redirect.ends_with(expected), "{redirect}");
    let respond = said(&["GET http://a.test/health"]).await;
    holds(
        &respond,
        &["answer    200", "content-type: text/plain; charset=utf-8", "x-served-by: pintle\n\n          well\n"],
    );
}

#[tokio::test]
async fn who_asks_is_whom_a_trusted_proxy_names() {
    let forwarded =
        ["GET http://a.test/health", "-H", "x-forwarded-for: 203.0.113.7", "-H", "x-forwarded-proto: https"];
    let trusted = said(&[&forwarded[..], &["--from", "10.1.1.1:4711"]].concat()).await;
    holds(&trusted, &["from 10.1.1.1\n", "says that the client is 203.0.113.7", "`public` takes it as https"]);
    let untrusted = said(&forwarded).await;
    assert!(!untrusted.contains("203.0.113.7"), "{untrusted}");
}

#[tokio::test]
async fn a_preflight_and_a_websocket_are_followed_as_what_they_are() {
    let origin = ["-H", "origin: https://a.test", "-H", "access-control-request-method: POST"];
    let preflight = said(&[&["OPTIONS http://a.test/upload"][..], &origin].concat()).await;
    holds(&preflight, &["a preflight: routes are sought for POST", "as        OPTIONS /upload"]);
    let upgrade = ["-H", "connection: upgrade", "-H", "upgrade: websocket"];
    let tunnel = said(&[&["GET http://shop.example.com/orders/7"][..], &upgrade].concat()).await;
    holds(&tunnel, &["          connection: upgrade\n", "          upgrade: websocket\n"]);
}

#[tokio::test]
async fn over_a_unix_socket_nobody_has_an_address() {
    let config = "listeners: [{name: door, address: \"unix:/run/gateway.sock\"}]\n\
                  routes: [{match: /a, listener: door, respond: {body: \"${client.ip}\"}}]\n";
    let told = explained(config, &["GET http://a.test/a"]).await.stdout;
    holds(
        &told,
        &["from a unix socket", "listener  door (pintle.yaml:1:13)\n          the only one for http", "answer    200"],
    );
}

#[tokio::test]
async fn programs_read_the_same() {
    let told = json(SHOP, &["GET http://shop.example.com/orders/7", "-H", "x-debug: 1"]).await;
    assert_eq!(told["route"], "shop.example.com/orders/**/one");
    assert_eq!(told["listener"]["name"], "public");
    let verdicts: Vec<&Value> =
        told["candidates"].as_array().expect("a list").iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["no", "takes", "fits"]);
    assert_eq!(told["policies"][1]["settings"], "1m");
    assert_eq!(told["outcome"]["kind"], "sent");
    assert_eq!(told["outcome"]["target"], "/v2/7");
    assert_eq!(told["outcome"]["dropped"][0]["name"], "x-debug");
    let refused = json(SHOP, &["GET http://shop.example.com/nothing"]).await;
    assert_eq!((&refused["outcome"]["status"], &refused["route"]), (&404.into(), &Value::Null));
}

/// A listener for each scheme, and two that share a port.
const DOORS: &str = "listeners:
  - {name: plain, address: 127.0.0.1:80}
  - {name: inner, address: 10.0.0.1:9000}
  - {name: outer, address: 192.0.2.1:9000}
routes: [{match: /**, listener: inner, respond: {body: inner}}, {match: /**, respond: {body: any}}]
";

#[tokio::test]
async fn the_listener_is_found_by_scheme_and_port() {
    let listener = async |arguments: &[&str]| json(DOORS, arguments).await["listener"]["name"].clone();
    assert_eq!(listener(&["GET http://a.test/"]).await, "plain");
    assert_eq!(listener(&["GET http://10.0.0.1:9000/"]).await, "inner");
    assert_eq!(listener(&["GET http://a.test:9000/", "--listener", "outer"]).await, "outer");
    let told = explained(DOORS, &["GET http://a.test/"]).await.stdout;
    holds(&told, &["no        /** @inner", "it belongs to the listener `inner`"]);
    let told = explained(DOORS, &["GET http://10.0.0.1:9000/"]).await.stdout;
    holds(&told, &["takes it  /** @inner", "fits too  /**", "it does not name the listener `inner`"]);
}

#[tokio::test]
async fn a_route_that_lost_says_in_which_respect() {
    let config = "listeners:
  - {name: in, address: 127.0.0.1:80, policies: [{timeout: 5s}]}
  - {name: out, address: 127.0.0.1:81, policies: [{timeout: 9s}]}
  - {name: other, address: 127.0.0.1:82}
routes:
  - {name: best, match: {method: GET, host: a.b.c, path: /x, header: {v: 1, w: 2}}, respond: {body: a}}
  - {name: fewer, match: {method: GET, host: a.b.c, path: /x, header: {v: 1}}, respond: {body: a}}
  - {name: vague, match: {method: GET, host: a.b.c, path: /x, header: {v: 1, w: {present: true}}}, respond: {body: a}}
  - {name: plain, match: GET a.b.c/x, respond: {body: a}}
  - {name: any, match: a.b.c/x, respond: {body: a}}
  - {name: below, match: a.b.c/x/**, respond: {body: a}}
  - {name: name, match: 'a.b.c/{n}', respond: {body: a}}
  - {name: wild, match: '*.c/x', respond: {body: a}}
  - {name: host, match: /x, respond: {body: a}}
  - {name: two, match: {path: /x, host: a.b.c, header: {v: 7, z: {regex: '^b'}, y: {present: false}}}, respond: {body: a}}
  - {name: doors, match: GET a.b.c/x, listener: [out, other], respond: {body: a}}
";
    let asked = ["GET http://a.b.c/x", "-H", "v: 1", "-H", "w: 2", "-H", "v: 3", "-H", "y: 4"];
    let told = json(config, &asked).await;
    let expected = [
        ("best", "the most specific of 9 that fit"),
        ("vague", "its conditions are less exact"),
        ("fewer", "it has fewer conditions, 1 where the one that takes it has 2"),
        ("plain", "it has no conditions, where the one that takes it has 2"),
        ("any", "it lists no method, where the one that takes it lists GET"),
        ("below", "its path goes on with `**`, where that of the one that takes it ends"),
        ("name", "`{n}` in its path is less specific than `x`"),
        ("wild", "its host `*.c` is less specific than `a.b.c`"),
        ("host", "it names no host, where the one that takes it has `a.b.c`"),
        (
            "two",
            r#"header v is "1" and "3", it wants "7"; header y is there, and it wants none; header z is absent, it wants what matches "^b""#,
        ),
        ("doors", "it belongs to the listeners `out`, `other`"),
    ];
    let candidates = told["candidates"].as_array().expect("a list");
    assert_eq!(candidates.len(), expected.len(), "each is told of once: {candidates:#?}");
    for (name, why) in expected {
        let found =
            candidates.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}: {candidates:#?}"));
        assert_eq!(found["why"], why, "{name}");
    }
    let head = json(config, &["HEAD http://a.b.c/x", "--listener", "in"]).await;
    assert_eq!((&head["route"], &head["policies"][0]["settings"]), (&"plain".into(), &"5s".into()));
}

#[tokio::test]
async fn where_that_does_not_say_which_it_is_asked_for() {
    let mistake = async |arguments: &[&str], parts: &[&str]| {
        let ended = explained(DOORS, arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        holds(&ended.stderr, parts);
    };
    let both =
        "say by --listener which one is meant: `inner` (http on 10.0.0.1:9000), `outer` (http on 192.0.2.1:9000)";
    mistake(&["GET http://a.test:9000/"], &["no single listener takes http on port 9000", both]).await;
    mistake(&["GET https://a.test/"], &["no listener takes https", "`plain` (http on 127.0.0.1:80)"]).await;
    mistake(&["GET http://a.test:81/"], &["listener takes http on port 81"]).await;
    mistake(&["GET http://a.test/", "--listener", "plian"], &["there is no listener `plian`", "there are: `plain`"])
        .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_said_with_the_remedy() {
    for (arguments, what, help) in [
        (&["http://a.test/x"][..], "`http://a.test/x` has no method", "write 'GET http://a.test/x'"),
        (&["GET"], "`GET` has no URL", "write one as in 'GET https://shop.example.com/'"),
        (&["GET a.test/x"], "`a.test/x` has no scheme", "write 'https://a.test/x', or 'http://a.test/x'"),
        (&[""], "the request is empty", "write one as in 'GET "),
        (&["GET /x"], "`/x` has no host", "write 'https://HOST/x'"),
        (&["GET http:///x"], "`http:///x` has no host", "write 'http://HOST/x'"),
        (&["GET ftp://a.test/"], "`ftp` is no scheme of HTTP", "write http:// or https://"),
        (&["GET wss://a.test/"], "`wss` is no scheme of HTTP", "a WebSocket is a GET"),
        (&["GET http://a.test/a b"], "is more than a method and a URL", "a space in a URL is %20"),
        (&["GET http://a.test/", "-H", "x-canary 1"], "field `x-canary 1` has no colon", "'x-canary 1: VALUE'"),
        (&["GET http://a.test/", "-H", "a: b\r\nc: d"], "the field `a` holds a line break", "a -H of its own"),
        (&["GET http://a.test/", "--from", "me"], "`me` is no address", "203.0.113.7"),
        (&["GET http://a.test/", "--body-size", "2MB"], "`2MB` is no size", "2MiB"),
    ] {
        let ended = explained(SHOP, arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        holds(&ended.stderr, &["error: ", what, "\n  = help: ", help]);
    }
}

#[tokio::test]
async fn a_configuration_with_mistakes_explains_nothing_but_them() {
    let ended = explained("routes: []\nlistners: []\n", &["GET http://a.test/"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    holds(&ended.stderr, &["error[", "listners"]);
}

#[tokio::test]
async fn a_handshake_that_fails_is_all_that_is_told() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let own = servers.write("shop", &servers.server(&["shop.example.com"]));
    let config = format!(
        "listeners:\n  - address: 127.0.0.1:8443\n    tls: {{certificates: [{own}], client_auth: {{ca: {}}}}}\n\
         routes: [{{match: /**, respond: {{body: \"${{client.tls.server_name}}\"}}}}]\n",
        clients.ca()
    );
    let folder = Folder::new();
    let good = folder.write("good.pem", clients.client("ops").pem);
    let other = folder.write("other.pem", servers.client("ops").pem);
    let empty = folder.write("empty.pem", "");
    let request = "GET https://shop.example.com/";
    let with = async |file: &std::path::Path| {
        explained(&config, &[request, "--client-cert", &file.display().to_string()]).await
    };
    let ended = explained(&config, &[request]).await;
    holds(&ended.stdout, &["refused   in the handshake: the listener wants a client certificate, and none is shown"]);
    assert!(!ended.stdout.contains("routes"), "{ended:?}");
    holds(
        &with(&other).await.stdout,
        &["refused   in the handshake: the listener does not take the client certificate"],
    );
    holds(&with(&good).await.stdout, &["the only one for https", "answer    200", "\n          shop.example.com"]);
    let ended = with(&empty).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    holds(&ended.stderr, &["holds no certificate"]);
}

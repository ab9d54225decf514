//! `forward_auth`: another service says whether a request may pass.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Received, Reply, Unreachable};

/// A configuration whose one route asks by these settings, with the service that decides as `auth`.
fn asking(settings: &str, auth: &str, service: &str) -> String {
    let route = format!("{{match: /**, policies: [{{forward_auth: {settings}}}], proxy: \"{service}\"}}");
    let upstreams = format!("{{auth: {{endpoints: [\"{}\"]}}}}", auth.trim_start_matches("http://"));
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nupstreams: {upstreams}\nroutes: [{route}]\n"
    )
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// Lets through whose cookie says a name, and tells it.
async fn by_cookie(request: Received) -> Reply {
    match request.get("cookie").and_then(|cookie| cookie.strip_prefix("name=")) {
        Some(name) => Reply::new(200).header("x-user", name).header("x-roles", "a").header("x-roles", "b").body("in"),
        None => Reply::new(401).header("www-authenticate", "Own realm=\"it\"").header("x-why", "no cookie").body("out"),
    }
}

// Rule: forward-auth-passes
#[tokio::test]
async fn what_the_service_lets_through_goes_on_with_what_is_copied() {
    let (auth, service) = (Origin::start(by_cookie).await, Origin::echo().await);
    let gateway =
        Gateway::start(asking("{call: auth:/check, copy: [x-user, x-roles]}", &auth.url(), &service.url())).await;
    let ask = Ask::post("/a/b?c=d", "content")
        .header("cookie", "name=alice")
        .header("x-user", "root")
        .header("x_user", "root")
        .header("X-Roles", "all")
        .header("x-other", "kept");
    for answer in both(&gateway, ask).await {
        assert_eq!((answer.status, answer.has("x-user")), (200, false), "{answer:?}");
        let got = service.last();
        assert_eq!(got.fields.all("x-user"), ["alice"]);
        assert_eq!(got.fields.all("x-roles"), ["a", "b"]);
        assert!(!got.has("x_user") && got.get("x-other") == Some("kept"), "{got:?}");
        assert_eq!(got.body, "content", "it was for the service behind alone");
        let asked = auth.last();
        assert_eq!((&*asked.method, &*asked.target, asked.body.len()), ("GET", "/check", 0));
        assert_eq!(asked.get("host"), Some(&*auth.address().to_string()));
        assert!(!asked.has("content-type") && !asked.has("content-length"), "{asked:?}");
    }
    gateway.wait_metric("pintle_forward_auth_decisions_total{result=\"passed\"}", 2.0).await;
}

#[tokio::test]
async fn what_it_copies_is_never_the_clients_own_even_of_credentials() {
    let auth = Origin::start(async |request: Received| match request.get("authorization") {
        Some("Bearer in") => Reply::new(200).header("authorization", "Internal alice").header("cookie", "of=auth"),
        Some(_) => Reply::new(200),
        None => Reply::new(401),
    })
    .await;
    let service = Origin::echo().await;
    for optional in ["", ", optional: true"] {
        let settings = format!("{{call: auth:/check, copy: [authorization, cookie]{optional}}}");
        let gateway = Gateway::start(asking(&settings, &auth.url(), &service.url())).await;
        for answer in both(&gateway, Ask::get("/").header("authorization", "Bearer in").header("cookie", "a=b")).await {
            let got = service.last();
            let fields = (got.fields.all("authorization"), got.fields.all("cookie"));
            assert_eq!((answer.status, fields), (200, (vec!["Internal alice"], vec!["of=auth"])), "{got:?}");
        }
        for answer in
            both(&gateway, Ask::get("/").header("authorization", "Bearer other").header("cookie", "a=b")).await
        {
            let got = service.last();
            assert!(answer.status == 200 && !got.has("authorization") && !got.has("cookie"), "{got:?}");
        }
    }
}

// Rule: forward-auth-told
#[tokio::test]
async fn the_service_is_told_what_is_asked_for_in_both_conventions() {
    let (auth, service) = (Origin::start(by_cookie).await, Origin::echo().await);
    let gateway = Gateway::start(asking("{call: auth:/check}", &auth.url(), &service.url())).await;
    let ask = Ask::new("DELETE", "/a?b=c")
        .host("shop.test:8080")
        .header("cookie", "name=alice")
        .header("x-original-url", "http://evil.test/")
        .header("x_original_url", "http://evil.test/")
        .header("x-forwarded-method", "GET")
        .header("if-none-match", "\"a\"")
        .header("range", "bytes=0-1")
        .header("accept-encoding", "gzip")
        .header("authorization", "Bearer abc");
    for answer in both(&gateway, ask).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let asked = auth.last();
        for (name, value) in [
            ("x-forwarded-method", "DELETE"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.test:8080"),
            ("x-forwarded-uri", "/a?b=c"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-original-method", "DELETE"),
            ("x-original-uri", "/a?b=c"),
            ("x-original-url", "http://shop.test:8080/a?b=c"),
            ("authorization", "Bearer abc"),
        ] {
            assert_eq!(asked.fields.all(name), [value], "{name}");
        }
        for name in ["x_original_url", "if-none-match", "range", "accept-encoding"] {
            assert!(!asked.has(name), "{name}");
        }
        let id = answer.get("x-request-id");
        assert!(auth.received().iter().any(|asked| asked.get("x-request-id") == id), "{id:?}");
        assert!(asked.has("traceparent") && asked.has("via"));
        // The service behind gets what was asked of it.
        assert_eq!(service.last().get("range"), Some("bytes=0-1"));
    }
}

// Rule: forward-auth-denies
#[tokio::test]
async fn what_it_does_not_let_through_is_the_clients_answer() {
    let auth = Origin::start(async |request: Received| match request.get("x-want") {
        Some("302") => {
            Reply::new(302).header("location", "https://login.test/?a=b").header("set-cookie", "s=1; Path=/")
        }
        Some("403") => Reply::new(403).header("content-type", "text/html").body("<p>no</p>"),
        Some(status) => Reply::new(status.parse().expect("a status")).body("theirs"),
        None => by_cookie(request).await,
    })
    .await;
    let service = Origin::echo().await;
    let gateway = Gateway::start(asking("{call: auth:/check}", &auth.url(), &service.url())).await;
    for answer in both(&gateway, Ask::get("/")).await {
        assert_eq!((answer.status, answer.text()), (401, "out".into()));
        assert_eq!(
            (answer.get("www-authenticate"), answer.get("x-why")),
            (Some("Own realm=\"it\""), Some("no cookie"))
        );
    }
    for answer in both(&gateway, Ask::get("/").header("x-want", "302")).await {
        assert_eq!((answer.status, answer.get("location")), (302, Some("https://login.test/?a=b")));
        assert_eq!(answer.get("set-cookie"), Some("s=1; Path=/"));
    }
    for answer in both(&gateway, Ask::get("/").header("x-want", "403")).await {
        assert_eq!(
            (answer.status, answer.text(), answer.get("content-type")),
            (403, "<p>no</p>".into(), Some("text/html"))
        );
    }
    for answer in both(&gateway, Ask::get("/").header("x-want", "429")).await {
        assert_eq!((answer.status, answer.text()), (429, "theirs".into()));
    }
    for answer in both(&gateway, Ask::get("/").header("x-want", "500")).await {
        answer.problem(503, "auth_unavailable");
        assert!(!answer.text().contains("theirs"), "{answer:?}");
    }
    assert_eq!(service.hits(), 0);
    gateway.wait_metric("pintle_forward_auth_decisions_total{result=\"refused\"}", 8.0).await;
    gateway.wait_metric("pintle_forward_auth_decisions_total{result=\"failed\"}", 2.0).await;
}

// Rule: forward-auth-down
#[tokio::test]
async fn where_it_cannot_be_asked_nobody_passes() {
    let (silent, service) = (RawOrigin::start().await, Origin::echo().await);
    let down = format!("http://{}", Unreachable::new().address());
    let gateway = Gateway::start(asking("{call: auth:/check, optional: true}", &down, &service.url())).await;
    for answer in both(&gateway, Ask::get("/down").header("x-user", "root")).await {
        answer.problem(503, "auth_unavailable");
        assert_eq!(gateway.log_of(&answer).await["pintle.policy"], "forward_auth");
    }
    let settings = "{call: auth:/check, timeout: 100ms}";
    let gateway = Gateway::start(asking(settings, &silent.url(), &service.url())).await;
    for answer in both(&gateway, Ask::get("/slow")).await {
        answer.problem(503, "auth_unavailable");
    }
    assert_eq!(service.hits(), 0);
}

// Rule: forward-auth-optional
#[tokio::test]
async fn with_optional_only_401_is_passed_over() {
    let auth = Origin::start(async |request: Received| match request.get("x-want") {
        Some(_) => Reply::new(403),
        None => by_cookie(request).await,
    })
    .await;
    let service = Origin::echo().await;
    let settings = "{call: auth:/check, copy: [x-user], optional: true}";
    let gateway = Gateway::start(asking(settings, &auth.url(), &service.url())).await;
    for answer in both(&gateway, Ask::get("/").header("x-user", "root").header("X_User", "root")).await {
        assert_eq!(answer.status, 200);
        let got = service.last();
        assert!(!got.has("x-user") && !got.has("x_user"), "{got:?}");
    }
    for answer in both(&gateway, Ask::get("/").header("x-want", "403")).await {
        assert_eq!(answer.status, 403);
    }
}

#[tokio::test]
async fn what_goes_along_can_be_chosen() {
    let (auth, service) = (Origin::start(by_cookie).await, Origin::echo().await);
    let settings = "{call: POST auth:/a?b=c, pass_headers: [cookie], headers: {x-path: \"${request.path}\", x-no: \"${request.query.no}\"}, \
                    send: {m: \"${request.method}\", n: 1}, to_client: [x-roles], forward: {x-name: \"${claims['x-user']}\"}, copy: [x-user]}";
    let gateway = Gateway::start(asking(settings, &auth.url(), &service.url())).await;
    let ask =
        Ask::get("/p").header("cookie", "name=alice").header("authorization", "Bearer abc").header("x-name", "root");
    for answer in both(&gateway, ask).await {
        assert_eq!((answer.status, answer.fields.all("x-roles")), (200, vec!["a", "b"]), "{answer:?}");
        let asked = auth.last();
        assert_eq!((&*asked.method, &*asked.target, &*asked.body), ("POST", "/a?b=c", &br#"{"m":"GET","n":1}"#[..]));
        assert_eq!((asked.get("x-path"), asked.get("content-type")), (Some("/p"), Some("application/json")));
        assert!(!asked.has("authorization") && !asked.has("x-no"), "{asked:?}");
        assert_eq!(service.last().fields.all("x-name"), ["alice"]);
    }
}

// Rule: forward-auth-body
#[tokio::test]
async fn the_clients_content_goes_along_only_if_that_is_said() {
    let (auth, service) = (Origin::start(by_cookie).await, Origin::echo().await);
    let gateway = Gateway::start(asking("{call: POST auth:/, body: 8B}", &auth.url(), &service.url())).await;
    let post = |content: &str| Ask::post("/", content).header("cookie", "name=a").header("content-type", "text/x");
    for ask in [post("content"), post("content").chunked(), post("content").chunked().trailer("x-end", "1")] {
        for answer in both(&gateway, ask).await {
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(
                (auth.last().body, auth.last().get("content-type").map(str::to_owned)),
                ("content".into(), Some("text/x".into()))
            );
            assert_eq!(service.last().body, "content");
        }
    }
    let asked = auth.hits();
    for ask in [post("too long!"), post("too long!").chunked()] {
        for answer in both(&gateway, ask).await {
            answer.problem(413, "body_too_large");
        }
    }
    assert_eq!(auth.hits(), asked);
}

// Rule: forward-auth-cache
#[tokio::test]
async fn what_was_let_through_is_remembered_by_what_it_depends_on() {
    let auth = Origin::start(async |request: Received| match request.get("x-store") {
        Some(no) => by_cookie(request.clone()).await.header("cache-control", no),
        None => by_cookie(request).await,
    })
    .await;
    let service = Origin::echo().await;
    let settings = "{call: auth:/check, copy: [x-user], cache: {by: [cookie], ttl: 1h}}";
    let gateway = Gateway::start(asking(settings, &auth.url(), &service.url())).await;
    let by = |name: &str| Ask::get("/a").header("cookie", &format!("name={name}"));
    for _ in 0..2 {
        for name in ["alice", "bob"] {
            for answer in both(&gateway, by(name)).await {
                assert_eq!(answer.status, 200);
                assert_eq!(service.last().get("x-user"), Some(name));
            }
        }
    }
    assert_eq!(auth.hits(), 2);
    gateway.wait_metric("pintle_forward_auth_decisions_total{result=\"remembered\"}", 6.0).await;
    // Another path, and what may not be remembered, are asked about; a refusal is each time.
    for ask in [Ask::get("/b").header("cookie", "name=bob"), by("carol").header("x-store", "no-store")] {
        for _ in 0..2 {
            assert_eq!(gateway.ask(ask.clone()).await.status, 200);
        }
    }
    assert_eq!(auth.hits(), 2 + 1 + 2);
    for _ in 0..2 {
        assert_eq!(gateway.ask(Ask::get("/a")).await.status, 401);
    }
    assert_eq!(auth.hits(), 7);
}

/// An agent of Open Policy Agent: `POST /v1/data/PATH` with `{"input": …}` is 200 with `{"result": …}`, and without a result
/// where the rule is not defined.
async fn opa(request: Received) -> Reply {
    assert_eq!(
        (&*request.method, &*request.target, request.get("content-type")),
        ("POST", "/v1/data/gateway/allow", Some("application/json"))
    );
    let asked: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
    let input = &asked["input"];
    match (input["user"].as_str(), input["path"].as_str()) {
        (Some("alice"), Some(path)) => Reply::json(&serde_json::json!({"result": path.starts_with("/open")})),
        _ => Reply::json(&serde_json::json!({})),
    }
}

// Rule: forward-auth-allow
#[tokio::test]
async fn an_agent_of_opa_is_asked_by_what_is_sent_and_by_what_its_answer_says() {
    let (auth, service) = (Origin::start(opa).await, Origin::echo().await);
    let settings = "{call: \"POST auth:/v1/data/gateway/allow\", allow: response.body.result == true, \
                    send: {input: {method: \"${request.method}\", path: \"${request.path}\", user: \"${request.headers['x-name']}\"}}}";
    let gateway = Gateway::start(asking(settings, &auth.url(), &service.url())).await;
    for (path, name, status) in [("/open/a", "alice", 200), ("/shut", "alice", 403), ("/open/a", "bob", 403)] {
        for answer in both(&gateway, Ask::get(path).header("x-name", name)).await {
            assert_eq!(answer.status, status, "{path} {name}");
            if status == 403 {
                answer.problem(403, "forbidden");
            }
        }
    }
    assert_eq!(service.hits(), 2);
}

#[tokio::test]
async fn an_agent_of_cedar_is_asked_likewise() {
    let auth = Origin::start(async |request: Received| {
        let asked: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
        assert_eq!((&*request.target, &asked["action"]), ("/v1/is_authorized", &"Action::\"GET\"".into()));
        let may = asked["principal"] == "User::\"alice\"" && asked["resource"] == "Path::\"/a\"";
        let decision = if may { "Allow" } else { "Deny" };
        Reply::json(&serde_json::json!({"decision": decision, "diagnostics": {"reason": [], "errors": []}}))
    })
    .await;
    let service = Origin::echo().await;
    let settings = r#"
        call: POST auth:/v1/is_authorized
        send:
          principal: 'User::"${request.headers["x-name"]}"'
          action: 'Action::"${request.method}"'
          resource: 'Path::"${request.path}"'
          context: {ip: "${client.ip}"}
        allow: response.body.decision == "Allow""#;
    let config = asking("SETTINGS", &auth.url(), &service.url());
    let route = format!(
        "routes:\n  - match: /**\n    policies:\n    - forward_auth:{settings}\n    proxy: \"{}\"\n",
        service.url()
    );
    let gateway = Gateway::start(config.split("routes:").next().expect("a beginning").to_owned() + &route).await;
    for (path, name, status) in [("/a", "alice", 200), ("/b", "alice", 403), ("/a", "bob", 403)] {
        for answer in both(&gateway, Ask::get(path).header("x-name", name)).await {
            assert_eq!(answer.status, status, "{path} {name}");
        }
    }
}

#[tokio::test]
async fn a_request_that_waits_is_decided_by_its_own_route_over_a_reload() {
    let (auth, service) = (RawOrigin::start().await, Origin::echo().await);
    let config = |path: &str| asking(&format!("{{call: auth:{path}}}"), &auth.url(), &service.url());
    let gateway = Gateway::start(config("/old")).await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/1").to_h1()).await;
    let mut first = auth.accept().await;
    first.head().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/2"), true).await.expect("a stream");
    let mut second = auth.accept().await;
    second.head().await;

    gateway.change(config("/new")).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    }
    assert_eq!(h1.answer().await.status, 200);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_client_that_hangs_up_is_not_asked_about_any_longer() {
    let (auth, service) = (RawOrigin::start().await, Origin::echo().await);
    let gateway = Gateway::start(asking("{call: auth:/check}", &auth.url(), &service.url())).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/by-1").to_h1()).await;
    let mut held = auth.accept().await;
    held.head().await;
    client.reset();
    held.ended().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/by-2"), true).await.expect("a stream");
    let mut held = auth.accept().await;
    held.head().await;
    stream.reset(h2::Reason::CANCEL);
    held.ended().await;
    // A service that decides and hangs up midway has not decided.
    let (answer, ()) = tokio::join!(gateway.get("/by-3"), async {
        let mut held = auth.accept().await;
        held.head().await;
        held.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1").await;
    });
    answer.problem(503, "auth_unavailable");
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies: [{{forward_auth: {settings}}}]\n    respond: {{body: ok}}\n"
        )
    };
    refused(&route("{copy: [x-user]}"), &["pintle.yaml:5:", "call"]).await;
    refused(&route("{call: \"GET 127.0.0.1:9100/check\"}"), &["pintle.yaml:5:38", "such as http://127.0.0.1:9001"])
        .await;
    refused(&route("{call: nobody:/}"), &["pintle.yaml:5:38", "there is no upstream `nobody`"]).await;
    refused(
        &route("{call: http://127.0.0.1:1, copy: [content-length, via]}"),
        &["pintle.yaml:5:", "belongs to the connection", "written by the gateway itself"],
    )
    .await;
    refused(
        &route("{call: http://127.0.0.1:1, body: 1KiB, send: {}}"),
        &["`body` cannot stand here", "`send` is other content"],
    )
    .await;
    refused(
        &route("{call: http://127.0.0.1:1, cache: {by: [], ttl: 0s}}"),
        &["the fields that it depends on", "more than 0"],
    )
    .await;
    refused(
        &route("{call: http://127.0.0.1:1, allow: size(response.headers)}"),
        &["pintle.yaml:5:", "true or false is wanted"],
    )
    .await;
    refused(&route("{call: http://127.0.0.1:1, timeout: 0s}"), &["more than 0"]).await;
}

//! Rules of docs/semantics.md that no other subject holds: each test names the one that it is for.

use pintle_testkit::{Ask, Folder, Gateway, Origin, RawOrigin, Reply, pintle, until};

// Rule: include-nothing
#[tokio::test]
async fn an_include_that_finds_nothing_is_a_warning() {
    let folder = Folder::new();
    let config =
        "include: [conf.d/*.yaml]\nlisteners: [{address: 127.0.0.1:8080}]\nroutes: [{match: /**, respond: {}}]\n";
    folder.write("pintle.yaml", config);
    let ended = pintle(folder.path(), &["check", "pintle.yaml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("warning[include-nothing]"), "{ended:?}");
}

// Rule: match-group-passes
#[tokio::test]
async fn what_no_child_of_a_group_takes_goes_to_other_routes() {
    let config = "routes:
  - match: /a/**
    routes: [{match: /b, respond: {body: child}}]
  - {match: /**, respond: {body: other}}
";
    let gateway = Gateway::plain(config).await;
    assert_eq!(gateway.get("/a/b").await.text(), "child");
    assert_eq!(gateway.get("/a/c").await.text(), "other");
}

// Rule: route-names
#[tokio::test]
async fn a_route_is_called_by_its_name_or_its_match() {
    let config = "routes:
  - {name: own, match: /own, respond: {body: \"${route.name}\"}}
  - {match: \"HEAD,GET Shop.Example.COM/a%7Eb/{id}\", respond: {body: \"${route.name}\"}}
  - name: api
    match: /api/**
    routes:
      - {name: own, match: /users, respond: {body: \"${route.name}\"}}
";
    let gateway = Gateway::plain(config).await;
    assert_eq!(gateway.get("/own").await.text(), "own");
    assert_eq!(gateway.get("/api/users").await.text(), "api/own");
    let canonical = gateway.ask(Ask::get("/a~b/7").host("shop.example.com")).await;
    assert_eq!(canonical.text(), "GET,HEAD shop.example.com/a~b/{id}");
    let twice = "routes: [{name: a, match: /a, respond: {}}, {name: a, match: /b, respond: {}}]";
    crate::check::refused(&format!("{}{twice}\n", crate::check::START), &["error[same-name]", "the other one"]).await;
}

// Rule: service-equal
#[tokio::test]
async fn equal_urls_are_one_upstream() {
    let config = "listeners: [{address: 127.0.0.1:0}]
admin: {address: 127.0.0.1:0}
routes:
  - {match: /a, proxy: http://localhost}
  - {match: /b, proxy: {to: \"http://LocalHost:80\"}}
  - {match: /c, proxy: http://localhost:81}
";
    let gateway = Gateway::start(config).await;
    let status = gateway.ask_admin(Ask::get("/status")).await;
    assert_eq!(status.json()["upstreams"].as_array().map(Vec::len), Some(2), "{status:?}");
}

// Rule: upstream-all-cores
#[tokio::test]
async fn a_limit_counts_over_all_workers() {
    let service = RawOrigin::start().await;
    let config = format!(
        "workers: 2
upstreams: {{one: {{endpoints: [\"{}\"], connections: {{max: 1, queue: 0}}}}}}
routes: [{{match: /**, proxy: one}}]
",
        service.address()
    );
    let gateway = Gateway::plain(config).await;
    let mut served = gateway.wire().await;
    served.write(Ask::get("/served").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    // Connections of the same client fall to any worker.
    for _ in 0..16 {
        gateway.get("/more").await.problem(503, "overflow");
    }
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(served.answer().await.status, 204);
}

// Rule: policy-order
#[tokio::test]
async fn the_order_in_a_list_of_policies_means_nothing() {
    let config = "routes:
  - {match: /a, policies: [{headers: {response: {set: {x-edited: yes}}}}, {body_limit: 1B}], respond: {}}
  - {match: /b, policies: [{body_limit: 1B}, {headers: {response: {set: {x-edited: yes}}}}], respond: {}}
";
    let gateway = Gateway::plain(config).await;
    for path in ["/a", "/b"] {
        let refused = gateway.ask(Ask::post(path, "too much")).await;
        refused.problem(413, "body_too_large");
        assert_eq!(refused.get("x-edited"), Some("yes"), "{path}");
    }
}

// Rule: request-id
#[tokio::test]
async fn a_problem_has_the_id_of_its_request() {
    let gateway = Gateway::plain("routes: [{match: /a, respond: {}}]").await;
    assert!(gateway.get("/a").await.get("x-request-id").is_some());
    let refused = gateway.get("/b").await;
    let id = refused.get("x-request-id").expect("an id");
    assert_eq!(refused.json()["request_id"], id);
    assert_ne!(gateway.get("/b").await.get("x-request-id"), Some(id));
}

// Rule: balance-turns
#[tokio::test]
async fn in_turns_each_endpoint_is_asked_as_often_as_its_weight() {
    let (light, heavy) = (Origin::named("light").await, Origin::named("heavy").await);
    let endpoints = format!("[{}, {{address: {}, weight: 3}}]", light.address(), heavy.address());
    let config = format!(
        "upstreams: {{two: {{endpoints: {endpoints}, balance: round_robin}}}}\nroutes: [{{match: /**, proxy: two}}]\n"
    );
    let gateway = Gateway::plain(config).await;
    for _ in 0..40 {
        assert_eq!(gateway.get("/").await.status, 200);
    }
    assert_eq!((light.hits(), heavy.hits()), (10, 30));
}

// Rule: balance-least
#[tokio::test]
async fn by_least_requests_the_idle_endpoint_is_asked_more() {
    let start = || {
        Origin::start(|request| async move {
            if request.target == "/hold" {
                std::future::pending::<()>().await;
            }
            Reply::text("ok")
        })
    };
    let services = [start().await, start().await];
    let config = format!(
        "upstreams: {{two: {{endpoints: [{}, {}]}}}}\nroutes: [{{match: /**, proxy: two}}]\n",
        services[0].address(),
        services[1].address()
    );
    let gateway = Gateway::plain(config).await;
    let client = gateway.h2().await;
    let _held = client.open(&Ask::get("/hold"), true).await.expect("a stream");
    until("the request that is held", async || services.iter().any(|one| one.hits() > 0).then_some(())).await;
    let [first, second] = &services;
    let idle = if first.hits() > 0 { second } else { first };
    for _ in 0..200 {
        assert_eq!(client.get("/").await.status, 200);
    }
    // Three in four: two picks find the busy one alone only by picking it twice.
    assert!(idle.hits() > 110, "{} of 200", idle.hits());
}

// Rule: listener-names
#[tokio::test]
async fn a_listener_is_called_by_its_name_or_its_first_address() {
    let config = "listeners: [{address: 127.0.0.1:0}, {name: side, address: 127.0.0.1:0}]
admin: {address: 127.0.0.1:0}
routes: [{match: /**, respond: {}}]
";
    let gateway = Gateway::start(config).await;
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    let listeners = status["listeners"].as_array().expect("listeners");
    let names: Vec<_> = listeners.iter().map(|listener| &listener["name"]).collect();
    assert_eq!(names, ["127.0.0.1:0", "side"]);
}

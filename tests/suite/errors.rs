//! `errors`: pages in place of what the gateway says by itself, and of what services answer where a page says so.

use crate::check::{START, refused};
use crate::example::{example, nobody};
use pintle_testkit::{Answer, Ask, Finished, Folder, Gateway, Origin, RawOrigin, Reloaded, Reply, pintle};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const HTML: Option<&str> = Some("text/html; charset=utf-8");

fn browser(target: &str) -> Ask {
    Ask::get(target).header("accept", BROWSER)
}

/// What both protocols answer.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: errors-accept
#[tokio::test]
async fn browsers_get_the_page_and_programs_the_json() {
    let (_nobody, url) = nobody();
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
errors:
  404: {{html: pages/404.html}}
  5xx: {{html: pages/5xx.html}}
  default:
    json: {{error: \"${{problem.reason}}\", code: \"${{problem.status}}\", of: [\"${{request.path}}\", 1, null]}}
routes: [{{match: /down, proxy: \"{url}\"}}]
"
    );
    let page = "<p title='${request.path}'>${problem.status} ${problem.title} ${problem.request_id}\n";
    let gateway = Gateway::with(config).file("pages/404.html", page).file("pages/5xx.html", "fixed\n").start().await;
    for answer in both(&gateway, browser("/a%00")).await {
        // There is no HTML for 400, so it is the gateway's own.
        assert_eq!((answer.status, answer.get("content-type")), (400, HTML), "{answer:?}");
    }
    for answer in both(&gateway, browser("/a'&b")).await {
        let id = answer.get("x-request-id").expect("an id");
        let expected = format!("<p title='/a&#39;&amp;b'>404 Nothing is served here {id}\n");
        assert_eq!((answer.status, answer.text()), (404, expected));
        assert_eq!((answer.get("content-type"), answer.get("cache-control")), (HTML, Some("no-store")));
    }
    for answer in both(&gateway, browser("/down")).await {
        assert_eq!((answer.status, answer.text().as_str()), (502, "fixed\n"));
        assert_eq!(gateway.log_of(&answer).await["pintle.reason"], "connect_failed");
    }
    for answer in both(&gateway, Ask::get("/nowhere")).await {
        assert_eq!((answer.status, answer.get("content-type")), (404, Some("application/json")));
        let expected = serde_json::json!({"error": "no_route", "code": 404, "of": ["/nowhere", 1, null]});
        assert_eq!(answer.json(), expected);
    }
    // A HEAD has the fields of a GET and no content.
    for answer in both(&gateway, Ask::new("HEAD", "/down").header("accept", BROWSER)).await {
        assert_eq!((answer.status, answer.get("content-length"), answer.body.len()), (502, Some("6"), 0));
    }
}

// Rule: errors-inner
#[tokio::test]
async fn inner_levels_come_before_outer_ones() {
    let says = |what: &str| format!("{{json: {{from: {what}}}}}");
    let config = format!(
        "errors: {{default: {}, 405: {}}}
listeners:
  - {{name: a, address: 127.0.0.1:0, errors: {{413: {}}}}}
  - {{name: b, address: 127.0.0.1:0}}
defaults: {{policies: [{{body_limit: 1B}}]}}
routes:
  - match: /g/**
    errors: {{4xx: {}}}
    routes:
      - {{match: /r, errors: {{413: {}}}, respond: {{body: ok}}}}
      - {{match: /s, respond: {{body: ok}}}}
  - {{match: POST /p, respond: {{body: ok}}}}
",
        says("top"),
        says("top-405"),
        says("listener"),
        says("group"),
        says("route")
    );
    let gateway = Gateway::start(config).await;
    for (target, from) in [("/g/r", "route"), ("/g/s", "group"), ("/p", "listener")] {
        for answer in both(&gateway, Ask::post(target, "too much")).await {
            assert_eq!((answer.status, answer.json()["from"].as_str()), (413, Some(from)), "{target}");
        }
    }
    assert_eq!(gateway.get("/p").await.json()["from"], "top-405");
    assert_eq!(gateway.get("/nowhere").await.json()["from"], "top");
    let mut other = pintle_testkit::H1Client::tcp(gateway.address(1)).await;
    assert_eq!(other.ask(Ask::post("/p", "too much")).await.json()["from"], "top");
    // What could not be read is answered by the listener's pages too.
    let mut wire = gateway.wire().await;
    wire.write("GET  /\r\n\r\n").await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.json()["from"].as_str()), (400, Some("top")));
}

// Rule: errors-upstream
#[tokio::test]
async fn what_services_answer_is_replaced_where_a_page_says_so() {
    let reply = Reply::new(503).body("theirs, and long").header("content-type", "text/plain").header("etag", "\"1\"");
    let reply = reply.header("content-encoding", "identity").header("retry-after", "5").header("server", "s");
    let service = Origin::answering(reply).await;
    let teapot = Origin::answering(Reply::new(404).body("theirs").header("cache-control", "max-age=60")).await;
    let config = format!(
        "errors:
  503: {{html: page.html, json: {{error: \"${{problem.title}}\"}}, upstream: true}}
  404: {{json: {{ours: yes}}}}
defaults: {{policies: [{{headers: {{response: {{remove: [server]}}}}}}]}}
routes:
  - {{match: /down, proxy: \"{0}\"}}
  - {{match: /missing, proxy: \"{1}\"}}
  - {{match: /replaced, errors: {{404: {{json: {{ours: \"${{response.status}}\"}}, upstream: true}}}}, proxy: \"{1}\"}}
  - {{match: /own, respond: {{status: 503, body: mine}}}}
",
        service.url(),
        teapot.url()
    );
    let config = format!("listeners: [{{address: 127.0.0.1:0}}]\n{config}");
    let gateway = Gateway::with(config).file("page.html", "page").start().await;
    for answer in both(&gateway, browser("/down")).await {
        assert_eq!((answer.status, answer.text().as_str()), (503, "page"));
        assert_eq!((answer.get("content-type"), answer.get("content-length")), (HTML, Some("4")));
        assert!(!answer.has("etag") && !answer.has("content-encoding") && !answer.has("server"), "{answer:?}");
        assert_eq!((answer.get("retry-after"), answer.get("cache-control")), (Some("5"), Some("no-store")));
        let line = gateway.log_of(&answer).await;
        assert_eq!((&line["pintle.upstream_status"], line.get("pintle.reason")), (&503.into(), None));
    }
    for answer in both(&gateway, Ask::new("HEAD", "/down").header("accept", BROWSER)).await {
        assert_eq!((answer.status, answer.get("content-length"), answer.body.len()), (503, Some("4"), 0));
    }
    for answer in both(&gateway, Ask::get("/down")).await {
        assert_eq!(answer.json(), serde_json::json!({"error": "Service Unavailable"}));
    }
    for answer in both(&gateway, Ask::get("/missing")).await {
        assert_eq!(answer.text(), "theirs", "no page for 404 says `upstream`");
    }
    for answer in both(&gateway, Ask::get("/replaced")).await {
        assert_eq!(answer.json(), serde_json::json!({"ours": 404}));
        assert_eq!((answer.get("cache-control"), answer.get("vary")), (Some("max-age=60"), Some("accept")));
    }
    for answer in both(&gateway, Ask::get("/own")).await {
        assert_eq!((answer.status, answer.text().as_str()), (503, "mine"), "what a route says itself is no service's");
    }
}

#[tokio::test]
async fn an_answer_that_is_replaced_is_not_read_to_its_end() {
    let service = RawOrigin::start().await;
    let page = "errors: {500: {json: {a: b}, upstream: true}}";
    let gateway = Gateway::plain(format!("{page}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    let (answer, mut held) = tokio::join!(gateway.get("/"), async {
        let mut held = service.accept().await;
        held.request().await;
        held.write("HTTP/1.1 500 No\r\ncontent-length: 1000000000\r\n\r\nand so on").await;
        held
    });
    assert_eq!((answer.status, answer.json()["a"].as_str()), (500, Some("b")));
    // Its connection is of no use any more.
    held.ended().await;
}

// Rule: errors-accept
#[tokio::test]
async fn a_page_whose_template_fails_is_the_gateways_own_answer() {
    let config = "listeners: [{address: 127.0.0.1:0}]
errors: {404: {html: page.html, json: {who: \"${request.headers['x-who']}\"}}}
";
    let gateway = Gateway::with(config).file("page.html", "Dear ${request.query.name},").start().await;
    gateway.get("/").await.problem(404, "no_route");
    gateway.h2().await.get("/").await.problem(404, "no_route");
    assert!(gateway.ask(browser("/")).await.text().contains("<h1>Nothing is served here</h1>"));
    assert_eq!(gateway.ask(browser("/?name=%3Cscript%3E")).await.text(), "Dear &lt;script&gt;,");
    let answer = gateway.ask(Ask::get("/").header("x-who", "a\"b")).await;
    assert_eq!(answer.json(), serde_json::json!({"who": "a\"b"}));
}

#[tokio::test]
async fn a_changed_page_is_seen_and_a_broken_one_changes_nothing() {
    let config = "listeners: [{address: 127.0.0.1:0}]\nerrors: {404: {html: page.html}}\n";
    let gateway = Gateway::with(config).file("page.html", "one").start().await;
    assert_eq!(gateway.ask(browser("/")).await.text(), "one");
    gateway.file("page.html", "two");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    for answer in both(&gateway, browser("/")).await {
        assert_eq!(answer.text(), "two");
    }
    gateway.file("page.html", "three\n  ${nope}");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("a broken page was taken") };
    assert!(said.contains("page.html:2:5") && said.contains("unknown name `nope`"), "{said}");
    assert_eq!(gateway.ask(browser("/")).await.text(), "two");
}

#[tokio::test]
async fn a_request_under_way_keeps_its_pages_over_a_reload() {
    let service = RawOrigin::start().await;
    let config = |page: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
errors: {{default: {{json: {{page: {page}}}, upstream: true}}}}
routes: [{{match: /held, proxy: \"{}\"}}]
",
            service.url()
        )
    };
    let gateway = Gateway::start(config("one")).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/held").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    gateway.change(config("two")).await;
    assert_eq!(gateway.get("/nowhere").await.json()["page"], "two");
    held.write("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno").await;
    assert_eq!(client.answer().await.json()["page"], "one");
}

#[tokio::test]
async fn who_hangs_up_before_a_page_harms_nobody() {
    let service = RawOrigin::start().await;
    let config = format!(
        "errors: {{default: {{json: {{a: {}}}, upstream: true}}}}\nroutes: [{{match: /held, proxy: \"{}\"}}]",
        "b".repeat(60_000),
        service.url()
    );
    let gateway = Gateway::plain(config).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/held").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    client.reset();
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/held").await["pintle.reason"], "client_closed");
    held.ended().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/nowhere"), true).await.expect("a stream");
    stream.reset(h2::Reason::CANCEL);
    assert_eq!(h2.get("/nowhere").await.status, 404);
}

/// Checks a configuration with files beside it.
async fn checked(config: &str, files: &[(&str, &[u8])]) -> Finished {
    let folder = Folder::new();
    folder.write("pintle.yaml", config);
    for (name, text) in files {
        folder.write(name, text);
    }
    pintle(folder.path(), &["check", "pintle.yaml"]).await
}

#[tokio::test]
async fn a_mistake_has_its_place_and_a_remedy() {
    let with = |errors: &str| format!("{START}errors:\n  {errors}\n");
    refused(&with("404: {html: gone.html}"), &["pintle.yaml:4:15", "gone.html cannot be read"]).await;
    refused(&with("404: {html: /tmp}"), &["pintle.yaml:4:15", "it is not a file"]).await;
    refused(&with("200: {json: {}}"), &["pintle.yaml:4:3", "errors are 400 to 599"]).await;
    refused(&with("3xx: {json: {}}"), &["pintle.yaml:4:3", "a class (`4xx`, `5xx`) or `default`"]).await;
    refused(&with("404: {}"), &["pintle.yaml:4:8", "this page has no content", "html: FILE"]).await;
    refused(&with("404: {json: text}"), &["pintle.yaml:4:15", "expected a tree"]).await;
    refused(&with("404: {json: {a: \"${problem.sttus}\"}}"), &["pintle.yaml:4:30", "did you mean `status`?"]).await;
    refused(&with("404: {json: {a: \"${path.id}\"}}"), &["pintle.yaml:4:22", "`path` cannot be named here"]).await;
    let route = format!("{START}routes: [{{match: /a, respond: {{body: \"${{problem.title}}\"}}}}]\n");
    refused(&route, &["`problem` cannot be named here", "the pages of `errors`"]).await;
    let page = with("404: {html: page.html}\n  500: {html: page.html}");
    let ended = checked(&page, &[("page.html", &vec![b'a'; (1 << 20) + 1])]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("larger than 1 MiB"), "{ended:?}");
    assert!(ended.stderr.contains("1 error,"), "said once: {ended:?}");
    let ended = checked(&page, &[("page.html", b"\xff")]).await;
    assert!(ended.stderr.contains("it is not UTF-8"), "{ended:?}");
    let ended = checked(&page, &[("page.html", b"<script>f(`$${x}`)</script>")]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn the_example_says_what_it_shows() {
    let shop = Origin::start(async |got: pintle_testkit::Received| match got.target.as_str() {
        "/v2/broken" => Reply::new(500).body("a stack trace"),
        _ => Reply::new(303).header("location", "/v2/cart").header("set-cookie", "s=1; Path=/v2"),
    })
    .await;
    let billing = Origin::echo().await;
    let config = example("errors.yaml").replace("127.0.0.1:8080", "127.0.0.1:0");
    let config = config.replace("127.0.0.1:9001", &shop.address().to_string());
    let config = config.replace("127.0.0.1:9002", &billing.address().to_string());
    let pages = ["pages/not-found.html", "pages/sorry.html", "pages/maintenance.html"];
    let setup = pages.iter().fold(Gateway::with(config), |setup, page| setup.file(page, example(page)));
    let gateway = setup.start().await;
    assert!(gateway.ask(browser("/nowhere")).await.text().contains("<code>/nowhere</code>"));
    assert_eq!(gateway.get("/nowhere").await.json()["error"], "no_route");
    assert!(gateway.ask(browser("/shop/broken")).await.text().contains("Internal Server Error. If"));
    let answer = gateway.get("/shop/checkout").await;
    assert_eq!((answer.get("location"), answer.get("set-cookie")), (Some("/shop/cart"), Some("s=1; Path=/shop")));
    let closed = gateway.ask(browser("/billing/7")).await;
    assert_eq!((closed.status, closed.get("retry-after")), (503, Some("600")));
    assert!(closed.text().contains("back in a few minutes"));
    let tester = gateway.ask(Ask::get("/billing/7").header("x-tester", "yes")).await;
    assert_eq!((tester.status, gateway.get("/billing/health").await.status), (200, 200));
}

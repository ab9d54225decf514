//! The admin address: who may ask, what is answered, and what is told of who changed something.

mod access;
mod described;
mod health;
mod told;

use pintle_testkit::{Answer, Ask, Certificates, Gateway, H1Client, TlsClient, Wire};
use serde_json::Value;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A configuration with an admin address that wants a token, and more of `admin`.
fn config(more: &str) -> String {
    format!(
        "listeners: [{{name: public, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}{more}}}
routes: [{{name: all, match: /**, respond: {{body: first}}}}]
"
    )
}

async fn start(config: impl AsRef<str>) -> Gateway {
    Gateway::with(config).env("ADMIN_TOKEN", TOKEN).start().await
}

fn with_token(ask: Ask) -> Ask {
    ask.header("authorization", &format!("Bearer {TOKEN}"))
}

fn reload() -> Ask {
    with_token(Ask::post("/reload", ""))
}

/// Asks by a unix socket.
async fn by_socket(gateway: &Gateway, ask: Ask) -> Answer {
    let mut wire = Wire::unix(&gateway.folder().at("admin.sock")).await;
    let ask = ask.host("anything");
    wire.write(ask.to_h1()).await;
    wire.answer_to(ask.method()).await
}

/// The reason of a problem.
fn reason(answer: &Answer) -> String {
    assert_eq!(answer.get("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem: Value = answer.json();
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["request_id"].as_str(), answer.get("x-request-id"));
    problem["reason"].as_str().unwrap_or_default().to_owned()
}

// Rule: admin-refusals
#[tokio::test]
async fn refusals_are_a_sentence_for_people_and_a_problem_for_programs() {
    let gateway = start(config("")).await;
    for (ask, status, word) in [
        (Ask::get("/nothing"), 404, "no_path"),
        (Ask::get("/reload"), 405, "wrong_method"),
        (Ask::post("/reload", ""), 401, "no_token"),
        (Ask::post("/reload", "").header("authorization", "Bearer x"), 401, "wrong_token"),
        (reload().header("origin", "http://evil.example.com"), 403, "cross_site"),
        (with_token(Ask::post("/config/rollback", "")), 404, "not_kept"),
        (with_token(Ask::post("/config/rollback?to=x", "")), 400, "bad_parameter"),
        (Ask::get("/status?upstreams=1001"), 400, "bad_parameter"),
        (Ask::get("/status?verbose"), 400, "bad_parameter"),
        (Ask::get("/status?after=a&after=b"), 400, "bad_parameter"),
        (Ask::get("/status?after=%ff"), 400, "bad_parameter"),
        (Ask::get("/explain"), 400, "bad_parameter"),
        (with_token(Ask::new("PUT", "/config").body("routes: 7")), 422, "not_good"),
    ] {
        let (method, target) = (ask.method().to_owned(), ask.target().to_owned());
        let answer = gateway.ask_admin(ask.clone()).await;
        assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
        assert_eq!(answer.get("content-type"), Some("text/plain; charset=utf-8"), "{answer:?}");
        assert!(answer.text().ends_with('\n') && answer.text().len() > 5, "{answer:?}");
        let answer = gateway.ask_admin(ask.header("accept", "text/html, application/json;q=0.5")).await;
        assert_eq!((answer.status, &*reason(&answer)), (status, word), "{method} {target}");
    }
    let answer = gateway.ask_admin(Ask::get("/nothing")).await;
    assert!(answer.text().contains("GET /healthz") && answer.text().contains("PUT /config"), "{answer:?}");
    let allow = gateway.ask_admin(Ask::get("/reload")).await;
    assert_eq!(allow.get("allow"), Some("POST"));
    let shown = gateway.ask_admin(Ask::post("/reload", "")).await;
    assert_eq!(shown.get("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn what_is_no_request_is_answered_as_such() {
    let gateway = start(config("")).await;
    for (bytes, status) in [
        ("GET /status HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(20_000)), 414),
        (format!("GET / HTTP/1.1\r\nhost: localhost\r\na: {}\r\n\r\n", "a".repeat(20_000)), 431),
        ("GET / HTTP/2.5\r\nhost: localhost\r\n\r\n".to_owned(), 505),
        ("POST /reload HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip, chunked\r\n\r\n".to_owned(), 501),
    ] {
        let mut wire = Wire::tcp(gateway.admin()).await;
        wire.write(bytes.clone()).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, status, "{bytes:.40}: {answer:?}");
        wire.ended().await;
    }
}

#[tokio::test]
async fn a_gateway_explains_by_what_it_runs() {
    let gateway = start(config("")).await;
    let address = gateway.address(0);
    let target = "/explain?request=GET+http%3A%2F%2Fshop.example.com%2Fa&header=accept:%20text/html&listener=public";
    let answer = gateway.ask_admin(Ask::get(target)).await;
    assert_eq!((answer.status, &answer.json()["route"]), (200, &"all".into()), "{answer:?}");
    assert_eq!((&answer.json()["version"], &answer.json()["outcome"]["content"]), (&1.into(), &"first".into()));
    let answer = gateway.ask_admin(Ask::get(&format!("{target}&format=text"))).await;
    assert!(answer.text().contains("all") && answer.get("content-type").is_some_and(|kind| kind.starts_with("text/")));
    // What was put counts, not the file; and what was in force before can still be asked.
    let put = with_token(Ask::new("PUT", "/config").body(config("").replace("first", "second")));
    assert_eq!(gateway.ask_admin(put).await.status, 200);
    let content = async |query: &str| {
        let answer = gateway.ask_admin(Ask::get(&format!("{target}{query}"))).await;
        (answer.status, answer.json()["outcome"]["content"].clone())
    };
    assert_eq!(content("").await, (200, "second".into()));
    assert_eq!(content("&version=1").await, (200, "first".into()));
    assert_eq!(gateway.ask_admin(Ask::get(&format!("{target}&version=7"))).await.status, 404);
    let wrong = gateway.ask_admin(Ask::get("/explain?request=shop.example.com")).await;
    assert!(wrong.status == 400 && wrong.text().contains("has no method"), "{wrong:?}");
    // It served nothing, and listens where it did.
    assert_eq!(gateway.address(0), address);
    assert_eq!(gateway.get("/").await.text(), "second");
}

#[tokio::test]
async fn the_status_pages_its_upstreams() {
    let upstreams: String = (0..250).map(|n| format!("  u{n:03}: {{endpoints: [\"127.0.0.1:9\"]}}\n")).collect();
    let routes: String = (0..250).map(|n| format!("  - {{match: /u{n:03}, proxy: u{n:03}}}\n")).collect();
    let gateway = start(
        config("").replace("routes: [{name: all, match: /**, respond: {body: first}}]\n", "")
            + "upstreams:\n"
            + &upstreams
            + "routes:\n"
            + &routes,
    )
    .await;
    let page = async |query: &str| gateway.ask_admin(Ask::get(&format!("/status{query}"))).await.json();
    let names = |status: &Value| -> Vec<String> {
        let all = status["upstreams"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let status = page(&after).await;
        assert_eq!((&status["upstreams_total"], &status["endpoints"]["up"]), (&250.into(), &250.into()));
        all.extend(names(&status));
        let Some(next) = status["upstreams_next"].as_str() else { break };
        after = format!("?after={next}");
    }
    assert_eq!(all, (0..250).map(|n| format!("u{n:03}")).collect::<Vec<_>>());
    assert_eq!(names(&page("?upstream=u007").await), ["u007"]);
    assert_eq!(names(&page("?upstreams=2&after=u007").await), ["u008", "u009"]);
    assert!(names(&page("?upstreams=0").await).is_empty() && names(&page("?upstream=none").await).is_empty());
}

// Rule: admin-tls
#[tokio::test]
async fn tls_is_spoken_and_its_certificate_renewed() {
    let certificates = Certificates::new();
    let names = ["gateway.internal", "127.0.0.1"];
    let written = certificates.write("admin", &certificates.server(&names));
    let gateway = start(config(&format!(", tls: {{certificates: [{written}]}}, hosts: [gateway.internal]"))).await;
    let tls = TlsClient::new(&certificates, "gateway.internal").alpn(&["h2", "http/1.1"]);
    let mut client = H1Client::tls(gateway.admin(), &tls).await;
    assert_eq!(client.wire.alpn().as_deref(), Some("http/1.1"), "and no HTTP/2");
    let status = client.ask(Ask::get("/status").host("gateway.internal")).await.json();
    assert_eq!(
        (&status["admin"]["tls"], &status["admin"]["certificates"][0]["names"][0]),
        (&true.into(), &names[0].into())
    );
    let ours = reload().host("gateway.internal").header("origin", "https://gateway.internal");
    assert_eq!(client.ask(ours).await.status, 200);
    // Cleartext gets no answer.
    let mut wire = Wire::tcp(gateway.admin()).await;
    wire.write(Ask::get("/healthz").host("127.0.0.1").to_h1()).await;
    assert!(!String::from_utf8_lossy(&wire.to_end().await.0).contains("200"));
    let renewed = certificates.server(&names);
    certificates.write("admin", &renewed);
    gateway.wait_stderr("certificates of the admin address renewed").await;
    // Another client: this one would resume its session.
    let tls = TlsClient::new(&certificates, "gateway.internal");
    assert_eq!(Wire::tls(gateway.admin(), &tls).await.certificate(), Some(renewed.der()));
}

// Rule: admin-tls
#[tokio::test]
async fn tls_comes_and_goes_with_a_change_and_a_bad_one_changes_nothing() {
    let certificates = Certificates::new();
    let written = certificates.write("admin", &certificates.server(&["localhost"]));
    let tls = TlsClient::new(&certificates, "localhost");
    let gateway = start(config("")).await;
    let with_tls = config(&format!(", tls: {{certificates: [{written}]}}"));
    assert_eq!(gateway.ask_admin(with_token(Ask::new("PUT", "/config").body(&with_tls))).await.status, 200);
    let mut client = H1Client::tls(gateway.admin(), &tls).await;
    let broken = with_token(Ask::new("PUT", "/config").body(with_tls.replace("admin.pem", "none.pem")));
    let answer = client.ask(broken.host("localhost")).await;
    assert!(answer.status == 422 && answer.text().contains("none.pem"), "{answer:?}");
    assert_eq!(client.ask(with_token(Ask::post("/config/rollback", "")).host("localhost")).await.status, 200);
    // Who is connected stays so; others speak what is spoken now.
    assert_eq!(client.ask(Ask::get("/status").host("localhost")).await.status, 200);
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.status, 200);
}

// Rule: admin-tls
#[tokio::test]
async fn a_client_certificate_is_asked_for_beside_the_token() {
    let certificates = Certificates::new();
    let written = certificates.write("admin", &certificates.server(&["localhost"]));
    let own = certificates.client("operator");
    let more = format!(", tls: {{certificates: [{written}], client_auth: {{ca: ca.pem}}}}");
    let setup = Gateway::with(config(&more)).file("ca.pem", certificates.authority()).env("ADMIN_TOKEN", TOKEN);
    let gateway = setup.start().await;
    let tls = TlsClient::with_identity(&certificates, "localhost", &own);
    let mut client = H1Client::tls(gateway.admin(), &tls).await;
    assert_eq!(client.ask(Ask::post("/reload", "").host("localhost")).await.status, 401);
    assert_eq!(client.ask(reload().host("localhost")).await.status, 200);
    let who = client.ask(Ask::get("/status").host("localhost")).await.json()["configuration"]["who"].clone();
    assert_eq!(who["certificate"].as_str().map(str::len), Some(64), "{who}");
}

#[tokio::test]
async fn the_commands_ask_over_tls() {
    let certificates = Certificates::new();
    let written = certificates.write("admin", &certificates.server(&["gateway.internal"]));
    let more = format!(", tls: {{certificates: [{written}]}}, hosts: [gateway.internal]");
    let gateway = start(config(&more)).await;
    let folder = gateway.folder();
    let (address, ca) = (gateway.admin().to_string(), folder.at("ca.pem").display().to_string());
    folder.write("ca.pem", certificates.authority());
    let env = [("PINTLE_ADMIN_TOKEN", TOKEN), ("ADMIN_TOKEN", TOKEN)];
    let run = async |args: &[&str]| pintle_testkit::pintle_with(folder.path(), args, &env, "").await;
    // By the very certificate that the configuration names, or by who issued it.
    for args in [
        &["reload", "-c", "pintle.yaml", "--admin", &address][..],
        &["reload", "--admin", &address, "--admin-ca", &ca, "--admin-name", "gateway.internal"],
        &["status", "--admin", &address, "-c", "pintle.yaml"],
        &["diff", "--admin", &address, "-c", "pintle.yaml", "pintle.yaml"],
        &["explain", "--admin", &address, "-c", "pintle.yaml", "--listener", "public", "GET http://a/"],
    ] {
        let ended = run(args).await;
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    }
    let other = Certificates::new();
    folder.write("other.pem", other.authority());
    for (args, part) in [
        (&["status", "--admin", &address, "--admin-ca", &ca][..], "certificate"),
        (
            &["status", "--admin", &address, "--admin-ca", "other.pem", "--admin-name", "gateway.internal"],
            "certificate",
        ),
        (&["status", "--admin", &address], "speaks TLS"),
    ] {
        let ended = run(args).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(part), "{args:?}: {ended:?}");
    }
}

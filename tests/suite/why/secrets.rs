//! Secrets that are planted wherever one may come from, and every output searched for them.

use super::play::{Version, ask, why};
use pintle_testkit::{Ask, Gateway, Origin, Reply, pintle, until};

/// Stands in every secret.
const SECRET: &str = "hunter2";
const TOKEN: &str = "admin-token-hunter2";

fn config(service: &Origin) -> String {
    format!(
        "listeners: [{{name: public, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
telemetry: {{access_log: {{redact: [x-partner-ref]}}}}
upstreams: {{orders: {{endpoints: ['{}']}}}}
routes:
  - {{name: shop, match: /asked, proxy: orders}}
  - {{name: keyed, match: {{path: /keyed, header: {{x-api-key: 'wanted-hunter2'}}, query: {{token: 'wanted-hunter2'}}}}, respond: {{}}}}
  - {{name: bad, match: /bad, redirect: {{to: '/${{request.query.token}}/${{request.query.to}}'}}}}
  - {{name: none, match: /none, proxy: 'http://127.0.0.1:9'}}
",
        service.address()
    )
}

/// A request full of secrets.
fn full(target: &str) -> Ask {
    Ask::get(&format!("{target}?token=q-hunter2&api_key=q-hunter2&page=2&to=%2e%2e"))
        .header("authorization", "Bearer h-hunter2")
        .header("cookie", "sid=c-hunter2; session=c-hunter2")
        .header("x-api-key", "h-hunter2")
        .header("x-auth-token", "h-hunter2")
        .header("x-partner-ref", "h-hunter2")
        .header("proxy-authorization", "Basic h-hunter2")
        .header("referer", "https://user:r-hunter2@a.example/?access_token=r-hunter2")
}

#[tokio::test]
async fn no_output_has_a_planted_secret() {
    let service = Origin::start(async |_| {
        Reply::text("ok").header("set-cookie", "sid=s-hunter2").header("location", "/?code=s-hunter2")
    })
    .await;
    let gateway = Gateway::with(config(&service)).env("ADMIN_TOKEN", TOKEN).start().await;
    let mut outputs: Vec<(String, String)> = Vec::new();
    let mut ids = Vec::new();
    for version in [Version::Http1, Version::Http2] {
        for target in ["/asked", "/keyed", "/bad", "/none", "/nothing"] {
            let answer = ask(&gateway, version, full(target)).await;
            ids.push(answer.get("x-request-id").expect("an id").to_owned());
            if answer.get("content-type") == Some("application/problem+json") {
                outputs.push((format!("the problem of {target}"), answer.text()));
            }
        }
    }
    for id in &ids {
        until("the request to be kept", async || (why(&gateway, &[id]).await.code == Some(0)).then_some(())).await;
        for format in ["text", "json"] {
            let said = why(&gateway, &[id, "--format", format]).await;
            outputs.push((format!("why {id} as {format}"), said.stdout + &said.stderr));
        }
        gateway.wait_log(|line| line["pintle.request_id"] == **id).await;
    }
    for arguments in [&["--list", "100"][..], &["--list", "--format", "json"], &["--last-error"]] {
        let said = why(&gateway, arguments).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        outputs.push((format!("why {arguments:?}"), said.stdout));
    }
    for target in ["/status", "/metrics", "/config", "/config/history", "/why?last=1000", "/openapi.json"] {
        // What `/config` tells are the operator's own texts.
        let text = gateway.ask_admin(Ask::get(target)).await.text().replace("wanted-hunter2", "");
        outputs.push((target.to_owned(), text));
    }
    for target in ["asked", "keyed", "bad", "nothing"] {
        let request = format!("GET http://localhost/{target}?token=q-hunter2&page=2");
        let fields = [
            "authorization: Bearer h-hunter2",
            "cookie: sid=c-hunter2",
            "x-api-key: h-hunter2",
            "x-partner-ref: h-hunter2",
        ];
        let mut arguments = vec!["explain", "-c", "pintle.yaml", "--listener", "public", &*request];
        fields.iter().for_each(|field| arguments.extend(["-H", *field]));
        for format in ["text", "json"] {
            let said = pintle(gateway.folder().path(), &[&arguments[..], &["--format", format]].concat()).await;
            outputs.push((format!("explain {target} as {format}"), said.stdout + &said.stderr));
        }
    }
    let refused = gateway.ask_admin(Ask::post("/reload", "").header("authorization", "Bearer wrong-hunter2")).await;
    outputs.push(("a refused change".into(), refused.text()));
    outputs.push(("the program's own log".into(), gateway.stderr()));
    outputs.push(("the access log".into(), gateway.log_lines().iter().map(ToString::to_string).collect()));
    for (output, text) in &outputs {
        let at = text.find(SECRET);
        assert_eq!(at, None, "{output}: {}", &text[at.unwrap_or(0).saturating_sub(200)..]);
        assert!(!text.is_empty(), "{output} is empty");
    }
    let all: String = outputs.iter().map(|(_, text)| &**text).collect();
    assert!(all.contains("page=2") && all.contains("REDACTED"), "what is no secret is told");
}

//! `oidc`: browsers log in at an issuer. `real.rs` has a real one (the npm package oidc-provider), `hostile.rs` one that the test plays by
//! hand, `chromium.rs` a real browser at the real one.

mod browser;
mod chromium;
mod hostile;
mod issuer;
mod real;
mod shared;

use crate::check::{START, refused};

/// A key of sessions.
const KEY: &str = "a key for the sessions of these tests, long enough";

/// A configuration whose routes below `/account` want a login at `issuer`; `more` are further settings.
fn config(issuer: &str, client: &str, service: &str, more: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
policies:
  login:
    oidc:
      issuer: {issuer}
      client_id: {client}
      client_secret: {{file: secret}}
      callback: /login/callback
      logout: /logout
      after_logout: /bye
      back_channel_logout: /login/ended
      forward: {{x-user: \"${{claims.sub}}\"}}
      {more}
routes:
  - {{match: /account/**, policies: [login], proxy: \"{service}\"}}
  - {{match: /open/**, policies: [{{oidc: {{use: login, optional: true}}}}], proxy: \"{service}\"}}
  - {{match: /bye, respond: {{body: gone}}}}
"
    )
}

/// The usual session.
const SESSION: &str = "session: {keys: [{file: key}]}";

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let policy = |settings: &str| {
        format!(
            "{START}policies:\n  login:\n    oidc: {settings}\nroutes:\n  - {{match: /a/**, policies: [login], respond: {{body: ok}}}}\n"
        )
    };
    let good = "issuer: https://login.test/, client_id: a, callback: /cb, session: {keys: [{env: HOME}]}";
    let with = |more: &str| policy(&format!("{{{good}, {more}}}"));
    refused(&policy("{client_id: a}"), &["pintle.yaml:", "`issuer`", "`callback`", "`session`"]).await;
    refused(&with("logout: /cb"), &["`/cb` is answered in two ways"]).await;
    refused(&with("logout: logout"), &["pintle.yaml:5:", "expected a path such as /login/callback"]).await;
    refused(&with("after_logout: https://evil.test/"), &["the path alone"]).await;
    refused(&with("parameters: {state: x}"), &["`state` is said by the gateway itself"]).await;
    refused(&with("scopes: [\"a b\"]"), &["`a b` is no scope", "one for each"]).await;
    refused(&with("client_secret: plain"), &["expected a secret as {env: NAME} or {file: PATH}"]).await;
    let issuer = policy("{issuer: http://login.test/, client_id: a, callback: /cb, session: {keys: [{env: HOME}]}}");
    refused(&issuer, &["danger_plain_http"]).await;
    let session = |session: &str| {
        policy(&format!("{{issuer: https://l.test/, client_id: a, callback: /cb, session: {session}}}"))
    };
    refused(&session("{keys: []}"), &["expected a key at least"]).await;
    refused(&session("{keys: [{env: HOME}], cookie: __Host-a}"), &["`__Host-a` is no name for the session's cookie"])
        .await;
    refused(&session("{keys: [{env: HOME}], ttl: 0s}"), &["more than 0"]).await;
    // A route that is written where the policy answers.
    let both = with("skew: 5s").replace("{env: HOME}", "{env: NOT_SET_ANYWHERE}")
        + "  - {match: /cb, respond: {body: mine}}\n";
    refused(&both, &["two routes are equal"]).await;
}

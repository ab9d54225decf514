//! Requests of whoever may not come in, or not so often.

use super::play::{Case, Incident, PATH, ask, case, config, start};
use pintle_testkit::{Ask, Gateway};

/// A token of 2001.
const EXPIRED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLnRlc3QvIiwiYXVkIjoic2hvcCIsImV4cCI6MTAwMDAwMDAwMCwic3ViIjoiYSJ9.q49OgG54L4rnUhzpRL-SYhQq6h-MmYYv_0g0A-wkQsk";

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("there are no credentials", |version| async move {
            let gateway =
                start("{name: shop, match: /asked, policies: [{api_key: {header: x-key}}], respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("nobody has that key", |version| async move {
            let gateway =
                start("{name: shop, match: /asked, policies: [{api_key: {header: x-key}}], respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH).header("x-key", "guessed")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the token has expired", |version| async move {
            let jwt =
                "{issuer: 'https://login.test/', audience: shop, algorithms: HS256, keys: [{secret: {file: key}}]}";
            let route = format!("{{name: shop, match: /asked, policies: [{{jwt: {jwt}}}], respond: {{}}}}");
            let key = "0123456789abcdef0123456789abcdef";
            let gateway = Gateway::with(config(&route, "")).file("key", key).start().await;
            let answer =
                ask(&gateway, version, Ask::get(PATH).header("authorization", &format!("Bearer {EXPIRED}"))).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a rule does not allow it", |version| async move {
            let policy = "{authorize: {deny: {no-robots: '\"x-robot\" in request.headers'}}}";
            let gateway =
                start(&format!("{{name: shop, match: /asked, policies: [{policy}], respond: {{}}}}"), "").await;
            let answer = ask(&gateway, version, Ask::get(PATH).header("x-robot", "yes")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("its address is not let in", |version| async move {
            let policy = "{ip_filter: {deny: [127.0.0.0/8]}}";
            let gateway =
                start(&format!("{{name: shop, match: /asked, policies: [{policy}], respond: {{}}}}"), "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("it comes too often", |version| async move {
            let policy = "{rate_limit: {rate: 1/h}}";
            let gateway =
                start(&format!("{{name: shop, match: /asked, policies: [{policy}], respond: {{}}}}"), "").await;
            ask(&gateway, version, Ask::get(PATH)).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
    ]
}

//! Requests that are not what the gateway takes.

use super::play::{Case, Incident, PATH, Version, ask, case, start};
use pintle_testkit::{Ask, Origin};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("the content is too large, and says so", |version| async move {
            let gateway = start("{name: shop, match: /asked, policies: [{body_limit: 10B}], respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::post(PATH, "more than ten bytes")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the content is too large, as it turns out", |version| async move {
            let service = Origin::echo().await;
            let route =
                format!("{{name: shop, match: /asked, policies: [{{body_limit: 10B}}], proxy: '{}'}}", service.url());
            let gateway = start(&route, "").await;
            let answer = ask(&gateway, version, Ask::post(PATH, "more than ten bytes").chunked()).await;
            Incident::answered(gateway, &answer, service)
        }),
        case("the head is too large", |version| async move {
            let gateway = start("{name: shop, match: /asked, respond: {}}", "limits: {header: {size: 1KiB}}").await;
            let answer = ask(&gateway, version, Ask::get(PATH).header("x-long", &"a".repeat(2000))).await;
            Incident::answered(gateway, &answer, ())
        })
        // `h2` refuses it by itself; no request comes of it.
        .only(Version::Http1),
        case("the head breaks the protocol", |_| async move {
            let gateway = start("{name: shop, match: /asked, respond: {}}", "").await;
            let mut client = gateway.wire().await;
            client.write("GET /asked HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n").await;
            let head = client.head().await;
            let gets = head.status().to_string();
            Incident::last(gateway, &gets, &[], client)
        })
        .only(Version::Http1),
        case("the head never ends", |_| async move {
            let limits = "limits: {timeout: {header: 300ms}}";
            let gateway = start("{name: shop, match: /asked, respond: {}}", limits).await;
            let mut client = gateway.wire().await;
            client.write("GET /asked HTTP/1.1\r\nhost: a\r\n").await;
            let gets = client.head().await.status().to_string();
            Incident::last(gateway, &gets, &[], client)
        })
        .only(Version::Http1),
        case("the path can be understood in two ways", |version| async move {
            let gateway = start("{name: shop, match: /**, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get("/asked%00")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("it expects what nobody does", |version| async move {
            let gateway = start("{name: shop, match: /**, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH).header("expect", "the-best")).await;
            Incident::answered(gateway, &answer, ())
        }),
    ]
}

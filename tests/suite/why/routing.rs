//! Requests that go where nobody meant them to go, or nowhere.

use super::play::{Case, Incident, PATH, ask, case, config, start};
use pintle_testkit::{Ask, Gateway, Origin};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("the host is another one", |version| async move {
            let gateway = start("{name: shop, match: shop.test/asked, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH).host("shop.example")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a segment of the path is another one", |version| async move {
            let gateway = start("{name: orders, match: '/orders/{id}', respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get("/order/7")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a slash too many at the path's end", |version| async move {
            let gateway = start("{name: shop, match: /asked, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get("/asked/")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("nothing like it is served", |version| async move {
            let gateway = start("{name: shop, match: /shop/**, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a more specific route takes it", |version| async move {
            let service = Origin::echo().await;
            let routes = format!(
                "{{name: all, match: /**, respond: {{}}}}, {{name: asked, match: /asked, proxy: '{}'}}",
                service.url()
            );
            let gateway = start(&routes, "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, service)
        }),
        case("the method is not one of the route's", |version| async move {
            let gateway = start("{name: shop, match: GET /asked, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::new("DELETE", PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a header that the route asks for is missing", |version| async move {
            let gateway = start("{name: beta, match: {path: /asked, header: {x-beta: '1'}}, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the route belongs to another listener", |version| async move {
            let text = config("{name: shop, listener: internal, match: /asked, respond: {}}", "")
                .replace("127.0.0.1:0}]", "127.0.0.1:0}, {name: internal, address: 127.0.0.1:0}]");
            let gateway = Gateway::start(text).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the route redirects", |version| async move {
            let gateway = start("{name: old, match: /asked, redirect: {to: /new}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the route is closed for maintenance", |version| async move {
            let gateway = start("{name: shop, match: /asked, maintenance: true, respond: {}}", "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("a route's target has no use for a value of the request", |version| async move {
            let gateway = start("{name: old, match: /asked, redirect: {to: '/${request.query.to}'}}", "").await;
            let answer = ask(&gateway, version, Ask::get("/asked?to=%2e%2e")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("there is no such file", |version| async move {
            let setup = Gateway::with(config("{name: pages, match: /**, files: {root: pages}}", ""));
            let gateway = setup.file("pages/other.txt", "other").start().await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the file is a hidden one", |version| async move {
            let setup = Gateway::with(config("{name: pages, match: /**, files: {root: pages}}", ""));
            let gateway = setup.file("pages/.asked", "hidden").start().await;
            let answer = ask(&gateway, version, Ask::get("/.asked")).await;
            Incident::answered(gateway, &answer, ())
        }),
        case("the gateway sends it to itself", |version| async move {
            let gateway = start("{name: shop, match: /asked, respond: {}}", "").await;
            let itself = format!("{{name: shop, match: /asked, proxy: 'http://{}'}}", gateway.address(0));
            gateway.change(config(&itself, "")).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            assert_eq!(answer.status, 508);
            Incident::last(gateway, "508", &["--reason", "loop"], ())
        }),
    ]
}

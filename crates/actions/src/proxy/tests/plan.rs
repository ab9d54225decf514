//! A plan against what is sent then.

use super::*;
use crate::testing::lines;
use pintle_core::step::Plan;

#[tokio::test]
async fn a_plan_is_what_the_service_gets() {
    let service = Origin::echo().await;
    for rest in ["", ", path: '/v2/${path.rest}'", ", path: '/v2?id=${path.id}', host: orders.internal"] {
        let proxy = proxy(&format!("{{to: '{}'{rest}}}", service.url()), Known::default());
        let (mut planned, mut sent) = (exchange(&[("x-b", "2"), ("te", "trailers")]), exchange(&[("x-b", "2")]));
        let Ok(Plan::Send { target, to, copy: None }) = proxy.plan(&mut planned) else { panic!("{rest}") };
        proxy.call(&mut sent).await.expect("an answer");
        let got = service.last();
        assert_eq!((to.len(), to[0].weight, &to[0].endpoints[..]), (1, 1, &[service.address().to_string().into()][..]));
        assert_eq!((target, to[0].host.as_deref()), (got.target.clone(), Some(&*got.host)), "{rest}");
        let drawn = |line: &String| !line.starts_with("traceparent") && !line.starts_with("te:");
        let planned: Vec<String> = lines(&planned.request.fields).into_iter().filter(drawn).collect();
        let sent: Vec<String> = lines(&sent.request.fields).into_iter().filter(drawn).collect();
        assert_eq!(planned, sent, "{rest}");
    }
    assert_eq!(service.hits(), 3, "a plan sends nothing");
}

#[test]
fn a_plan_names_each_share_that_is_one_and_the_copy() {
    let text = "{split: {'http://a.test:1': 9, 'http://b.test:2': 0, 'https://c.test:3': 1}, mirror: {to: 'http://d.test:4', share: 5%}}";
    let proxy = proxy(text, Known::default());
    let Ok(Plan::Send { to, copy, .. }) = proxy.plan(&mut exchange(&[])) else { panic!("nothing is sent") };
    let told: Vec<(&str, u32, Option<&str>)> =
        to.iter().map(|one| (&*one.upstream, one.weight, one.host.as_deref())).collect();
    // A service over TLS is asked by its own name.
    assert_eq!(told, [("http://a.test:1", 9, Some("shop.test:8080")), ("https://c.test:3", 1, None)]);
    let (copy, share) = copy.expect("a copy");
    assert_eq!((&*copy.upstream, &*share), ("http://d.test:4", "5%"));
    let mut tunnel = exchange(&[]);
    tunnel.request.protocol = Some(Protocol::WebSocket);
    assert!(matches!(proxy.plan(&mut tunnel), Ok(Plan::Send { copy: None, .. })));
}

#[test]
fn a_plan_of_what_is_refused_or_ends_here_says_so() {
    let asked = |text: &str, method: Method| {
        let mut exchange = exchange(&[("max-forwards", "0")]);
        exchange.request.method = method;
        proxy(text, Known::default()).plan(&mut exchange)
    };
    let refusal = asked("{to: 'http://a.test:1', path: '/${request.query.no}'}", Method::GET).expect_err("a refusal");
    assert_eq!(refusal.reason, Reason::BadTemplate);
    let Ok(Plan::Answer(answer)) = asked("'http://a.test:1'", Method::OPTIONS) else { panic!("it goes on") };
    assert_eq!(answer.status, 204);
}

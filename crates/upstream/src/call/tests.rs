use super::*;
use crate::Resolver;
use crate::reference::Reference;
use pintle_testkit::{Origin as Service, Received, Reply, Unreachable};
use std::time::Duration;

fn upstream(url: &str) -> Arc<Upstream> {
    let Ok(Reference::Url(origin)) = Reference::parse(url) else { panic!("{url} is no URL") };
    Upstream::of_url(&origin, &Span::nowhere(), &Resolver::library(), Arc::new(|_| {}), None).expect("an upstream")
}

async fn ask(upstream: &Arc<Upstream>, target: &str, most: usize) -> Result<Answer, Refusal> {
    let mut fields = Fields::new();
    fields.append("content-type", "application/x-www-form-urlencoded");
    let deadline = Instant::now() + Duration::from_secs(20);
    let (method, body) = (&Method::POST, &Bytes::from_static(b"a=b"));
    upstream.call(&Call { method, target, host: Some("login.test"), fields: &fields, body, deadline, most }).await
}

#[tokio::test]
async fn an_answer_comes_whole_or_not_at_all() {
    let service = Service::start(async |request: Received| match &*request.target {
        "/packed" => Reply::text("x").header("content-encoding", "gzip"),
        "/teapot" => Reply::new(418).body("short"),
        _ => Reply::text("0123456789").header("cache-control", "max-age=60"),
    });
    let service = service.await;
    let upstream = upstream(&service.url());
    let answer = ask(&upstream, "/a?b=c", 10).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.content[..]), (200, &b"0123456789"[..]));
    assert_eq!(answer.fields.get(names::CACHE_CONTROL), Some(&b"max-age=60"[..]));
    let last = service.last();
    assert_eq!((&*last.method, &*last.target, last.get("host")), ("POST", "/a?b=c", Some("login.test")));
    assert_eq!(ask(&upstream, "/teapot", 10).await.expect("an answer").status.as_u16(), 418);
    let reason = async |target, most| ask(&upstream, target, most).await.expect_err("none").reason;
    assert_eq!(reason("/", 9).await, Reason::UpstreamMalformed);
    assert_eq!(reason("/packed", 9).await, Reason::UpstreamMalformed);
}

#[tokio::test]
async fn who_answers_too_late_or_not_gives_the_reason() {
    let service = Service::start(async |_: Received| std::future::pending().await).await;
    let (fields, body) = (Fields::new(), Bytes::new());
    let deadline = Instant::now() + Duration::from_millis(30);
    let call = Call { method: &Method::GET, target: "/", host: None, fields: &fields, body: &body, deadline, most: 9 };
    let late = upstream(&service.url()).call(&call).await.expect_err("none");
    assert!(matches!(late.reason, Reason::UpstreamTimeout | Reason::Timeout), "{late:?}");
    let nobody = Unreachable::new();
    let refused = ask(&upstream(&format!("http://{}", nobody.address())), "/", 9).await.expect_err("none");
    assert_eq!(refused.reason, Reason::ConnectFailed);
}

#[tokio::test]
async fn a_service_is_reached_from_another_runtime_and_others_beside_it() {
    let (one, two) = (Service::answering(Reply::text("1")).await, Service::answering(Reply::text("2")).await);
    let first = upstream(&one.url());
    let Ok(Reference::Url(origin)) = Reference::parse(&two.url()) else { panic!("no URL") };
    let (apart, beside) = (first.apart().expect("an upstream"), first.beside(&origin).expect("an upstream"));
    assert!(!Arc::ptr_eq(&first, &apart));
    for (upstream, wanted) in [(first, "1"), (apart, "1"), (beside, "2")] {
        assert_eq!(&ask(&upstream, "/", 9).await.expect("an answer").content[..], wanted.as_bytes());
    }
}

//! What `explain` says comes true: generated requests over generated configurations, explained by the library and sent
//! to the program.

use fastrand::Rng;
use pintle_config::explain::{Change, Explanation, Outcome, Question, explain};
use pintle_config::{World, assemble, describe, load};
use pintle_testkit::generate::{Generated, GeneratedRequest, Generator};
use pintle_testkit::{Answer, Ask, Fields, Gateway, H1Client, Origin, Received, until};
use std::collections::BTreeMap;

const CONFIGURATIONS: u64 = 100;
const REQUESTS: usize = 10;
const DOORS: [&str; 2] = ["127.0.0.1:0", "127.0.0.1:0"];
/// Over the smaller limits that generated configurations have, so that some are refused for it.
const CONTENT: usize = 70 * 1024;

/// A request with what is sent beside what was generated.
struct Request {
    made: GeneratedRequest,
    fields: Vec<(String, String)>,
    content: usize,
}

impl Request {
    fn new(made: GeneratedRequest, number: usize, rng: &mut Rng) -> Self {
        let mut fields = made.headers.clone();
        let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        add("x-number", &number.to_string());
        let extras = [
            ("x-debug", "1"),
            ("x_what", "forged"),
            ("x-forwarded-for", "192.0.2.1"),
            ("te", "trailers"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("accept", "text/html"),
            ("via", "1.1 other"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer.example.com:8443"),
            ("x-request-id", &format!("given-{number}")),
        ];
        for (name, value) in extras {
            if rng.u8(..4) == 0 {
                add(name, value);
            }
        }
        let content = if rng.u8(..4) == 0 { CONTENT * usize::from(rng.bool()) + 3 } else { 0 };
        Request { made, fields, content }
    }

    fn question(&self) -> Question {
        let GeneratedRequest { listener, method, host, target, .. } = &self.made;
        let mut question = Question::parse(&format!("{method} http://{host}{target}")).expect("a request");
        question.listener = Some(format!("door-{listener}"));
        for (name, value) in &self.fields {
            question.field(&format!("{name}: {value}")).expect("a field");
        }
        question.body_size(&self.content.to_string()).expect("a size");
        question
    }

    async fn send(&self, gateway: &Gateway) -> Answer {
        let GeneratedRequest { listener, method, host, target, .. } = &self.made;
        let ask = Ask::new(method, target).host(host).body(vec![b'x'; self.content]);
        let ask = self.fields.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
        H1Client::tcp(gateway.address(*listener)).await.ask(ask).await
    }
}

/// Explains requests by the configuration that stands in the gateway's folder.
fn explanations(gateway: &Gateway, requests: &[Request]) -> Vec<Explanation> {
    let mut checked = load(&gateway.folder().at("pintle.yaml"));
    let document = checked.document.as_ref().expect("a document");
    let world = World::idle();
    let runtime = assemble(document, &world, &mut checked.reader).expect("a configuration");
    let description = describe(&checked.root, document);
    let explained = |request: &Request| explain(&runtime, &description, &request.question()).expect("a good question");
    requests.iter().map(explained).collect()
}

/// How often each thing happened, so that the test cannot pass by none of it happening.
#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }
}

#[tokio::test]
async fn what_is_explained_is_what_happens() {
    let mut origins = Vec::new();
    for _ in 0..4 {
        origins.push(Origin::echo().await);
    }
    let services: Vec<String> = origins.iter().map(|origin| origin.address().to_string()).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let make = |seed| Generator::new(seed).listeners(&DOORS).services(&services).make();
    let gateway = Gateway::start(make(0).text).await;
    let (mut seen, mut logged, mut number) = (Seen::default(), Vec::new(), 0);
    for seed in 0..CONFIGURATIONS {
        let mut rng = Rng::with_seed(seed);
        let Generated { text, mut requests, .. } = make(seed);
        // For every other one the test is a proxy that is trusted, where any is.
        let text = if seed % 2 == 0 { text } else { text.replace("10.0.0.0/8", "127.0.0.0/8") };
        if seed > 0 {
            gateway.change(&text).await;
        }
        rng.shuffle(&mut requests);
        let mut chosen = Vec::new();
        for made in requests.into_iter().cycle().take(REQUESTS) {
            number += 1;
            chosen.push(Request::new(made, number, &mut rng));
        }
        for (request, explained) in chosen.iter().zip(explanations(&gateway, &chosen)) {
            let answer = request.send(&gateway).await;
            let context = format!("{text}\n{explained}\n{answer:?}");
            compare(&explained, request, &answer, &origins, &context, &mut seen);
            logged.push((answer.get("x-request-id").expect("an id").to_owned(), explained.route, context));
        }
    }
    until("the log of every request", async || (gateway.log_lines().len() >= logged.len()).then_some(())).await;
    let lines = gateway.log_lines();
    let routes: BTreeMap<&str, Option<&str>> = lines
        .iter()
        .map(|line| (line["pintle.request_id"].as_str().unwrap_or_default(), line["pintle.route"].as_str()))
        .collect();
    for (id, route, context) in &logged {
        assert_eq!(routes[id.as_str()].filter(|route| !route.is_empty()), route.as_deref(), "{context}");
    }
    let wanted = [
        "sent",
        "answered",
        "no_route",
        "method_not_allowed",
        "bad_path",
        "body_too_large",
        "split",
        "added",
        "trusted",
    ];
    for what in wanted {
        assert!(seen.0.get(what).is_some_and(|count| *count >= 5), "{what}: {:?}", seen.0);
    }
    assert_eq!(logged.len(), CONFIGURATIONS as usize * REQUESTS);
}

fn compare(
    explained: &Explanation,
    request: &Request,
    answer: &Answer,
    origins: &[Origin],
    context: &str,
    seen: &mut Seen,
) {
    let number = request.fields.iter().find(|(name, _)| name == "x-number").map(|(_, value)| value.as_str());
    let got = origins.iter().find_map(|origin| {
        let received = origin.received().into_iter().rev().find(|received| received.get("x-number") == number);
        received.map(|received| (origin.address().to_string(), received))
    });
    match &explained.outcome {
        Outcome::NoHandshake(why) => panic!("{why}\n{context}"),
        Outcome::Happened(_) => panic!("nothing has happened\n{context}"),
        Outcome::Aggregated(_) => panic!("no route is of that kind\n{context}"),
        Outcome::Sent(sent) => {
            seen.count("sent");
            let (place, received) = got.unwrap_or_else(|| panic!("no service got it\n{context}"));
            assert_eq!(
                (received.method.as_str(), received.target.as_str()),
                (&*sent.method, &*sent.target),
                "{context}"
            );
            let service = sent.to.iter().find(|service| service.endpoints.contains(&place));
            let service = service.unwrap_or_else(|| panic!("{place} got it\n{context}"));
            if sent.to.len() > 1 {
                seen.count("split");
            }
            assert_eq!(received.host, *service.host.as_ref().unwrap_or(&place), "{context}");
            let told: Vec<(&str, &str)> = (sent.fields.iter())
                .filter(|field| field.change != Change::Dropped)
                .map(|field| (field.name.as_str(), field.value.as_str()))
                .collect();
            if explained.notes.iter().any(|note| note.contains("says that the client is 192.0.2.1")) {
                seen.count("trusted");
            }
            if sent.fields.iter().any(|field| field.change == Change::Added && field.name == "x-what") {
                seen.count("added");
            }
            same_fields(&told, &received, context);
        }
        Outcome::Answered { answer: told, .. } => {
            seen.count("answered");
            assert!(got.is_none(), "{context}");
            assert_eq!(answer.status, told.status, "{context}");
            has_fields(&answer.fields, &told.fields, context);
            let content = if request.made.method == "HEAD" { "" } else { told.content.as_deref().unwrap_or_default() };
            assert_eq!(answer.text(), content, "{context}");
        }
        Outcome::Refused { reason, answer: told, .. } => {
            seen.count(*reason);
            assert!(got.is_none(), "{context}");
            assert_eq!(answer.status, told.status, "{context}");
            has_fields(&answer.fields, &told.fields, context);
            if request.made.method != "HEAD" {
                assert!(answer.text().contains(reason), "{context}");
            }
        }
    }
}

/// Each field that was told, in its order among those of its name, and no other.
fn same_fields(told: &[(&str, &str)], received: &Received, context: &str) {
    let mut names: Vec<&str> =
        told.iter().map(|(name, _)| *name).chain(received.fields.0.iter().map(|(n, _)| n.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    // Those are of the connection, and of Host there is more to say.
    for name in names.into_iter().filter(|name| !matches!(*name, "host" | "connection")) {
        let told: Vec<&str> = told.iter().filter(|(other, _)| *other == name).map(|(_, value)| *value).collect();
        let got: Vec<String> = received.fields.all(name).into_iter().map(text).collect();
        assert_eq!(told.len(), got.len(), "{name}: {told:?} {got:?}\n{context}");
        assert!(told.iter().zip(&got).all(|(told, got)| fits(told, got)), "{name}: {told:?} {got:?}\n{context}");
    }
}

/// Whether a value is what was told, where `<new>` is anything.
fn fits(told: &str, got: &str) -> bool {
    let mut rest = got;
    let mut parts = told.split("<new>").peekable();
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        let Some(at) = at.filter(|at| *at > 0) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// The text of a value, of which the testkit gives each byte as a character.
fn text(value: &str) -> String {
    let bytes: Vec<u8> = value.chars().map(|byte| u8::try_from(u32::from(byte)).expect("a byte")).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn has_fields(got: &Fields, told: &[(String, String)], context: &str) {
    for (name, value) in told {
        let got: Vec<String> = got.all(name).into_iter().map(text).collect();
        assert!(got.contains(value), "{name}: {value} {got:?}\n{context}");
    }
}

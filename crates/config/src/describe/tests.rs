use super::*;
use crate::{World, assemble};
use pintle_core::config::{Reader, Sources};
use pintle_testkit::generate::Generator;

fn read(text: &str) -> (Node, Document, Reader) {
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", text, &mut reader);
    let document = Document::read(&sources.root, &mut reader);
    let said = reader.diagnostics.render(false);
    (sources.root, document.unwrap_or_else(|| panic!("{said}")), reader)
}

fn described(text: &str) -> Description {
    let (root, document, _) = read(text);
    describe(&root, &document)
}

/// Everything that is not a place.
fn said(description: &Description) -> String {
    let policies = |all: &[PolicyDescription]| {
        all.iter().map(|p| format!("{} {:?} {:?} {}", p.place, p.level, p.named, p.settings)).collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = description.settings.iter().map(|(key, node)| format!("{key} {node}")).collect();
    lines
        .extend(description.listeners.iter().map(|l| format!("{} {} {:?}", l.name, l.settings, policies(&l.policies))));
    let mut upstreams: Vec<_> = description.upstreams.iter().map(|u| format!("{} {}", u.name, u.settings)).collect();
    upstreams.sort();
    lines.extend(upstreams);
    let route = |r: &RouteDescription| {
        let action = format!("{} {}", r.action.kind, r.action.settings);
        format!(
            "{} {} {:?} {:?} {:?} {:?} {action}",
            r.name,
            r.pattern,
            r.listeners,
            r.on,
            r.labels,
            policies(&r.policies)
        )
    };
    let mut routes: Vec<_> = description.routes.iter().map(route).collect();
    routes.sort();
    lines.extend(routes);
    lines.join("\n")
}

#[test]
fn a_route_is_described_with_all_that_is_around_it() {
    let text = "
listeners:
  - {name: door, address: 127.0.0.1:8080, policies: [{timeout: 9s}]}
upstreams: {a: {endpoints: [127.0.0.1:9001]}}
policies: {small: {body_limit: 1KiB}}
routes:
  - match: /g/**
    name: g
    labels: {team: x}
    policies: [small]
    routes:
      - match: GET /a
        policies: [{timeout: 2s}]
        proxy: a
";
    let description = described(text);
    let route = &description.routes[0];
    assert_eq!((route.name.as_str(), route.pattern.to_string().as_str()), ("g/GET /a", "GET /g/a"));
    assert_eq!(route.labels["team"], "x");
    assert_eq!(route.on, Some(0));
    assert_eq!(format!("{} {}", route.action.kind, route.action.settings), "proxy {to: a, rewrite_location: false}");
    let policies: Vec<_> =
        route.policies.iter().map(|p| (p.place, p.level.clone(), p.named.clone(), p.span.position().line)).collect();
    assert_eq!(
        policies,
        [("timeout", Level::Route, None, 13), ("body_limit", Level::Group("g".into()), Some("small".into()), 5),]
    );
    assert_eq!(description.listeners[0].policies[0].level, Level::Listener("door".into()));
    let limits = description.settings.iter().find(|(key, _)| *key == "limits").map(|(_, node)| node.to_string());
    assert!(limits.is_some_and(|limits| limits.contains("connections: 20000")), "{:?}", description.settings);
}

#[test]
fn defaults_stand_outermost_and_pages_and_maintenance_are_told() {
    let text = "
listeners:
  - {name: door, address: 127.0.0.1:8080, policies: [{timeout: 9s}]}
defaults: {policies: [{timeout: 8s}, {body_limit: 1KiB}]}
errors: {404: {json: {of: top}}}
routes:
  - match: /g/**
    maintenance: {retry_after: 5m}
    errors: {404: {json: {of: group}}}
    routes:
      - {match: /a, errors: {503: {json: {of: route}}}, respond: {}}
      - {match: /b, maintenance: false, respond: {}}
";
    let description = described(text);
    let [closed, open] = &description.routes[..] else { panic!("{description:?}") };
    let levels: Vec<_> = closed.policies.iter().map(|p| (p.place, p.level.clone())).collect();
    assert_eq!(levels, [("timeout", Level::Listener("door".into())), ("body_limit", Level::Defaults)]);
    assert_eq!(closed.maintenance.as_ref().map(Node::to_string).as_deref(), Some("{retry_after: 5m}"));
    assert_eq!(open.maintenance, None);
    let errors: Vec<String> = closed.errors.iter().map(Node::to_string).collect();
    assert_eq!(errors, ["{503: {json: {of: route}}}", "{404: {json: {of: group}}}"]);
    assert_eq!(description.listeners[0].policies.len(), 2, "the inner timeout, and the limit of `defaults`");
    let keys: Vec<_> = description.settings.iter().map(|(key, _)| *key).collect();
    assert!(keys.contains(&"errors") && !keys.contains(&"defaults"), "{keys:?}");
}

#[test]
fn each_route_of_the_table_has_its_description() {
    for seed in 0..40 {
        let made = Generator::new(seed).make();
        let (root, document, mut reader) = read(&made.text);
        let world = World::idle();
        let runtime = assemble(&document, &world, &mut reader);
        let runtime = runtime.unwrap_or_else(|| panic!("{}", reader.diagnostics.render(false)));
        let names: Vec<_> = runtime.table.values().iter().map(|route| route.facts.name.to_string()).collect();
        let described: Vec<_> = describe(&root, &document).routes.into_iter().map(|route| route.name).collect();
        assert_eq!(names, described, "{}", made.text);
    }
}

#[test]
fn how_and_in_which_order_it_is_written_makes_no_difference() {
    for seed in 0..40 {
        let made = Generator::new(seed).make();
        let one = said(&described(&made.text));
        assert_eq!(said(&described(&made.tree.write(seed + 1000))), one, "{}", made.text);

        assert_eq!(said(&described(&made.tree.shuffled(seed).write(seed))), one, "{}", made.text);
    }
}

//! What holds for every configuration: generated ones.

use super::described;
use crate::Description;
use crate::describe::PolicyDescription;
use crate::diff::{diff, tree::line};
use pintle_testkit::generate::Generator;

fn read(text: &str) -> Description {
    described("gateway.yaml", text).unwrap_or_else(|said| panic!("{said}"))
}

/// All that a description says, without places and without the order of things.
fn said(description: &Description) -> Vec<String> {
    let policies = |all: &[PolicyDescription]| -> Vec<String> {
        all.iter().map(|policy| format!("{} {}", policy.place, line(&policy.settings))).collect()
    };
    let name = |number: u32| description.listeners[number as usize].name.as_str();
    let settings = description.settings.iter().map(|(key, node)| format!("{key} {}", line(node)));
    let listeners = description.listeners.iter();
    let listeners = listeners.map(|one| format!("{} {} {:?}", one.name, line(&one.settings), policies(&one.policies)));
    let upstreams = description.upstreams.iter().map(|one| format!("{} {}", one.name, line(&one.settings)));
    let routes = description.routes.iter().map(|route| {
        let on = route.on.map(name);
        let mut listeners = route.listeners.clone();
        if let Some(names) = &mut listeners {
            names.sort();
        }
        let action = format!("{} {}", route.action.kind, line(&route.action.settings));
        let (name, pattern, labels) = (&route.name, &route.pattern, &route.labels);
        format!("{name} {pattern} {listeners:?} {on:?} {labels:?} {:?} {action}", policies(&route.policies))
    });
    let mut all: Vec<String> = settings.chain(listeners).chain(upstreams).chain(routes).collect();
    all.sort();
    all
}

#[test]
fn another_order_and_another_way_to_write_are_no_change() {
    for seed in 0..60 {
        let made = Generator::new(seed).make();
        let one = read(&made.text);
        assert!(diff(&one, &one).is_empty());
        for text in [made.tree.write(seed + 1000), made.tree.shuffled(seed).write(seed + 2000)] {
            let difference = diff(&one, &read(&text));
            assert!(difference.is_empty(), "{difference}\n{}\n{text}", made.text);
            assert_eq!(difference.to_string(), "no change\n");
        }
    }
}

#[test]
fn there_is_a_difference_where_descriptions_differ_and_nowhere_else() {
    let mut different = 0;
    for seed in 0..60 {
        let one = read(&Generator::new(seed).make().text);
        // Some digits are others; what then is no configuration is left out.
        let text = Generator::new(seed).make().tree.write(seed);
        let digits: Vec<_> = text.match_indices(|c: char| c.is_ascii_digit()).collect();
        for (at, digit) in digits.into_iter().step_by(19) {
            let mut changed = text.clone();
            changed.replace_range(at..at + 1, if digit == "1" { "2" } else { "1" });
            let Ok(other) = described("gateway.yaml", &changed) else { continue };
            let difference = diff(&one, &other);
            different += usize::from(!difference.is_empty());
            assert_eq!(difference.is_empty(), said(&one) == said(&other), "{difference}\n{text}\n{changed}");
            assert_eq!(diff(&other, &one).is_empty(), difference.is_empty(), "{text}\n{changed}");
            assert_eq!(difference.json()["changes"], !difference.is_empty());
        }
    }
    assert!(different > 50, "{different}");
}

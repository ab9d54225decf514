//! The full form of a tree, and its line of YAML.

use super::super::{Diagnostics, Node, Read, Source};
use super::types::Document;

fn parsed(text: &str) -> Node {
    let mut found = Diagnostics::new();
    let node = Node::parse(&Source::new("a.yaml", text), &mut found);
    assert!(found.is_empty(), "{}", found.render(false));
    node
}

#[test]
fn a_line_reads_back_as_what_it_was() {
    for text in [
        "{a: 1, b: [x, 'y z', \"q\\\"\"], c: {d: 'none', e: none, f: '', g: ~}}",
        "{'*.x': '[', \"a: b\": 'a: b', c: 'tail:', d: '# no', e: \"\\t\\n\\u0001\", f: 'ü - x'}",
        "[http://a:1/b?c, 127.0.0.1:80, '- x', ' x', 'x ', '${a}', unix:/x]",
    ] {
        let node = parsed(text);
        assert_eq!(parsed(&node.to_string()), node, "{node}");
    }
}

#[test]
fn defaults_short_forms_and_quotes_make_no_difference() {
    let good = include_str!("good.yaml");
    let shape = Document::shape();
    let full = shape.fill(&parsed(good));
    assert_eq!(shape.fill(&full), full, "a full form is its own");
    assert_eq!(shape.fill(&parsed(&full.to_string())), full, "{full}");
}

#[test]
fn a_short_form_means_the_first_key_of_the_long_one() {
    let shape = Document::shape();
    let full = |text: &str| shape.fill(&parsed(text));
    let long = "{routes: [{match: /, proxy: {to: orders}}], listeners: [{address: ['0.0.0.0:80']}]}";
    let short = "{listeners: [{address: '0.0.0.0:80'}], routes: [{match: /, proxy: orders}]}";
    assert_eq!(full(short), full(long));
    assert_ne!(full(short), full(&short.replace("orders", "users")));
}

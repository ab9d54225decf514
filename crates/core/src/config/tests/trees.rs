//! Texts to trees: what YAML is taken, what is refused with which remedy, and that places are what they say.

use super::said;
use crate::config::{Diagnostics, Form, Node, Source, Tree};

/// What is said of a text as YAML alone.
fn refused(text: &str, wanted: &[&str]) {
    assert_eq!(said::<Tree>(text), wanted, "{text:?}");
}

fn tree(text: &str) -> Node {
    let mut diagnostics = Diagnostics::new();
    let node = Node::parse(&Source::new("gateway.yaml", text), &mut diagnostics);
    assert_eq!(super::lines(&diagnostics), [""; 0], "{text}");
    node
}

// Rule: text-as-written
#[test]
fn scalars_are_their_text() {
    let node = tree("a: no\nb: 0755\nc: 1_000\nd: 1.20\ne: \"true\"\nf: 'x'\ng: x#y\nh: a:b\n");
    let texts: Vec<_> = node.as_map().expect("a map").iter().map(|entry| entry.value.as_text()).collect();
    assert_eq!(texts, ["no", "0755", "1_000", "1.20", "true", "x", "x#y", "a:b"].map(Some));
    let plain = |key| node.get(key).and_then(Node::as_plain);
    assert_eq!((plain("d"), plain("e"), plain("f")), (Some("1.20"), None, None));
}

#[test]
fn nothing_is_not_the_word_null() {
    let node = tree("a:\nb: ~\nc: null\nd: \"null\"\ne: \"\"\n");
    let nulls: Vec<_> = node.as_map().expect("a map").iter().map(|entry| entry.value.is_null()).collect();
    assert_eq!(nulls, [true, true, true, false, false]);
    assert_eq!(node.get("a").map(Node::form), Some(&Form::Nothing));
    assert_eq!(node.get("b").and_then(Node::as_text), Some("~"));
}

#[test]
fn block_texts_keep_their_lines() {
    let node = tree("a: |\n  x\n  y\nb: >-\n  x\n  y\n");
    assert_eq!(node.get("a").and_then(Node::as_text), Some("x\ny\n"));
    assert_eq!(node.get("b").and_then(Node::as_text), Some("x y"));
}

const SHARE: &str = "share settings by a named policy, a group of routes or `defaults`; \
                     a text that begins with `&` or `*` needs quotes";
const TAG: &str = "a text that begins with `!` needs quotes; a type is never given, as each key knows its own";
const QUOTES: &str = "put the text in quotes: \"…\", or '…' where it has double quotes itself";

// Rule: yaml-plain
#[test]
fn anchors_aliases_merge_keys_and_tags_are_refused_and_reading_goes_on() {
    let said = said::<Tree>("a: &x {b: 1}\nc: {<<: *x, d: !!str 2}\ne: !f.g\nh: 1\nh: 2\nh: 3\n");
    let wanted = [
        format!("1:4 `&x` is a YAML anchor, which Pintle does not take [{SHARE}]"),
        format!("2:5 `<<` is a YAML merge key, which Pintle does not take [{SHARE}]"),
        format!("2:9 `*x` is a YAML alias, which Pintle does not take [{SHARE}]"),
        format!("2:16 `!!str` is a YAML tag, which Pintle does not take [{TAG}]"),
        format!("3:4 `!f.g` is a YAML tag, which Pintle does not take [{TAG}]"),
        "5:1 `h` is there twice".into(),
        "6:1 `h` is there twice".into(),
    ];
    assert_eq!(said, wanted);
}

#[test]
fn many_aliases_cost_nothing() {
    let mut text = String::from("a0: &a0 [x]\n");
    for level in 1..60 {
        text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    assert_eq!(said::<Tree>(&text).len(), 60 + 59 * 9);
}

#[test]
fn a_star_wants_quotes_and_is_understood() {
    let (tree, diagnostics) = super::read::<Tree>("a: *.example.com/ü\nb: [*.x, c]\nd: **\n");
    assert_eq!(
        super::lines(&diagnostics),
        [
            "1:4 a text that begins with `*` needs quotes: `*.example.com/ü` [write \"*.example.com/ü\"]",
            "2:5 a text that begins with `*` needs quotes: `*.x` [write \"*.x\"]",
            "3:4 a text that begins with `*` needs quotes: `**` [write \"**\"]",
        ]
    );
    let tree = tree.expect("it is understood");
    assert_eq!(tree.get("a").and_then(Node::as_text), Some("*.example.com/ü"));
    refused("*.x: 1\n", &["1:1 a text that begins with `*` needs quotes: `*.x` [write \"*.x\"]"]);
    let alone = format!("1:4 a text that begins with `*` or `&` needs quotes [{QUOTES}]");
    refused("a: *\n", &[&alone]);
}

#[test]
fn texts_without_quotes_that_yaml_reads_otherwise() {
    let quotes = |message: &str| format!("{message} [{QUOTES}]");
    refused("a: b: c\n", &[&quotes("1:5 a `: ` within a text")]);
    refused("a: x ? y : z\n", &[&quotes("1:10 a `: ` within a text")]);
    refused("a: @x\n", &[&quotes("1:4 a text cannot begin with this character")]);
    refused("a: !(b)\n", &[&format!("1:4 `!(b)` is a YAML tag, which Pintle does not take [{TAG}]")]);
    let other = "put the whole value in quotes of the other kind";
    refused("a: \"b\" in c\n", &[&format!("1:8 text goes on after the closing quote [{other}]")]);
    refused("a: \"\\d\"\n", &["1:4 not an escape that double quotes know [in single quotes a backslash is itself]"]);
    refused("a: 'x\n", &["1:4 a quote is never closed"]);
    let braces = "within `{…}` or `[…]` a text with a brace or bracket of its own needs quotes";
    refused("a: {call: GET x:/y?q=${z}}\n", &[&format!("1:23 {braces} [write \"…${{…}}…\"]")]);
    refused("a: [b, x/{id}]\n", &[&format!("1:10 {braces} [write \"…/{{…}}\"]")]);
}

#[test]
fn broken_brackets_and_indentation() {
    let indented = "is the line indented like those before it?";
    refused("a: [b\n", &["1:4 a `[` is never closed"]);
    refused("a: {b: c]\n", &["1:4 a `{` is closed by `]`"]);
    refused("a: [b]]\n", &["1:7 a closing bracket that nothing opened"]);
    refused("a: [b c\nd: 3\n", &["2:2 a `:` in the middle of a list [is a `]` or `}` missing before it?]"]);
    refused("a:\n  b: 1\n c: 2\n", &[&format!("3:2 expected a key here [{indented}]")]);
    refused(
        "a: - b\n",
        &["1:4 a list cannot begin on the line of its key [put `- ` on the next line, or write `[…]`]"],
    );
    refused("a: 1\nb\n", &["2:1 expected `:` after a key on this line"]);
    refused("a:\n\tb: c\n", &["2:1 a tab where only spaces may stand [indent with spaces]"]);
    refused("a: \0\n", &["1:4 the character `\\u{0}` may not stand here"]);
}

#[test]
fn one_document_that_is_a_map() {
    refused("", &[]);
    refused("# only a comment\n", &[]);
    refused("---\na: 1\n...\n", &[]);
    refused("\u{feff}a: b\n", &[]);
    refused("a: b\r\nc: d\r\n", &[]);
    let remedy = "put it in a file of its own and name that in `include`";
    refused("a: 1\n---\nb: 2\n", &[&format!("2:1 a second document in one file [{remedy}]")]);
    refused("%YAML 1.2\n---\na: 1\n", &["1:1 a line that begins with `%` is a YAML directive [remove it]"]);
    refused("- a\n", &["1:1 expected a map with keys such as `listeners` and `routes`, found a list"]);
    refused("a:b\n", &["1:1 expected a map with keys such as `listeners` and `routes`, found `a:b`"]);
    refused("? [a]\n: b\nc: d\n", &["1:3 a key is a text, found a list"]);
    refused(": x\n", &["1:1 a key is missing before `:`"]);
}

#[test]
fn depth_is_bounded() {
    let deep = "lists and maps stand in each other more than 64 deep";
    refused(&("[".repeat(100_000)), &[&format!("1:65 {deep}")]);
    refused(&format!("a: {}", "{b: [".repeat(500)), &[&format!("1:164 {deep}")]);
    let lists = "- ".repeat(65);
    assert!(said::<Tree>(&lists).iter().any(|line| line.contains(deep)), "{:?}", said::<Tree>(&lists));
    let maps: String = (0..63).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused(&maps, &[]);
}

#[test]
fn many_comments_are_no_trouble() {
    let text = format!("a:\n{}  b: 1\nc:\n{}  - d\n", "  # x\n".repeat(500), "  # x\n".repeat(500));
    assert_eq!(tree(&text).get("a").and_then(|a| a.get("b")).and_then(Node::as_text), Some("1"));
}

#[test]
fn duplicates_among_many_keys_name_the_first() {
    let mut text: String = (0..40).map(|key| format!("key{key}: x\n")).collect();
    text += "key0: y\nkey13: y\nkey39: y\n";
    let (_, diagnostics) = super::read::<Tree>(&text);
    let firsts: Vec<_> =
        diagnostics.iter().map(|one| (one.span.position().line, one.also[0].0.position().line)).collect();
    assert_eq!(firsts, [(41, 1), (42, 14), (43, 40)]);
}

#[test]
fn the_ten_examples_are_read_and_every_place_holds_what_it_says() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/tests/examples");
    let mut count = 0;
    for entry in directory.read_dir().expect("the examples") {
        let path = entry.expect("an example").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        check_places(&tree(&text));
        count += 1;
    }
    assert_eq!(count, 10);
}

/// A child lies in its parent, and a plain text of one line stands where it says.
fn check_places(node: &Node) {
    let outer = node.span().range();
    let inside = |inner: &Node| {
        let inner = inner.span().range();
        assert!(outer.start <= inner.start && inner.end <= outer.end, "{inner:?} in {outer:?}");
    };
    match node.form() {
        Form::List(items) => {
            for item in items {
                inside(item);
                check_places(item);
            }
        }
        Form::Map(entries) => {
            for entry in entries {
                assert!(entry.key.span.text().contains(&**entry.key), "{:?}", entry.key);
                inside(&entry.value);
                check_places(&entry.value);
            }
        }
        Form::Scalar { text: value, plain: true } => assert_eq!(node.span().text(), &**value),
        Form::Scalar { .. } | Form::Nothing | Form::Broken => {}
    }
}

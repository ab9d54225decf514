use super::canonical;
use pintle_core::config::{Comment, Diagnostics, Node, Source};
use std::path::Path;

/// The canonical form, which says the same with the same comments, and is its own canonical form.
fn form(text: &str) -> String {
    let form = canonical("test.yaml", text).unwrap_or_else(|messages| panic!("{text}\n{messages}"));
    let (was, is) = (Source::new("was", text), Source::new("is", form.as_str()));
    let read = |source: &Source| {
        let mut found = Diagnostics::new();
        let node = Node::parse(source, &mut found);
        assert!(!found.has_errors(), "{}", source.text());
        node
    };
    assert_eq!(read(&was), read(&is), "{text}\n{form}");
    let words = |source: &Source| -> Vec<_> {
        Comment::all(source).iter().map(|one| one.span.text().trim_end().to_owned()).collect()
    };
    assert_eq!(words(&was), words(&is), "{text}\n{form}");
    assert_eq!(canonical("again.yaml", &form).as_ref(), Ok(&form), "it does not settle:\n{text}");
    form
}

fn folder(path: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a text"))).collect()
}

#[test]
fn the_examples_have_their_canonical_form() {
    let examples = folder("../../examples");
    assert!(examples.len() >= 4);
    for (name, text) in examples {
        assert_eq!(form(&text), text, "run `pintle fmt` on {name}");
    }
}

#[test]
fn the_examples_of_what_is_planned_keep_their_meaning() {
    let examples = folder("../core/src/config/tests/examples");
    assert!(examples.len() >= 10);
    for (_, text) in examples {
        form(&text);
    }
}

#[test]
fn layout_is_made_anew() {
    let cases = [
        ("a:   1\n\n\n\nb:  2", "a: 1\n\nb: 2\n"),
        ("a:\n- b\n-   c\n", "a:\n  - b\n  - c\n"),
        ("a: { b: 1,c: [ 1,2 ] }\n", "a: {b: 1, c: [1, 2]}\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a: 'x'\n", "a: \"x\"\n"),
        ("a: '\"x\"'\n", "a: '\"x\"'\n"),
        ("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\nb: |\n  x\n  y\n"),
        ("---\na: 1\n", "---\na: 1\n"),
        ("  # head\n\na:\n  - b\nc: 2", "# head\n\na:\n  - b\nc: 2\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(form(text), expected, "of {text:?}");
    }
}

#[test]
fn a_file_that_says_nothing_stays_empty_but_for_comments() {
    assert_eq!(form(""), "");
    assert_eq!(form("\n\n  \n"), "");
    assert_eq!(form("# a\n\n\n\n#b"), "# a\n\n#b\n");
}

#[test]
fn a_list_or_map_that_is_too_wide_gets_a_line_for_each_item() {
    let item = "a-value-of-twenty-xx";
    let wide = format!("a: [{}]\n", [item; 9].join(", "));
    assert!(form(&wide).starts_with("a: [\n  a-value"), "{}", form(&wide));
    let narrow = format!("a: [{}]\n", [item; 5].join(", "));
    assert_eq!(form(&narrow), narrow);
    assert_eq!(form(&format!("a: [\n  {},\n]\n", [item; 5].join(",\n  "))), narrow);
    let word = "x".repeat(5_000);
    assert_eq!(form(&format!("a: {word}\n")), format!("a: {word}\n"));
}

#[test]
fn comments_stay_wherever_they_stand() {
    let text = "# head

# of listeners
listeners: # behind a key
  # before an item
  - address: 127.0.0.1:8080 # behind a value
  # between items

  # and after a blank line
  - # behind a dash
    address: 127.0.0.1:8081
# dedented
routes: [a, # within
  # a list
  b]
nothing:
  # below a key with nothing
last: {a: 1, # in a map
  b: 2}
# end";
    let form = form(text);
    for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
        assert!(form.contains(line.trim_start()), "{line}\n{form}");
    }
}

#[test]
fn comments_in_a_column_stay_in_it() {
    let text = "a: 1         # one\nlonger: 2    # two\n\nb:\n  c: 3       # three\n";
    assert_eq!(form(text), text);
    assert_eq!(form("a:    1      # one\nb: 2 # two\n"), "a: 1         # one\nb: 2 # two\n");
    // No room any more, and no more room than one space asks for.
    assert_eq!(form("a: [1,2,3]  # one\n"), "a: [1, 2, 3] # one\n");
    assert_eq!(form("a:\n    - b # one\n"), "a:\n  - b # one\n");
}

#[test]
fn what_texts_say_stays_to_the_last_space() {
    for text in [
        "a: |\n  x  \n   y\n\n  z\n",
        "a: |-\n  x\n  # no comment\nb: 1\n",
        "a: |2\n    x\n   y\n",
        "a: >\n\n\n  x\n  y\n\n  z\n",
        "a: >-\n    folded\n    text\n",
        "a: plain text that\n  goes on\n\n  and on\n",
        "a: \"quoted\n  text \\\n  on\"\n",
        "a: \"caf\\u00e9 \u{a0}漢字 🦀\\n\"\n",
        "a: ''\nb: ~\nc: null\nd:\n",
        "a: {}\nb: []\n",
        "\"a b\" : c\n? d\n: e\n",
        "- - a\n  - b\n-\n  c: d\n",
        "a: \"#\" # no\nb: x#y\n",
    ] {
        form(text);
    }
}

#[test]
fn what_follows_a_comment_that_says_so_is_kept() {
    assert_eq!(form("x:  1\n# fmt: keep\na:   [1,\n  2]\nb:   1\n"), "x: 1\n# fmt: keep\na:   [1,\n  2]\nb: 1\n");
}

#[test]
fn what_the_reader_refuses_is_not_formatted() {
    for (text, part) in [
        ("a: [\n", "never closed"),
        ("a: &x 1\nb: *x\n", "anchor"),
        ("a: 1\na: 2\n", "twice"),
        ("a: 1\n---\nb: 2\n", "document"),
        ("a: !tag 1\n", "tag"),
        (&"[".repeat(100_000), ":1:65"),
        (&format!("{}a: 1\n", "- ".repeat(10_000)), ":1:"),
    ] {
        let messages = canonical("test.yaml", text).expect_err("it is refused");
        assert!(messages.contains("test.yaml:") && messages.contains(part), "{messages}");
    }
}

#[test]
fn as_deep_as_the_reader_goes_the_layout_goes() {
    let deep = format!("{}x{}\n", "[".repeat(64), "]".repeat(64));
    assert_eq!(form(&deep), deep);
    form(&format!("{}x\n", "- ".repeat(30)));
    let messages = canonical("test.yaml", &format!("{}x\n", "- ".repeat(31))).expect_err("it is refused");
    assert!(messages.contains("test.yaml:1:61") && messages.contains("nothing was written"), "{messages}");
}

#[test]
fn columns_within_what_fits_are_formatted_however_they_grow() {
    // Each list in a map moves by two columns; at some depth the layout is too far for a second one.
    for depth in 1..22 {
        let text: String =
            (0..depth).map(|i| format!("{0}a:\n{0}- b: 1\n{0}  c: 2\n{0}  d:\n", "   ".repeat(i))).collect();
        match canonical("test.yaml", &text) {
            Ok(form) => assert!(form.lines().count() == 4 * depth),
            Err(messages) => assert!(depth > 9 && messages.contains("nothing was written"), "{depth}: {messages}"),
        }
    }
}

#[test]
fn a_form_that_would_say_something_else_is_refused_with_its_place() {
    // Blank lines at the end of a text that keeps them are beyond the layout.
    let messages = canonical("test.yaml", "a: 1\nb: |+\n  x\n\n\nc: 1\n").expect_err("it is refused");
    assert!(messages.contains("test.yaml:3:") && messages.contains("nothing was written"), "{messages}");
}

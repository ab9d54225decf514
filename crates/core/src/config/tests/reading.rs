//! What derived types make of good texts, and which consequences are left unsaid.

use std::time::Duration;

use super::types::{BalanceWord, Document, OrNone, Workers};
use super::{read, said};
use crate::config::{
    ByteSize, ExpressionText, Grammar, Map, Node, OneOrMany, Read, Reader, Shape, Spanned, TemplateText, Text, Tree,
};

const GOOD: &str = include_str!("good.yaml");

#[test]
fn a_good_file_is_read_with_its_defaults() {
    use super::types::{Balance, BalanceBy, Endpoint, Policy, PolicyRef, Target};

    let (document, diagnostics) = read::<Document>(GOOD);
    assert_eq!(super::lines(&diagnostics), [""; 0]);
    let document = document.expect("it is good");
    assert_eq!(document.workers, Workers::Auto);
    assert_eq!((document.limits.connections, document.limits.body.bytes()), (20_000, 10 << 20));
    assert_eq!(document.listeners[0].address.len(), 2);

    let orders = document.upstreams.get("orders").expect("it is there");
    assert!(matches!(&orders.endpoints[0], Endpoint::Short(text) if text == "127.0.0.1:9001"));
    assert!(matches!(&orders.endpoints[1], Endpoint::Long(long) if long.weight == 3));
    assert!(matches!(&orders.balance, Balance::Word(BalanceWord::LeastRequests)));
    assert_eq!(orders.timeout, Duration::from_secs(30));
    let users = document.upstreams.get("users").expect("it is there");
    assert!(matches!(&users.balance, Balance::By(BalanceBy::Hash(key)) if key == "client.ip"));

    let group = &document.routes[1];
    assert_eq!(group.routes[0].pattern.value, "/a");
    assert_eq!(group.routes[0].pattern.span.position().line, 21);
    assert_eq!(group.at.position().column, 5);
    let child = &group.routes[0];
    assert!(matches!(&child.policies[0], PolicyRef::Named(name) if name.value == "slow"));
    assert!(matches!(&child.policies[1], PolicyRef::Inline(Policy::Timeout(OrNone::Off))));
    assert!(matches!(&child.proxy, Some(Target::Proxy(proxy)) if proxy.mirror.expect("a share").fraction() == 0.05));
    let body = group.routes[1].respond.as_ref().and_then(|respond| respond.body.as_ref()).expect("a body");
    assert_eq!(body.get("items").and_then(|items| items.as_list()).map(<[_]>::len), Some(2));
    assert!(body.get("none").expect("it is there").is_null());
}

#[test]
fn a_missing_key_is_not_said_of_when_a_slip_explains_it() {
    assert_eq!(said::<Document>("listener: []"), ["1:1 unknown key `listener` [did you mean `listeners`?]"]);
    assert_eq!(said::<Document>("routes: []"), ["1:1 `listeners` is missing"]);
}

#[test]
fn after_a_syntax_error_nothing_is_missing_and_the_rest_is_still_said() {
    let text = "routes:\n  - match: /a\n    polices: []\n  - name: b\n    proxy: {to: x${y}}\n";
    let braces = "within `{…}` or `[…]` a text with a brace or bracket of its own needs quotes";
    assert_eq!(
        said::<Document>(text),
        [
            "3:5 unknown key `polices` [did you mean `policies`?]".to_owned(),
            format!("5:19 {braces} [write \"…${{…}}…\"]"),
        ]
    );
}

#[test]
fn a_kind_stands_alone() {
    let text = "listeners: []\npolicies:\n  a:\n    rate_limit:\n    rate: 5/s\n    burst: 5\n  b: {}\n  c: {nope: 1, no: 2}\n";
    assert_eq!(
        said::<Document>(text),
        [
            "5:5 `rate`, `burst` stand beside `rate_limit`, not in it \
             [indent it further than `rate_limit`, or write `rate_limit: {…}`]",
            "7:6 expected one policy, found an empty map [one of `timeout`, `rate_limit`]",
            "8:6 expected one policy, found 2: `nope`, `no` [keep one; where several may stand, each is a map of its own]",
            "8:7 unknown policy `nope` [there are `timeout`, `rate_limit`]",
            "8:16 unknown policy `no` [there are `timeout`, `rate_limit`]",
        ]
    );
}

#[test]
fn containers_read_every_item() {
    let of = |text| said::<Map<OneOrMany<Duration>>>(text);
    assert_eq!(
        of("a: 5\nb: [1s, x, 7]\nc: 1m\n"),
        [
            "1:4 expected a duration such as 5s, found `5` [a duration needs its unit: 5s or 5ms?]",
            "2:9 expected a duration such as 5s, found `x`",
            "2:12 expected a duration such as 5s, found `7` [a duration needs its unit: 7s or 7ms?]",
        ]
    );
    let (map, _) = read::<Map<OneOrMany<Duration>>>("b: 1s\na: [2s, 3s]\n");
    let map = map.expect("it is good");
    assert_eq!((map[0].0.value.as_str(), map[1].1.len()), ("b", 2), "the written order stays");
    assert_eq!(of("a: {b: 1}"), ["1:4 expected a duration such as 5s, found a map"]);
}

#[test]
fn equal_values_are_equal_wherever_they_stand() {
    let (one, _) = read::<Map<Spanned<String>>>("a: b");
    let (two, _) = read::<Map<Spanned<String>>>("\n\na:  \"b\"");
    assert_eq!(one, two);
}

#[test]
fn a_type_may_hold_itself_and_says_its_shape() {
    let Shape::Map { name, fields, .. } = Document::shape() else { panic!("a map") };
    assert_eq!(name, "Document");
    let field = |key: &str| fields.iter().find(|field| field.key == key).expect("a field").clone();
    assert!(field("listeners").required && !field("routes").required && field("admin").later);
    assert_eq!((field("workers").default, field("admin").doc), (Some("auto"), "The admin interface."));
    let Shape::List(route) = (field("routes").shape)() else { panic!("a list") };
    let Shape::Map { fields, .. } = route() else { panic!("a map") };
    let keys: Vec<_> = fields.iter().map(|field| (field.key, field.required)).collect();
    assert_eq!(keys[..2], [("name", false), ("match", true)]);
    assert_eq!(fields.len(), 6, "the place is no key");
    let Shape::Words { words, .. } = BalanceWord::shape() else { panic!("words") };
    assert_eq!(words.iter().map(|word| (word.word, word.later)).next_back(), Some(("random", true)));
    assert!(matches!(Tree::shape(), Shape::Any));
}

/// How long to wait.
#[derive(Debug, PartialEq, Read)]
#[read(transparent, check)]
struct Patience(Duration);

impl Patience {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.0.is_zero() {
            reader.error("unexpected", "too little", node.span());
            return None;
        }
        Some(self)
    }
}

/// How many.
#[derive(Debug, PartialEq, Read)]
#[read(text, expected = "a number up to 8, or `all`", range = "1-8", or = "all")]
struct Portion(String);

impl Text for Portion {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Portion(text.to_owned()))
    }
}

#[test]
fn a_text_says_what_may_stand_in_it() {
    let grammar = |shape| match shape {
        Shape::Text { grammar, .. } => grammar,
        other => panic!("no text: {other:?}"),
    };
    assert_eq!(grammar(Duration::shape()), Grammar::Duration);
    assert_eq!(grammar(ByteSize::shape()), Grammar::Size);
    assert_eq!(grammar(TemplateText::shape()), Grammar::Template);
    assert_eq!(grammar(ExpressionText::shape()), Grammar::Expression);
    assert_eq!(grammar(String::shape()), Grammar::Free);
    assert_eq!(grammar(Portion::shape()), Grammar::Number { min: 1, max: 8, or: &["all"] });
}

#[test]
fn a_type_around_another_has_its_own_name_and_check() {
    let Shape::Text { name, doc, grammar, .. } = Patience::shape() else { panic!("a text") };
    assert_eq!((name, doc, grammar), ("Patience", "How long to wait.", Grammar::Duration));
    let patience = |text: &str| {
        read::<Map<Patience>>(&format!("a: {text}")).0.map(|all| all.0.into_iter().map(|(_, one)| one).collect())
    };
    assert_eq!(patience("5s"), Some(vec![Patience(Duration::from_secs(5))]));
    assert_eq!((patience("0s"), patience("5")), (None, None));
}

//! What is read of variables, by its text.

use super::*;
use crate::template::{Access, Step, Taken};

/// `tier` of `parts.profile.body` is `parts.profile.body>tier`, an item `>[0]` or `>[]`.
fn shown(text: &str, accesses: &[Access<'_>]) -> String {
    let step = |step: &Step<'_>| match step.taken {
        Taken::Member(name) => {
            let there = &text[step.range.clone()];
            assert_eq!(there.trim_matches(['\'', '"', ')']), name, "{text}");
            format!(">{name}")
        }
        Taken::Item(Some(at)) => format!(">[{at}]"),
        Taken::Item(None) => ">[]".to_owned(),
    };
    let one = |access: &Access<'_>| {
        text[access.range.clone()].to_owned() + &access.steps.iter().map(step).collect::<String>()
    };
    accesses.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_read_of_variables() {
    for (text, expected) in [
        ("parts.profile.body.tier != 'none'", "parts.profile.body>tier"),
        ("parts.orders.body.items", "parts.orders.body>items"),
        ("parts.orders.body['items'][0].id", "parts.orders.body>items>[0]>id"),
        ("parts['orders'].body.a['b'].c", "parts['orders'].body>a>b>c"),
        ("parts.orders.body", "parts.orders.body"),
        (
            "parts.orders.status == 200 && parts.orders.headers['x'] == 'y'",
            "parts.orders.status parts.orders.headers['x']",
        ),
        ("parts.orders.body.items.map(i, i.name)", "parts.orders.body>items>[]>name"),
        ("parts.orders.body.items.map(i, 1)", "parts.orders.body>items"),
        (
            "parts.orders.body.items.map(i, i.ok, i.name)",
            "parts.orders.body>items>[]>ok parts.orders.body>items>[]>name",
        ),
        (
            "parts.orders.body.items.filter(i, i.ok)[0].id",
            "parts.orders.body>items>[]>ok parts.orders.body>items>[0]>id",
        ),
        (
            "parts.orders.body.items.filter(i, i.ok).map(o, o.id)",
            "parts.orders.body>items>[]>ok parts.orders.body>items>[]>id",
        ),
        (
            "parts.orders.body.all(o, o.lines.exists(l, l.sku == o.id))",
            "parts.orders.body>[]>lines>[]>sku parts.orders.body>[]>id",
        ),
        (
            "(order.ok ? parts.profile.body : parts.orders.body).name",
            "order>ok parts.profile.body>name parts.orders.body>name",
        ),
        ("parts.orders.body[order.item].total", "parts.orders.body order>item"),
        ("parts.orders.body.items[size(order.list)].id", "order>list parts.orders.body>items>[]>id"),
        (
            "has(parts.profile.body.nick) ? parts.profile.body.nick : 'x'",
            "parts.profile.body>nick parts.profile.body>nick",
        ),
        ("{'a': order.item, order.key: [order.x.y]}", "order>item order>key order>x>y"),
        ("!order.ok || -order.n < 3", "order>ok order>n"),
        ("'x' in request.headers", "request.headers"),
        ("order.name.contains('x') && order.name.matches('[a]')", "order>name order>name"),
        ("order.kind in ['a','b','c','d','e','f','g','h','i']", "order>kind"),
        ("[order].map(o, o.x)", "order"),
        ("order.items.map(i, i.a)[0].b", "order>items>[]>a"),
        ("1 + 2", ""),
    ] {
        let expression = Expression::compile(text, &declared()).unwrap();
        let reads: Vec<_> = expression.reads().collect();
        let got = shown(text, &reads).replace("'x' in request.headers", "request.headers");
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn where_a_value_is_taken_from() {
    for (text, expected) in [
        ("parts.orders.body.items", "parts.orders.body>items"),
        ("order.ok ? parts.orders.body.items : []", "parts.orders.body>items"),
        ("parts.orders.body.items.filter(i, i.ok)", "parts.orders.body>items"),
        ("parts.orders.body.items.map(i, i.ok)", ""),
        ("parts.orders.body + []", ""),
    ] {
        let expression = Expression::compile(text, &declared()).unwrap();
        assert_eq!(shown(text, &expression.origins().collect::<Vec<_>>()), expected, "{text}");
    }
}

#[test]
fn templates_say_where_it_stands_in_them() {
    let text = "/items/${order.item}?by=${ parts.profile.body.name }&x=$${y}";
    let template = Template::compile(text, Place::Url, &declared()).unwrap();
    assert_eq!(shown(text, &template.reads().collect::<Vec<_>>()), "order>item parts.profile.body>name");
    let parts: Vec<_> = template
        .parts()
        .map(|part| match part {
            Part::Literal(text) => text.to_owned(),
            Part::Value(expression) => format!("<{}>", expression.text().trim()),
        })
        .collect();
    assert_eq!(parts, ["/items/", "<order.item>", "?by=", "<parts.profile.body.name>", "&x=${y}"]);
}

#[test]
fn ways_that_multiply_are_bounded() {
    let either = |inner: &str| format!("(order.c ? {inner}.a : {inner}.b)");
    let many = (0..60).fold("order".to_owned(), |text, at| format!("(order.c{at} ? order.x{at} : {text})"));
    let mut text = many;
    for name in ["i", "j", "k", "l"] {
        text = format!("{text}.map({name}, {})", either(name));
    }
    if let Ok(expression) = Expression::compile(&text, &declared()) {
        assert!(expression.reads().count() < 100_000);
    }
}

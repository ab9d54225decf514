//! Generated expressions, run by this evaluator and by the interpreter of the `cel` crate.

use std::sync::Arc;

use cel::objects::Key;
use cel::{Context, Env};

use super::*;

/// An expression of about `depth` levels, often of matching types. Maps have one key, as the interpreter's have no order.
fn generate(random: &mut fastrand::Rng, depth: usize, kind: usize, out: &mut String) {
    let kind = if random.u8(..) < 12 { random.usize(..6) } else { kind };
    if depth == 0 {
        out.push_str(match kind {
            0 => random.choice(["0", "1", "2", "-3", "7", "9223372036854775807", "n"]).unwrap(),
            1 => random.choice(["''", "'a'", "'b,c'", "'äö'", "'Abc'", "' x '", "t"]).unwrap(),
            2 => random.choice(["true", "false", "yes"]).unwrap(),
            3 => random.choice(["[]", "[1, 2]", "['a', 'b']", "[[1], []]", "[true, 1.0, null]", "l"]).unwrap(),
            4 => random.choice(["1.5", "0.0", "-2.0", "1e10", "d"]).unwrap(),
            _ => {
                random.choice(["{}", "{'a': 1}", "{'b': {'c': 'd'}}", "{true: 3}", "null", "3u", "b'x'", "m"]).unwrap()
            }
        });
        return;
    }
    // `_` stands for an operand of the kind that follows it.
    let forms: &[&str] = match kind {
        0 => &[
            "(_0 + _0)",
            "(_0 - _0)",
            "(_0 * _0)",
            "(_0 / _0)",
            "(_0 % _0)",
            "(-(_0))",
            "size(_1)",
            "size(_3)",
            "_1.indexOf(_1)",
            "int(_4)",
            "int(_1)",
            "_3[_0]",
            "(_2 ? _0 : _0)",
            "_1.lastIndexOf(_1)",
            "_5.a",
            "int(uint(_0))",
            "_1.indexOf(_1, _0)",
            "_1.lastIndexOf(_1, _0)",
        ],
        1 => &[
            "(_1 + _1)",
            "_1.lowerAscii()",
            "_1.upperAscii()",
            "_1.replace(_1, _1)",
            "_1.substring(_0)",
            "_1.substring(_0, _0)",
            "_1.trim()",
            "string(_0)",
            "string(_2)",
            "_3.join(_1)",
            "_1.charAt(_0)",
            "_1.reverse()",
            "'%s|%s'.format([_1, _0])",
            "_1.replace(_1, _1, _0)",
            "strings.quote(_1)",
            "'%s %d'.format(_3)",
            "_3.join()",
        ],
        2 => &[
            "(_0 == _0)",
            "(_0 < _0)",
            "(_1 == _1)",
            "(_1 <= _1)",
            "(_2 && _2)",
            "(_2 || _2)",
            "!(_2)",
            "(_0 in _3)",
            "(_1 in _5)",
            "_1.contains(_1)",
            "_1.startsWith(_1)",
            "_1.endsWith(_1)",
            "_3.all(x, _2)",
            "_3.exists(x, _2)",
            "_3.exists_one(x, _2)",
            "(_3 == _3)",
            "(_4 >= _0)",
            "(_5 != _5)",
            "has(_5.a)",
            "_3.exists(x, x == _0)",
            "_3.all(x, x > _0)",
            "(type(_0) == type(_4))",
            "bool(_1)",
            "(_4 == _0)",
            "(_0 > _4)",
        ],
        3 => &[
            "(_3 + _3)",
            "[_0, _1]",
            "_3.map(x, x)",
            "_3.map(x, _0)",
            "_3.filter(x, _2)",
            "_1.split(_1)",
            "_3.map(x, _2, _1)",
            "_1.split(_1, _0)",
            "[_5]",
            "_3.map(x, x + _0)",
            "_3.filter(x, x == _0)",
        ],
        4 => &["(_4 + _4)", "(_4 / _4)", "(_4 * _4)", "double(_0)", "(-(_4))", "(_4 - _4)", "double(_1)"],
        _ => &[
            "{'a': _0}",
            "{_1: _1}",
            "_5.b",
            "_5['a']",
            "_5[_1]",
            "bytes(_1)",
            "uint(_0)",
            "{_0: _3}",
            "dyn(_5)",
            "(_5 + _5)",
        ],
    };
    let form = *random.choice(forms).unwrap();
    let mut rest = form;
    while let Some(at) = rest.find('_').filter(|at| rest[at + 1..].starts_with(|c: char| c.is_ascii_digit())) {
        out.push_str(&rest[..at]);
        let kind = usize::from(rest.as_bytes()[at + 1] - b'0');
        let deeper = random.usize(..depth);
        generate(random, deeper, kind, out);
        rest = &rest[at + 2..];
    }
    // `exists_one` has an underscore of its own.
    match rest.find("_one(x, _2)") {
        Some(at) => {
            out.push_str(&rest[..at]);
            out.push_str("_one(x, ");
            generate(random, depth - 1, 2, out);
            out.push(')');
        }
        None => out.push_str(rest),
    }
}

fn same(own: &Value<'_>, other: &cel::Value) -> bool {
    match (own, other) {
        (Value::Null, cel::Value::Null) => true,
        (Value::Bool(a), cel::Value::Bool(b)) => a == b,
        (Value::Int(a), cel::Value::Int(b)) => a == b,
        (Value::Uint(a), cel::Value::UInt(b)) => a == b,
        (Value::Double(a), cel::Value::Float(b)) => a == b || a.is_nan() && b.is_nan(),
        (Value::Text(a), cel::Value::String(b)) => *a == b.as_str(),
        (Value::Bytes(a), cel::Value::Bytes(b)) => a.as_ref() == b.as_slice(),
        (Value::List(a), cel::Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(&a, b)),
        (Value::Map(a), cel::Value::Map(b)) => {
            a.len() == b.map.len()
                && b.map.iter().all(|(key, value)| {
                    let key = match key {
                        Key::Int(int) => Value::Int(*int),
                        Key::Uint(uint) => Value::Uint(*uint),
                        Key::Bool(bool) => Value::Bool(*bool),
                        Key::String(text) => Value::text(text),
                    };
                    a.find(&key).is_some_and(|own| same(&own, value))
                })
        }
        _ => false,
    }
}

/// Where the interpreter leaves the standard: it adds the keys of a map to a list, which the standard does not, and
/// fails where NaN is compared to an integer, which is false.
fn differs(own: &Result<Value<'_>, EvalError>, other: &Result<cel::Value, cel::ExecutionError>) -> bool {
    match (own, other) {
        (Err(own), Ok(_)) => own.message == "`+` does not take a list and a map",
        (Ok(_), Err(cel::ExecutionError::NoSuchOverload(error))) => {
            let types = error.argument_types();
            error.function().contains(['<', '>']) && types.contains(&"double".into()) && types.contains(&"int".into())
        }
        _ => false,
    }
}

const NAMES: [&str; 6] = ["n", "t", "yes", "l", "d", "m"];

fn scope() -> MapScope {
    let values = [
        Value::Int(5),
        text("a,b"),
        Value::Bool(true),
        Value::list([Value::Int(1), text("a"), Value::Int(5)]),
        Value::Double(2.5),
        map(&[("b", text("x"))]),
    ];
    let captured = values.into_iter().enumerate().map(|(at, value)| (Variable::Part(at, PartField::Body), value));
    MapScope(captured.collect())
}

fn other_scope(context: &mut Context<'_, '_>) {
    let list: Vec<cel::Value> = vec![1.into(), "a".into(), 5.into()];
    let map = HashMap::from([("b", cel::Value::from("x"))]);
    context.add_variable_from_value("n", 5);
    context.add_variable_from_value("t", "a,b");
    context.add_variable_from_value("yes", true);
    context.add_variable_from_value("l", list);
    context.add_variable_from_value("d", 2.5);
    context.add_variable_from_value("m", map);
}

/// Here a name is a part's body, whose type is not known beforehand; there it is a plain variable.
fn with_parts(source: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(token) = lex::next(source, at) {
        out.push_str(&source[at..token.range.start]);
        let word = &source[token.range.clone()];
        let after_dot = out.ends_with('.');
        match NAMES.contains(&word) && !after_dot {
            true => out.push_str(&format!("parts.{word}.body")),
            false => out.push_str(word),
        }
        at = token.range.end;
    }
    out + &source[at..]
}

// Rule: cel
#[test]
fn generated_expressions_give_what_the_interpreter_gives() {
    let count = std::env::var("PINTLE_ORACLE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(4_000);
    let seed = std::env::var("PINTLE_ORACLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (values, errors, refused) = with_large_stack(move || compare(count, seed));
    assert!(values > count / 4, "{values} values, {errors} errors, {refused} refused");
    assert!(refused < count / 2, "{values} values, {errors} errors, {refused} refused");
}

fn compare(count: usize, seed: u64) -> (usize, usize, usize) {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_extension(cel::extensions::strings).unwrap();
    env.set_error_on_duplicate_map_keys(true);
    let env = Arc::new(env);
    let mut context = Context::with_env(env.clone());
    other_scope(&mut context);
    let declared = Declared::nothing().parts(&NAMES);
    let scope = scope();
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut values, mut errors, mut refused) = (0, 0, 0);
    for _ in 0..count {
        let (depth, kind) = (random.usize(1..5), random.usize(..6));
        let mut source = String::new();
        generate(&mut random, depth, kind, &mut source);
        let other = env.compile(&source).expect(&source).execute(&context);
        let own = match Expression::compile(&with_parts(&source), &declared) {
            Ok(own) => own,
            // A type that cannot be right is found before it runs; the interpreter finds it where it gets there.
            Err(fault) => {
                let told = ["take", "wanted", "has no", "unknown name `x`", "at most", "no key"];
                assert!(told.iter().any(|word| fault.message.contains(word)), "{source}: {fault}");
                refused += 1;
                continue;
            }
        };
        match (own.evaluate(&scope), other) {
            (Ok(own), Ok(other)) => {
                assert!(same(&own, &other), "{source}\n  own   {own:?}\n  other {other:?}");
                values += 1;
            }
            (Err(_), Err(_)) => errors += 1,
            (own, other) if differs(&own, &other) => errors += 1,
            (own, other) => panic!("{source}\n  own   {own:?}\n  other {other:?}"),
        };
    }
    (values, errors, refused)
}

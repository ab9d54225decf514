//! What the language is, by example.

use super::*;

#[track_caller]
fn all(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(source, expected)| (source, expected, run(source)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(source, expected, found)| format!("{source}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// Rule: names-values
#[test]
fn names() {
    all(&[
        ("client.ip", "\"192.0.2.1\""),
        ("client['ip']", "\"192.0.2.1\""),
        ("client.port + 1", "4712"),
        ("request.method == 'GET' ? 1 : 2", "1"),
        ("request.headers['X-Tenant'].lowerAscii()", "\"acme\""),
        ("request.headers['nope']", "!this is absent"),
        ("has(request.headers.accept)", "true"),
        ("has(request.headers.nope)", "false"),
        ("has(request.cookies.session) && !has(request.cookies.other)", "true"),
        ("'X-Tenant' in request.headers", "true"),
        ("'nope' in request.headers", "false"),
        ("request.headers.exists(name, name.startsWith('x-'))", "true"),
        ("request.headers.exists(name, request.headers[name] == 'Acme')", "true"),
        ("size(request.headers)", "3"),
        ("request.query.q", "\"a b&c\""),
        ("request.query_all.q[1]", "\"d\""),
        ("request.query.map(k, k)", "[\"q\",\"empty\"]"),
        ("path.id + path.rest", "\"7/8x/y%20z\""),
        ("claims.sub", "\"u1\""),
        ("has(claims.sub) && !has(claims.email)", "true"),
        ("claims.email", "!there is nothing under this key"),
        ("\"orders:read\" in claims.scope.split(\" \") && request.method in [\"GET\", \"HEAD\"]", "true"),
        ("\"partners\" in consumer.groups", "true"),
        ("has(consumer.name)", "false"),
        ("has(client.tls)", "false"),
        ("has(client.tls.subject)", "false"),
        ("parts.profile.body.items[0]", "\"a\""),
        ("parts.orders.body == null", "true"),
        ("order.item", "42"),
        (".client.ip", "\"192.0.2.1\""),
        ("response.status >= 500 || response.status < 300", "true"),
        ("[1].map(client, client + 1)", "[2]"),
        ("[{'ip': 1}].map(client, client.ip)", "[1]"),
    ]);
}

#[test]
fn numbers_out_of_json_keep_their_text_and_take_the_type_they_meet() {
    all(&[
        ("request.body.price", "1.10"),
        ("request.body.long", "12345678901234567890123"),
        ("[request.body.price]", "[1.10]"),
        ("string(request.body.price)", "\"1.10\""),
        ("request.body.count + 1", "4"),
        ("request.body.count * 2.0", "6d"),
        ("request.body.count + request.body.price > 4.09", "true"),
        ("request.body.price + 1", "!`+` does not take a double and an int"),
        ("request.body.long + 1", "!this number fits neither an int nor a double"),
        ("request.body.count == 3.0 && 3u == request.body.count", "true"),
        ("request.body.long == request.body.long", "true"),
        ("-request.body.count", "-3"),
        ("request.body.items[request.body.count - 2]", "2"),
        ("type(request.body.price)", "double"),
        ("type(request.body.count)", "int"),
        ("double(request.body.count) / 2.0", "1.5d"),
        ("request.body.items == ['a', 2, null]", "true"),
    ]);
}

#[test]
fn arithmetic_never_wraps() {
    all(&[
        ("1 + 2 * 3 - 4 / 2 % 3", "5"),
        ("9223372036854775807 + 1", "!the result is out of range"),
        ("-9223372036854775808 - 1", "!the result is out of range"),
        ("-9223372036854775808 / -1", "!the result is out of range"),
        ("-(-9223372036854775808)", "!the result is out of range"),
        ("0u - 1u", "!the result is out of range"),
        ("1 / 0", "!division by zero"),
        ("1u % 0u", "!division by zero"),
        ("1.0 / 0.0 > 1e300", "true"),
        ("0.0 / 0.0 == 0.0 / 0.0", "false"),
        ("0.0 / 0.0 < 1.0", "false"),
        ("'a' + 'b' + \"c\"", "\"abc\""),
        ("[1] + [2]", "[1,2]"),
        ("b'a' + b'b'", "b[97, 98]"),
        ("1 == 1.0 && 1u == 1 && 1 != 1.5", "true"),
        ("1 < 1.5 && 2u > 1 && -1 < 0u", "true"),
        ("0x10 + 1", "17"),
    ]);
}

#[test]
fn errors_are_absorbed_by_what_decides() {
    all(&[
        ("true || 1 / 0 == 1", "true"),
        ("1 / 0 == 1 || true", "true"),
        ("false && 1 / 0 == 1", "false"),
        ("1 / 0 == 1 && false", "false"),
        ("1 / 0 == 1 && true", "!division by zero"),
        ("request.headers.nope == 'a' || client.port == 4711", "true"),
        ("[1, 0].exists(x, 2 / x == 2)", "true"),
        ("[0, 1].exists(x, 2 / x == 2)", "true"),
        ("[0, 1].exists(x, 2 / x == 3)", "!division by zero"),
        ("[0, 1].all(x, 2 / x == 3)", "false"),
        ("[1, 2, 3].exists_one(x, x > 2)", "true"),
        ("[].all(x, x) && ![].exists(x, x)", "true"),
        ("false ? 1 / 0 : 2", "2"),
    ]);
}

#[test]
fn lists_and_maps() {
    all(&[
        ("[1, 'a', [true, null]]", "[1,\"a\",[true,null]]"),
        ("{'a': 1, 'b': {'c': 2}}.b.c", "2"),
        ("{'a': 1}['a'] + {1: 2}[1] + {true: 3}[true] + {1u: 4}[1]", "10"),
        ("{'a': 1}.b", "!there is nothing under this key"),
        ("{'a': 1, 'a': 2}", "!this key stands twice in the map"),
        ("{1.5: 1}", "!a double is no key of a map"),
        ("[1, 2][2]", "!a list of 2 has no such item"),
        ("[1, 2][-1]", "!a list of 2 has no such item"),
        ("[1, 2][1.0]", "2"),
        ("2 in [1, 2.0] && !('x' in {'y': 1})", "true"),
        ("client.ip in ['a','b','c','d','e','f','g','h','i','192.0.2.1']", "true"),
        ("1 in ['a','b','c','d','e','f','g','h','i','j']", "false"),
        ("[1, 2, 3].map(x, x % 2 == 1, x * 10)", "[10,30]"),
        ("[1, 2, 3].filter(x, x > 1)", "[2,3]"),
        ("[[1, 2], [3]].map(x, x.map(y, y + size(x)))", "[[3,4],[4]]"),
        ("{'a': 1, 'b': 2}.map(k, k)", "[\"a\",\"b\"]"),
        ("{'a': [1]} == {'a': [1.0]} && {'a': 1} != {'b': 1}", "true"),
        ("[1] == ['1']", "false"),
        ("1 == '1' || null == 0", "false"),
    ]);
}

#[test]
fn functions_on_text() {
    all(&[
        ("size('äb') + 'äb'.size() + size([1]) + size({1: 1}) + size(b'äb')", "9"),
        ("'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')", "true"),
        ("'orders/17'.matches('^orders/[0-9]+$') && matches('a', 'A|a')", "true"),
        ("client.ip.matches('^192')", "true"),
        ("client.ip.matches(path.id)", "false"),
        ("'a,b,,c'.split(',')", "[\"a\",\"b\",\"\",\"c\"]"),
        ("'a,b,c'.split(',', 2)", "[\"a\",\"b,c\"]"),
        ("'abä'.split('')", "[\"a\",\"b\",\"ä\"]"),
        ("'abc'.split('', 2)", "[\"a\",\"bc\"]"),
        ("'a,b'.split(',', 0)", "[]"),
        ("''.split('') + ''.split(',')", "[\"\"]"),
        ("['a', 'b'].join('-') + ['x', 'y'].join()", "\"a-bxy\""),
        ("['a', 1].join()", "!`join` takes a list of strings, found an int"),
        ("'aäbc'.substring(1, 3) + 'abc'.substring(3)", "\"äb\""),
        ("'abc'.substring(4)", "!index out of range: 4"),
        ("'abc'.substring(2, 1)", "!a substring from 2 to 1 ends before it begins"),
        ("'äbc'.indexOf('c') + 'äbcb'.lastIndexOf('b')", "5"),
        ("'abcabc'.indexOf('a', 1) + 'abcabc'.lastIndexOf('a', 2) * 10", "3"),
        ("'abc'.indexOf('x')", "-1"),
        ("'abc'.charAt(1) + 'abc'.charAt(3)", "\"b\""),
        ("' a\\n'.trim() + 'äb'.reverse()", "\"abä\""),
        ("'aaa'.replace('a', 'bb') + 'aaa'.replace('a', 'b', 1)", "\"bbbbbbbaa\""),
        ("'AbÄ'.lowerAscii() + 'abä'.upperAscii()", "\"abÄABä\""),
        ("strings.quote('a\"b\\n')", "\"\\\"a\\\\\\\"b\\\\n\\\"\""),
        (
            "'%s %d %.2f %x %e %b %% %s'.format(['a', 1, 1.5, 255, 1234.5, 5, [1, null, {'b': 1, 'a': 2}]])",
            "\"a 1 1.50 ff 1.234500e+03 101 % [1, null, {a: 2, b: 1}]\"",
        ),
        ("'%d'.format(['a'])", "!`%d` does not take a string"),
        ("'%s'.format([])", "!the list has no item for the clause 1"),
        ("'%q'.format([1])", "!`%q` is no clause: there are %s %d %f %e %b %o %x %X"),
    ]);
}

#[test]
fn conversions() {
    all(&[
        ("int('12') + int(1.9) + int(2u)", "15"),
        ("int('x')", "!this does not fit an int"),
        ("int(9223372036854775808.0)", "!this does not fit an int"),
        ("uint(-1)", "!this does not fit a uint"),
        ("uint('3')", "3u"),
        ("double('1.5') + double(1)", "2.5d"),
        ("string(1) + string(1.0) + string(1.5) + string(true) + string(b'a') + string(2u)", "\"111.5truea2\""),
        ("string(b'\\xff')", "!these bytes are no UTF-8"),
        ("bytes('ä')", "b[195, 164]"),
        ("bool('true') && !bool('0')", "true"),
        ("type(1) == int && type('') == string && type(type(1)) == type", "true"),
        ("type(timestamp(0)) == google.protobuf.Timestamp", "true"),
        ("type([]) == list && type({}) == map && type(null) == null_type", "true"),
        ("dyn(1) + 1", "2"),
    ]);
}

#[test]
fn times() {
    all(&[
        ("timestamp('2026-11-23T12:00:00Z') + duration('36h')", "\"2026-11-25T00:00:00Z\""),
        ("timestamp('2026-11-23T12:00:00Z') - timestamp('2026-11-23T11:59:59.5Z')", "\"0.5s\""),
        ("timestamp('2026-11-23T12:34:56.789Z').getHours() + timestamp(0).getDayOfWeek()", "16"),
        ("timestamp('2026-11-23T23:34:56Z').getHours('+02:00')", "1"),
        ("timestamp('2026-03-01T00:00:00Z').getDayOfYear()", "59"),
        ("timestamp('2026-03-01T00:00:00Z').getMonth()", "2"),
        ("timestamp('2026-03-01T00:00:00Z').getDate() * 10 + timestamp('2026-03-01T00:00:00Z').getDayOfMonth()", "10"),
        ("duration('1h30m').getMinutes() + duration('1.25s').getMilliseconds()", "340"),
        ("duration('1h') > duration('59m') && timestamp(1) > timestamp(0)", "true"),
        ("int(timestamp('2026-11-23T00:00:00Z')) / 86400", "20780"),
        ("string(duration('1m')) + string(timestamp(0))", "\"60s1970-01-01T00:00:00Z\""),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "!the result is out of range"),
        ("timestamp(0).getHours('Europe/Berlin')", "!a time zone is `UTC` or an offset such as +02:00"),
        ("duration('5x')", "!this is no duration such as 1h30m"),
    ]);
}

#[test]
fn what_is_known_is_made_when_it_is_compiled_and_lent() {
    let expression = Expression::compile("duration('5s')", &declared()).unwrap();
    assert!(matches!(expression.evaluate(&NoScope), Ok(Value::Duration(5_000_000_000))));
    let expression = Expression::compile("'literal'", &declared()).unwrap();
    assert!(matches!(expression.evaluate(&NoScope), Ok(Value::Text(std::borrow::Cow::Borrowed("literal")))));
    let split = Expression::compile("claims.scope.split(' ')[0].substring(1).trim()", &declared()).unwrap();
    let request = request();
    assert!(matches!(split.evaluate(&request), Ok(Value::Text(std::borrow::Cow::Borrowed("rders:read")))));
}

#[test]
fn names_are_told_once_and_with_their_slots() {
    let text = "client.ip + path.user + client.ip + request.headers['A'] + (has(path.rest) ? '' : claims.sub)";
    let expression = Expression::compile(text, &declared()).unwrap();
    let names: Vec<_> = expression.names().cloned().collect();
    let expected = [
        Variable::ClientIp,
        Variable::Capture(1),
        Variable::RequestHeader("a".into()),
        Variable::PathRest,
        Variable::Claims,
    ];
    assert_eq!(names, expected);
    assert_eq!(names[4].root(), Root::Claims);
    assert_eq!(Expression::compile("client.ip", &declared()).unwrap().variable(), Some(&Variable::ClientIp));
    let shared = Declared::request().any_capture();
    let named = Expression::compile("path.anything + path.rest", &shared).unwrap();
    assert_eq!(named.names().next(), Some(&Variable::CaptureNamed("anything".into())));
}

// Rule: bounded-work
#[test]
fn work_is_bounded() {
    for source in [
        "[1,2,3,4,5,6,7,8,9,0].map(a, [1,2,3,4,5,6,7,8,9,0].map(b, [1,2,3,4,5,6,7,8,9,0].map(c, [1,2,3,4,5,6,7,8,9,0].map(d, [1,2,3,4,5,6,7,8,9,0].size() + a + b + c + d)))).size() > 0 || true",
        "'aaaaaaaaaa'.replace('a','aaaaaaaaaa').replace('a','aaaaaaaaaa').replace('a','aaaaaaaaaa').replace('a','aaaaaaaaaa').replace('a','aaaaaaaaaa').replace('a','aaaaaaaaaa') == client.ip",
        "'%.99f%.99f%.99f'.format([1.0,1.0,1.0]).split('').map(x, '%.99f%.99f%.99f'.format([1.0,1.0,1.0]).split('').map(y, x + y + client.ip)).size()",
        "client.ip.split('').exists(x, client.ip.split('').exists(y, client.ip.split('').exists(z, client.ip.matches(x + y + z + '$^'))))",
    ] {
        let started = std::time::Instant::now();
        let found = run(source);
        assert!(
            found.starts_with("!this takes too many steps") || found.starts_with("!this makes too much"),
            "{found}"
        );
        assert!(started.elapsed().as_secs() < 5, "{source}");
    }
    let found = run("[1].map(a, [1].map(b, [1].map(c, [1].map(d, [1].map(e, e)))))");
    assert!(found.starts_with("?`map`, `filter`, `all` and `exists` stand at most 4 deep"), "{found}");
}

#[test]
fn the_deepest_expression_needs_no_large_stack() {
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let negated = "!(".repeat(62) + "yes" + &")".repeat(62);
        let nested = "[".repeat(60) + "client.ip" + &"]".repeat(60);
        let added = vec!["client.port"; 62].join(" + ");
        let chosen = "client.port == 1 ? 1 : ".repeat(60) + "2";
        let called = "client.ip".to_owned() + &".trim()".repeat(61);
        [negated.replace("yes", "has(path.rest)"), nested, added, chosen, called].map(|source| run(&source))
    });
    let [negated, nested, added, chosen, called] = small.unwrap().join().unwrap();
    assert_eq!((negated.as_str(), added.as_str(), chosen.as_str()), ("true", "292082", "2"));
    assert_eq!((nested.len(), called.as_str()), (131, "\"192.0.2.1\""));
}

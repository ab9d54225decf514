//! What is said when a configuration is loaded, and where it points.

use super::*;

/// The text that the fault points at, the message and the help.
fn fault(source: &str, declared: &Declared<'_>) -> String {
    match Expression::compile(source, declared) {
        Ok(expression) => format!("no fault: {expression:?}"),
        Err(fault) => {
            let help = fault.help.map(|help| format!(" | {help}")).unwrap_or_default();
            format!("{} | {}{help}", &source[fault.range], fault.message)
        }
    }
}

#[track_caller]
fn all(declared: &Declared<'_>, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(source, expected)| (source, expected, fault(source, declared)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(source, expected, found)| format!("{source}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// Rule: template-environment
#[test]
fn syntax() {
    all(
        &declared(),
        &[
            ("", " | an expression is missing here"),
            ("client.ip = 'a'", "= | `=` does not compare | write `==`"),
            ("client.ip === 'a'", "=== | `===` is written `==` | write `==`"),
            ("client.ip and client.port", "and | `and` is written `&&` | write `&&`"),
            ("client.port == 1 or true", "or | `or` is written `||` | write `||`"),
            ("not has(path.rest)", "not | `not` is written `!` | write `!`"),
            ("'a' not in ['b']", "not | `not in` is written with `!` before the whole | write !(x in list)"),
            ("client.port == 1 & true", "& | `&` is written `&&` | write `&&`"),
            ("client.port ==", "== | the expression ends after `==`, where a value or a name should follow"),
            ("client.", ". | the expression ends after `.`, where a value or a name should follow"),
            ("size(client.ip", "( | `(` is never closed | add `)`"),
            ("size(client.ip]", "] | `]` does not close `(` | write `)`"),
            ("client.ip)", ") | `)` closes nothing"),
            ("client.ip == 'abc", "'abc | the text that begins here is never closed"),
            ("client.ip client.port", "client | `client` is not expected here | an operator is missing after `ip`"),
            ("client.port == 1 ? 2", "2 | the expression ends too early, after `2` | write condition ? value : other"),
            (
                "${client.ip}",
                "${ | `${` stands in an expression, which is not a template | write the expression alone, without `${` and `}`",
            ),
            (
                "${HOME}",
                "${HOME | `HOME` is no name of a request | use {env: HOME} where a secret is wanted; nothing else is taken from the environment",
            ),
            (
                "HOME",
                "HOME | unknown name `HOME` | use {env: HOME} where a secret is wanted; nothing else is taken from the environment",
            ),
            (
                "client.ip.matches('\\d')",
                "'\\d' | this text has an escape that is none | a backslash is written twice, or the text begins with r: r'\\d+'",
            ),
            (
                "99999999999999999999",
                "99999999999999999999 | `99999999999999999999` is no whole number that fits: -9223372036854775808 to 9223372036854775807",
            ),
            (
                "has(request.headers['x'])",
                "has(request.headers['x']) | has() asks for one field: has(request.headers.cookie) | for any other name write 'x-tenant' in request.headers",
            ),
            ("[1].map(1, 2)", "1 | `1` stands where a macro wants a plain name for its items"),
            ("ä == 1", "ä | `ä` is not expected here"),
            ("'ä' ==\n  = 2", "= | `=` does not compare | write `==`"),
            ("client.ip ?? 'a'", "?? | `??` is not known | write has(a.b) ? a.b : 'other'"),
            ("if (true) 1", "if | `if` is a reserved word, and cannot be a name"),
        ],
    );
}

#[test]
fn names() {
    all(
        &declared(),
        &[
            ("clent.ip", "clent | unknown name `clent` | did you mean `client`?"),
            ("client.ipp", "ipp | `client` has no `ipp` | did you mean `ip`?"),
            ("client . zone == 'a'", "zone | `client` has no `zone` | it has: ip, port, tls"),
            (
                "request",
                "request | `request` is no value by itself | name one of its fields: method, scheme, host, path, query, query_all, headers, cookies, body",
            ),
            ("request.header['x']", "header | `request` has no `header` | did you mean `headers`?"),
            ("headers['x']", "headers | unknown name `headers` | did you mean `request.headers`?"),
            ("id == 'a'", "id | unknown name `id` | did you mean `path.id`?"),
            ("path.usr", "path.usr | the match captures no `usr` | did you mean `user`?"),
            (
                "path.tenant",
                "path.tenant | the match captures no `tenant` | there is `path.id`, `path.user`, `path.rest`",
            ),
            ("parts.profil.body", "profil | there is no part `profil` | did you mean `profile`?"),
            ("parts.profile.bdy", "bdy | `parts.profile` has no `bdy` | did you mean `body`?"),
            (
                "client.tls.sni",
                "sni | `client.tls` has no `sni` | it has: version, cipher, server_name, alpn, subject, san, fingerprint",
            ),
            (
                "request.headers.x-tenant == 'a'",
                "x-tenant | `x-tenant` is read as `x` minus `tenant` | write request.headers['x-tenant']",
            ),
            ("request.method.foo", "request.method.foo | a string has no `foo`"),
            (
                "[1].map(x, y)",
                "y | unknown name `y` | there are `request`, `path`, `client`, `claims`, `consumer`, `route`, `parts`, `response`, `order`",
            ),
            ("True", "True | unknown name `True` | write `true`"),
        ],
    );
    all(
        &Declared::request(),
        &[
            ("path.id", "path | `path` cannot be named here | there is no match with captures around this place"),
            (
                "claims.sub",
                "claims | `claims` cannot be named here | claims are known where a token was checked before",
            ),
            (
                "response.status",
                "response | `response` cannot be named here | the response is known on the way back alone",
            ),
            (
                "request.body.a",
                "request.body | `request.body` is not read here | a body is known only where the reference says that it is",
            ),
        ],
    );
    all(
        &Declared::request().path(&[], false),
        &[
            ("path.id", "path.id | the match captures no `id` | write `{id}` for a segment of the match's path"),
            (
                "path.rest",
                "path.rest | `path.rest` is what `**` stands for, and the match has none | end the match's path in `/**`",
            ),
        ],
    );
}

#[test]
fn types_and_functions() {
    all(
        &declared(),
        &[
            (
                "request.method + 1",
                "request.method + 1 | `+` does not take a string and an int | make it text: string(…)",
            ),
            ("1 + 1.5", "1 + 1.5 | `+` does not take an int and a double | make both the same: int(…) + int(…)"),
            ("client.port && true", "client.port | this is an int, where true or false is wanted"),
            ("!client.ip", "client.ip | this is a string, where true or false is wanted"),
            ("'a' in 'abc'", "'a' in 'abc' | `in` does not take a string and a string | ask `text.contains(part)`"),
            ("client.ip < 1", "client.ip < 1 | `<` does not take a string and an int"),
            ("client.ip[0]", "client.ip[0] | a string has no item under an int"),
            (
                "client.ip.toLowerCase()",
                "client.ip.toLowerCase() | there is no function `toLowerCase` | did you mean `lowerAscii`?",
            ),
            (
                "client.ip.contain('a')",
                "client.ip.contain('a') | there is no function `contain` | did you mean `contains`?",
            ),
            (
                "lowerAscii(client.ip)",
                "lowerAscii(client.ip) | `lowerAscii` is called on a value, after a dot | write value.lowerAscii(…)",
            ),
            (
                "client.port.string()",
                "client.port.string() | `string` is called with its value in parentheses | write string(value)",
            ),
            (
                "client.port.contains('1')",
                "client.port | `contains` takes a string here, found an int | make it text: string(…)",
            ),
            ("client.ip.substring()", "client.ip.substring() | `substring` takes 1 to 2 arguments, found 0"),
            ("client.ip.contains('a', 'b')", "client.ip.contains('a', 'b') | `contains` takes 1 argument, found 2"),
            ("client.ip.matches('(')", "'(' | this is no regular expression: unclosed group"),
            ("client.ip.matches('(a{1000}){1000}')", "'(a{1000}){1000}' | this regular expression becomes too large"),
            ("client.ip.map(x, x)", "client.ip | this is a string, where a list or a map is wanted"),
            ("[1].exists(x, 1)", "1 | this is an int, where true or false is wanted"),
            (
                "[1].exists(x)",
                "[1].exists(x) | `exists` is not called like this | write list.exists(item, condition), and all(…) and filter(…) alike",
            ),
            ("Foo{a: 1}", "{ | `Foo{…}` makes a message, and there are none | a map is written {'key': value}"),
            ("-client.ip", "-client.ip | `-` does not take a string"),
        ],
    );
}

// Rule: bounded-work
#[test]
fn bounds() {
    let long = format!("client.ip == '{}'", "a".repeat(4096));
    assert!(fault(&long, &declared()).ends_with("an expression has at most 4096 bytes, this one has 4111"));
    let deep = vec!["1"; 100].join(" + ");
    assert!(
        fault(&deep, &declared())
            .ends_with("an expression is nested at most 64 deep | a chain of `+` counts one for each")
    );
    let condition = Expression::compile_condition("client.ip", &declared()).unwrap_err();
    assert_eq!(condition.message, "this gives a string, where true or false is wanted");
}

/// Nothing that stands in a file may end the program, or point outside of its text.
#[test]
fn garbage_is_a_fault_and_never_a_panic() {
    const WORDS: &[&str] = &[
        "client",
        ".",
        "ip",
        "request",
        "headers",
        "path",
        "rest",
        "has",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'a'",
        "\"",
        "'",
        "'''",
        "r'",
        "b'\\xff'",
        "1",
        "1u",
        "1.5",
        "0x",
        "1e",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "=",
        "!=",
        "!",
        "<",
        "&&",
        "||",
        "?",
        ":",
        ",",
        "in",
        "and",
        "not",
        "map",
        "filter",
        "x",
        "ä",
        "\u{1f600}",
        "\n",
        "//",
        "${",
        "$",
        "\\",
        "\0",
        "`",
        "null",
        "true",
        "matches",
        "format",
        "size",
        "order",
        "parts",
        "profile",
        "body",
        "claims",
        " ",
        " ",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let (declared, request) = (declared(), request());
    with_large_stack(move || {
        for _ in 0..4_000 {
            let count = random.usize(1..14);
            let source: String = (0..count).map(|_| *random.choice(WORDS).unwrap()).collect();
            match Expression::compile(&source, &declared) {
                Ok(expression) => drop(expression.evaluate(&request)),
                Err(fault) => assert!(source.get(fault.range.clone()).is_some(), "{source:?} {fault:?}"),
            }
            match Template::compile(&source, Place::Url, &declared) {
                Ok(template) => drop(template.render(&request, &mut String::new())),
                Err(fault) => assert!(source.get(fault.range.clone()).is_some(), "{source:?} {fault:?}"),
            }
        }
    });
}
